//! The number of requests and streams that run, of all principals and of each.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use crate::mcp::http::bounds::{
    MAX_HTTP_REQUESTS, MAX_HTTP_REQUESTS_OF_ONE, MAX_STREAMS, MAX_STREAMS_OF_ONE,
};

/// A kind of what runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum RunKind {
    /// A request that is about to be answered.
    Request,
    /// A subscription, or the stream of a session.
    Stream,
}

/// What runs of each principal.
#[derive(Clone, Default)]
pub(crate) struct Shares(Rc<RefCell<HashMap<ShareKey, usize>>>);

/// The principal, or `None` for all of them together.
type ShareKey = (Option<Arc<str>>, RunKind);

/// A place among what runs, until it is dropped.
pub(crate) struct Place {
    shares: Shares,
    principal: Arc<str>,
    kind: RunKind,
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
    fn most(self) -> usize {
        match self {
            Self::Request => MAX_HTTP_REQUESTS,
            Self::Stream => MAX_STREAMS,
        }
    }

    fn most_of_one(self) -> usize {
        match self {
            Self::Request => MAX_HTTP_REQUESTS_OF_ONE,
            Self::Stream => MAX_STREAMS_OF_ONE,
        }
    }
}

impl Shares {
    /// Takes a place for one more.
    pub(crate) fn take(&self, principal: &Arc<str>, kind: RunKind) -> Result<Place, NoShare> {
        let mut running = self.0.borrow_mut();
        let (one, all) = ((Some(principal.clone()), kind), (None, kind));
        if running.get(&one).is_some_and(|count| *count >= kind.most_of_one()) {
            return Err(NoShare::OfOne);
        }
        if running.get(&all).is_some_and(|count| *count >= kind.most()) {
            return Err(NoShare::OfAll);
        }
        for key in [one, all] {
            *running.entry(key).or_default() += 1;
        }
        Ok(Place { shares: self.clone(), principal: principal.clone(), kind })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut running = self.shares.0.borrow_mut();
        for key in [(Some(self.principal.clone()), self.kind), (None, self.kind)] {
            if let Some(count) = running.get_mut(&key) {
                *count -= 1;
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
        let shares = Shares::default();
        let names: Vec<Arc<str>> = ["a", "b", "c", "d", "e"].map(Arc::from).into();
        for kind in [RunKind::Request, RunKind::Stream] {
            let mut places = Vec::new();
            for (at, name) in names.iter().enumerate() {
                let left = kind.most() - places.len();
                for _ in 0..left.min(kind.most_of_one()) {
                    places.push(shares.take(name, kind).unwrap_or_else(|_| panic!("a place")));
                }
                let expected =
                    if left < kind.most_of_one() { NoShare::OfAll } else { NoShare::OfOne };
                assert_eq!(shares.take(name, kind).err(), Some(expected), "{at}");
            }
            drop(places);
            assert!(shares.0.borrow().is_empty());
        }
    }
}
