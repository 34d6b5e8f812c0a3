//! A token, and who it stands for.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rustls::pki_types::CertificateDer;
use rustls::server::ParsedCertificate;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use super::access_token::AccessToken;
use super::tool_pattern::ToolPattern;
use crate::text::hexadecimal;

/// The beginning of every token, by which people and scanners know one.
pub(crate) const TOKEN_PREFIX: &str = "trk_";
/// Random bytes of a token.
const TOKEN_BYTES: usize = 32;
/// Letters of a token's digest that stand for it in logs. The server makes the tokens.
const SHORT_DIGEST: usize = 12;
/// Letters of the digest of a client's key that stand for it. Clients make their keys, and can search for two of which fewer
/// letters are the same.
const KEY_DIGEST: usize = 32;
/// The longest name, in bytes.
const MAX_TOKEN_NAME: usize = 64;

/// The name of a token, by which people know it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct TokenName(String);

impl TryFrom<String> for TokenName {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let fits = |c: char| c.is_ascii_alphanumeric() || "_-.@".contains(c);
        match !text.is_empty()
            && text.len() <= MAX_TOKEN_NAME
            && text.chars().all(fits)
            && !text.starts_with(TOKEN_PREFIX)
        {
            true => Ok(Self(text)),
            // A token may have been typed.
            false => Err(format!(
                "expected a name for the token, as in ada-laptop: at most {MAX_TOKEN_NAME} letters, digits, `_`, `-`, `.` and `@`"
            )),
        }
    }
}

impl std::str::FromStr for TokenName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::try_from(text.to_owned())
    }
}

impl From<TokenName> for String {
    fn from(name: TokenName) -> Self {
        name.0
    }
}

impl fmt::Display for TokenName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The tools that a principal may call, and is told of.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct AllowedTools(Vec<ToolPattern>);

impl AllowedTools {
    /// Those that one of the patterns stands for.
    #[must_use]
    pub(crate) fn new(patterns: Vec<ToolPattern>) -> Self {
        Self(patterns)
    }

    /// True if the tool of this public name is among them.
    #[must_use]
    pub(crate) fn allow(&self, name: &str) -> bool {
        self.0.iter().any(|pattern| pattern.matches(name))
    }
}

impl fmt::Display for AllowedTools {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let patterns: Vec<_> = self.0.iter().map(ToolPattern::to_string).collect();
        f.write_str(&patterns.join(", "))
    }
}

/// A token as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Token {
    /// Its name.
    pub(crate) name: TokenName,
    /// The SHA-256 of its text, in hexadecimal.
    sha256: String,
    /// The tools that whoever has it may call; all, if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) allow: Option<AllowedTools>,
    /// The time at which it was made, in seconds since 1970.
    pub(crate) created: u64,
    /// The time at which it ends, in seconds since 1970; never, if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) expires: Option<u64>,
}

/// A token that was made now, with its text, which is not kept.
pub(crate) struct NewToken {
    /// The token.
    pub(crate) token: Token,
    /// Its text, to be shown once.
    pub(crate) text: String,
}

impl NewToken {
    /// A token of this name that lasts as long as `lasts`; for ever, if absent.
    pub(crate) fn make(
        name: TokenName,
        allow: Option<AllowedTools>,
        lasts: Option<Duration>,
    ) -> std::io::Result<Self> {
        let mut bytes = [0; TOKEN_BYTES];
        getrandom::fill(&mut bytes)?;
        let text = format!("{TOKEN_PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes));
        let created = now();
        let expires = lasts.map(|lasts| created.saturating_add(lasts.as_secs()));
        let token = Token { name, sha256: digest(&text), allow, created, expires };
        Ok(Self { token, text })
    }
}

impl Token {
    /// The time for which it still counts; `None` if that does not end.
    #[must_use]
    pub(crate) fn left(&self) -> Option<Duration> {
        self.expires.map(|expires| Duration::from_secs(expires.saturating_sub(now())))
    }

    /// True if it counts no more.
    #[must_use]
    pub(crate) fn has_expired(&self) -> bool {
        self.left().is_some_and(|left| left.is_zero())
    }

    /// The id of its principal.
    pub(crate) fn id(&self) -> &str {
        self.sha256.get(..SHORT_DIGEST).unwrap_or(&self.sha256)
    }

