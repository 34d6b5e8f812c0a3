//! The settings of a Redis: `[redis]` with what is in its files.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use rustls::pki_types::CertificateDer;

use super::redis_url::RedisUrl;

/// The longest beginning of the names of keys, in bytes.
const MAX_KEY_PREFIX: usize = 64;

/// The settings.
#[derive(Clone, Debug)]
pub struct RedisSettings {
    /// The place of the Redis.
    pub url: RedisUrl,
    /// The password, if it wants one.
    pub password: Option<RedisPassword>,
    /// The beginning of the names of all keys.
    pub prefix: KeyPrefix,
    /// The time that an answer may take.
    pub timeout: Duration,
    /// The authorities that its certificate may come from, beside the usual ones.
    pub authorities: Vec<CertificateDer<'static>>,
}

/// A password. It is never shown.
#[derive(Clone)]
pub struct RedisPassword(Box<str>);

impl RedisPassword {
    /// Returns this text as a password.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(text.into())
    }

    /// The text of it, for Redis alone.
    #[cfg_attr(not(feature = "redis"), expect(dead_code, reason = "nobody is told it"))]
    pub(super) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for RedisPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RedisPassword")
    }
}

/// The beginning of the names of keys, by which servers that share nothing can use one Redis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyPrefix(Box<str>);

impl KeyPrefix {
    /// The prefix as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for KeyPrefix {
    fn default() -> Self {
        Self("toolrack:".into())
    }
}

impl FromStr for KeyPrefix {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // Braces would decide where a cluster keeps a key.
        let fits = text.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'{' | b'}'));
        if fits && (1..=MAX_KEY_PREFIX).contains(&text.len()) {
            return Ok(Self(text.into()));
        }
        Err(format!(
            "expected 1 to {MAX_KEY_PREFIX} visible letters of ASCII without braces, as in \"toolrack:\""
        ))
    }
}
