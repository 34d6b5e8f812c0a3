//! The loop that joins client, engine and guests, and keeps all three within bounds.
//!
//! It runs on the protocol's own thread; guests run on a runtime of their own, so none of them delays
//! a line. When too much is in flight, or the client does not read, no more lines are taken and the
//! pipe pushes back.

use std::collections::{HashMap, VecDeque};
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::{mpsc, watch};
use tokio::task::{AbortHandle, Id as TaskId, JoinError, JoinSet};
use tokio::time::Instant;

use super::engine::{Action, Call, CallKey, Engine};
use super::message::Line;
use super::news::{Named, News};
use super::stdio::{Gone, Stdio};
use crate::catalog::Catalog;
use crate::sandbox::{CallContext, Ended, MakeSpan, Slot, Turn};
use crate::tool::{CallError, Progress};

/// Requests in flight beyond which no more are begun, and the bytes of their arguments.
const MAX_IN_FLIGHT: usize = 256;
const MAX_IN_FLIGHT_BYTES: usize = 16 * 1024 * 1024;
/// Lines read ahead of their turn, so that ping and cancellation get through.
const MAX_AHEAD: usize = 1024;
const MAX_AHEAD_BYTES: usize = 8 * 1024 * 1024;
/// Answers that wait for the client to read, in bytes.
const MAX_UNREAD: usize = 1024 * 1024;
/// Answers written at once.
const WRITE: usize = 64 * 1024;
/// Calls that wait or run on each of the guests' threads before more are begun on this one.
const AHEAD_OF_GUESTS: usize = 4;
/// Calls that end on this thread before it looks at everything else.
const HERE_AT_ONCE: usize = 8;
/// How long calls may go on without any answer once the input has ended.
const GRACE: Duration = Duration::from_millis(1500);
/// How long answers may wait unread once nobody can ask anything any more: as when the client has gone, and what
/// it started has inherited the pipe.
const LEFT: Duration = Duration::from_secs(10);
/// How long the end waits for guests that have been told to end; a slice or two of fuel is enough.
const ENDING: Duration = Duration::from_millis(100);

/// Why the loop ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The input ended or a shutdown was asked for; everything was answered.
    Finished,
    /// Nobody reads the answers any more.
    ClientGone,
}

/// The loop and what it owns.
pub struct Driver {
    engine: Engine,
    stdio: Stdio,
    catalog: watch::Receiver<Option<Arc<Catalog>>>,
    guests: Handle,
    calls: JoinSet<Ended>,
    running: HashMap<TaskId, CallKey>,
    aborts: HashMap<CallKey, Running>,
    argument_bytes: usize,
    progress_sender: mpsc::Sender<Note>,
    progress: mpsc::Receiver<Note>,
    ahead: VecDeque<Line>,
    ahead_bytes: usize,
    unread: VecDeque<Unread>,
    unread_bytes: usize,
    /// Of calls that ended on this thread: what is to be cleaned, and to be told.
    left: Vec<Slot>,
    news: Vec<News>,
    /// Calls that keep the guests' threads busy.
    enough: usize,
}

/// A call's note of progress.
type Note = (CallKey, Progress);

struct Running {
    abort: AbortHandle,
    argument_bytes: usize,
}

/// A line that waits for the client to read, and the slot of the call that it answers: while answers
/// wait, fewer calls run.
struct Unread {
    line: String,
    slot: Option<Slot>,
}

/// Where the loop is in its life.
enum Phase {
    Serving,
    /// No more input comes; what is there is finished by the deadline, which each answer moves.
    Draining(Instant),
    /// A shutdown was asked for: the deadline stands.
    Stopping(Instant),
}

