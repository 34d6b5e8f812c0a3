//! The turns of the calls with one key: of them, one runs.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use tokio::sync::oneshot;

use super::caller::Caller;
use crate::sync::lock;

/// The turns of the calls with one key.
///
/// A turn that is given up goes to the next caller, and of that to the call that came first: the calls of one caller, however
/// many, cost another one turn. A lock, since calls come and end on many threads; nothing is awaited under it.
#[derive(Debug, Default)]
pub(crate) struct KeyTurns(Mutex<TurnQueue>);

#[derive(Debug, Default)]
struct TurnQueue {
    is_taken: bool,
    /// The callers that wait, the next one first, each with its calls in the order in which they came.
    callers: VecDeque<(Caller, VecDeque<WaitingCall>)>,
}

type WaitingCall = oneshot::Sender<TurnNews>;

/// The news that a call hears which waits for its turn.
#[derive(Debug)]
pub(crate) enum TurnNews {
    /// The call that had the turn has left an answer.
    Answered,
    /// It left none, and so might the next: all that wait run beside each other.
    Unanswered,
    /// It was given up. The turn is that of the one who hears this.
    Turn(CallTurn),
}

/// The right to be the one call of its key that runs. Where it is dropped without an end, the next call has it.
#[derive(Debug)]
pub(crate) struct CallTurn {
    /// `None` once it has ended.
    turns: Option<Arc<KeyTurns>>,
    caller: Caller,
}

impl KeyTurns {
    /// Takes the turn for a call of `caller`, if no call has it. Else the call waits, and hears what becomes of it.
    pub(crate) fn take(
        self: &Arc<Self>,
        caller: &Caller,
    ) -> Result<CallTurn, oneshot::Receiver<TurnNews>> {
        let mut queue = lock(&self.0);
        if !queue.is_taken {
            queue.is_taken = true;
            return Ok(CallTurn { turns: Some(self.clone()), caller: caller.clone() });
        }
        let (listener, news) = oneshot::channel();
        queue.add(caller, listener);
        Err(news)
    }

    /// Gives the turn that `last` had to the next call, if one waits.
    fn pass_on(self: &Arc<Self>, last: &Caller) {
        loop {
            let next = {
                let mut queue = lock(&self.0);
                let next = queue.next_after(last);
                queue.is_taken = next.is_some();
                next
            };
            let Some((caller, listener)) = next else { return };
            let turn = CallTurn { turns: Some(self.clone()), caller };
            match listener.send(TurnNews::Turn(turn)) {
                // It was given up in this moment.
                Err(TurnNews::Turn(mut unheard)) => unheard.turns = None,
                Ok(()) | Err(_) => return,
            }
        }
    }
}

impl TurnQueue {
    fn add(&mut self, caller: &Caller, listener: WaitingCall) {
        let own = self.callers.iter_mut().find(|(own, _)| own == caller);
        let Some((_, calls)) = own else {
            self.callers.push_back((caller.clone(), VecDeque::from([listener])));
            return;
        };
        // Calls that were given up take room until then, which is so at most doubled.
        if calls.len().is_power_of_two() {
            calls.retain(|listener| !listener.is_closed());
        }
        calls.push_back(listener);
    }

    /// Takes the next call, of another caller than `last` if one waits.
    fn next_after(&mut self, last: &Caller) -> Option<(Caller, WaitingCall)> {
        for (_, calls) in &mut self.callers {
            calls.retain(|listener| !listener.is_closed());
        }
        self.callers.retain(|(_, calls)| !calls.is_empty());
        if self.callers.front().is_some_and(|(caller, _)| caller == last) {
            self.callers.rotate_left(1);
        }
        let (caller, mut calls) = self.callers.pop_front()?;
        let listener = calls.pop_front()?;
        if !calls.is_empty() {
            self.callers.push_back((caller.clone(), calls));
        }
        Some((caller, listener))
    }
}

impl CallTurn {
    /// Ends the turn of a call that has ended, and has left an answer where `is_answered`.
    pub(crate) fn end(mut self, is_answered: bool) {
        let Some(turns) = self.turns.take() else { return };
        let waiting = {
            let mut queue = lock(&turns.0);
            queue.is_taken = false;
            std::mem::take(&mut queue.callers)
        };
        for listener in waiting.into_iter().flat_map(|(_, calls)| calls) {
            let news = match is_answered {
                true => TurnNews::Answered,
                false => TurnNews::Unanswered,
            };
            // Who does not wait any more needs no news.
            _ = listener.send(news);
        }
    }
}

impl Drop for CallTurn {
    fn drop(&mut self) {
        if let Some(turns) = self.turns.take() {
            turns.pass_on(&self.caller);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(name: &str) -> Caller {
        Caller::Principal(name.into())
    }

    type News = oneshot::Receiver<TurnNews>;

    fn waits(turns: &Arc<KeyTurns>, name: &str) -> News {
        turns.take(&caller(name)).expect_err("another call has the turn")
    }

    fn turn(news: &mut News) -> CallTurn {
        match news.try_recv() {
            Ok(TurnNews::Turn(turn)) => turn,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_calls_of_one_caller_cost_another_one_turn() {
        let turns = Arc::<KeyTurns>::default();
        let first = turns.take(&caller("ada")).expect("it is free");
        let mut own: Vec<_> = (0..20).map(|_| waits(&turns, "ada")).collect();
        let mut bob = [waits(&turns, "bob"), waits(&turns, "bob")];
        let mut cleo = waits(&turns, "cleo");
        drop(first);
        let next = turn(&mut bob[0]);
        assert!(own.iter_mut().all(|news| news.try_recv().is_err()));
        drop(next);
        let next = turn(&mut cleo);
        drop(next);
        let next = turn(&mut own[0]);
        drop(next);
        let next = turn(&mut bob[1]);
        drop(next);
        for news in &mut own[1..] {
            drop(turn(news));
        }
        assert!(turns.take(&caller("ada")).is_ok(), "it is free again");
    }

    #[test]
    fn whoever_waits_hears_how_the_turn_ended() {
        let turns = Arc::<KeyTurns>::default();
        for is_answered in [true, false] {
            let first = turns.take(&caller("ada")).expect("it is free");
            let mut all = [waits(&turns, "ada"), waits(&turns, "bob")];
            first.end(is_answered);
            for news in &mut all {
                let heard = news.try_recv().expect("news");
                assert_eq!(matches!(heard, TurnNews::Answered), is_answered);
                assert_eq!(matches!(heard, TurnNews::Unanswered), !is_answered);
            }
        }
        assert!(turns.take(&caller("bob")).is_ok());
    }

    #[test]
    fn calls_that_are_given_up_have_no_turn_and_take_no_room() {
        let turns = Arc::<KeyTurns>::default();
        let first = turns.take(&caller("ada")).expect("it is free");
        let mut kept = waits(&turns, "ada");
        for _ in 0..10_000 {
            drop(waits(&turns, "ada"));
        }
        assert!(lock(&turns.0).callers[0].1.len() < 8);
        drop(waits(&turns, "bob"));
        drop(first);
        // The turn is passed on from where nobody takes it, too.
        let mut last = waits(&turns, "bob");
        drop(kept.try_recv().expect("the turn"));
        drop(turn(&mut last));
        assert!(turns.take(&caller("ada")).is_ok());
    }
}
