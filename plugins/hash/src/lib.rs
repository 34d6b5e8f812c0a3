//! The plugin `hash`: checksums, and bytes as text. This file is what the host sees; the modules
//! below know nothing of it.

mod digest;
mod encoding;

#[toolrack_sdk::plugin]
mod hash {
    use crate::digest::{self, Algorithm, Checksum, Form};
    use crate::encoding::Encoding;
    use toolrack_sdk::Json;

    /// Longest result: what the host lets through, less room for the message around it.
    const MAX_RESULT: usize = 250_000;

    /// Computes a checksum (SHA-2 or BLAKE3) of text or of bytes given in base64 or hex, and compares
    /// it with an expected one. Use it to verify a download, a signature's digest or an ETag, or to
    /// tell whether two texts are the same to the byte. A trailing line break counts.
    ///
    /// Example: data `hello`, algorithm `sha256`.
    #[tool(title = "Checksum", read_only, idempotent, open_world = false)]
    pub fn digest(
        /// What to compute the checksum of.
        data: &str,
        /// How `data` is written; default `text`, which stands for its UTF-8 bytes.
        #[serde(default)]
        encoding: Encoding,
        /// Default `sha256`.
        #[serde(default)]
        algorithm: Algorithm,
        /// How to write the checksum; default `hex`.
        #[serde(default)]
        output: Form,
        /// A checksum in hex or base64 to compare with.
        expected: Option<String>,
    ) -> Result<Json<Checksum>, String> {
        let bytes = encoding.decode(data)?;
        digest::checksum(&bytes, algorithm, output, expected.as_deref()).map(Json)
    }

    /// Converts between text, base64, base64url and hex: encodes text, decodes a token, a data URL's
    /// payload or a hex dump. Exact, where writing base64 by hand goes wrong.
    ///
    /// Example: data `aGVsbG8=`, from `base64`, to `text` gives `hello`.
    #[tool(title = "Encode or decode", read_only, idempotent, open_world = false)]
    pub fn convert(
        /// What to convert.
        data: &str,
        /// How `data` is written; `text` stands for its UTF-8 bytes.
        from: Encoding,
        /// How to write the result.
        to: Encoding,
    ) -> Result<String, String> {
        let bytes = from.decode(data)?;
        let length = to.encoded_length(bytes.len());
        if length > MAX_RESULT {
            return Err(format!(
                "the result would be {length} bytes long; the limit is {MAX_RESULT}: convert it in \
                 parts"
            ));
        }
        to.encode(&bytes)
    }
}
