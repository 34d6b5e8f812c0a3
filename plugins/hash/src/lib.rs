//! The plugin `hash`: checksums, and bytes as text. This file is what the host sees; the modules
//! below know nothing of it.

mod compare;
mod digest;
mod dump;
mod encoding;
mod published;
mod source;
mod verify;

#[toolrack_sdk::plugin]
mod hash {
    use crate::compare::{Checksum, Form};
    use crate::digest::Algorithm;
    use crate::encoding::Encoding;
    use crate::published::{self, Wanted};
    use crate::source::{self, Source};
    use crate::verify;
    use toolrack_sdk::{Json, ToolError};

    /// Longest result: 20,000 tokens are more than any model reads with care.
    const MAX_RESULT: usize = 80_000;

    /// Computes a checksum of text, of bytes or of a granted file, and compares it with a published one. Use it to
    /// verify a download, or to tell whether two texts are the same to the byte; a line break at the end counts.
    ///
    /// Example: path `/downloads/a.iso`, expected `sha256:2cf2...`.
    #[tool(title = "Checksum", read_only, idempotent, open_world = false)]
    pub fn digest(
        data: Option<String>,
        /// A granted file in place of `data`.
        path: Option<String>,
        /// How it is written; `text` stands for its bytes.
        #[serde(default)]
        encoding: Encoding,
        /// Default that of `expected`, else `sha256`.
        algorithm: Option<Algorithm>,
        #[serde(default)] output: Form,
        /// The published checksum, alone, as `sha256:...`, or a whole SHA256SUMS file.
        expected: Option<String>,
        /// Which file of a list in `expected`, as it stands there; default that of `path`.
        name: Option<String>,
    ) -> Result<Json<Checksum>, ToolError> {
        let source = Source::of(data, path, encoding)?;
        let wanted = match (name.as_deref(), source.path()) {
            (Some(name), _) => Wanted::Name(name),
            (None, Some(path)) => Wanted::Path(path),
            (None, None) => Wanted::Any,
        };
        let expected = expected.as_deref().map(|text| published::read(text, wanted)).transpose()?;
        let expected = expected.unwrap_or_default();
        Ok(Json(verify::verify(&source, algorithm, output, expected)?))
    }

    /// Converts between text, base64, base64url, base32 and hex. Use it to encode, or to decode a token, a
    /// data URL's payload or a hex dump: by hand that goes wrong.
    ///
    /// Example: data `aGVsbG8=`, from `base64`, to `text` gives `hello`.
    #[tool(title = "Encode or decode", read_only, idempotent, open_world = false)]
    pub fn convert(
        data: Option<String>,
        /// A granted file in place of `data`.
        path: Option<String>,
        /// How it is written; `text` stands for its bytes.
        from: Encoding,
        /// How to write the result.
        to: Encoding,
    ) -> Result<String, ToolError> {
        let bytes = source::bytes(data, path, from)?;
        let length = to.encoded_length(bytes.len());
        if length > MAX_RESULT {
            return Err(ToolError::new(format_args!(
                "the result would be {length} bytes long; the limit is {MAX_RESULT}: convert it in parts"
            )));
        }
        Ok(to.encode(&bytes)?)
    }
}
