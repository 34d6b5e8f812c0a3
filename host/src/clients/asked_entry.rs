//! The answer of a server of this machine to an entry: it is asked as the client of that entry asks, with the entry's own
//! token.
//!
//! This file does not know which entries may be asked about.

use std::net::IpAddr;

use http::header::{CONTENT_TYPE, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode, Uri};
use rustls::pki_types::CertificateDer;
use serde_json::Value;

use super::entry::{ENDPOINT, FoundEntry, TOKEN_VARIABLE};
use super::http_entry::{AUTHORIZATION, BEARER, LOOPBACK_TIMEOUT, ServerUrl, host_of};
use crate::mcp::{
    AwaitedPart, HealthReport, PlaceUrl, ProbeAnswer, ProbeError, ProbedServer, ServerPlace,
};
use crate::text::{clip, escape};
use crate::token_shape::is_variable_name;

/// The parameter of a challenge that says who gives tokens.
const ISSUER_NAMED: &str = "resource_metadata=";
/// The kind of text that is a stream of MCP.
const STREAM_TYPE: &str = "text/event-stream";
/// The most bytes of a server's reason that are repeated.
const MAX_TOLD_REASON: usize = 200;

/// The token that an entry sends: the value of the header `Authorization`.
#[derive(Clone, PartialEq, Eq)]
pub enum EntryToken {
    /// It sends none.
    Absent,
    /// It stands in the entry.
    Written(String),
    /// It is the value of a variable.
    FromVariable {
        /// The name of the variable.
        name: String,
        /// The header with that value.
        header: String,
    },
    /// It is the value of this variable, which is not set here.
    Unset(String),
    /// The client gets it in a way that is not known here, as by asking.
    Hidden,
}

/// The servers of this user that are known, to which the token of an entry may be shown.
#[derive(Clone, Debug, Default)]
pub struct OwnServers {
    /// The URLs at which those that run listen, as their status files tell them.
    pub urls: Vec<String>,
    /// The certificate that one shows over HTTPS. `None` if it is not known.
    pub certificate: Option<CertificateDer<'static>>,
}

/// The answer of a server to the client of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EntryAnswer {
    /// It lets the client in.
    Welcome,
    /// It was not asked. The text says why.
    NotAsked(String),
    /// It cannot be asked, as its URL is. The text says why.
    CannotBeAsked(String),
    /// It wants a token that its operator gives, and got none.
    WantsToken,
    /// It wants an access token, got none, and names whom to ask for one.
    NamesIssuer,
    /// It refuses the token. The text is its reason behind a colon, escaped, and empty if it gives none.
    RefusesToken(String),
    /// It refuses every such request. The text says why, and is escaped.
    Refused(String),
    /// No client gets an answer there. The text says why.
    Unreachable(String),
    /// Nothing can be said of it now. The text says why, and is escaped.
    Unclear(String),
}

impl EntryToken {
    /// The token of `found`, where `variable` gives the values of variables.
    pub fn of(found: &FoundEntry, variable: impl Fn(&str) -> Option<String>) -> Self {
        let named = |name: &str, begin: &str| match variable(name) {
            Some(value) => {
                Self::FromVariable { name: name.into(), header: format!("{begin}{value}") }
            }
            None => Self::Unset(name.into()),
        };
        if let Some(name) = found.value[TOKEN_VARIABLE].as_str() {
            return named(name, BEARER);
        }
        let header = |member: &str| {
            let headers = found.value[member].as_object()?;
            let is_it = |(name, _): &(&String, &Value)| name.eq_ignore_ascii_case(AUTHORIZATION);
            headers.iter().find(is_it)?.1.as_str()
        };
        if let Some(name) = header("env_http_headers") {
            return named(name, "");
        }
        if let Some(text) = header("headers").or_else(|| header("http_headers")) {
            return Self::expanded(text, &variable);
        }
        // A program that speaks HTTP for its client gets variables in its entry.
        let own = |name: &str| found.env.get(name).cloned();
        let pairs = found.args.windows(2).filter(|pair| pair[0] == "--header");
        let mut headers = pairs.filter_map(|pair| pair[1].split_once(':'));
        match headers.find(|(name, _)| name.trim().eq_ignore_ascii_case(AUTHORIZATION)) {
            Some((_, text)) => match Self::expanded(text.trim(), own) {
                Self::FromVariable { header, .. } => Self::expanded(&header, &variable),
                Self::Unset(_) => Self::expanded(text.trim(), &variable),
                token => token,
            },
            None => Self::Absent,
        }
    }

