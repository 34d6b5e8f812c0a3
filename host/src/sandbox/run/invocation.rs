//! The terms that one call is run with: whose time it takes, where its progress goes, what it may reach.

use std::sync::Arc;

use super::super::capability::files::door::GrantedFiles;
use super::super::capability::http::Outgoing;
use super::super::engine::setup::SliceKind;
use super::super::kind::command::Process;
use super::log::MakeSpan;
use crate::manifest::Grants;
use crate::secret::ResolvedSecrets;
use crate::tool::{CallTrace, Progress};

/// The function that a call's progress is given to. It must not block.
pub type ProgressSink = Box<dyn Fn(Progress) + Send + Sync>;

/// The context in which a call is begun: whose time it takes, and where its progress and its lines go.
#[derive(Default)]
pub struct CallContext {
    /// The kind of thread whose time the call takes.
    pub turn: SliceKind,
    /// The function that its progress is given to. `None` where its progress is dropped.
    pub progress: Option<ProgressSink>,
    /// The maker of the span that names it in the log. `None` where it is run within its span.
    pub span: Option<MakeSpan>,
    /// The trace that the call leaves.
    pub trace: Arc<CallTrace>,
}

/// The things beyond itself that a call may reach.
pub(crate) struct Capabilities {
    pub(crate) grants: Arc<Grants>,
    /// The values of its secrets.
    pub(crate) secrets: Arc<ResolvedSecrets>,
    /// The way to send requests. `None` while a guest lists its tools.
    pub(crate) outgoing: Option<Outgoing>,
    /// The surroundings that a program is started with. `None` where the guest is not a program.
    pub(crate) process: Option<Process>,
    /// The files that it may reach. `None` while a guest lists its tools.
    pub(crate) files: Option<GrantedFiles>,
}

/// The terms that a guest is run with, beside its limits.
pub(crate) struct Invocation {
    pub(crate) reach: Capabilities,
    pub(crate) context: CallContext,
}

impl Invocation {
    /// Returns the terms of a guest that is only asked what it is: it reaches nothing, whatever it is granted. What a
    /// plugin is depends on its code alone, and it may be one that nobody has accepted.
    pub(crate) fn asked() -> Self {
        let reach = Capabilities {
            grants: Arc::default(),
            secrets: Arc::default(),
            outgoing: None,
            process: None,
            files: None,
        };
        Self { reach, context: CallContext::default() }
    }
}

/// One call on its way into a guest.
pub(crate) struct GuestCall<'a> {
    /// The plugin's own name for the tool.
    pub(crate) tool: &'a str,
    /// A JSON object as text.
    pub(crate) arguments: &'a str,
    pub(crate) terms: Invocation,
}
