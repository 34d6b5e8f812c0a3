//! The loop that joins client, engine and guests, and keeps all three within bounds.
//!
//! It runs on the protocol's own thread; guests run on a runtime of their own, so none of them delays
//! a line. When too much is in flight, or the client does not read, no more lines are taken and the
//! pipe pushes back.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use super::ahead::Ahead;
use super::engine::{Action, CallKey, Engine};
use super::executor::{CallEnd, EndedHere, Executor, Note};
use super::message::Line;
use super::news::News;
use super::phase::{GRACE, Phase};
use super::transport::{Gone, LineInput, LineOutput, Transport};
use super::unread::Unread;
use crate::catalog::Catalog;
use crate::sandbox::{Ended, Slot};

/// Requests in flight beyond which no more are begun, and the bytes of their arguments.
const MAX_IN_FLIGHT: usize = 256;
const MAX_IN_FLIGHT_BYTES: usize = 16 * 1024 * 1024;
/// Calls that end on this thread before it looks at everything else.
const HERE_AT_ONCE: usize = 16;
/// How long answers may wait unread once nobody can ask anything any more: as when the client has gone, and what
/// it started has inherited the pipe.
const LEFT: Duration = Duration::from_secs(10);

/// Why the loop ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// The input ended or a shutdown was asked for; everything was answered.
    Finished,
    /// Nobody reads the answers any more.
    ClientGone,
}

/// The loop and what it owns.
pub(crate) struct Driver<T: Transport, E> {
    engine: Engine,
    input: T::Input,
    output: T::Output,
    catalog: watch::Receiver<Option<Arc<Catalog>>>,
    calls: E,
    progress: mpsc::Receiver<Note>,
    ahead: Ahead,
    unread: Unread,
    /// Of calls that ended: what is to be cleaned, and to be told.
    left: Vec<Slot>,
    news: Vec<News>,
}

impl<T: Transport, E: Executor> Driver<T, E> {
    /// A driver that has `calls` run, hears of their `progress`, and serves what `catalog` publishes.
    pub(crate) fn new(
        engine: Engine,
        transport: T,
        catalog: watch::Receiver<Option<Arc<Catalog>>>,
        (calls, progress): (E, mpsc::Receiver<Note>),
    ) -> Self {
        let (input, output) = transport.split();
        Self {
            engine,
            input,
            output,
            catalog,
            calls,
            progress,
            ahead: Ahead::default(),
            unread: Unread::default(),
            left: Vec::new(),
            news: Vec::new(),
        }
    }

