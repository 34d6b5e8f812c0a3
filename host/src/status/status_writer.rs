//! The writer: keeps a server's status file true while it serves, from a thread of its own.
//!
//! Serving never waits for it: a disk that hangs holds up this thread alone.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc;
use std::time::Duration;

use tokio::sync::{oneshot, watch};

use super::servers::sweep;
use super::{AuditStatus, LoadingStatus, PlaceError, ServerFiles, Status, now_ms};
use crate::audit::AuditCounts;
use crate::catalog::{CallCounts, Catalog, Paused};
use crate::redis::{RedisHealth, RedisState};
use crate::reload::{Mode, Pending};
use crate::suggestion::CommandName;
use crate::text::escape_path;

/// The time between two looks at the counters. Nothing is written where none moved.
const COUNTERS_INTERVAL: Duration = Duration::from_secs(1);
/// The time that the end of the server waits for the files to be removed.
const MAX_CLOSING: Duration = Duration::from_millis(500);

/// A status file that follows what is served. Dropping it removes the file.
pub struct StatusWriter {
    stop: Option<oneshot::Sender<()>>,
    ended: mpsc::Receiver<()>,
}

/// The contents of the status file, as far as they change.
struct ShownStatus {
    catalog: Option<Arc<Catalog>>,
    calls: CallCounts,
    paused: Vec<Option<Paused>>,
    address: Option<String>,
    audit: Option<AuditStatus>,
    is_ending: bool,
    redis: Option<RedisHealth>,
    watching: String,
    loading: Vec<Pending>,
}

/// The things that a status file follows besides the catalog.
pub struct FollowedStatus {
    /// The way in which directories are watched.
    pub watching: watch::Receiver<Mode>,
    /// The plugins that are being loaded.
    pub loading: watch::Receiver<Vec<Pending>>,
    /// The address that is listened on, once there is one.
    pub address: watch::Receiver<Option<String>>,
    /// The audit log. `None` where there is none.
    pub audit: Option<Arc<AuditCounts>>,
    /// True once the server is about to end.
    pub ending: watch::Receiver<bool>,
    /// The state of Redis. `None` where there is none.
    pub redis: Option<Arc<RedisState>>,
}

impl StatusWriter {
    /// Starts to show, in the directory `run`, what `catalog` holds of `directories`, and what is `followed`
    /// besides. Where that is impossible, the log says so once, and nothing else
    /// happens.
    pub fn start(
        run: PathBuf,
        directories: &[PathBuf],
        followed: FollowedStatus,
        catalog: watch::Receiver<Option<Arc<Catalog>>>,
    ) -> Option<Self> {
        let place = ServerFiles::own(run);
        let absolute = |path: &PathBuf| std::path::absolute(path).unwrap_or_else(|_| path.clone());
        let status = Status {
            pid: place.pid(),
            version: env!("CARGO_PKG_VERSION").into(),
            started_ms: now_ms(),
            published_ms: None,
            directories: directories
                .iter()
                .map(|path| absolute(path).to_string_lossy().into_owned())
                .collect(),
            address: None,
            audit: None,
            is_ending: false,
            redis: None,
            watching: String::new(),
            loading: Vec::new(),
            plugins: Vec::new(),
            refusals: Vec::new(),
        };
        let (stop, stopped) = oneshot::channel();
        let (end, ended) = mpsc::channel();
        let own = place.clone();
        let started = std::thread::Builder::new().name("status".into()).spawn(move || {
            match place.take() {
                Ok(held) => {
                    // Clients kill servers too; what is left is removed by the next look at it.
                    let _ = sweep(place.directory());
                    show(&place, status, followed, catalog, stopped);
                    place.remove(held);
                }
                Err(error) => warn(&place, &error),
            }
            drop(end);
        });
        match started {
            Ok(_ends_with_the_channel) => Some(Self { stop: Some(stop), ended }),
            Err(error) => {
                warn(&own, &error.into());
                None
            }
        }
    }
}

impl Drop for StatusWriter {
    fn drop(&mut self) {
        drop(self.stop.take());
        // The channel closes when the thread is done.
        let _ = self.ended.recv_timeout(MAX_CLOSING);
    }
}

/// Writes what changes until `stopped` resolves.
fn show(
    place: &ServerFiles,
    mut status: Status,
    mut followed: FollowedStatus,
    mut catalog: watch::Receiver<Option<Arc<Catalog>>>,
    mut stopped: oneshot::Receiver<()>,
) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => return warn(place, &error.into()),
    };
    runtime.block_on(async {
        let mut shown = None;
        let (mut publishes, mut failed) = (true, false);
        loop {
            let now = ShownStatus::now(catalog.borrow_and_update().clone(), &followed);
            if !shown.as_ref().is_some_and(|shown| now.equals(shown)) {
                match write(place, &mut status, &now, shown.as_ref()) {
                    Ok(()) => failed = false,
                    Err(error) if !failed => {
                        warn(place, &error.into());
                        failed = true;
                    }
                    Err(_) => {}
                }
                shown = Some(now);
            }
            tokio::select! {
                _ = &mut stopped => break,
                changed = catalog.changed(), if publishes => publishes = changed.is_ok(),
                Ok(()) = followed.address.changed() => {}
                Ok(()) = followed.ending.changed() => {}
                () = tokio::time::sleep(COUNTERS_INTERVAL) => {}
            }
        }
    });
}

