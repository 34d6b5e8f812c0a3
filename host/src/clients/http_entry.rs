//! An entry for a server that is reached over HTTP, in the form in which each client reads it.
//!
//! The place that a token comes from is not known here.

use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, TcpStream};
use std::str::FromStr;
use std::time::Duration;

use http::{HeaderName, HeaderValue, Uri};
use serde_json::{Value, json};

use super::entry::{
    ENDPOINT, EntryForm, HEADER_VARIABLES, REMOTE, ServerEntry, TOKEN_VARIABLE, WrittenEntry,
};
use crate::token_shape::{begins_like_token, is_variable_name, looks_like_token};

/// Headers whose values prove nothing.
const PUBLIC_HEADERS: [&str; 5] =
    ["Accept", "Accept-Language", "Content-Language", "Content-Type", "User-Agent"];
/// The header that says who asks.
pub(super) const AUTHORIZATION: &str = "Authorization";
/// The word before a token in that header.
pub(super) const BEARER: &str = "Bearer ";
/// The time that a server of this machine has to take a connection, or to begin an answer.
pub(super) const LOOPBACK_TIMEOUT: Duration = Duration::from_secs(1);
/// The longest value of a header, in bytes.
const MAX_HEADER: usize = 8 * 1024;

/// An entry that a client is to get.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WantedEntry {
    /// One that starts a server.
    Program(ServerEntry),
    /// One that reaches a server.
    Http(HttpEntry),
}

/// A server that is reached over HTTP, and the headers that it gets with every request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpEntry {
    /// The URL of the endpoint.
    pub url: ServerUrl,
    /// The token that proves who asks. `None` if nobody has to.
    pub token: Option<ClientToken>,
    /// Further headers.
    pub headers: Vec<ClientHeader>,
}

/// The token of a client.
#[derive(Clone, PartialEq, Eq)]
pub enum ClientToken {
    /// The token itself, which is written into the client's file.
    Text(String),
    /// The name of the variable from which the client reads it.
    Variable(String),
}

/// The URL of a server: its scheme, its host and a path, which an entry may lack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerUrl(pub(super) String);

/// A header that is written as it is.
#[derive(Clone, PartialEq, Eq)]
pub struct ClientHeader {
    /// Its name.
    pub name: String,
    /// Its value, which may be secret.
    pub value: String,
}

/// The form in which a client writes an entry for a server over HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HttpForm {
    /// `type`, `url` and `headers`, in which `variable` stands for a variable.
    Typed(VariableForm),
    /// The URL as this member, and `headers`.
    Member(&'static str, VariableForm),
    /// `url`, and a member for each kind of header.
    Codex,
    /// The client only starts programs: `mcp-remote`, by npx.
    Remote,
}

/// The form in which a client writes the value of a variable into text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum VariableForm {
    /// `${NAME}`
    Shell,
    /// `${env:NAME}`
    Env,
    /// Text is taken as it is.
    None,
}

/// The entry needs a variable, and the client reads none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NoVariables;

impl WantedEntry {
    pub(super) fn written(
        &self,
        form: EntryForm,
        http: HttpForm,
    ) -> Result<WrittenEntry, NoVariables> {
        match self {
            Self::Program(program) => Ok(program.written(form)),
            Self::Http(server) => server.written(http),
        }
    }

    /// Says in words what the entry does in a client that writes it in the form `http`.
    pub(super) fn effect(&self, http: HttpForm) -> String {
        match (self, http) {
            (Self::Program(program), _) => format!("it starts {}", program.command_line()),
            (Self::Http(server), HttpForm::Remote) => {
                format!("it reaches {} by {REMOTE}, which npx starts", server.url)
            }
            (Self::Http(server), _) => format!("it reaches {}", server.url),
        }
    }
}

impl HttpEntry {
    /// True if the client's file may get a secret with it.
    #[must_use]
    pub fn may_hold_secret(&self) -> bool {
        matches!(self.token, Some(ClientToken::Text(_)))
            || self.url.holds_token()
            || self.headers.iter().any(ClientHeader::may_be_secret)
    }

