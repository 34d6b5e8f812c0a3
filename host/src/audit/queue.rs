//! Entries on their way to the file, which may be slow, full or stuck: kept within bounds, and written by a thread of their own.
//!
//! Whoever tells of a call never waits. While the file cannot be written, entries wait; beyond the bounds they are lost and
//! counted.

use std::collections::{HashMap, VecDeque};
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::counts::AuditCounts;
use super::file::{self, AuditFile, AuditFileError, UnwrittenLines};
use super::line::{self, AuditEntry, RepeatedCalls};
use crate::mcp::{CallObserver, EndedCall};
use crate::sync::lock;

/// Entries that wait to be written; beyond them lines are lost rather than calls delayed.
const MAX_WAITING_ENTRIES: usize = 8192;
/// The memory of those that wait, in bytes. From half of it on, arguments are digested at once and not kept.
const MAX_WAITING_BYTES: usize = 16 * 1024 * 1024;
/// The time after which refused calls that have no line each are told of in one line for each principal.
const REPEATED_REST: Duration = Duration::from_secs(10);
/// Principals whose refused calls are counted apart; those of others are counted together.
const MAX_REPEATED_PRINCIPALS: usize = 1024;
/// The principal of calls of others, in place of an id.
const OTHER_PRINCIPALS: &str = "*";
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
    /// The part of those that each principal has, if it has any.
    shares: HashMap<Box<str>, WaitingShare>,
    /// Refused calls that get no line each, by their principals.
    repeated: HashMap<Box<str>, RepeatedCalls>,
    /// The time at which those are told of. `None` where there are none.
    repeated_due: Option<Instant>,
    /// The number of lines that were lost and not told in the file yet.
    lost: u64,
    /// True if the thread waits for the next entry.
    sleeps: bool,
    ends: bool,
}

/// The part of what waits that one principal has.
#[derive(Clone, Copy, Default)]
struct WaitingShare {
    entries: usize,
    bytes: usize,
}

/// The reason why an entry does not wait.
enum NoRoom {
    /// There is none for its arguments; there may be some without them.
    ForArguments(Box<AuditEntry>),
    /// There is none for it.
    AtAll,
}

/// The things that are to be written next.
struct TakenEntries {
    entries: Vec<AuditEntry>,
    repeated: HashMap<Box<str>, RepeatedCalls>,
    /// The number of lines that were lost before.
    lost: u64,
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

