//! Entries on their way to the file, which may be slow, full or stuck: kept within bounds, and written by a thread of their own.
//!
//! Whoever tells of a call never waits. While the file cannot be written, entries wait; beyond the bounds they are lost and
//! counted.

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::counts::AuditCounts;
use super::file::{self, AuditFile, AuditFileError, UnwrittenLines};
use super::line::{self, AuditEntry};
use crate::mcp::{CallObserver, EndedCall};
use crate::sync::lock;

/// Entries that wait to be written; beyond them lines are lost rather than calls delayed.
const MAX_WAITING_ENTRIES: usize = 8192;
/// The memory of those that wait, in bytes. From half of it on, arguments are digested at once and not kept.
const MAX_WAITING_BYTES: usize = 16 * 1024 * 1024;
/// The entries that are taken at once, and the bytes of lines that are written at once, but for a line that is longer.
const WRITTEN_AT_ONCE: usize = 256;
const WRITTEN_BYTES: usize = 32 * 1024;
/// The time that the thread rests between writes.
const WRITE_REST: Duration = Duration::from_millis(20);
/// The time after which a file that cannot be written is tried again.
const WRITE_AGAIN: Duration = Duration::from_secs(1);
/// The time that the end waits for lines that are not written yet.
const LAST_LINES: Duration = Duration::from_secs(2);

/// The place of the lines.
pub(super) enum AuditPlace {
    Stderr,
    File(AuditFile),
}

/// The queue, which is told of calls.
pub(super) struct AuditQueue(Arc<WaitingEntries>);

/// The thread that writes. Dropping it writes what waits.
pub(super) struct AuditThread {
    shared: Arc<WaitingEntries>,
    ended: Receiver<()>,
}

struct WaitingEntries {
    // A lock and not a snapshot: entries come from every thread. It is held to move some, never to write one.
    state: Mutex<EntryState>,
    woken: Condvar,
    counts: Arc<AuditCounts>,
}

#[derive(Default)]
struct EntryState {
    waiting: VecDeque<AuditEntry>,
    bytes: usize,
    /// The number of lines that were lost and not told in the file yet.
    lost: u64,
    /// True if the thread waits for the next entry.
    sleeps: bool,
    ends: bool,
}

/// Starts a thread that writes to `place`.
pub(super) fn start(
    place: AuditPlace,
    shown: String,
    with_arguments: bool,
    counts: Arc<AuditCounts>,
) -> std::io::Result<(AuditQueue, AuditThread)> {
    let shared =
        Arc::new(WaitingEntries { state: Mutex::default(), woken: Condvar::new(), counts });
    let (done, ended) = sync_channel(1);
    let mut writer =
        AuditWriter { shared: shared.clone(), place, shown, with_arguments, fails: false };
    std::thread::Builder::new().name("audit".into()).spawn(move || {
        writer.run();
        let _ = done.send(());
    })?;
    Ok((AuditQueue(shared.clone()), AuditThread { shared, ended }))
}

impl CallObserver for AuditQueue {
    fn ended(&self, call: &EndedCall<'_>) {
        self.0.put(AuditEntry::of(call));
    }

    fn reads_grants(&self) -> bool {
        true
    }
}

impl Drop for AuditThread {
    fn drop(&mut self) {
        self.shared.state().ends = true;
        self.shared.woken.notify_all();
        if self.ended.recv_timeout(LAST_LINES).is_err() {
            tracing::warn!(
                "the last lines of the audit log may be missing: they could not be written in {LAST_LINES:?}"
            );
        }
    }
}

