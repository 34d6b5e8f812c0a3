//! The connections to the server of metrics: those that ask for nothing give way to others.
//!
//! It does not know what is asked or answered.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

/// Connections at once. Where there is one more, the oldest of those that have not asked yet is closed.
const MAX_SCRAPE_CONNECTIONS: usize = 64;
/// Scrapes that are answered at once. Where there is one more, the oldest is cut off: its client does not read.
const MAX_SCRAPES: usize = 8;
/// The time between two lines in the log about connections that are closed.
const FULL_INTERVAL: Duration = Duration::from_secs(60);

/// The connections that are open.
///
/// A lock and not a snapshot: each connection changes its own entry. It is never held across a step.
#[derive(Default)]
pub(super) struct ScrapeConnections(Mutex<ConnectionTable>);

#[derive(Default)]
struct ConnectionTable {
    /// The oldest first.
    open: Vec<ListedScrape>,
    last: u64,
    /// Connections that were closed to make room, and of which no line in the log tells yet.
    closed: u64,
    /// The time of the last line. `None` where there was none.
    told: Option<Instant>,
}

struct ListedScrape {
    number: u64,
    /// True once its request is whole.
    has_asked: bool,
    close: Arc<Notify>,
}

/// A connection, until it is dropped.
pub(super) struct ScrapeConnection {
    all: Arc<ScrapeConnections>,
    number: u64,
    close: Arc<Notify>,
}

impl ScrapeConnections {
    /// Lists a connection that was accepted. It takes the place of another one where all are taken.
    pub(super) fn connect(self: &Arc<Self>) -> ScrapeConnection {
        let mut table = self.table();
        if table.open.len() >= MAX_SCRAPE_CONNECTIONS {
            let silent = table.open.iter().position(|open| !open.has_asked);
            table.close(silent.unwrap_or(0));
        }
        table.last += 1;
        let (number, close) = (table.last, Arc::<Notify>::default());
        table.open.push(ListedScrape { number, has_asked: false, close: close.clone() });
        ScrapeConnection { all: self.clone(), number, close }
    }

    fn table(&self) -> MutexGuard<'_, ConnectionTable> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ConnectionTable {
    /// Closes the connection in this place.
    fn close(&mut self, at: usize) {
        self.open.remove(at).close.notify_one();
        self.closed += 1;
        let now = Instant::now();
        if self.told.is_some_and(|told| now.duration_since(told) < FULL_INTERVAL) {
            return;
        }
        self.told = Some(now);
        let closed = std::mem::take(&mut self.closed);
        tracing::warn!(
            "connections for metrics are closed to make room, {closed} since the last line: at most {MAX_SCRAPE_CONNECTIONS} are open and \
             {MAX_SCRAPES} of them answered at once; let only those who collect metrics reach the address"
        );
    }
}

impl ScrapeConnection {
    /// Notes that its request is whole.
    pub(super) fn asks(&self) {
        let mut table = self.all.table();
        if let Some(own) = table.open.iter_mut().find(|open| open.number == self.number) {
            own.has_asked = true;
        }
        let mut asked = table.open.iter().enumerate().filter(|(_, open)| open.has_asked);
        let oldest = asked.next().map(|(at, _)| at);
        if asked.count() >= MAX_SCRAPES
            && let Some(oldest) = oldest
        {
            table.close(oldest);
        }
    }

    /// Resolves when it has to make room for another.
    pub(super) async fn closes(&self) {
        self.close.notified().await;
    }
}

impl Drop for ScrapeConnection {
    fn drop(&mut self) {
        self.all.table().open.retain(|open| open.number != self.number);
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future as _;
    use std::task::{Context, Poll, Waker};

    use super::*;

    fn is_closed(connection: &ScrapeConnection) -> bool {
        let closes = std::pin::pin!(connection.closes());
        closes.poll(&mut Context::from_waker(Waker::noop())) == Poll::Ready(())
    }

    fn closed(connections: &[ScrapeConnection]) -> Vec<usize> {
        (0..connections.len()).filter(|&at| is_closed(&connections[at])).collect()
    }

    #[test]
    fn the_oldest_that_has_not_asked_gives_way_to_a_newcomer() {
        let all = Arc::<ScrapeConnections>::default();
        let mut open: Vec<_> = (0..MAX_SCRAPE_CONNECTIONS).map(|_| all.connect()).collect();
        open[0].asks();
        assert_eq!(closed(&open), Vec::<usize>::new(), "there is room for all");
        open.push(all.connect());
        open.push(all.connect());
        assert_eq!(closed(&open), [1, 2]);
        // One that goes by itself leaves its place to the next.
        drop(open.remove(3));
        open.push(all.connect());
        assert_eq!(closed(&open), Vec::<usize>::new());
        assert_eq!(all.table().open.len(), MAX_SCRAPE_CONNECTIONS);
    }

    #[test]
    fn the_oldest_that_does_not_read_its_answer_gives_way_to_another_scrape() {
        let all = Arc::<ScrapeConnections>::default();
        let silent = all.connect();
        let open: Vec<_> = (0..MAX_SCRAPES + 2).map(|_| all.connect()).collect();
        for connection in &open[..MAX_SCRAPES] {
            connection.asks();
        }
        assert_eq!(closed(&open), Vec::<usize>::new());
        open[MAX_SCRAPES].asks();
        open[MAX_SCRAPES + 1].asks();
        assert_eq!(closed(&open), [0, 1]);
        assert!(!is_closed(&silent));
    }

    #[test]
    fn the_log_is_told_at_once_and_then_of_many_together() {
        let all = Arc::<ScrapeConnections>::default();
        let _open: Vec<_> = (0..MAX_SCRAPE_CONNECTIONS + 3).map(|_| all.connect()).collect();
        assert_eq!(all.table().closed, 2, "the first was told");
        let before = Instant::now().checked_sub(FULL_INTERVAL).expect("the clock runs longer");
        all.table().told = Some(before);
        let _next = all.connect();
        assert_eq!(all.table().closed, 0);
    }
}