    fn repeated(&self, call: &EndedCall<'_>) {
        self.0.count(call);
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

impl EntryState {
    /// Gives back the room of an entry that waits no more.
    fn give_back(&mut self, entry: &AuditEntry) {
        self.bytes -= entry.size();
        if let Some(share) = self.shares.get_mut(entry.principal()) {
            share.entries -= 1;
            share.bytes -= entry.size();
            if share.entries == 0 {
                self.shares.remove(entry.principal());
            }
        }
    }
}

impl TakenEntries {
    fn is_nothing(&self) -> bool {
        self.entries.is_empty() && self.repeated.is_empty() && self.lost == 0
    }
}

impl WaitingEntries {
    fn state(&self) -> MutexGuard<'_, EntryState> {
        lock(&self.state)
    }

    fn put(&self, entry: AuditEntry) {
        let left = match self.try_put(entry) {
            Ok(()) => return,
            // A digest takes a while, and is not made while others wait.
            Err(NoRoom::ForArguments(entry)) => self.try_put(entry.digested()),
            Err(no_room) => Err(no_room),
        };
        if left.is_err() {
            self.state().lost += 1;
            self.counts.add_lost(1);
        }
    }

    /// Puts the entry among those that wait. Each principal may have as much waiting as is free then, so that there is always
    /// some room for others.
    fn try_put(&self, entry: AuditEntry) -> Result<(), NoRoom> {
        let mut state = self.state();
        let own = state.shares.get(entry.principal()).copied().unwrap_or_default();
        let size = entry.size();
        let fits = |most: usize| own.bytes + state.bytes + size <= most;
        if own.entries + state.waiting.len() >= MAX_WAITING_ENTRIES || !fits(MAX_WAITING_BYTES) {
            let may_fit = own.entries + state.waiting.len() < MAX_WAITING_ENTRIES;
            return Err(match entry.holds_arguments() && may_fit {
                true => NoRoom::ForArguments(entry.into()),
                false => NoRoom::AtAll,
            });
        }
        if entry.holds_arguments() && !fits(MAX_WAITING_BYTES / 2) {
            return Err(NoRoom::ForArguments(entry.into()));
        }
        let share = state.shares.entry(entry.principal().into()).or_default();
        share.entries += 1;
        share.bytes += size;
        state.bytes += size;
        state.waiting.push_back(entry);
        self.counts.add_waiting();
        if std::mem::take(&mut state.sleeps) || state.waiting.len() == WRITTEN_AT_ONCE {
            drop(state);
            self.woken.notify_one();
        }
        Ok(())
    }

    /// Counts a call that gets no line of its own.
    fn count(&self, call: &EndedCall<'_>) {
        let mut state = self.state();
        let is_known = state.repeated.contains_key(call.principal);
        let has_room = is_known || state.repeated.len() < MAX_REPEATED_PRINCIPALS;
        let principal = if has_room { call.principal } else { OTHER_PRINCIPALS };
        match state.repeated.get_mut(principal) {
            Some(repeated) => repeated.add(call),
            None => drop(state.repeated.insert(principal.into(), RepeatedCalls::of(call))),
        }
        if state.repeated_due.is_none() {
            state.repeated_due = Some(Instant::now() + REPEATED_REST);
            if std::mem::take(&mut state.sleeps) {
                drop(state);
                self.woken.notify_one();
            }
        }
    }

    /// Waits for something to write, and takes some of it. Returns `None` at the end.
    fn take(&self) -> Option<TakenEntries> {
        let mut state = self.state();
        let is_due = loop {
            let rest = state.repeated_due.map(|due| due.saturating_duration_since(Instant::now()));
            let is_due = state.ends || rest.is_some_and(|rest| rest.is_zero());
            if is_due || !state.waiting.is_empty() {
                break is_due;
            }
            state.sleeps = true;
            state = match rest {
                Some(rest) => {
                    let waited = self.woken.wait_timeout(state, rest);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
                None => self.woken.wait(state).unwrap_or_else(PoisonError::into_inner),
            };
        };
        state.sleeps = false;
        let some = state.waiting.len().min(WRITTEN_AT_ONCE);
        let entries: Vec<_> = state.waiting.drain(..some).collect();
        for entry in &entries {
            state.give_back(entry);
        }
        if state.waiting.is_empty() {
            // A busy hour is not to be held for ever.
            state.waiting.shrink_to(WRITTEN_AT_ONCE);
        }
        let repeated = match is_due {
            true => {
                state.repeated_due = None;
                std::mem::take(&mut state.repeated)
            }
            false => HashMap::new(),
        };
        let taken = TakenEntries { entries, repeated, lost: std::mem::take(&mut state.lost) };
        (!taken.is_nothing()).then_some(taken)
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
        while let Some(TakenEntries { entries, repeated, lost }) = self.shared.take() {
            let taken = entries.len() as u64;
            let mut left = taken + repeated.len() as u64;
            for entry in entries {
                entry.write(self.with_arguments, &mut lines);
                left -= 1;
                if lines.len() >= WRITTEN_BYTES && !self.write_all(&mut lines) {
                    return self.give_up(left);
                }
            }
            for (principal, repeated) in repeated {
                repeated.write(&principal, &mut lines);
            }
            if lost > 0 {
                line::write_lost(lost, &mut lines);
            }
            if !self.write_all(&mut lines) {
                return self.give_up(0);
            }
            self.shared.counts.end_waiting(taken);
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
                    counts.set_problem(None);
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
        let problem = format!("the audit log {} cannot be written: {error}", self.shown);
        self.shared.counts.set_problem(Some(problem));
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

    /// Does something with a call by this principal that was refused, with arguments of so many bytes.
    fn with_call<T>(principal: &str, arguments: usize, act: impl Fn(&EndedCall<'_>) -> T) -> T {
        let text = format!("{{\"a\":\"{}\"}}", "x".repeat(arguments));
        let arguments: Arc<RawValue> = RawValue::from_string(text).expect("JSON").into();
        act(&EndedCall {
            came: SystemTime::now(),
            arrived: Instant::now(),
            request: "1",
            principal,
            client: None,
            source: None,
            tool: "echo",
            plugin: None,
            arguments: Some(&arguments),
            end: EndKind::UnknownTool,
            calls: 1,
            time: Duration::ZERO,
            wait: Duration::ZERO,
            usage: Usage::default(),
            trace: None,
        })
    }

    fn entry_of(principal: &str, arguments: usize) -> AuditEntry {
        with_call(principal, arguments, AuditEntry::of)
    }

    fn entry(arguments: usize) -> AuditEntry {
        entry_of("", arguments)
    }

    fn waiting() -> WaitingEntries {
        let counts = Arc::default();
        WaitingEntries { state: Mutex::default(), woken: Condvar::new(), counts }
    }

    #[test]
    fn entries_beyond_the_bound_are_lost_and_counted() {
        let entries = waiting();
        for _ in 0..MAX_WAITING_ENTRIES / 2 + 3 {
            entries.put(entry(1));
        }
        assert_eq!(entries.counts.lost(), 3);
        let taken = entries.take().expect("some");
        assert_eq!((taken.entries.len(), taken.lost), (WRITTEN_AT_ONCE, 3));
        // There is room again, and what was lost is told once.
        entries.put(entry(1));
        assert_eq!((entries.counts.lost(), entries.take().expect("more").lost), (3, 0));
    }

    #[test]
    fn nobody_leaves_others_without_room() {
        for arguments in [1, 1024 * 1024] {
            let entries = waiting();
            for _ in 0..2 * MAX_WAITING_ENTRIES {
                entries.put(entry_of("flood", 1));
            }
            let lost = entries.counts.lost();
            assert!(lost > 0);
            for _ in 0..100 {
                entries.put(entry_of("ada", arguments));
            }
            assert_eq!(entries.counts.lost(), lost);
            // What is written gives its room back.
            entries.state().ends = true;
            while entries.take().is_some() {}
            let state = entries.state();
            assert!(state.bytes == 0 && state.shares.is_empty());
        }
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
    }

    #[test]
    fn refusals_beyond_a_share_become_one_line_for_each_principal() {
        let entries = waiting();
        for _ in 0..5 {
            with_call("ada", 1, |call| entries.count(call));
        }
        for principal in 0..2 * MAX_REPEATED_PRINCIPALS {
            with_call(&principal.to_string(), 1, |call| entries.count(call));
        }
        entries.put(entry(1));
        let taken = entries.take().expect("the entry");
        assert!(taken.entries.len() == 1 && taken.repeated.is_empty(), "it is too early");
        entries.state().ends = true;
        let TakenEntries { repeated, .. } = entries.take().expect("the last");
        assert_eq!(repeated.len(), MAX_REPEATED_PRINCIPALS + 1);
        let mut line = Vec::new();
        repeated["ada"].write("ada", &mut line);
        let line: serde_json::Value = serde_json::from_slice(&line).expect("JSON");
        assert_eq!((&line["calls"], &line["outcomes"]["unknown_tool"]), (&5.into(), &5.into()));
        assert!(repeated.contains_key(OTHER_PRINCIPALS));
        assert!(entries.take().is_none());
    }
}
