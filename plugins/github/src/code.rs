//! Code: searched for, read and written.

use std::fmt::Write as _;

use data_encoding::BASE64;
use lenient::{Answer, Field};
use serde_json::json;
use toolrack_sdk::http::Request;

use crate::api::{Api, Page};
use crate::entry::{Entry, List, Written};
use crate::name::{Repository as Name, encoded};
use crate::repositories;

/// The most that the host lets through, and so the largest file.
const MAX_FILE: usize = 4 * 1024 * 1024;
/// Bytes of a file that one answer shows.
const MAX_SHOWN: usize = 60_000;
/// Entries of a directory that GitHub shows.
const MAX_ENTRIES: usize = 1_000;

pub fn search(api: &Api, query: &str, page: Page) -> Result<List<Entry>, String> {
    let request = api.get("/search/code").query("q", query);
    let request = request.header("accept", "application/vnd.github.text-match+json");
    Ok(api.list("such a search", request, page, Some("items"), found)?.cut())
}

/// A file with the places that match.
fn found(found: Field<'_>) -> Entry {
    let text = |name| found.at(name).text();
    let places = found.at("text_matches").items().filter_map(|place| place.at("fragment").text());
    let places = places.collect::<Vec<_>>().join("\n…\n");
    Entry {
        name: text("path").or_else(|| text("name")),
        repository: text("repository.full_name"),
        text: Some(places).filter(|text| !text.is_empty()),
        url: text("html_url"),
        ..Entry::default()
    }
}

/// The lines of a file that are shown.
#[derive(Clone, Copy, Debug)]
pub struct Lines {
    /// From 1.
    pub first: usize,
    pub most: usize,
}

/// A place in a repository, at a branch, tag or commit.
struct Place<'a> {
    api: &'a Api,
    url: String,
    reference: Option<&'a str>,
    /// As errors name it.
    what: String,
}

impl<'a> Place<'a> {
    fn new(
        api: &'a Api,
        name: &Name,
        path: &str,
        reference: Option<&'a str>,
    ) -> Result<Self, String> {
        let at = reference.map(|reference| format!(" at `{reference}`")).unwrap_or_default();
        let what = match path.trim_matches('/') {
            "" => format!("the root of `{name}`{at}"),
            path => format!("`{path}` in `{name}`{at}"),
        };
        let url = format!("{}/contents/{}", name.path(), encoded(path)?);
        Ok(Self { api, url: url.trim_end_matches('/').into(), reference, what })
    }

    fn request(&self, accept: &str) -> Request {
        let request = self.api.get(&self.url).header("accept", accept);
        match self.reference {
            Some(reference) => request.query("ref", reference),
            None => request,
        }
    }

    fn ask(&self) -> Result<Answer, String> {
        self.api.ask(&self.what, self.request("application/vnd.github.object+json"))
    }

    /// The bytes of a file, from the answer that describes it or in the raw form: above 1 MiB they stand only there.
    fn bytes(&self, answer: &Answer) -> Result<Vec<u8>, String> {
        let what = &self.what;
        let size = answer.at("size").count();
        if size.is_some_and(|size| usize::try_from(size).is_ok_and(|size| size > MAX_FILE)) {
            let size = size.unwrap_or_default();
            return Err(format!(
                "{what} has {size} bytes; the most that can be read is {MAX_FILE}"
            ));
        }
        let content = answer.at("content").text();
        let is_packed = answer.at("encoding").text().is_none_or(|encoding| encoding == "base64");
        if let Some(content) = content.filter(|_| is_packed) {
            let packed: Vec<u8> =
                content.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
            return BASE64
                .decode(&packed)
                .map_err(|error| format!("{what}: GitHub's base64: {error}"));
        }
        if size == Some(0) {
            return Ok(Vec::new());
        }
        let response = self.api.send(what, self.request("application/vnd.github.raw+json"))?;
        response.bytes(MAX_FILE).map_err(|error| format!("{what}: {error}"))
    }
}

/// A file's lines, or what a directory holds.
pub fn file(
    api: &Api,
    name: &Name,
    path: &str,
    reference: Option<&str>,
    lines: Lines,
) -> Result<String, String> {
    let place = Place::new(api, name, path, reference)?;
    let (what, answer) = (&place.what, place.ask()?);
    let text = |name| answer.at(name).text();
    if answer.at("entries").is_list() {
        return Ok(listed(what, answer.at("entries")));
    }
    if answer.root().is_list() {
        return Ok(listed(what, answer.root()));
    }
    match text("type").as_deref() {
        Some("dir") => return Ok(listed(what, answer.at("entries"))),
        Some("symlink") => {
            let target =
                text("target").unwrap_or_else(|| "a place that GitHub does not name".into());
            return Ok(format!("{what} is a link to `{target}`"));
        }
        Some("submodule") => {
            let url = text("submodule_git_url").unwrap_or_else(|| "another repository".into());
            return Ok(format!("{what} is a submodule: {url}"));
        }
        _ => {}
    }
    let bytes = place.bytes(&answer)?;
    let size = bytes.len();
    let text =
        String::from_utf8(bytes).ok().filter(|text| !text.contains('\0')).ok_or_else(|| {
            format!("{what} is not text in UTF-8 ({size} bytes), and only that can be read")
        })?;
    shown(what, text.trim_start_matches('\u{feff}'), lines)
}

