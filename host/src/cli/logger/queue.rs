//! Lines on their way to a place that may be slow or stuck, written by a thread of their own.
//!
//! Whoever logs never waits, and mostly wakes nobody either: after a line the thread rests for a
//! moment, and writes what came meanwhile at once.

use std::io::{self, Write};
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tracing::Metadata;
use tracing_subscriber::fmt::MakeWriter;

use crate::sync::lock;

/// Lines that wait; beyond them lines are lost rather than calls delayed.
const MAX_QUEUED_LINES: usize = 1024;
/// Lines that wait when those of plugins are lost: the rest is kept for what the host has to say of them.
const MAX_QUEUED_PLUGIN_LINES: usize = 768;
/// The bytes that are written at once, but for a line that is longer.
const WRITE_BYTES: usize = 64 * 1024;
/// Room that is kept for lines although none waits, in bytes: as much as a busy server's take.
const KEPT_BUFFER: usize = 256 * 1024;
/// The time that the thread rests between writes. Its work delays about one call in some hundred.
const REST: Duration = Duration::from_millis(20);
/// The time that the end waits for lines that are not written yet.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(1);

/// The queue into which lines are put.
#[derive(Clone)]
pub(super) struct Queue(Arc<SharedQueue>);

/// The thread that writes them. Dropping it writes what waits.
pub(super) struct LogWriter {
    shared: Arc<SharedQueue>,
    ended: Receiver<()>,
}

#[derive(Default)]
struct SharedQueue {
    // A lock and not a snapshot: lines come from every thread. It is held to move a line, never to
    // write one.
    state: Mutex<QueueState>,
    woken: Condvar,
}

#[derive(Default)]
struct QueueState {
    waiting: Lines,
    /// The number of lines that were lost since the thread looked last.
    lost: u64,
    /// The thread waits for the next line.
    sleeps: bool,
    ends: bool,
}

/// Whole lines, one after the other.
#[derive(Default)]
struct Lines {
    bytes: Vec<u8>,
    count: usize,
}

impl Lines {
    fn push(&mut self, line: &[u8]) {
        self.bytes.extend_from_slice(line);
        self.count += 1;
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.bytes.shrink_to(KEPT_BUFFER);
        self.count = 0;
    }
}

/// Starts a thread that writes to `place`. `tell_lost` is given the number of lines that were lost, once some could be
/// written again.
pub(super) fn start(
    place: impl Write + Send + 'static,
    tell_lost: impl Fn(u64) + Send + 'static,
) -> io::Result<(Queue, LogWriter)> {
    let shared = Arc::new(SharedQueue::default());
    let (done, ended) = sync_channel(1);
    let thread = shared.clone();
    std::thread::Builder::new().name("log".into()).spawn(move || {
        thread.write(place, tell_lost);
        let _ = done.send(());
    })?;
    Ok((Queue(shared.clone()), LogWriter { shared, ended }))
}

impl Drop for LogWriter {
    fn drop(&mut self) {
        self.shared.state().ends = true;
        self.shared.woken.notify_all();
        let _ = self.ended.recv_timeout(FLUSH_TIMEOUT);
    }
}

impl SharedQueue {
    fn state(&self) -> MutexGuard<'_, QueueState> {
        lock(&self.state)
    }

    fn put(&self, line: &[u8], most: usize) {
        let mut state = self.state();
        if state.waiting.count >= most {
            state.lost += 1;
            return;
        }
        state.waiting.push(line);
        if std::mem::take(&mut state.sleeps) || state.waiting.count == MAX_QUEUED_LINES / 2 {
            drop(state);
            self.woken.notify_one();
        }
    }

    fn write(&self, mut place: impl Write, tell_lost: impl Fn(u64)) {
        let mut lines = Lines::default();
        loop {
            let mut state = self.state();
            while state.waiting.count == 0 && !state.ends {
                state.sleeps = true;
                state = self.woken.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
            state.sleeps = false;
            std::mem::swap(&mut lines, &mut state.waiting);
            let (ends, lost) = (state.ends, std::mem::take(&mut state.lost));
            drop(state);
            write_all(&mut place, &lines.bytes);
            if lost > 0 {
                tell_lost(lost);
            }
            if ends && lines.count == 0 {
                return;
            }
            lines.clear();
            let rests =
                |state: &mut QueueState| !state.ends && state.waiting.count < MAX_QUEUED_LINES / 2;
            drop(self.woken.wait_timeout_while(self.state(), REST, rests));
        }
    }
}