    fn written(&self, form: HttpForm) -> Result<WrittenEntry, NoVariables> {
        let url = json!(self.url.0);
        let members = match form {
            HttpForm::Typed(variables) => {
                let members = vec![("type", json!("http")), ("url", url)];
                with("headers", self.headers(variables)?, members)
            }
            HttpForm::Member(name, variables) => {
                with("headers", self.headers(variables)?, vec![(name, url)])
            }
            HttpForm::Codex => self.for_codex(url),
            HttpForm::Remote => self.for_remote()?,
        };
        Ok(WrittenEntry { members, url: Some(self.url.0.clone()) })
    }

    fn headers(&self, variables: VariableForm) -> Result<BTreeMap<&str, String>, NoVariables> {
        let mut headers: BTreeMap<_, _> =
            self.headers.iter().map(|header| (&*header.name, header.value.clone())).collect();
        if let Some(token) = &self.token {
            let token = match (token, variables) {
                (ClientToken::Text(text), _) => text.clone(),
                (ClientToken::Variable(name), VariableForm::Shell) => format!("${{{name}}}"),
                (ClientToken::Variable(name), VariableForm::Env) => format!("${{env:{name}}}"),
                (ClientToken::Variable(_), VariableForm::None) => return Err(NoVariables),
            };
            headers.insert(AUTHORIZATION, format!("{BEARER}{token}"));
        }
        Ok(headers)
    }

    fn for_codex(&self, url: Value) -> Vec<(&'static str, Value)> {
        let mut members = vec![("url", url)];
        let mut texts = self.clone();
        if let Some(ClientToken::Variable(name)) = &self.token {
            members.push((TOKEN_VARIABLE, json!(name)));
            texts.token = None;
        }
        let headers = texts.headers(VariableForm::None).unwrap_or_default();
        with("http_headers", headers, members)
    }

    /// A program's arguments are seen by all users of a machine, so each value is a variable of its own.
    fn for_remote(&self) -> Result<Vec<(&'static str, Value)>, NoVariables> {
        let mut args = vec!["-y".to_owned(), REMOTE.into(), self.url.0.clone()];
        if self.url.is_plain() && !self.url.is_loopback() {
            args.push("--allow-http".into());
        }
        let mut env = BTreeMap::new();
        let headers = self.headers(VariableForm::None)?;
        for (name, value) in headers {
            let variable =
                format!("{HEADER_VARIABLES}{}", name.to_ascii_uppercase().replace('-', "_"));
            // Without a blank, which npx loses on Windows.
            args.extend(["--header".into(), format!("{name}:${{{variable}}}")]);
            env.insert(variable, value);
        }
        let members = vec![("command", json!("npx")), ("args", json!(args))];
        Ok(with("env", env, members))
    }

    /// Returns the texts of the entry that may be secret.
    pub(super) fn secrets(&self) -> Vec<String> {
        let token = match &self.token {
            Some(ClientToken::Text(text)) => Some(format!("{BEARER}{text}")),
            Some(ClientToken::Variable(_)) | None => None,
        };
        self.headers.iter().map(|header| header.value.clone()).chain(token).collect()
    }
}

