use super::*;

#[test]
fn a_checksum_is_found_within_other_texts() {
    for text in [
        "{\"sha256\": \"{}\"}",
        "{\n \"name\": \"a.iso\",\n \"sha256\": \"{}\",\n \"size\": 12\n}",
        "{\"digest\": \"sha256:{}\"}",
        "{file = \"a.whl\", hash = \"sha256:{}\"},",
        "<hash type=\"sha-256\">{}</hash>",
        "<td>SHA256</td><td><code>{}</code></td>",
        "<p>SHA-256: <tt>{}</tt></p>",
        "The SHA256 is {}.",
        "sha256sums=('{}')",
        "python:3.12@sha256:{}",
        "SHA256({})",
        "integrity: sha256-BASE64",
        "Digest: sha-256=BASE64",
        "Repr-Digest: sha-256=:BASE64:",
    ] {
        let text = text.replace("{}", HEX).replace("BASE64", BASE64);
        let expected = vec![(Some(Algorithm::Sha256), HEX.to_string(), None)];
        assert_eq!(found(&text, None), Ok(expected), "{text}");
    }
    let table = format!("| File | SHA256 |\n|---|---|\n| a.iso | {HEX} |");
    let named = Some("a.iso".to_string());
    assert_eq!(found(&table, None), Ok(vec![(Some(Algorithm::Sha256), HEX.to_string(), named)]));
    let bare = found(&format!("checksum = \"{HEX}\""), None).unwrap();
    assert_eq!(bare[0], (None, HEX.to_string(), None));
    let (md5, other) = ("0".repeat(32), "1".repeat(64));
    let both = format!("{{\"md5\": \"{md5}\", \"sha256\": \"{HEX}\"}}");
    assert_eq!(found(&both, None).unwrap().len(), 2);
    for text in [
        format!("{{\"a\": \"{HEX}\"}}"),
        format!("{{\"sha256\": [\"{HEX}\", \"{other}\"]}}"),
        format!("<td>MD5</td><td>SHA256</td><td>{md5}</td><td>{HEX}</td>"),
        format!("The salted SHA256 is {HEX}."),
        format!("{HEX}  a.iso\nThe SHA256 is above."),
        format!("The SHA256 is {}.", &HEX[1..]),
        format!("SHA256 (a) = {HEX}\nSHA256 (b) = {}", &HEX[1..]),
    ] {
        found(&text, None).expect_err(&text);
    }
    for (label, text) in [
        ("sha3-256", format!("{{\"sha3-256\": \"{HEX}\"}}")),
        ("SHA3-256", format!("| File | SHA3-256 |\n|---|---|\n| a.iso | {HEX} |")),
    ] {
        let message = found(&text, None).unwrap_err();
        assert!(message.contains(&format!("`{label}` is no algorithm")), "{message}");
    }
}

#[test]
fn no_checksum_is_taken_for_a_name() {
    let (md5, sha1, other) = ("0".repeat(32), "1".repeat(40), "2".repeat(64));
    for (text, name) in [
        (format!("MD5: {md5} SHA1: {sha1} SHA256: {HEX}"), None),
        (format!("MD5: {md5}, SHA1: {sha1}; sha256={HEX}"), None),
        (format!("MD5 = {md5} SHA1 = {sha1} SHA-256 = {HEX}"), None),
        (format!("a b.iso: MD5 {md5} SHA1 {sha1} SHA256 {HEX}"), Some("a b.iso")),
        (format!("DIST a.iso 12 MD5 {md5} SHA1 {sha1} SHA256 {HEX}"), Some("a.iso")),
    ] {
        let found = found(&text, None).unwrap();
        let algorithms: Vec<_> = found.iter().filter_map(|entry| entry.0).collect();
        assert_eq!(algorithms, [Algorithm::Md5, Algorithm::Sha1, Algorithm::Sha256], "{text}");
        assert!(found.iter().all(|entry| entry.2.as_deref() == name), "{text}: {found:?}");
    }
    for text in [
        format!("MD5: {md5} a.iso {sha1}"),
        format!("{md5} a.iso {sha1}"),
        format!("a.iso {md5} {HEX}"),
        format!("MD5: {md5} SHA3-256: {HEX}"),
        format!("DIST a.iso 12 SHA256 {HEX} WHIRLPOOL {other}{other}"),
        format!("--hash=sha256:{HEX} \\\nother==1.0 --hash=sha256:{other}"),
        format!("--hash={HEX}"),
        format!("MD5: {md5}\t{HEX}"),
        format!("sha1={sha1}<br>SHA256: {HEX}"),
        format!("<td>MD5</td><td>{md5}</td> {HEX}"),
        format!("{md5}; SHA1 = {sha1}; sha256 = {HEX}"),
        format!("SHA1: {sha1}  {md5}"),
        format!("SHA256 {HEX}\t{sha1}\ta.iso"),
        format!("MD5: {md5} --hash=sha256:{HEX}"),
        format!("MD5: {md5}<br>--hash=sha256:"),
        format!("$ shasum -a 512256 a.iso\n{HEX}  a.iso"),
    ] {
        found(&text, None).expect_err(&text);
    }
    let blob = found(&format!("{HEX}  blobs/{md5}\n"), Some(&format!("/x/blobs/{md5}"))).unwrap();
    assert_eq!(blob[0].1, HEX);
    let files = format!("a.iso\nMD5: {md5}\nSHA256: {HEX}\nb.iso\nSHA256: {other}\n");
    assert_eq!(found(&files, Some("a.iso")).unwrap().len(), 2);
    assert_eq!(found(&files, Some("/x/b.iso")).unwrap()[0].1, other);
    let pip = format!("a==1 --hash=sha256:{other} --hash=sha256:{HEX}");
    assert_eq!(found(&pip, None).unwrap().len(), 2);
}
