//! What one call is run with: whose time it takes, where it is heard of, what it may reach.

use std::fs::File;
use std::sync::Arc;

use super::command::Process;
use super::engine::SliceKind;
use super::http::Outgoing;
use super::log::MakeSpan;
use crate::manifest::Grants;
use crate::secret::Known;
use crate::tool::Progress;

/// Where a call's progress goes. It must not block.
pub type ProgressSink = Box<dyn Fn(Progress) + Send + Sync>;

/// How a call is begun, and where it is heard of.
#[derive(Default)]
pub struct CallContext {
    /// Whose time it takes.
    pub turn: SliceKind,
    /// Where its progress goes.
    pub progress: Option<ProgressSink>,
    /// What names it in the log; nothing where it is run within its span.
    pub span: Option<MakeSpan>,
}

/// What a call may reach beyond itself.
pub(super) struct Reach {
    pub(super) grants: Arc<Grants>,
    /// The values of its secrets.
    pub(super) secrets: Arc<Known>,
    /// Absent while a guest lists its tools.
    pub(super) outgoing: Option<Outgoing>,
    /// How it is started, where it is a program.
    pub(super) process: Option<Process>,
    /// A directory of its own, where that is granted.
    pub(super) scratch: Option<Arc<File>>,
}

/// What a guest is run with, beside its limits.
pub(super) struct Terms {
    pub(super) reach: Reach,
    pub(super) context: CallContext,
}

impl Terms {
    /// Of a guest that is only asked what it is: no secret, no request. What a plugin is depends on its code
    /// alone.
    pub(super) fn asked(grants: Arc<Grants>) -> Self {
        let secrets = Arc::new(Known::default());
        let reach = Reach { grants, secrets, outgoing: None, process: None, scratch: None };
        Self { reach, context: CallContext::default() }
    }
}
