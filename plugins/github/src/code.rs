//! Code: searched for, and read.

use std::fmt::Write as _;

use data_encoding::BASE64;
use serde::{Deserialize, Serialize};

use crate::api::Api;
use crate::list::List;
use crate::name::{Repository as Name, encoded};

/// A file that matches.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct Match {
    pub repository: String,
    pub path: String,
    pub url: String,
    /// The places that match.
    pub fragments: Vec<String>,
}

#[derive(Deserialize)]
struct RawMatch {
    path: String,
    html_url: String,
    repository: Owner,
    #[serde(default)]
    text_matches: Vec<Fragment>,
}

#[derive(Deserialize)]
struct Owner {
    full_name: String,
}

#[derive(Deserialize)]
struct Fragment {
    #[serde(default)]
    fragment: String,
}

impl From<RawMatch> for Match {
    fn from(raw: RawMatch) -> Self {
        let fragments = raw.text_matches.into_iter().map(|found| found.fragment).collect();
        let RawMatch { path, html_url: url, repository, .. } = raw;
        Self { repository: repository.full_name, path, url, fragments }
    }
}

pub fn search(api: &Api, query: &str, page: u32) -> Result<List<Match>, String> {
    let request = api.get("/search/code").query("q", query);
    let request = request.header("accept", "application/vnd.github.text-match+json");
    Ok(api.search("such a search", request, page)?.map(|raw: RawMatch| raw.into()))
}

/// Which lines of a file are shown.
#[derive(Clone, Copy, Debug)]
pub struct Lines {
    /// From 1.
    pub first: usize,
    pub most: usize,
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum Entry {
    File { size: u64, encoding: String, content: String },
    Dir { entries: Vec<Child> },
    Symlink { target: String },
    Submodule { submodule_git_url: Option<String> },
}

#[derive(Deserialize)]
struct Child {
    name: String,
    size: u64,
    r#type: String,
}

/// A file's lines, or what a directory holds.
pub fn file(
    api: &Api,
    name: &Name,
    path: &str,
    reference: Option<&str>,
    lines: Lines,
) -> Result<String, String> {
    let at = reference.map(|reference| format!(" at `{reference}`")).unwrap_or_default();
    let what = match path.trim_matches('/') {
        "" => format!("the root of `{name}`{at}"),
        path => format!("`{path}` in `{name}`{at}"),
    };
    let url = format!("{}/contents/{}", name.path(), encoded(path)?);
    let url = url.trim_end_matches('/');
    let ask = |accept: &str| {
        let request = api.get(url).header("accept", accept);
        match reference {
            Some(reference) => request.query("ref", reference),
            None => request,
        }
    };
    let bytes = match api.ask(&what, ask("application/vnd.github.object+json"))? {
        Entry::Dir { entries } => return Ok(listed(&what, &entries)),
        Entry::Symlink { target } => return Ok(format!("{what} is a link to `{target}`")),
        Entry::Submodule { submodule_git_url } => {
            let url = submodule_git_url.unwrap_or_else(|| "another repository".into());
            return Ok(format!("{what} is a submodule: {url}"));
        }
        Entry::File { encoding, content, .. } if encoding == "base64" => {
            let packed: Vec<u8> =
                content.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
            BASE64.decode(&packed).map_err(|error| format!("{what}: GitHub's base64: {error}"))?
        }
        // Above 1 MiB the content stands only in the raw form.
        Entry::File { size, .. } => {
            let response = api.send(&what, ask("application/vnd.github.raw+json"))?;
            response
                .bytes(4 * 1024 * 1024)
                .map_err(|error| format!("{what} has {size} bytes: {error}"))?
        }
    };
    let size = bytes.len();
    let text = String::from_utf8(bytes)
        .ok()
        .filter(|text| !text.contains('\0'))
        .ok_or_else(|| format!("{what} is not text ({size} bytes), and only text can be read"))?;
    shown(&what, &text, lines)
}

fn listed(what: &str, entries: &[Child]) -> String {
    let mut list = format!("{what} is a directory of {} entries:\n", entries.len());
    for Child { name, size, r#type } in entries {
        let _ = match r#type.as_str() {
            "dir" => writeln!(list, "{name}/"),
            "file" => writeln!(list, "{name} ({size} bytes)"),
            other => writeln!(list, "{name} ({other})"),
        };
    }
    list
}

fn shown(what: &str, text: &str, Lines { first, most }: Lines) -> Result<String, String> {
    let total = text.lines().count();
    let before = first.max(1) - 1;
    if before >= total.max(1) {
        return Err(format!("`first_line` is {first}, and {what} has {total} lines"));
    }
    let part: Vec<&str> = text.lines().skip(before).take(most).collect();
    let end = before + part.len();
    let mut told = part.join("\n");
    if before > 0 || end < total {
        let _ = write!(told, "\n\n(lines {} to {end} of {total}", before + 1);
        let next =
            if end < total { format!("; go on with first_line {})", end + 1) } else { ")".into() };
        told.push_str(&next);
    }
    Ok(told)
}

#[cfg(test)]
mod tests;