/// Writes whole lines, some at a time. What cannot be written is lost: there is nobody to tell.
fn write_all(place: &mut impl Write, mut lines: &[u8]) {
    let is_end = |&byte: &u8| byte == b'\n';
    while lines.len() > WRITE_BYTES {
        let fits = lines[..WRITE_BYTES].iter().rposition(is_end);
        let end = fits.or_else(|| lines.iter().position(is_end)).map_or(lines.len(), |at| at + 1);
        let _ = place.write_all(&lines[..end]);
        lines = &lines[end..];
    }
    let _ = place.write_all(lines).and_then(|()| place.flush());
}

/// The queue for lines that are lost if so many wait.
pub(super) struct QueueShare<'a> {
    queue: &'a SharedQueue,
    most: usize,
}

impl<'a> MakeWriter<'a> for Queue {
    type Writer = QueueShare<'a>;

    fn make_writer(&'a self) -> QueueShare<'a> {
        QueueShare { queue: &self.0, most: MAX_QUEUED_LINES }
    }

    fn make_writer_for(&'a self, line: &Metadata<'_>) -> QueueShare<'a> {
        if line.target() == "plugin" {
            return QueueShare { queue: &self.0, most: MAX_QUEUED_PLUGIN_LINES };
        }
        self.make_writer()
    }
}

impl Write for QueueShare<'_> {
    /// Takes one line, whole: that is how `tracing` writes.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.queue.put(line, self.most);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::Paper;
    use super::*;

    #[test]
    fn everything_is_written_in_order_before_the_end() {
        let paper = Paper::default();
        let (queue, writer) = start(paper.clone(), |_| ()).expect("a thread");
        let mut expected = String::new();
        for number in 0..500 {
            let line = format!("line {number}\n");
            queue.make_writer().write_all(line.as_bytes()).expect("taken");
            expected += &line;
        }
        drop(writer);
        assert_eq!(paper.text(), expected);
    }

    #[test]
    fn pieces_are_whole_lines() {
        #[derive(Default)]
        struct Pieces(Vec<Vec<u8>>);
        impl Write for Pieces {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                self.0.push(bytes.to_vec());
                Ok(bytes.len())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let line = |length: usize| [vec![b'x'; length - 1], vec![b'\n']].concat();
        let lines = [line(100), line(WRITE_BYTES - 100), line(2), line(2 * WRITE_BYTES), line(5)];
        let mut pieces = Pieces::default();
        write_all(&mut pieces, &lines.concat());
        let lengths: Vec<_> = pieces.0.iter().map(Vec::len).collect();
        assert_eq!(lengths, [WRITE_BYTES, 2, 2 * WRITE_BYTES, 5]);
        assert_eq!(pieces.0.concat(), lines.concat());
    }

    #[test]
    fn a_stuck_place_costs_lines_and_no_time() {
        struct Stuck(Receiver<()>);
        impl Write for Stuck {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                let _ = self.0.recv();
                Ok(bytes.len())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let (release, stuck) = sync_channel(0);
        let lost = Arc::new(Mutex::new(0));
        let told = lost.clone();
        let tell = move |lines| *lock(&told) += lines;
        let (queue, writer) = start(Stuck(stuck), tell).expect("a thread");
        // The thread has the first, and is stuck with it.
        let put = |share: usize, lines: usize| {
            for _ in 0..lines {
                let mut share = QueueShare { queue: &queue.0, most: share };
                share.write_all(b"x\n").expect("taken or lost");
            }
        };
        put(MAX_QUEUED_LINES, 1);
        while queue.0.state().waiting.count > 0 {
            std::thread::yield_now();
        }
        // However much plugins write, there is room for the host's own lines.
        put(MAX_QUEUED_PLUGIN_LINES, 10 * MAX_QUEUED_LINES);
        assert_eq!(queue.0.state().waiting.count, MAX_QUEUED_PLUGIN_LINES);
        put(MAX_QUEUED_LINES, 10 * MAX_QUEUED_LINES);
        assert_eq!(queue.0.state().waiting.count, MAX_QUEUED_LINES);
        drop(release);
        drop(writer);
        assert_eq!(*lock(&lost), 19 * MAX_QUEUED_LINES as u64);
    }
}
