//! The loop that joins client, engine and guests, and keeps all three within bounds.
//!
//! It runs on the protocol's own thread; guests run on a runtime of their own, so none of them delays
//! a line. When too much is in flight, or the client does not read, no more lines are taken and the
//! pipe pushes back.
//!
//! Each turn acts on what waits and then rests until an event. [`Driver::has_work`] is asked after everything else, and
//! while it is true the end of the turn is an event itself: the loop does not rest while there is work.

use std::future::Future;
use std::ops::ControlFlow;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use super::super::calls::call_log::CallRecord;
use super::super::calls::call_runner::{AbortReason, CallEnd, CallRunner, EndedHere, Note};
use super::super::calls::executor::ClientExecutor;
use super::super::calls::observers::EndKind;
use super::super::calls::places::{self, ClientPlaces};
use super::super::engine::{Action, CallKey, Engine};
use super::super::rpc::lines::InputLine;
use super::super::transport::{Gone, LineInput as _, LineOutput, Transport};
use super::event::{self, Event};
use super::input_queue::Ahead;
use super::output_queue::Unread;
use super::phase::{Awaited, Phase, READER_WAIT};
use crate::catalog::Catalog;
use crate::sandbox::{CallOutcome, Slot};

/// Requests of one client in flight beyond which no more are begun, and the bytes of their arguments. All clients together
/// have the places of [`places`].
pub(crate) const MAX_IN_FLIGHT: usize = 256;
const MAX_IN_FLIGHT_BYTES: usize = 16 * 1024 * 1024;
/// The time for which lines are held because as many requests wait for plugins as may. After that, calls that would
/// wait too are told to come again, so that those of other plugins get through.
const CROWD_WAIT: Duration = Duration::from_secs(10);
/// The time between two looks at whether they still wait: that a call has entered its plugin is no event.
const CROWD_LOOK: Duration = Duration::from_millis(100);
/// Calls that end on this thread before it looks at everything else.
const HERE_AT_ONCE: usize = 16;

/// The reason why the loop ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LoopEnd {
    /// The input ended or a shutdown was asked for; everything was answered.
    Finished,
    /// Nobody reads the answers any more.
    ClientGone,
}

/// The loop and what it owns.
pub(crate) struct Driver<T: Transport, C> {
    engine: Engine,
    input: T::Input,
    output: T::Output,
    catalog: watch::Receiver<Option<Arc<Catalog>>>,
    calls: C,
    progress: mpsc::Receiver<Note>,
    /// Its part of the room that all clients share.
    places: ClientPlaces,
    phase: Phase,
    /// True if a request waited for plugins when the loop rested last.
    was_loading: bool,
    /// Since when as many requests wait for plugins as may; `None` while fewer do.
    crowded_since: Option<Instant>,
    ahead: Ahead,
    unread: Unread,
    /// The places of calls that ended, which are cleaned after the answers are written; then the log is told.
    slots_to_clean: Vec<Slot>,
    lines_to_log: Vec<CallRecord>,
}

impl<T: Transport, C: CallRunner> Driver<T, C> {
    /// A driver that has its calls run by its part of the executor, and serves what `catalog` publishes.
    pub(crate) fn new(
        engine: Engine,
        transport: T,
        catalog: watch::Receiver<Option<Arc<Catalog>>>,
        executor: ClientExecutor<C>,
    ) -> Self {
        let ClientExecutor { calls, progress, places } = executor;
        let (input, output) = transport.split();
        Self {
            engine,
            input,
            output,
            catalog,
            calls,
            progress,
            places,
            phase: Phase::Serving,
            was_loading: false,
            crowded_since: None,
            ahead: Ahead::default(),
            unread: Unread::default(),
            slots_to_clean: Vec::new(),
            lines_to_log: Vec::new(),
        }
    }

    /// Serves until the input ends, the client stops reading, or `shutdown` resolves.
    #[expect(clippy::manual_async_fn, reason = "it would hold the driver twice")]
    pub(crate) fn run(
        mut self,
        shutdown: impl Future<Output = ()>,
    ) -> impl Future<Output = LoopEnd> {
        // An `async fn` holds what it was given beside what it makes of that.
        async move {
            tokio::pin!(shutdown);
            let end = self.serve(shutdown).await;
            if let Some(deadline) = self.end(end).await {
                let left = deadline.saturating_duration_since(Instant::now());
                let is_written = self.output.close(left).await;
                tell_unread(self.phase, self.unread.len(), is_written);
            }
            self.calls.shutdown().await;
            end
        }
    }

