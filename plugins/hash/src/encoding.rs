//! Bytes as text, base64, base64url, base32 or hex, in both directions. Reading is lenient about what people
//! paste (line breaks, missing padding, either case of hex, hex dumps) and exact about everything else: what
//! does not fit is named with its place.

use crate::dump;
use data_encoding::{BASE32, BASE32_NOPAD, BASE64, BASE64_NOPAD, BASE64URL_NOPAD, DecodeKind};
use data_encoding::{Encoding as Alphabet, HEXLOWER, HEXLOWER_PERMISSIVE};

/// How bytes are written as characters.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    serde::Deserialize,
    serde::Serialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Encoding {
    #[default]
    Text,
    Base64,
    Base64Url,
    Base32,
    Hex,
}

use Encoding::{Base32, Base64, Base64Url, Hex, Text};

impl Encoding {
    fn name(self) -> &'static str {
        match self {
            Text => "text",
            Base64 => "base64",
            Base64Url => "base64url",
            Base32 => "base32",
            Hex => "hex",
        }
    }

    /// The bytes that `data` stands for.
    pub fn decode(self, data: &str) -> Result<Vec<u8>, String> {
        let alphabet: &Alphabet = match self {
            Text => return Ok(data.as_bytes().to_vec()),
            Base64 => &BASE64_NOPAD,
            Base64Url => &BASE64URL_NOPAD,
            Base32 => &BASE32_NOPAD,
            Hex => &HEXLOWER_PERMISSIVE,
        };
        let dumped = if self == Hex { dump::digits(data)? } else { None };
        let digits = dumped.map_or_else(|| self.digits(data), Ok)?;
        alphabet.decode(digits.as_bytes()).map_err(|error| {
            let name = self.name();
            match error.kind {
                DecodeKind::Trailing => format!(
                    "the {name} is cut off or damaged: its last character holds bits that belong \
                     to no byte"
                ),
                DecodeKind::Length | DecodeKind::Symbol | DecodeKind::Padding => {
                    format!("the {name} is cut off: its last character does not complete a byte")
                }
            }
        })
    }

    /// `data` without what only spaces it out, if all the rest belongs to this encoding.
    fn digits(self, data: &str) -> Result<String, String> {
        let (before, digits) = match self {
            Hex => match data
                .trim_ascii_start()
                .strip_prefix("0x")
                .or_else(|| data.trim_ascii_start().strip_prefix("0X"))
            {
                Some(digits) => (data.len() - digits.len(), digits),
                None => (0, data),
            },
            // Padding adds nothing that the length does not say.
            Base64 | Base64Url | Base32 | Text => (0, data.trim_ascii_end().trim_end_matches('=')),
        };
        let mut dense = String::with_capacity(digits.len());
        for (position, c) in digits.chars().enumerate() {
            match (self, c) {
                (Base32, 'A'..='Z' | 'a'..='z' | '2'..='7') => dense.push(c.to_ascii_uppercase()),
                (Base64 | Base64Url | Hex | Text, '0'..='9' | 'a'..='f' | 'A'..='F') => {
                    dense.push(c)
                }
                (Base64 | Base64Url, 'g'..='z' | 'G'..='Z') => dense.push(c),
                (Base64, '+' | '/') | (Base64Url, '-' | '_') => dense.push(c),
                // Fingerprints come as aa:bb:cc, on Windows as AA-BB-CC.
                (Hex, ':' | '-') => {}
                // Secrets of two-factor logins come as JBSW-Y3DP.
                (Base32, '-') => {}
                (_, c) if c.is_ascii_whitespace() => {}
                (_, found) => {
                    let hint = match (self, found) {
                        (Base64, '-' | '_') => "; this looks like base64url",
                        (Base64Url, '+' | '/') => "; this looks like base64",
                        (Base32, '0' | '1' | '8' | '9') => "; base32 has A to Z and 2 to 7",
                        _ => "",
                    };
                    let (position, name) = (before + position + 1, self.name());
                    return Err(format!(
                        "position {position}: {found:?} is not a character of {name}{hint}"
                    ));
                }
            }
        }
        Ok(dense)
    }

    /// `bytes` written in this encoding.
    pub fn encode(self, bytes: &[u8]) -> Result<String, String> {
        match self {
            Base64 => Ok(BASE64.encode(bytes)),
            Base64Url => Ok(BASE64URL_NOPAD.encode(bytes)),
            Base32 => Ok(BASE32.encode(bytes)),
            Hex => Ok(HEXLOWER.encode(bytes)),
            Text => String::from_utf8(bytes.to_vec()).map_err(|error| {
                let at = error.utf8_error().valid_up_to();
                format!(
                    "the {} bytes are not UTF-8 text: byte {} is 0x{:02x}, out of place; set `to` to \
                     hex or base64",
                    bytes.len(),
                    at + 1,
                    bytes[at]
                )
            }),
        }
    }

    /// The number of bytes that `encode` makes of `length` bytes.
    pub fn encoded_length(self, length: usize) -> usize {
        match self {
            Text => length,
            Base64 => length.div_ceil(3) * 4,
            Base64Url => (length * 4).div_ceil(3),
            Base32 => length.div_ceil(5) * 8,
            Hex => length * 2,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_survive_every_encoding() {
        let check = |encoding: Encoding, bytes: &[u8], expected: &str| {
            assert_eq!(encoding.encode(bytes).as_deref(), Ok(expected), "{encoding:?}");
            assert_eq!(encoding.decode(expected).as_deref(), Ok(bytes), "{encoding:?}");
            assert_eq!(encoding.encoded_length(bytes.len()), expected.len(), "{encoding:?}");
        };
        for (bytes, base64, url, hex) in [
            (&b""[..], "", "", ""),
            (b"f", "Zg==", "Zg", "66"),
            (b"fo", "Zm8=", "Zm8", "666f"),
            (b"foo", "Zm9v", "Zm9v", "666f6f"),
            (b"\xfb\xff", "+/8=", "-_8", "fbff"),
        ] {
            check(Base64, bytes, base64);
            check(Base64Url, bytes, url);
            check(Hex, bytes, hex);
        }
        check(Text, "grün".as_bytes(), "grün");
        for (bytes, base32) in
            [("", ""), ("f", "MY======"), ("fo", "MZXQ===="), ("foobar", "MZXW6YTBOI======")]
        {
            check(Base32, bytes.as_bytes(), base32);
        }
    }

    #[test]
    fn what_people_paste_is_read() {
        let check = |encoding: Encoding, data: &str, expected: &[u8]| {
            assert_eq!(encoding.decode(data).as_deref(), Ok(expected), "{data:?}");
        };
        check(Base64, "Zm9v\r\nYmE\n", b"fooba");
        check(Base64, "Zm9vYmE=", b"fooba");
        check(Base64Url, "Zg==", b"f");
        check(Hex, "66:6F 6f", b"foo");
        check(Hex, "0x66", b"f");
        check(Hex, " 0X66", b"f");
        check(Hex, "66-6F-6F", b"foo");
        check(Hex, "00000000: 666f 6f  foo\n", b"foo");
        check(Base32, "mzxw 6ytb-oi", b"foobar");
        check(Base64, "", b"");
        check(Base64, " Zm9v\n\t Zm9v ", b"foofoo");
    }

    #[test]
    fn damage_is_named_with_its_place() {
        let check = |encoding: Encoding, data: &str, expected: &str| {
            assert_eq!(encoding.decode(data), Err(expected.to_string()), "{data:?}");
        };
        check(Base64, "Zm9v\nYm!v", "position 8: '!' is not a character of base64");
        check(
            Base64,
            "Zm9v-w",
            "position 5: '-' is not a character of base64; this looks like base64url",
        );
        check(
            Base64Url,
            "/w",
            "position 1: '/' is not a character of base64url; this looks like base64",
        );
        check(
            Base32,
            "MY1",
            "position 3: '1' is not a character of base32; base32 has A to Z and 2 to 7",
        );
        check(Base64, "Z", "the base64 is cut off: its last character does not complete a byte");
        check(
            Base64,
            "Zh",
            "the base64 is cut off or damaged: its last character holds bits that belong to no byte",
        );
        check(Base64, "Zg==Zg", "position 3: '=' is not a character of base64");
        check(Hex, "0x 6 6é7", "position 7: 'é' is not a character of hex");
        check(Hex, "666", "the hex is cut off: its last character does not complete a byte");
        let message = Text.encode(b"ab\xffcd").unwrap_err();
        assert!(message.contains("byte 3 is 0xff"), "{message}");
    }
}
