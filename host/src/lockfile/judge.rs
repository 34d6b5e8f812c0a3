//! The decision whether a version may be served: from the lock, the version, and the strictness of the host.

use super::{Difference, Lock, PluginVersion, differences};

use crate::catalog::HELD_BACK;
use crate::suggestion::CommandName;

/// The most differences that a verdict names.
const MAX_NAMED_DIFFERENCES: usize = 4;

/// The strictness with which a host keeps to locks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LockPolicy {
    /// It does not look at them.
    #[default]
    Ignored,
    /// New plugins, wider grants and changed definitions are held back where a directory has a lock.
    Followed,
    /// Nothing is served that is not locked to the last byte.
    Required,
}

/// The decision on a version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The version may be served.
    Accepted,
    /// Another version of the plugin may be served, with the reason why this one may not.
    Differs(String),
    /// No version of the plugin may be served, with the reason.
    Unlisted(String),
}

impl Verdict {
    /// Returns the reason why it may not be served. `None` if it may.
    #[must_use]
    pub fn reason(self) -> Option<String> {
        match self {
            Self::Accepted => None,
            Self::Differs(reason) | Self::Unlisted(reason) => Some(reason),
        }
    }
}

/// Decides whether `version`, which `file` names, may be served under `lock`.
#[must_use]
pub fn judge(lock: &Lock, file: &str, version: &PluginVersion<'_>, locking: LockPolicy) -> Verdict {
    if locking == LockPolicy::Ignored {
        return Verdict::Accepted;
    }
    let Some(entry) = lock.plugins.get(file) else {
        return Verdict::Unlisted(not_in_lock(version.name));
    };
    let mut found = differences(entry, version);
    if locking == LockPolicy::Followed {
        found.retain(Difference::widens);
    }
    if found.is_empty() {
        return Verdict::Accepted;
    }
    let what = sentence(&found);
    Verdict::Differs(format!(
        "{HELD_BACK}the version that lies there {what}; `{}` shows the difference and accepts it",
        CommandName::Approve.with([version.name])
    ))
}

/// Returns the reason why the plugin that `file` names is not served, where the lock does not name it: known before
/// anything of it is run.
#[must_use]
pub fn unlisted(lock: &Lock, file: &str) -> Option<String> {
    let name = file.strip_suffix(".toml").unwrap_or(file);
    (!lock.plugins.contains_key(file)).then(|| not_in_lock(name))
}

fn not_in_lock(name: &str) -> String {
    let approve = CommandName::Approve.with([name]);
    format!("{HELD_BACK}it is not in toolrack.lock; `{approve}` shows it and accepts it")
}

fn sentence(found: &[Difference]) -> String {
    if found.iter().any(Difference::widens) {
        return listed(found.iter().filter(|difference| difference.widens()));
    }
    format!("{}, and reaches and promises no more", listed(found.iter()))
}

fn listed<'a>(differences: impl Iterator<Item = &'a Difference>) -> String {
    let mut named: Vec<_> = differences.map(ToString::to_string).collect();
    let more = named.len().saturating_sub(MAX_NAMED_DIFFERENCES);
    named.truncate(MAX_NAMED_DIFFERENCES);
    if more > 0 {
        named.push(format!("{more} more"));
    }
    match named.split_last() {
        Some((last, before)) if !before.is_empty() => format!("{} and {last}", before.join(", ")),
        _ => named.concat(),
    }
}
