//! The reasons why a token does not count.

use crate::text::{clip, escape};

/// The most of a name that is logged, in bytes: a token may hold anything.
const MAX_LOGGED_NAME: usize = 200;
/// The most names of one token that are logged.
const MAX_LOGGED_NAMES: usize = 4;

/// The reason why a token does not count, or is not known to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub(crate) enum TokenFault {
    /// It is no token at all.
    #[error("it is malformed")]
    Malformed,
    /// It is no JWT, and nobody is asked about such tokens.
    #[error("it is no JWT")]
    Opaque,
    /// Its header has something that is not accepted.
    #[error("it is signed in a way that is not accepted here")]
    Algorithm,
    /// It is of no known issuer.
    #[error("it is from an authorization server that is not known here")]
    Issuer,
    /// It is signed with a key that its issuer does not publish.
    #[error("it is signed with a key that its authorization server does not publish")]
    Key,
    /// Its signature is wrong.
    #[error("its signature is wrong")]
    Signature,
    /// It is too old.
    #[error("it has expired")]
    Expired,
    /// It does not count yet.
    #[error("it does not count yet")]
    NotYetValid,
    /// It is for somebody else.
    #[error("it is for another audience")]
    Audience,
    /// It lacks what every token has.
    #[error("it lacks {0}")]
    Claim(MissingClaim),
    /// It has something else in the place of a time or a text.
    #[error("a claim in it has a form that is not accepted here")]
    ClaimForm,
    /// It counts only together with a key that its client has.
    #[error("it is bound to a key of its client, which is not supported here")]
    Bound,
    /// Its issuer says that it does not count.
    #[error("its authorization server says that it does not count")]
    Inactive,
    /// It has no scope that stands for tools.
    #[error("it has none of the scopes of this server")]
    Scope,
    /// It cannot be asked about now, since too many others are.
    #[error("too many tokens are asked about at once")]
    Busy,
    /// Its issuer cannot be asked, or what it answers says nothing.
    #[error("its authorization server gives no answer that can be used")]
    Unreachable,
}

/// A claim that a token needs, and lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub(crate) enum MissingClaim {
    /// It does not say whom it stands for.
    #[error("`sub`, which says whom it stands for, and has no `client_id` or `azp` in its place")]
    Subject,
    /// It does not say when it ends.
    #[error("`exp`, which says when it ends")]
    Expiry,
    /// It does not say who gave it.
    #[error("`iss`, which says who gave it")]
    Issuer,
    /// It does not say for whom it is.
    #[error("`aud`, which says for whom it is")]
    Audience,
    /// Another one.
    #[error("a claim that is needed")]
    Other,
}

/// A token that is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RefusedToken {
    pub(super) fault: TokenFault,
    /// The advice for whoever runs the server; empty if there is none. Clients are not told it.
    pub(super) advice: String,
}

impl From<TokenFault> for RefusedToken {
    fn from(fault: TokenFault) -> Self {
        let advice = match fault {
            TokenFault::Opaque => {
                "; if its authorization server gives such tokens, name the URL to ask as `introspection` in [[auth.issuers]]"
            }
            _ => "",
        };
        Self { fault, advice: advice.into() }
    }
}

impl RefusedToken {
    /// A token of the issuer `named`, where these are known.
    pub(super) fn of_issuer<'a>(named: &str, known: impl Iterator<Item = &'a str>) -> Self {
        let (named, known) = (quoted([named].into_iter()), quoted(known));
        let advice = format!("; its `iss` is {named}, and `issuer` in [[auth.issuers]] is {known}");
        Self { fault: TokenFault::Issuer, advice }
    }

    /// A token for the audiences `named`, where these count.
    pub(super) fn for_audience(named: &[String], known: &[String]) -> Self {
        let [named, known] = [named, known].map(|names| quoted(names.iter().map(String::as_str)));
        let advice = format!(
            "; its `aud` is {named}, and {known} counts; `audience` of its issuer says which do"
        );
        Self { fault: TokenFault::Audience, advice }
    }
}

/// Names as the log shows them.
fn quoted<'a>(mut names: impl Iterator<Item = &'a str>) -> String {
    let quote = |name| format!("`{}`", escape(clip(name, MAX_LOGGED_NAME)));
    let shown: Vec<_> = names.by_ref().take(MAX_LOGGED_NAMES).map(quote).collect();
    match (shown.is_empty(), names.next()) {
        (true, _) => "missing".into(),
        (false, None) => shown.join(", "),
        (false, Some(_)) => format!("{} and others", shown.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_is_told_what_a_refused_token_names_and_what_is_known() {
        let known = ["https://a.example", "https://b.example"];
        let of = |named: &str| RefusedToken::of_issuer(named, known.into_iter()).advice;
        assert_eq!(
            of("https://sts.example/\n1"),
            "; its `iss` is `https://sts.example/\\n1`, and `issuer` in [[auth.issuers]] is `https://a.example`, `https://b.example`"
        );
        assert!(of(&"x".repeat(16_000)).len() < 400);
        let of = |named: &[&str]| {
            let named: Vec<_> = named.iter().map(|&name| name.to_owned()).collect();
            RefusedToken::for_audience(&named, &["https://tools.example".into()]).advice
        };
        let counts = "`https://tools.example` counts; `audience` of its issuer says which do";
        assert_eq!(of(&["account"]), format!("; its `aud` is `account`, and {counts}"));
        assert_eq!(of(&[]), format!("; its `aud` is missing, and {counts}"));
        let many = of(&["a", "b", "c", "d", "e"]);
        assert_eq!(many, format!("; its `aud` is `a`, `b`, `c`, `d` and others, and {counts}"));
    }
}
