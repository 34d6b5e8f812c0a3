//! The link of calls to a Redis: it asks over the connection where there is one, and answers nothing at once where there is none.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use ::redis::RedisResult;
use ::redis::aio::MultiplexedConnection;
use tokio::sync::{Notify, Semaphore, mpsc};
use tokio::time::timeout;

use super::bounds::{MAX_COUNTING, MAX_FETCHING};
use super::connection::{RedisConnection, Unanswered};
use super::settings::RedisSettings;
use super::state::RedisState;
use crate::sync::lock;

/// The way of calls to a Redis. A question that gets no answer ends it: until the keeper has another connection, nobody
/// waits for Redis.
pub(super) struct RedisLink {
    pub(super) settings: RedisSettings,
    pub(super) state: Arc<RedisState>,
    /// The connection. It has a lock, since calls take it away from each other; nothing is awaited under it.
    open: Mutex<OpenLink>,
    /// The signal that a call gave the connection up.
    lost: Notify,
    pub(super) counting: Arc<Semaphore>,
    pub(super) fetching: Arc<Semaphore>,
    pub(super) keeping: mpsc::Sender<BytesToKeep>,
}

/// Bytes that wait to be kept.
pub(super) struct BytesToKeep {
    pub(super) key: String,
    pub(super) bytes: Vec<u8>,
    pub(super) lifetime: Duration,
}

#[derive(Default)]
struct OpenLink {
    connection: Option<RedisConnection>,
    /// The number of the connection: a call that ends late gives up no later one.
    number: u64,
    /// The reason why it was given up.
    problem: Option<String>,
    /// True if it was told that Redis refuses something.
    has_told_refusal: bool,
}

impl RedisLink {
    pub(super) fn new(settings: RedisSettings, keeping: mpsc::Sender<BytesToKeep>) -> Self {
        Self {
            settings,
            state: Arc::default(),
            open: Mutex::default(),
            lost: Notify::new(),
            counting: Arc::new(Semaphore::new(MAX_COUNTING)),
            fetching: Arc::new(Semaphore::new(MAX_FETCHING)),
            keeping,
        }
    }

    /// Lets calls use this connection.
    pub(super) fn open(&self, connection: RedisConnection) {
        let mut open = lock(&self.open);
        let number = open.number + 1;
        *open = OpenLink { connection: Some(connection), number, ..OpenLink::default() };
        self.state.set(true);
    }

    /// Takes the connection away from calls.
    pub(super) fn close(&self) {
        let mut open = lock(&self.open);
        open.connection = None;
        self.state.set(false);
    }

    /// Waits until a call gives the connection up, and returns the reason.
    pub(super) async fn lost(&self) -> String {
        loop {
            let signal = self.lost.notified();
            if let Some(problem) = lock(&self.open).problem.take() {
                return problem;
            }
            signal.await;
        }
    }

    /// Asks a question, in one of `places`. `None` where there is no answer.
    pub(super) async fn ask<T: Send + 'static, F>(
        &self,
        places: &Arc<Semaphore>,
        question: impl FnOnce(MultiplexedConnection) -> F,
    ) -> Option<T>
    where
        F: Future<Output = RedisResult<T>> + Send + 'static,
    {
        // That others ask much is no fault of Redis.
        let wait = timeout(self.settings.timeout, places.clone().acquire_owned());
        let place = wait.await.ok()?.ok()?;
        let (connection, number) = {
            let open = lock(&self.open);
            (open.connection.clone()?, open.number)
        };
        let question = question(connection.multiplexed());
        // The answer comes whoever is gone meanwhile: until then the question has its place, and the bytes are its answer's.
        let asked = tokio::spawn(async move {
            let _place = place;
            connection.answer(question).await
        });
        match asked.await.ok()? {
            Ok(answer) => Some(answer),
            Err(Unanswered::Refused(problem)) => {
                self.tell_refusal(number, &problem);
                None
            }
            Err(Unanswered::Lost(problem)) => {
                self.give_up(number, problem);
                None
            }
        }
    }

    fn give_up(&self, number: u64, problem: String) {
        let mut open = lock(&self.open);
        if open.number == number && open.connection.take().is_some() {
            open.problem = Some(problem);
            self.state.set(false);
            self.lost.notify_one();
        }
    }

    /// Tells that Redis refuses something, once a connection.
    fn tell_refusal(&self, number: u64, problem: &str) {
        let mut open = lock(&self.open);
        if open.number == number && !std::mem::replace(&mut open.has_told_refusal, true) {
            tracing::warn!(
                "Redis at {} refuses something, which this server counts or keeps by itself: {problem}",
                self.settings.url
            );
        }
    }
}
