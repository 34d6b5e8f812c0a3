//! `toolrack dev`: on every save a plugin is built, checked and installed, and it is measured when running servers
//! serve it.

mod messages;
mod event;
mod build;
mod install;
mod outputs;
mod serving;
mod signals;
mod watch;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::slice;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};

use super::author::language::{Lang, plugin_name};
use super::install::add::target;
use super::install::lockfile_update::{self, Approval};
use super::output::print::{eprintln, println};
use super::setup::Setup;
use super::{DIM, ERROR, NAME, paint};
use crate::suggestion::CommandName;
use crate::text::escape;
use build::{Build, Recipe};
use event::DevEvent;
use install::InstallOutcome;
use messages::Messages;
use outputs::Outputs;
use serving::Serving;
use watch::CrateWatch;

/// A save is over when nothing has changed for so long: editors write a file in steps.
const SAVE_QUIET: Duration = Duration::from_millis(150);
/// The longest that a row of saves puts off a build.
const MAX_QUIET: Duration = Duration::from_secs(2);
/// The time between two looks at the logs of servers while nothing is built.
const TICK: Duration = Duration::from_millis(200);

/// The outcome of a step, which may be left before its end.
enum StepOutcome<T> {
    Done(T),
    /// The crate was saved meanwhile, at this time.
    Saved(Instant),
    Interrupted,
}

pub(super) fn run(
    crate_directory: &Path,
    package: Option<String>,
    setup: &Setup,
    run: Option<&Path>,
) -> anyhow::Result<ExitCode> {
    let target = target(&setup.plugins)?;
    let shown = escape(&crate_directory.to_string_lossy());
    let Some(lang) = Lang::of(crate_directory) else {
        bail!(
            "{shown}: it holds no plugin that can be built: no Cargo.toml, go.mod, package.json, app.py or main.c; name the \
             directory of a plugin's sources, as `{}` makes it",
            CommandName::New.with(["DIRECTORY"])
        );
    };
    let (events, inbox) = channel();
    signals::watch(events.clone())?;
    let root = crate_directory.canonicalize()?;
    let recipe = recipe(lang, &root, package)?;
    let mut outputs = Outputs::new(&root, &setup.plugins);
    if let Recipe::Command(_, name) = &recipe {
        outputs.add(root.join(format!("{name}.wasm")));
    }
    let watch = CrateWatch::start(&root, outputs, events.clone())?;
    println!("watching {}; ctrl-c ends it", paint(NAME, shown));
    let mut dev = Dev {
        root,
        recipe,
        setup: setup.clone(),
        serving: Serving::new(run, target),
        watch,
        stays: "what is installed stays".into(),
        events,
        inbox,
    };
    let mut saved = None;
    loop {
        match dev.turn(saved)? {
            StepOutcome::Saved(at) => saved = Some(at),
            StepOutcome::Interrupted => return Ok(ExitCode::SUCCESS),
            StepOutcome::Done(()) => match dev.idle() {
                Some(at) => saved = Some(at),
                None => return Ok(ExitCode::SUCCESS),
            },
        }
        if !dev.settle() {
            return Ok(ExitCode::SUCCESS);
        }
    }
}

/// Returns the way in which the plugin in `root` is built.
fn recipe(lang: Lang, root: &Path, package: Option<String>) -> anyhow::Result<Recipe> {
    if lang == Lang::Rust {
        return Ok(Recipe::Cargo(package));
    }
    ensure!(package.is_none(), "--package is for crates; this is no crate");
    let name = plugin_name(root).context("the directory's name is not UTF-8; rename it")?;
    Ok(Recipe::Command(lang, name))
}

struct Dev {
    root: PathBuf,
    recipe: Recipe,
    /// The settings by which plugins are checked. A built plugin goes into the first of its directories.
    setup: Setup,
    serving: Serving,
    watch: CrateWatch,
    /// The name of the version that stays installed while no newer one is fit, for people.
    stays: String,
    events: Sender<DevEvent>,
    inbox: Receiver<DevEvent>,
}