    /// The turns of the loop, until one of them is the last.
    async fn serve(&mut self, mut shutdown: Pin<&mut impl Future<Output = ()>>) -> LoopEnd {
        self.catalog.mark_changed();
        loop {
            if self.work().is_err() {
                return LoopEnd::ClientGone;
            }
            if self.is_done() {
                return LoopEnd::Finished;
            }
            let event = self.next_event(shutdown.as_mut()).await;
            if let ControlFlow::Break(end) = self.handle(event) {
                return end;
            }
        }
    }

    /// Acts on what waits, for one turn. What is left then is seen by [`has_work`](Self::has_work).
    fn work(&mut self) -> Result<(), Gone> {
        let now = Instant::now();
        self.engine.at(now.into_std());
        self.crowded_since = self.engine.is_crowded().then(|| self.crowded_since.unwrap_or(now));
        // Before any line: what was published is what answers from then on.
        if self.catalog.has_changed().unwrap_or(false) {
            self.publish();
        }
        self.take_lines();
        self.act();
        self.take_urgent();
        self.places.keep(self.taken_places());
        let written = self.write();
        // The client reads its answer meanwhile. One that has gone leaves calls to be told of, too.
        self.slots_to_clean.clear();
        self.lines_to_log.drain(..).for_each(CallRecord::tell);
        written
    }

    /// Waits for the next event. Returns [`Event::TurnOver`] at once while there is work and nothing has happened.
    async fn next_event(&mut self, shutdown: Pin<&mut impl Future<Output = ()>>) -> Event {
        let is_loading = self.engine.await_plugins() > 0;
        if std::mem::replace(&mut self.was_loading, is_loading) && !is_loading {
            // The plugin that a request waited for is there, and the request is about to be answered.
            self.phase = self.phase.after_progress();
        }
        let phase = self.phase;
        let deadline = phase.deadline(self.awaited());
        let wait_check = self.wait_check_at();
        let (has_work, reads_on) = (self.has_work(), self.reads_on());
        let client_reads = !self.unread.is_full();
        let writes = self.is_unread();
        tokio::select! {
            event = event::of_input(&mut self.input, reads_on), if phase.is_serving() => event,
            event = event::of_output(&mut self.output, writes) => event,
            Some(end) = self.calls.next() => Event::CallEnded(end),
            // While the client does not read, the channel fills and notes are dropped.
            Some((key, progress)) = self.progress.recv(), if client_reads => {
                Event::Progressed(key, progress)
            }
            () = self.places.granted() => Event::PlacesGranted,
            Ok(()) = self.catalog.changed() => Event::Published,
            () = shutdown, if !phase.is_stopping() => Event::ShutdownAsked,
            () = event::passed(deadline) => Event::DeadlinePassed,
            () = event::passed(wait_check) => Event::WaitCheckDue,
            event = event::turn_over(), if has_work => event,
        }
    }

    /// Takes an event in. What follows from it is left to the next turn's work.
    fn handle(&mut self, event: Event) -> ControlFlow<LoopEnd> {
        match event {
            Event::Lines(lines) => self.read_ahead(lines),
            Event::InputEnded => self.phase = Phase::draining(),
            Event::Room => self.phase = self.phase.after_progress(),
            Event::ClientGone => return ControlFlow::Break(LoopEnd::ClientGone),
            Event::CallEnded(end) => {
                match end {
                    CallEnd::Wanted(key, ended) => self.answer(key, ended),
                    CallEnd::Cancelled => {}
                }
                self.phase = self.phase.after_progress();
            }
            Event::Progressed(key, progress) => self.engine.progress(key, progress),
            Event::Published => self.publish(),
            Event::ShutdownAsked => {
                tracing::debug!("shutting down");
                self.phase = self.phase.stopping();
            }
            Event::DeadlinePassed => {
                // A call may have begun to wait for code meanwhile, which is no event.
                let deadline = self.phase.deadline(self.awaited());
                if deadline.is_none_or(|deadline| deadline <= Instant::now()) {
                    return ControlFlow::Break(LoopEnd::Finished);
                }
            }
            Event::WaitCheckDue => {
                self.engine.at(Instant::now().into_std());
                self.engine.end_long_waits();
            }
            Event::PlacesGranted | Event::TurnOver => {}
        }
        ControlFlow::Continue(())
    }

    /// Takes in the newest catalog, if there is one.
    fn publish(&mut self) {
        let catalog = self.catalog.borrow_and_update().clone();
        if let Some(catalog) = catalog {
            self.engine.publish(catalog);
            self.phase = self.phase.after_progress();
        }
    }

