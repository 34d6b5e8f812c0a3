//! Lines on their way to a place that may be slow or stuck, written by a thread of their own.
//!
//! Whoever logs never waits, and mostly wakes nobody either: after a line the thread rests for a
//! moment, and writes what came meanwhile at once.

use std::io::{self, Write};
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tracing_subscriber::fmt::MakeWriter;

use crate::sync::lock;

/// Lines that wait; beyond them lines are lost rather than calls delayed.
const MAX_QUEUED_LINES: usize = 1024;
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

/// Starts a thread that writes to `place`.
pub(super) fn start(place: impl Write + Send + 'static) -> io::Result<(Queue, LogWriter)> {
    let shared = Arc::new(SharedQueue::default());
    let (done, ended) = sync_channel(1);
    let thread = shared.clone();
    std::thread::Builder::new().name("log".into()).spawn(move || {
        thread.write(place);
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

    fn put(&self, line: &[u8]) {
        let mut state = self.state();
        if state.waiting.count >= MAX_QUEUED_LINES {
            return;
        }
        state.waiting.push(line);
        if std::mem::take(&mut state.sleeps) || state.waiting.count == MAX_QUEUED_LINES / 2 {
            drop(state);
            self.woken.notify_one();
        }
    }

    fn write(&self, mut place: impl Write) {
        let mut lines = Lines::default();
        loop {
            let mut state = self.state();
            while state.waiting.count == 0 && !state.ends {
                state.sleeps = true;
                state = self.woken.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
            state.sleeps = false;
            std::mem::swap(&mut lines, &mut state.waiting);
            let ends = state.ends;
            drop(state);
            write_all(&mut place, &lines.bytes);
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

impl<'a> MakeWriter<'a> for Queue {
    type Writer = &'a Queue;

    fn make_writer(&'a self) -> Self::Writer {
        self
    }
}

impl Write for &Queue {
    /// Takes one line, whole: that is how `tracing` writes.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.put(line);
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
        let (queue, writer) = start(paper.clone()).expect("a thread");
        let mut expected = String::new();
        for number in 0..500 {
            let line = format!("line {number}\n");
            (&queue).write_all(line.as_bytes()).expect("taken");
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
        let (queue, writer) = start(Stuck(stuck)).expect("a thread");
        for _ in 0..10 * MAX_QUEUED_LINES {
            (&queue).write_all(b"x\n").expect("taken or lost");
        }
        assert!(queue.0.state().waiting.count <= MAX_QUEUED_LINES);
        drop(release);
        drop(writer);
    }
}
