//! The choices of the operator for tokens of authorization servers, checked. Where they are written is not known here.

use std::fmt;
use std::time::Duration;

use jsonwebtoken::Algorithm;
use rustls::pki_types::CertificateDer;

use super::scopes::ScopeRules;
use super::url::ServiceUrl;

/// The most authorization servers.
pub(super) const MAX_ISSUERS: usize = 16;
/// The most audiences of one.
const MAX_AUDIENCES: usize = 16;
/// The longest audience, and the longest beginning of a scope, in bytes.
const MAX_AUDIENCE: usize = 512;

/// The choices of the operator.
#[derive(Clone, Debug)]
pub struct OauthSettings {
    pub(super) resource: ServiceUrl,
    pub(super) issuers: Vec<IssuerSettings>,
    pub(super) scopes: ScopeRules,
    pub(super) times: OauthTimes,
}

impl OauthSettings {
    /// The authorization servers.
    pub fn issuers(&self) -> impl Iterator<Item = &ServiceUrl> {
        self.issuers.iter().map(|issuer| &issuer.issuer)
    }
}

/// An authorization server whose tokens count.
#[derive(Clone, Debug)]
pub struct IssuerSettings {
    /// Its name, which is its URL, letter by letter as its tokens have it.
    pub issuer: ServiceUrl,
    /// The audiences of which a token must have one. None stand for the resource.
    pub audiences: Vec<String>,
    /// The beginning of the names of scopes that its tokens leave out; empty, if they leave out nothing.
    pub scope_prefix: String,
    /// The way in which its tokens are checked.
    pub check: TokenCheck,
    /// The authorities that its certificate may come from, beside those that everybody trusts.
    pub authorities: Vec<CertificateDer<'static>>,
}

/// The way in which tokens of an authorization server are checked.
#[derive(Clone, Debug)]
pub enum TokenCheck {
    /// By its keys: its tokens are JWTs.
    Keys {
        /// The URL of the keys. `None` where its metadata say it.
        url: Option<ServiceUrl>,
        /// The algorithms that count. None stand for all that are known.
        algorithms: Vec<SignatureAlgorithm>,
    },
    /// By asking it.
    Introspection {
        /// The URL to ask.
        url: ServiceUrl,
        /// The name by which it knows this server.
        client_id: String,
        /// The secret that proves it.
        client_secret: ClientSecret,
    },
}

/// The secret of this server at an authorization server. It is never shown.
#[derive(Clone)]
pub struct ClientSecret(String);

impl ClientSecret {
    /// The secret with this text.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(text)
    }

    pub(super) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ClientSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientSecret(hidden)")
    }
}

/// An algorithm of signatures. All of them are asymmetric: who checks a token cannot make one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignatureAlgorithm(Algorithm);

/// The algorithms that are known, with their names.
const ALGORITHMS: [(&str, Algorithm); 9] = [
    ("RS256", Algorithm::RS256),
    ("RS384", Algorithm::RS384),
    ("RS512", Algorithm::RS512),
    ("PS256", Algorithm::PS256),
    ("PS384", Algorithm::PS384),
    ("PS512", Algorithm::PS512),
    ("ES256", Algorithm::ES256),
    ("ES384", Algorithm::ES384),
    ("EdDSA", Algorithm::EdDSA),
];

impl SignatureAlgorithm {
    /// The algorithm, unless it is one that is not known here.
    pub(super) fn of(algorithm: Algorithm) -> Option<Self> {
        ALGORITHMS.iter().any(|(_, known)| *known == algorithm).then_some(Self(algorithm))
    }

    pub(super) fn known(self) -> Algorithm {
        self.0
    }
}

impl std::str::FromStr for SignatureAlgorithm {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = ALGORITHMS.iter().find(|(name, _)| *name == text);
        found.map(|(_, algorithm)| Self(*algorithm)).ok_or_else(|| {
            let names: Vec<_> = ALGORITHMS.iter().map(|(name, _)| *name).collect();
            format!("expected an asymmetric algorithm: {}", names.join(", "))
        })
    }
}

/// The times of what is asked of authorization servers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OauthTimes {
    /// The time that one question to an authorization server may take.
    pub(crate) question: Duration,
    /// The time for which a request waits for keys that are on the way, or for the answer to a question.
    pub(crate) wait: Duration,
    /// The time between two times that keys are asked for.
    pub(crate) refresh: Duration,
    /// The least time between two such times, where a token names a key that is not known.
    pub(crate) ask_again: Duration,
    /// The least time between two such times, where there is no key at all.
    pub(crate) first_keys: Duration,
    /// The time for which keys count while nobody can be asked for newer ones.
    pub(crate) stale: Duration,
    /// The time for which an authorization server's answer about a token counts.
    pub(crate) answer: Duration,
}

