//! The check of an access token: whose it is, which tools it allows, or why it does not count.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::time::Duration;

use hyper::body::Bytes;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::claims::{CLOCK_LEEWAY, TokenClaims};
use super::fault::{RefusedToken, TokenFault};
use super::introspection::{Introspector, TokenPast};
use super::issuer::issuer_client::IssuerWay;
use super::issuer::key_set::KeySet;
use super::issuer::key_source::{KeySource, NotNewer};
use super::jwt::{self, ClaimedIssuer};
use super::metadata::ResourceMetadata;
use super::ring_verifier;
use super::scopes::ScopeRules;
use super::settings::{IssuerSettings, OauthSettings, OauthTimes, SignatureAlgorithm, TokenCheck};
use super::token_cache::{KnownTokens, TokenDigest, TokensInQuestion};
use crate::tokens::{AccessToken, Principal, Proof, TokenText, now};

/// The time for which a token whose signature was checked is not checked again.
pub(super) const SIGNATURE_TIME: Duration = Duration::from_mins(5);
/// The time between two lines of the log about tokens that are refused for the same reason.
const FAULT_PAUSE: Duration = Duration::from_secs(10);

/// The check of access tokens.
pub(crate) struct OauthChecker {
    issuers: Vec<Rc<Issuer>>,
    scopes: ScopeRules,
    metadata: ResourceMetadata,
    times: OauthTimes,
    /// The principals of valid tokens.
    valid: KnownTokens<KnownPrincipal>,
    /// The faults of tokens that were asked about. Apart from the others, so that those who guess push out no valid one.
    faulty: KnownTokens<TokenFault>,
    /// The tokens that an issuer is being asked about.
    asked: TokensInQuestion<Result<Principal, RefusedToken>>,
    /// The times at which faults were logged last.
    logged: RefCell<HashMap<TokenFault, Instant>>,
}

struct Issuer {
    name: Box<str>,
    audiences: Vec<String>,
    scope_prefix: String,
    way: IssuerCheck,
}

enum IssuerCheck {
    Keys { keys: KeySource, algorithms: Vec<SignatureAlgorithm> },
    Introspection(Introspector),
}

#[derive(Clone)]
struct KnownPrincipal {
    principal: Principal,
    /// The keys that its token was checked with, and whose they are.
    signed: Option<(Rc<Issuer>, Rc<KeySet>)>,
}

impl OauthChecker {
    /// A check by these settings, of which nothing is asked yet.
    pub(crate) fn new(settings: OauthSettings) -> Self {
        ring_verifier::install();
        let metadata = ResourceMetadata::of(&settings);
        let OauthSettings { resource, issuers, scopes, times } = settings;
        let issuer = |settings: IssuerSettings| {
            let audiences = settings.accepted_audiences(&resource);
            let IssuerSettings { issuer, check, authorities, scope_prefix, .. } = settings;
            let name = issuer.as_str().into();
            let way = IssuerWay::new(authorities, times.question);
            let way = match check {
                TokenCheck::Keys { url, algorithms } => {
                    IssuerCheck::Keys { keys: KeySource::new(issuer, url, way, times), algorithms }
                }
                TokenCheck::Introspection { url, client_id, client_secret } => {
                    let client = (client_id, client_secret);
                    IssuerCheck::Introspection(Introspector::new(url, client, way, times))
                }
            };
            Rc::new(Issuer { name, audiences, scope_prefix, way })
        };
        Self {
            issuers: issuers.into_iter().map(issuer).collect(),
            scopes,
            metadata,
            times,
            valid: KnownTokens::new(),
            faulty: KnownTokens::new(),
            asked: TokensInQuestion::new(),
            logged: RefCell::default(),
        }
    }

    /// Begins to keep the keys of all issuers fresh, within a `LocalSet`, until what is returned is dropped.
    pub(crate) fn keep_keys(&self) -> JoinSet<()> {
        let mut tasks = JoinSet::new();
        for issuer in &self.issuers {
            let issuer = issuer.clone();
            tasks.spawn_local(async move {
                match &issuer.way {
                    IssuerCheck::Keys { keys, .. } => keys.keep().await,
                    IssuerCheck::Introspection(_) => {}
                }
            });
        }
        tasks
    }

