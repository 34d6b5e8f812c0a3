//! A JWT: the header that says how it is signed, the signature, and the claims that every token needs.
//!
//! The source of keys is not known here.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{DecodingKey, Validation, dangerous, decode, decode_header};
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use super::claims::{AudienceClaim, TokenClaims};
use super::fault::{MissingClaim, TokenFault};
use super::issuer::key_set::MAX_KEY_ID;
use super::settings::SignatureAlgorithm;

/// The longest token, in bytes.
pub(super) const MAX_ACCESS_TOKEN: usize = 16 * 1024;

/// The types that an access token may say to have; others are tokens for something else.
const TOKEN_TYPES: [&str; 3] = ["JWT", "at+jwt", "application/at+jwt"];

/// The way in which a token says to be signed.
pub(super) struct SignedBy {
    pub(super) key: Option<String>,
    pub(super) algorithm: SignatureAlgorithm,
}

/// True if a text can be a token: it is neither too long nor made of what no token has.
pub(super) fn is_token(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte);
    !text.is_empty() && text.len() <= MAX_ACCESS_TOKEN && text.bytes().all(fits)
}

/// True if a token has the form of a JWT, whatever it says.
pub(super) fn is_jwt(token: &str) -> bool {
    token.split('.').count() == 3 && dangerous::insecure_decode_claims::<IgnoredAny>(token).is_ok()
}

/// The issuer that a token says to be of, which is not proved yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ClaimedIssuer {
    /// It says this one.
    Named(String),
    /// It is no JWT, or says none.
    Unsaid,
    /// It says something that is no single text: several issuers, say.
    Unclear,
}

impl ClaimedIssuer {
    pub(super) fn of(token: &str) -> Self {
        #[derive(Deserialize)]
        struct IssuerClaim {
            #[serde(default, deserialize_with = "text")]
            iss: Option<String>,
        }
        fn text<'de, D: Deserializer<'de>>(value: D) -> Result<Option<String>, D::Error> {
            String::deserialize(value).map(Some)
        }
        match dangerous::insecure_decode_claims::<IssuerClaim>(token) {
            Ok(IssuerClaim { iss: Some(name) }) => Self::Named(name),
            Ok(IssuerClaim { iss: None }) => Self::Unsaid,
            Err(_) if looks_like_jwt(token) => Self::Unclear,
            Err(_) => Self::Unsaid,
        }
    }
}

/// True if `token` begins as a JWT does: with a header of JSON, however that is padded, and whatever follows.
fn looks_like_jwt(token: &str) -> bool {
    let Some((header, _)) = token.split_once('.') else { return false };
    let header = header.trim_end_matches('=').replace('+', "-").replace('/', "_");
    let header = URL_SAFE_NO_PAD.decode(header).unwrap_or_default();
    serde_json::from_slice::<Map<String, Value>>(&header).is_ok()
}

/// The audiences that a JWT names.
pub(super) fn claimed_audiences(token: &str) -> Vec<String> {
    dangerous::insecure_decode_claims(token).map(AudienceClaim::texts).unwrap_or_default()
}

/// Reads the header of a token. The keys that it may bring along, or the places where it says some are, count for nothing.
pub(super) fn signed_by(
    token: &str,
    accepted: &[SignatureAlgorithm],
) -> Result<SignedBy, TokenFault> {
    // One that names no known algorithm, such as `none`, is not read.
    let header = decode_header(token).map_err(|_| TokenFault::Algorithm)?;
    let algorithm = SignatureAlgorithm::of(header.alg).ok_or(TokenFault::Algorithm)?;
    if !accepted.is_empty() && !accepted.contains(&algorithm) {
        return Err(TokenFault::Algorithm);
    }
    if header.crit.is_some() {
        return Err(TokenFault::Algorithm);
    }
    let is_known = |typ: &String| TOKEN_TYPES.iter().any(|known| known.eq_ignore_ascii_case(typ));
    if !header.typ.as_ref().is_none_or(is_known) {
        return Err(TokenFault::Malformed);
    }
    match header.kid {
        Some(key) if key.len() > MAX_KEY_ID => Err(TokenFault::Malformed),
        key => Ok(SignedBy { key, algorithm }),
    }
}

/// Checks a token's signature and its claims, and returns these.
pub(super) fn verify(
    token: &str,
    key: &DecodingKey,
    algorithm: SignatureAlgorithm,
    issuer: &str,
    audiences: &[String],
) -> Result<TokenClaims, TokenFault> {
    let mut validation = Validation::new(algorithm.known());
    validation.set_required_spec_claims(&["iss", "aud"]);
    validation.set_issuer(&[issuer]);
    validation.set_audience(audiences);
    // The crate takes a time that it cannot read for none.
    validation.validate_exp = false;
    let claims = decode::<TokenClaims>(token, key, &validation).map_err(|error| fault(&error))?;
    let claims = claims.claims;
    claims.exp.ok_or(TokenFault::Claim(MissingClaim::Expiry))?;
    claims.check_times()?;
    claims.check_bearer()?;
    Ok(claims)
}

fn fault(error: &jsonwebtoken::errors::Error) -> TokenFault {
    match error.kind() {
        ErrorKind::InvalidSignature => TokenFault::Signature,
        ErrorKind::InvalidAudience => TokenFault::Audience,
        ErrorKind::InvalidIssuer => TokenFault::Issuer,
        ErrorKind::MissingRequiredClaim(name) => TokenFault::Claim(match &**name {
            "iss" => MissingClaim::Issuer,
            "aud" => MissingClaim::Audience,
            _ => MissingClaim::Other,
        }),
        // The header was read before.
        ErrorKind::InvalidClaimFormat(_) | ErrorKind::Json(_) => TokenFault::ClaimForm,
        ErrorKind::InvalidAlgorithm | ErrorKind::UnsupportedAlgorithm => TokenFault::Algorithm,
        _ => TokenFault::Malformed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_is_one_text_or_is_not_clear() {
        use ClaimedIssuer::{Named, Unclear, Unsaid};
        for (claims, expected) in [
            (r#"{"iss":"https://a.example"}"#, Named("https://a.example".into())),
            (r#"{"sub":"ada"}"#, Unsaid),
            ("no JSON", Unclear),
            ("\u{feff}{\"iss\":\"https://a.example\"}", Unclear),
            (r#"{"iss":["https://a.example","https://b.example"]}"#, Unclear),
            (r#"{"iss":"https://a.example","iss":"https://b.example"}"#, Unclear),
            (r#"{"iss":null}"#, Unclear),
            (r#"{"iss":{"a":"https://a.example"}}"#, Unclear),
        ] {
            let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
            let token = format!("{}.{}.{}", part(r#"{"alg":"ES256"}"#), part(claims), part("x"));
            assert_eq!(ClaimedIssuer::of(&token), expected, "{claims}");
        }
        let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
        let (header, claims) = (part(r#"{"alg":"ES256"}"#), part(r#"{"iss":"https://a.example"}"#));
        for odd in [
            format!("{header}.{claims}=.x"),
            format!("{header}=.{claims}.x"),
            format!("{header}.{claims}.x."),
            format!("{header}.{claims}"),
            format!("{header}."),
            format!("{header}.a.b.c.d"),
        ] {
            assert_ne!(ClaimedIssuer::of(&odd), Unsaid, "{odd}");
        }
        for opaque in ["opaque", "ya29.a0AfB_byC", "a.b.c", ".", "e30"] {
            assert_eq!(ClaimedIssuer::of(opaque), Unsaid, "{opaque}");
        }
    }
}
