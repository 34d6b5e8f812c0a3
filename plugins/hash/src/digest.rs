//! Checksums: which there are, and what they come to. How they are published is not known here.

use std::io::Read;

use sha2::Digest;

#[derive(
    Clone,
    Copy,
    Debug,
    Eq,
    Ord,
    PartialEq,
    PartialOrd,
    serde::Deserialize,
    serde::Serialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Algorithm {
    Md5,
    Sha1,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
    Blake2b,
    Blake3,
}

use Algorithm::{Blake2b, Blake3, Md5, Sha1, Sha224, Sha256, Sha384, Sha512};

/// All of them, those that are usual at their length before others of the same.
pub const ALL: [Algorithm; 8] = [Md5, Sha1, Sha224, Sha256, Sha384, Sha512, Blake2b, Blake3];

/// Bytes that are read at a time.
const PART: usize = 64 * 1024;

impl Algorithm {
    pub fn name(self) -> &'static str {
        match self {
            Md5 => "md5",
            Sha1 => "sha1",
            Sha224 => "sha224",
            Sha256 => "sha256",
            Sha384 => "sha384",
            Sha512 => "sha512",
            Blake2b => "blake2b",
            Blake3 => "blake3",
        }
    }

    /// Bytes of a checksum.
    pub fn length(self) -> usize {
        match self {
            Md5 => 16,
            Sha1 => 20,
            Sha224 => 28,
            Sha256 | Blake3 => 32,
            Sha384 => 48,
            Sha512 | Blake2b => 64,
        }
    }

    /// That which is usual for a checksum of so many bytes.
    pub fn usual(length: usize) -> Option<Algorithm> {
        ALL.into_iter().find(|algorithm| algorithm.length() == length)
    }

    /// The checksum of all that comes, and how many bytes that was.
    pub fn digest(self, from: impl Read) -> std::io::Result<(Vec<u8>, u64)> {
        match self {
            Md5 => of::<md5::Md5>(from),
            Sha1 => of::<sha1::Sha1>(from),
            Sha224 => of::<sha2::Sha224>(from),
            Sha256 => of::<sha2::Sha256>(from),
            Sha384 => of::<sha2::Sha384>(from),
            Sha512 => of::<sha2::Sha512>(from),
            Blake2b => of::<blake2::Blake2b512>(from),
            Blake3 => {
                let mut hasher = blake3::Hasher::new();
                let bytes = each(from, |part| {
                    hasher.update(part);
                })?;
                Ok((hasher.finalize().as_bytes().to_vec(), bytes))
            }
        }
    }
}

fn of<D: Digest>(from: impl Read) -> std::io::Result<(Vec<u8>, u64)> {
    let mut hasher = D::new();
    let bytes = each(from, |part| hasher.update(part))?;
    Ok((hasher.finalize().to_vec(), bytes))
}

/// Hands over all that comes in parts, and says how many bytes that were.
fn each(mut from: impl Read, mut take: impl FnMut(&[u8])) -> std::io::Result<u64> {
    let (mut part, mut bytes) = (vec![0; PART], 0);
    loop {
        match from.read(&mut part) {
            Ok(0) => return Ok(bytes),
            Ok(read) => {
                take(&part[..read]);
                bytes += read as u64;
            }
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoding::Encoding;

    #[test]
    fn checksums_are_those_of_the_standards() {
        let check = |algorithm: Algorithm, data: &str, expected: &str| {
            let (found, bytes) = algorithm.digest(data.as_bytes()).unwrap();
            assert_eq!(bytes, data.len() as u64);
            assert_eq!(found.len(), algorithm.length());
            assert_eq!(
                Encoding::Hex.encode(&found).unwrap(),
                expected,
                "{algorithm:?} of {data:?}"
            );
        };
        check(Md5, "abc", "900150983cd24fb0d6963f7d28e17f72");
        check(Sha1, "abc", "a9993e364706816aba3e25717850c26c9cd0d89d");
        check(Sha224, "abc", "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7");
        check(Sha256, "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        check(
            Sha384,
            "abc",
            "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed\
             8086072ba1e7cc2358baeca134c825a7",
        );
        check(
            Sha512,
            "abc",
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a\
             2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
        );
        check(
            Blake2b,
            "abc",
            "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1\
             7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923",
        );
        check(Blake3, "", "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262");
    }

    #[test]
    fn what_comes_in_parts_is_one() {
        for algorithm in ALL {
            let data = vec![7; 3 * PART + 5];
            let whole = algorithm.digest(&data[..]).unwrap();
            let parts = algorithm.digest((&data[..PART]).chain(&data[PART..])).unwrap();
            assert_eq!(whole, parts, "{algorithm:?}");
        }
    }
}