/// Returns `members` and one more, if `texts` has any.
fn with<N: Into<String>>(
    name: &'static str,
    texts: BTreeMap<N, String>,
    mut members: Vec<(&'static str, Value)>,
) -> Vec<(&'static str, Value)> {
    if !texts.is_empty() {
        let texts = texts.into_iter().map(|(name, text)| (name.into(), Value::from(text)));
        members.push((name, Value::Object(texts.collect())));
    }
    members
}

impl ServerUrl {
    /// Reads a URL that stands in an entry, whose path may be missing. A password, a token or a query is no part of it: they
    /// would stand in files and logs.
    pub fn in_entry(text: &str) -> Result<Self, String> {
        let expected = || {
            format!(
                "expected a URL with a path and no query, such as http://127.0.0.1:8787{ENDPOINT}"
            )
        };
        let url: Uri = text.parse().map_err(|_| expected())?;
        let (Some("http" | "https"), Some(authority)) = (url.scheme_str(), url.authority()) else {
            return Err(expected());
        };
        if authority.as_str().contains('@') {
            return Err("a URL holds no user and no password; --token-file gives a token".into());
        }
        if url.query().is_some() || text.contains('#') || authority.host().is_empty() {
            return Err(expected());
        }
        Ok(Self(text.to_owned()))
    }

    /// True if a part of its path, or of the name of its host, looks like a token.
    #[must_use]
    pub fn holds_token(&self) -> bool {
        let url = self.0.parse::<Uri>().unwrap_or_default();
        // Names of tunnels are random, and no secret.
        let names = url.host().unwrap_or_default().split('.');
        url.path().split('/').any(looks_like_token) || names.into_iter().any(begins_like_token)
    }

    /// True if requests to it are not encrypted.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        self.0.starts_with("http:")
    }

    /// True if it is of this machine.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        self.loopback().is_some()
    }

    /// Returns the port of a server of this machine that nothing listens on. `None` if something does, or the server is
    /// on another machine.
    #[must_use]
    pub fn silent_port(&self) -> Option<u16> {
        let (address, port) = self.loopback()?;
        let reached = TcpStream::connect_timeout(&(address, port).into(), LOOPBACK_TIMEOUT);
        reached.is_err().then_some(port)
    }

    pub(super) fn loopback(&self) -> Option<(IpAddr, u16)> {
        let url = self.0.parse::<Uri>().ok()?;
        let address = match host_of(&url)? {
            "localhost" => Some(IpAddr::from(Ipv4Addr::LOCALHOST)),
            address => address.parse().ok().filter(IpAddr::is_loopback),
        };
        let default = if self.is_plain() { 80 } else { 443 };
        address.map(|address| (address, url.port_u16().unwrap_or(default)))
    }
}

/// Returns the host of `url`, without the brackets of an address.
pub(super) fn host_of(url: &Uri) -> Option<&str> {
    url.host().map(|host| host.trim_start_matches('[').trim_end_matches(']'))
}

/// The URL of an endpoint that is written into an entry.
impl FromStr for ServerUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let read = Self::in_entry(text)?;
        let url = read.0.parse::<Uri>().unwrap_or_default();
        match (url.path(), url.scheme_str(), url.authority()) {
            ("/", Some(scheme), Some(authority)) => {
                Err(format!("it has no path; toolrack serves at {scheme}://{authority}{ENDPOINT}"))
            }
            _ => Ok(read),
        }
    }
}

impl fmt::Display for ServerUrl {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl ClientHeader {
    /// True if its value may prove who asks: it is no reference to a variable, and its name is of none that prove nothing.
    #[must_use]
    pub fn may_be_secret(&self) -> bool {
        let is_public = PUBLIC_HEADERS.iter().any(|name| name.eq_ignore_ascii_case(&self.name));
        let secret = self.value.strip_prefix(BEARER).unwrap_or(&self.value);
        let name = secret.strip_prefix("${").and_then(|rest| rest.strip_suffix('}'));
        let name = name.map(|name| name.strip_prefix("env:").unwrap_or(name));
        match is_public {
            true => self.value.split_whitespace().any(looks_like_token),
            false => !name.is_some_and(is_variable_name),
        }
    }

    /// True if it says who asks.
    #[must_use]
    pub fn is_authorization(&self) -> bool {
        self.name.eq_ignore_ascii_case(AUTHORIZATION)
    }
}

impl FromStr for ClientHeader {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected = "expected NAME=VALUE, such as X-Team=blue";
        let (name, value) = text.split_once(['=', ':']).ok_or(expected)?;
        let value = value.trim();
        // Their errors do not repeat the text, which may be secret.
        name.parse::<HeaderName>().map_err(|_| expected)?;
        let parsed = value.parse::<HeaderValue>().ok();
        let is_text = parsed.is_some_and(|value| value.to_str().is_ok());
        if !is_text || value.is_empty() || value.len() > MAX_HEADER {
            return Err("expected a value of printable ASCII characters".into());
        }
        Ok(Self { name: name.to_owned(), value: value.to_owned() })
    }
}

