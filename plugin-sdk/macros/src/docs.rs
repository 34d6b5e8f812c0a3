//! Doc comments as text for a model.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Attribute, Expr, ExprLit, Lit, Meta};

/// The text of the doc comments among the attributes, as an expression; `None` if they say nothing.
pub(crate) fn description(attributes: &[Attribute]) -> Option<TokenStream> {
    let values: Vec<&Expr> = attributes
        .iter()
        .filter(|attribute| attribute.path().is_ident("doc"))
        .filter_map(|attribute| match &attribute.meta {
            Meta::NameValue(pair) => Some(&pair.value),
            Meta::Path(_) | Meta::List(_) => None,
        })
        .collect();
    let lines: Option<Vec<String>> = values.iter().map(|value| literal(value)).collect();
    match lines {
        Some(lines) => {
            let text = unindent(&lines.join("\n"));
            (!text.is_empty()).then(|| quote!(#text))
        }
        // `#[doc = include_str!("tool.md")]` is known to the compiler only.
        None => Some(quote!(::core::concat!(#(#values),*).trim_ascii())),
    }
}

fn literal(value: &Expr) -> Option<String> {
    match value {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value()),
        _ => None,
    }
}

/// Takes away the space after `///`, and whatever else begins every line.
fn unindent(text: &str) -> String {
    let indent = |line: &str| line.len() - line.trim_start().len();
    let common =
        text.lines().filter(|line| !line.trim().is_empty()).map(indent).min().unwrap_or_default();
    let lines = text.lines().map(|line| line.get(common..).unwrap_or_default().trim_end());
    lines.collect::<Vec<_>>().join("\n").trim().to_owned()
}
