//! Any text as a token, as keys and as an answer about a token: what counts was signed by the issuer, to the last byte.

use serde_json::json;

use super::super::claims::TokenClaims;
use super::super::fault::TokenFault;
use super::super::introspection::read;
use super::super::issuer::key_set::{KeySet, MAX_KEYS};
use super::super::jwt;
use super::super::ring_verifier;
use super::signing_key::SigningKey;
use crate::fuzz::Seen;

const FUZZ_ISSUER: &str = "https://login.example";
const FUZZ_AUDIENCE: &str = "https://tools.example/mcp";
/// A time that is far off.
const FAR: u64 = 4_000_000_000;

fn key() -> SigningKey {
    SigningKey::fixed("fixed")
}

/// Tokens that count, and the keys and an answer by which they do.
pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let claims = |scope: &str| {
        json!({
            "iss": FUZZ_ISSUER, "sub": "ada", "aud": [FUZZ_AUDIENCE], "exp": FAR, "nbf": 1, "scope": scope,
        })
    };
    let mut answer = claims("tools:read");
    answer["active"] = json!(true);
    let tokens = ["tools:read", ""].map(|scope| key().token(&claims(scope)));
    let keys = json!({ "keys": [key().jwk(), { "kty": "oct", "k": "AAAA" }] });
    tokens
        .into_iter()
        .chain([keys.to_string(), answer.to_string()])
        .map(String::into_bytes)
        .collect()
}

/// Tries `bytes` as each of the three.
pub fn access_token(bytes: &[u8]) -> Seen {
    ring_verifier::install();
    let text = String::from_utf8_lossy(bytes);
    let keys = KeySet::parse(bytes);
    if let Ok(keys) = &keys {
        assert!(keys.len() <= MAX_KEYS);
    }
    let answer = read(bytes, FUZZ_ISSUER, &[FUZZ_AUDIENCE.to_owned()]);
    if let Ok(claims) = &answer {
        is_for_this_server(claims);
    }
    match token(&text) {
        Ok(claims) => {
            is_for_this_server(&claims);
            assert_eq!(claims.iss.as_deref(), Some(FUZZ_ISSUER));
            let is_signed =
                |seed: &Vec<u8>| signed_part(&String::from_utf8_lossy(seed)) == signed_part(&text);
            assert!(seeds().iter().any(is_signed), "nobody signed {text}");
            Seen::Accepted
        }
        Err(_) if keys.is_ok() || answer.is_ok() => Seen::Accepted,
        Err(_) => Seen::Refused,
    }
}

fn token(text: &str) -> Result<TokenClaims, TokenFault> {
    if !jwt::is_token(text)
        || jwt::ClaimedIssuer::of(text) != jwt::ClaimedIssuer::Named(FUZZ_ISSUER.into())
    {
        return Err(TokenFault::Malformed);
    }
    let signed = jwt::signed_by(text, &[])?;
    let own = json!({ "keys": [key().jwk()] }).to_string();
    let keys = KeySet::parse(own.as_bytes()).expect("a key");
    let key = keys.find(signed.key.as_deref(), signed.algorithm).ok_or(TokenFault::Key)?;
    jwt::verify(text, key, signed.algorithm, FUZZ_ISSUER, &[FUZZ_AUDIENCE.to_owned()])
}

fn signed_part(token: &str) -> &str {
    token.rsplit_once('.').map_or(token, |(signed, _)| signed)
}

fn is_for_this_server(claims: &TokenClaims) {
    assert!(claims.aud.iter().any(|audience| audience == FUZZ_AUDIENCE));
    if let Ok(subject) = claims.subject(FUZZ_ISSUER) {
        assert_eq!(subject.len(), 24);
    }
}
