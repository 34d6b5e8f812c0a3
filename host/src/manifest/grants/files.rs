//! `files` under `[grants]`: the directories that the plugin sees, and their guest paths.
//!
//! The existence of the directories, and whether they may be granted, are checked when the plugin
//! is loaded.

use std::path::Path;

use toml::Spanned;
use toml::de::DeValue;

use super::super::syntax::error::{Diagnostic, quote};
use super::super::syntax::keys::Section;
use super::super::syntax::keys::Section::{Files, Grants};
use super::super::syntax::nearest::nearest;
use super::super::syntax::table::{SpannedText, Table, wrong};
use crate::name::is_word;
use crate::text::{escape, forbidden_char};
use crate::typed_path::names_user;

/// One item of `files`.
pub(crate) struct RawFiles<'a> {
    pub(crate) path: SpannedText<'a>,
    pub(crate) at: SpannedText<'a>,
    pub(crate) access: Option<SpannedText<'a>>,
}

impl<'a> RawFiles<'a> {
    pub(crate) fn read(item: &'a Spanned<DeValue<'a>>) -> Result<Self, Diagnostic> {
        let DeValue::Table(table) = item.get_ref() else {
            let expected = "a table such as `{ path = \"~/notes\", at = \"/notes\" }`";
            return Err(wrong("`files` in [grants]", expected, item));
        };
        let table = Table::open(Section::Files, table)?;
        let lacks = |key: &str, help: &str| {
            Diagnostic::new(item.span(), format!("a table of `files` has no `{key}`")).help(help)
        };
        let no_path = || lacks("path", "name the directory on this machine: `path = \"~/notes\"`");
        let no_at = || lacks("at", "say where the plugin sees it: `at = \"/notes\"`");
        Ok(Self {
            path: table.text("path", r#""~/notes""#)?.ok_or_else(no_path)?,
            at: table.text("at", r#""/notes""#)?.ok_or_else(no_at)?,
            access: table.text("access", r#""read""#)?,
        })
    }
}

/// A directory that the plugin sees.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FileGrant {
    /// The directory on this machine, as written: `~` and `$NAME` stand for what they mean where the
    /// server runs.
    pub path: Box<str>,
    /// The path at which the plugin sees it: absolute, without `.`, `..`, empty parts or a final
    /// slash.
    pub at: Box<str>,
    /// The access that the plugin has to it.
    pub access: Access,
}

/// The access of a plugin to files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Access {
    /// List and read.
    Read,
    /// List, read, create, change and delete.
    Write,
}

/// The most directories of one plugin.
const MAX_FILE_GRANTS: usize = 16;
/// The longest path, in bytes.
const MAX_PATH: usize = 1024;

/// Checks the directories.
pub(crate) fn read(raw: &[RawFiles<'_>]) -> Result<Vec<FileGrant>, Diagnostic> {
    let mut grants: Vec<FileGrant> = Vec::new();
    for raw in raw {
        let grant = FileGrant {
            path: path(&raw.path)?,
            at: at(&Files.place("at"), &raw.at)?,
            access: raw.access.as_ref().map_or(Ok(Access::Read), access)?,
        };
        check_apart(&raw.at, &grants)?;
        if grants.len() == MAX_FILE_GRANTS {
            let message = format!("{}: expected at most {MAX_FILE_GRANTS}", Grants.place("files"));
            return Err(Diagnostic::new(raw.path.span(), message)
                .help("grant a directory that holds several of them"));
        }
        grants.push(grant);
    }
    Ok(grants)
}

/// Checks the guest path of the directory that each call gets; `grants` are the others.
pub(crate) fn scratch(
    text: &SpannedText<'_>,
    grants: &[FileGrant],
) -> Result<Box<str>, Diagnostic> {
    let at = at(&Grants.place("scratch"), text)?;
    check_apart(text, grants)?;
    Ok(at)
}

fn check_apart(at: &SpannedText<'_>, grants: &[FileGrant]) -> Result<(), Diagnostic> {
    let place = *at.get_ref();
    let Some(other) = grants.iter().find(|other| overlap(&other.at, place)) else { return Ok(()) };
    let message = format!(
        "`{}` and `{place}` are the same place for the plugin, or one lies in the other",
        other.at
    );
    let help = "give each directory a place of its own, such as \"/notes\" and \"/music\"";
    Err(Diagnostic::new(at.span(), message).help(help))
}

/// Checks the directories that a person takes away.
pub(crate) fn withheld(raw: &[SpannedText<'_>]) -> Result<Vec<Box<str>>, Diagnostic> {
    if let Some(one_more) = raw.get(MAX_FILE_GRANTS) {
        let message = format!("`without_paths` in [grants]: expected at most {MAX_FILE_GRANTS}");
        return Err(
            Diagnostic::new(one_more.span(), message).help("name a directory that holds several")
        );
    }
    raw.iter().map(|text| path_at("`without_paths` in [grants]", text)).collect()
}

/// True if one directory is the other or lies in it, as they are written.
pub(crate) fn is_one_in_other(one: &str, other: &str) -> bool {
    lies_in(one, other) || lies_in(other, one)
}

/// True if `inner` is the directory `outer` or lies in it, as they are written.
pub(crate) fn lies_in(inner: &str, outer: &str) -> bool {
    let parts = |path: &str| {
        let parts = path.split(['/', '\\']).filter(|part| !part.is_empty() && *part != ".");
        parts.map(str::to_owned).collect::<Vec<_>>()
    };
    parts(inner).starts_with(&parts(outer))
}

fn path(text: &SpannedText<'_>) -> Result<Box<str>, Diagnostic> {
    path_at(&Files.place("path"), text)
}

fn path_at(place: &str, text: &SpannedText<'_>) -> Result<Box<str>, Diagnostic> {
    const EXPECTED_PATH: &str =
        "expected an absolute path, or one that begins with `~/` or `$NAME/`";
    let path = *text.get_ref();
    let wrong = |problem: &str, help: String| {
        let message = format!("{place}: {problem}, found {}", quote(path));
        Err(Diagnostic::new(text.span(), message).help(help))
    };
    if names_user(path) {
        let message = format!("{place}: expected a directory of this machine, found an address");
        let help = "mount what is there, and name that directory";
        return Err(Diagnostic::new(text.span(), message).help(help).secret());
    }
    if path.len() > MAX_PATH || path.contains(['\n', '\t']) || forbidden_char(path).is_some() {
        let problem = format!("expected printable characters, at most {MAX_PATH} bytes");
        return wrong(&problem, "grant a directory with another name".into());
    }
    if path.split(['/', '\\']).any(|part| part == "..") {
        return wrong("expected a path without `..`", "write where the directory really is".into());
    }
    let begins = match path.strip_prefix('$') {
        Some(rest) => is_word(rest.split('/').next().unwrap_or_default()),
        None => path.starts_with("~/") || path.starts_with('/') || Path::new(path).is_absolute(),
    };
    if begins {
        return Ok(path.into());
    }
    let help = if path == "~" {
        "the whole home directory is never granted; name a directory in it".into()
    } else if let Some(name) = path.strip_prefix("${").and_then(|rest| rest.split('}').next()) {
        format!("write a variable without braces: \"${}/notes\"", escape(name))
    } else if path.starts_with('~') {
        "only one's own home directory has a short form; write the whole path".into()
    } else if is_word(path.split('/').next().unwrap_or_default()) {
        format!("did you mean {}?", quote(&format!("~/{path}")).replace('`', "\""))
    } else {
        "a server may be started anywhere, so a relative path has no meaning".into()
    };
    wrong(EXPECTED_PATH, help)
}

pub(crate) fn at(place: &str, text: &SpannedText<'_>) -> Result<Box<str>, Diagnostic> {
    let at = *text.get_ref();
    let plain = |part: &str| !part.is_empty() && part != "." && part != "..";
    let printable = !at.contains(['\n', '\t', '\\']) && forbidden_char(at).is_none();
    let normal =
        at.strip_prefix('/').is_some_and(|rest| rest.is_empty() || rest.split('/').all(plain));
    if normal && printable && at.len() <= MAX_PATH {
        return Ok(at.into());
    }
    let expected = "expected an absolute path without `.`, `..`, empty parts or a final slash";
    let message = format!("{place}: {expected}, found {}", quote(at));
    // The home directory and variables are none of the plugin's.
    let is_own = |part: &&str| plain(part) && !part.starts_with(['~', '$']);
    let parts: Vec<_> = at.split(['/', '\\']).filter(is_own).collect();
    let meant = (printable || at.contains('\\')) && !parts.is_empty() && !at.contains("..");
    let help = if meant && forbidden_char(at).is_none() && !at.contains(['\n', '\t']) {
        format!("did you mean {}?", quote(&format!("/{}", parts.join("/"))).replace('`', "\""))
    } else {
        "write where the plugin sees the directory, such as \"/notes\"".into()
    };
    Err(Diagnostic::new(text.span(), message).help(help))
}

fn access(text: &SpannedText<'_>) -> Result<Access, Diagnostic> {
    match *text.get_ref() {
        "read" => Ok(Access::Read),
        "write" => Ok(Access::Write),
        other => {
            let place = Files.place("access");
            let message =
                format!("{place}: expected \"read\" or \"write\", found {}", quote(other));
            let help = match nearest(other, ["read", "write"]) {
                Some(near) => format!("did you mean \"{near}\"?"),
                None => "\"write\" allows to read, create, change and delete".into(),
            };
            Err(Diagnostic::new(text.span(), message).help(help))
        }
    }
}

/// True if two guest paths are one, or one lies in the other. All paths lie in `/`, so it stands
/// alone.
fn overlap(one: &str, other: &str) -> bool {
    let inside = |inner: &str, outer: &str| {
        let rest = inner.strip_prefix(outer.trim_end_matches('/'));
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    inside(one, other) || inside(other, one)
}
