//! The algorithms as they are called beside checksums.

use crate::digest::{ALL, Algorithm};

/// The starts of what algorithms are called, known here or not.
const FAMILIES: [&str; 22] = [
    "sha",
    "md",
    "blake",
    "crc",
    "ripemd",
    "rmd",
    "whirlpool",
    "k12",
    "kangarootwelve",
    "tiger",
    "xxh",
    "keccak",
    "gost",
    "streebog",
    "sm3",
    "adler",
    "skein",
    "groestl",
    "murmur",
    "fnv",
    "siphash",
    "tth",
];
/// The longest word that is taken for what an algorithm is called.
const MAX_LABEL: usize = 20;
/// The most letters behind the start of such a word, as in `sha256d` and `blake2sp`.
const MAX_LETTERS: usize = 2;

/// True if a word is what an algorithm is called, known here or not: `SHA3-256`, `SHA-512/256`, `keccak256`.
pub fn is_label(word: &str) -> bool {
    let lower = bare(word).to_ascii_lowercase();
    // Of which length, the checksum says.
    if matches!(&*lower, "sha2" | "sha-2") {
        return false;
    }
    let (is_keyed, lower) = match lower.strip_prefix("hmac") {
        Some(rest) => (true, rest.trim_start_matches(['-', '_'])),
        None => (false, &*lower),
    };
    let lower = lower.strip_suffix("sum").unwrap_or(lower);
    let is_of = |family: &&str| {
        lower.strip_prefix(*family).is_some_and(|rest| {
            let letters = rest.chars().filter(char::is_ascii_alphabetic).count();
            let has_digit = rest.contains(|c: char| c.is_ascii_digit());
            rest.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '/'))
                && letters <= MAX_LETTERS
                && (has_digit || rest.is_empty() || *family == "sha" && rest == "ke")
        })
    };
    word.len() <= MAX_LABEL && (FAMILIES.iter().any(is_of) || is_keyed && lower.is_empty())
}

/// A word without the signs around it.
pub fn bare(word: &str) -> &str {
    word.trim_matches([':', '(', ')', '[', ']', '*', '`', ','])
}

/// The algorithm called `label`: `SHA-256`, `sha256sum`, `SHA2-256`.
pub fn algorithm(label: &str) -> Result<Algorithm, String> {
    let plain: String = label.chars().filter(char::is_ascii_alphanumeric).collect();
    let plain = plain.to_ascii_lowercase();
    let plain = plain.strip_suffix("sum").unwrap_or(&plain);
    let name = match plain {
        "sha" => "sha1",
        "blake2" | "blake2b512" | "b2" => "blake2b",
        "b3" => "blake3",
        "sha2224" => "sha224",
        "sha2256" => "sha256",
        "sha2384" => "sha384",
        "sha2512" => "sha512",
        name => name,
    };
    ALL.into_iter().find(|algorithm| algorithm.name() == name).ok_or_else(|| {
        let known = ALL.map(Algorithm::name).join(", ");
        format!("`{}` is no algorithm that is known here; they are {known}", label.trim())
    })
}
