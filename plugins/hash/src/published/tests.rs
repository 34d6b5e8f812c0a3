mod digits;
mod names;
mod within;

use super::*;

const HEX: &str = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
const BASE64: &str = "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=";

type Shown = (Option<Algorithm>, String, Option<String>);

fn found(text: &str, name: Option<&str>) -> Result<Vec<Shown>, String> {
    let published = read(text, name.map_or(Wanted::Any, Wanted::Path))?;
    let shown = published
        .entries
        .into_iter()
        .map(|entry| (entry.algorithm, Encoding::Hex.encode(&entry.bytes).unwrap(), entry.name));
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
        (format!("https://x.org/dl/a.iso#sha256={HEX}"), known, Some("https://x.org/dl/a.iso")),
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
    assert_eq!(read(&one, Wanted::Name("two.iso")).unwrap().entries[0].bytes.len(), 32);
    assert_eq!(found(&one, None).unwrap()[0].1, HEX);
    for unnamed in ["{}  -", "SHA2-256(stdin)= {}", "Checksum: {}", "SHA256 hash: {}", "SHA-2: {}"]
    {
        let found = found(&unnamed.replace("{}", HEX), Some("a.iso"));
        assert_eq!(found.unwrap()[0].2, None, "{unnamed}");
    }
}

