//! The servers that serve what is built: when each took it up, and what the plugin writes there.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::super::install::installed::Installed;
use super::super::output::print::println;
use super::super::output::served::{nobody, serving};
use super::event::seconds;
use crate::catalog::Plugin;
use crate::cli::{DIM, ERROR, GOOD, paint};
use crate::install::InstallChange;
use crate::name::PluginName;
use crate::status::{LogFollower, PluginLine, Server, Status};
use crate::suggestion::CommandName;
use crate::text::escape;

/// The time that servers have to take up an installed version.
const SERVING_TIMEOUT: Duration = Duration::from_secs(10);
/// The time between two looks meanwhile.
const SERVING_INTERVAL: Duration = Duration::from_millis(25);

/// The servers of a plugin directory.
pub(super) struct Serving {
    run: Option<PathBuf>,
    directory: PathBuf,
    follower: LogFollower,
    /// The plugin whose lines are shown: none before the first is installed.
    plugin: Option<PluginName>,
    expected: Option<Expected>,
}

/// The version that is waited for, and the times that are told then.
struct Expected {
    name: PluginName,
    manifest: String,
    digest: String,
    /// The catalog is to be newer than this, in milliseconds since 1970; where the Wasm is the same.
    after_ms: u64,
    installed: Instant,
    built: Duration,
    saved: Option<Instant>,
    /// Servers that have it.
    told: Vec<u32>,
}

impl Serving {
    pub(super) fn new(run: Option<&Path>, directory: &Path) -> Self {
        let mut serving = Self {
            run: run.map(Path::to_owned),
            directory: directory.to_owned(),
            follower: LogFollower::default(),
            plugin: None,
            expected: None,
        };
        // Lines that were written before are skipped.
        let servers = serving.servers();
        serving.follower.lines(&servers);
        serving
    }

    /// Waits from now on for what was `installed` after `after_ms`.
    pub(super) fn expect(
        &mut self,
        installed: &Installed,
        after_ms: u64,
        built: Duration,
        saved: Option<Instant>,
    ) {
        let plugin: &Plugin = &installed.plugin;
        self.plugin = Some(plugin.name.clone());
        self.expected = (installed.change != InstallChange::Unchanged).then(|| Expected {
            name: plugin.name.clone(),
            manifest: installed.manifest.clone(),
            digest: plugin.digest.to_string(),
            after_ms: if installed.is_other_wasm() { 0 } else { after_ms },
            installed: Instant::now(),
            built,
            saved,
            told: Vec::new(),
        });
    }

    /// Looks who serves it now and says so. How long to wait before looking again; none when there is
    /// nothing to wait for.
    pub(super) fn look(&mut self) -> Option<Duration> {
        let servers = self.servers();
        self.show(&servers);
        let expected = self.expected.as_mut()?;
        if servers.is_empty() {
            println!("built in {}; {}", seconds(expected.built), nobody(&self.directory));
            self.expected = None;
            return None;
        }
        let mut waiting = Vec::new();
        for server in &servers {
            let pid = server.place.pid();
            let Some(status) = server.status().filter(|_| !expected.told.contains(&pid)) else {
                continue;
            };
            if expected.is_served(status) {
                expected.told.push(pid);
                println!("{}", expected.sentence(pid));
            } else {
                waiting.push((pid, status));
            }
        }
        if waiting.is_empty() || expected.installed.elapsed() > SERVING_TIMEOUT {
            for (pid, status) in waiting {
                expected.print_missing(pid, status);
            }
            self.expected = None;
            return None;
        }
        Some(SERVING_INTERVAL)
    }

    /// Shows what the plugin has written since.
    pub(super) fn print_lines(&mut self) {
        let servers = self.servers();
        self.show(&servers);
    }

    fn show(&mut self, servers: &[Server]) {
        let lines = self.follower.lines(servers);
        let own = |line: &&PluginLine| {
            self.plugin.as_ref().is_some_and(|plugin| plugin.as_str() == line.span.plugin)
        };
        for line in lines.iter().filter(own) {
            let level = escape(&line.level).to_lowercase();
            let tool = line.span.tool.as_deref().map(escape).unwrap_or_default();
            println!("{} {} {}", paint(DIM, level), paint(DIM, tool), escape(&line.message));
        }
    }

    fn servers(&mut self) -> Vec<Server> {
        serving(self.run.as_deref(), &self.directory).unwrap_or_else(|error| {
            tracing::warn!("it is not known which servers run: {error}");
            // Said once; from now on there are none.
            self.run = None;
            Vec::new()
        })
    }
}

impl Expected {
    fn is_served(&self, status: &Status) -> bool {
        status.published_ms.is_some_and(|published| published >= self.after_ms)
            && status
                .plugins
                .iter()
                .any(|plugin| plugin.name == self.name.as_str() && plugin.sha256 == self.digest)
    }

    fn sentence(&self, pid: u32) -> String {
        let save =
            self.saved.map(|saved| format!(" ({} after the save)", seconds(saved.elapsed())));
        let text = format!(
            "built in {}, served by server {pid} {} after it was installed{}",
            seconds(self.built),
            seconds(self.installed.elapsed()),
            save.unwrap_or_default()
        );
        paint(GOOD, text)
    }

    fn print_missing(&self, pid: u32, status: &Status) {
        let waited = seconds(SERVING_TIMEOUT);
        let command = CommandName::Status.alone();
        let text = format!("server {pid} does not serve it after {waited}; see `{command}`");
        println!("{}", paint(ERROR, text));
        for refusal in status.refusals.iter().filter(|one| one.file.ends_with(&self.manifest)) {
            println!("     {}", escape(refusal.reason.lines().next().unwrap_or_default()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::status::PluginStatus;

    #[test]
    fn it_is_served_where_its_code_is_and_was_published_after_it_was_placed() {
        let expected = Expected {
            name: PluginName::new("p").expect("a name"),
            manifest: "p.toml".into(),
            digest: "code".into(),
            after_ms: 1000,
            installed: Instant::now(),
            built: Duration::ZERO,
            saved: None,
            told: Vec::new(),
        };
        for (name, digest, published_ms, is_served) in [
            ("p", "code", Some(1000), true),
            ("p", "code", Some(999), false),
            ("p", "code", None, false),
            ("p", "other", Some(1000), false),
            ("other", "code", Some(1000), false),
        ] {
            let plugin = PluginStatus {
                name: name.into(),
                file: "p.toml".into(),
                sha256: digest.into(),
                paused: None,
                tools: Vec::new(),
            };
            let status = Status {
                pid: 1,
                version: String::new(),
                started_ms: 0,
                published_ms,
                directories: Vec::new(),
                address: None,
                audit: None,
                is_ending: false,
                redis: None,
                watching: String::new(),
                loading: Vec::new(),
                plugins: vec![plugin],
                refusals: Vec::new(),
            };
            assert_eq!(expected.is_served(&status), is_served, "{name} {digest} {published_ms:?}");
        }
    }
}
