//! The audit log that a flag or the configuration asks for, with its path in full.

use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::audit::{AuditFiles, AuditSettings, AuditTarget};
use crate::configuration::{AUDIT_STDERR, FileSecrecy, ServeSection};
use crate::fs::stated::Stated;
use crate::manifest::{AUDIT_FILES_RULE, AUDIT_SIZE_RULE};
use crate::text::escape;
use crate::typed_path;

/// Returns the audit log that is asked for: by the flag, or else by the configuration. `None` if there is to be none.
pub(super) fn audit_settings(
    flag: Option<&Path>,
    section: &ServeSection,
) -> anyhow::Result<Option<AuditSettings>> {
    let file = match (flag, &section.audit) {
        (Some(flag), _) => flagged_file(flag),
        (None, Some(Stated { value, .. })) if AUDIT_STDERR.contains(&&**value) => None,
        (None, Some(Stated { value, place })) => {
            let path = typed_path::expanded(value);
            Some(path.with_context(|| format!("{place}: `audit`: `{}`", escape(value)))?)
        }
        (None, None) => return Ok(None),
    };
    let amount = |stated: &Option<Stated<u64>>| stated.as_ref().map(|stated| stated.value);
    let target = match file {
        Some(path) => AuditTarget::File(AuditFiles {
            path,
            size: amount(&section.audit_size).unwrap_or(AUDIT_SIZE_RULE.default),
            older: amount(&section.audit_files).unwrap_or(AUDIT_FILES_RULE.default),
        }),
        None => AuditTarget::Stderr,
    };
    let with_arguments = section.audit_arguments.as_ref().is_some_and(|stated| stated.value);
    Ok(Some(AuditSettings { target, with_arguments }))
}

/// Returns the file that the flag names, which no plugin is granted, with the rights that others may have to it. `None` where
/// it names stderr.
pub(super) fn flagged_audit(flag: Option<&Path>) -> Option<(PathBuf, FileSecrecy)> {
    Some((flagged_file(flag?)?, FileSecrecy::Secret))
}

fn flagged_file(flag: &Path) -> Option<PathBuf> {
    let is_stderr = AUDIT_STDERR.into_iter().any(|word| flag == Path::new(word));
    // A directory that is lost leaves the path as it is, and opening it says so.
    let file = || std::path::absolute(flag).unwrap_or_else(|_| flag.to_owned());
    (!is_stderr).then(file)
}
