//! The URL of a Redis. It never holds a password.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use percent_encoding::percent_decode_str;
use url::Url;

/// The longest URL, in bytes.
const MAX_REDIS_URL: usize = 2048;
const REDIS_PORT: u16 = 6379;
const UNIX_SCHEME: &str = "unix:";

/// The place of a Redis, and what of it is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedisUrl {
    pub(super) server: RedisServer,
    pub(super) user: Option<Box<str>>,
    /// The number of the database.
    pub(super) database: u16,
}

/// The server's address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum RedisServer {
    /// A host and a port.
    Tcp { host: Box<str>, port: u16, is_tls: bool },
    /// A socket of this machine.
    Unix(PathBuf),
}

impl RedisUrl {
    /// Returns the path of its socket, if it names one.
    #[must_use]
    pub fn socket(&self) -> Option<&Path> {
        match &self.server {
            RedisServer::Unix(path) => Some(path),
            RedisServer::Tcp { .. } => None,
        }
    }

    /// True if it is reached over TLS.
    #[must_use]
    pub fn is_tls(&self) -> bool {
        matches!(self.server, RedisServer::Tcp { is_tls: true, .. })
    }
}

impl FromStr for RedisUrl {
    type Err = String;

    // The text is in no error: it may hold a password.
    fn from_str(text: &str) -> Result<Self, String> {
        let expected = |problem: &str| {
            format!(
                "expected the URL of a Redis, as in redis://127.0.0.1:6379, rediss://redis.example.org or \
                 unix:/run/redis.sock; {problem}"
            )
        };
        if text.len() > MAX_REDIS_URL {
            return Err(expected("this one is too long"));
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(expected("this one has a blank or letters beyond ASCII"));
        }
        if let Some(path) = text.strip_prefix(UNIX_SCHEME) {
            let path = Path::new(path);
            if !path.is_absolute() || path.to_string_lossy().starts_with("//") {
                return Err(expected("the path of this one is not absolute"));
            }
            let server = RedisServer::Unix(path.to_owned());
            return Ok(Self { server, user: None, database: 0 });
        }
        let url = Url::parse(text).map_err(|error| expected(&error.to_string()))?;
        let is_tls = match url.scheme() {
            "redis" => false,
            "rediss" => true,
            _ => return Err(expected("this one has another scheme")),
        };
        if url.password().is_some() {
            return Err(
                "a password does not belong into the URL, where everybody reads it who reads the configuration: take it \
                 out, and name a file with it as `password_file`, or a variable as `password_env`"
                    .into(),
            );
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(expected("this one has a `?` or a `#`"));
        }
        let host = url.host_str().filter(|host| !host.is_empty());
        let host = host.ok_or_else(|| expected("this one names no host"))?;
        let database = match url.path().trim_start_matches('/') {
            "" => 0,
            number => number
                .parse()
                .map_err(|_| expected("what stands behind the host is the number of a database"))?,
        };
        let user = percent_decode_str(url.username()).decode_utf8();
        let user = user.map_err(|_| expected("the user of this one is no text"))?;
        let server = RedisServer::Tcp {
            host: host.trim_start_matches('[').trim_end_matches(']').into(),
            port: url.port().unwrap_or(REDIS_PORT),
            is_tls,
        };
        let user = Some(&*user).filter(|user| !user.is_empty()).map(Into::into);
        Ok(Self { server, user, database })
    }
}

/// The place alone, without a user.
impl fmt::Display for RedisUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.server {
            RedisServer::Unix(path) => write!(f, "{UNIX_SCHEME}{}", path.display()),
            RedisServer::Tcp { host, port, is_tls } => {
                let scheme = if *is_tls { "rediss" } else { "redis" };
                match host.contains(':') {
                    true => write!(f, "{scheme}://[{host}]:{port}"),
                    false => write!(f, "{scheme}://{host}:{port}"),
                }?;
                if self.database == 0 { Ok(()) } else { write!(f, "/{}", self.database) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_shown_in_full_and_without_its_user() {
        for (text, shown, user) in [
            ("redis://localhost", "redis://localhost:6379", None),
            ("redis://127.0.0.1:7000/", "redis://127.0.0.1:7000", None),
            (
                "rediss://a%40b@redis.example.org/3",
                "rediss://redis.example.org:6379/3",
                Some("a@b"),
            ),
            ("redis://[::1]:7000/15", "redis://[::1]:7000/15", None),
            ("unix:/run/redis.sock", "unix:/run/redis.sock", None),
        ] {
            let url: RedisUrl = text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!((url.to_string().as_str(), url.user.as_deref()), (shown, user));
            assert_eq!(url.is_tls(), text.starts_with("rediss"));
        }
    }

    #[test]
    fn what_is_no_url_of_a_redis_is_refused_and_not_repeated() {
        for (text, expected) in [
            ("", "expected the URL of a Redis"),
            ("localhost:6379", "another scheme"),
            ("http://localhost", "another scheme"),
            ("redis://", "names no host"),
            ("redis:///1", "names no host"),
            ("redis://h/x", "number of a database"),
            ("redis://h/70000", "number of a database"),
            ("redis://h/1/2", "number of a database"),
            ("redis://h?db=1", "a `?`"),
            ("redis://h:x", "expected the URL of a Redis"),
            ("redis://h 1", "a blank"),
            ("unix:redis.sock", "not absolute"),
            ("unix://run/redis.sock", "not absolute"),
            ("redis://:hunter22@h", "name a file with it as `password_file`"),
            ("redis://u:hunter22@h/0", "name a file with it as `password_file`"),
            ("hunter22", "expected the URL of a Redis"),
        ] {
            let error = text.parse::<RedisUrl>().expect_err(text);
            assert!(error.contains(expected) && !error.contains("hunter22"), "{text}: {error}");
        }
        assert!("redis://h".repeat(300).parse::<RedisUrl>().is_err());
    }
}
