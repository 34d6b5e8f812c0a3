//! A loop that rests, judged from outside: by what was fed, what was read, and which calls run.

use super::super::driver::MAX_IN_FLIGHT;
use super::super::output_queue::MAX_UNREAD;
use super::calls::CallState;
use super::ledger::{Asked, Ledger, RequestKind};
use super::pipe::Pipe;
use crate::mcp::engine::MAX_AWAITING;

/// All that can be seen of it.
pub(super) struct Rest<'a> {
    pub(super) ledger: &'a Ledger,
    pub(super) pipe: &'a Pipe,
    pub(super) calls: &'a CallState,
    pub(super) has_catalog: bool,
    /// True if there has been one that was not provisional.
    pub(super) has_whole: bool,
    /// The most bytes of a list that was ever served.
    pub(super) longest_list: usize,
    /// True if a note of progress has not been taken.
    pub(super) has_notes: bool,
    /// True if a shutdown was asked for.
    pub(super) is_stopping: bool,
    /// True if other clients hold places, so that lines may have to wait for them.
    pub(super) is_crowded: bool,
}

impl Rest<'_> {
    /// Judges a loop that rests. Its work is bounded by what is in flight and by what the client has not read:
    /// while neither bound is reached, everything that was fed has been acted on.
    pub(super) fn judge(&self) -> Result<(), String> {
        let (pipe, calls, ledger) = (self.pipe, self.calls, self.ledger);
        if pipe.is_gone {
            return Err("the client has gone".into());
        }
        if calls.untold() > 0 {
            return Err("a call has ended".into());
        }
        let awaits = |kind| match kind {
            RequestKind::Ping => false,
            RequestKind::List => !self.has_whole,
            RequestKind::Call => !self.has_catalog,
        };
        let answered_by =
            |kind, at_most| if kind == RequestKind::List { self.longest_list } else { at_most };
        let unread: usize =
            ledger.unanswered().map(|(_, asked)| answered_by(asked.kind, asked.at_most)).sum();
        let may_be_full = pipe.is_full() && unread + ledger.other_bytes >= MAX_UNREAD;
        if may_be_full {
            return Ok(());
        }
        if self.has_notes {
            return Err("a note of progress waits".into());
        }
        let waiting = || ledger.due(pipe.taken, pipe.end_is_told);
        let for_catalog = waiting().filter(|(_, asked)| awaits(asked.kind)).count();
        if self.is_stopping {
            let is_busy = pipe.has_output() || !calls.wanted().is_empty() || for_catalog > 0;
            return if is_busy { Ok(()) } else { Err("a shutdown was asked for".into()) };
        }
        if calls.running() >= MAX_IN_FLIGHT || for_catalog >= MAX_AWAITING {
            return Ok(());
        }
        if !pipe.is_drained() && !pipe.is_abandoned() {
            return Err("the client has written lines".into());
        }
        let (all_read, running) = (!pipe.has_output(), calls.wanted());
        if self.is_crowded {
            // A ping needs no place.
            let is_ping = |asked: &Asked| asked.kind == RequestKind::Ping && asked.batch.is_none();
            let ping = waiting().find(|(_, asked)| all_read && is_ping(asked));
            return ping.map_or(Ok(()), |(id, _)| Err(format!("the ping {id} has no answer")));
        }
        for (id, asked) in waiting().filter(|(_, asked)| !awaits(asked.kind)) {
            let is_begun = match asked.kind {
                RequestKind::Call => calls.has_begun(id),
                RequestKind::Ping | RequestKind::List => true,
            };
            if !is_begun {
                return Err(format!("{id} has not begun: {asked:?}"));
            }
            // A batch is answered when its last request is, which the client may be about to cancel.
            let goes_on = |id, kind| running.contains(&id) || awaits(kind);
            let is_held = || {
                let beside = |other: &Asked| asked.batch.is_some() && other.batch == asked.batch;
                ledger.unanswered().any(|(id, other)| beside(other) && goes_on(id, other.kind))
            };
            if all_read && !goes_on(id, asked.kind) && !is_held() {
                return Err(format!("{id} has no answer: {asked:?}"));
            }
        }
        let is_over = pipe.has_ended && all_read && waiting().next().is_none();
        if is_over { Err("the input has ended".into()) } else { Ok(()) }
    }
}
