//! The bytes that clients have sent and that belong to no request yet: heads and handshakes that are not whole, and what a
//! buffer keeps of its memory. It does not know what they say.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use tokio::sync::Notify;

use super::let_in::LetIn;

/// Bytes that each client may send before a request is whole, whatever others have sent. So many are read at once, so that
/// no more lie behind a request that is served.
pub(crate) const UNASKED_OF_EACH: usize = 4 * 1024;

/// The bytes of all clients.
#[derive(Clone)]
pub(crate) struct UnaskedBudget(Rc<RefCell<UnaskedOfAll>>);

struct UnaskedOfAll {
    most: usize,
    taken: usize,
    /// The clients that have more than each may have, by the order in which they began to.
    large: BTreeMap<u64, Rc<UnaskedCounts>>,
    last: u64,
}

/// The bytes of one client, until it is dropped.
pub(crate) struct UnaskedBytes {
    budget: UnaskedBudget,
    counts: Rc<UnaskedCounts>,
}

#[derive(Default)]
struct UnaskedCounts {
    /// Bytes that came and were not handed on to what reads requests: TLS has them.
    behind: Cell<usize>,
    /// Those of them that came since bytes were handed on last.
    behind_since: Cell<usize>,
    /// Bytes that were handed on, and of which no request is known to be made.
    head: Cell<usize>,
    /// The most that `head` ever was: the buffer keeps that much memory as long as its connection is open.
    most_of_head: Cell<usize>,
    /// Bytes that the budget counts for it.
    counted: Cell<usize>,
    /// Its place among those that have much.
    place: Cell<Option<u64>>,
    /// True if a request is served.
    asks: Cell<bool>,
    let_in: LetIn,
    has_given_way: Cell<bool>,
    gives_way: Notify,
}

impl UnaskedBudget {
    /// A budget of so many bytes, all free.
    pub(crate) fn new(most: usize) -> Self {
        let all = UnaskedOfAll { most, taken: 0, large: BTreeMap::new(), last: 0 };
        Self(Rc::new(RefCell::new(all)))
    }

    /// The bytes of another client, which has sent none.
    pub(crate) fn client(&self) -> UnaskedBytes {
        UnaskedBytes { budget: self.clone(), counts: Rc::default() }
    }
}

impl UnaskedOfAll {
    fn list(&mut self, client: &Rc<UnaskedCounts>) {
        self.last += 1;
        client.place.set(Some(self.last));
        self.large.insert(self.last, client.clone());
    }

    fn unlist(&mut self, client: &UnaskedCounts) {
        if let Some(place) = client.place.take() {
            self.large.remove(&place);
        }
    }

    fn count(&mut self, client: &UnaskedCounts, bytes: usize) {
        self.taken = self.taken - client.counted.replace(bytes) + bytes;
    }

    /// Lets clients give way until there is room: the one whose head is the oldest, and none whose request is served as long
    /// as there are others. Of those, the one that has the most.
    fn make_room(&mut self) {
        while self.taken > self.most {
            let asking = || self.large.values().max_by_key(|client| client.counted.get());
            let oldest = self.large.values().find(|client| !client.is_asking());
            let Some(client) = oldest.or_else(asking).cloned() else { return };
            self.unlist(&client);
            self.count(&client, 0);
            client.has_given_way.set(true);
            client.gives_way.notify_one();
        }
    }
}

impl UnaskedCounts {
    fn is_asking(&self) -> bool {
        self.asks.get() && self.let_in.get()
    }
}

impl UnaskedBytes {
    /// The sign that the request that is served was let in.
    pub(crate) fn let_in(&self) -> &LetIn {
        &self.counts.let_in
    }

    /// Counts bytes that came.
    pub(crate) fn came(&self, count: usize) {
        let UnaskedCounts { behind, behind_since, .. } = &*self.counts;
        behind.set(behind.get() + count);
        behind_since.set(behind_since.get() + count);
        self.recount();
    }

    /// Notes that what reads requests wants more: while one is served, it does so only where its buffer is empty.
    pub(crate) fn wants_more(&self) {
        if self.counts.asks.get() {
            self.counts.head.set(0);
        }
    }

    /// Notes that so many bytes were handed on to what reads requests.
    pub(crate) fn handed_on(&self, count: usize) {
        let UnaskedCounts { behind, behind_since, head, most_of_head, .. } = &*self.counts;
        behind.set(behind.get().saturating_sub(count));
        behind_since.set(0);
        head.set(head.get() + count);
        most_of_head.set(most_of_head.get().max(head.get()));
        self.recount();
    }

    /// Notes that there is nothing to hand on: of a record of TLS, a part has come at most.
    pub(crate) fn waits(&self) {
        let UnaskedCounts { behind, behind_since, .. } = &*self.counts;
        behind.set(behind.get().min(behind_since.get()));
        self.recount();
    }