    /// Returns the things to wait for beside calls.
    fn awaited(&self) -> Awaited {
        Awaited { plugins: self.engine.await_plugins() > 0, reader: self.is_unread() }
    }

    /// True if answers wait for the client to read.
    fn is_unread(&self) -> bool {
        !self.unread.is_empty() || self.output.has_rest()
    }

    fn is_done(&self) -> bool {
        let in_flight = self.engine.in_flight();
        let is_all_said = self.unread.is_empty() && self.ahead.is_empty();
        match self.phase {
            Phase::Serving => {
                self.input.ends_when_answered() && is_all_said && self.engine.is_idle()
            }
            Phase::Draining(_) => is_all_said && in_flight == 0,
            // Calls that have not begun are not waited for.
            Phase::Stopping(_) => {
                in_flight == self.engine.await_plugins() && self.unread.is_empty()
            }
        }
    }

    /// True if something that waits here can be acted on now, without any event.
    fn has_work(&self) -> bool {
        (self.can_begin() && !self.places.is_waiting()) || self.can_write()
    }

    /// True if a line that was read ahead can be begun, as far as it is up to this client.
    fn can_begin(&self) -> bool {
        !self.ahead.is_empty() && !self.phase.is_stopping() && self.has_room()
    }

    /// True if an answer can be handed over.
    fn can_write(&self) -> bool {
        !self.unread.is_empty() && self.output.is_ready()
    }

    fn has_room(&self) -> bool {
        self.in_flight() < MAX_IN_FLIGHT
            && self.argument_bytes() < MAX_IN_FLIGHT_BYTES
            && !self.unread.is_full()
            && !self.is_held_up()
    }

    fn in_flight(&self) -> usize {
        self.engine.in_flight().max(self.calls.running())
    }

    fn argument_bytes(&self) -> usize {
        self.calls.argument_bytes() + self.engine.waiting_bytes()
    }

    /// The places that what is in flight takes.
    fn taken_places(&self) -> usize {
        places::taken_by(self.in_flight(), self.argument_bytes())
    }

    /// Makes sure of the places for the next line. False if there is no line, or it has to wait for them.
    fn hold_places(&mut self) -> bool {
        let next = self.ahead.next().map(places::at_most_taken_by);
        next.is_some_and(|next| self.places.hold(self.taken_places(), next))
    }

    /// True if what would begin now might have to be refused, for want of room among what waits for plugins. Once no more
    /// input comes, nobody has other calls that should get through.
    fn is_held_up(&self) -> bool {
        let is_patient = || self.crowded_since.is_none_or(|since| since.elapsed() < CROWD_WAIT);
        self.engine.is_crowded() && (!self.phase.is_serving() || is_patient())
    }

    /// Returns the time of the next look at requests that wait for plugins, and at lines that are held because of them.
    /// `None` where none are.
    fn wait_check_at(&self) -> Option<Instant> {
        let look = !self.ahead.is_empty() && self.is_held_up();
        let look = look.then(|| Instant::now() + CROWD_LOOK);
        self.engine.next_wait_end().map(Instant::from_std).into_iter().chain(look).min()
    }

    fn reads_on(&self) -> bool {
        self.phase.is_serving() && !self.ahead.is_full() && !self.unread.is_full()
    }

    /// Keeps lines for their turn.
    fn read_ahead(&mut self, lines: Vec<InputLine>) {
        lines.into_iter().for_each(|line| self.ahead.push(line));
    }

    /// Begins what waits for its turn, as long as there is room. Calls that end on this thread are not to keep their
    /// answers, or the rest, waiting: after some of them, what still waits is left to the next turn.
    fn take_lines(&mut self) {
        while self.can_begin()
            && self.lines_to_log.len() < HERE_AT_ONCE
            && self.hold_places()
            && let Some(line) = self.ahead.pop()
        {
            self.engine.line(&line);
            self.act();
        }
    }

    /// Takes lines out of turn that make room or need none, while there is no room for others.
    fn take_urgent(&mut self) {
        if (self.has_room() && !self.places.is_waiting()) || self.unread.is_full() {
            return;
        }
        let engine = &self.engine;
        for line in self.ahead.take_urgent(|id| engine.is_open(id)) {
            self.engine.line(&line);
            self.act();
        }
    }

