//! Checksums as they are published: alone, with their algorithm, with a file's name, and in lists of many files.

use crate::digest::{ALL, Algorithm};
use crate::encoding::Encoding;

/// One published checksum.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// As it was published, or else that which is usual for the length.
    pub algorithm: Option<Algorithm>,
    pub bytes: Vec<u8>,
    pub name: Option<String>,
}

/// Longest list that is read, and most names that a message shows.
const MAX_LENGTH: usize = 1024 * 1024;
const SHOWN: usize = 10;

/// Whose checksum is looked for in a list.
#[derive(Clone, Copy, Debug)]
pub enum Wanted<'a> {
    /// Of the entry with this name, which the caller chose.
    Name(&'a str),
    /// Of the file at this path, which may be called something else in the list.
    Path(&'a str),
    Any,
}

/// The entries that count for a file. Each of their algorithms has to be right, and those of one algorithm are the same;
/// but for the `integrity` of a web page, where the strongest algorithm counts and any entry of it will do.
pub fn read(text: &str, wanted: Wanted<'_>) -> Result<Vec<Entry>, String> {
    if text.len() > MAX_LENGTH {
        return Err(format!("`expected` is {} bytes long; the limit is {MAX_LENGTH}", text.len()));
    }
    let (entries, are_alternatives) = entries(text)?;
    let named: Vec<&Entry> = entries.iter().filter(|entry| entry.name.is_some()).collect();
    let is_of_one = named.windows(2).all(|pair| pair[0].plain_name() == pair[1].plain_name());
    let chosen: Vec<&Entry> = match wanted {
        _ if named.is_empty() => entries.iter().collect(),
        Wanted::Any if is_of_one => entries.iter().collect(),
        Wanted::Name(name) | Wanted::Path(name) => {
            let mut called = called(&named, name)?;
            if is_of_one {
                // What stands without a name beside a single one is of the same file.
                called.extend(entries.iter().filter(|entry| entry.name.is_none()));
            }
            called
        }
        Wanted::Any => {
            return Err(format!(
                "`expected` lists {} files; say which as `name`: {}",
                named.len(),
                names(&named)
            ));
        }
    };
    if are_alternatives {
        let strongest = chosen.iter().map(|entry| entry.strength()).max().flatten();
        let strong = chosen.into_iter().filter(|entry| entry.strength() == strongest);
        return Ok(strong.cloned().collect());
    }
    for (at, entry) in chosen.iter().enumerate() {
        let differs =
            |other: &&&Entry| other.strength() == entry.strength() && other.bytes != entry.bytes;
        if let Some(other) = chosen[..at].iter().find(differs) {
            return Err(contradiction(other, entry));
        }
    }
    Ok(chosen.into_iter().cloned().collect())
}

/// Returns the error about two checksums of which one must be wrong.
fn contradiction(one: &Entry, other: &Entry) -> String {
    let of = one.name.as_ref().map(|name| format!(" for `{name}`")).unwrap_or_default();
    let hex = |entry: &Entry| Encoding::Hex.encode(&entry.bytes).unwrap_or_default();
    format!(
        "`expected` has different checksums{of}, `{}` and `{}`; only one can be right: give that alone, in one line",
        hex(one),
        hex(other)
    )
}

impl Entry {
    fn plain_name(&self) -> Option<String> {
        self.name.as_deref().map(plain)
    }

    /// The algorithm by which it counts among others.
    fn strength(&self) -> Option<Algorithm> {
        self.algorithm.or(Algorithm::usual(self.bytes.len()))
    }
}

/// The entries of the file called `name`: exactly so, or else by the last part, where that means one file alone.
fn called<'a>(named: &[&'a Entry], name: &str) -> Result<Vec<&'a Entry>, String> {
    let wanted = plain(name);
    let those = |is_it: &dyn Fn(&str) -> bool| -> Vec<&'a Entry> {
        let is_it =
            |entry: &&&Entry| entry.name.as_deref().is_some_and(|known| is_it(&plain(known)));
        named.iter().filter(is_it).copied().collect()
    };
    let exact = those(&|known| known == wanted);
    if !exact.is_empty() {
        return Ok(exact);
    }
    let alike = those(&|known| base(known) == base(&wanted) && may_be(known, &wanted));
    let Some(first) = alike.first() else {
        return Err(format!(
            "`expected` does not list `{name}`; it lists {}; if one of those is this file, give its name there as `name`",
            names(named)
        ));
    };
    if alike.iter().any(|entry| entry.plain_name() != first.plain_name()) {
        return Err(format!(
            "`expected` does not list `{name}` but several files of that last part; say which as `name`: {}",
            names(&alike)
        ));
    }
    Ok(alike)
}