#[test]
fn a_line_counts_for_its_own_path_alone() {
    let (other, third) = ("0".repeat(64), "1".repeat(64));
    let list = format!("{other}  x/a.iso\n{HEX}  ./y/a.iso\n{third}  z/b.iso\n");
    let check =
        |wanted: Wanted<'_>, expected: Result<&str, &str>| match (read(&list, wanted), expected) {
            (Ok(found), Ok(name)) => {
                let names: Vec<_> =
                    found.entries.iter().filter_map(|e| e.name.as_deref()).collect();
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
    let spaced: Vec<_> = HEX.as_bytes().chunks(4).map(String::from_utf8_lossy).collect();
    let spaced = spaced.join(" ");
    for (list, part) in [
        (format!("{HEX}\n{other}"), "has different checksums"),
        (format!("{HEX}\r\n\r\n{other}\r\n"), "has different checksums"),
        (format!("{md5}\n{}\n", md5.replace('0', "1")), "has different checksums"),
        (format!("{HEX} {other}"), "is several checksums in one line"),
        (format!("{spaced}  {spaced}"), "is several checksums in one line"),
        (format!("a.iso: {spaced}\t{spaced}"), "is several checksums in one line"),
        (format!("a.iso: {HEX} {other}"), "is several checksums in one line"),
        (format!("SHA512 (a.iso) = {HEX} {other}"), "is several checksums in one line"),
        (format!("{} {}\n{other}", &HEX[..8], &HEX[8..]), "may be one checksum in several lines"),
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

#[test]
fn checksums_are_read_as_programs_print_them() {
    let (upper, other) = (HEX.to_uppercase(), "0".repeat(64));
    let colons: Vec<_> = upper.as_bytes().chunks(2).map(String::from_utf8_lossy).collect();
    let spaced: Vec<_> = HEX.as_bytes().chunks(2).map(String::from_utf8_lossy).collect();
    let gpg: Vec<_> = upper.as_bytes().chunks(8).map(String::from_utf8_lossy).collect();
    let gpg = format!("{}  {}", gpg[..4].join(" "), gpg[4..].join(" "));
    for (text, name) in [
        (
            format!(
                "\r\nAlgorithm : SHA256\r\nHash      : {upper}\r\nPath      : C:\\dl\\a.iso\r\n\r\n"
            ),
            Some("C:\\dl\\a.iso"),
        ),
        (
            format!(
                "Algorithm : SHA256\nHash      : {}\n            {}\nPath      : C:\\dl\\a\n            .iso\n",
                &upper[..40],
                &upper[40..]
            ),
            Some("C:\\dl\\a.iso"),
        ),
        (format!("Algorithm: SHA256\nHash: {HEX}\n"), None),
        (
            format!(
                "Algorithm  Hash  Path\n---------  ----  ----\nSHA256     {upper}  C:\\a.iso\n"
            ),
            Some("C:\\a.iso"),
        ),
        (
            format!(
                "SHA256 hash of a.iso:\r\n{HEX}\r\nCertUtil: -hashfile command completed successfully.\r\n"
            ),
            Some("a.iso"),
        ),
        (
            format!(
                "SHA256 hash of file C:\\dl\\a.iso:\n{}\nCertUtil: -hashfile command completed successfully.\n",
                spaced.join(" ")
            ),
            Some("C:\\dl\\a.iso"),
        ),
        (format!("SHA256:\n {HEX} 3 main/a.iso\n"), Some("main/a.iso")),
        (
            format!(
                "Package: a\nFilename: pool/a.iso\nSize: 3\nSHA256: {HEX}\nDescription: of a\n kind\n"
            ),
            Some("pool/a.iso"),
        ),
        (format!("SHA256\n{HEX}"), None),
        (format!("**SHA-256 checksum:**\n\n{HEX}  a.iso\n"), Some("a.iso")),
        (format!("SHA256 a.iso {HEX}"), Some("a.iso")),
        (format!("a.iso SHA256: {HEX}"), Some("a.iso")),
        (format!("File SHA256: {HEX}"), None),
        (format!("Checksum (SHA256): {HEX}"), None),
        (format!("a.iso [SHA-256]: {HEX}"), Some("a.iso")),
        (format!("sha256 = \"{HEX}\";"), None),
        (format!("**SHA256:** `{HEX}`"), None),
        (format!("SHA256 Fingerprint={}", colons.join(":")), None),
        (format!("a.iso: {HEX} (sha256)"), Some("a.iso")),
        (format!("{HEX} [SHA-256]"), None),
        (format!("{HEX} sha256"), None),
        (
            format!("; made by a program\nSHA256 (a.iso) = {HEX}\nSIZE (a.iso) = 12\n"),
            Some("a.iso"),
        ),
        (format!("TIMESTAMP = 1795958037\nSHA256 (a.iso) = {HEX}\n"), Some("a.iso")),
        (format!("$ sha256sum a.iso\n{HEX}  a.iso\n"), Some("a.iso")),
        (format!("**a.iso**\nSHA-256: {HEX}\n"), Some("a.iso")),
        (format!("requests==2.0 --hash=sha256:{HEX}"), None),
        (format!("    --hash=sha256:{HEX} \\\n    # via a\n"), None),
    ] {
        let expected = vec![(Some(Algorithm::Sha256), HEX.to_string(), name.map(str::to_string))];
        assert_eq!(found(&text, None), Ok(expected), "{text}");
    }
    assert_eq!(found(&gpg, None).unwrap()[0].1, HEX);
    assert!(found(&format!("Hash: {other}\n{HEX}"), None).is_err());
}

#[test]
fn a_control_file_has_a_block_for_each_algorithm() {
    let (md5, sha1, other) = ("0".repeat(32), "1".repeat(40), "2".repeat(64));
    let text = format!(
        "Origin: Debian\nDate: Sat, 15 Nov 2026 10:00:00 UTC\nChecksums-Sha1:\n {sha1} 3 a.iso\n {sha1} 4 b.iso\n\
         Checksums-Sha256:\n {HEX} 3 a.iso\n {other} 4 b.iso\nFiles:\n {md5} 3 utils optional a.iso\n"
    );
    let of_a = found(&text, Some("/x/a.iso")).unwrap();
    let algorithms: Vec<_> = of_a.iter().filter_map(|(algorithm, ..)| *algorithm).collect();
    assert_eq!(algorithms, [Algorithm::Sha1, Algorithm::Sha256, Algorithm::Md5]);
    assert_eq!(found(&text, Some("b.iso")).unwrap()[1].1, other);
    assert!(found(&text, None).unwrap_err().contains("say which as `name`"));
    let damaged = text.replace(HEX, &HEX[1..]);
    assert!(found(&damaged, Some("a.iso")).unwrap_err().contains("63 hex digits"));
    let two = format!("Filename: a\nSHA256: {HEX}\n\nFilename: b\nSHA256: {other}\n");
    assert_eq!(found(&two, Some("b")).unwrap()[0].1, other);
}

#[test]
fn a_checksum_of_an_algorithm_that_is_not_known_is_no_other() {
    for (text, label) in [
        ("SHA3-256: {}", "SHA3-256"),
        ("SHA-512/256: {}", "SHA-512/256"),
        ("sha512/256 {}", "sha512/256"),
        ("HMAC-SHA256: {}", "HMAC-SHA256"),
        ("sha256d: {}", "sha256d"),
        ("keccak256 {}", "keccak256"),
        ("BLAKE2s-256: {}", "BLAKE2s-256"),
        ("a.iso SHA3-256: {}", "SHA3-256"),
        ("Checksum (SHA-512/256): {}", "SHA-512/256"),
        ("File SHA3-256 hash: {}", "SHA3-256"),
        ("SHA3-256 {}  a.iso", "SHA3-256"),
        ("SHA3-256:\n{}  a.iso", "SHA3-256"),
        ("Algorithm : SHA3_256\nHash : {}", "SHA3_256"),
        ("SHA256 (a) = {}\nSHA3-256 (a) = {}", "SHA3-256"),
        ("{} sha3-256", "sha3-256"),
        ("{} (SHA3-256)", "SHA3-256"),
        ("a.iso: {} (SHA3-256)", "SHA3-256"),
        ("SHA256-HMAC: {}", "SHA256-HMAC"),
        ("dbl-SHA256: {}", "dbl-SHA256"),
        ("PBKDF2-SHA256: {}", "PBKDF2-SHA256"),
        ("sha3_checksum: {}", "sha3"),
        ("X-Checksum-Sha3: {}", "Sha3"),
        ("sha3hash: {}", "sha3"),
        ("KMAC256: {}", "KMAC256"),
        ("scrypt: {}", "scrypt"),
    ] {
        let message = found(&text.replace("{}", HEX), None).unwrap_err();
        assert!(message.contains(&format!("`{label}` is no algorithm")), "{text}: {message}");
    }
    for name in ["sha256sums.txt", "md5deep.exe", "shapes", "crc32-tool"] {
        let found = found(&format!("{name}: {HEX}"), None);
        assert_eq!(found.unwrap()[0].2.as_deref(), Some(name));
    }
    for (text, name) in
        [("sha256_checksum: {}", None), ("X-Checksum-Sha256: {}", None), ("SHA256Digest: {}", None)]
    {
        let found = found(&text.replace("{}", HEX), None).unwrap();
        assert_eq!(found, [(Some(Algorithm::Sha256), HEX.to_string(), name)], "{text}");
    }
    for text in ["double SHA256: {}", "SHA256 tree hash: {}", "salted sha256 {}"] {
        assert!(found(&text.replace("{}", HEX), None).is_err(), "{text}");
    }
    for text in [
        "SHA256:",
        "SHA256:\nSHA512:\n",
        "SHA256 hash of a.iso:\nCertUtil: -hashfile command FAILED: 0x80070002",
    ] {
        assert!(found(text, None).unwrap_err().contains("is no checksum"), "{text}");
    }
}

#[test]
fn of_two_files_of_one_name_the_one_is_meant_that_the_path_ends_with() {
    let other = "0".repeat(64);
    let list = format!("{HEX}  a.iso\n{other}  sub/a.iso\n");
    for (path, expected) in [
        ("/downloads/a.iso", HEX),
        ("/downloads/sub/a.iso", &*other),
        ("a.iso", HEX),
        ("./sub/a.iso", &*other),
        ("/downloads/x/a.iso", HEX),
    ] {
        assert_eq!(found(&list, Some(path)).unwrap()[0].1, expected, "{path}");
    }
    let apart = list.replace("  a.iso", "  other/a.iso");
    assert!(found(&apart, Some("/downloads/a.iso")).unwrap_err().contains("say which as `name`"));
}
