//! The principal that a request comes from, as its `Authorization` header proves.

use std::sync::Arc;
use std::time::Duration;

use http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, StatusCode};
use tokio::sync::watch;
use tokio::time::sleep;

use crate::mcp::http::run::answer::HttpRefusal;
use crate::tokens::{Principal, Token, with_text};

/// The longest wait before a token is looked at again: clocks are set.
const MAX_WAIT: Duration = Duration::from_mins(1);

/// The tokens that count, and whether one is needed.
pub(crate) struct Admittance {
    tokens: watch::Receiver<TokensInForce>,
    /// The choice of the operator.
    need: TokenNeed,
}

/// The tokens that count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TokensInForce {
    pub(crate) tokens: Arc<[Token]>,
    /// True if there are or were tokens: when the last one goes, the server does not open to everybody.
    pub(crate) had_any: bool,
}

impl TokensInForce {
    /// These tokens, after those before them.
    pub(crate) fn after(before: Option<&Self>, tokens: Vec<Token>) -> Self {
        let had_any = before.is_some_and(|before| before.had_any) || !tokens.is_empty();
        Self { tokens: tokens.into(), had_any }
    }
}

/// The choice of who needs a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenNeed {
    /// Everybody.
    Always,
    /// Everybody, once there is a token: until then, only this machine reaches the server.
    OnceThereAre,
    /// Nobody: the operator insists.
    Never,
}

impl TokenNeed {
    /// True if everybody has to show a token.
    fn asks(self, in_force: &TokensInForce) -> bool {
        match self {
            Self::Always => true,
            Self::OnceThereAre => in_force.had_any,
            Self::Never => false,
        }
    }
}

impl Admittance {
    pub(crate) fn new(tokens: watch::Receiver<TokensInForce>, need: TokenNeed) -> Self {
        Self { tokens, need }
    }

    /// The principal that a request comes from.
    pub(crate) fn principal(&self, headers: &HeaderMap) -> Result<Principal, HttpRefusal> {
        let in_force = self.tokens.borrow();
        let is_needed = self.need.asks(&in_force);
        let tokens = &in_force.tokens;
        if !is_needed && tokens.is_empty() {
            return Ok(Principal::anybody());
        }
        let mut given = headers.get_all(AUTHORIZATION).iter();
        match (given.next(), given.next()) {
            (None, _) if !is_needed => Ok(Principal::anybody()),
            (None, _) => Err(unauthorized(
                "Bearer",
                "this server wants a token in the header `Authorization: Bearer TOKEN`; whoever runs it makes one with `token add NAME`",
            )),
            (Some(given), None) => {
                let token = bearer(given).and_then(|text| with_text(tokens, text));
                token.map(Token::principal).ok_or_else(|| {
                    unauthorized(
                        "Bearer error=\"invalid_token\"",
                        "the token is none of this server's, or it has expired or was removed; whoever runs it sees with `token list` which there are",
                    )
                })
            }
            (Some(_), Some(_)) => Err(unauthorized(
                "Bearer error=\"invalid_request\"",
                "the request has more than one `Authorization` header",
            )),
        }
    }

    /// Resolves when the principal's token counts no more.
    pub(crate) fn ended(&self, principal: &Principal) -> impl Future<Output = ()> + use<> {
        let (mut tokens, id, need) = (self.tokens.clone(), principal.id.clone(), self.need);
        async move {
            if id.is_empty() {
                // A client that needed no token may need one now.
                drop(tokens.wait_for(|in_force| need.asks(in_force)).await);
                return;
            }
            loop {
                let wait = {
                    let in_force = tokens.borrow_and_update();
                    let mut own = in_force.tokens.iter().filter(|token| token.principal().id == id);
                    let Some(token) = own.find(|token| !token.has_expired()) else { return };
                    token.left().map_or(MAX_WAIT, |left| left.min(MAX_WAIT))
                };
                tokio::select! {
                    changed = tokens.changed() => if changed.is_err() { return },
                    () = sleep(wait) => {}
                }
            }
        }
    }
}

/// The token in a header's value.
fn bearer(value: &HeaderValue) -> Option<&str> {
    let (scheme, token) = value.to_str().ok()?.trim().split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Refuses a request for want of a token. `said` names no path of the server: anybody reads it.
fn unauthorized(challenge: &'static str, said: &str) -> HttpRefusal {
    HttpRefusal::plain(StatusCode::UNAUTHORIZED, said)
        .with(WWW_AUTHENTICATE, HeaderValue::from_static(challenge))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tokens::NewToken;

    fn token(name: &str) -> NewToken {
        NewToken::make(name.parse().expect("a name"), None, None).expect("random bytes")
    }

    fn headers(values: &[&str]) -> HeaderMap {
        let value = |value: &&str| (AUTHORIZATION, HeaderValue::from_str(value).expect("a value"));
        values.iter().map(value).collect()
    }

    #[test]
    fn a_token_is_needed_as_the_operator_chose_and_never_less_than_before() {
        let NewToken { token, text } = token("ada");
        let right = format!("Bearer {text}");
        for (need, without_tokens, without_one) in [
            (TokenNeed::Always, false, false),
            (TokenNeed::OnceThereAre, true, false),
            (TokenNeed::Never, true, true),
        ] {
            let in_force = |before: Option<&TokensInForce>, tokens: &[Token]| {
                TokensInForce::after(before, tokens.to_vec())
            };
            let (sender, tokens) = watch::channel(in_force(None, &[]));
            let access = Admittance::new(tokens, need);
            let is_let_in = |values: &[&str]| access.principal(&headers(values)).is_ok();
            assert_eq!(is_let_in(&[]), without_tokens, "{need:?}");
            let now = in_force(None, std::slice::from_ref(&token));
            let before = sender.send_replace(now.clone());
            assert!(!before.had_any);
            assert_eq!(is_let_in(&[]), without_one, "{need:?}");
            assert!(is_let_in(&[&right]) && is_let_in(&[&right.replace("Bearer", "bearer")]));
            for wrong in ["Bearer", "Bearer ", &text, "Basic YTpi", &right[..right.len() - 1]] {
                assert!(!is_let_in(&[wrong]), "{need:?} {wrong}");
            }
            assert!(!is_let_in(&[&right, &right]));
            sender.send_replace(in_force(Some(&now), &[]));
            assert_eq!(is_let_in(&[]), need == TokenNeed::Never, "the last one was removed");
            assert_eq!(is_let_in(&[&right]), need == TokenNeed::Never);
        }
    }

    #[tokio::test]
    async fn a_principal_ends_with_its_token() {
        let token = token("ada").token;
        let now = TokensInForce::after(None, vec![token.clone()]);
        let (sender, tokens) = watch::channel(now.clone());
        let access = Admittance::new(tokens, TokenNeed::Always);
        let ended = access.ended(&token.principal());
        tokio::pin!(ended);
        tokio::select! {
            () = &mut ended => panic!("it counts"),
            () = sleep(Duration::from_millis(20)) => {}
        }
        sender.send_replace(TokensInForce::after(Some(&now), Vec::new()));
        ended.await;
    }
}