    /// Notes that all that came belonged to a handshake, which has ended.
    pub(crate) fn agreed(&self) {
        self.counts.behind_since.set(0);
        self.waits();
    }

    /// Notes whether a request is served. Of what came, no more than the last bytes that were handed on lies behind it.
    pub(crate) fn asks(&self, asks: bool) {
        let UnaskedCounts { head, place, .. } = &*self.counts;
        self.counts.asks.set(asks);
        head.set(head.get().min(UNASKED_OF_EACH));
        if !asks && place.get().is_some() {
            // Its next head is the youngest.
            let mut all = self.budget.0.borrow_mut();
            all.unlist(&self.counts);
            all.list(&self.counts);
        }
        self.recount();
    }

    /// Resolves when the client has to give way to others.
    pub(crate) async fn gives_way(&self) {
        self.counts.gives_way.notified().await;
    }

    fn recount(&self) {
        let UnaskedCounts { behind, head, most_of_head, counted, place, has_given_way, .. } =
            &*self.counts;
        let before = counted.get();
        let bytes = behind.get() + head.get().max(most_of_head.get());
        if bytes == before || has_given_way.get() {
            return;
        }
        let mut all = self.budget.0.borrow_mut();
        all.count(&self.counts, bytes);
        match bytes > UNASKED_OF_EACH {
            true if place.get().is_none() => all.list(&self.counts),
            true => {}
            false => all.unlist(&self.counts),
        }
        // Each has a few bytes, whatever others have sent.
        if bytes > before && bytes > UNASKED_OF_EACH {
            all.make_room();
        }
    }
}

impl Drop for UnaskedBytes {
    fn drop(&mut self) {
        let mut all = self.budget.0.borrow_mut();
        all.unlist(&self.counts);
        all.count(&self.counts, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EACH: usize = UNASKED_OF_EACH;

    fn sends(client: &UnaskedBytes, bytes: usize) {
        for _ in 0..bytes / 1024 {
            client.wants_more();
            client.came(1024);
            client.handed_on(1024);
        }
    }

    fn gone(client: &UnaskedBytes) -> bool {
        client.counts.has_given_way.get()
    }

    fn taken(budget: &UnaskedBudget) -> usize {
        budget.0.borrow().taken
    }

    #[test]
    fn the_oldest_unfinished_head_gives_way_and_each_has_a_little() {
        let budget = UnaskedBudget::new(4 * EACH);
        let clients: Vec<_> = (0..5).map(|_| budget.client()).collect();
        sends(&clients[0], EACH);
        sends(&clients[1], 2 * EACH);
        assert_eq!(taken(&budget), 3 * EACH);
        sends(&clients[2], 2 * EACH);
        let given_way = || clients.iter().map(gone).collect::<Vec<_>>();
        assert_eq!(given_way(), [false, true, false, false, false]);
        assert_eq!(taken(&budget), 3 * EACH);
        for small in &clients[3..] {
            sends(small, EACH);
        }
        assert!(!gone(&clients[2]), "who has a little takes nothing from others");
        sends(&clients[2], 1024);
        assert!(gone(&clients[2]), "there is no older one");
        drop(clients);
        assert_eq!(taken(&budget), 0);
        assert!(budget.0.borrow().large.is_empty());
    }

    #[test]
    fn a_request_that_was_let_in_gives_way_last() {
        let budget = UnaskedBudget::new(8 * EACH);
        let (served, refused, new) = (budget.client(), budget.client(), budget.client());
        for asking in [&served, &refused] {
            sends(asking, 3 * EACH);
            asking.asks(true);
        }
        served.let_in().set(true);
        sends(&new, 4 * EACH);
        assert_eq!([&served, &refused, &new].map(gone), [false, true, false]);
        let other = budget.client();
        other.asks(true);
        other.let_in().set(true);
        sends(&new, 2 * EACH);
        assert_eq!([&served, &new].map(gone), [false, true], "it goes on before those that ask");
    }

    #[test]
    fn what_lies_behind_a_request_counts_and_so_does_the_memory_of_its_buffer() {
        let budget = UnaskedBudget::new(100 * EACH);
        let client = budget.client();
        sends(&client, 3 * EACH);
        client.asks(true);
        assert_eq!(taken(&budget), 3 * EACH);
        // A body is read, which belongs to a request.
        sends(&client, 50 * EACH);
        assert_eq!(taken(&budget), 3 * EACH);
        client.asks(false);
        sends(&client, 5 * EACH);
        assert!(taken(&budget) >= 5 * EACH, "{}", taken(&budget));
        // TLS has a part of a record; of a handshake nothing is left.
        let client = budget.client();
        let before = taken(&budget);
        client.came(3 * EACH);
        client.agreed();
        assert_eq!(taken(&budget), before);
        client.came(5000);
        client.wants_more();
        client.handed_on(1000);
        client.came(200);
        client.waits();
        assert_eq!(taken(&budget), before + 1000 + 200);
    }
}
