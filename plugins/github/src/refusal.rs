//! The meanings of GitHub's refusals for who asked, and what to do, in GitHub's own words where it has some.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use lenient::{Answer, Field};
use toolrack_sdk::http::Response;

/// The longest reason that is passed on, in characters.
const MAX_REASON: usize = 500;

/// The meaning of a status here, and what to do.
pub fn refusal(what: &str, response: Response) -> String {
    let status = response.status();
    let limit = rate_limit(&response, SystemTime::now());
    let permissions = permissions(&response);
    let later = response.try_again();
    let body = Answer::read(response).unwrap_or_default();
    let reason = reason(&body);
    if let Some(limit) = limit.or_else(|| second_limit(status, &body, &later)) {
        return limit;
    }
    match status {
        401 => format!(
            "GitHub wants a token that it accepts{reason}; there is none, it is wrong, or it has expired: the \
             operator keeps one with `toolrack secret set GITHUB_TOKEN` (without a keyring: with --file), and binds it with `toolrack grant github secret \
             GITHUB_TOKEN --for https://api.github.com` or the address of another server"
        ),
        403 => format!("GitHub does not allow this (status 403){reason}; {permissions}"),
        404 => format!(
            "GitHub has no {what}, or there is no access to it: what is private needs a token that may read it"
        ),
        405 => format!("GitHub cannot do this with {what} now (status 405){reason}"),
        409 => format!(
            "GitHub cannot do this with {what} as it is: a conflict (status 409){reason}; read it again, then try again"
        ),
        410 => format!("GitHub has no {what} any more (status 410){reason}"),
        422 => format!("GitHub cannot do this with {what} (status 422){reason}"),
        451 => {
            let notice = body.at("block.html_url").text().map(|url| format!("; the notice: {url}"));
            format!(
                "GitHub withholds {what} for legal reasons (status 451){reason}{}",
                notice.unwrap_or_default()
            )
        }
        300..=399 => format!(
            "{what} has moved (status {status}); look for its new name, or, if the server itself \
             has moved, the operator names it with `toolrack grant github config endpoint=URL`"
        ),
        500.. => format!("GitHub is out of order (status {status}){reason}; try again {later}"),
        _ => format!("GitHub refuses the request (status {status}){reason}"),
    }
}

/// The error for when the requests of an hour are used up.
pub(crate) fn rate_limit(response: &Response, now: SystemTime) -> Option<String> {
    if !matches!(response.status(), 403 | 429) {
        return None;
    }
    let number =
        |name: &str| response.header(name).and_then(|text| text.trim().parse::<u64>().ok());
    if number("x-ratelimit-remaining") == Some(0) {
        let limit =
            number("x-ratelimit-limit").map_or(String::new(), |limit| format!(" of {limit}"));
        let again =
            number("x-ratelimit-reset").map_or("later".into(), |reset| in_words(reset, now));
        return Some(format!(
            "GitHub's limit{limit} requests is used up; try again {again}; with a token the limit is higher"
        ));
    }
    let asked_to_wait = response.status() == 429 || response.header("retry-after").is_some();
    asked_to_wait.then(|| {
        format!("GitHub has had too many requests at once; try again {}", response.try_again())
    })
}

/// Puts the time of that second into words, from now and by the clock.
fn in_words(second: u64, now: SystemTime) -> String {
    let time = UNIX_EPOCH.checked_add(Duration::from_secs(second));
    let left = time.and_then(|time| time.duration_since(now).ok()).unwrap_or_default().as_secs();
    let (hour, minute) = (second / 3600 % 24, second / 60 % 60);
    let left =
        if left < 120 { format!("{left} seconds") } else { format!("{} minutes", left / 60 + 1) };
    format!("in {left}, at {hour:02}:{minute:02} UTC")
}

/// The limit on bursts, of which only the words may tell.
fn second_limit(status: u16, body: &Answer, later: &str) -> Option<String> {
    let message = body.at("message").text().unwrap_or_default().to_lowercase();
    let is_limit = message.contains("rate limit") || message.contains("abuse detection");
    (status == 403 && is_limit).then(|| {
        let later = if later == "later" { "in a few minutes" } else { later };
        format!("GitHub has had too many requests at once; try again {later}")
    })
}

/// The permissions that the token lacks, where GitHub says so.
fn permissions(response: &Response) -> String {
    if let Some(sso) = response.header("x-github-sso").filter(|sso| sso.starts_with("required")) {
        let url = sso.split_once("url=").map_or("", |(_, url)| url);
        return format!(
            "the token is not authorized for the organization: its owner does that at {url}"
        );
    }
    match response.header("x-accepted-github-permissions").filter(|text| !text.trim().is_empty()) {
        Some(needed) => format!("the token needs the permission `{needed}`"),
        None => "the token may lack a permission, or there is none".into(),
    }
}

/// GitHub's words about it, from a colon on.
fn reason(body: &Answer) -> String {
    let message = body.at("message").text();
    let errors = body.at("errors");
    let details = errors.items().filter_map(detail).chain(errors.text());
    let all: Vec<String> = message.into_iter().chain(details).collect();
    if all.is_empty() {
        return String::new();
    }
    format!(": {}", all.join("; ").chars().take(MAX_REASON).collect::<String>())
}

fn detail(error: Field<'_>) -> Option<String> {
    let text = |name: &str| error.at(name).text();
    let words = || {
        let code = text("code")?;
        let code = match code.as_str() {
            "missing" => "does not exist",
            "missing_field" => "is missing",
            "invalid" => "is invalid",
            "already_exists" => "exists already",
            "unprocessable" => "cannot be processed",
            other => other,
        };
        let field = text("field").or_else(|| text("resource"))?;
        Some(format!("`{field}` {code}"))
    };
    error.text().or_else(|| text("message")).or_else(words)
}

#[cfg(test)]
mod tests;
