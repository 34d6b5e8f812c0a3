//! The lock of a directory after plugins were installed into it, removed from it or decided of: what is said of it,
//! and what is written.

use std::path::Path;

use anyhow::bail;

use super::super::approve::{lock, put};
use super::super::output::print::{eprintln, println};
use super::super::{ERROR, GOOD, NAME, paint};
use super::installed::Installed;
use crate::install::Removed;
use crate::lockfile::{LOCK_FILE, Lock, LockPolicy, PluginVersion, Verdict, judge};
use crate::suggestion::CommandName;
use crate::text::escape;

/// The treatment of plugins that a lock would hold back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Approval {
    /// They are held back, and that is said.
    Later,
    /// They are accepted: what they are was just shown.
    Now,
}

/// Settles what was `installed` with the lock of `directory`, if it has one.
pub(crate) fn installed(
    directory: &Path,
    installed: &[Installed],
    approval: Approval,
) -> anyhow::Result<()> {
    let Some(mut lock) = lock(directory)? else { return Ok(()) };
    if approval == Approval::Now {
        let entries = installed.iter().map(|one| {
            let version = PluginVersion::of(one.files, &one.plugin);
            (one.file.clone(), version.entry())
        });
        lock.plugins.extend(entries);
        put(directory, &lock)?;
        println!("{} in {LOCK_FILE}", paint(GOOD, "accepted"));
        return Ok(());
    }
    for one in installed {
        let version = PluginVersion::of(one.files, &one.plugin);
        let is_held = |locking| judge(&lock, &one.file, &version, locking) != Verdict::Accepted;
        let name = paint(NAME, &one.plugin.name);
        let approve = CommandName::Approve.with([one.plugin.name.as_str()]);
        let advice = format!("until `{approve}`");
        if is_held(LockPolicy::Followed) {
            println!(
                "{} {name}: {LOCK_FILE} does not accept it, {advice}",
                paint(ERROR, "held back")
            );
        } else if is_held(LockPolicy::Required) {
            println!("{name} is held back by servers with --locked, {advice}");
        }
    }
    Ok(())
}

/// True if `lock` accepts this version of the plugin of the manifest `file` to the last byte.
pub(crate) fn accepts(lock: &Lock, file: &str, version: &PluginVersion<'_>) -> bool {
    judge(lock, file, version, LockPolicy::Required) == Verdict::Accepted
}

/// True if the plugin waits until somebody accepts this version in the lock of `directory`.
pub(crate) fn holds_back(
    directory: &Path,
    file: &str,
    version: Option<&PluginVersion<'_>>,
) -> anyhow::Result<bool> {
    let lock = lock(directory)?;
    let judged =
        lock.zip(version).map(|(lock, version)| judge(&lock, file, version, LockPolicy::Followed));
    Ok(judged.is_some_and(|verdict| verdict != Verdict::Accepted))
}

/// Settles a decision of the plugin of the manifest `file` with `lock`, which lay in `directory` before: it accepts the
/// plugin as it is `now`, if it `accepted` it as it was. `now` is `None` where it is not served.
pub(crate) fn decided(
    directory: &Path,
    file: &str,
    mut lock: Lock,
    accepted: bool,
    now: Option<&PluginVersion<'_>>,
) -> anyhow::Result<()> {
    if now.is_some_and(|now| accepts(&lock, file, now)) {
        println!("{LOCK_FILE} accepts it as it is now");
        return Ok(());
    }
    let Some(now) = now.filter(|_| accepted) else {
        println!(
            "{LOCK_FILE} is left as it is, since it does not accept the plugin as it lay there before; \
             `{}` shows what differs",
            CommandName::Approve.alone()
        );
        return Ok(());
    };
    if self::lock(directory)?.map(|lock| lock.plugins).as_ref() != Some(&lock.plugins) {
        bail!(
            "{LOCK_FILE} changed while this was checked, and is left as it is; `{}` accepts this",
            CommandName::Approve.alone()
        );
    }
    lock.plugins.insert(file.to_owned(), now.entry());
    put(directory, &lock)?;
    println!("{} in {LOCK_FILE}", paint(GOOD, "accepted"));
    Ok(())
}

/// Takes what was `removed` out of the locks: nothing is accepted that is not there.
pub(crate) fn removed(removed: &[Removed]) {
    for one in removed {
        let settled = lock(&one.directory).and_then(|lock| {
            let Some(mut lock) = lock else { return Ok(()) };
            match lock.plugins.remove(&one.manifest) {
                Some(_) => put(&one.directory, &lock),
                None => Ok(()),
            }
        });
        if let Err(error) = settled {
            eprintln!("{LOCK_FILE} still accepts {}: {error:#}", escape(&one.name));
        }
    }
}
