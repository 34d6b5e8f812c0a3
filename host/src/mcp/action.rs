//! The actions that the engine asks its driver to carry out.

use std::sync::Arc;
use std::time::Instant;

use serde_json::value::RawValue;

use super::methods::call_source::CallSource;
use crate::catalog::{EntryTicket, Tool};

/// Something for the driver to do.
#[derive(Debug)]
pub enum Action {
    /// Write this line, which answers no request.
    Notify(String),
    /// Write this line, which answers a request, or all requests of a batch.
    Answer(String),
    /// Start this call and report its outcome.
    Call(CallRequest),
    /// End this call; no outcome is wanted.
    Cancel(CallKey),
}

/// A call to start.
pub struct CallRequest {
    /// Names the call from here on.
    pub key: CallKey,
    /// The request's id, for logs.
    pub request: String,
    /// The tool, which stays what it is whatever is published later.
    pub tool: Arc<Tool>,
    /// A JSON object.
    pub arguments: Arc<RawValue>,
    /// True if the client wants progress notifications.
    pub wants_progress: bool,
    /// The ticket that the call hands in when it enters the plugin.
    pub entry: Arc<EntryTicket>,
    /// The source that the call comes from, if calls are observed.
    pub(crate) source: Option<Arc<CallSource>>,
    /// The time at which the request came.
    pub came: Instant,
}

impl std::fmt::Debug for CallRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Call({} of {})", self.tool.name, self.request)
    }
}

/// Names a call between engine and driver. Never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CallKey(pub(crate) u64);
