//! The principal that a request comes from, as its `Authorization` header proves.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, StatusCode};
use tokio::sync::watch;
use tokio::time::sleep;

use crate::mcp::http::run::answer::HttpRefusal;
use crate::oauth::{OauthChecker, TokenFault};
use crate::tokens::{
    AccessToken, AllowedTools, Principal, Proof, TOKEN_PREFIX, Token, now, with_text,
};

/// The longest wait before a token is looked at again: clocks are set.
const MAX_WAIT: Duration = Duration::from_mins(1);

/// The tokens that count, and whether one is needed.
pub(crate) struct Authenticator {
    tokens: watch::Receiver<TokensInForce>,
    /// The choice of the operator.
    need: TokenNeed,
    /// The check of tokens of authorization servers. `None` if there are no such servers.
    oauth: Option<Rc<OauthChecker>>,
}

/// The tokens that count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TokensInForce {
    pub(crate) tokens: Arc<[Token]>,
    /// The places of the tokens, in the order of their ids.
    by_id: Arc<[usize]>,
    /// True if there are or were tokens: when the last one goes, the server does not open to everybody, however often it starts.
    pub(crate) had_any: bool,
}

impl TokensInForce {
    /// The tokens that were read, after those before them. `None` where nothing is kept of tokens.
    pub(crate) fn after(before: Option<&Self>, read: Option<Vec<Token>>) -> Self {
        let had_any = before.is_some_and(|before| before.had_any) || read.is_some();
        let tokens = read.unwrap_or_default();
        let mut by_id: Vec<_> = (0..tokens.len()).collect();
        by_id.sort_by_key(|&at| tokens[at].id());
        Self { tokens: tokens.into(), by_id: by_id.into(), had_any }
    }

    /// The tokens of the principal with this id: one, unless the file has it twice.
    pub(crate) fn of_id(&self, id: &str) -> impl Iterator<Item = &Token> {
        let first = self.by_id.partition_point(|&at| self.tokens[at].id() < id);
        let own = self.by_id[first..].iter().map(|&at| &self.tokens[at]);
        own.take_while(move |token| token.id() == id)
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

/// The rights that a principal has to keep for something to go on that runs for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeptRights {
    /// It is let in. The tools that it may call are looked up as they are used.
    LetIn,
    /// All that it had at the beginning: it is told things by these.
    All,
}

impl KeptRights {
    /// True if enough is left of the principal's rights where it may call `allow` now.
    fn are_in(self, principal: &Principal, allow: Option<&AllowedTools>) -> bool {
        match self {
            Self::LetIn => true,
            Self::All => principal.allow.as_deref() == allow,
        }
    }
}

impl Authenticator {
    pub(crate) fn new(
        tokens: watch::Receiver<TokensInForce>,
        need: TokenNeed,
        oauth: Option<Rc<OauthChecker>>,
    ) -> Self {
        Self { tokens, need, oauth }
    }

    /// The check of tokens of authorization servers. `None` if there are no such servers.
    pub(crate) fn oauth(&self) -> Option<&OauthChecker> {
        self.oauth.as_deref()
    }

    /// True if this principal may see numbers of calls, and calls: exact numbers tell what others ask. It has proved who it
    /// is, or clients are not told apart, and the server is of this machine alone (`is_local`).
    pub(crate) fn may_see_calls(&self, principal: &Principal, is_local: bool) -> bool {
        match principal.proof {
            Proof::Certificate | Proof::Token | Proof::AccessToken(_) => true,
            // Whoever is at this machine is nobody else's stranger, where the server tells no clients apart.
            Proof::Nothing => is_local && self.oauth.is_none() && !self.tokens.borrow().had_any,
        }
    }

    /// The principal that a request comes from: as its token proves, or its connection, if that is of somebody.
    pub(crate) async fn principal(
        &self,
        headers: &HeaderMap,
        connected: Option<&Principal>,
    ) -> Result<Principal, HttpRefusal> {
        let without_token = || connected.cloned().unwrap_or_else(Principal::anybody);
        let in_force = self.tokens.borrow().clone();
        let is_needed = self.need.asks(&in_force);
        if !is_needed && in_force.tokens.is_empty() && self.oauth.is_none() {
            return Ok(without_token());
        }
        let mut given = headers.get_all(AUTHORIZATION).iter();
        match (given.next(), given.next()) {
            (None, _) if !is_needed => Ok(without_token()),
            (None, _) => Err(self.unauthorized(
                None,
                match &self.oauth {
                    None => "this server wants a token in the header `Authorization: Bearer TOKEN`; whoever runs it makes one with `token add NAME`",
                    Some(_) => "this server wants an access token in the header `Authorization: Bearer TOKEN`; `WWW-Authenticate` says where clients learn who gives one",
                },
            )),
            (Some(given), None) => self.principal_with(&in_force, bearer(given)).await,
            (Some(_), Some(_)) => Err(self.unauthorized(
                Some(("invalid_request", "there is more than one token")),
                "the request has more than one `Authorization` header",
            )),
        }
    }