    /// The metadata of the protected resource, if this is one of their paths.
    pub(crate) fn metadata_at(&self, path: &str) -> Option<Bytes> {
        self.metadata.at(path)
    }

    /// The URL of the metadata.
    pub(crate) fn metadata_url(&self) -> &str {
        self.metadata.url()
    }

    /// The scopes that a client without any asks for; empty, if there are none.
    pub(crate) fn first_scopes(&self) -> String {
        self.scopes.first()
    }

    /// The scopes with which `principal` could call tools of this name, if it cannot, and scopes are what it lacks.
    pub(crate) fn scopes_to_call(&self, principal: &Principal, tool: &str) -> Option<String> {
        match &principal.proof {
            Proof::AccessToken(token) => self.scopes.needed_for(tool, &token.scopes),
            Proof::Nothing | Proof::Certificate | Proof::Token => None,
        }
    }

    /// The principal that has this token.
    pub(crate) async fn check(&self, text: &str) -> Result<Principal, TokenFault> {
        if !jwt::is_token(text) {
            return Err(TokenFault::Malformed);
        }
        let digest = TokenDigest::of(text);
        let checked = match self.known(&digest) {
            Some(known) => known,
            None => {
                let checked = self.look_at(text, &digest).await;
                checked.map_err(|refused| {
                    self.log(&refused, &digest);
                    refused.fault
                })
            }
        };
        checked.map(|mut principal| {
            // The findings about tokens hold the text of none.
            if let Proof::AccessToken(token) = &mut principal.proof {
                token.text = TokenText::new(text);
            }
            principal
        })
    }

    /// The result that is known of a token.
    fn known(&self, digest: &TokenDigest) -> Option<Result<Principal, TokenFault>> {
        if let Some(fault) = self.faulty.get(digest) {
            return Some(Err(fault));
        }
        let KnownPrincipal { principal, signed } = self.valid.get(digest)?;
        if let Some((issuer, checked_with)) = signed {
            let IssuerCheck::Keys { keys, .. } = &issuer.way else { return None };
            // A key that is withdrawn takes its tokens with it.
            if !keys.are_current(&checked_with) {
                return None;
            }
        }
        Some(Ok(principal))
    }

    async fn look_at(&self, text: &str, digest: &TokenDigest) -> Result<Principal, RefusedToken> {
        let claimed = ClaimedIssuer::of(text);
        let issuer = match &claimed {
            ClaimedIssuer::Named(name) => self.issuers.iter().find(|issuer| *issuer.name == **name),
            // A token that does not say whose it is can only be asked about, and one issuer at most is asked.
            ClaimedIssuer::Unsaid => self
                .issuers
                .iter()
                .find(|issuer| matches!(issuer.way, IssuerCheck::Introspection(_))),
            // It may be another's, who alone may see it. Where there is no other, it may be an encrypted one.
            ClaimedIssuer::Unclear => match &self.issuers[..] {
                [only] => {
                    Some(only).filter(|only| matches!(only.way, IssuerCheck::Introspection(_)))
                }
                _ => None,
            },
        };
        let Some(issuer) = issuer else {
            return Err(match &claimed {
                ClaimedIssuer::Named(named) => {
                    RefusedToken::of_issuer(named, self.issuers.iter().map(|issuer| &*issuer.name))
                }
                ClaimedIssuer::Unsaid if !jwt::is_jwt(text) => TokenFault::Opaque.into(),
                ClaimedIssuer::Unsaid | ClaimedIssuer::Unclear => TokenFault::Malformed.into(),
            });
        };
        match &issuer.way {
            IssuerCheck::Keys { keys, algorithms } => {
                let signed = signed_claims(text, issuer, keys, algorithms).await;
                let (claims, keys) = signed.map_err(|fault| match fault {
                    TokenFault::Audience => {
                        RefusedToken::for_audience(&jwt::claimed_audiences(text), &issuer.audiences)
                    }
                    fault => fault.into(),
                })?;
                let principal = self.principal(issuer, &claims)?;
                let until = until(&principal, SIGNATURE_TIME);
                let signed = Some((issuer.clone(), keys));
                let known = KnownPrincipal { principal: principal.clone(), signed };
                self.valid.put(*digest, known, until);
                Ok(principal)
            }
            IssuerCheck::Introspection(introspector) => {
                let asked = self.ask(introspector, issuer, text, digest);
                self.asked.found(digest, asked).await
            }
        }
    }