impl Driver {
    /// A driver that runs guests on `guests` and serves what `catalog` publishes.
    #[must_use]
    pub fn new(
        engine: Engine,
        stdio: Stdio,
        catalog: watch::Receiver<Option<Arc<Catalog>>>,
        guests: Handle,
    ) -> Self {
        let (progress_sender, progress) = mpsc::channel(256);
        Self {
            engine,
            stdio,
            catalog,
            calls: JoinSet::new(),
            running: HashMap::new(),
            aborts: HashMap::new(),
            argument_bytes: 0,
            progress_sender,
            progress,
            ahead: VecDeque::new(),
            ahead_bytes: 0,
            unread: VecDeque::new(),
            unread_bytes: 0,
            left: Vec::new(),
            news: Vec::new(),
            enough: guests.metrics().num_workers() * AHEAD_OF_GUESTS,
            guests,
        }
    }

    /// Serves until the input ends, the client stops reading, or `shutdown` resolves.
    pub async fn run(mut self, shutdown: impl Future<Output = ()>) -> End {
        tokio::pin!(shutdown);
        let mut phase = Phase::Serving;
        self.catalog.mark_changed();
        loop {
            // Before any line: what was published is what answers from then on.
            if self.catalog.has_changed().unwrap_or(false) && self.publishes() {
                phase = phase.after_progress();
            }
            let more = self.take_lines(&phase);
            self.act();
            if self.write().is_err() {
                return self.end(End::ClientGone).await;
            }
            // The client reads its answer meanwhile.
            self.left.clear();
            self.news.drain(..).for_each(News::tell);
            if self.is_done(&phase) {
                return self.end(End::Finished).await;
            }
            let deadline = match phase {
                Phase::Serving => None,
                // A catalog that is still loading is waited for: it has a bound of its own.
                Phase::Draining(_) if self.is_loading() => None,
                Phase::Draining(deadline) | Phase::Stopping(deadline) => Some(deadline),
            };
            let serving = matches!(phase, Phase::Serving);
            let reads_on = self.reads_on(&phase);
            let client_reads = self.client_reads();
            let input = &mut self.stdio.input;
            let lines = async move {
                match reads_on {
                    true => input.lines().await,
                    false => input.left(LEFT).await,
                }
            };
            let output = &mut self.stdio.output;
            let writes = !self.unread.is_empty() || output.has_rest();
            let room = async {
                if writes {
                    return output.ready().await;
                }
                output.closed().await;
                Err(Gone)
            };
            tokio::select! {
                lines = lines, if serving => match lines {
                    Some(lines) => self.read_ahead(lines),
                    None => phase = Phase::Draining(Instant::now() + GRACE),
                },
                room = room => match room {
                    Ok(()) => phase = phase.after_progress(),
                    Err(Gone) => return self.end(End::ClientGone).await,
                },
                Some(ended) = self.calls.join_next_with_id() => {
                    self.ended(ended);
                    phase = phase.after_progress();
                }
                // While the client does not read, the channel fills and notes are dropped.
                Some((key, progress)) = self.progress.recv(), if client_reads => {
                    self.engine.progress(key, progress);
                }
                Ok(()) = self.catalog.changed() => {
                    if self.publishes() {
                        phase = phase.after_progress();
                    }
                }
                () = &mut shutdown, if !matches!(phase, Phase::Stopping(_)) => {
                    tracing::debug!("shutting down");
                    phase = phase.stopping();
                }
                () = std::future::ready(()), if more => {}
                () = sleep_until(deadline) => return self.end(End::Finished).await,
            }
        }
    }

    /// Takes in the newest catalog, if there is one.
    fn publishes(&mut self) -> bool {
        let catalog = self.catalog.borrow_and_update().clone();
        catalog.map(|catalog| self.engine.publish(catalog)).is_some()
    }

    fn is_done(&self, phase: &Phase) -> bool {
        let idle = self.engine.in_flight() == 0 && self.unread.is_empty();
        match phase {
            Phase::Serving => false,
            Phase::Draining(_) => idle && self.ahead.is_empty(),
            Phase::Stopping(_) => idle,
        }
    }

    fn is_loading(&self) -> bool {
        self.catalog.borrow().as_ref().is_none_or(|catalog| catalog.is_early())
    }

    fn client_reads(&self) -> bool {
        self.unread_bytes < MAX_UNREAD
    }

