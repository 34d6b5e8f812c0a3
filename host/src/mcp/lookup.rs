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
    let near = catalog
        .tools()
        // What is so long is no slip of the pen, and comparing it takes its time.
        .filter(|_| name.len() <= 2 * crate::name::MAX_NAME)
        .map(|tool| (strsim::jaro_winkler(name, tool.name.as_str()), tool.name.as_str()))
        .filter(|(likeness, _)| *likeness > 0.85)
        .max_by(|a, b| a.0.total_cmp(&b.0));
    Fault::invalid_params(match near {
        Some((_, near)) => format!("unknown tool `{shown}`; did you mean `{near}`?"),
        None => format!("unknown tool `{shown}`"),
    })
}
