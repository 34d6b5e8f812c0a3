//! The reasons why a token does not count.

/// The reason why a token does not count, or is not known to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub(crate) enum TokenFault {
    /// It is no token at all.
    #[error("it is malformed")]
    Malformed,
    /// Its header has something that is not accepted.
    #[error("it is signed in a way that is not accepted here")]
    Algorithm,
    /// It is none of a known issuer.
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
    #[error("it lacks a claim that is needed")]
    Claim,
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
    /// Its issuer cannot be asked.
    #[error("its authorization server does not answer")]
    Unreachable,
}