    fn has_room(&self) -> bool {
        // A cancelled call is in flight until its guest has really ended.
        self.engine.in_flight().max(self.running.len()) < MAX_IN_FLIGHT
            && self.argument_bytes + self.engine.waiting_bytes() < MAX_IN_FLIGHT_BYTES
            && self.client_reads()
    }

    fn reads_on(&self, phase: &Phase) -> bool {
        matches!(phase, Phase::Serving)
            && self.ahead.len() < MAX_AHEAD
            && self.ahead_bytes < MAX_AHEAD_BYTES
            && self.client_reads()
    }

    /// Keeps lines for their turn. While there is no room for more requests, those that make room or
    /// need none are taken out of turn.
    fn read_ahead(&mut self, lines: Vec<Line>) {
        for line in lines {
            if !self.has_room() && self.client_reads() && self.engine.is_urgent(&line) {
                self.engine.line(&line);
                self.act();
            } else {
                self.ahead_bytes += line.len();
                self.ahead.push_back(line);
            }
        }
    }

    /// Begins what waits for its turn, as long as there is room. Whether some of it still waits although
    /// there is room: calls that end on this thread are not to keep their answers, or the rest, waiting.
    fn take_lines(&mut self, phase: &Phase) -> bool {
        while !matches!(phase, Phase::Stopping(_)) && self.has_room() {
            if self.news.len() >= HERE_AT_ONCE {
                return !self.ahead.is_empty();
            }
            let Some(line) = self.ahead.pop_front() else { break };
            self.ahead_bytes -= line.len();
            self.engine.line(&line);
            self.act();
        }
        false
    }

    fn act(&mut self) {
        while let Some(action) = self.engine.next_action() {
            match action {
                Action::Send(line) => self.queue(line),
                Action::Call(call) => self.start(call),
                Action::Cancel(key) => {
                    if let Some(running) = self.aborts.remove(&key) {
                        self.argument_bytes -= running.argument_bytes;
                        running.abort.abort();
                    }
                }
            }
        }
    }

    fn queue(&mut self, line: String) {
        self.unread_bytes += line.len() + 1;
        self.unread.push_back(Unread { line, slot: None });
    }

    /// Hands answers over, as long as there is room for them.
    fn write(&mut self) -> Result<(), Gone> {
        while !self.unread.is_empty() && self.stdio.output.is_ready() {
            let piece = next_write(&mut self.unread);
            self.unread_bytes -= piece.len();
            self.stdio.output.give(piece)?;
        }
        Ok(())
    }

    fn start(&mut self, call: Call) {
        let Call { key, request, tool, arguments, wants_progress } = call;
        let argument_bytes = arguments.get().len();
        let named = Arc::new(Named { tool: tool.clone(), request });
        let span: MakeSpan = Arc::new({
            let named = named.clone();
            move || named.span()
        });
        let progress = wants_progress.then(|| -> crate::sandbox::ProgressSink {
            let sender = self.progress_sender.clone();
            // A full channel means a client that is told enough already.
            Box::new(move |progress| drop(sender.try_send((key, progress))))
        });
        let here = self.begins_here() && tool.is_brief(&arguments);
        let turn = if here { Turn::Brief } else { Turn::Usual };
        let context = CallContext { turn, progress, span: Some(span) };
        let mut run = Box::pin(async move { tool.call_in(context, &arguments).await });
        if here && let Some(ended) = self.begin(run.as_mut()) {
            let news = News::of(&ended, named);
            let slot = self.conclude(key, ended);
            self.left.extend(slot);
            self.news.push(news);
            return;
        }
        let run = async move {
            let mut ended = run.await;
            ended.clean();
            News::of(&ended, named).tell();
            ended
        };
        let abort = self.calls.spawn_on(run, &self.guests);
        self.running.insert(abort.id(), key);
        self.aborts.insert(key, Running { abort, argument_bytes });
        self.argument_bytes += argument_bytes;
    }

    /// Whether a call that is expected to be over at once is better begun on this thread: with nothing
    /// else going on, most of what it costs would be another thread's waking up; and with the others
    /// busy, it would only wait.
    fn begins_here(&self) -> bool {
        let running = self.running.len();
        running == 0 || running >= self.enough
    }

