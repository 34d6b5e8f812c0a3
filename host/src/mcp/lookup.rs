//! The tool that a client names, or what it may have meant.

use std::sync::Arc;

use super::reply::RpcError;
use crate::catalog::{Catalog, Tool};
use crate::name::ToolName;

/// The tool with this public name.
pub(super) fn tool<'a>(catalog: &'a Catalog, name: &str) -> Result<&'a Arc<Tool>, RpcError> {
    catalog.tool(name).ok_or_else(|| unknown(catalog, name))
}

/// True if there is no such tool yet, and a plugin may have it that is still being loaded.
pub(super) fn may_come(catalog: &Catalog, name: &str) -> bool {
    catalog.tool(name).is_none() && ToolName::new(name).is_ok_and(|name| catalog.may_have(&name))
}

fn unknown(catalog: &Catalog, name: &str) -> RpcError {
    let shown = crate::text::escape(&name[..name.floor_char_boundary(80)]);
    if let Some(reason) = catalog.unlisted(name) {
        return RpcError::invalid_params(reason);
    }
    if let Some(now) = catalog.now_called(name) {
        return RpcError::invalid_params(format!(
            "unknown tool `{shown}`; it is called `{now}` now"
        ));
    }
    let unserved = ToolName::new(name).ok();
    if let Some(reason) = unserved.and_then(|name| catalog.unserved(&name)) {
        return RpcError::invalid_params(format!(
            "unknown tool `{shown}`; the plugin that may have it is not served: {reason}"
        ));
    }
    RpcError::invalid_params(match catalog.nearest(name) {
        Some(near) => format!("unknown tool `{shown}`; did you mean `{near}`?"),
        None => format!("unknown tool `{shown}`"),
    })
}
