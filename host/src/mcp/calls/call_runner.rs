//! A seam: the one that runs a client's calls, as the loop needs it. It begins one, cancels one, and tells of the next
//! that ends.
//!
//! It does not know guests or threads: `client_calls` does.

use super::super::action::{CallKey, CallRequest};
use super::call_log::CallRecord;
use super::observers::{AnsweredRequest, RefusedCall};
use crate::sandbox::CallOutcome;
use crate::tool::Progress;

/// A call's note of progress.
pub(crate) type Note = (CallKey, Progress);

/// A call that ended where it was begun, before the loop went on. Its guest's memory is not cleaned and its end is
/// not logged yet.
pub(crate) struct EndedHere {
    pub(crate) ended: CallOutcome,
    pub(crate) news: CallRecord,
}

/// The end of a call that went on beside the loop.
pub(crate) enum CallEnd {
    /// Its outcome is wanted.
    Wanted(CallKey, CallOutcome),
    /// It had been cancelled.
    Cancelled,
}

/// The reason why all calls of a client are told to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AbortReason {
    ClientGone,
    ServerEnds,
}

/// The calls of one client.
pub(crate) trait CallRunner {
    /// Returns the number of calls that go on beside the loop, cancelled ones that have not ended among them.
    fn running(&self) -> usize;

    /// Returns the bytes of arguments of those whose outcome is wanted.
    fn argument_bytes(&self) -> usize;

    /// Begins a call. `None` if it goes on beside the loop: then [`next`](Self::next) tells of its end.
    fn start(&mut self, call: CallRequest) -> Option<EndedHere>;

    /// Ends a call whose outcome is not wanted any more.
    fn cancel(&mut self, key: CallKey);

    /// Waits for the next call that ends; `None` if none is running. Dropping the future loses no end.
    async fn next(&mut self) -> Option<CallEnd>;

    /// Takes note of a call that was refused before it was begun.
    fn refused(&self, call: &RefusedCall);

    /// Takes note of a request that is no call, and was answered.
    fn answered(&self, request: &AnsweredRequest);

    /// Tells all calls to end.
    fn abort(&mut self, reason: AbortReason);

    /// Waits, not for long, until those that were told to end have done so.
    async fn shutdown(self);
}