    /// The token that `text` stands for, in which `${NAME}` and `${env:NAME}` are variables.
    fn expanded(text: &str, variable: impl Fn(&str) -> Option<String>) -> Self {
        let (mut header, mut rest, mut last) = (String::new(), text, None);
        while let Some((before, after)) = rest.split_once("${") {
            let Some((name, behind)) = after.split_once('}') else { return Self::Hidden };
            let name = name.strip_prefix("env:").unwrap_or(name);
            if !is_variable_name(name) {
                return Self::Hidden;
            }
            let Some(value) = variable(name) else { return Self::Unset(name.into()) };
            header.extend([before, &value]);
            (rest, last) = (behind, Some(name.to_owned()));
        }
        header.push_str(rest);
        match last {
            Some(name) => Self::FromVariable { name, header },
            None => Self::Written(header),
        }
    }

    /// True if the value of the header is known, and lacks the word that has to stand before a token.
    #[must_use]
    pub fn lacks_bearer(&self) -> bool {
        let begins = |header: &str| {
            header.get(..BEARER.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(BEARER))
        };
        self.header().is_some_and(|header| !begins(header))
    }

    /// The token itself. `None` where it is not known.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        self.header()?.split_whitespace().last()
    }

    /// The value of the header. `None` where it is not known.
    fn header(&self) -> Option<&str> {
        match self {
            Self::Written(header) | Self::FromVariable { header, .. } => Some(header),
            Self::Absent | Self::Unset(_) | Self::Hidden => None,
        }
    }
}

impl OwnServers {
    /// True if one of them listens at this address and port.
    fn listen_at(&self, address: IpAddr, port: u16) -> bool {
        self.urls.iter().filter_map(|url| url.parse::<Uri>().ok()).any(|url| {
            let own = host_of(&url).and_then(|host| host.parse::<IpAddr>().ok());
            let is_there = own.is_some_and(|own| {
                own == address
                    || (own.is_unspecified()
                        && (own.is_ipv6() || own.is_ipv4() == address.is_ipv4()))
            });
            is_there && url.port_u16() == Some(port)
        })
    }
}

impl ServerUrl {
    /// Returns what a server of this machine answers the client of an entry. One of another machine is not asked. The token
    /// is sent to a toolrack alone, as far as that can be known: whatever else listens on a port may be another user's.
    #[must_use]
    pub fn answer(&self, token: &EntryToken, own: &OwnServers) -> EntryAnswer {
        let url = self.0.parse::<Uri>().unwrap_or_default();
        let (Some((address, port)), Some(host)) = (self.loopback(), host_of(&url)) else {
            return EntryAnswer::NotAsked("it is of another machine".into());
        };
        // A certificate is for a name. Without one, nobody else is asked than who was looked for.
        let host = if self.is_plain() { address.to_string() } else { host.to_owned() };
        let place = ServerPlace::Tcp(host, port);
        let (is_tls, base) = (!self.is_plain(), String::new());
        let place = PlaceUrl { place, is_tls, base };
        let mut server = ProbedServer::of_url(place, own.certificate.clone());
        let header = token.header().map(HeaderValue::from_str).transpose();
        let Ok(header) = header else {
            return EntryAnswer::Unreachable("its token is none that a header can hold".into());
        };
        let header = header.filter(|_| {
            // Over HTTPS, it shows a certificate first.
            is_tls || own.listen_at(address, port) || is_toolrack(&server, url.path())
        });
        let is_sent = header.is_some();
        server = header.into_iter().fold(server, ProbedServer::with_authorization);
        // The stream of a session, which changes nothing at the server.
        let asked = server.ask(url.path(), STREAM_TYPE, AwaitedPart::Refusal, LOOPBACK_TIMEOUT);
        match asked {
            Ok(answer) => meaning(&answer, is_sent),
            Err(error @ (ProbeError::NoHttp | ProbeError::Tls(_))) => {
                EntryAnswer::Unreachable(escape(&error.to_string()))
            }
            Err(error) => EntryAnswer::Unclear(escape(&error.to_string())),
        }
    }
}

/// True if `server`, of whose endpoint this is the path, tells of its health as toolrack does.
fn is_toolrack(server: &ProbedServer, endpoint: &str) -> bool {
    let base = endpoint.trim_end_matches('/').strip_suffix(ENDPOINT).unwrap_or_default();
    let health = format!("{base}/health");
    let answer = server.ask(&health, "application/json", AwaitedPart::Whole, LOOPBACK_TIMEOUT);
    answer.is_ok_and(|answer| {
        answer.status.is_success() && HealthReport::read(&answer.body).is_some()
    })
}

