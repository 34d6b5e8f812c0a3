//! What is known of one unit: the version that serves, what lies there now, what was told of it.
//!
//! When something is told, and what locks say of a version, is not known here.

use std::collections::VecDeque;
use std::time::Instant;

use super::seen::Pair;

/// Versions that are remembered because they did not load.
const MAX_BAD: usize = 4;

/// Why something is not served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// What is wrong with it.
    Wrong(String),
    /// There is no room: as many are loaded as there can be.
    Full,
}

/// What is known of a unit.
#[derive(Debug)]
pub(super) struct Tracked<P> {
    /// The last version that loaded. Served whatever lies there now.
    pub(super) good: Option<(Pair, P)>,
    /// Why it would not be served any more if it came now.
    pub(super) doubt: Option<String>,
    /// What lies there, is good, and is not accepted.
    pub(super) held: Option<Held<P>>,
    pub(super) now: Now,
    /// The last versions that did not load, and why: the same bytes are not tried again.
    bad: VecDeque<(Pair, String)>,
    /// What is told of it.
    pub(super) told: Option<Reason>,
}

/// A version that loaded and is not accepted.
#[derive(Debug)]
pub(super) struct Held<P> {
    pub(super) pair: Pair,
    pub(super) plugin: P,
    /// Why it is not accepted; it may be so meanwhile.
    pub(super) reason: Option<String>,
}

/// What lies there now.
#[derive(Debug)]
pub(super) enum Now {
    /// What is good.
    Good,
    /// Something that changes while it is looked at; nothing is known of it.
    Unknown,
    Loading(Pair),
    Bad {
        reason: Reason,
        tell_at: Instant,
    },
    /// Nothing, or half of it.
    Gone {
        reason: Reason,
        until: Instant,
        then: Then,
    },
}

/// What becomes of a unit that stays gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Then {
    /// It is refused: half of it is there.
    Refuse,
    /// It is forgotten.
    Forget,
}

impl<P> Tracked<P> {
    /// Nothing is known of it.
    pub(super) fn new() -> Self {
        Self {
            good: None,
            doubt: None,
            held: None,
            now: Now::Unknown,
            bad: VecDeque::new(),
            told: None,
        }
    }

    /// Whether it is a plugin, or about to be one.
    pub(super) fn is_occupied(&self) -> bool {
        self.good.is_some() || self.held.is_some() || matches!(self.now, Now::Loading(_))
    }

    /// It is good, accepted, and what lies there.
    pub(super) fn serve(&mut self, pair: Pair, plugin: P) {
        (self.good, self.doubt, self.held) = (Some((pair, plugin)), None, None);
        (self.now, self.told) = (Now::Good, None);
    }

    /// It is there, whatever it is: it is not waited for any more.
    pub(super) fn stays(&mut self) {
        if matches!(self.now, Now::Gone { .. }) {
            self.now = Now::Unknown;
        }
    }

    /// These bytes are no plugin, wanted or not: they may come back.
    pub(super) fn is_bad(&mut self, pair: Pair, reason: String) {
        self.bad.truncate(MAX_BAD - 1);
        self.bad.push_front((pair, reason));
    }

    /// Why these bytes are no plugin, if that is known.
    pub(super) fn why_bad(&self, pair: &Pair) -> Option<&String> {
        self.bad.iter().find(|(bad, _)| bad == pair).map(|(_, reason)| reason)
    }

    /// What lies there is not served, and why; that is told from `tell_at` on.
    pub(super) fn refuse(&mut self, reason: Reason, tell_at: Instant) {
        match &mut self.now {
            Now::Bad { reason: known, .. } if *known == reason => {}
            other => *other = Now::Bad { reason, tell_at },
        }
    }

    /// It is not there, and waited for until then.
    pub(super) fn gone(&mut self, reason: String, until: Instant, then: Then) {
        let reason = Reason::Wrong(reason);
        match &mut self.now {
            Now::Gone { reason: known, then: planned, .. }
                if *known == reason && *planned == then => {}
            other => *other = Now::Gone { reason, until, then },
        }
    }

    /// When it has something to tell that it did not tell yet.
    pub(super) fn deadline(&self) -> Option<Instant> {
        match &self.now {
            Now::Bad { reason, tell_at: at } | Now::Gone { reason, until: at, .. } => {
                (self.told.as_ref() != Some(reason)).then_some(*at)
            }
            Now::Good | Now::Unknown | Now::Loading(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::Sha256Digest;

    #[test]
    fn the_last_versions_that_did_not_load_are_remembered_and_no_more() {
        let version = |at: u8| Pair {
            manifest: Sha256Digest::of(&[at]),
            wasm: Sha256Digest::of(b"wasm"),
            wit: None,
        };
        let mut unit = Tracked::<()>::new();
        for at in 0..10 {
            unit.is_bad(version(at), at.to_string());
        }
        let known: Vec<_> = (0..10).filter_map(|at| unit.why_bad(&version(at))).collect();
        assert_eq!(known, ["6", "7", "8", "9"]);
    }
}
