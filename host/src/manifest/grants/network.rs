//! `network` under `[grants]`: the origins that requests may go to, and the secrets that go with
//! them.
//!
//! The module `origin` reads URLs; requests are not known here. A wrong value beside a secret may be the secret
//! itself, so it is not repeated.

use std::fmt;

use http::{HeaderName, header};

use toml::Spanned;
use toml::de::DeValue;

use super::super::syntax::error::Diagnostic;
use super::super::syntax::keys::Section;
use super::super::syntax::keys::Section::{Grants, Network};
use super::super::syntax::table::{SpannedText, Table, wrong};
use super::host::HostPattern;
use super::origin::{self, Scheme};
use super::secret::{self, SecretName};
use crate::secret_places::holds_secret;
use crate::suggestion::CommandName;
use crate::text::forbidden_char;

/// One item of `network`: a text is its `url`.
pub(crate) struct RawNetwork<'a> {
    pub(crate) url: SpannedText<'a>,
    pub(crate) secret: Option<SpannedText<'a>>,
    pub(crate) header: Option<SpannedText<'a>>,
    pub(crate) before: Option<SpannedText<'a>>,
    pub(crate) query: Option<SpannedText<'a>>,
    pub(crate) optional: Option<bool>,
}

impl<'a> RawNetwork<'a> {
    /// An origin that no secret is bound to.
    pub(crate) fn plain(url: SpannedText<'a>) -> Self {
        Self { url, secret: None, header: None, before: None, query: None, optional: None }
    }

    pub(crate) fn read(item: &'a Spanned<DeValue<'a>>) -> Result<Self, Diagnostic> {
        let table = match item.get_ref() {
            DeValue::String(text) => {
                let url = Spanned::new(item.span(), &**text);
                return Ok(Self::plain(url));
            }
            DeValue::Table(table) => Table::open(Section::Network, table)?,
            _ => {
                let expected = "a URL as text, or a table such as \
                    `{ url = \"https://api.example.org\", secret = \"TOKEN\", query = \"key\" }`";
                return Err(wrong("`network` in [grants]", expected, item));
            }
        };
        let nowhere = || {
            Diagnostic::new(item.span(), "a table of `network` has no `url`")
                .help("say where requests may go: `url = \"https://api.example.org\"`")
        };
        Ok(Self {
            url: table.text("url", r#""https://api.example.org""#)?.ok_or_else(nowhere)?,
            secret: table.text("secret", r#""API_TOKEN""#)?,
            header: table.text("header", r#""Authorization""#)?,
            before: table.text("before", r#""Bearer ""#)?,
            query: table.text("query", r#""appid""#)?,
            optional: table.flag("optional")?,
        })
    }
}

/// Requests to one origin, or to a set of them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct NetworkGrant {
    /// `http` or `https`.
    pub scheme: Scheme,
    /// The hosts.
    pub host: HostPattern,
    /// The port; the scheme's own where none is written.
    pub port: u16,
    /// A secret that the host puts into each of these requests; the plugin never sees it.
    pub secret: Option<BoundSecret>,
    /// Hosts that are not reached: a person took them away, or the policy keeps them from all plugins. A network counts for
    /// every name that leads there.
    pub except: Vec<HostPattern>,
}

impl NetworkGrant {
    /// Requests to these hosts, all of them and without a secret.
    #[must_use]
    pub fn plain(scheme: Scheme, host: HostPattern, port: u16) -> Self {
        Self { scheme, host, port, secret: None, except: Vec::new() }
    }

    /// True if the host puts the secret `name` into these requests.
    #[must_use]
    pub fn binds(&self, name: &SecretName) -> bool {
        self.secret.as_ref().is_some_and(|bound| bound.name == *name)
    }

    /// True if both are of the same requests, whatever secret goes with them.
    #[must_use]
    pub fn is_of_origin(&self, other: &Self) -> bool {
        (self.scheme, &self.host, self.port) == (other.scheme, &other.host, other.port)
    }

    /// The hosts among these that are not reached, each as a manifest writes it.
    pub fn exceptions(&self) -> impl Iterator<Item = String> {
        let plain = |host: &HostPattern| Self::plain(self.scheme, host.clone(), self.port);
        let among = self.except.iter().filter(|except| self.host.overlaps(except));
        among.map(move |host| plain(host).to_string())
    }
}

/// A secret that the host adds to requests.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BoundSecret {
    /// The secret's name.
    pub name: SecretName,
    /// The part of the request that it goes into.
    pub place: SecretPlace,
    /// True if requests go out without it while it has no value; else they fail.
    pub is_optional: bool,
}

/// The part of a request that a secret goes into. Anything that the plugin itself puts there is
/// replaced.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum SecretPlace {
    /// A header.
    Header {
        /// Its name, in lower case.
        name: Box<str>,
        /// The text before the secret, such as `Bearer `.
        before: Box<str>,
    },
    /// A parameter of the query.
    Query {
        /// Its name.
        name: Box<str>,
    },
}

/// As a manifest writes it, without the secret.
impl fmt::Display for NetworkGrant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.host)?;
        if self.port == self.scheme.port() { Ok(()) } else { write!(f, ":{}", self.port) }
    }
}

