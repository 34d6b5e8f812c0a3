//! One history: who acts next, and what has to hold whenever the loop rests.

use std::cell::RefCell;
use std::fmt::Write as _;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};
use std::task::{Context, Poll, Wake, Waker};

use tokio::sync::{mpsc, oneshot, watch};

use super::super::driver::{Driver, LoopEnd};
use super::calls::{CallState, ScriptedCalls};
use super::client::{HistoryClient, LineContent, SMALL_MESSAGE};
use super::judge::Rest;
use super::pipe::{PieceWriter, Pipe, PipeEnd};
use crate::catalog::{Catalog, Coming};
use crate::fuzz::catalog;
use crate::fuzz::noise::Noise;
use crate::mcp::calls::call_runner::Note;
use crate::mcp::calls::executor::ClientExecutor;
use crate::mcp::calls::places::{ClientPlaces, Places};
use crate::mcp::engine::{Engine, Settings};
use crate::tool::Progress;

/// Notes of progress that wait.
const HISTORY_NOTES: usize = 4;
/// Bytes of lists that are asked for at once.
const MAX_LISTED_BYTES: usize = 3 * 1024 * 1024;
/// Polls after which a loop that was always woken goes round in circles.
const MAX_POLLS: usize = 100_000;

/// The catalogs that are published, and the most bytes of their lists: one tool, some 50 KB, and 1 MB.
static CATALOGS: LazyLock<[(Arc<Catalog>, usize); 3]> = LazyLock::new(|| {
    [(1, 50), (8, 6 * 1024), (64, 16 * 1024)].map(|(tools, schema)| {
        (catalog(tools, schema), tools * (schema + SMALL_MESSAGE) + SMALL_MESSAGE)
    })
});

/// The same while more is about to come, before the first that is whole and after it.
static PROVISIONAL: LazyLock<[[Arc<Catalog>; 2]; 3]> = LazyLock::new(|| {
    CATALOGS.each_ref().map(|(catalog, _)| {
        [None, Some(&**catalog)].map(|previous| {
            let coming = Coming { is_provisional: true, ..Coming::default() };
            Arc::new(Catalog::build(catalog.plugins().to_vec(), Vec::new(), coming, previous))
        })
    })
});

/// Something that the client, a call or the operator does.
#[derive(Clone, Copy, Debug)]
enum Act {
    /// The client writes so many lines of a kind; the last bytes of them it may keep for later.
    Feed(LineContent, usize),
    Read(usize),
    EndCall,
    Note,
    Publish(usize),
    PublishProvisional(usize),
    /// Other clients take all places that are free, or give so many of a thousand of theirs back.
    Crowd,
    Uncrowd(usize),
    EndInput,
    /// Time passes with the client's end closed.
    Abandon,
    Shutdown,
    Leave,
}

#[derive(Default)]
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// The loop, and everybody it deals with.
pub(super) struct History {
    noise: Noise,
    done: Vec<Act>,
    client: HistoryClient,
    pipe: Rc<RefCell<Pipe>>,
    calls: Rc<RefCell<CallState>>,
    publisher: watch::Sender<Option<Arc<Catalog>>>,
    /// True if one of them was not provisional: before, lists wait.
    has_whole: bool,
    /// The most bytes of a list that was ever served.
    list: usize,
    notes: mpsc::Sender<Note>,
    noted: usize,
    /// The places of the process, and those that other clients hold.
    places: Places,
    others: ClientPlaces,
    others_hold: usize,
    shutdown: Option<oneshot::Sender<()>>,
    /// The place in [`CATALOGS`] of the largest that is published.
    largest: usize,
    driver: Pin<Box<dyn Future<Output = LoopEnd>>>,
    woken: Arc<Woken>,
    end: Option<LoopEnd>,
}

