//! Bytes to text: in the encoding that the answer or the document names, else by a good guess.

use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};

/// How far into a document its encoding is looked for, as browsers do.
const PRESCAN: usize = 1024;

/// The text of `bytes`; `named` is what the header says. What does not fit the encoding is replaced.
pub fn decode(bytes: &[u8], named: Option<&str>) -> String {
    let by_mark = Encoding::for_bom(bytes).map(|(encoding, _)| encoding);
    let by_name = || named.and_then(|name| Encoding::for_label(name.as_bytes()));
    let encoding = by_mark.or_else(by_name).or_else(|| declared(bytes)).unwrap_or_else(|| {
        // Bytes that happen to be UTF-8 are UTF-8; what is not was the web's usual one.
        if std::str::from_utf8(bytes).is_ok() { UTF_8 } else { WINDOWS_1252 }
    });
    encoding.decode(bytes).0.into_owned()
}

/// What `<meta charset=...>`, its older form, or an XML declaration says.
fn declared(bytes: &[u8]) -> Option<&'static Encoding> {
    let start = bytes[..bytes.len().min(PRESCAN)].to_ascii_lowercase();
    let text = String::from_utf8_lossy(&start);
    let after = match text.strip_prefix("<?xml") {
        Some(rest) => rest.split("?>").next()?.split("encoding=").nth(1)?,
        None => {
            let tag = text.split("<meta").skip(1).find(|tag| {
                tag.split('>').next().is_some_and(|attributes| attributes.contains("charset="))
            })?;
            tag.split("charset=").nth(1)?
        }
    };
    let name = after.trim_start_matches(['"', '\'']);
    let name = name.split(|c: char| !c.is_ascii_alphanumeric() && !"-_:.".contains(c)).next()?;
    let encoding = Encoding::for_label(name.as_bytes())?;
    // Who can write this in ASCII does not write UTF-16.
    Some(if encoding.is_ascii_compatible() { encoding } else { UTF_8 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_way_to_say_the_encoding_counts() {
        let check = |bytes: &[u8], named: Option<&str>, expected: &str| {
            assert_eq!(decode(bytes, named), expected);
        };
        check("ü".as_bytes(), None, "ü");
        check(b"\xfc", None, "ü");
        check(b"\xfc", Some("iso-8859-1"), "ü");
        check(b"\x82\xa0", Some("Shift_JIS"), "あ");
        check(b"\xff\xfe\xfc\0", Some("iso-8859-1"), "ü");
        check("ü".as_bytes(), Some("no such"), "ü");
        check(b"<meta charset=gbk>\xc4\xe3", None, "<meta charset=gbk>你");
        check(
            b"<META http-equiv='x' content='text/html; charset=koi8-r'>\xc1",
            None,
            "<META http-equiv='x' content='text/html; charset=koi8-r'>а",
        );
        check(
            b"<?xml version='1.0' encoding='latin1'?>\xfc",
            None,
            "<?xml version='1.0' encoding='latin1'?>ü",
        );
        check("<meta charset=utf-16>ü".as_bytes(), None, "<meta charset=utf-16>ü");
        // Said, and not kept.
        check(b"a\xfcb", Some("utf-8"), "a\u{fffd}b");
    }
}
