//! Which running servers serve a directory, in words, below what a command did to it.

use std::path::Path;

use super::status::start_by_hand;
use crate::status::{Server, Status, servers};

/// The servers that serve `directory`. What cannot be known is no reason to fail: it is said in the
/// log.
pub(super) fn serving(run: Option<&Path>, directory: &Path) -> Vec<Server> {
    let found = run.map_or(Ok(Vec::new()), servers).unwrap_or_else(|error| {
        tracing::warn!("it is not known which servers run: {error}");
        Vec::new()
    });
    let serves =
        |server: &Server| server.status().is_some_and(|status: &Status| status.serves(directory));
    found.into_iter().filter(serves).collect()
}

/// Who follows a change of `directory`.
pub(super) fn followers(run: Option<&Path>, directory: &Path) -> Option<String> {
    let pids: Vec<_> =
        serving(run, directory).iter().map(|server| server.place.pid().to_string()).collect();
    match &*pids {
        [] => None,
        [one] => Some(format!("server {one} follows by itself")),
        many => Some(format!("servers {} follow by themselves", many.join(", "))),
    }
}

/// How to start a server where none serves `directory`.
pub(super) fn nobody(directory: &Path) -> String {
    format!("no running server serves it; start one: {}", start_by_hand(Some(directory)))
}