    /// The principal that whoever has it is.
    pub(crate) fn principal(&self) -> Principal {
        Principal {
            id: self.id().into(),
            allow: self.allow.clone().map(Arc::new),
            proof: Proof::Token,
        }
    }

    /// True if its digest can be one.
    pub(super) fn is_well_formed(&self) -> bool {
        self.sha256.len() == 64 && self.sha256.bytes().all(|byte| byte.is_ascii_hexdigit())
    }
}

/// The token with this text, unless it has expired. Takes the same time wherever texts differ.
pub(crate) fn with_text<'a>(tokens: &'a [Token], text: &str) -> Option<&'a Token> {
    let digest = digest(text);
    let is_it = |token: &&Token| bool::from(token.sha256.as_bytes().ct_eq(digest.as_bytes()));
    // Each is compared, whichever it is.
    tokens
        .iter()
        .filter(is_it)
        .fold(None, |found, token| found.or(Some(token)))
        .filter(|token| !token.has_expired())
}

/// Somebody who uses the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Principal {
    /// A short digest of what they proved to have; empty for those who need not prove anything.
    pub(crate) id: Arc<str>,
    /// The tools that they may call; all, if absent.
    pub(crate) allow: Option<Arc<AllowedTools>>,
    /// The thing that they proved to have.
    pub(crate) proof: Proof,
}

/// The thing by which a principal proves to be one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Proof {
    /// None is needed.
    Nothing,
    /// A certificate, which the connection was made with.
    Certificate,
    /// A token of this server's.
    Token,
    /// A token of an authorization server.
    AccessToken(AccessToken),
}

impl Principal {
    /// Anybody.
    pub(crate) fn anybody() -> Self {
        Self { id: "".into(), allow: None, proof: Proof::Nothing }
    }

    /// Whoever has the key of this certificate, which a handshake has checked. The signature is no part of it: of an
    /// ECDSA signature, its holder can make another that is valid, too.
    pub(crate) fn of_certificate(certificate: &CertificateDer<'_>) -> Self {
        let digest = match ParsedCertificate::try_from(certificate) {
            Ok(parsed) => hexadecimal(&Sha256::digest(parsed.subject_public_key_info())),
            Err(_) => hexadecimal(&Sha256::digest(certificate)),
        };
        let id = digest.get(..KEY_DIGEST).unwrap_or(&digest).into();
        Self { id, allow: None, proof: Proof::Certificate }
    }
}

fn digest(text: &str) -> String {
    hexadecimal(&Sha256::digest(text.as_bytes()))
}

/// The seconds since 1970.
pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(lasts: Option<Duration>) -> NewToken {
        let name = "ada".parse().expect("a name");
        NewToken::make(name, None, lasts).expect("random bytes")
    }

    #[test]
    fn a_key_is_known_by_more_of_its_digest_than_anybody_finds_twice() {
        let own = rcgen::generate_simple_self_signed(["ada".to_owned()]).expect("a certificate");
        let id = Principal::of_certificate(own.cert.der()).id;
        assert_eq!((id.len() * 4, KEY_DIGEST), (128, id.len()));
    }

    #[test]
    fn a_token_is_known_by_its_text_which_is_not_kept() {
        let NewToken { token, text } = made(None);
        assert!(text.starts_with(TOKEN_PREFIX) && text.len() == 47, "{text}");
        for text in std::iter::repeat_with(|| made(None).text).take(1_000) {
            // `-` and `_` stand anywhere.
            assert!(crate::token_shape::looks_like_token(&text), "{text}");
        }
        let is = |text: &str| with_text(std::slice::from_ref(&token), text).is_some();
        assert!(is(&text) && token.is_well_formed());
        let other = made(None).text;
        for wrong in [&other, "", &text[1..], &format!("{text} "), &text.to_uppercase()] {
            assert!(!is(wrong), "{wrong}");
        }
        let kept = serde_json::to_string(&token).expect("JSON");
        assert!(!kept.contains(&text[4..]), "{kept}");
        assert_eq!(serde_json::from_str::<Token>(&kept).expect("a token"), token);
        assert!(text.parse::<TokenName>().is_err(), "a token is no name");
    }

    #[test]
    fn a_token_counts_until_it_expires() {
        assert!(!made(None).token.has_expired() && made(None).token.left().is_none());
        assert!(!made(Some(Duration::from_hours(1))).token.has_expired());
        assert!(made(Some(Duration::ZERO)).token.has_expired());
    }
}