impl WaitingEntries {
    fn state(&self) -> MutexGuard<'_, EntryState> {
        lock(&self.state)
    }

    fn put(&self, entry: AuditEntry) {
        let Err(entry) = self.try_put(entry) else { return };
        // A digest takes a while, and is not made while others wait.
        let entry =
            if entry.holds_arguments() { self.try_put(entry.digested()) } else { Err(entry) };
        if entry.is_err() {
            self.state().lost += 1;
            self.counts.add_lost(1);
        }
    }

    /// Puts the entry among those that wait, or returns it where there is no room.
    fn try_put(&self, entry: AuditEntry) -> Result<(), AuditEntry> {
        let mut state = self.state();
        let size = entry.size();
        let most = if entry.holds_arguments() { MAX_WAITING_BYTES / 2 } else { MAX_WAITING_BYTES };
        if state.waiting.len() >= MAX_WAITING_ENTRIES || state.bytes + size > most {
            return Err(entry);
        }
        state.bytes += size;
        state.waiting.push_back(entry);
        if std::mem::take(&mut state.sleeps) || state.waiting.len() == WRITTEN_AT_ONCE {
            drop(state);
            self.woken.notify_one();
        }
        Ok(())
    }

    /// Waits for entries, and takes some. Returns them with the number of lines that were lost before; none at the end.
    fn take(&self) -> Option<(Vec<AuditEntry>, u64)> {
        let mut state = self.state();
        while state.waiting.is_empty() && !state.ends {
            state.sleeps = true;
            state = self.woken.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.sleeps = false;
        let some = state.waiting.len().min(WRITTEN_AT_ONCE);
        let entries: Vec<_> = state.waiting.drain(..some).collect();
        state.bytes -= entries.iter().map(AuditEntry::size).sum::<usize>();
        if state.waiting.is_empty() {
            // A busy hour is not to be held for ever.
            state.waiting.shrink_to(WRITTEN_AT_ONCE);
        }
        let lost = std::mem::take(&mut state.lost);
        let is_end = entries.is_empty() && lost == 0;
        (!is_end).then_some((entries, lost))
    }

    /// Rests for so long, unless the end comes, or much waits.
    fn rest(&self, time: Duration, most: usize) {
        let rests = |state: &mut EntryState| !state.ends && state.waiting.len() < most;
        drop(self.woken.wait_timeout_while(self.state(), time, rests));
    }

    fn ends(&self) -> bool {
        self.state().ends
    }
}

struct AuditWriter {
    shared: Arc<WaitingEntries>,
    place: AuditPlace,
    /// The place as people are told of it.
    shown: String,
    with_arguments: bool,
    /// True if the last write failed, which was told.
    fails: bool,
}

impl AuditWriter {
    fn run(&mut self) {
        let mut lines = Vec::new();
        while let Some((entries, lost)) = self.shared.take() {
            let mut left = entries.len() as u64;
            for entry in entries {
                entry.write(self.with_arguments, &mut lines);
                left -= 1;
                if lines.len() >= WRITTEN_BYTES && !self.write_all(&mut lines) {
                    return self.give_up(left);
                }
            }
            if lost > 0 {
                line::write_lost(lost, &mut lines);
            }
            if !self.write_all(&mut lines) {
                return self.give_up(0);
            }
            if lost > 0 {
                tracing::warn!(
                    lines = lost,
                    "lines of the audit log were lost, since it could not be written in time"
                );
            }
            self.shared.rest(WRITE_REST, WRITTEN_AT_ONCE);
        }
        if let AuditPlace::File(file) = &self.place {
            file.sync();
        }
    }

    /// Writes lines, however often that has to be tried, and leaves none. Returns false if the end came first.
    fn write_all(&mut self, lines: &mut Vec<u8>) -> bool {
        let counts = self.shared.counts.clone();
        loop {
            let (written, error) = match self.append(lines) {
                Ok(()) => (lines.len(), None),
                Err(UnwrittenLines { written, error }) => (written, Some(error)),
            };
            counts.add_written(count_lines(&lines[..written]));
            lines.drain(..written);
            let Some(error) = error else {
                if std::mem::take(&mut self.fails) {
                    tracing::info!("the audit log {} is written again", self.shown);
                }
                lines.shrink_to(WRITTEN_BYTES);
                return true;
            };
            self.tell_failure(&error);
            if self.shared.ends() {
                counts.add_lost(count_lines(lines));
                return false;
            }
            // A full queue is no reason to try sooner.
            self.shared.rest(WRITE_AGAIN, usize::MAX);
        }
    }

