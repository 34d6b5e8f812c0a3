//! The requests and streams that run, and the bytes of their bodies: of all principals, and of each.

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

/// Something that principals share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Shared {
    Running(RunKind),
    /// The bytes of bodies that are read or served.
    BodyBytes,
    /// The answers that tell pages of what runs.
    Pages,
}

/// The number of what each principal has of it.
#[derive(Clone)]
pub(crate) struct Shares {
    bounds: HttpBounds,
    running: Rc<RefCell<HashMap<ShareKey, usize>>>,
}

/// The principal, or `None` for all of them together.
type ShareKey = (Option<Arc<str>>, Shared);

/// A principal's part of what is shared, until it is dropped.
pub(crate) struct Place {
    shares: Shares,
    principal: Arc<str>,
    kind: Shared,
    count: usize,
}

/// The bound that keeps a principal from having more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoShare {
    /// This principal has as many as one may have.
    OfOne,
    /// There are as many as there may be.
    OfAll,
}

impl Shared {
    /// The bound of all together, and of one principal.
    fn most(self, bounds: &HttpBounds) -> (usize, usize) {
        match self {
            Self::Running(RunKind::Request) => (bounds.requests, bounds.requests_of_one),
            Self::Running(RunKind::Stream) => (bounds.streams, bounds.streams_of_one),
            Self::BodyBytes => (bounds.bodies, bounds.bodies_of_one),
            Self::Pages => (bounds.pages, bounds.pages_of_one),
        }
    }
}

impl Shares {
    /// Shares of what these bounds allow, of which nothing is taken.
    pub(crate) fn new(bounds: HttpBounds) -> Self {
        Self { bounds, running: Rc::default() }
    }

    /// Takes so many of it.
    pub(crate) fn take(
        &self,
        principal: &Arc<str>,
        kind: Shared,
        count: usize,
    ) -> Result<Place, NoShare> {
        let principal = principal.clone();
        let mut place = Place { shares: self.clone(), principal, kind, count: 0 };
        place.add(count)?;
        Ok(place)
    }
}

impl Place {
    /// Takes so many more.
    pub(crate) fn add(&mut self, count: usize) -> Result<(), NoShare> {
        let (most, most_of_one) = self.kind.most(&self.shares.bounds);
        let mut running = self.shares.running.borrow_mut();
        let (one, all) = self.keys();
        let exceeds = |key, most: usize| {
            // One that is more than all by itself has room where there is nothing else.
            running.get(key).is_some_and(|taken| taken.saturating_add(count) > most)
        };
        if exceeds(&one, most_of_one) {
            return Err(NoShare::OfOne);
        }
        if exceeds(&all, most) {
            return Err(NoShare::OfAll);
        }
        for key in [one, all] {
            *running.entry(key).or_default() += count;
        }
        self.count += count;
        Ok(())
    }

    fn keys(&self) -> (ShareKey, ShareKey) {
        ((Some(self.principal.clone()), self.kind), (None, self.kind))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut running = self.shares.running.borrow_mut();
        let (one, all) = self.keys();
        for key in [one, all] {
            if let Some(taken) = running.get_mut(&key) {
                *taken -= self.count;
                if *taken == 0 {
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
            bodies: 12,
            bodies_of_one: 5,
            pages: 6,
            pages_of_one: 2,
            ..HttpBounds::default()
        };
        let shares = Shares::new(bounds);
        let names: Vec<Arc<str>> = ["a", "b", "c", "d", "e"].map(Arc::from).into();
        let runs = [RunKind::Request, RunKind::Stream].map(Shared::Running);
        for kind in runs.into_iter().chain([Shared::BodyBytes, Shared::Pages]) {
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

    #[test]
    fn a_place_grows_within_its_bounds_and_goes_as_a_whole() {
        let bounds = HttpBounds { bodies: 12, bodies_of_one: 8, ..HttpBounds::default() };
        let shares = Shares::new(bounds);
        let bytes_of = |name: &str, count| {
            let place = shares.take(&name.into(), Shared::BodyBytes, count);
            place.unwrap_or_else(|_| panic!("a place"))
        };
        let mut place = bytes_of("a", 0);
        assert_eq!(place.add(6), Ok(()));
        assert_eq!(place.add(3), Err(NoShare::OfOne));
        assert_eq!(place.add(2), Ok(()));
        let mut other = bytes_of("b", 4);
        assert_eq!(other.add(1), Err(NoShare::OfAll));
        drop(place);
        assert_eq!(other.add(4), Ok(()));
        drop(other);
        assert!(shares.running.borrow().is_empty());
    }
}