/// True if two names with the same last part may mean one file: one is the end of the other, or one says where the file
/// is on this machine and not where it is in the list.
fn may_be(known: &str, wanted: &str) -> bool {
    let is_end = |long: &str, end: &str| {
        long.strip_suffix(end).is_some_and(|rest| rest.is_empty() || rest.ends_with('/'))
    };
    let is_absolute = wanted.starts_with('/') || wanted.get(1..3) == Some(":/");
    is_absolute || is_end(known, wanted) || is_end(wanted, known)
}

/// Without `./` in front, with the separator of Unix.
fn plain(name: &str) -> String {
    let name = name.replace('\\', "/");
    let mut rest = name.as_str();
    while let Some(less) = rest.strip_prefix("./") {
        rest = less.trim_start_matches('/');
    }
    rest.to_owned()
}

fn names(entries: &[&Entry]) -> String {
    let names = entries.iter().filter_map(|entry| entry.name.as_deref());
    let shown: Vec<String> = names.take(SHOWN).map(|name| format!("`{name}`")).collect();
    let more = if entries.len() > SHOWN { ", ..." } else { "" };
    format!("{}{more}", shown.join(", "))
}

/// The last part of a path.
fn base(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// The listed checksums, and true if they are alternatives for one file.
fn entries(text: &str) -> Result<(Vec<Entry>, bool), String> {
    // Copied out of a page or a header, a checksum comes in quotes.
    let around = |c: char| c.is_whitespace() || matches!(c, '\u{feff}' | '"' | '\'' | '`');
    let text = text.strip_prefix("integrity=").unwrap_or(text).trim_matches(around);
    if text.is_empty() {
        return Err("`expected` is empty".to_string());
    }
    // A checksum that is spaced out, over several lines perhaps.
    if let Some(bytes) = checksum(text) {
        let is_whole = |line: &str| line.trim().is_empty() || checksum(line).is_some();
        if text.lines().count() > 1 && text.lines().all(is_whole) {
            return Err("`expected` may be one checksum in several lines or one in each of them; if it is one, write it in one line, or else say the algorithm in front of each, as in `sha256: HEX`".to_string());
        }
        return Ok((vec![Entry { algorithm: None, bytes, name: None }], false));
    }
    let (mut entries, mut are_alternatives) = (Vec::new(), true);
    for line in lines(text) {
        match several(line)? {
            Some(several) => {
                are_alternatives &= line.split_whitespace().all(is_integrity);
                entries.extend(several);
            }
            None => {
                entries.push(entry(line)?.ok_or_else(|| unknown(line))?);
                are_alternatives = false;
            }
        }
    }
    if entries.is_empty() {
        return Err("`expected` has no checksum in it, only comments".to_string());
    }
    Ok((entries, are_alternatives))
}

/// The lines that hold something: no comments, and nothing of a signature around them.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    let mut in_signature = false;
    text.lines().map(str::trim).filter(move |line| {
        let armor = line.starts_with("-----");
        if armor {
            in_signature = line.contains("BEGIN PGP SIGNATURE");
        }
        !(armor
            || in_signature
            || line.is_empty()
            || line.starts_with('#')
            || line.starts_with("Hash: "))
    })
}

