//! The keys of an authorization server, as its JWK Set says, and the choice of the one that a token was signed with.

use jsonwebtoken::jwk::{
    AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, KeyOperations, PublicKeyUse,
};
use jsonwebtoken::{Algorithm, AlgorithmFamily, DecodingKey};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::super::settings::SignatureAlgorithm;
use crate::text::{clip, escape};

/// The most keys of one authorization server.
pub(in crate::oauth) const MAX_KEYS: usize = 64;
/// The most of an error of JSON that is shown, in bytes.
const MAX_SHOWN_ERROR: usize = 200;
/// The longest name of a key, in bytes.
pub(in crate::oauth) const MAX_KEY_ID: usize = 512;

/// The keys that can check signatures.
pub(in crate::oauth) struct KeySet(Vec<VerificationKey>);

struct VerificationKey {
    id: Option<String>,
    /// The algorithms that it is for.
    algorithms: Vec<Algorithm>,
    key: DecodingKey,
}

/// The reason why a text is no set of keys.
#[derive(Debug, thiserror::Error)]
pub(in crate::oauth) enum KeySetError {
    #[error("it is no JWK Set: {0}")]
    Form(String),
    #[error("it has {0} keys; at most {MAX_KEYS} are taken")]
    TooMany(usize),
}

/// An error of JSON as it is shown: it may quote what it was given.
pub(in crate::oauth) fn shown(error: &serde_json::Error) -> String {
    escape(clip(&error.to_string(), MAX_SHOWN_ERROR))
}

impl KeySet {
    /// Reads a JWK Set. Keys that are of no use here are left out. A set without any is one, too: its issuer has withdrawn
    /// its keys.
    pub(in crate::oauth) fn parse(text: &[u8]) -> Result<Self, KeySetError> {
        #[derive(Deserialize)]
        struct JwkSetForm {
            keys: Vec<Box<RawValue>>,
        }
        let form: JwkSetForm =
            serde_json::from_slice(text).map_err(|error| KeySetError::Form(shown(&error)))?;
        if form.keys.len() > MAX_KEYS {
            return Err(KeySetError::TooMany(form.keys.len()));
        }
        Ok(Self(form.keys.iter().filter_map(|raw| VerificationKey::read(raw)).collect()))
    }

    /// The number of keys.
    pub(in crate::oauth) fn len(&self) -> usize {
        self.0.len()
    }

    /// The key of this name for an algorithm. A token that names none has one where only one key fits.
    pub(in crate::oauth) fn find(
        &self,
        id: Option<&str>,
        algorithm: SignatureAlgorithm,
    ) -> Option<&DecodingKey> {
        let is_meant = |key: &&VerificationKey| {
            key.algorithms.contains(&algorithm.known())
                && id.is_none_or(|id| key.id.as_deref() == Some(id))
        };
        let mut fitting = self.0.iter().filter(is_meant);
        let found = fitting.next()?;
        // Of two that fit, neither is taken: which would be a guess.
        fitting.next().is_none().then_some(&found.key)
    }
}

impl VerificationKey {
    /// `None` where the key is not for checking signatures, or of no known kind.
    fn read(raw: &RawValue) -> Option<Self> {
        let jwk: Jwk = serde_json::from_str(raw.get()).ok()?;
        let common = &jwk.common;
        let is_for_signatures =
            common.public_key_use.as_ref().is_none_or(|to| *to == PublicKeyUse::Signature);
        let operations = common.key_operations.as_ref();
        let can_verify =
            operations.is_none_or(|operations| operations.contains(&KeyOperations::Verify));
        if !is_for_signatures || !can_verify {
            return None;
        }
        let mut algorithms: Vec<Algorithm> = match &jwk.algorithm {
            AlgorithmParameters::RSA(_) => AlgorithmFamily::Rsa.algorithms().to_vec(),
            AlgorithmParameters::EllipticCurve(curve) => match curve.curve {
                EllipticCurve::P256 => vec![Algorithm::ES256],
                EllipticCurve::P384 => vec![Algorithm::ES384],
                _ => return None,
            },
            AlgorithmParameters::OctetKeyPair(pair) => match pair.curve {
                EllipticCurve::Ed25519 => vec![Algorithm::EdDSA],
                _ => return None,
            },
            // A secret that both sides share proves nothing to others.
            _ => return None,
        };
        if let Some(only) = common.key_algorithm {
            algorithms.retain(|algorithm| KeyAlgorithm::from(*algorithm) == only);
        }
        let id = common.key_id.clone();
        if algorithms.is_empty() || id.as_ref().is_some_and(|id| id.len() > MAX_KEY_ID) {
            return None;
        }
        Some(Self { id, algorithms, key: DecodingKey::from_jwk(&jwk).ok()? })
    }
}