fn meaning(answer: &ProbeAnswer, is_sent: bool) -> EntryAnswer {
    let mut challenges = answer.headers.get_all(WWW_AUTHENTICATE).iter();
    let mut names_issuer =
        || challenges.any(|one| one.to_str().is_ok_and(|one| one.contains(ISSUER_NAMED)));
    let kind = answer.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let is_of = |expected: &str| kind.is_some_and(|kind| kind.starts_with(expected));
    let said = format!("it answers {}{}", answer.status.as_u16(), reason(answer));
    match answer.status {
        StatusCode::UNAUTHORIZED if is_sent => EntryAnswer::RefusesToken(reason(answer)),
        StatusCode::UNAUTHORIZED if names_issuer() => EntryAnswer::NamesIssuer,
        StatusCode::UNAUTHORIZED => EntryAnswer::WantsToken,
        // A server of MCP that misses a session, or has no such stream.
        StatusCode::BAD_REQUEST if is_of("application/json") => EntryAnswer::Welcome,
        StatusCode::METHOD_NOT_ALLOWED | StatusCode::NOT_ACCEPTABLE => EntryAnswer::Welcome,
        status if status.is_success() && is_of(STREAM_TYPE) => EntryAnswer::Welcome,
        status if status.is_success() => {
            EntryAnswer::Refused(format!("{said}, and no stream of MCP"))
        }
        StatusCode::TOO_MANY_REQUESTS => EntryAnswer::Unclear(said),
        status if status.is_server_error() => EntryAnswer::Unclear(said),
        _ => EntryAnswer::Refused(said),
    }
}

/// Returns the reason that a server gives, behind a colon; empty if there is none.
fn reason(answer: &ProbeAnswer) -> String {
    let json = crate::json::value(&String::from_utf8_lossy(&answer.body)).unwrap_or_default();
    let members = [&json["error"]["message"], &json["error_description"]];
    let told = members.iter().find_map(|member| member.as_str());
    let text = String::from_utf8_lossy(&answer.body);
    let first = told.or_else(|| text.lines().next()).unwrap_or_default().trim();
    if first.is_empty() {
        String::new()
    } else {
        format!(": {}", escape(clip(first, MAX_TOLD_REASON)))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_token_of_an_entry_is_found_in_each_form() {
        let variable = |name: &str| (name == "SET").then(|| "trk_1".to_owned());
        let written = |text: &str| EntryToken::Written(text.into());
        let from_variable = |header: &str| {
            let (name, header) = ("SET".to_owned(), header.to_owned());
            EntryToken::FromVariable { name, header }
        };
        let remote = |header: &str, env: Value| {
            let args = ["-y", "mcp-remote", "http://127.0.0.1:1/mcp", "--header", header];
            json!({ "command": "npx", "args": args, "env": env })
        };
        for (entry, expected) in [
            (json!({ "url": "x" }), EntryToken::Absent),
            (json!({ "headers": { "X-Team": "blue" } }), EntryToken::Absent),
            (json!({ "headers": { "authorization": "Bearer a" } }), written("Bearer a")),
            (json!({ "http_headers": { "Authorization": "Bearer a" } }), written("Bearer a")),
            (
                json!({ "headers": { "Authorization": "Bearer ${SET}" } }),
                from_variable("Bearer trk_1"),
            ),
            (
                json!({ "headers": { "Authorization": "Bearer ${env:SET}" } }),
                from_variable("Bearer trk_1"),
            ),
            (
                json!({ "headers": { "Authorization": "Bearer ${env:NONE}" } }),
                EntryToken::Unset("NONE".into()),
            ),
            (json!({ "headers": { "Authorization": "Bearer ${input:a}" } }), EntryToken::Hidden),
            (json!({ "headers": { "Authorization": "Bearer ${SET" } }), EntryToken::Hidden),
            (json!({ "bearer_token_env_var": "SET" }), from_variable("Bearer trk_1")),
            (json!({ "bearer_token_env_var": "NONE" }), EntryToken::Unset("NONE".into())),
            (json!({ "env_http_headers": { "Authorization": "SET" } }), from_variable("trk_1")),
            (remote("Authorization:${A}", json!({ "A": "Bearer a" })), written("Bearer a")),
            (remote("Authorization:${SET}", json!({})), from_variable("trk_1")),
            (remote("Authorization: Bearer a", json!({})), written("Bearer a")),
            (remote("X-Team:${A}", json!({ "A": "blue" })), EntryToken::Absent),
        ] {
            let found = EntryToken::of(&FoundEntry::from_value(&entry), variable);
            assert!(found == expected, "{entry}");
        }
    }
}