/// The entry of a line of one of the usual forms.
fn entry(line: &str) -> Result<Option<Entry>, String> {
    if let Some(bytes) = checksum(line) {
        return Ok(Some(Entry { algorithm: None, bytes, name: None }));
    }
    if let Some(found) = tagged(line)? {
        return Ok(Some(found));
    }
    if let Some(found) = labelled(line)? {
        return Ok(Some(found));
    }
    Ok(before_name(line).or_else(|| behind_name(line)))
}

/// `SHA256 (name) = HEX`, and `SHA256(name)= HEX`.
fn tagged(line: &str) -> Result<Option<Entry>, String> {
    let parts = line.split_once('(').and_then(|(label, rest)| {
        let (name, value) = rest.rsplit_once(')')?;
        Some((label, name, value.trim_start().strip_prefix('=')?))
    });
    let Some((label, name, value)) = parts else { return Ok(None) };
    let algorithm = algorithm(label)?;
    let bytes = checksum(value).ok_or_else(|| odd(value))?;
    Ok(Some(Entry { algorithm: Some(algorithm), bytes, name: file(name) }))
}

/// The name of a file, unless it stands for none: for stdin, or for what a checksum is called.
fn file(name: &str) -> Option<String> {
    let last = name.rsplit(' ').next().unwrap_or(name).to_ascii_lowercase();
    let is_none = matches!(name, "-" | "stdin")
        || matches!(&*last, "checksum" | "digest" | "fingerprint" | "hash" | "sum");
    (!is_none).then(|| name.to_string())
}

/// `sha256:HEX`, `sha256-BASE64`, `SHA-256 = HEX`, `{SHA256}BASE64`, `SHA256  HEX  name`.
fn labelled(line: &str) -> Result<Option<Entry>, String> {
    let ends = line.char_indices().filter(|(_, c)| !c.is_ascii_alphanumeric() || *c == '}');
    for (end, mark) in ends.take(4) {
        let (label, value) = (line[..end].trim_start_matches('{'), &line[end + mark.len_utf8()..]);
        let Ok(algorithm) = algorithm(label) else { continue };
        let value = value.trim_matches(|c: char| c.is_whitespace() || matches!(c, ':' | '='));
        let padded = format!("{value}=");
        if let Some(bytes) = checksum(value).or_else(|| checksum(&padded)) {
            return Ok(Some(Entry { algorithm: Some(algorithm), bytes, name: None }));
        }
        if let Some(found) = before_name(value) {
            return Ok(Some(Entry { algorithm: Some(algorithm), ..found }));
        }
    }
    Ok(None)
}

/// `HEX  name`, `HEX *name`; a backslash in front says that the name is escaped.
fn before_name(line: &str) -> Option<Entry> {
    let (value, rest) = line.trim_start_matches('\\').split_once([' ', '\t'])?;
    let name = rest.trim_start().trim_start_matches('*').trim();
    // With one space it may be another checksum; a file can be called by its own.
    if !rest.starts_with([' ', '*']) && checksum(name).is_some() {
        return None;
    }
    let bytes = checksum(value).filter(|_| !name.is_empty())?;
    Some(Entry { algorithm: None, bytes, name: file(name) })
}

/// `name: HEX`, also spaced out.
fn behind_name(line: &str) -> Option<Entry> {
    let (name, value) = line.split_once(": ").or_else(|| line.rsplit_once([' ', '\t']))?;
    let name = name.trim().trim_end_matches(':');
    if checksum(name).is_some() || joins_several(name) {
        return None;
    }
    let name = file(name);
    Some(Entry { algorithm: None, bytes: checksum(value)?, name })
}

/// Several checksums with their algorithms in one line, as in a page's `integrity`.
fn several(line: &str) -> Result<Option<Vec<Entry>>, String> {
    let words: Vec<&str> = line.split_whitespace().collect();
    match words.len() {
        0 | 1 => Ok(None),
        _ => words.iter().map(|word| labelled(word)).collect(),
    }
}

