//! The keeper of the connection to a Redis: it connects, looks after the connection, and connects again, on a thread of
//! its own.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use super::bounds::MAX_KEEPING;
use super::connection::RedisConnection;
use super::link::{BytesToKeep, RedisLink};
use super::settings::RedisSettings;
use super::state::RedisState;
use super::way::RedisWay;
use crate::catalog::{SharedBuckets, SharedBytes};

/// The pause before the first attempt to connect again, and the longest, to which it doubles.
const FIRST_REDIS_PAUSE: Duration = Duration::from_millis(100);
const MAX_REDIS_PAUSE: Duration = Duration::from_secs(5);
/// A connection that held so long was a good one: the next attempt comes soon.
const HELD_LONG: Duration = Duration::from_secs(30);
/// The pause between two looks at a connection.
const LOOK_PAUSE: Duration = Duration::from_secs(5);
/// The most threads that look up names: a system may hold each up for a while.
const MAX_REDIS_LOOKUPS: usize = 4;

/// A connection to a Redis, kept as long as this is.
pub struct RedisKeeper {
    link: Arc<RedisLink>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl RedisKeeper {
    /// Keeps a connection to the Redis of these settings. Whether it can be reached is found out later.
    pub fn start(settings: RedisSettings) -> io::Result<Self> {
        let runtime = runtime()?;
        let (keeping, to_keep) = mpsc::channel(MAX_KEEPING);
        let link = Arc::new(RedisLink::new(settings, keeping));
        let (stop, stopped) = oneshot::channel();
        let kept = link.clone();
        let keep = move || {
            runtime.block_on(async {
                tokio::select! {
                    () = keep_connected(&kept, to_keep) => {}
                    _ = stopped => {}
                }
            });
            kept.close();
            // A name that is looked up may hold up a thread for long.
            runtime.shutdown_background();
        };
        let thread = std::thread::Builder::new().name("redis".into()).spawn(keep)?;
        Ok(Self { link, stop: Some(stop), thread: Some(thread) })
    }

    /// Returns whether it is connected, as it changes.
    #[must_use]
    pub fn state(&self) -> Arc<RedisState> {
        self.link.state.clone()
    }

    /// Returns the buckets of calls in it.
    pub(crate) fn buckets(&self) -> Arc<dyn SharedBuckets> {
        self.link.clone()
    }

    /// Returns the bytes in it.
    pub(crate) fn bytes(&self) -> Arc<dyn SharedBytes> {
        self.link.clone()
    }
}

impl Drop for RedisKeeper {
    fn drop(&mut self) {
        drop(self.stop.take());
        drop(self.thread.take().map(JoinHandle::join));
    }
}

/// Connects once, and says what is wrong. Blocks.
pub(crate) fn probe(settings: RedisSettings) -> Result<(), String> {
    let runtime = runtime().map_err(|error| format!("cannot be asked: {error}"))?;
    let probed = runtime.block_on(async {
        let way = RedisWay::new(settings);
        let (connection, mut driver) = opened(&way).await?;
        checked(&connection, &mut driver, &way).await
    });
    runtime.shutdown_background();
    probed
}

fn runtime() -> io::Result<tokio::runtime::Runtime> {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all().max_blocking_threads(MAX_REDIS_LOOKUPS).build()
}

/// Connects. The task moves the bytes of the connection, and ends when it is dropped; a panic over what came ends it alone.
async fn opened(way: &RedisWay) -> Result<(RedisConnection, JoinSet<()>), String> {
    let (connection, driver) = RedisConnection::open(way).await?;
    let mut task = JoinSet::new();
    task.spawn(driver);
    Ok((connection, task))
}

async fn keep_connected(link: &RedisLink, mut to_keep: mpsc::Receiver<BytesToKeep>) {
    let way = RedisWay::new(link.settings.clone());
    let url = &link.settings.url;
    let (mut pause, mut has_told) = (FIRST_REDIS_PAUSE, false);
    loop {
        let mut began = None;
        let problem = match opened(&way).await {
            Ok((connection, mut driver)) => {
                match checked(&connection, &mut driver, &way).await {
                    Ok(()) => {
                        began = Some(Instant::now());
                        link.open(connection.clone());
                        has_told = false;
                        tracing::info!("Redis at {url} answers: servers share it from now on");
                        let problem = served(link, &connection, &mut driver, &mut to_keep).await;
                        link.close();
                        // They would be kept for too long later.
                        while to_keep.try_recv().is_ok() {}
                        problem
                    }
                    Err(problem) => problem,
                }
            }
            Err(problem) => problem,
        };
        if !std::mem::replace(&mut has_told, true) {
            tracing::warn!(
                "Redis at {url} {problem}; until it answers again, this server counts calls and keeps answers by itself"
            );
        } else {
            tracing::debug!("Redis at {url} {problem}");
        }
        if began.is_some_and(|began| began.elapsed() >= HELD_LONG) {
            pause = FIRST_REDIS_PAUSE;
        }
        sleep(pause.mul_f64(spread())).await;
        pause = (pause * 2).min(MAX_REDIS_PAUSE);
    }
}

/// Checks a connection while its bytes are moved.
async fn checked(
    connection: &RedisConnection,
    driver: &mut JoinSet<()>,
    way: &RedisWay,
) -> Result<(), String> {
    let mut check = pin!(connection.check(way.settings.prefix.as_str()));
    tokio::select! {
        checked = &mut check => checked,
        // It is told the reason.
        _ = driver.join_next() => check.await,
    }
}

const CLOSED: &str = "closed the connection";

/// Lets a connection serve, and returns why it ended.
async fn served(
    link: &RedisLink,
    connection: &RedisConnection,
    driver: &mut JoinSet<()>,
    to_keep: &mut mpsc::Receiver<BytesToKeep>,
) -> String {
    let looks = async {
        loop {
            sleep(LOOK_PAUSE).await;
            if let Err(problem) = connection.check(link.settings.prefix.as_str()).await {
                return problem;
            }
        }
    };
    let keeps = async {
        while let Some(bytes) = to_keep.recv().await {
            link.keep_now(bytes).await;
        }
        std::future::pending().await
    };
    tokio::select! {
        // A call that was waiting knows more of the reason.
        biased;
        problem = link.lost() => problem,
        problem = looks => problem,
        problem = keeps => problem,
        _ = driver.join_next() => CLOSED.into(),
    }
}

/// A factor of about one, by which servers that lost Redis at once come back one after the other.
fn spread() -> f64 {
    let random = RandomState::new().build_hasher().finish();
    0.75 + f64::from((random >> 56) as u8) / 512.0
}
