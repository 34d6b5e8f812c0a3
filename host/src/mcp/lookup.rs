//! The tool that a client names, or what it may have meant.

use std::sync::Arc;

use super::reply::Fault;
use crate::catalog::{Catalog, Tool};
use crate::name::ToolName;

/// The tool with this public name.
pub(super) fn tool<'a>(catalog: &'a Catalog, name: &str) -> Result<&'a Arc<Tool>, Fault> {
    catalog.tool(name).ok_or_else(|| unknown(catalog, name))
}

fn unknown(catalog: &Catalog, name: &str) -> Fault {
    let shown = crate::text::escape(&name[..name.floor_char_boundary(80)]);
    if let Some(plugin) = ToolName::new(name).ok().and_then(|name| catalog.awaits(&name)) {
        return Fault::invalid_params(format!(
            "unknown tool `{shown}`; the plugin `{plugin}` is still being loaded: ask again in a while"
        ));
    }
    Fault::invalid_params(match catalog.nearest(name) {
        Some(near) => format!("unknown tool `{shown}`; did you mean `{near}`?"),
        None => format!("unknown tool `{shown}`"),
    })
}
