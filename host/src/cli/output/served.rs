//! The running servers of a directory, in words, for the output of commands that changed it.

use std::path::Path;

use super::super::status::start_by_hand;
use crate::status::{Server, ServersError, servers};

/// The servers that serve `directory`.
pub(crate) fn serving(run: Option<&Path>, directory: &Path) -> Result<Vec<Server>, ServersError> {
    let found = run.map(servers).transpose()?.unwrap_or_default();
    let serves = |server: &Server| server.status().is_some_and(|status| status.serves(directory));
    Ok(found.into_iter().filter(serves).collect())
}

/// Returns the servers that follow a change of `directory`, in words. `None` where none does.
pub(crate) fn followers(run: Option<&Path>, directory: &Path) -> Option<String> {
    let found = serving(run, directory).unwrap_or_else(|error| {
        tracing::warn!("it is not known which servers run: {error}");
        Vec::new()
    });
    let pids: Vec<_> = found.iter().map(|server| server.place.pid().to_string()).collect();
    match &*pids {
        [] => None,
        [one] => Some(format!("server {one} follows by itself")),
        many => Some(format!("servers {} follow by themselves", many.join(", "))),
    }
}

/// Returns the advice for a directory that no server serves.
pub(crate) fn nobody(directory: &Path) -> String {
    format!("no running server serves it; start one: {}", start_by_hand(Some(directory)))
}
