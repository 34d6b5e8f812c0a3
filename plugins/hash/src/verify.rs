//! The checksum of a source, compared with what was published. Where that names no algorithm, each that is as long counts.

use toolrack_sdk::ToolError;

use crate::compare::{self, Checksum, Digest, Form};
use crate::digest::{ALL, Algorithm};
use crate::published::{Entry, Published};
use crate::source::Source;

/// The checksum of a source, and whether those that are expected of it are right.
pub fn verify(
    source: &Source,
    asked: Option<Algorithm>,
    form: Form,
    expected: Published,
) -> Result<Checksum, ToolError> {
    let found = of_entries(source, asked, form, expected.entries)?;
    let note = |size: String| {
        format!(
            "`expected` tells a size that was not compared with these {} bytes: `{size}`",
            found.bytes
        )
    };
    let note = expected.unread_size.filter(|_| found.matches == Some(true)).map(note);
    Ok(Checksum { note, ..found })
}

fn of_entries(
    source: &Source,
    asked: Option<Algorithm>,
    form: Form,
    mut expected: Vec<Entry>,
) -> Result<Checksum, ToolError> {
    let mut digests = Vec::new();
    for algorithm in compare::algorithms(asked, &expected)? {
        digests.push(digest(source, algorithm)?);
    }
    let found = compare::checksum(asked, &digests, form, &expected)?;
    if found.matches != Some(false) || asked.is_some() {
        return Ok(found);
    }
    for algorithm in unnamed(&expected, &digests) {
        digests.push(digest(source, algorithm)?);
    }
    let mut is_named = false;
    for entry in expected.iter_mut().filter(|entry| entry.algorithm.is_none()) {
        let same = digests.iter().find(|digest| digest.digest == entry.bytes);
        entry.algorithm = same.map(|digest| digest.algorithm);
        is_named |= same.is_some();
    }
    if !is_named {
        return Ok(found);
    }
    let algorithms = compare::algorithms(asked, &expected)?;
    digests.retain(|digest| algorithms.contains(&digest.algorithm));
    digests.sort_by_key(|digest| algorithms.iter().position(|known| *known == digest.algorithm));
    Ok(compare::checksum(asked, &digests, form, &expected)?)
}

fn digest(source: &Source, algorithm: Algorithm) -> Result<Digest, ToolError> {
    let (digest, bytes) = source.digest(algorithm)?;
    Ok(Digest { algorithm, digest, bytes })
}

/// The algorithms that checksums published without one may be of, beside those that were computed.
fn unnamed(expected: &[Entry], digests: &[Digest]) -> Vec<Algorithm> {
    let is_open = |algorithm: &Algorithm| {
        let is_long = |entry: &Entry| entry.bytes.len() == algorithm.length();
        expected.iter().any(|entry| entry.algorithm.is_none() && is_long(entry))
            && !digests.iter().any(|digest| digest.algorithm == *algorithm)
    };
    ALL.into_iter().filter(is_open).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoding::Encoding;
    use crate::published::{self, Wanted};

    #[test]
    fn a_checksum_without_its_algorithm_is_of_any_that_is_as_long() {
        let source = Source::of(Some("abc".to_string()), None, Encoding::Text).unwrap();
        let hex = |algorithm: Algorithm| {
            Encoding::Hex.encode(&algorithm.digest(&b"abc"[..]).unwrap().0).unwrap()
        };
        let check = |published: &str, asked, expected: (&str, bool)| {
            let expected_sums = published::read(published, Wanted::Any).unwrap();
            let found = verify(&source, asked, Form::Hex, expected_sums).unwrap();
            assert_eq!(
                (found.algorithm, found.matches),
                (expected.0, Some(expected.1)),
                "{published}"
            );
        };
        use Algorithm::{Blake2b, Blake3, Md5, Sha256, Sha512};
        for algorithm in ALL {
            check(&hex(algorithm), None, (algorithm.name(), true));
        }
        check(&hex(Blake2b).replace('a', "b"), None, ("sha512", false));
        check(&hex(Blake2b), Some(Sha512), ("sha512", false));
        check(&format!("sha512: {}", hex(Blake2b)), None, ("sha512", false));
        check(&format!("{}\n{}\n", hex(Md5), hex(Blake3)), None, ("blake3", true));
        let wrong = hex(Md5).replace('9', "8");
        check(&format!("{wrong}\n{}\n", hex(Blake3)), None, ("md5", false));
        check(&format!("{}  a\n{}  a\n", hex(Sha256), hex(Blake2b)), None, ("blake2b", true));
    }
}
