//! The share of the protocol's thread that handshakes have: what they compute, strangers decide.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::future::poll_fn;
use std::net::{IpAddr, Ipv6Addr};
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::{Instant, sleep_until, timeout};

/// A step of a handshake that takes so long is followed by a rest as long: signatures were checked.
const LONG_STEP: Duration = Duration::from_millis(2);

/// The bits of an address of version 6 that are one site's: as many as networks are handed out with.
const PEER_BITS: u32 = 48;

/// The machine or the network that handshakes come from. Those behind one proxy, or on one Unix socket, are one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct HandshakePeer(Option<IpAddr>);

/// The turns of handshakes, step by step: nobody holds one while waiting for a client.
#[derive(Default)]
pub(crate) struct HandshakeShare {
    waiting: RefCell<WaitingHandshakes>,
    /// True if a step is taken, or somebody was given the turn for one.
    is_taken: Cell<bool>,
    /// The end of the rest after the last step.
    rest: Cell<Option<Instant>>,
}

#[derive(Default)]
struct WaitingHandshakes {
    /// The peers whose handshakes wait, in the order of their turns.
    order: VecDeque<HandshakePeer>,
    of_peers: HashMap<HandshakePeer, WaitingOfPeer>,
}

/// The handshakes of one peer that wait, in the order in which they could go on.
#[derive(Default)]
struct WaitingOfPeer {
    begun: VecDeque<oneshot::Sender<HandshakeTurn>>,
    new: VecDeque<oneshot::Sender<HandshakeTurn>>,
    is_new_next: bool,
}

/// The turn for one step. Whoever drops it hands it on.
struct HandshakeTurn(Rc<HandshakeShare>);

/// The end of a handshake, or `None` if its client took more than its time.
pub(crate) struct EndedHandshake<T> {
    pub(crate) result: Option<T>,
    /// The time for which it waited for its turns.
    pub(crate) waited: Duration,
}

impl HandshakePeer {
    /// The peer at this address. `None` where there are no addresses.
    pub(crate) fn at(address: Option<IpAddr>) -> Self {
        // Whoever has an address of version 6 has 2^64 of them, and often 65,536 times as many.
        Self(address.map(|address| match address.to_canonical() {
            IpAddr::V4(address) => IpAddr::V4(address),
            IpAddr::V6(address) => {
                IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !(u128::MAX >> PEER_BITS)))
            }
        }))
    }
}

impl HandshakeShare {
    /// Runs a handshake. Of the steps of all, one is taken at a time. Peers have their turns one after the other, however
    /// many handshakes each has; and requests on other connections have at least as much of the thread. The client has
    /// `time` for what it does itself: no wait for a turn counts.
    pub(crate) async fn run<F: Future>(
        self: &Rc<Self>,
        peer: HandshakePeer,
        time: Duration,
        handshake: F,
    ) -> EndedHandshake<F::Output> {
        let mut handshake = pin!(handshake);
        let (mut left, mut waited) = (time, Duration::ZERO);
        let mut has_begun = false;
        loop {
            let wait = Instant::now();
            let turn = self.turn(peer, has_begun).await;
            if let Some(rest) = self.rest.take() {
                sleep_until(rest).await;
            }
            let begun = Instant::now();
            waited += begun - wait;
            has_begun = true;
            let step = poll_fn(|context| Poll::Ready(handshake.as_mut().poll(context))).await;
            let time = begun.elapsed();
            if time >= LONG_STEP {
                self.rest.set(Some(begun + 2 * time));
            }
            drop(turn);
            if let Poll::Ready(ended) = step {
                return EndedHandshake { result: Some(ended), waited };
            }
            // The step has said what wakes it.
            let mut is_woken = false;
            let woken = poll_fn(|_| match std::mem::replace(&mut is_woken, true) {
                true => Poll::Ready(()),
                false => Poll::Pending,
            });
            let idle = Instant::now();
            // Either of them wakes it.
            drop(timeout(left, woken).await);
            left = left.saturating_sub(idle.elapsed());
            if left.is_zero() {
                return EndedHandshake { result: None, waited };
            }
        }
    }

    /// Waits for a turn.
    async fn turn(self: &Rc<Self>, peer: HandshakePeer, has_begun: bool) -> HandshakeTurn {
        if !self.is_taken.replace(true) {
            return HandshakeTurn(self.clone());
        }
        let (given, turn) = oneshot::channel();
        self.waiting.borrow_mut().push(peer, has_begun, given);
        match turn.await {
            Ok(turn) => turn,
            // Nobody drops what waits, and so the turn is this one's.
            Err(_) => HandshakeTurn(self.clone()),
        }
    }
}

impl WaitingHandshakes {
    fn push(
        &mut self,
        peer: HandshakePeer,
        has_begun: bool,
        given: oneshot::Sender<HandshakeTurn>,
    ) {
        let of_peer = self.of_peers.entry(peer).or_insert_with(|| {
            self.order.push_back(peer);
            WaitingOfPeer::default()
        });
        match has_begun {
            true => of_peer.begun.push_back(given),
            false => of_peer.new.push_back(given),
        }
    }

    /// Takes the handshake whose turn it is: of the peer whose turn it is, one that has begun and a new one in turn.
    fn next(&mut self) -> Option<oneshot::Sender<HandshakeTurn>> {
        while let Some(peer) = self.order.pop_front() {
            let next = self.of_peers.get_mut(&peer).and_then(WaitingOfPeer::next);
            if next.is_some() {
                self.order.push_back(peer);
                return next;
            }
            self.of_peers.remove(&peer);
        }
        None
    }
}