/// Shows its name alone.
impl fmt::Debug for ClientHeader {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "ClientHeader({})", self.name)
    }
}

impl ClientToken {
    /// Reads a token, such as `toolrack token add` prints. `None` if `text` is none.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        let text = text.trim();
        let text = text.strip_prefix(BEARER).unwrap_or(text);
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte);
        let is_token = !text.is_empty() && text.len() < MAX_HEADER && text.bytes().all(is_allowed);
        is_token.then(|| Self::Text(text.to_owned()))
    }

    /// Reads the name of a variable. `None` if `name` is none.
    #[must_use]
    pub fn from_variable(name: &str) -> Option<Self> {
        is_variable_name(name).then(|| Self::Variable(name.to_owned()))
    }
}

/// Shows a variable's name alone.
impl fmt::Debug for ClientToken {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(_) => out.write_str("Text"),
            Self::Variable(name) => write!(out, "Variable({name})"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_has_a_path_and_no_secret() {
        for (text, expected) in [
            ("http://127.0.0.1:8787/mcp", Ok((true, true))),
            ("http://[::1]:8787/mcp/", Ok((true, true))),
            ("https://tools.example/team/mcp", Ok((false, false))),
            ("http://tools.example/mcp", Ok((true, false))),
            (
                "http://127.0.0.1:8787",
                Err("it has no path; toolrack serves at http://127.0.0.1:8787/mcp"),
            ),
            ("https://ada:hunter2@tools.example/mcp", Err("no user and no password")),
            ("https://tools.example/mcp?token=hunter2", Err("no query")),
            ("https://tools.example/mcp#hunter2", Err("no query")),
            ("8787", Err("expected a URL")),
            ("ftp://tools.example/mcp", Err("expected a URL")),
            ("unix:/run/toolrack", Err("expected a URL")),
            ("", Err("expected a URL")),
        ] {
            match (text.parse::<ServerUrl>(), expected) {
                (Ok(url), Ok(expected)) => {
                    assert_eq!((url.is_plain(), url.is_loopback()), expected);
                }
                (Err(error), Err(part)) => {
                    assert!(error.contains(part) && !error.contains("hunter2"), "{error}");
                }
                other => panic!("{text}: {other:?}"),
            }
        }
    }

    #[test]
    fn headers_and_tokens_are_what_can_be_sent() {
        for (text, expected) in [
            ("X-Team=blue", Some(("X-Team", "blue"))),
            ("X-Team: a=b", Some(("X-Team", "a=b"))),
            ("Authorization=Basic QTpC", Some(("Authorization", "Basic QTpC"))),
            ("X-Team", None),
            ("X Team=blue", None),
            ("X-Team=", None),
            ("X-Team=a\nb", None),
            ("X-Team=ä", None),
        ] {
            let header = text.parse::<ClientHeader>().ok();
            let found = header.as_ref().map(|header| (&*header.name, &*header.value));
            assert_eq!(found, expected, "{text:?}");
        }
        let text = |text: &str| Some(ClientToken::Text(text.into()));
        for (given, expected) in [
            ("trk_abc-1\n", text("trk_abc-1")),
            ("Bearer abc==", text("abc==")),
            ("", None),
            ("two words", None),
            ("${HOME}", None),
        ] {
            assert_eq!(ClientToken::from_text(given), expected, "{given:?}");
        }
        let token = "trk_hunter2hunter2hunter2";
        for (name, is_name) in [
            ("TOKEN_1", true),
            ("1A", false),
            ("", false),
            ("A-B", false),
            ("a", false),
            ("AKIAIOSFODNN7EXAMPLE", false),
            (token, false),
        ] {
            assert_eq!(ClientToken::from_variable(name).is_some(), is_name, "{name}");
        }
        let secret = text("hunter2");
        let header: ClientHeader = "X-Key=hunter2".parse().expect("a header");
        assert!(!format!("{secret:?}{header:?}").contains("hunter2"));
    }
}
