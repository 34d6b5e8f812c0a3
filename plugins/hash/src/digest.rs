//! Checksums: which there are, what they come to, and whether one is the one that was expected.

use crate::encoding::Encoding;
use sha2::Digest as _;

#[derive(
    Clone, Copy, Debug, Default, serde::Deserialize, serde::Serialize, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Algorithm {
    Sha224,
    #[default]
    Sha256,
    Sha384,
    Sha512,
    Blake3,
}

/// How a checksum is written: its bytes are hardly ever text.
#[derive(
    Clone, Copy, Debug, Default, serde::Deserialize, serde::Serialize, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Form {
    #[default]
    Hex,
    Base64,
    Base64Url,
}

/// A checksum and what it is of.
#[derive(Debug, serde::Serialize, schemars::JsonSchema)]
pub struct Checksum {
    pub algorithm: Algorithm,
    /// The checksum, in hex or base64 as asked for.
    pub digest: String,
    /// How many bytes it was computed from.
    pub bytes: usize,
    /// Whether the checksum is the expected one, where one was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub matches: Option<bool>,
}

impl Algorithm {
    pub fn digest(self, bytes: &[u8]) -> Vec<u8> {
        match self {
            Algorithm::Sha224 => sha2::Sha224::digest(bytes).to_vec(),
            Algorithm::Sha256 => sha2::Sha256::digest(bytes).to_vec(),
            Algorithm::Sha384 => sha2::Sha384::digest(bytes).to_vec(),
            Algorithm::Sha512 => sha2::Sha512::digest(bytes).to_vec(),
            Algorithm::Blake3 => blake3::hash(bytes).as_bytes().to_vec(),
        }
    }
}

/// The checksum of `bytes`, written in `form`, and compared with `expected` if there is one.
pub fn checksum(
    bytes: &[u8],
    algorithm: Algorithm,
    form: Form,
    expected: Option<&str>,
) -> Result<Checksum, String> {
    let raw = algorithm.digest(bytes);
    let encoding = match form {
        Form::Hex => Encoding::Hex,
        Form::Base64 => Encoding::Base64,
        Form::Base64Url => Encoding::Base64Url,
    };
    let digest = encoding.encode(&raw)?;
    let matches = expected.map(|text| compare(&raw, text.trim())).transpose()?;
    Ok(Checksum { algorithm, digest, bytes: bytes.len(), matches })
}

/// Compares with a checksum in hex or base64: its length tells which.
fn compare(raw: &[u8], expected: &str) -> Result<bool, String> {
    let hex = Encoding::Hex.encoded_length(raw.len());
    let encoding = if expected.len() == hex { Encoding::Hex } else { Encoding::Base64 };
    match encoding.decode(expected) {
        Ok(bytes) if bytes.len() == raw.len() => Ok(bytes == raw),
        _ => Err(format!(
            "`expected` has {} characters; this algorithm's checksum has {hex} in hex or {} in \
             base64, so it is of another algorithm, or damaged",
            expected.chars().count(),
            Encoding::Base64.encoded_length(raw.len()),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_are_those_of_the_standards() {
        let check = |algorithm: Algorithm, data: &str, expected: &str| {
            let found = checksum(data.as_bytes(), algorithm, Form::Hex, None).unwrap();
            assert_eq!(found.digest, expected, "{algorithm:?} of {data:?}");
        };
        check(Algorithm::Sha224, "abc", "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7");
        check(
            Algorithm::Sha256,
            "abc",
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        );
        check(
            Algorithm::Sha384,
            "abc",
            "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed\
             8086072ba1e7cc2358baeca134c825a7",
        );
        check(
            Algorithm::Sha512,
            "abc",
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a\
             2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
        );
        check(
            Algorithm::Blake3,
            "",
            "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262",
        );
    }

    #[test]
    fn an_expected_checksum_is_compared() {
        let check = |expected: &str, matches: Result<bool, &str>| {
            let found = checksum(b"abc", Algorithm::Sha256, Form::Hex, Some(expected));
            match (found, matches) {
                (Ok(found), matches) => assert_eq!(Ok(found.matches.unwrap()), matches),
                (Err(error), Err(part)) => assert!(error.contains(part), "{error}"),
                (Err(error), Ok(_)) => panic!("{error}"),
            }
        };
        let right = "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD";
        check(right, Ok(true));
        check(&format!("{right}\n"), Ok(true));
        check(&right.replace('7', "8"), Ok(false));
        check("ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=", Ok(true));
        check("a9993e364706816aba3e25717850c26c9cd0d89d", Err("has 40 characters"));
        check("", Err("has 0 characters"));
        check(&right.replace('7', "x"), Err("damaged"));
    }
}
