//! The exports of a component that can be called: each function with the way to it.

use super::form::{Exported, Exporter, FunctionType};

/// Exports that are looked at, over all instances. Types count, and an interface may have hundreds.
const MAX_EXPORTS: usize = 20_000;
/// The most levels of nested instances that are looked into.
const MAX_INSTANCE_DEPTH: usize = 8;

/// An exported function.
pub(crate) struct Export<S> {
    /// The instances around it, from the outermost: mostly one interface, none at the world's top.
    pub(crate) path: Vec<String>,
    /// Its own name.
    pub(crate) name: String,
    /// The type of it.
    pub(crate) signature: S,
}

/// The error of a component that exports more than is looked at.
#[derive(Debug)]
pub(crate) struct TooMany;

impl<S: FunctionType> Export<S> {
    /// Returns the interface that the function is in. `None` at the world's top.
    pub(crate) fn interface(&self) -> Option<&str> {
        self.path.last().map(String::as_str)
    }

    /// True if the function is of a standard interface, which hosts call for its own purpose: to run a program, to
    /// answer a request.
    fn is_standard(&self) -> bool {
        self.path.first().is_some_and(|interface| interface.starts_with("wasi:"))
    }

    /// True if a toolchain added the function to prepare the component while it was built.
    fn is_helper(&self) -> bool {
        let mut parameters = self.signature.parameters();
        match &self.path[..] {
            // componentize-py: `exports.init(app-name, symbols, ...)`; componentize-qjs:
            // `init(shim, script, ...)`.
            [] | [_] if self.name == "init" => {
                match parameters.next() {
                    Some((name, _)) => ["app-name", "shim"].contains(&&*name),
                    // Without arguments and answer, and with a new instance for each call, it is no tool.
                    None => self.path.is_empty() && self.signature.results().next().is_none(),
                }
            }
            [] => self.name.starts_with("cabi-") || self.name == "initialize",
            _ => false,
        }
    }
}

/// The functions of `component` that could be tools, in its order.
pub(crate) fn functions<E: Exporter>(component: &E) -> Result<Vec<Export<E::Signature>>, TooMany> {
    let (mut left, mut found) = (MAX_EXPORTS, Vec::new());
    walk(component, &[], &mut left, &mut found)?;
    found.retain(|export| !export.is_standard() && !export.is_helper());
    Ok(found)
}

fn walk<E: Exporter>(
    within: &E,
    path: &[String],
    left: &mut usize,
    found: &mut Vec<Export<E::Signature>>,
) -> Result<(), TooMany> {
    for (name, exported) in within.exports() {
        *left = left.checked_sub(1).ok_or(TooMany)?;
        match exported {
            Exported::Function(signature) => {
                found.push(Export { path: path.to_vec(), name, signature });
            }
            Exported::Instance(instance) if path.len() < MAX_INSTANCE_DEPTH => {
                let path: Vec<_> = path.iter().cloned().chain([name]).collect();
                walk(&instance, &path, left, found)?;
            }
            Exported::Instance(_) | Exported::Other => {}
        }
    }
    Ok(())
}
