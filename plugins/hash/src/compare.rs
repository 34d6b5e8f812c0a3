//! A checksum beside the one that was published: which algorithm both have, and whether they are the same.

use crate::digest::Algorithm;
use crate::encoding::Encoding;
use crate::published::Entry;

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

#[derive(Debug, serde::Serialize, schemars::JsonSchema)]
pub struct Checksum {
    pub algorithm: &'static str,
    pub digest: String,
    pub bytes: u64,
    /// Whether it is the expected one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub matches: Option<bool>,
    /// The file that `expected` is of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// The algorithm to use: that asked for, that of the expected checksum, or SHA-256.
pub fn algorithm(asked: Option<Algorithm>, expected: &[Entry]) -> Result<Algorithm, String> {
    let Some(first) = expected.first() else { return Ok(asked.unwrap_or(Algorithm::Sha256)) };
    let usual = Algorithm::usual(first.bytes.len());
    let published = first.algorithm.or(asked).or(usual).unwrap_or(Algorithm::Sha256);
    if let Some(asked) = asked.filter(|asked| *asked != published) {
        return Err(format!(
            "`expected` is a checksum of {}, `algorithm` asks for {}; leave `algorithm` out",
            published.name(),
            asked.name()
        ));
    }
    if let Some(odd) = expected.iter().find(|entry| entry.bytes.len() != published.length()) {
        let hint = usual.map(|usual| format!("; it is as long as one of {}", usual.name()));
        return Err(format!(
            "`expected` has {} bytes, a checksum of {} has {}: it is damaged or of another algorithm{}",
            odd.bytes.len(),
            published.name(),
            published.length(),
            hint.unwrap_or_default()
        ));
    }
    Ok(published)
}

/// The answer for these bytes of a checksum.
pub fn checksum(
    algorithm: Algorithm,
    (digest, bytes): (Vec<u8>, u64),
    form: Form,
    expected: &[Entry],
) -> Result<Checksum, String> {
    let encoding = match form {
        Form::Hex => Encoding::Hex,
        Form::Base64 => Encoding::Base64,
        Form::Base64Url => Encoding::Base64Url,
    };
    let same = expected.iter().any(|entry| entry.bytes == digest);
    Ok(Checksum {
        algorithm: algorithm.name(),
        digest: encoding.encode(&digest)?,
        bytes,
        matches: (!expected.is_empty()).then_some(same),
        name: expected.first().and_then(|entry| entry.name.clone()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::published;

    fn of(
        data: &str,
        asked: Option<Algorithm>,
        expected: &str,
    ) -> Result<(Algorithm, bool), String> {
        let expected = published::read(expected, published::Wanted::Any)?;
        let algorithm = algorithm(asked, &expected)?;
        let digest = algorithm.digest(data.as_bytes()).unwrap();
        let found = checksum(algorithm, digest, Form::Hex, &expected)?;
        Ok((algorithm, found.matches.unwrap()))
    }

    #[test]
    fn an_expected_checksum_is_compared_with_its_algorithm() {
        let check = |expected: &str, asked, right: Result<(Algorithm, bool), &str>| match (
            of("abc", asked, expected),
            right,
        ) {
            (Ok(found), right) => assert_eq!(Ok(found), right, "{expected}"),
            (Err(error), Err(part)) => assert!(error.contains(part), "{error}"),
            (Err(error), Ok(_)) => panic!("{error}"),
        };
        use Algorithm::{Blake3, Md5, Sha1, Sha256, Sha512};
        let right = "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD";
        check(right, None, Ok((Sha256, true)));
        check(&right.replace('7', "8"), None, Ok((Sha256, false)));
        check("ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=", None, Ok((Sha256, true)));
        check("a9993e364706816aba3e25717850c26c9cd0d89d", None, Ok((Sha1, true)));
        check("md5:900150983cd24fb0d6963f7d28e17f72", None, Ok((Md5, true)));
        check(right, Some(Blake3), Ok((Blake3, false)));
        check(
            "blake3:6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85",
            None,
            Ok((Blake3, true)),
        );
        check(
            "a9993e364706816aba3e25717850c26c9cd0d89d",
            Some(Sha256),
            Err("it is as long as one of sha1"),
        );
        check(&format!("sha256:{right}"), Some(Sha512), Err("leave `algorithm` out"));
        check(&format!("sha512:{right}"), None, Err("has 32 bytes, a checksum of sha512 has 64"));
    }
}
