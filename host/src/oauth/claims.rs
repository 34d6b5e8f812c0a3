//! The claims of a token: whose it is, how long it counts, what it is for.

use std::sync::Arc;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, IgnoredAny};
use sha2::{Digest as _, Sha256};

use super::fault::{MissingClaim, TokenFault};
use crate::text::hexadecimal;
use crate::tokens::now;

/// The seconds by which clocks may differ.
pub(super) const CLOCK_LEEWAY: u64 = 60;
/// Letters of the digest by which a principal is known. Nobody finds another subject with the same.
const SUBJECT_DIGEST: usize = 24;
/// The most scopes of a token that are looked at.
const MAX_TOKEN_SCOPES: usize = 256;
/// The last time that a number of JSON tells to the second.
const LAST_TIME: f64 = 9_007_199_254_740_991.0;
const NO_SUBJECT: TokenFault = TokenFault::Claim(MissingClaim::Subject);

/// Claims as JWTs and introspection have them.
#[derive(Debug, Default, Deserialize)]
pub(super) struct TokenClaims {
    #[serde(default)]
    pub(super) iss: Option<String>,
    #[serde(default)]
    sub: Option<String>,
    #[serde(default)]
    client_id: Option<String>,
    #[serde(default)]
    azp: Option<String>,
    #[serde(default)]
    pub(super) aud: TextOrList,
    #[serde(default, deserialize_with = "seconds")]
    pub(super) exp: Option<u64>,
    #[serde(default, deserialize_with = "seconds")]
    pub(super) nbf: Option<u64>,
    #[serde(default)]
    scope: TextOrList,
    #[serde(default)]
    scp: TextOrList,
    /// The key that the token is bound to.
    #[serde(default)]
    cnf: Option<IgnoredAny>,
}

/// The audiences of a token that is refused.
#[derive(Deserialize)]
pub(super) struct AudienceClaim {
    #[serde(default)]
    aud: TextOrList,
}

impl AudienceClaim {
    pub(super) fn texts(self) -> Vec<String> {
        self.aud.iter().map(str::to_owned).collect()
    }
}

/// A text, or a list of texts.
#[derive(Debug, Default, Deserialize)]
#[serde(untagged)]
pub(super) enum TextOrList {
    One(String),
    Many(Vec<String>),
    #[default]
    None,
}

impl TextOrList {
    pub(super) fn iter(&self) -> impl Iterator<Item = &str> {
        let texts = match self {
            Self::One(text) => std::slice::from_ref(text),
            Self::Many(texts) => texts,
            Self::None => &[],
        };
        texts.iter().map(String::as_str)
    }
}

/// A time in seconds since 1970, which may have a fraction.
fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    match Option::<f64>::deserialize(deserializer)? {
        Some(number) if number > LAST_TIME => Err(D::Error::custom("it is no time")),
        // A time before 1970 is 1970.
        number => Ok(number.map(|number| number as u64)),
    }
}

impl TokenClaims {
    /// Its scopes, each as it is and with `prefix`, which its issuer leaves out.
    pub(super) fn scopes(&self, prefix: &str) -> Vec<String> {
        let words = self.scope.iter().chain(self.scp.iter()).flat_map(|text| text.split(' '));
        let words = words.filter(|word| !word.is_empty()).take(MAX_TOKEN_SCOPES);
        match prefix {
            "" => words.map(str::to_owned).collect(),
            prefix => words.flat_map(|word| [word.to_owned(), format!("{prefix}{word}")]).collect(),
        }
    }

    /// Checks that the token counts now. One that says no end has none.
    pub(super) fn check_times(&self) -> Result<(), TokenFault> {
        if self.exp.is_some_and(|end| end.saturating_add(CLOCK_LEEWAY) <= now()) {
            return Err(TokenFault::Expired);
        }
        if self.nbf.is_some_and(|begin| begin > now() + CLOCK_LEEWAY) {
            return Err(TokenFault::NotYetValid);
        }
        Ok(())
    }

    /// Checks that whoever has the token may use it.
    pub(super) fn check_bearer(&self) -> Result<(), TokenFault> {
        if self.cnf.is_some() { Err(TokenFault::Bound) } else { Ok(()) }
    }

    /// The digest of whom it stands for at `issuer`: a person, or a client that acts for itself.
    pub(super) fn subject(&self, issuer: &str) -> Result<Arc<str>, TokenFault> {
        let clients = [&self.client_id, &self.azp].into_iter().flatten();
        let (kind, name) = match &self.sub {
            Some(subject) => ("sub", subject),
            None => ("client", clients.into_iter().next().ok_or(NO_SUBJECT)?),
        };
        if name.is_empty() {
            return Err(TokenFault::ClaimForm);
        }
        let digest = Sha256::digest([issuer, kind, name].join("\0").as_bytes());
        Ok(hexadecimal(&digest)[..SUBJECT_DIGEST].into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claims(json: &str) -> TokenClaims {
        serde_json::from_str(json).unwrap_or_else(|error| panic!("{json}: {error}"))
    }

    #[test]
    fn scopes_are_a_text_or_a_list_in_either_claim() {
        for (json, scopes) in [
            (r#"{"scope":"a b"}"#, "a b"),
            (r#"{"scp":"a  b "}"#, "a b"),
            (r#"{"scp":["a","b"]}"#, "a b"),
            (r#"{"scope":["a"],"scp":"b"}"#, "a b"),
            (r#"{"scope":null}"#, ""),
            ("{}", ""),
        ] {
            assert_eq!(claims(json).scopes("").join(" "), scopes, "{json}");
        }
        let prefixed = claims(r#"{"scp":"a"}"#).scopes("api://x/");
        assert_eq!(prefixed, ["a", "api://x/a"]);
        for wrong in
            [r#"{"scope":7}"#, r#"{"exp":"7"}"#, r#"{"iss":["a"]}"#, r#"{"sub":"a","sub":"b"}"#]
        {
            assert!(serde_json::from_str::<TokenClaims>(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_subject_is_one_of_its_issuer_and_no_client() {
        let of = |json: &str, issuer: &str| claims(json).subject(issuer).ok();
        let ada = of(r#"{"sub":"ada"}"#, "https://a.example").expect("a subject");
        assert_eq!(ada.len(), SUBJECT_DIGEST);
        assert_eq!(of(r#"{"sub":"ada","client_id":"x"}"#, "https://a.example"), Some(ada.clone()));
        for (json, issuer) in [
            (r#"{"sub":"ada"}"#, "https://b.example"),
            (r#"{"sub":"bob"}"#, "https://a.example"),
            (r#"{"client_id":"ada"}"#, "https://a.example"),
        ] {
            assert!(of(json, issuer).is_some_and(|other| other != ada), "{json}");
        }
        for (json, expected) in [
            ("{}", NO_SUBJECT),
            // A claim that is there is not told as missing.
            (r#"{"sub":""}"#, TokenFault::ClaimForm),
            (r#"{"sub":"","client_id":"x"}"#, TokenFault::ClaimForm),
        ] {
            assert_eq!(claims(json).subject("a"), Err(expected), "{json}");
        }
    }
}
