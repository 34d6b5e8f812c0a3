//! One page of a list of tools, and the cursor to the next. A cursor is a name, so it holds whatever is
//! published between two pages.

use std::num::NonZeroUsize;

use super::super::rpc::reply::RpcError;
use crate::catalog::{Catalog, Tool};
use crate::name::ToolName;

const CURSOR: &str = "after:";

/// A page.
pub(crate) struct Page<'a> {
    pub(crate) tools: Vec<&'a Tool>,
    /// The cursor to the next, if there is one.
    pub(crate) next: Option<String>,
}

impl<'a> Page<'a> {
    /// The page of at most `size` tools behind `cursor`.
    pub(crate) fn of(
        catalog: &'a Catalog,
        size: Option<NonZeroUsize>,
        cursor: Option<&str>,
    ) -> Result<Self, RpcError> {
        let size = size.map_or(usize::MAX, NonZeroUsize::get);
        let and_one = size.saturating_add(1);
        let mut tools: Vec<&Tool> = match cursor.map(read).transpose()? {
            Some(name) => catalog.tools_after(&name).take(and_one).map(|t| &**t).collect(),
            None => catalog.tools().take(and_one).map(|t| &**t).collect(),
        };
        let mut next = None;
        if tools.len() > size {
            tools.truncate(size);
            next = tools.last().map(|tool| format!("{CURSOR}{}", tool.name));
        }
        Ok(Self { tools, next })
    }
}

fn read(cursor: &str) -> Result<ToolName, RpcError> {
    cursor.strip_prefix(CURSOR).and_then(|name| ToolName::new(name).ok()).ok_or_else(|| {
        RpcError::invalid_params(
            "`cursor` is not one that this server gave; list from the beginning",
        )
    })
}