/// The most origins of one plugin.
const MAX_NETWORK: usize = 64;
/// The longest name of a header or parameter, and the longest text before a secret, in bytes.
const MAX_HEADER_NAME: usize = 128;

/// Headers that speak of one connection, or of how a message is framed: the host writes or removes them, so
/// neither a guest nor a secret can be one.
pub(crate) const OF_THE_HOST: [HeaderName; 12] = [
    header::CONNECTION,
    header::EXPECT,
    header::HOST,
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    HeaderName::from_static("http2-settings"),
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
];

/// Checks the origins and what is bound to them.
pub(crate) fn read(raw: &[RawNetwork<'_>]) -> Result<Vec<NetworkGrant>, Diagnostic> {
    let mut grants: Vec<NetworkGrant> = Vec::new();
    for raw in raw {
        let (scheme, host, port) = origin::read(&raw.url, &Grants.place("network"))?;
        let secret = bound(raw, &host)?;
        let grant = NetworkGrant { scheme, host, port, secret, except: Vec::new() };
        if grants.iter().any(|other| other.is_of_origin(&grant)) {
            let message = format!("`{grant}` is granted twice");
            return Err(Diagnostic::new(raw.url.span(), message).help("keep one of the two"));
        }
        if grants.len() == MAX_NETWORK {
            let message = format!("{}: expected at most {MAX_NETWORK}", Grants.place("network"));
            return Err(Diagnostic::new(raw.url.span(), message)
                .help("name several hosts at once: `https://*.example.org`"));
        }
        grants.push(grant);
    }
    Ok(grants)
}

fn bound(raw: &RawNetwork<'_>, host: &HostPattern) -> Result<Option<BoundSecret>, Diagnostic> {
    let Some(secret) = &raw.secret else {
        let rest = [("header", &raw.header), ("query", &raw.query), ("before", &raw.before)];
        return match rest.into_iter().find_map(|(key, text)| Some((key, text.as_ref()?))) {
            Some((key, text)) => {
                let message =
                    format!("{} says where a secret goes, and none is named", Network.place(key));
                Err(Diagnostic::new(text.span(), message)
                    .help("add `secret = \"API_TOKEN\"`, its name"))
            }
            None if raw.optional.is_some() => {
                let message =
                    format!("{} is said of a secret, and none is named", Network.place("optional"));
                Err(Diagnostic::new(raw.url.span(), message)
                    .help("add `secret = \"API_TOKEN\"`, its name, or remove `optional`"))
            }
            None => Ok(None),
        };
    };
    if *host == HostPattern::Public {
        let message = format!(
            "{}: a secret cannot be bound to the whole web, where any server would be told it",
            Network.place("url")
        );
        let help = "name the host that the secret is for, such as \"https://api.example.org\", beside this";
        return Err(Diagnostic::new(raw.url.span(), message).help(help));
    }
    let name = secret::name(&Network.place("secret"), secret)?;
    let place = match (&raw.header, &raw.query) {
        (Some(header), None) => SecretPlace::Header {
            name: header_name(header)?,
            before: raw.before.as_ref().map_or(Ok("".into()), before)?,
        },
        (None, Some(query)) => {
            if let Some(before) = &raw.before {
                let message = format!("{} goes with `header` only", Network.place("before"));
                return Err(Diagnostic::new(before.span(), message).help("remove it"));
            }
            SecretPlace::Query { name: parameter(query)? }
        }
        (Some(_), Some(query)) => {
            let message = "a secret goes into a header or into the query, not into both";
            return Err(
                Diagnostic::new(query.span(), message).help("keep one of `header` and `query`")
            );
        }
        (None, None) => {
            let message = format!("nothing says where the secret `{name}` goes in a request");
            let help =
                "add `header = \"Authorization\", before = \"Bearer \"`, or `query = \"key\"`";
            return Err(Diagnostic::new(secret.span(), message).help(help));
        }
    };
    Ok(Some(BoundSecret { name, place, is_optional: raw.optional.unwrap_or(false) }))
}

fn header_name(text: &SpannedText<'_>) -> Result<Box<str>, Diagnostic> {
    let place = Network.place("header");
    if holds_secret(text.get_ref()) {
        let message = format!("{place}: this looks like the secret itself");
        let help = format!(
            "write the name of the header, such as \"Authorization\"; `{}` keeps the secret",
            CommandName::SecretSet.with(["NAME"])
        );
        return Err(Diagnostic::new(text.span(), message).help(help).secret());
    }
    let name = HeaderName::from_bytes(text.get_ref().as_bytes()).ok();
    match name.filter(|name| name.as_str().len() <= MAX_HEADER_NAME) {
        // A guest may say how long its body is; a secret is no length.
        Some(name) if OF_THE_HOST.contains(&name) || name == header::CONTENT_LENGTH => {
            let message =
                format!("{place}: `{name}` says how a request travels, which is toolrack's to say");
            Err(Diagnostic::new(text.span(), message)
                .help("name the header that the API documents"))
        }
        Some(name) => Ok(name.as_str().into()),
        None => {
            let expected = "expected the name of a header, such as \"Authorization\"";
            Err(Diagnostic::new(text.span(), format!("{place}: {expected}"))
                .help("leave out the colon and the value")
                .secret())
        }
    }
}

/// The words for a scheme of authorization. A blank stands between such a word and the secret.
const AUTH_SCHEMES: [&str; 6] = ["Bearer", "Basic", "Token", "Bot", "ApiKey", "Digest"];

fn before(text: &SpannedText<'_>) -> Result<Box<str>, Diagnostic> {
    let before = *text.get_ref();
    if holds_secret(before) {
        let message = format!("{}: this looks like the secret itself", Network.place("before"));
        let help = format!(
            "write what stands before the secret, such as \"Bearer \"; `{}` keeps the secret",
            CommandName::SecretSet.with(["NAME"])
        );
        return Err(Diagnostic::new(text.span(), message).help(help).secret());
    }
    if holds_value(before) {
        let message = format!("{}: a value stands behind its first word", Network.place("before"));
        let help = format!(
            "write what stands before the secret and no more, such as \"Bearer \"; `{}` keeps the secret",
            CommandName::SecretSet.with(["NAME"])
        );
        return Err(Diagnostic::new(text.span(), message).help(help).secret());
    }
    if AUTH_SCHEMES.iter().any(|scheme| before.eq_ignore_ascii_case(scheme)) {
        let message =
            format!("{}: the blank behind `{before}` is missing", Network.place("before"));
        return Err(Diagnostic::new(text.span(), message).help(format!("write \"{before} \"")));
    }
    let plain = before.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic());
    if plain && !before.starts_with(' ') && before.len() <= MAX_HEADER_NAME {
        return Ok(before.into());
    }
    let expected = format!("expected printable ASCII, at most {MAX_HEADER_NAME} bytes");
    let message = format!("{}: {expected}", Network.place("before"));
    let help = "it is what stands before the secret: \"Bearer \"";
    Err(Diagnostic::new(text.span(), message).help(help).secret())
}

