//! GitHub's REST API: how it is asked.

use lenient::{Answer, Field};
use toolrack_sdk::http::{self, Request, Response};

use crate::entry::List;
use crate::refusal::refusal;

const DEFAULT_ENDPOINT: &str = "https://api.github.com";
const JSON: &str = "application/vnd.github+json";
const VERSION: &str = "2022-11-28";
/// GitHub refuses who does not say who asks.
const USER_AGENT: &str = concat!("toolrack-github/", env!("CARGO_PKG_VERSION"));
/// The most redirects that are followed. GitHub redirects once where a repository has moved.
const MAX_REDIRECTS: usize = 2;
/// Items that a search shows on all its pages.
const MAX_FOUND: u64 = 1_000;

/// The way to one GitHub.
#[derive(Clone, Debug)]
pub struct Api {
    /// Without a final slash.
    endpoint: String,
}

/// The part of a list that is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// From 1.
    pub number: u32,
    /// Items on each.
    pub size: u32,
}

impl Page {
    pub const MAX_SIZE: u32 = 100;

    pub fn new(number: Option<u32>, size: Option<u32>) -> Self {
        let (number, size) = (number.unwrap_or(1), size.unwrap_or(20));
        Self { number: number.max(1), size: size.clamp(1, Self::MAX_SIZE) }
    }

    /// The one after it.
    pub fn next(self) -> Option<u32> {
        self.number.checked_add(1)
    }
}

impl Api {
    /// That which `endpoint` under `[grants.config]` names, else github.com.
    pub fn new(config: impl Fn(&str) -> Option<String>) -> Self {
        let endpoint = config("endpoint").unwrap_or_else(|| DEFAULT_ENDPOINT.into());
        Self { endpoint: endpoint.trim_end_matches('/').into() }
    }

    /// A request that reads; `path` begins with a slash, its parts encoded.
    pub fn get(&self, path: &str) -> Request {
        self.request("GET", path)
    }

    /// A request that writes, with `POST`, `PUT`, `PATCH` or `DELETE`.
    pub fn request(&self, method: &str, path: &str) -> Request {
        http::request(method, format!("{}{path}", self.endpoint))
    }

    /// The answer. `what` is what is asked for, to be named where it is not there.
    pub fn ask(&self, what: &str, request: Request) -> Result<Answer, String> {
        let response = self.send(what, request)?;
        // Some successes have nothing to say: 204 and 205.
        if matches!(response.status(), 204 | 205) {
            return Ok(Answer::default());
        }
        Answer::read(response).map_err(|why| format!("GitHub: {why}"))
    }

    /// The same, or nothing where there is no such thing.
    pub fn find(&self, what: &str, request: Request) -> Result<Option<Answer>, String> {
        let response = self.follow(what, request)?;
        match response.status() {
            404 => Ok(None),
            200..=299 => Answer::read(response).map(Some).map_err(|why| format!("GitHub: {why}")),
            _ => Err(refusal(what, response)),
        }
    }

    /// One page of an answer, and the number of the next one.
    pub fn page(
        &self,
        what: &str,
        request: Request,
        page: Page,
    ) -> Result<(Answer, Option<u32>), String> {
        let request = request.query("per_page", page.size).query("page", page.number);
        let response = self.send(what, request)?;
        let next_page = next_page(&response).then(|| page.next()).flatten();
        let answer = Answer::read(response).map_err(|why| format!("GitHub: {why}"))?;
        Ok((answer, next_page))
    }

    /// One page of an answer that is a list, or has one as its member `name`.
    pub fn list<T>(
        &self,
        what: &str,
        request: Request,
        page: Page,
        name: Option<&str>,
        read: impl FnMut(Field<'_>) -> T,
    ) -> Result<List<T>, String> {
        let (answer, next_page) = self.page(what, request, page)?;
        let list = name.map_or(answer.root(), |name| answer.at(name));
        if !list.is_list() {
            return Err(format!("GitHub answers without a list for {what}; try again later"));
        }
        let present = list.items().filter(|item| item.is_object());
        let items: Vec<T> = present.map(read).collect();
        let total = answer.at("total_count").count();
        let missing = list.items().count() - items.len();
        let notes = [
            (missing > 0).then(|| format!("{missing} items came without content.")),
            (answer.at("incomplete_results").flag() == Some(true)).then(|| {
                "These results are incomplete: GitHub ran out of time. Narrow the query, or ask again.".into()
            }),
            (name == Some("items") && total > Some(MAX_FOUND))
                .then(|| format!("GitHub shows only the first {MAX_FOUND} results; narrow the query for others.")),
        ];
        let notes: Vec<String> = notes.into_iter().flatten().collect();
        let note = (!notes.is_empty()).then(|| notes.join(" "));
        Ok(List { items, total, next_page, note })
    }

    /// An answer of success, whatever is in it.
    pub fn send(&self, what: &str, request: Request) -> Result<Response, String> {
        let response = self.follow(what, request)?;
        if response.is_success() { Ok(response) } else { Err(refusal(what, response)) }
    }

    /// Downloads from where GitHub redirects to, a server that is not its API and is told no token.
    pub fn download(
        &self,
        what: &str,
        request: Request,
        range: Option<String>,
    ) -> Result<Response, String> {
        let response = self.follow(what, request)?;
        let Some(place) = response.header("location").filter(|_| is_redirect(&response)) else {
            return if response.is_success() { Ok(response) } else { Err(refusal(what, response)) };
        };
        let request = http::get(place).header("user-agent", USER_AGENT);
        let request = match range {
            Some(range) => request.header("range", range),
            None => request,
        };
        let response =
            request.send().map_err(|error| format!("GitHub keeps {what} elsewhere: {error}"))?;
        if response.is_success() { Ok(response) } else { Err(refusal(what, response)) }
    }

    /// The answer, with redirects to the API itself followed where nothing is written.
    fn follow(&self, what: &str, request: Request) -> Result<Response, String> {
        let accept = request.header_value("accept").unwrap_or(JSON).to_owned();
        let reads = request.method() == "GET";
        let has_accept = request.header_value("accept").is_some();
        let mut request = if has_accept { request } else { request.header("accept", JSON) };
        for _ in 0..=MAX_REDIRECTS {
            let asked =
                request.header("user-agent", USER_AGENT).header("x-github-api-version", VERSION);
            let response = asked.send().map_err(|error| format!("GitHub: {error}"))?;
            let next = response.header("location").unwrap_or_default();
            let is_ours =
                next.strip_prefix(&self.endpoint).is_some_and(|path| path.starts_with('/'));
            if !(reads && is_ours && is_redirect(&response)) {
                return Ok(response);
            }
            request = http::get(next).header("accept", &accept);
        }
        Err(format!("GitHub: {what} has moved too often"))
    }
}

fn is_redirect(response: &Response) -> bool {
    matches!(response.status(), 301 | 302 | 303 | 307 | 308)
}

/// True if the answer says that there is another page after it.
fn next_page(response: &Response) -> bool {
    response.header("link").unwrap_or_default().contains("rel=\"next\"")
}

#[cfg(test)]
mod tests;
