//! Tokens that their authorization server is asked about.

use std::cell::Cell;

use serde::Deserialize;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;

use super::claims::{AudienceClaim, TokenClaims};
use super::fault::{RefusedToken, TokenFault};
use super::issuer::issuer_client::{IssuerWay, NoAnswer};
use super::settings::{ClientSecret, OauthTimes};
use super::url::ServiceUrl;

/// Questions at once about tokens that were good when they were asked about last.
pub(super) const MAX_QUESTIONS: usize = 16;
/// Questions at once about tokens that are not known: whoever guesses takes no turn of the others.
pub(super) const MAX_FIRST_QUESTIONS: usize = 8;
/// Tokens that are not known, and wait for their turn.
pub(super) const MAX_WAITING_QUESTIONS: usize = 64;

/// The answer that there was about a token before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TokenPast {
    /// It was good, a while ago.
    Good,
    /// There was none, or it was not good.
    Unknown,
}

/// An authorization server that is asked about each token.
pub(super) struct Introspector {
    url: ServiceUrl,
    client_id: String,
    client_secret: ClientSecret,
    way: IssuerWay,
    turns: QuestionTurns,
    times: OauthTimes,
    /// True if it gave no answer that can be used when it was asked last.
    is_lost: Cell<bool>,
}

impl Introspector {
    pub(super) fn new(
        url: ServiceUrl,
        client: (String, ClientSecret),
        way: IssuerWay,
        times: OauthTimes,
    ) -> Self {
        let (client_id, client_secret) = client;
        let (turns, is_lost) = (QuestionTurns::new(), Cell::new(false));
        Self { url, client_id, client_secret, way, turns, times, is_lost }
    }

    /// Asks about a token, and checks the answer as a JWT is checked.
    pub(super) async fn claims(
        &self,
        token: &str,
        past: TokenPast,
        issuer: &str,
        audiences: &[String],
    ) -> Result<TokenClaims, RefusedToken> {
        let client = (&*self.client_id, &self.client_secret);
        // The wait for it says nothing about the issuer.
        let turn = timeout(self.times.wait, self.turns.begin(past)).await;
        let _turn = turn.unwrap_or(Err(TokenFault::Busy))?;
        let asked = self.way.introspect(&self.url, client, token);
        let answer = match timeout(self.times.wait, asked).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => return Err(self.lost(&error).into()),
            Err(_) => return Err(self.lost(&NoAnswer::Late(self.times.wait)).into()),
        };
        let claims = read(&answer, issuer, audiences);
        if matches!(claims, Err(TokenFault::Unreachable)) {
            return Err(self.lost(&NoAnswer::NotIntrospection).into());
        }
        if self.is_lost.replace(false) {
            tracing::info!("{}: it answers again", self.url);
        }
        claims.map_err(|fault| match fault {
            TokenFault::Audience => {
                let named = serde_json::from_slice(&answer).map(AudienceClaim::texts);
                RefusedToken::for_audience(&named.unwrap_or_default(), audiences)
            }
            fault => fault.into(),
        })
    }

    /// Logs that there is no answer that can be used, once until there is one.
    fn lost(&self, error: &NoAnswer) -> TokenFault {
        if !self.is_lost.replace(true) {
            tracing::warn!("{}: tokens cannot be asked about: {error}", self.url);
        }
        TokenFault::Unreachable
    }
}

/// The turns of questions.
struct QuestionTurns {
    known: Semaphore,
    first: Semaphore,
    /// The places of those that are not known, with or without a turn.
    places: Semaphore,
}

/// A turn of a question, until it is dropped.
struct QuestionTurn<'a> {
    _turn: SemaphorePermit<'a>,
    _place: Option<SemaphorePermit<'a>>,
}

impl QuestionTurns {
    fn new() -> Self {
        Self {
            known: Semaphore::new(MAX_QUESTIONS),
            first: Semaphore::new(MAX_FIRST_QUESTIONS),
            places: Semaphore::new(MAX_FIRST_QUESTIONS + MAX_WAITING_QUESTIONS),
        }
    }

    /// Waits for a turn, unless too many do.
    async fn begin(&self, past: TokenPast) -> Result<QuestionTurn<'_>, TokenFault> {
        let (turns, place) = match past {
            TokenPast::Good => (&self.known, None),
            TokenPast::Unknown => {
                let place = self.places.try_acquire().map_err(|_| TokenFault::Busy)?;
                (&self.first, Some(place))
            }
        };
        // None of them is ever closed.
        let turn = turns.acquire().await.map_err(|_| TokenFault::Busy)?;
        Ok(QuestionTurn { _turn: turn, _place: place })
    }
}

/// Reads an answer. One that does not say whether the token is active is none.
pub(super) fn read(
    answer: &[u8],
    issuer: &str,
    audiences: &[String],
) -> Result<TokenClaims, TokenFault> {
    #[derive(Deserialize)]
    struct ActiveClaim {
        active: bool,
    }
    let is_active: ActiveClaim =
        serde_json::from_slice(answer).map_err(|_| TokenFault::Unreachable)?;
    if !is_active.active {
        return Err(TokenFault::Inactive);
    }
    let claims: TokenClaims = serde_json::from_slice(answer).map_err(|_| TokenFault::ClaimForm)?;
    if claims.iss.as_ref().is_some_and(|named| named != issuer) {
        return Err(TokenFault::Issuer);
    }
    if !claims.aud.iter().any(|one| audiences.iter().any(|accepted| accepted == one)) {
        return Err(TokenFault::Audience);
    }
    claims.check_times()?;
    claims.check_bearer()?;
    Ok(claims)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tokens::now;

    #[test]
    fn an_answer_is_checked_as_a_token_is() {
        let (issuer, audiences) = ("https://a.example", ["https://tools.example/mcp".to_owned()]);
        let check = |json: &str| read(json.as_bytes(), issuer, &audiences).map(drop);
        let aud = r#""active":true,"sub":"ada","aud":"https://tools.example/mcp""#;
        for (json, expected) in [
            (format!("{{{aud}}}"), Ok(())),
            (format!(r#"{{{aud},"iss":"{issuer}","exp":{}}}"#, now() + 10), Ok(())),
            (format!(r#"{{{aud},"exp":{}}}"#, now() - 10), Ok(())),
            (format!(r#"{{{aud},"exp":{}}}"#, now() - 100), Err(TokenFault::Expired)),
            (format!(r#"{{{aud},"nbf":{}}}"#, now() + 100), Err(TokenFault::NotYetValid)),
            (format!(r#"{{{aud},"iss":"https://b.example"}}"#), Err(TokenFault::Issuer)),
            (format!(r#"{{{aud},"cnf":{{"jkt":"x"}}}}"#), Err(TokenFault::Bound)),
            (format!(r#"{{{aud},"exp":"soon"}}"#), Err(TokenFault::ClaimForm)),
            (r#"{"active":true,"sub":"ada"}"#.into(), Err(TokenFault::Audience)),
            (r#"{"active":true,"aud":["other"]}"#.into(), Err(TokenFault::Audience)),
            (r#"{"active":false}"#.into(), Err(TokenFault::Inactive)),
            (r#"{"active":"true"}"#.into(), Err(TokenFault::Unreachable)),
            ("[]".into(), Err(TokenFault::Unreachable)),
            ("<html>".into(), Err(TokenFault::Unreachable)),
        ] {
            assert_eq!(check(&json), expected, "{json}");
        }
    }
}