impl Default for OauthTimes {
    fn default() -> Self {
        Self {
            question: QUESTION_TIME,
            wait: MAX_TOKEN_WAIT,
            refresh: KEY_REFRESH,
            ask_again: KEY_PAUSE,
            first_keys: FIRST_KEYS_PAUSE,
            stale: MAX_KEY_AGE,
            answer: ANSWER_TIME,
        }
    }
}

pub(super) const QUESTION_TIME: Duration = Duration::from_secs(10);
pub(super) const MAX_TOKEN_WAIT: Duration = Duration::from_secs(5);
pub(super) const KEY_REFRESH: Duration = Duration::from_mins(15);
pub(super) const KEY_PAUSE: Duration = Duration::from_secs(30);
pub(super) const FIRST_KEYS_PAUSE: Duration = Duration::from_secs(5);
pub(super) const MAX_KEY_AGE: Duration = Duration::from_hours(24);
pub(super) const ANSWER_TIME: Duration = Duration::from_mins(1);

impl OauthSettings {
    /// The choices for what people know as `resource`.
    pub fn new(
        resource: ServiceUrl,
        issuers: Vec<IssuerSettings>,
        scopes: ScopeRules,
    ) -> Result<Self, String> {
        if resource.url().query().is_some() {
            return Err(format!("the resource `{resource}` has a query; leave it out"));
        }
        if issuers.is_empty() || issuers.len() > MAX_ISSUERS {
            return Err(format!("expected between 1 and {MAX_ISSUERS} issuers"));
        }
        for (at, IssuerSettings { issuer, audiences, scope_prefix, .. }) in
            issuers.iter().enumerate()
        {
            if issuer.url().query().is_some() {
                return Err(format!("the issuer `{issuer}` has a query; leave it out"));
            }
            if issuers[..at].iter().any(|other| other.issuer.as_str() == issuer.as_str()) {
                return Err(format!("the issuer `{issuer}` is there twice"));
            }
            let is_fine = |text: &String| !text.is_empty() && text.len() <= MAX_AUDIENCE;
            if scope_prefix.len() > MAX_AUDIENCE {
                return Err(format!(
                    "the issuer `{issuer}` has a `scope_prefix` of more than {MAX_AUDIENCE} bytes"
                ));
            }
            if audiences.len() > MAX_AUDIENCES || !audiences.iter().all(is_fine) {
                return Err(format!(
                    "the issuer `{issuer}` has at most {MAX_AUDIENCES} audiences of at most {MAX_AUDIENCE} bytes each"
                ));
            }
        }
        let asked = |one: &&IssuerSettings| matches!(one.check, TokenCheck::Introspection { .. });
        if issuers.iter().filter(asked).count() > 1 {
            return Err(
                "one issuer at most can be asked by introspection: a token that is no JWT does not say whose it is, and \
                 no issuer is shown those of another"
                    .into(),
            );
        }
        Ok(Self { resource, issuers, scopes, times: OauthTimes::default() })
    }

    /// Adds what is in files: the secret of this server at an issuer, and the authorities of its certificate.
    pub fn complete(
        &mut self,
        at: usize,
        secret: Option<ClientSecret>,
        own_authorities: Vec<CertificateDer<'static>>,
    ) {
        let Some(IssuerSettings { check, authorities, .. }) = self.issuers.get_mut(at) else {
            return;
        };
        authorities.extend(own_authorities);
        if let (TokenCheck::Introspection { client_secret, .. }, Some(secret)) = (check, secret) {
            *client_secret = secret;
        }
    }

    /// The same with other times.
    #[cfg(test)]
    pub(crate) fn timed(self, times: OauthTimes) -> Self {
        Self { times, ..self }
    }
}

impl IssuerSettings {
    /// The audiences of which a token must have one, each with and without a final slash where it is a URL.
    pub(super) fn accepted_audiences(&self, resource: &ServiceUrl) -> Vec<String> {
        let given = match self.audiences.is_empty() {
            true => vec![resource.as_str().to_owned()],
            false => self.audiences.clone(),
        };
        let other = |text: &String| match text.strip_suffix('/') {
            _ if !text.contains("://") => None,
            Some(without) => Some(without.to_owned()),
            None => Some(format!("{text}/")),
        };
        let others: Vec<_> = given.iter().filter_map(other).collect();
        given.into_iter().chain(others).collect()
    }
}
