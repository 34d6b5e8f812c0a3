//! The algorithms as they are called beside checksums.

use crate::digest::{ALL, Algorithm};

/// The starts of what algorithms are called, known here or not.
const FAMILIES: [&str; 42] = [
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
    "argon",
    "ascon-hash",
    "bcrypt",
    "cityhash",
    "cshake",
    "ed2k",
    "haval",
    "highwayhash",
    "kmac",
    "md5crypt",
    "murmurhash",
    "ntlm",
    "parallelhash",
    "pbkdf",
    "poly1305",
    "scrypt",
    "snefru",
    "tuplehash",
    "xxhash",
    "yescrypt",
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

/// The words beside the name of an algorithm that say nothing of it, as in `X-Checksum-Sha256`.
const PLAIN: [&str; 12] = [
    "x", "amz", "goog", "ms", "content", "file", "checksum", "digest", "hash", "hex", "sum", "sums",
];

/// The words that say of a checksum that it is not that of the file's bytes, but made from it in another way.
const CHANGED: [&str; 9] =
    ["double", "dbl", "hmac", "iterated", "keyed", "merkle", "salted", "tree", "truncated"];

/// The algorithm that a word stands for, alone or beside words that say nothing, as in `sha3_checksum`. An error if it is
/// not known here; `None` if the word is called like no algorithm.
pub fn of_word(word: &str) -> Option<Result<Algorithm, String>> {
    let word = bare(word);
    if is_label(word) {
        return Some(algorithm(word));
    }
    // A name with a dot is that of a file.
    if word.len() > 2 * MAX_LABEL || word.contains('.') {
        return None;
    }
    let core = without_plain(word);
    if core.len() < word.len() && is_label(core) {
        return Some(algorithm(core));
    }
    let mut signs = word.match_indices(['-', '_']);
    let is_made_from = signs.any(|(at, _)| is_label(&word[at + 1..]))
        || word.rsplit_once(['-', '_']).is_some_and(|(one, end)| is_label(one) && is_changed(end));
    is_made_from.then(|| Err(unknown(word)))
}

/// A word without those parts at its ends that say nothing.
fn without_plain(word: &str) -> &str {
    let lower = word.to_ascii_lowercase();
    let (mut start, mut end) = (0, word.len());
    loop {
        let rest = &lower[start..end];
        let head = PLAIN.iter().find_map(|part| {
            let behind = rest.strip_prefix(part)?;
            let sign = behind.chars().take_while(|c| matches!(c, '-' | '_')).count();
            (sign > 0 || part.len() > 2).then_some(part.len() + sign)
        });
        let tail = PLAIN[6..].iter().find_map(|part| {
            let before = rest.strip_suffix(part)?;
            Some(part.len() + before.len() - before.trim_end_matches(['-', '_']).len())
        });
        match (head, tail) {
            (Some(head), _) if head < rest.len() => start += head,
            (_, Some(tail)) if tail < rest.len() => end -= tail,
            _ => return &word[start..end],
        }
    }
}

/// True if a word says that a checksum is made in another way than by its algorithm alone.
pub fn is_changed(word: &str) -> bool {
    CHANGED.contains(&&*bare(word).to_ascii_lowercase())
}

/// A word without the signs around it.
pub fn bare(word: &str) -> &str {
    word.trim_matches([':', '(', ')', '[', ']', '*', '`', ',', ';', '=', '"', '\''])
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
    ALL.into_iter().find(|algorithm| algorithm.name() == name).ok_or_else(|| unknown(label.trim()))
}

fn unknown(label: &str) -> String {
    let known = ALL.map(Algorithm::name).join(", ");
    format!("`{label}` is no algorithm that is known here; they are {known}")
}