    /// Runs a call for one brief turn on this thread. It mostly ends in it; else it goes on elsewhere.
    fn begin(&self, run: Pin<&mut impl Future<Output = Ended>>) -> Option<Ended> {
        let _among_guests = self.guests.enter();
        let mut run = pin!(tokio::task::coop::unconstrained(run));
        // Whoever goes on with it has it told anew whom to wake.
        let mut context = Context::from_waker(Waker::noop());
        match catch_unwind(AssertUnwindSafe(|| run.as_mut().poll(&mut context))) {
            Ok(Poll::Ready(ended)) => Some(ended),
            Ok(Poll::Pending) => None,
            Err(_) => Some(Ended::before(internal_error())),
        }
    }

    fn ended(&mut self, ended: Result<(TaskId, Ended), JoinError>) {
        let (task, ended) = match ended {
            Ok((task, ended)) => (task, ended),
            Err(error) => {
                if error.is_panic() {
                    tracing::error!("a call panicked: {error}");
                }
                (error.id(), Ended::before(internal_error()))
            }
        };
        let Some(key) = self.running.remove(&task) else { return };
        // A cancelled call has been forgotten already and ends in silence.
        if let Some(running) = self.aborts.remove(&key) {
            self.argument_bytes -= running.argument_bytes;
            let slot = self.conclude(key, ended);
            self.act();
            if let Some(answer) = self.unread.back_mut() {
                answer.slot = slot;
            }
        }
    }

    /// Tells the engine how a call ended. Progress that was noted before the end is told before it.
    fn conclude(&mut self, key: CallKey, ended: Ended) -> Option<Slot> {
        while let Ok((key, progress)) = self.progress.try_recv() {
            self.engine.progress(key, progress);
        }
        self.engine.outcome(key, ended.outcome, ended.usage);
        ended.slot
    }

    /// The one way out: every open request is answered, every call ended, everything written.
    async fn end(mut self, end: End) -> End {
        self.engine.finish(self.ahead.drain(..));
        while let Some(action) = self.engine.next_action() {
            if let Action::Send(line) = action {
                self.queue(line);
            }
        }
        self.calls.abort_all();
        if end == End::Finished {
            let deadline = Instant::now() + GRACE;
            while !self.unread.is_empty() {
                let room = tokio::time::timeout_at(deadline, self.stdio.output.ready()).await;
                let given = room.map(|room| room.and_then(|()| self.write()));
                if !matches!(given, Ok(Ok(()))) {
                    break;
                }
            }
            self.stdio.output.close(deadline.saturating_duration_since(Instant::now())).await;
        }
        let _ = tokio::time::timeout(ENDING, self.calls.shutdown()).await;
        end
    }
}

impl Phase {
    /// A shutdown during the grace period of an ended input does not begin another.
    fn stopping(self) -> Self {
        let deadline = Instant::now() + GRACE;
        match self {
            Self::Draining(earlier) => Self::Stopping(earlier.min(deadline)),
            Self::Serving | Self::Stopping(_) => Self::Stopping(deadline),
        }
    }

    /// As long as answers come, what was asked before the end of input is worth waiting for.
    fn after_progress(self) -> Self {
        match self {
            Self::Draining(_) => Self::Draining(Instant::now() + GRACE),
            Self::Serving | Self::Stopping(_) => self,
        }
    }
}

fn next_write(unread: &mut VecDeque<Unread>) -> Vec<u8> {
    let mut bytes = Vec::new();
    while let Some(next) = unread.front()
        && (bytes.is_empty() || bytes.len() + next.line.len() < WRITE)
        && let Some(Unread { line, slot }) = unread.pop_front()
    {
        bytes.extend_from_slice(line.as_bytes());
        bytes.push(b'\n');
        drop(slot);
    }
    bytes
}

fn internal_error() -> CallError {
    CallError::Host("the call ended in an internal error".into())
}

async fn sleep_until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}
