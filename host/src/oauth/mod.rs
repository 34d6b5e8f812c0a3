//! Access tokens of authorization servers: who has one, and which tools it allows. This server is a protected resource
//! of theirs (RFC 9728), and never an authorization server itself; no token is passed on.
//!
//! A JWT is checked by the keys of its issuer, any other token by asking (RFC 7662). How a request brings its token
//! is not known here.

mod url;
mod fault;
mod scopes;
mod settings;
mod metadata;
mod ring_verifier;
mod issuer;
mod claims;
mod jwt;
mod introspection;
mod token_cache;
mod checker;

#[cfg(any(test, fuzzing))]
pub(crate) mod trial;

pub(crate) use checker::OauthChecker;
pub(crate) use fault::TokenFault;
pub use scopes::{ScopeName, ScopeRules};
pub use settings::{ClientSecret, IssuerSettings, OauthSettings, SignatureAlgorithm, TokenCheck};
pub use url::ServiceUrl;