fn listed(what: &str, entries: Field<'_>) -> String {
    let count = entries.items().count();
    let mut list = format!("{what} is a directory of {count} entries:\n");
    for entry in entries.items() {
        let name = entry.at("name").text().unwrap_or_else(|| "(without a name)".into());
        let _ = match (entry.at("type").text().as_deref(), entry.at("size").count()) {
            (Some("dir"), _) => writeln!(list, "{name}/"),
            (Some("file"), Some(size)) => writeln!(list, "{name} ({size} bytes)"),
            (Some("file") | None, _) => writeln!(list, "{name}"),
            (Some(other), _) => writeln!(list, "{name} ({other})"),
        };
    }
    if count >= MAX_ENTRIES {
        let _ = writeln!(list, "(GitHub shows the first {MAX_ENTRIES}; there may be more)");
    }
    list
}

fn shown(what: &str, text: &str, Lines { first, most }: Lines) -> Result<String, String> {
    let total = text.lines().count();
    let before = first.max(1) - 1;
    if before >= total.max(1) {
        return Err(format!("`first_line` is {first}, and {what} has {total} lines"));
    }
    let mut size = 0;
    let part = text.lines().skip(before).take(most).take_while(|line| {
        size += line.len() + 1;
        size <= MAX_SHOWN
    });
    let part: Vec<&str> = part.collect();
    if let (true, Some(line)) = (part.is_empty() && total > 0, text.lines().nth(before)) {
        let start = &line[..line.floor_char_boundary(MAX_SHOWN)];
        return Ok(format!(
            "{start}\n\n(line {first} of {total} has {} bytes, of which only these {} can be shown; go on with \
             first_line {})",
            line.len(),
            start.len(),
            first.saturating_add(1)
        ));
    }
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

/// A file as it shall be.
#[derive(Clone, Copy, Debug)]
pub struct NewFile<'a> {
    pub path: &'a str,
    pub content: &'a str,
    pub message: &'a str,
    /// The default branch where none is named.
    pub branch: Option<&'a str>,
    pub overwrite: bool,
}

/// Commits a file. One that is there is replaced only where that is wanted, and as it was read just before.
pub fn write(api: &Api, name: &Name, file: NewFile<'_>) -> Result<Written, String> {
    let NewFile { path, content, message, branch, overwrite } = file;
    if path.trim_matches('/').is_empty() {
        return Err("`path` is empty; write the path of the file from the root".into());
    }
    if message.trim().is_empty() {
        return Err("`message` is empty; say in a line what the commit changes".into());
    }
    let place = Place::new(api, name, path, branch)?;
    let mut body = json!({ "message": message, "content": BASE64.encode(content.as_bytes()) });
    if let Some(branch) = branch {
        body["branch"] = json!(branch);
    }
    if let Some(sha) = present(&place)? {
        if !overwrite {
            return Err(format!(
                "{} is there already; read it first, and set `overwrite` to replace it",
                place.what
            ));
        }
        body["sha"] = json!(sha);
    }
    let answer = api.ask(&place.what, api.request("PUT", &place.url).json(&body))?;
    Ok(Written::read(answer.at("commit")))
}

/// The blob that lies there now.
fn present(place: &Place<'_>) -> Result<Option<String>, String> {
    let request = place.request("application/vnd.github.object+json");
    let Some(answer) = place.api.find(&place.what, request)? else { return Ok(None) };
    if answer.at("entries").is_list() || answer.at("type").text().as_deref() == Some("dir") {
        return Err(format!("{} is a directory; write the path of a file", place.what));
    }
    let sha = answer.at("sha").text();
    sha.map(Some)
        .ok_or_else(|| format!("GitHub does not say what {} is now; try again later", place.what))
}

/// Makes a branch where another branch, a tag or a commit is.
pub fn branch(api: &Api, name: &Name, branch: &str, from: Option<&str>) -> Result<Written, String> {
    if branch.trim().is_empty() {
        return Err("`branch` is empty; write the name of the new branch".into());
    }
    let from = match from {
        Some(from) => from.to_owned(),
        None => repositories::default_branch(api, name)?,
    };
    let what = format!("`{from}` in `{name}`");
    let answer =
        api.ask(&what, api.get(&format!("{}/commits/{}", name.path(), encoded(&from)?)))?;
    let sha = answer
        .at("sha")
        .text()
        .ok_or_else(|| format!("GitHub does not say which commit {what} is"))?;
    let content = json!({ "ref": format!("refs/heads/{branch}"), "sha": sha });
    let request = api.request("POST", &format!("{}/git/refs", name.path())).json(&content);
    api.ask(&format!("branch `{branch}` in `{name}`"), request)?;
    Ok(Written { sha: Some(sha), ..Written::default() })
}

#[cfg(test)]
mod tests;