/// True if a checksum is written as in a page's `integrity`: `sha256-BASE64`.
fn is_integrity(word: &str) -> bool {
    let parts = word.split_once('-');
    parts.is_some_and(|(label, value)| {
        matches!(label, "sha256" | "sha384" | "sha512")
            && !value.bytes().all(|byte| byte.is_ascii_hexdigit())
    })
}

/// What is wrong with a line of no known form.
fn unknown(line: &str) -> String {
    let label = line.split([':', '(', '=', ' ']).next().unwrap_or_default();
    match algorithm(label) {
        Err(message) if label.len() < line.len().min(16) && looks_like_label(label) => message,
        _ => odd(line),
    }
}

fn looks_like_label(text: &str) -> bool {
    let known =
        ["sha", "md", "blake", "crc", "ripemd", "whirlpool", "shake", "k12", "tiger", "xxh"];
    known.iter().any(|start| text.to_ascii_lowercase().starts_with(start))
}

/// The algorithm called `label`: `SHA-256`, `sha256sum`, `SHA2-256`.
fn algorithm(label: &str) -> Result<Algorithm, String> {
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

/// The bytes of a text that is a checksum and nothing else, in hex or base64. Hex may be spaced out, as in `2c:f2` or
/// `2CF2 4DBA`.
fn checksum(text: &str) -> Option<Vec<u8>> {
    let text = text.trim();
    let bare = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")).unwrap_or(text);
    let hex: String =
        bare.chars().filter(|c| !(c.is_whitespace() || matches!(c, ':' | '-'))).collect();
    let is_known = |bytes: &Vec<u8>| Algorithm::usual(bytes.len()).is_some();
    if joins_several(text) {
        return None;
    }
    if !hex.is_empty() && hex.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Encoding::Hex.decode(&hex).ok().filter(is_known);
    }
    // Base64 has letters of both cases, a damaged checksum in hex has not.
    let has = |is: fn(&char) -> bool| text.chars().any(|c| is(&c));
    if has(|c| c.is_whitespace())
        || !has(char::is_ascii_uppercase)
        || !has(char::is_ascii_lowercase)
    {
        return None;
    }
    let decoded =
        [Encoding::Base64, Encoding::Base64Url].map(|encoding| encoding.decode(text).ok());
    decoded.into_iter().flatten().find(is_known)
}

/// True if a text is several words of which each is a checksum.
fn joins_several(text: &str) -> bool {
    let mut words = text.split_whitespace();
    words.nth(1).is_some() && text.split_whitespace().all(|word| checksum(word).is_some())
}