/// True if `before` goes on behind the word for its scheme with a word that names nothing: in `Token token=` and
/// `a=1; session=` the secret has a name, in `Bearer abc` another value takes its place.
fn holds_value(before: &str) -> bool {
    // The letters of a name do not change between small and capital ones, as those of a value in Base64 do.
    let is_name = |name: &str| {
        let rest = name.get(1..).unwrap_or_default();
        let is_plain = |byte: u8| byte.is_ascii_lowercase() || b"-_".contains(&byte);
        name.starts_with(|c: char| c.is_ascii_alphabetic()) && rest.bytes().all(is_plain)
    };
    let names_more = |word: &str| match word.strip_suffix(['=', ':']) {
        Some(name) => is_name(name.rsplit([',', ';']).next().unwrap_or_default()),
        None => word.ends_with(['"', ',', ';']),
    };
    !before.split_ascii_whitespace().skip(1).all(names_more)
}

fn parameter(text: &SpannedText<'_>) -> Result<Box<str>, Diagnostic> {
    let name = *text.get_ref();
    let shown = !name.contains(['\n', '\t']) && forbidden_char(name).is_none();
    if shown
        && !name.is_empty()
        && name.len() <= MAX_HEADER_NAME
        && !name.contains(['=', '&', '?', '#'])
        && !holds_secret(name)
    {
        return Ok(name.into());
    }
    let expected = "expected the name of a parameter, such as \"appid\"";
    let message = format!("{}: {expected}", Network.place("query"));
    Err(Diagnostic::new(text.span(), message)
        .help("leave out `?`, `&`, `=` and the value")
        .secret())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_before_a_secret_is_a_scheme_and_no_value() {
        for before in [
            "",
            "Bearer ",
            "token ",
            "Token token=",
            "GoogleLogin auth=",
            "a=1; session=",
            "Digest x=\"y\", response=",
            "sk-",
        ] {
            assert!(!holds_value(before), "{before}");
        }
        for before in [
            "Bearer hunter2",
            "Bearer hunter2 ",
            "Basic dXNlcjpwdw==",
            "Basic dXNlcjpwd=",
            "X-Key: hunter2",
        ] {
            assert!(holds_value(before), "{before}");
        }
    }
}