impl Dev {
    /// Builds, installs and waits for the servers, after what was `saved`.
    fn turn(&mut self, saved: Option<Instant>) -> anyhow::Result<StepOutcome<()>> {
        self.watch.cover();
        let started = Instant::now();
        let mut again = None;
        let Some((build, messages)) = self.build(&mut again)? else {
            return Ok(StepOutcome::Interrupted);
        };
        let artifact = build
            .finish(messages)
            .and_then(|messages| messages.artifact(&self.root, self.recipe.package()));
        let built = started.elapsed();
        if let Ok(artifact) = &artifact {
            self.watch.learn(&artifact.wasm);
        }
        match artifact.and_then(|artifact| install::install(&artifact, &self.setup)) {
            Ok(InstallOutcome::Installed(installed, placed)) => {
                println!("{}", installed.sentence());
                let held = lockfile_update::installed(
                    target(&self.setup.plugins)?,
                    slice::from_ref(&*installed),
                    Approval::Later,
                );
                if let Err(error) = held {
                    eprintln!("{} {error:#}", paint(ERROR, "error:"));
                }
                self.serving.expect(&installed, placed, built, saved);
                self.stays = format!("{} stays installed", installed.version());
            }
            Ok(InstallOutcome::Refused) => eprintln!("{}", self.stays),
            Err(error) => eprintln!("{} {error:#}; {}", paint(ERROR, "error:"), self.stays),
        }
        match again {
            Some(saved) => Ok(StepOutcome::Saved(saved)),
            None => Ok(self.wait()),
        }
    }

    /// Runs cargo until it has said all; none if that was interrupted. A save meanwhile goes to `again`.
    fn build(&mut self, again: &mut Option<Instant>) -> anyhow::Result<Option<(Build, Messages)>> {
        // Dropping it on any way out ends cargo.
        let build = Build::start(&self.root, &self.recipe, self.events.clone())?;
        loop {
            match self.inbox.recv()? {
                DevEvent::Saved => *again = again.or(Some(Instant::now())),
                DevEvent::Built(messages) => return Ok(Some((build, messages))),
                DevEvent::Interrupted => return Ok(None),
            }
        }
    }

    /// Waits, for a while, until all servers serve what was installed.
    fn wait(&mut self) -> StepOutcome<()> {
        while let Some(interval) = self.serving.look() {
            match self.inbox.recv_timeout(interval) {
                Ok(DevEvent::Saved) => return StepOutcome::Saved(Instant::now()),
                Ok(DevEvent::Interrupted) => return StepOutcome::Interrupted,
                Ok(DevEvent::Built(_)) | Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return StepOutcome::Interrupted,
            }
        }
        StepOutcome::Done(())
    }

    /// Shows what the plugin writes until the next save; none if that was interrupted.
    fn idle(&mut self) -> Option<Instant> {
        loop {
            match self.inbox.recv_timeout(TICK) {
                Ok(DevEvent::Saved) => return Some(Instant::now()),
                Ok(DevEvent::Interrupted) | Err(RecvTimeoutError::Disconnected) => return None,
                Ok(DevEvent::Built(_)) => {}
                Err(RecvTimeoutError::Timeout) => self.serving.print_lines(),
            }
        }
    }

    /// Waits until a row of saves is over. Whether to go on.
    fn settle(&mut self) -> bool {
        let started = Instant::now();
        while started.elapsed() < MAX_QUIET {
            match self.inbox.recv_timeout(SAVE_QUIET) {
                Ok(DevEvent::Saved | DevEvent::Built(_)) => {}
                Ok(DevEvent::Interrupted) | Err(RecvTimeoutError::Disconnected) => return false,
                Err(RecvTimeoutError::Timeout) => break,
            }
        }
        println!("{}", paint(DIM, "building"));
        true
    }
}