    /// The principal with this token.
    async fn principal_with(
        &self,
        in_force: &TokensInForce,
        text: Option<&str>,
    ) -> Result<Principal, HttpRefusal> {
        let own = text.and_then(|text| with_text(&in_force.tokens, text)).map(Token::principal);
        let other = text.filter(|text| !text.starts_with(TOKEN_PREFIX)).zip(self.oauth());
        match (own, other) {
            (Some(principal), _) => Ok(principal),
            (None, Some((text, oauth))) => {
                oauth.check(text).await.map_err(|fault| self.refuse(oauth, fault))
            }
            (None, None) if text.is_none() => Err(self.unauthorized(
                Some(("invalid_request", "it does not begin with Bearer")),
                "the header is to be `Authorization: Bearer TOKEN`: the word `Bearer`, a space, and the token",
            )),
            (None, None) => Err(self.unauthorized(
                Some(("invalid_token", "it is none of this server's")),
                "the token is none of this server's, or it has expired or was removed; whoever runs it sees with `token list` which there are",
            )),
        }
    }

    fn refuse(&self, oauth: &OauthChecker, fault: TokenFault) -> HttpRefusal {
        let said = fault.to_string();
        match fault {
            TokenFault::Unreachable | TokenFault::Busy => {
                HttpRefusal::busy(format!("the token cannot be checked: {said}"))
            }
            TokenFault::Scope => self.insufficient(oauth, &oauth.first_scopes()),
            TokenFault::Malformed
            | TokenFault::Opaque
            | TokenFault::Algorithm
            | TokenFault::Issuer
            | TokenFault::Key
            | TokenFault::Signature
            | TokenFault::Expired
            | TokenFault::NotYetValid
            | TokenFault::Audience
            | TokenFault::Claim(_)
            | TokenFault::ClaimForm
            | TokenFault::Bound
            | TokenFault::Inactive => self.unauthorized(
                Some(("invalid_token", &said)),
                &format!("the access token does not count here: {said}"),
            ),
        }
    }

    /// Checks that the principal may call tools of this name, as far as other scopes would let it.
    ///
    /// It is decided by the name alone, whether or not there is such a tool: who is refused learns nothing of it.
    pub(crate) fn check_call(&self, principal: &Principal, tool: &str) -> Result<(), HttpRefusal> {
        let Some(oauth) = self.oauth() else { return Ok(()) };
        match oauth.scopes_to_call(principal, tool) {
            Some(scopes) => Err(self.insufficient(oauth, &scopes)),
            None => Ok(()),
        }
    }

    /// Refuses a request for want of scopes.
    fn insufficient(&self, oauth: &OauthChecker, scopes: &str) -> HttpRefusal {
        let metadata = oauth.metadata_url();
        let challenge = format!(
            "Bearer error=\"insufficient_scope\", scope=\"{scopes}\", resource_metadata=\"{metadata}\""
        );
        let said = format!("the access token needs the scopes `{scopes}` for this");
        HttpRefusal::plain(StatusCode::FORBIDDEN, said).with(WWW_AUTHENTICATE, header(&challenge))
    }

    /// Refuses a request for want of a token that counts, with an error and its description where one was sent. `said`
    /// names no path of the server: anybody reads it.
    fn unauthorized(&self, error: Option<(&str, &str)>, said: &str) -> HttpRefusal {
        let mut parts = Vec::new();
        if let Some((error, description)) = error {
            parts.push(format!("error=\"{error}\""));
            if self.oauth.is_some() {
                parts.push(format!("error_description=\"{description}\""));
            }
        }
        if let Some(oauth) = &self.oauth {
            parts.push(format!("resource_metadata=\"{}\"", oauth.metadata_url()));
            let scopes = oauth.first_scopes();
            if !scopes.is_empty() {
                parts.push(format!("scope=\"{scopes}\""));
            }
        }
        let challenge = match parts.is_empty() {
            true => "Bearer".to_owned(),
            false => format!("Bearer {}", parts.join(", ")),
        };
        HttpRefusal::plain(StatusCode::UNAUTHORIZED, said)
            .with(WWW_AUTHENTICATE, header(&challenge))
    }