impl WaitingOfPeer {
    fn next(&mut self) -> Option<oneshot::Sender<HandshakeTurn>> {
        let (first, second) = match self.is_new_next {
            true => (&mut self.new, &mut self.begun),
            false => (&mut self.begun, &mut self.new),
        };
        self.is_new_next = !self.is_new_next;
        first.pop_front().or_else(|| second.pop_front())
    }
}

impl Drop for HandshakeTurn {
    fn drop(&mut self) {
        let Self(share) = self;
        loop {
            let next = share.waiting.borrow_mut().next();
            let Some(next) = next else { return share.is_taken.set(false) };
            // Those whose connection has ended wait no more.
            if !next.is_closed() {
                // If it ends before it has taken the turn, that is handed on in the same way.
                drop(next.send(HandshakeTurn(share.clone())));
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::task::JoinSet;

    use super::*;

    /// A time that is never reached.
    const LONG: Duration = Duration::from_secs(100);

    fn peer(number: u8) -> HandshakePeer {
        HandshakePeer::at(Some([127, 0, 0, number].into()))
    }

    /// A handshake of two steps, each of which takes so long.
    async fn steps(time: Duration) {
        for _ in 0..2 {
            std::thread::sleep(time);
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn long_steps_leave_others_as_much_of_the_thread() {
        let share = Rc::new(HandshakeShare::default());
        let steps = Cell::new(0);
        let all = async {
            let handshake = async || {
                for _ in 0..2 {
                    std::thread::sleep(Duration::from_millis(10));
                    steps.set(steps.get() + 1);
                    tokio::task::yield_now().await;
                }
            };
            tokio::join!(
                share.run(peer(1), LONG, handshake()),
                share.run(peer(1), LONG, handshake()),
                share.run(peer(2), LONG, handshake()),
                share.run(peer(2), LONG, handshake()),
            );
        };
        // Somebody else does a little whenever it has its turn.
        let mut other = JoinSet::new();
        other.spawn(async {
            let mut longest = Duration::ZERO;
            for _ in 0..10 {
                let begun = Instant::now();
                sleep_until(begun + Duration::from_millis(1)).await;
                longest = longest.max(begun.elapsed());
            }
            longest
        });
        let begun = Instant::now();
        let ((), longest) = tokio::join!(all, other.join_next());
        assert_eq!(steps.get(), 8);
        assert!(begun.elapsed() >= Duration::from_millis(150), "{:?}", begun.elapsed());
        let longest = longest.expect("one").expect("no panic");
        // Without a share, it waits for the steps of all four.
        assert!(longest < Duration::from_millis(35), "{longest:?}");
    }

    #[tokio::test]
    async fn many_handshakes_of_one_peer_take_one_turn_of_two_and_no_time_of_others() {
        const STEP: Duration = Duration::from_millis(4);
        // A client has less time than all of them wait.
        const TIME: Duration = Duration::from_millis(200);
        let share = Rc::new(HandshakeShare::default());
        let local = tokio::task::LocalSet::new();
        local
            .run_until(async {
                let mut many = JoinSet::new();
                for _ in 0..100 {
                    let share = share.clone();
                    many.spawn_local(async move { share.run(peer(1), TIME, steps(STEP)).await });
                }
                tokio::task::yield_now().await;
                let began = Instant::now();
                let other = share.run(peer(2), TIME, steps(STEP)).await;
                assert!(other.result.is_some(), "its client took no time");
                assert!(began.elapsed() < STEP * 100, "{:?}", began.elapsed());
                // They wait much longer than a client has time, which is theirs all the same.
                while let Some(ended) = many.join_next().await {
                    assert!(ended.expect("no panic").result.is_some());
                }
                assert!(began.elapsed() > STEP * 200);
            })
            .await;
    }

    #[tokio::test]
    async fn a_client_that_does_not_go_on_has_its_time_and_one_that_has_gone_leaves_its_turn() {
        let share = Rc::new(HandshakeShare::default());
        let time = Duration::from_millis(20);
        assert!(share.run(peer(1), time, std::future::pending::<()>()).await.result.is_none());
        let turn = share.turn(peer(1), false).await;
        for _ in 0..3 {
            let waits = share.run(peer(1), LONG, std::future::ready(()));
            assert!(timeout(time, waits).await.is_err(), "somebody has the turn");
        }
        {
            let mut given = pin!(share.run(peer(1), LONG, std::future::ready(())));
            assert!(timeout(time, given.as_mut()).await.is_err());
            drop(turn);
            // It goes when it was given the turn, and has not taken it.
        }
        assert!(share.run(peer(2), LONG, std::future::ready(())).await.result.is_some());
    }

    #[test]
    fn a_network_of_version_6_is_one_peer() {
        let at = |text: &str| HandshakePeer::at(Some(text.parse().expect("an address")));
        assert_eq!(at("2001:db8:7::1"), at("2001:db8:7:ffff:1:2:3:4"));
        assert_ne!(at("2001:db8:7::1"), at("2001:db8:8::1"));
        assert_eq!(at("::ffff:192.0.2.1"), at("192.0.2.1"));
        assert_ne!(at("192.0.2.1"), at("192.0.2.2"));
    }
}
