//! `toolrack grant`, `revoke`, `set` and `unset`: what a person decides of a plugin, put into its local file.

mod foreign_path;
mod hints;
mod arguments;
mod target;

use std::path::Path;
use std::process::ExitCode;

use super::approve::lock;
use super::install::lockfile_update;
use super::look::check::print_refusals;
use super::output::print::{eprintln, println};
use super::output::served::{followers, nobody};
use super::setup::Setup;
use super::{ERROR, NAME, paint};
use crate::catalog::Refusal;
use crate::install::{DirectoryLock, InstallError, installed};
use crate::lockfile::LOCK_FILE;
use crate::manifest::Decision;
use crate::suggestion::CommandName;
use crate::text::escape;
pub(super) use arguments::{GrantArguments, revoked, set, unset};
pub(super) use foreign_path::GrantOptions;
pub(super) use hints::{TypedGrant, kind};
use target::{DecidedPlugin, LoadedPlugin};

pub(super) fn run(
    name: &str,
    change: &Decision,
    setup: &Setup,
    run: Option<&Path>,
) -> anyhow::Result<ExitCode> {
    match decide(name, change, setup, run).map_err(anyhow::Error::downcast) {
        Ok(DecisionOutcome::Served) => Ok(ExitCode::SUCCESS),
        Ok(DecisionOutcome::TakenOut) => Ok(ExitCode::FAILURE),
        Err(Ok(InstallError::Refused(refusals))) => {
            print_refusals(&refusals);
            eprintln!("{} nothing was changed", paint(ERROR, "error:"));
            Ok(ExitCode::FAILURE)
        }
        Err(Ok(error)) => Err(error.into()),
        Err(Err(error)) => Err(error),
    }
}

/// The state of the plugin after a decision.
enum DecisionOutcome {
    /// It is served as it was decided, or was not served before either.
    Served,
    /// It is not served without what was taken away.
    TakenOut,
}

fn decide(
    name: &str,
    change: &Decision,
    setup: &Setup,
    run: Option<&Path>,
) -> anyhow::Result<DecisionOutcome> {
    let (directory, file) = installed(name, &setup.plugins)?;
    // Two decisions at once would each write what it read before the other.
    let _lock = DirectoryLock::take(setup.home.as_ref(), &directory)?;
    let target = DecidedPlugin::new(directory, file);
    let change = &target.by_written_path(target.by_own_name(change, setup)?)?;
    let (before, after) = target.texts(change).map_err(|error| hints::with_command(name, error))?;
    if before == after {
        println!(
            "nothing to change: {} is decided so, or its manifest says so",
            paint(NAME, escape(name))
        );
        let version = target.before(setup)?.version();
        if lockfile_update::holds_back(&target.directory, &target.file, version.as_ref())? {
            println!("{LOCK_FILE} does not accept it yet: `{}`", CommandName::Approve.with([name]));
        }
        return Ok(DecisionOutcome::Served);
    }
    let now = target.load(&after, setup)?;
    now.check_tool(change)?;
    if let Some(refusals) = refusal(&target, &now, change, setup)? {
        return Err(InstallError::Refused(refusals).into());
    }
    // Known before the file changes, since the lock is of what lay there.
    let lock = lock(&target.directory)?;
    let accepted = match &lock {
        Some(lock) => target.is_accepted(lock, &now, setup)?,
        None => false,
    };
    target.print_difference(&before, &after);
    target.write(&before, &after)?;
    now.print(name);
    let warnings = [
        hints::kept_in_clear(name, change, setup),
        hints::told_though_bound(name, change, setup),
        hints::near_directory(name, change),
    ];
    for warning in warnings.into_iter().flatten() {
        eprintln!("{} {warning}", paint(ERROR, "warning:"));
    }
    let version = now.version();
    let (directory, file) = (&target.directory, &target.file);
    if let Some(lock) = lock {
        lockfile_update::decided(directory, file, lock, accepted, version.as_ref())?;
    }
    let followers = followers(run, directory);
    if version.is_some() && lockfile_update::holds_back(directory, file, version.as_ref())? {
        println!("servers hold it back until `{}` accepts it", CommandName::Approve.with([name]));
    } else {
        println!("{}", followers.clone().unwrap_or_else(|| nobody(directory)));
    }
    match (&now.plugin, change) {
        (Err(_), Decision::Revoke(_) | Decision::Unset(_)) => {
            if followers.is_some() {
                println!("no server serves it any more with what it has lost");
            }
            Ok(DecisionOutcome::TakenOut)
        }
        (Ok(_), _) | (Err(_), Decision::Grant(_) | Decision::Set(..)) => {
            Ok(DecisionOutcome::Served)
        }
    }
}

/// Returns the refusals that stop the change. `revoke` and `unset` are never stopped, nor is a change of a plugin that was
/// refused before: it may be on its way to being served.
fn refusal(
    target: &DecidedPlugin,
    now: &LoadedPlugin,
    change: &Decision,
    setup: &Setup,
) -> anyhow::Result<Option<Vec<Refusal>>> {
    match (&now.plugin, change) {
        (Ok(_), _) | (Err(_), Decision::Revoke(_) | Decision::Unset(_)) => Ok(None),
        (Err(refusals), Decision::Grant(_) | Decision::Set(..)) => {
            let was_served = target.before(setup)?.plugin.is_ok();
            Ok(was_served.then(|| refusals.clone()))
        }
    }
}
