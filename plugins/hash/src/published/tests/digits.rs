//! The digits of a checksum, which tell no size, in each form that programs print.

use super::*;

fn grouped(hex: &str, size: usize, between: &str) -> String {
    let groups: Vec<_> = hex.as_bytes().chunks(size).map(String::from_utf8_lossy).collect();
    groups.join(between)
}

/// A checksum as `gpg --print-md` writes it, with a gap in the middle.
fn of_gpg(hex: &str) -> String {
    let size = match hex.len() {
        32 => 2,
        40 => 4,
        64 => 8,
        // As Apache's lists have it.
        _ => return grouped(hex, 8, " "),
    };
    let (one, other) = hex.split_at(hex.len() / 2);
    format!("{}  {}", grouped(one, size, " "), grouped(other, size, " "))
}

/// The forms of a checksum, whose file has the name `a.iso`.
fn forms(label: &str, hex: &str, base64: &str) -> Vec<String> {
    let upper = hex.to_uppercase();
    let mut forms = vec![
        hex.to_string(),
        upper.clone(),
        format!("{hex}  a.iso"),
        format!("{label}: {hex}"),
        base64.to_string(),
        base64.trim_end_matches('=').to_string(),
        format!("{label}: {base64}"),
        format!("{label} Fingerprint={}", grouped(&upper, 2, ":")),
        format!(
            "{label} hash of a.iso:\n{hex}\nCertUtil: -hashfile command completed successfully."
        ),
        format!(
            "{label} hash of file a.iso:\r\n{}\r\nCertUtil: -hashfile command completed successfully.\r\n",
            grouped(hex, 2, " ")
        ),
        format!("a.iso: {}", of_gpg(&upper)),
    ];
    for between in [" ", ":", "-", "\n"] {
        for size in [2, 4, 8] {
            forms.push(grouped(hex, size, between));
            forms.push(grouped(&upper, size, between));
        }
    }
    forms
}

#[test]
fn no_size_is_read_out_of_a_checksum() {
    for number in 0..60 {
        for algorithm in [Algorithm::Md5, Algorithm::Sha1, Algorithm::Sha256, Algorithm::Sha512] {
            let (bytes, _) = algorithm.digest(format!("{number}").as_bytes()).unwrap();
            let [hex, base64] =
                [Encoding::Hex, Encoding::Base64].map(|to| to.encode(&bytes).unwrap());
            for text in forms(&algorithm.name().to_uppercase(), &hex, &base64) {
                let found = read(&text, Wanted::Path("/d/a.iso"));
                let found = found.unwrap_or_else(|error| panic!("{text}: {error}"));
                assert_eq!(found.unread_size, None, "{text}");
                let is_right = |entry: &Entry| entry.bytes == bytes && entry.size.is_none();
                assert!(found.entries.len() == 1 && found.entries.iter().all(is_right), "{text}");
            }
        }
    }
}

#[test]
fn a_size_beside_a_spaced_checksum_is_read() {
    let spaced = grouped(HEX, 4, " ");
    for text in [
        format!("SHA256 (a.iso) = {spaced}\nSIZE (a.iso) = 5"),
        format!("SHA256: {}\nSIZE (a.iso) = 5", grouped(HEX, 2, ":")),
    ] {
        let found = read(&text, Wanted::Path("/d/a.iso"));
        let found = found.unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(found.entries[0].size, Some(5), "{text}");
    }
}
