//! The number of requests and streams that run, of all principals and of each.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use crate::mcp::http::bounds::HttpBounds;

/// A kind of what runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum RunKind {
    /// A request that is about to be answered.
    Request,
    /// A subscription, or the stream of a session.
    Stream,
}

/// The number of requests and streams of each principal that run.
#[derive(Clone)]
pub(crate) struct Shares {
    bounds: HttpBounds,
    running: Rc<RefCell<HashMap<ShareKey, usize>>>,
}

/// The principal, or `None` for all of them together.
type ShareKey = (Option<Arc<str>>, RunKind);

/// A place among what runs, until it is dropped.
pub(crate) struct Place {
    shares: Shares,
    principal: Arc<str>,
    kind: RunKind,
    messages: usize,
}

/// The bound that keeps something from running.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoShare {
    /// This principal has as many as one may have.
    OfOne,
    /// There are as many as there may be.
    OfAll,
}

impl RunKind {
    /// The bound of all together, and of one principal.
    fn most(self, bounds: &HttpBounds) -> (usize, usize) {
        match self {
            Self::Request => (bounds.requests, bounds.requests_of_one),
            Self::Stream => (bounds.streams, bounds.streams_of_one),
        }
    }
}

impl Shares {
    /// Shares of what these bounds allow, of which nothing is taken.
    pub(crate) fn new(bounds: HttpBounds) -> Self {
        Self { bounds, running: Rc::default() }
    }

    /// Takes a place for what has so many messages.
    pub(crate) fn take(
        &self,
        principal: &Arc<str>,
        kind: RunKind,
        messages: usize,
    ) -> Result<Place, NoShare> {
        let (most, most_of_one) = kind.most(&self.bounds);
        let mut running = self.running.borrow_mut();
        let (one, all) = ((Some(principal.clone()), kind), (None, kind));
        if running.get(&one).is_some_and(|count| count + messages > most_of_one) {
            return Err(NoShare::OfOne);
        }
        if running.get(&all).is_some_and(|count| count + messages > most) {
            return Err(NoShare::OfAll);
        }
        for key in [one, all] {
            *running.entry(key).or_default() += messages;
        }
        Ok(Place { shares: self.clone(), principal: principal.clone(), kind, messages })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut running = self.shares.running.borrow_mut();
        for key in [(Some(self.principal.clone()), self.kind), (None, self.kind)] {
            if let Some(count) = running.get_mut(&key) {
                *count -= self.messages;
                if *count == 0 {
                    running.remove(&key);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_principal_has_its_share_and_what_ended_leaves_nothing() {
        let bounds = HttpBounds {
            requests: 20,
            requests_of_one: 8,
            streams: 10,
            streams_of_one: 4,
            ..HttpBounds::default()
        };
        let shares = Shares::new(bounds);
        let names: Vec<Arc<str>> = ["a", "b", "c", "d", "e"].map(Arc::from).into();
        for kind in [RunKind::Request, RunKind::Stream] {
            let mut places = Vec::new();
            let (most, most_of_one) = kind.most(&bounds);
            for (at, name) in names.iter().enumerate() {
                let left = most - places.len();
                for _ in 0..left.min(most_of_one) {
                    places.push(shares.take(name, kind, 1).unwrap_or_else(|_| panic!("a place")));
                }
                let expected = if left < most_of_one { NoShare::OfAll } else { NoShare::OfOne };
                assert_eq!(shares.take(name, kind, 1).err(), Some(expected), "{at}");
            }
            drop(places);
            assert!(shares.running.borrow().is_empty());
        }
    }
}