    fn act(&mut self) {
        self.tell_refused();
        while let Some(action) = self.engine.next_action() {
            match action {
                Action::Notify(line) => self.unread.notify(line),
                Action::Answer(line) => self.unread.answer(line),
                Action::Cancel(key) => self.calls.cancel(key),
                Action::Call(call) => {
                    let key = call.key;
                    // The next guest finds the memory of the one before clean, and still in the processor's cache.
                    self.slots_to_clean.clear();
                    if let Some(EndedHere { ended, news }) = self.calls.start(call) {
                        let (_, slot) = self.conclude(key, ended);
                        self.slots_to_clean.extend(slot);
                        self.lines_to_log.push(news);
                    }
                }
            }
        }
    }

    /// Tells of the calls that the engine refused, and of the other requests that it answered.
    fn tell_refused(&mut self) {
        for call in self.engine.take_refused() {
            self.calls.refused(&call);
        }
        for request in self.engine.take_answered() {
            self.calls.answered(&request);
        }
    }

    /// Hands answers over, as long as there is room for them.
    fn write(&mut self) -> Result<(), Gone> {
        while self.can_write() {
            self.output.give(self.unread.next_piece())?;
        }
        Ok(())
    }

    /// Answers a call that ended beside the loop.
    fn answer(&mut self, key: CallKey, ended: CallOutcome) {
        let (is_sent, slot) = self.conclude(key, ended);
        self.act();
        match is_sent {
            true => self.unread.hold(slot),
            // The last line, if there is any, answers somebody else.
            false => self.slots_to_clean.extend(slot),
        }
    }

    /// Tells the engine how a call ended, and whether its answer is sent now. Progress that was noted before the end is
    /// told before it.
    fn conclude(&mut self, key: CallKey, ended: CallOutcome) -> (bool, Option<Slot>) {
        while let Ok((key, progress)) = self.progress.try_recv() {
            self.engine.progress(key, progress);
        }
        let is_sent = self.engine.outcome(key, ended.outcome, ended.usage);
        (is_sent, ended.slot)
    }

    /// The one way out: every open request is answered, every call ended, everything handed over. Returns the time until
    /// which writing it may take; `None` if nobody reads it.
    async fn end(&mut self, end: LoopEnd) -> Option<Instant> {
        self.places.stop_waiting();
        self.engine.finish(std::iter::from_fn(|| self.ahead.pop()));
        for mut call in self.engine.take_refused() {
            if end == LoopEnd::ClientGone {
                call.end = EndKind::ClientGone;
            }
            self.calls.refused(&call);
        }
        for request in self.engine.take_answered() {
            self.calls.answered(&request);
        }
        while let Some(action) = self.engine.next_action() {
            match action {
                Action::Notify(line) => self.unread.notify(line),
                Action::Answer(line) => self.unread.answer(line),
                Action::Call(_) | Action::Cancel(_) => {}
            }
        }
        self.calls.abort(match end {
            LoopEnd::Finished => AbortReason::ServerEnds,
            LoopEnd::ClientGone => AbortReason::ClientGone,
        });
        match end {
            LoopEnd::Finished => self.write_rest().await,
            LoopEnd::ClientGone => None,
        }
    }

    /// Hands over what still waits, as long as the client reads in time. Returns the time until which the rest may take;
    /// `None` if the client has gone.
    async fn write_rest(&mut self) -> Option<Instant> {
        let mut deadline = self.phase.last_deadline();
        while !self.unread.is_empty() {
            let room = tokio::time::timeout_at(deadline, self.output.ready()).await;
            match room.map(|room| room.and_then(|()| self.write())) {
                Ok(Ok(())) => {}
                Ok(Err(Gone)) => return None,
                Err(_) => break,
            }
            if !self.phase.is_stopping() {
                self.phase = self.phase.after_progress();
                deadline = self.phase.last_deadline();
            }
        }
        Some(deadline)
    }
}

/// Tells of answers that the client has not read: so many whole ones, and the rest of what is not written.
fn tell_unread(phase: Phase, messages: usize, is_written: bool) {
    let rest = match (messages, is_written) {
        (0, true) => return,
        (0, false) => "the last one is cut off".into(),
        (1, _) => "1 message was not written".into(),
        (_, _) => format!("{messages} messages were not written"),
    };
    match phase {
        // The client wants no more.
        Phase::Stopping(_) => tracing::debug!("the client has not read all answers: {rest}"),
        Phase::Serving | Phase::Draining(_) => tracing::warn!(
            "the client has not read for {READER_WAIT:?} what it asked for before it closed its end: {rest}"
        ),
    }
}
