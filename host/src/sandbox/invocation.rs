//! The terms that one call is run with: whose time it takes, where its progress goes, what it may reach.

use std::fs::File;
use std::sync::Arc;

use super::command::Process;
use super::engine::SliceKind;
use super::http::Outgoing;
use super::log::MakeSpan;
use crate::manifest::Grants;
use crate::secret::ResolvedSecrets;
use crate::tool::Progress;

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
}

/// The things beyond itself that a call may reach.
pub(super) struct Capabilities {
    pub(super) grants: Arc<Grants>,
    /// The values of its secrets.
    pub(super) secrets: Arc<ResolvedSecrets>,
    /// The way to send requests. `None` while a guest lists its tools.
    pub(super) outgoing: Option<Outgoing>,
    /// The surroundings that a program is started with. `None` where the guest is not a program.
    pub(super) process: Option<Process>,
    /// A directory of the call's own. `None` where that is not granted.
    pub(super) scratch: Option<Arc<File>>,
}

/// The terms that a guest is run with, beside its limits.
pub(super) struct Invocation {
    pub(super) reach: Capabilities,
    pub(super) context: CallContext,
}

impl Invocation {
    /// Returns the terms of a guest that is only asked what it is: no secret, no request. What a plugin is depends on
    /// its code alone.
    pub(super) fn asked(grants: Arc<Grants>) -> Self {
        let secrets = Arc::new(ResolvedSecrets::default());
        let reach = Capabilities { grants, secrets, outgoing: None, process: None, scratch: None };
        Self { reach, context: CallContext::default() }
    }
}

/// One call on its way into a guest.
pub(super) struct GuestCall<'a> {
    /// The plugin's own name for the tool.
    pub(super) tool: &'a str,
    /// A JSON object as text.
    pub(super) arguments: &'a str,
    pub(super) terms: Invocation,
}
