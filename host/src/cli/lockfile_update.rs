//! The lock of a directory after plugins were installed into it or removed from it: what is said of it, and
//! what is written.

use std::path::Path;

use super::add::Installed;
use super::approve::{lock, put};
use super::print::{eprintln, println};
use super::{ERROR, GOOD, NAME, paint};
use crate::install::Removed;
use crate::lockfile::{LOCK_FILE, LockPolicy, PluginVersion, Verdict, judge};
use crate::text::escape;

/// The treatment of plugins that a lock would hold back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Approval {
    /// They are held back, and that is said.
    Later,
    /// They are accepted: what they are was just shown.
    Now,
}

/// Settles what was `installed` with the lock of `directory`, if it has one.
pub(super) fn installed(
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
        let advice = format!("until `toolrack approve {}`", one.plugin.name);
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

/// Takes what was `removed` out of the locks: nothing is accepted that is not there.
pub(super) fn removed(removed: &[Removed]) {
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