    /// Asks the issuer about a token, and keeps the answer.
    async fn ask(
        &self,
        introspector: &Introspector,
        issuer: &Issuer,
        text: &str,
        digest: &TokenDigest,
    ) -> Result<Principal, RefusedToken> {
        let past = if self.valid.had(digest) { TokenPast::Good } else { TokenPast::Unknown };
        let claims = introspector.claims(text, past, &issuer.name, &issuer.audiences).await;
        let found = claims.and_then(|claims| Ok(self.principal(issuer, &claims)?));
        match &found {
            Ok(principal) => {
                let until = until(principal, self.times.answer);
                let known = KnownPrincipal { principal: principal.clone(), signed: None };
                self.valid.put(*digest, known, until);
            }
            Err(RefusedToken { fault: TokenFault::Unreachable | TokenFault::Busy, .. }) => {}
            Err(RefusedToken { fault, .. }) => {
                self.valid.forget(digest);
                self.faulty.put(*digest, *fault, Instant::now() + self.times.answer);
            }
        }
        found
    }

    /// The principal that a token with these claims stands for, without its text.
    fn principal(&self, issuer: &Issuer, claims: &TokenClaims) -> Result<Principal, TokenFault> {
        let id = claims.subject(&issuer.name)?;
        let tools =
            self.scopes.tools_of(&claims.scopes(&issuer.scope_prefix)).ok_or(TokenFault::Scope)?;
        let token = AccessToken {
            text: TokenText::default(),
            ends: claims.exp.map(|end| end.saturating_add(CLOCK_LEEWAY)),
            scopes: tools.scopes,
        };
        Ok(Principal { id, allow: tools.allow, proof: Proof::AccessToken(token) })
    }

    /// Logs that a token is refused, unless the same was logged a moment ago.
    fn log(&self, refused: &RefusedToken, digest: &TokenDigest) {
        let RefusedToken { fault, advice } = refused;
        let mut logged = self.logged.borrow_mut();
        let is_due = logged.get(fault).is_none_or(|last| last.elapsed() >= FAULT_PAUSE);
        if is_due {
            logged.insert(*fault, Instant::now());
            tracing::info!("an access token ({}) is refused: {fault}{advice}", digest.short());
        }
    }
}

/// The claims of a JWT of this issuer, and the keys that it was checked with.
async fn signed_claims(
    text: &str,
    issuer: &Issuer,
    source: &KeySource,
    algorithms: &[SignatureAlgorithm],
) -> Result<(TokenClaims, Rc<KeySet>), TokenFault> {
    let signed = jwt::signed_by(text, algorithms)?;
    let verify = |keys: &Rc<KeySet>| {
        let key = keys.find(signed.key.as_deref(), signed.algorithm)?;
        let claims = jwt::verify(text, key, signed.algorithm, &issuer.name, &issuer.audiences);
        Some(claims.map(|claims| (claims, keys.clone())))
    };
    let keys = source.keys().await.ok_or(TokenFault::Unreachable)?;
    if let Some(verified) = verify(&keys) {
        return verified;
    }
    let newer = source.newer(&keys).await.map_err(|none| match none {
        NotNewer::Same => TokenFault::Key,
        NotNewer::Lost => TokenFault::Unreachable,
    })?;
    verify(&newer).unwrap_or(Err(TokenFault::Key))
}

/// The time until which a principal is known: for `most`, and no longer than its token counts.
fn until(principal: &Principal, most: Duration) -> Instant {
    let left = match &principal.proof {
        Proof::AccessToken(AccessToken { ends: Some(ends), .. }) => {
            Duration::from_secs(ends.saturating_sub(now()))
        }
        Proof::AccessToken(_) | Proof::Nothing | Proof::Certificate | Proof::Token => most,
    };
    Instant::now() + left.min(most)
}