    fn append(&mut self, lines: &[u8]) -> Result<(), UnwrittenLines> {
        match &mut self.place {
            AuditPlace::File(file) => file.append(lines),
            // A stream has no end that others see: it goes on where it stopped.
            AuditPlace::Stderr => file::write(std::io::stderr().lock(), lines)
                .map_err(|(written, error)| UnwrittenLines { written, error: error.into() }),
        }
    }

    fn tell_failure(&mut self, error: &AuditFileError) {
        if !std::mem::replace(&mut self.fails, true) {
            tracing::warn!(
                "the audit log {} cannot be written: {error}; calls go on, and their lines wait, or are lost and counted where \
                 they become too many",
                self.shown
            );
        }
    }

    /// Counts what is left at the end as lost: so many entries that were taken, and those that wait.
    fn give_up(&self, taken: u64) {
        let left = taken + self.shared.state().waiting.len() as u64;
        self.shared.counts.add_lost(left);
        let lost = self.shared.counts.lost();
        tracing::warn!(lines = lost, "the audit log {} ends without all lines", self.shown);
    }
}

fn count_lines(lines: &[u8]) -> u64 {
    lines.iter().filter(|&&byte| byte == b'\n').count() as u64
}

#[cfg(test)]
mod tests {
    use std::time::{Instant, SystemTime};

    use serde_json::value::RawValue;

    use super::*;
    use crate::mcp::EndKind;
    use crate::tool::Usage;

    fn entry(arguments: usize) -> AuditEntry {
        let text = format!("{{\"a\":\"{}\"}}", "x".repeat(arguments));
        let arguments: Arc<RawValue> = RawValue::from_string(text).expect("JSON").into();
        AuditEntry::of(&EndedCall {
            came: SystemTime::now(),
            arrived: Instant::now(),
            request: "1",
            principal: "",
            client: None,
            source: None,
            tool: "echo",
            plugin: None,
            arguments: Some(&arguments),
            end: EndKind::Cancelled,
            time: Duration::ZERO,
            wait: Duration::ZERO,
            usage: Usage::default(),
            trace: None,
        })
    }

    fn waiting() -> WaitingEntries {
        let counts = Arc::default();
        WaitingEntries { state: Mutex::default(), woken: Condvar::new(), counts }
    }

    #[test]
    fn entries_beyond_the_bound_are_lost_and_counted() {
        let entries = waiting();
        for _ in 0..MAX_WAITING_ENTRIES + 3 {
            entries.put(entry(1));
        }
        assert_eq!(entries.counts.lost(), 3);
        let (taken, lost) = entries.take().expect("some");
        assert_eq!((taken.len(), lost), (WRITTEN_AT_ONCE, 3));
        // There is room again, and what was lost is told once.
        entries.put(entry(1));
        assert_eq!((entries.counts.lost(), entries.take().expect("more").1), (3, 0));
    }

    #[test]
    fn large_arguments_are_let_go_before_a_line_is_lost() {
        let entries = waiting();
        let many = 100;
        for _ in 0..many {
            entries.put(entry(1024 * 1024));
        }
        let state = entries.state();
        assert_eq!((state.waiting.len(), state.lost), (many, 0));
        assert!(state.bytes <= MAX_WAITING_BYTES, "{}", state.bytes);
        let line = |at: usize| -> serde_json::Value {
            let mut line = Vec::new();
            state.waiting[at].write(false, &mut line);
            serde_json::from_slice(&line).expect("JSON")
        };
        assert!(state.waiting[0].holds_arguments() && !state.waiting[many - 1].holds_arguments());
        assert_eq!(line(many - 1)["arguments_sha256"], line(0)["arguments_sha256"]);
        drop(state);
        let mut taken = 0;
        while taken < many {
            taken += entries.take().expect("more").0.len();
        }
        assert_eq!(entries.state().bytes, 0);
    }
}
