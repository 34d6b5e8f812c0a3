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
    /// The things that were not looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// The algorithms to use: those of the expected checksums, the strongest first, or that asked for, or SHA-256.
pub fn algorithms(asked: Option<Algorithm>, expected: &[Entry]) -> Result<Vec<Algorithm>, String> {
    let Some(first) = expected.first() else {
        return Ok(vec![asked.unwrap_or(Algorithm::Sha256)]);
    };
    let mut found = Vec::new();
    for entry in expected {
        let algorithm = of(entry, asked);
        if entry.bytes.len() != algorithm.length() {
            return Err(damaged(entry, algorithm));
        }
        found.push(algorithm);
    }
    match (asked, first.algorithm) {
        (Some(asked), _) if found.contains(&asked) => {}
        (Some(asked), None) => return Err(damaged(first, asked)),
        (Some(asked), Some(published)) => {
            return Err(format!(
                "`expected` is a checksum of {}, `algorithm` asks for {}; leave `algorithm` out",
                published.name(),
                asked.name()
            ));
        }
        (None, _) => {}
    }
    found.sort_by_key(|algorithm| std::cmp::Reverse((Some(*algorithm) == asked, *algorithm)));
    found.dedup();
    Ok(found)
}

/// The algorithm of an expected checksum: as it was published, or else that asked for or usual for its length.
fn of(entry: &Entry, asked: Option<Algorithm>) -> Algorithm {
    let length = entry.bytes.len();
    let asked = asked.filter(|asked| asked.length() == length);
    let published = entry.algorithm.or(asked).or(Algorithm::usual(length));
    published.unwrap_or(Algorithm::Sha256)
}

fn damaged(entry: &Entry, algorithm: Algorithm) -> String {
    let usual = Algorithm::usual(entry.bytes.len());
    let hint = usual.map(|usual| format!("; it is as long as one of {}", usual.name()));
    format!(
        "`expected` has {} bytes, a checksum of {} has {}: it is damaged or of another algorithm{}",
        entry.bytes.len(),
        algorithm.name(),
        algorithm.length(),
        hint.unwrap_or_default()
    )
}

/// Returns the checksum of the data, and the number of bytes.
pub struct Digest {
    pub algorithm: Algorithm,
    pub digest: Vec<u8>,
    pub bytes: u64,
}

/// The answer for these checksums of the same data, which have to be right all: the first, or one that is not.
pub fn checksum(
    asked: Option<Algorithm>,
    digests: &[Digest],
    form: Form,
    expected: &[Entry],
) -> Result<Checksum, String> {
    let encoding = match form {
        Form::Hex => Encoding::Hex,
        Form::Base64 => Encoding::Base64,
        Form::Base64Url => Encoding::Base64Url,
    };
    let is_right = |found: &&Digest| {
        let mut same = expected.iter().filter(|entry| of(entry, asked) == found.algorithm);
        same.any(|entry| entry.bytes == found.digest)
    };
    let wrong = digests.iter().find(|found| !is_right(found));
    let bytes = digests.first().map(|found| found.bytes);
    let sized = expected.iter().find(|entry| entry.size.is_some() && entry.size != bytes);
    if let (None, Some(Entry { size: Some(size), .. }), Some(bytes)) = (wrong, sized, bytes) {
        return Err(format!(
            "`expected` lists {size} bytes, and a checksum that is right for these {bytes}: one of both is wrong there"
        ));
    }
    let shown = wrong.or(digests.first()).ok_or("there is no algorithm to compute")?;
    Ok(Checksum {
        algorithm: shown.algorithm.name(),
        digest: encoding.encode(&shown.digest)?,
        bytes: shown.bytes,
        matches: (!expected.is_empty()).then_some(wrong.is_none()),
        name: expected.first().and_then(|entry| entry.name.clone()),
        note: None,
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
        let expected = published::read(expected, published::Wanted::Any)?.entries;
        let digests = algorithms(asked, &expected)?.into_iter().map(|algorithm| {
            let (digest, bytes) = algorithm.digest(data.as_bytes()).unwrap();
            Digest { algorithm, digest, bytes }
        });
        let digests: Vec<_> = digests.collect();
        let found = checksum(asked, &digests, Form::Hex, &expected)?;
        let algorithm = digests.iter().find(|digest| digest.algorithm.name() == found.algorithm);
        Ok((algorithm.unwrap().algorithm, found.matches.unwrap()))
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
        let (md5, wrong) = ("900150983cd24fb0d6963f7d28e17f72", right.replace('7', "8"));
        check(&format!("MD5 (a) = {md5}\nSHA256 (a) = {right}\n"), None, Ok((Sha256, true)));
        check(&format!("MD5 (a) = {md5}\nSHA256 (a) = {right}\n"), Some(Md5), Ok((Md5, true)));
        check(&format!("MD5 (a) = {md5}\nSHA256 (a) = {wrong}\n"), None, Ok((Sha256, false)));
        let other = md5.replace('9', "8");
        check(&format!("MD5 (a) = {other}\nSHA256 (a) = {right}\n"), None, Ok((Md5, false)));
        check(&format!("{other}\n{right}\n"), Some(Sha256), Ok((Md5, false)));
        check(&format!("{wrong}\n{right}\n"), None, Err("has different checksums"));
        check(&format!("Files:\n {md5} 3 a\n"), None, Ok((Md5, true)));
        check(
            &format!("Files:\n {md5} 4 a\n"),
            None,
            Err("lists 4 bytes, and a checksum that is right for these 3"),
        );
        check(&format!("Files:\n {other} 4 a\n"), None, Ok((Md5, false)));
        check(&format!("Filename: a\nSize: 4\nSHA256: {right}\n"), None, Err("lists 4 bytes"));
        check(&format!("DIST a 4 MD5 {md5} SHA256 {right}\n"), None, Err("lists 4 bytes"));
        check(&format!("sha256:{right}"), Some(Sha512), Err("leave `algorithm` out"));
        check(&format!("sha512:{right}"), None, Err("has 32 bytes, a checksum of sha512 has 64"));
    }
}
