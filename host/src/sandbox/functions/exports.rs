//! What a component exports, as far as it can be called: each function with the way to it.

use wasmtime::Engine;
use wasmtime::component::types::{ComponentFunc, ComponentItem};
use wasmtime::component::{Component, ComponentExportIndex};

/// Exports that are looked at, over all instances. Types count, and an interface may have hundreds.
const MAX_EXPORTS: usize = 20_000;
/// How deep instances nest.
const MAX_DEPTH: usize = 8;

/// An exported function.
pub(super) struct Export {
    /// The instances around it, from the outermost: mostly one interface, none at the world's top.
    pub(super) path: Vec<String>,
    /// Its own name.
    pub(super) name: String,
    pub(super) index: ComponentExportIndex,
    pub(super) ty: ComponentFunc,
}

/// It exports more than is looked at.
#[derive(Debug)]
pub(super) struct TooMany;

impl Export {
    /// The interface it is in, or none at the world's top.
    pub(super) fn interface(&self) -> Option<&str> {
        self.path.last().map(String::as_str)
    }

    /// Whether it is a standard interface's, which hosts call for what they stand for: a program to
    /// run, a request to answer.
    fn is_standard(&self) -> bool {
        self.path.first().is_some_and(|interface| interface.starts_with("wasi:"))
    }

    /// Whether a toolchain put it there to prepare the component while it was built.
    fn is_helper(&self) -> bool {
        let mut parameters = self.ty.params();
        match &self.path[..] {
            // componentize-py: `exports.init(app-name, symbols, ...)`; componentize-qjs:
            // `init(shim, script, ...)`.
            [] | [_] if self.name == "init" => {
                let named = |(name, _)| ["app-name", "shim"].contains(&name);
                let is_plain = self.path.is_empty() && parameters.len() == 0;
                // Without arguments and answer, and with a new instance for each call, it is no tool.
                parameters.next().is_some_and(named) || (is_plain && self.ty.results().len() == 0)
            }
            [] => self.name.starts_with("cabi-") || self.name == "initialize",
            _ => false,
        }
    }
}

/// The functions of `component` that could be tools, in its order.
pub(super) fn functions(component: &Component, engine: &Engine) -> Result<Vec<Export>, TooMany> {
    let mut walk = Walk { component, engine, left: MAX_EXPORTS, found: Vec::new() };
    let component_type = component.component_type();
    let mut items = component_type.exports(engine).map(|(name, item)| (name, item.ty));
    walk.exports(None, &[], &mut items)?;
    let mut found = walk.found;
    found.retain(|export| !export.is_standard() && !export.is_helper());
    Ok(found)
}

struct Walk<'a> {
    component: &'a Component,
    engine: &'a Engine,
    left: usize,
    found: Vec<Export>,
}

impl Walk<'_> {
    fn exports(
        &mut self,
        within: Option<&ComponentExportIndex>,
        path: &[String],
        items: &mut dyn Iterator<Item = (&str, ComponentItem)>,
    ) -> Result<(), TooMany> {
        for (name, item) in items {
            self.left = self.left.checked_sub(1).ok_or(TooMany)?;
            let Some(index) = self.component.get_export_index(within, name) else { continue };
            match item {
                ComponentItem::ComponentFunc(ty) => {
                    let (path, name) = (path.to_vec(), name.to_owned());
                    self.found.push(Export { path, name, index, ty });
                }
                ComponentItem::ComponentInstance(instance) if path.len() < MAX_DEPTH => {
                    let path: Vec<_> = path.iter().cloned().chain([name.to_owned()]).collect();
                    let items = instance.exports(self.engine);
                    let mut items = items.map(|(name, item)| (name, item.ty));
                    self.exports(Some(&index), &path, &mut items)?;
                }
                // A component or a module is not running: there is nothing to call.
                ComponentItem::ComponentInstance(_)
                | ComponentItem::Component(_)
                | ComponentItem::Module(_)
                | ComponentItem::CoreFunc(_)
                | ComponentItem::Type(_)
                | ComponentItem::Resource(_) => {}
            }
        }
        Ok(())
    }
}