impl ShownStatus {
    fn now(catalog: Option<Arc<Catalog>>, followed: &FollowedStatus) -> Self {
        let FollowedStatus { watching, loading, address, audit, ending, redis } = followed;
        let tools = catalog.iter().flat_map(|catalog| catalog.tools().all());
        Self {
            calls: tools.map(|tool| tool.statistics.counts()).sum(),
            paused: catalog
                .iter()
                .flat_map(|catalog| catalog.plugins())
                .map(|plugin| plugin.paused())
                .collect(),
            address: address.borrow().clone(),
            audit: audit.as_deref().map(audit_status),
            is_ending: *ending.borrow(),
            redis: redis.as_ref().map(|redis| redis.health()),
            watching: watching.borrow().to_string(),
            loading: loading.borrow().clone(),
            catalog,
        }
    }

    fn equals(&self, other: &Self) -> bool {
        self.shows_catalog_of(other)
            && self.calls == other.calls
            && self.paused == other.paused
            && self.address == other.address
            && self.audit == other.audit
            && self.is_ending == other.is_ending
            && self.redis == other.redis
            && self.watching == other.watching
            && self.loading == other.loading
    }

    fn shows_catalog_of(&self, other: &Self) -> bool {
        match (&self.catalog, &other.catalog) {
            (Some(one), Some(two)) => Arc::ptr_eq(one, two),
            (one, two) => one.is_none() && two.is_none(),
        }
    }
}

fn write(
    place: &ServerFiles,
    status: &mut Status,
    now: &ShownStatus,
    before: Option<&ShownStatus>,
) -> std::io::Result<()> {
    status.address.clone_from(&now.address);
    status.audit.clone_from(&now.audit);
    status.is_ending = now.is_ending;
    status.redis = now.redis;
    status.watching.clone_from(&now.watching);
    status.loading = now.loading.iter().map(LoadingStatus::of).collect();
    if let Some(catalog) = &now.catalog {
        status.show(catalog);
        if !catalog.is_provisional() && !before.is_some_and(|before| now.shows_catalog_of(before)) {
            status.published_ms = Some(now_ms());
        }
    }
    place.write(&serde_json::to_vec(status)?)
}

fn audit_status(audit: &AuditCounts) -> AuditStatus {
    let problem = audit.problem();
    // While it can be written, lines wait for moments alone.
    let waiting = if problem.is_some() { audit.waiting() } else { 0 };
    AuditStatus { waiting, lost: audit.lost(), problem }
}

fn warn(place: &ServerFiles, error: &PlaceError) {
    let directory = escape_path(place.directory());
    let status = CommandName::Status.alone();
    tracing::warn!("`{status}` does not show this server as it is: {directory}: {error}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::PluginName;

    #[test]
    fn whatever_differs_is_written_anew() {
        fn calls(begun: u64) -> CallCounts {
            CallCounts { calls: begun, ..CallCounts::default() }
        }
        fn shown() -> ShownStatus {
            ShownStatus {
                catalog: None,
                calls: calls(3),
                paused: vec![None],
                address: None,
                audit: None,
                is_ending: false,
                redis: Some(RedisHealth::Connected),
                watching: "watching".into(),
                loading: Vec::new(),
            }
        }
        let paused = Paused { crashes: 5, until: None, reason: "it trapped".into() };
        let plugin = PluginName::new("p").expect("a name");
        let since = std::time::Instant::now();
        let others = [
            ShownStatus { catalog: Some(Arc::new(Catalog::default())), ..shown() },
            ShownStatus { calls: calls(4), ..shown() },
            ShownStatus { address: Some("http://127.0.0.1:1/mcp".into()), ..shown() },
            ShownStatus {
                audit: Some(AuditStatus { waiting: 1, lost: 0, problem: None }),
                ..shown()
            },
            ShownStatus { is_ending: true, ..shown() },
            ShownStatus { redis: Some(RedisHealth::Away), ..shown() },
            ShownStatus { paused: vec![Some(paused)], ..shown() },
            ShownStatus { watching: "polling".into(), ..shown() },
            ShownStatus {
                loading: vec![Pending { plugin, file: "p.toml".into(), since }],
                ..shown()
            },
        ];
        assert!(shown().equals(&shown()));
        for (at, other) in others.iter().enumerate() {
            assert!(!shown().equals(other) && !other.equals(&shown()), "{at}");
        }
    }
}