    /// Serves until the input ends, the client stops reading, or `shutdown` resolves.
    pub(crate) async fn run(mut self, shutdown: impl Future<Output = ()>) -> End {
        tokio::pin!(shutdown);
        let mut phase = Phase::Serving;
        self.catalog.mark_changed();
        loop {
            // Before any line: what was published is what answers from then on.
            if self.catalog.has_changed().unwrap_or(false) && self.publishes() {
                phase = phase.after_progress();
            }
            let more = self.take_lines(phase);
            self.act();
            if self.write().is_err() {
                return self.end(End::ClientGone).await;
            }
            // The client reads its answer meanwhile.
            self.left.clear();
            self.news.drain(..).for_each(News::tell);
            if self.is_done(phase) {
                return self.end(End::Finished).await;
            }
            let deadline = phase.deadline(self.is_loading());
            let reads_on = self.reads_on(phase);
            let client_reads = !self.unread.is_full();
            let input = &mut self.input;
            let lines = async move {
                match reads_on {
                    true => input.lines().await,
                    false => {
                        input.hung_up(LEFT).await;
                        None
                    }
                }
            };
            let output = &mut self.output;
            let writes = !self.unread.is_empty() || output.has_rest();
            let room = async {
                if writes {
                    return output.ready().await;
                }
                output.closed().await;
                Err(Gone)
            };
            tokio::select! {
                lines = lines, if phase.is_serving() => match lines {
                    Some(lines) => self.read_ahead(lines),
                    None => phase = Phase::draining(),
                },
                room = room => match room {
                    Ok(()) => phase = phase.after_progress(),
                    Err(Gone) => return self.end(End::ClientGone).await,
                },
                Some(end) = self.calls.next() => {
                    match end {
                        CallEnd::Wanted(key, ended) => self.answer(key, ended),
                        CallEnd::Cancelled => {}
                    }
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
                () = &mut shutdown, if !phase.is_stopping() => {
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

    fn is_done(&self, phase: Phase) -> bool {
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

    fn has_room(&self) -> bool {
        self.engine.in_flight().max(self.calls.running()) < MAX_IN_FLIGHT
            && self.calls.argument_bytes() + self.engine.waiting_bytes() < MAX_IN_FLIGHT_BYTES
            && !self.unread.is_full()
    }

    fn reads_on(&self, phase: Phase) -> bool {
        phase.is_serving() && !self.ahead.is_full() && !self.unread.is_full()
    }

    /// Keeps lines for their turn. While there is no room for more requests, those that make room or
    /// need none are taken out of turn.
    fn read_ahead(&mut self, lines: Vec<Line>) {
        for line in lines {
            if !self.has_room() && !self.unread.is_full() && self.engine.is_urgent(&line) {
                self.engine.line(&line);
                self.act();
            } else {
                self.ahead.push(line);
            }
        }
    }

    /// Begins what waits for its turn, as long as there is room. Whether some of it still waits although
    /// there is room: calls that end on this thread are not to keep their answers, or the rest, waiting.
    fn take_lines(&mut self, phase: Phase) -> bool {
        while !phase.is_stopping() && self.has_room() {
            if self.news.len() >= HERE_AT_ONCE {
                return !self.ahead.is_empty();
            }
            let Some(line) = self.ahead.pop() else { break };
            self.engine.line(&line);
            self.act();
        }
        false
    }

    fn act(&mut self) {
        while let Some(action) = self.engine.next_action() {
            match action {
                Action::Send(line) => self.unread.push(line),
                Action::Cancel(key) => self.calls.cancel(key),
                Action::Call(call) => {
                    let key = call.key;
                    // The next guest finds the memory of the one before clean, and still in the processor's cache.
                    self.left.clear();
                    if let Some(EndedHere { ended, news }) = self.calls.start(call) {
                        let (_, slot) = self.conclude(key, ended);
                        self.left.extend(slot);
                        self.news.push(news);
                    }
                }
            }
        }
    }

    /// Hands answers over, as long as there is room for them.
    fn write(&mut self) -> Result<(), Gone> {
        while !self.unread.is_empty() && self.output.is_ready() {
            self.output.give(self.unread.next_piece())?;
        }
        Ok(())
    }

    /// Answers a call that has ended on a thread of guests.
    fn answer(&mut self, key: CallKey, ended: Ended) {
        let (is_sent, slot) = self.conclude(key, ended);
        self.act();
        match is_sent {
            true => self.unread.hold(slot),
            // The last line, if there is any, answers somebody else.
            false => self.left.extend(slot),
        }
    }

    /// Tells the engine how a call ended, and whether its answer is sent now. Progress that was noted before the end is
    /// told before it.
    fn conclude(&mut self, key: CallKey, ended: Ended) -> (bool, Option<Slot>) {
        while let Ok((key, progress)) = self.progress.try_recv() {
            self.engine.progress(key, progress);
        }
        let is_sent = self.engine.outcome(key, ended.outcome, ended.usage);
        (is_sent, ended.slot)
    }

    /// The one way out: every open request is answered, every call ended, everything written.
    async fn end(mut self, end: End) -> End {
        self.engine.finish(std::iter::from_fn(|| self.ahead.pop()));
        while let Some(action) = self.engine.next_action() {
            if let Action::Send(line) = action {
                self.unread.push(line);
            }
        }
        self.calls.abort();
        if end == End::Finished {
            let deadline = Instant::now() + GRACE;
            while !self.unread.is_empty() {
                let room = tokio::time::timeout_at(deadline, self.output.ready()).await;
                let given = room.map(|room| room.and_then(|()| self.write()));
                if !matches!(given, Ok(Ok(()))) {
                    break;
                }
            }
            self.output.close(deadline.saturating_duration_since(Instant::now())).await;
        }
        self.calls.shutdown().await;
        end
    }
}

async fn sleep_until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}