fn odd(text: &str) -> String {
    if joins_several(text.split_once(": ").map_or(text, |(_, value)| value)) {
        let shown: String = text.trim().chars().take(300).collect();
        return format!(
            "`expected`: `{shown}` is several checksums in one line; give one, or each in a line with its algorithm, as in `sha256: HEX`"
        );
    }
    let shown: String = text.trim().chars().take(80).collect();
    let hex = text.trim().bytes().filter(u8::is_ascii_hexdigit).count();
    let lengths =
        ALL.map(|algorithm| format!("{} {}", algorithm.name(), 2 * algorithm.length())).join(", ");
    format!(
        "`expected`: `{shown}` is no checksum, or a damaged one: it has {hex} hex digits; whole ones have ({lengths}), alone, as \
         `sha256:HEX`, `sha256-BASE64`, `HEX  name` or `SHA256 (name) = HEX`"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEX: &str = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
    const BASE64: &str = "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=";

    type Shown = (Option<Algorithm>, String, Option<String>);

    fn found(text: &str, name: Option<&str>) -> Result<Vec<Shown>, String> {
        let entries = read(text, name.map_or(Wanted::Any, Wanted::Path))?;
        let shown = entries.into_iter().map(|entry| {
            (entry.algorithm, Encoding::Hex.encode(&entry.bytes).unwrap(), entry.name)
        });
        Ok(shown.collect())
    }

    #[test]
    fn each_form_is_one_checksum() {
        let (upper, spaced) =
            (HEX.to_uppercase(), HEX.as_bytes().chunks(8).map(|b| String::from_utf8_lossy(b)));
        let spaced: Vec<_> = spaced.collect();
        let colons: Vec<_> = HEX.as_bytes().chunks(2).map(|b| String::from_utf8_lossy(b)).collect();
        let url = BASE64.replace('+', "-").replace('/', "_");
        let bare = url.trim_end_matches('=');
        let padded = BASE64.trim_end_matches('=');
        let known = Some(Algorithm::Sha256);
        let named = Some("a file.iso");
        for (text, algorithm, name) in [
            (HEX.to_string(), None, None),
            (upper.clone(), None, None),
            (format!("0x{HEX}\n"), None, None),
            (spaced.join(" "), None, None),
            (spaced.join("\r\n"), None, None),
            (colons.join(":"), None, None),
            (colons.join("-").to_uppercase(), None, None),
            (colons.join(" "), None, None),
            (BASE64.to_string(), None, None),
            (padded.to_string(), None, None),
            (bare.to_string(), None, None),
            (format!("sha256:{HEX}"), known, None),
            (format!("\"{HEX}\""), None, None),
            (format!("`sha256:{HEX}`"), known, None),
            (format!("integrity=\"sha256-{BASE64}\""), known, None),
            (format!("SHA256: {upper}"), known, None),
            (format!("sha-256:{}", colons.join(":")), known, None),
            (format!("SHA-256 = {HEX}"), known, None),
            (format!("sha256={HEX}"), known, None),
            (format!("sha256sum: {HEX}"), known, None),
            (format!("sha256-{BASE64}"), known, None),
            (format!("sha256:{BASE64}"), known, None),
            (format!("sha-256=:{BASE64}:"), known, None),
            (format!("{{SHA256}}{BASE64}"), known, None),
            (format!("sha256 {HEX}"), known, None),
            (format!("{HEX}  a file.iso"), None, named),
            (format!("{HEX} *a file.iso"), None, named),
            (format!("{HEX}\ta file.iso\n"), None, named),
            (format!("\\{HEX}  a file.iso"), None, named),
            (format!("SHA256 (a file.iso) = {HEX}"), known, named),
            (format!("SHA2-256(a file.iso)= {upper}"), known, named),
            (format!("SHA256          {upper}       a file.iso"), known, named),
            (format!("a file.iso: {}", spaced.join(" ")), None, named),
            (format!("# from the page\n\n{HEX}  a file.iso\n"), None, named),
        ] {
            let expected = vec![(algorithm, HEX.to_string(), name.map(str::to_string))];
            assert_eq!(found(&text, None), Ok(expected), "{text}");
        }
    }

    #[test]
    fn of_a_list_the_file_is_chosen_by_its_name() {
        let other = "0".repeat(64);
        let list = format!(
            "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n{other}  one.iso\n{HEX} *./dists/two.iso\n-----BEGIN PGP \
             SIGNATURE-----\n\niQIzBAEBCgAdFiEE\n-----END PGP SIGNATURE-----\n"
        );
        let right = vec![(None, HEX.to_string(), Some("./dists/two.iso".to_string()))];
        assert_eq!(found(&list, Some("two.iso")), Ok(right.clone()));
        assert_eq!(found(&list, Some("/downloads/two.iso")), Ok(right.clone()));
        assert_eq!(found(&list, Some(r"C:\two.iso")), Ok(right));
        let message = found(&list, None).unwrap_err();
        assert!(
            message.contains("lists 2 files; say which as `name`: `one.iso`, `./dists/two.iso`"),
            "{message}"
        );
        let message = found(&list, Some("three.iso")).unwrap_err();
        assert!(message.contains("does not list `three.iso`; it lists `one.iso`"), "{message}");
        let crlf = format!("SHA256 (one.iso) = {other}\r\nSHA256 (two.iso) = {HEX}\r\n");
        assert_eq!(found(&crlf, Some("two.iso")).unwrap()[0].1, HEX);
        // One file, called something else here: that it is the same is for the caller to say.
        let one = format!("{HEX}  two.iso");
        let message = found(&one, Some("/x/download (1).iso")).unwrap_err();
        assert!(
            message.contains("does not list `/x/download (1).iso`; it lists `two.iso`; if one of"),
            "{message}"
        );
        assert_eq!(read(&one, Wanted::Name("two.iso")).unwrap()[0].bytes.len(), 32);
        assert_eq!(found(&one, None).unwrap()[0].1, HEX);
        for unnamed in ["{}  -", "SHA2-256(stdin)= {}", "Checksum: {}", "SHA256 hash: {}"] {
            let found = found(&unnamed.replace("{}", HEX), Some("a.iso"));
            assert_eq!(found.unwrap()[0].2, None, "{unnamed}");
        }
    }

    #[test]
    fn a_line_counts_for_its_own_path_alone() {
        let (other, third) = ("0".repeat(64), "1".repeat(64));
        let list = format!("{other}  x/a.iso\n{HEX}  ./y/a.iso\n{third}  z/b.iso\n");
        let check = |wanted: Wanted<'_>, expected: Result<&str, &str>| match (
            read(&list, wanted),
            expected,
        ) {
            (Ok(found), Ok(name)) => {
                let names: Vec<_> = found.iter().filter_map(|e| e.name.as_deref()).collect();
                assert_eq!(names, [name], "{wanted:?}");
            }
            (Err(error), Err(part)) => assert!(error.contains(part), "{wanted:?}: {error}"),
            (found, _) => panic!("{wanted:?}: {found:?}"),
        };
        check(Wanted::Name("y/a.iso"), Ok("./y/a.iso"));
        check(Wanted::Name("./x/a.iso"), Ok("x/a.iso"));
        check(Wanted::Name(r"x\a.iso"), Ok("x/a.iso"));
        check(Wanted::Name("b.iso"), Ok("z/b.iso"));
        check(Wanted::Path("/downloads/b.iso"), Ok("z/b.iso"));
        check(Wanted::Path("downloads/z/b.iso"), Ok("z/b.iso"));
        check(Wanted::Name("a.iso"), Err("say which as `name`: `x/a.iso`, `./y/a.iso`"));
        check(Wanted::Path("/downloads/a.iso"), Err("say which as `name`: `x/a.iso`"));
        check(Wanted::Name("w/b.iso"), Err("does not list `w/b.iso`"));
        check(Wanted::Name("zz/b.iso"), Err("does not list"));
        // A name that the caller gives is no other's, be the list as short as it may.
        let one = format!("{HEX}  two.iso");
        assert!(read(&one, Wanted::Name("three.iso")).unwrap_err().contains("does not list"));
        assert!(read(HEX, Wanted::Name("three.iso")).is_ok());
    }

    #[test]
    fn checksums_that_contradict_one_another_are_refused() {
        let other = "0".repeat(64);
        for list in [
            format!("{HEX}  a\n{other}  a\n"),
            format!("{other}  a\n{HEX}  ./a\n"),
            format!("{HEX}  a\nSHA256 (a) = {other}\n"),
            format!("{other}  x/a\n{HEX}  x/a\n{other}  b\n"),
            format!("{HEX}\n{other}\n{other}\n"),
            format!("sha256:{HEX}\nsha256:{other}\n"),
        ] {
            for wanted in [Wanted::Path("/x/a"), Wanted::Name("a")] {
                let message = read(&list, wanted).unwrap_err();
                assert!(message.contains("has different checksums"), "{list}: {message}");
            }
        }
        let twice = format!("{HEX}  a\n{HEX}  a\n");
        assert_eq!(found(&twice, Some("a")).unwrap().len(), 2);
    }

    #[test]
    fn several_checksums_are_never_joined_to_one() {
        let (other, md5) = ("0".repeat(64), "0".repeat(32));
        for (list, part) in [
            (format!("{HEX}\n{other}"), "has different checksums"),
            (format!("{HEX}\r\n\r\n{other}\r\n"), "has different checksums"),
            (format!("{md5}\n{}\n", md5.replace('0', "1")), "has different checksums"),
            (format!("{HEX} {other}"), "is several checksums in one line"),
            (format!("a.iso: {HEX} {other}"), "is several checksums in one line"),
            (format!("SHA512 (a.iso) = {HEX} {other}"), "is several checksums in one line"),
            (
                format!("{} {}\n{other}", &HEX[..8], &HEX[8..]),
                "may be one checksum in several lines",
            ),
        ] {
            let message = found(&list, None).unwrap_err();
            assert!(message.contains(part), "{list}: {message}");
        }
        assert_eq!(found(&format!("{HEX}\n{HEX}\n"), None).unwrap()[0].1, HEX);
        assert_eq!(found(&format!("{md5}\n{HEX}\n"), None).unwrap().len(), 2);
        // A file that is called by its checksum.
        let named = found(&format!("{HEX}  {HEX}\n"), Some(HEX)).unwrap();
        assert_eq!((&*named[0].1, named[0].2.as_deref()), (HEX, Some(HEX)));
    }

    #[test]
    fn each_algorithm_that_is_stated_for_a_file_counts() {
        let (md5, long) = ("0".repeat(32), "1".repeat(128));
        for list in [
            format!("SHA256 (a) = {HEX}\nSHA512 (a) = {long}\nMD5 (b) = {md5}\n"),
            format!("{HEX}  a\n{long}  ./a\n{md5}  b\n"),
        ] {
            assert_eq!(found(&list, Some("a")).unwrap().len(), 2, "{list}");
        }
        assert_eq!(found(&format!("md5: {md5}\nsha256: {HEX}\n"), None).unwrap().len(), 2);
        assert_eq!(found(&format!("md5:{md5} sha256:{HEX}\n"), None).unwrap().len(), 2);
        assert_eq!(found(&format!("SHA256 (a) = {HEX}\nMD5 (a) = {md5}"), None).unwrap().len(), 2);
        let beside = found(&format!("{HEX}  a\nsha512: {long}\n"), Some("a")).unwrap();
        assert_eq!(beside.len(), 2);
    }

    #[test]
    fn of_a_pages_integrity_the_strongest_algorithm_counts() {
        let long = format!("sha512-{}==", "aA".repeat(43));
        let found = found(&format!("sha256-{BASE64} {long} {long}"), None).unwrap();
        assert_eq!(found.len(), 2);
        assert!(found.iter().all(|(algorithm, _, _)| *algorithm == Some(Algorithm::Sha512)));
    }

    #[test]
    fn what_is_no_checksum_is_refused() {
        let check = |text: &str, part: &str| {
            let message = found(text, None).unwrap_err();
            assert!(message.contains(part), "{text}: {message}");
        };
        check("", "`expected` is empty");
        check(" \n", "`expected` is empty");
        check("# nothing\n", "only comments");
        check(&HEX[1..], "it has 63 hex digits; whole ones have (md5 32, sha1 40");
        check(&HEX.replace('7', "x"), "damaged");
        check(&format!("sha3-256:{HEX}"), "`sha3-256` is no algorithm that is known here");
        check(&format!("CRC32 (a) = {HEX}"), "`CRC32` is no algorithm");
        check("hello world", "is no checksum");
        check(&format!("{HEX}  a\nnonsense\n"), "`nonsense` is no checksum");
        check(&"é".repeat(100), "is no checksum");
    }
}