impl History {
    pub(super) fn new(seed: u64) -> Self {
        let mut noise = Noise(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        for _ in 0..4 {
            noise.below(2);
        }
        let writer = if noise.is_one_in(3) { PieceWriter::Thread } else { PieceWriter::Loop };
        // Through a narrow pipe large answers would take their time.
        let (capacity, largest) =
            noise.one_of([(64, 1), (4096, 2), (64 * 1024, 3), (64 * 1024, 3), (1 << 20, 3)]);
        let pipe = Pipe::new(writer, capacity);
        let calls = Rc::new(RefCell::new(CallState::default()));
        let (publisher, published) = watch::channel(None);
        let (notes, progress) = mpsc::channel(HISTORY_NOTES);
        let (shutdown, asked) = oneshot::channel();
        let engine = Engine::new(Settings::default());
        let places = Places::new();
        let others = places.client();
        let calls_of_loop = ScriptedCalls(calls.clone());
        let executor = ClientExecutor { calls: calls_of_loop, progress, places: places.client() };
        let driver = Driver::new(engine, PipeEnd(pipe.clone()), published, executor);
        let driver = Box::pin(driver.run(async move { drop(asked.await) }));
        let woken = Arc::new(Woken(AtomicBool::new(true)));
        let client = HistoryClient::new(noise.is_one_in(2), largest);
        let mut history = Self {
            noise,
            done: Vec::new(),
            client,
            pipe,
            calls,
            publisher,
            has_whole: false,
            list: 0,
            notes,
            noted: 0,
            places,
            others,
            others_hold: 0,
            shutdown: Some(shutdown),
            largest: largest - 1,
            driver,
            woken,
            end: None,
        };
        history.send(0);
        if !history.noise.is_one_in(4) {
            let which = history.noise.one_of([0, 0, 1, 1, 1, 1, 1, 2]);
            history.publish(which);
        }
        history
    }

    /// Plays it to its end, or to what is wrong with it.
    pub(super) fn play(mut self) -> Result<(), String> {
        let played = self.acts().and_then(|()| self.conclude());
        played.map_err(|why| format!("{why}\nafter {:?}", self.done))
    }

    fn acts(&mut self) -> Result<(), String> {
        let acts = 4 + self.noise.below(28);
        for _ in 0..acts {
            let act = self.next_act();
            self.done.push(act);
            self.act(act)?;
            match self.noise.below(4) {
                0 => {}
                1 => self.poll_once(),
                _ => self.settle()?,
            }
            if self.end.is_some() {
                return Ok(());
            }
        }
        Ok(())
    }

    fn next_act(&mut self) -> Act {
        let noise = &mut self.noise;
        match noise.below(44) {
            0..=13 => {
                let said = noise.one_of([
                    LineContent::Ping,
                    LineContent::List,
                    LineContent::List,
                    LineContent::List,
                    LineContent::Call,
                    LineContent::Call,
                    LineContent::Call,
                    LineContent::Cancel,
                    LineContent::Junk,
                    LineContent::Batch,
                ]);
                let most = noise.one_of([1, 1, 2, 4, 8, 30]);
                // Beyond what may be in flight.
                let most = if noise.is_one_in(300) { 300 } else { most };
                Act::Feed(said, most.min(1 + MAX_LISTED_BYTES / self.list.max(1)))
            }
            14..=22 => Act::Read(noise.one_of([1, 100, 4096, 64 * 1024, 1 << 20, usize::MAX])),
            23..=31 => Act::EndCall,
            32..=35 => Act::Note,
            36 | 37 => {
                let which = noise.one_of([0, 0, 0, 1, 1, 1, 1, 2]);
                match noise.is_one_in(3) {
                    true => Act::PublishProvisional(which),
                    false => Act::Publish(which),
                }
            }
            38 | 39 => Act::Crowd,
            40 | 41 => Act::Uncrowd(noise.one_of([0, 0, 1, 10, 100, 900, 999])),
            _ => match noise.below(16) {
                0..=2 => Act::EndInput,
                3..=6 => Act::Abandon,
                7 => Act::Shutdown,
                8 => Act::Leave,
                _ => Act::Read(usize::MAX),
            },
        }
    }

    fn act(&mut self, act: Act) -> Result<(), String> {
        match act {
            Act::Feed(said, count) => {
                if !self.pipe.borrow().has_ended {
                    (0..count).for_each(|_| self.client.say(said, &mut self.noise));
                    let all = self.client.unsent();
                    let keep = if self.noise.is_one_in(4) { self.noise.below(all) } else { 0 };
                    self.send(keep);
                }
            }
            Act::Read(bytes) => {
                let read = self.pipe.borrow_mut().read(bytes);
                self.client.ledger.read(read)?;
            }
            Act::EndCall => {
                let choice = self.noise.below(1000);
                self.calls.borrow_mut().end(choice);
            }
            Act::Note => {
                let choice = self.noise.below(1000);
                if let Some(key) = self.calls.borrow().progressing(choice) {
                    self.noted += 1;
                    let value = self.noted as f64;
                    // A full channel drops it.
                    let note = (key, Progress { value, total: None, message: None });
                    self.client.ledger.other_bytes += SMALL_MESSAGE;
                    drop(self.notes.try_send(note));
                }
            }
            Act::Publish(which) => self.publish(which),
            Act::PublishProvisional(which) => {
                let which = which.min(self.largest);
                self.list = self.list.max(CATALOGS[which].1);
                let catalog = &PROVISIONAL[which][usize::from(self.has_whole)];
                self.publisher.send_replace(Some(catalog.clone()));
            }
            Act::Crowd => {
                let free = self.places.free();
                assert!(self.others.hold(self.others_hold, free), "they are free");
                self.others_hold += free;
            }
            Act::Uncrowd(left) => self.uncrowd(self.others_hold * left / 1000),
            Act::EndInput => self.pipe.borrow_mut().end_input(),
            Act::Abandon => self.pipe.borrow_mut().abandon(),
            Act::Shutdown => drop(self.shutdown.take().map(|shutdown| shutdown.send(()))),
            Act::Leave => self.pipe.borrow_mut().leave(),
        }
        Ok(())
    }

    /// The client writes all that it has to say, but for so many bytes.
    fn send(&mut self, but: usize) {
        let bytes = self.client.send(but);
        self.pipe.borrow_mut().feed(&bytes);
    }

    fn publish(&mut self, which: usize) {
        let (catalog, list) = &CATALOGS[which.min(self.largest)];
        self.list = self.list.max(*list);
        self.client.ledger.other_bytes += SMALL_MESSAGE;
        self.publisher.send_replace(Some(catalog.clone()));
        self.has_whole = true;
    }

    /// Other clients keep so many places.
    fn uncrowd(&mut self, left: usize) {
        self.others_hold = left;
        self.others.keep(left);
    }

    /// Polls the loop, if it was woken.
    fn poll_once(&mut self) {
        if self.end.is_some() || !self.woken.0.swap(false, Ordering::Relaxed) {
            return;
        }
        // Of those that wait, it names anew whom it still wants to hear of.
        self.pipe.borrow_mut().forget_wakers();
        self.calls.borrow_mut().forget_wakers();
        let waker = Waker::from(self.woken.clone());
        if let Poll::Ready(end) = self.driver.as_mut().poll(&mut Context::from_waker(&waker)) {
            self.end = Some(end);
        }
    }

    /// Polls the loop until it rests or has ended. While it rests, no work is left.
    fn settle(&mut self) -> Result<(), String> {
        for _ in 0..MAX_POLLS {
            self.poll_once();
            if self.end.is_some() {
                return Ok(());
            }
            if !self.woken.0.load(Ordering::Relaxed) {
                return self.judge().map_err(|why| format!("it rests, and {why}"));
            }
        }
        Err("it does not come to rest".into())
    }

    /// Judges a loop that rests.
    fn judge(&self) -> Result<(), String> {
        Rest {
            ledger: &self.client.ledger,
            pipe: &self.pipe.borrow(),
            calls: &self.calls.borrow(),
            has_catalog: self.publisher.borrow().is_some(),
            has_whole: self.has_whole,
            longest_list: self.list,
            has_notes: self.notes.capacity() < HISTORY_NOTES,
            is_stopping: self.shutdown.is_none(),
            is_crowded: self.others_hold > 0,
        }
        .judge()
    }

    /// Other clients go, this one reads everything, calls end, the input ends: so does the loop, and every request has its
    /// answer.
    fn conclude(&mut self) -> Result<(), String> {
        self.settle()?;
        self.uncrowd(0);
        self.settle()?;
        while self.end.is_none() {
            if !self.has_whole {
                self.publish(0);
            } else if self.pipe.borrow().has_output() {
                self.act(Act::Read(usize::MAX))?;
            } else if self.calls.borrow_mut().end(0) {
                self.done.push(Act::EndCall);
            } else if !self.pipe.borrow().has_ended {
                self.send(0);
                self.pipe.borrow_mut().end_input();
            } else {
                return Err("everything has ended but the loop".into());
            }
            self.settle()?;
        }
        self.act(Act::Read(usize::MAX))?;
        let pipe = self.pipe.borrow();
        match self.end {
            Some(_) if pipe.is_gone => return Ok(()),
            Some(LoopEnd::Finished) if pipe.has_ended || self.shutdown.is_none() => {}
            end => return Err(format!("it ended with {end:?}")),
        }
        let mut missing = String::new();
        for (id, _) in self.client.ledger.due(pipe.taken, pipe.end_is_told) {
            let _ = write!(missing, " {id}");
        }
        if missing.is_empty() { Ok(()) } else { Err(format!("no answer to{missing}")) }
    }
}