    /// Resolves when so much of the principal's rights has gone that what runs for it ends.
    pub(crate) async fn ended(&self, principal: &Principal, kept: KeptRights) {
        match &principal.proof {
            // A client that needed no token may need one now.
            Proof::Nothing | Proof::Certificate => {
                let need = self.need;
                let is_stranger = matches!(principal.proof, Proof::Nothing);
                let sees_all = is_stranger && kept == KeptRights::All;
                let has_ended = |now: &TokensInForce| need.asks(now) || (sees_all && now.had_any);
                drop(self.tokens.clone().wait_for(has_ended).await);
            }
            Proof::Token => self.token_ended(principal, kept).await,
            // What asks an authorization server is large, and most streams do not have it.
            Proof::AccessToken(token) => {
                Box::pin(self.access_token_ended(principal, token.clone(), kept)).await;
            }
        }
    }

    async fn token_ended(&self, principal: &Principal, kept: KeptRights) {
        let mut tokens = self.tokens.clone();
        loop {
            let wait = {
                let in_force = tokens.borrow_and_update();
                let mut own = in_force.of_id(&principal.id).filter(|token| !token.has_expired());
                let counts = |token: &&Token| kept.are_in(principal, token.allow.as_ref());
                let Some(token) = own.find(counts) else { return };
                token.left().map_or(MAX_WAIT, |left| left.min(MAX_WAIT))
            };
            tokio::select! {
                changed = tokens.changed() => if changed.is_err() { return },
                () = sleep(wait) => {}
            }
        }
    }

    /// A token may end before its time: it is withdrawn, or the key that it was signed with.
    async fn access_token_ended(
        &self,
        principal: &Principal,
        mut token: AccessToken,
        kept: KeptRights,
    ) {
        let Some(oauth) = &self.oauth else { return };
        loop {
            let left = token.ends.map(|ends| Duration::from_secs(ends.saturating_sub(now())));
            if left.is_some_and(|left| left.is_zero()) {
                return;
            }
            sleep(left.unwrap_or(MAX_WAIT).min(MAX_WAIT)).await;
            let checked = oauth.check(token.text.expose()).await;
            if let Ok(now) = &checked
                && !kept.are_in(principal, now.allow.as_deref())
            {
                return;
            }
            match checked.map(|now| now.proof) {
                Ok(Proof::AccessToken(again)) => token = again,
                // Others are asked about: it is looked at again.
                Err(TokenFault::Busy) => {}
                // As long as nobody can be asked, its own time counts.
                Err(TokenFault::Unreachable) if token.ends.is_some() => {}
                Ok(Proof::Nothing | Proof::Certificate | Proof::Token) | Err(_) => return,
            }
        }
    }
}

/// A challenge as a header: it is made of URLs, scopes and words.
fn header(challenge: &str) -> HeaderValue {
    HeaderValue::try_from(challenge).unwrap_or(HeaderValue::from_static("Bearer"))
}

/// The token in a header's value.
fn bearer(value: &HeaderValue) -> Option<&str> {
    let (scheme, token) = value.to_str().ok()?.trim().split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

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
                TokensInForce::after(before, Some(tokens.to_vec()))
            };
            let (sender, tokens) = watch::channel(TokensInForce::after(None, None));
            let access = Authenticator::new(tokens, need, None);
            let is_let_in = |values: &[&str]| {
                let headers = headers(values);
                // Nobody has to be asked about these tokens.
                let mut context = Context::from_waker(Waker::noop());
                match pin!(access.principal(&headers, None)).poll(&mut context) {
                    Poll::Ready(principal) => principal.is_ok(),
                    Poll::Pending => panic!("it waits"),
                }
            };
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
            // A server that starts later finds the file without a token.
            sender.send_replace(in_force(None, &[]));
            assert_eq!(is_let_in(&[]), need == TokenNeed::Never, "{need:?}");
        }
    }

    #[tokio::test]
    async fn a_principal_ends_with_its_token() {
        let token = token("ada").token;
        let now = TokensInForce::after(None, Some(vec![token.clone()]));
        let (sender, tokens) = watch::channel(now.clone());
        let access = Authenticator::new(tokens, TokenNeed::Always, None);
        let principal = token.principal();
        let ended = access.ended(&principal, KeptRights::LetIn);
        tokio::pin!(ended);
        tokio::select! {
            () = &mut ended => panic!("it counts"),
            () = sleep(Duration::from_millis(20)) => {}
        }
        sender.send_replace(TokensInForce::after(Some(&now), None));
        ended.await;
    }
}
