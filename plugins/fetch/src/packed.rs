//! Bodies that come compressed though that was not asked for. Where the host adds a secret to a request, it refuses them
//! itself.

use std::io::{Chain, Cursor, Read, Result};

use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};

/// The packing of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packing {
    Plain,
    Gzip,
    Deflate,
}

impl Packing {
    /// Reads the header `content-encoding`. What names no encoding there is counts as none; one that cannot be undone is
    /// the error.
    pub fn parse(header: &str) -> std::result::Result<Self, &str> {
        let mut packing = Self::Plain;
        for name in header.split(',').map(str::trim) {
            let found = match name.to_ascii_lowercase().as_str() {
                "gzip" | "x-gzip" => Self::Gzip,
                "deflate" => Self::Deflate,
                "br" | "zstd" | "compress" | "x-compress" | "dcb" | "dcz" => return Err(header),
                _ => continue,
            };
            if packing != Self::Plain {
                return Err(header);
            }
            packing = found;
        }
        Ok(packing)
    }

    /// The bytes in a body. The caller bounds how many it reads.
    pub fn open<'a>(self, mut body: impl Read + 'a) -> Result<Box<dyn Read + 'a>> {
        if self == Self::Plain {
            return Ok(Box::new(body));
        }
        let mut start = Vec::new();
        body.by_ref().take(2).read_to_end(&mut start)?;
        let is_gzip = start == [0x1f, 0x8b];
        let is_zlib = matches!(start[..], [first, second]
            if first & 0x0f == 8 && (u16::from(first) << 8 | u16::from(second)) % 31 == 0);
        let body: Chain<_, _> = Cursor::new(start).chain(body);
        Ok(match self {
            _ if is_gzip => Box::new(MultiGzDecoder::new(body)),
            Self::Deflate if is_zlib => Box::new(ZlibDecoder::new(body)),
            Self::Deflate => Box::new(DeflateDecoder::new(body)),
            // It says so, and is not.
            Self::Gzip | Self::Plain => Box::new(body),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};

    use super::*;

    #[test]
    fn a_header_names_what_can_be_undone() {
        assert_eq!(Packing::parse(""), Ok(Packing::Plain));
        assert_eq!(Packing::parse("identity"), Ok(Packing::Plain));
        assert_eq!(Packing::parse("UTF-8"), Ok(Packing::Plain));
        assert_eq!(Packing::parse(" GZip"), Ok(Packing::Gzip));
        assert_eq!(Packing::parse("identity, deflate"), Ok(Packing::Deflate));
        assert_eq!(Packing::parse("br"), Err("br"));
        assert_eq!(Packing::parse("gzip, gzip"), Err("gzip, gzip"));
    }

    #[test]
    fn a_body_is_unpacked_by_what_it_is() {
        let check = |packing: Packing, body: &[u8], expected: &[u8]| {
            let mut found = Vec::new();
            packing.open(body).unwrap().read_to_end(&mut found).unwrap();
            assert_eq!(found, expected);
        };
        let text = b"tea, tea, and more tea".as_slice();
        let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
        let mut zlib = ZlibEncoder::new(Vec::new(), Compression::default());
        let mut raw = DeflateEncoder::new(Vec::new(), Compression::default());
        gzip.write_all(text).unwrap();
        zlib.write_all(text).unwrap();
        raw.write_all(text).unwrap();
        check(Packing::Gzip, &gzip.finish().unwrap(), text);
        check(Packing::Deflate, &zlib.finish().unwrap(), text);
        check(Packing::Deflate, &raw.finish().unwrap(), text);
        check(Packing::Gzip, text, text);
        check(Packing::Gzip, b"", b"");
        check(Packing::Plain, text, text);
    }
}
