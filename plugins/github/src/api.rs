//! GitHub's REST API: how it is asked, and what each of its refusals means for who asked.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use toolrack_sdk::http::{self, Request, Response};

use crate::list::List;

const DEFAULT_ENDPOINT: &str = "https://api.github.com";
const JSON: &str = "application/vnd.github+json";
const VERSION: &str = "2022-11-28";
/// GitHub refuses who does not say who asks.
const USER_AGENT: &str = concat!("toolrack-github/", env!("CARGO_PKG_VERSION"));
/// Where a repository has moved, GitHub redirects once.
const MAX_REDIRECTS: usize = 2;
/// Items on a page.
pub const PAGE: u32 = 20;

/// The way to one GitHub.
#[derive(Clone, Debug)]
pub struct Api {
    /// Without a final slash.
    endpoint: String,
}

impl Api {
    /// That which `endpoint` under `[grants.config]` names, else github.com.
    pub fn new(config: impl Fn(&str) -> Option<String>) -> Self {
        let endpoint = config("endpoint").unwrap_or_else(|| DEFAULT_ENDPOINT.into());
        Self { endpoint: endpoint.trim_end_matches('/').into() }
    }

    /// A request that reads; `path` begins with a slash, its parts encoded.
    pub fn get(&self, path: &str) -> Request {
        http::get(format!("{}{path}", self.endpoint))
    }

    /// A request that writes.
    pub fn post(&self, path: &str) -> Request {
        http::post(format!("{}{path}", self.endpoint))
    }

    /// The answer. `what` is what is asked for, to be named where it is not there.
    pub fn ask<T: DeserializeOwned>(&self, what: &str, request: Request) -> Result<T, String> {
        self.send(what, request)?.json().map_err(|error| format!("GitHub: {error}"))
    }

    /// One page of an answer that is a list.
    pub fn list<T: DeserializeOwned>(
        &self,
        what: &str,
        request: Request,
        page: u32,
    ) -> Result<List<T>, String> {
        let response = self.send(what, request.query("per_page", PAGE).query("page", page))?;
        let next_page = next_page(&response, page);
        let items = response.json().map_err(|error| format!("GitHub: {error}"))?;
        Ok(List { items, total: None, next_page })
    }

    /// One page of what is found.
    pub fn search<T: DeserializeOwned>(
        &self,
        what: &str,
        request: Request,
        page: u32,
    ) -> Result<List<T>, String> {
        #[derive(Deserialize)]
        struct Found<T> {
            total_count: u64,
            items: Vec<T>,
        }
        let response = self.send(what, request.query("per_page", PAGE).query("page", page))?;
        let next_page = next_page(&response, page);
        let Found { total_count, items } =
            response.json().map_err(|error| format!("GitHub: {error}"))?;
        Ok(List { items, total: Some(total_count), next_page })
    }

    /// An answer of success, whatever is in it.
    pub fn send(&self, what: &str, request: Request) -> Result<Response, String> {
        let accept = request.header_value("accept").unwrap_or(JSON).to_string();
        let reads = request.method() == "GET";
        let mut request = if request.header_value("accept").is_some() {
            request
        } else {
            request.header("accept", JSON)
        };
        for _ in 0..=MAX_REDIRECTS {
            let asked =
                request.header("user-agent", USER_AGENT).header("x-github-api-version", VERSION);
            let response = asked.send().map_err(|error| format!("GitHub: {error}"))?;
            if response.is_success() {
                return Ok(response);
            }
            let next = response.header("location").unwrap_or_default();
            let is_ours =
                next.strip_prefix(&self.endpoint).is_some_and(|path| path.starts_with('/'));
            if !(reads && is_ours && matches!(response.status(), 301 | 302 | 307 | 308)) {
                return Err(refusal(what, response));
            }
            request = http::get(next).header("accept", &accept);
        }
        Err(format!("GitHub: {what} has moved too often"))
    }
}

/// The page after this one, where the answer says that there is one.
fn next_page(response: &Response, page: u32) -> Option<u32> {
    let links = response.header("link").unwrap_or_default();
    links.contains("rel=\"next\"").then_some(page + 1)
}

/// What a status means here, and what to do.
fn refusal(what: &str, response: Response) -> String {
    let status = response.status();
    if let Some(limit) = rate_limit(&response, SystemTime::now()) {
        return limit;
    }
    let later = response.try_again();
    let reason = reason(response);
    match status {
        401 => {
            "GitHub does not accept the token: it is wrong or has expired; the operator sets the \
                secret that `network` under [grants] in the plugin's manifest names"
                .into()
        }
        403 => format!(
            "GitHub does not allow this (status 403){reason}; the token may lack a permission"
        ),
        404 => format!("GitHub has no {what}, or it is not visible to the token, if there is one"),
        410 => format!("GitHub has no {what} any more{reason}"),
        422 => format!("GitHub cannot do this with {what}{reason}"),
        300..=399 => format!(
            "{what} has moved (status {status}); look for it with `search_repositories`, or set `endpoint` \
             under [grants.config] in the plugin's manifest"
        ),
        500.. => format!("GitHub is out of order (status {status}); try again {later}"),
        _ => format!("GitHub refuses the request (status {status}){reason}"),
    }
}

/// What is said where too many requests were sent.
fn rate_limit(response: &Response, now: SystemTime) -> Option<String> {
    if !matches!(response.status(), 403 | 429) {
        return None;
    }
    let number = |name: &str| response.header(name).and_then(|text| text.parse::<u64>().ok());
    if number("x-ratelimit-remaining") == Some(0) {
        let reset = UNIX_EPOCH + Duration::from_secs(number("x-ratelimit-reset").unwrap_or(0));
        let left = reset.duration_since(now).unwrap_or_default().as_secs();
        let limit =
            number("x-ratelimit-limit").map_or(String::new(), |limit| format!(" of {limit}"));
        return Some(format!(
            "GitHub's limit{limit} requests is used up; try again in {}; with a token the limit is higher",
            if left < 120 {
                format!("{left} seconds")
            } else {
                format!("{} minutes", left / 60 + 1)
            }
        ));
    }
    let asked_to_wait = response.status() == 429 || response.header("retry-after").is_some();
    asked_to_wait.then(|| {
        format!("GitHub has had too many requests at once; try again {}", response.try_again())
    })
}

/// What GitHub says about it, from a colon on.
fn reason(response: Response) -> String {
    #[derive(Deserialize)]
    struct Refusal {
        message: String,
        #[serde(default)]
        errors: Vec<serde_json::Value>,
    }
    let Ok(Refusal { message, errors }) = response.json::<Refusal>() else { return String::new() };
    let details = errors.iter().filter_map(|error| match (&error["message"], &error["field"]) {
        (serde_json::Value::String(text), _) => Some(text.clone()),
        (_, serde_json::Value::String(field)) => {
            Some(format!("`{field}` is {}", error["code"].as_str().unwrap_or("wrong")))
        }
        _ => error.as_str().map(Into::into),
    });
    let all: Vec<String> = std::iter::once(message).chain(details).collect();
    format!(": {}", all.join("; ").chars().take(400).collect::<String>())
}

#[cfg(test)]
mod tests;
