//! The end of a call: its answer within the limit of its size, and the memory and handles that the guest left behind.

use std::fmt;
use std::time::Duration;

use tokio::sync::OwnedSemaphorePermit;
use wasmtime::Store;

use super::super::kind::contract;
use super::runner::{Ran, limit};
use super::slots::HostSlot;
use super::store::StoreState;
use crate::manifest::Bytes;
use crate::tool::{CallError, Limit, Output, Usage};

/// The end of a call, with an answer or an error.
#[derive(Debug)]
pub struct CallOutcome {
    /// The answer, or the reason why there is none.
    pub outcome: Result<Output, CallError>,
    /// The fuel, memory and time that the call spent.
    pub usage: Usage,
    /// The place of the call among those that run at once. `None` if it never reached its guest.
    pub slot: Option<Slot>,
}

/// A place among the calls that run at once. A caller that keeps it while an answer waits to be read bounds the answers
/// that wait.
pub struct Slot {
    /// The memory and handles that the guest left behind. `None` once they are cleaned up. They are dropped before the
    /// place.
    remains: Option<Store<StoreState>>,
    /// The place of the call among those of the host. `None` if it took none, since its answer had been kept.
    place: Option<HostSlot>,
    /// The place of the call among those of its client, where that has a bound; or the part that an answer which had been
    /// kept takes of all such answers on their way.
    permit: Option<OwnedSemaphorePermit>,
}

impl fmt::Debug for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Slot")
    }
}

impl CallOutcome {
    /// Cleans up what the guest left behind, which takes a third of the time of a short call: an answer can be on its
    /// way first. Dropping the slot does so too.
    pub fn clean(&mut self) {
        if let Some(slot) = &mut self.slot {
            slot.remains = None;
            slot.place.iter_mut().for_each(HostSlot::give_memory_back);
        }
    }

    /// Keeps a place of its client as long as that of the host. It is free at once where the call never reached its guest.
    #[must_use]
    pub fn keeping(mut self, of_client: Option<OwnedSemaphorePermit>) -> Self {
        if let Some(slot) = &mut self.slot
            && of_client.is_some()
        {
            slot.permit = of_client;
        }
        self
    }

    /// Ends a call that reached its guest. An answer of more than `at_most` bytes becomes a limit error.
    pub(crate) fn after(
        outcome: Result<Output, CallError>,
        at_most: Bytes,
        ran: Ran,
        place: HostSlot,
    ) -> Self {
        let (remains, place) = (ran.store, Some(place));
        let slot = Slot { remains, place, permit: None };
        Self { outcome: capped(outcome, at_most), usage: ran.usage, slot: Some(slot) }
    }

    /// Returns the end of a call with an answer that had been kept for so long. `permit` is held until the client has read
    /// it.
    pub(crate) fn kept(output: Output, age: Duration, permit: OwnedSemaphorePermit) -> Self {
        let slot = Slot { remains: None, place: None, permit: Some(permit) };
        let age = u32::try_from(age.as_millis()).unwrap_or(u32::MAX);
        let usage = Usage { answer_age_ms: Some(age), ..Usage::default() };
        Self { outcome: Ok(output), usage, slot: Some(slot) }
    }

    /// Returns the end of a call that never reached its guest.
    #[must_use]
    pub fn before(error: CallError) -> Self {
        Self { outcome: Err(error), usage: Usage::default(), slot: None }
    }
}

/// Returns `outcome` if it is within the output limit, or else the error of that limit.
fn capped(outcome: Result<Output, CallError>, at_most: Bytes) -> Result<Output, CallError> {
    let size = match &outcome {
        Ok(output) | Err(CallError::Failed(output)) => contract::size(output),
        Err(CallError::InvalidArguments(text)) => text.len() as u64,
        Err(_) => 0,
    };
    if size > at_most.get() {
        return Err(limit(Limit::Output, at_most.to_string()));
    }
    outcome
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tool::Content;

    #[test]
    fn whatever_a_guest_says_is_within_the_limit_of_an_answer() {
        let output =
            |text: String| Output { content: vec![Content::Text(text)], ..Output::default() };
        let check = |ended: Result<Output, CallError>, fits: bool| {
            let capped = capped(ended, Bytes::new(1024));
            assert_eq!(matches!(capped, Err(CallError::Limit(_))), !fits, "{capped:?}");
        };
        for (length, fits) in [(1024, true), (1025, false)] {
            let text = |length: usize| "x".repeat(length);
            // A block is more than its text.
            check(Ok(output(text(length - 16))), fits);
            check(Err(CallError::Failed(output(text(length - 16)))), fits);
            check(Err(CallError::InvalidArguments(text(length))), fits);
        }
    }
}
