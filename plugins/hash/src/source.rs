//! The source of the bytes: an argument, or a granted file, which is read in parts where that will do.

use std::fs::File;
use std::io::Seek as _;

use toolrack_sdk::input::{self, Named};
use toolrack_sdk::{ToolError, files};

use crate::digest::Algorithm;
use crate::encoding::Encoding;

/// Most that is held in memory of a file that has to be decoded.
const MAX_DECODED: u64 = 8 * 1024 * 1024;

/// The bytes that a checksum is computed of.
pub enum Source {
    Bytes {
        bytes: Vec<u8>,
        path: Option<String>,
    },
    /// A file that is taken as it is, however large.
    File {
        file: File,
        path: String,
    },
}

impl Source {
    pub fn of(
        data: Option<String>,
        path: Option<String>,
        encoding: Encoding,
    ) -> Result<Source, ToolError> {
        match (data, input::path(path)?) {
            (None, Some(path)) if encoding == Encoding::Text => {
                // This says what is wrong with a directory, and waits for no pipe.
                let explained =
                    |error: std::io::Error| ToolError::new(files::explain(&error, &path));
                if !std::fs::metadata(&path).map_err(explained)?.is_file() {
                    return Err(ToolError::new(format_args!("`{path}` is no file; name a file")));
                }
                Ok(Source::File { file: File::open(&path).map_err(explained)?, path })
            }
            (data, path) => {
                let bytes = bytes(data, path.clone(), encoding)?;
                Ok(Source::Bytes { bytes, path })
            }
        }
    }

    pub fn path(&self) -> Option<&str> {
        match self {
            Source::Bytes { path, .. } => path.as_deref(),
            Source::File { path, .. } => Some(path),
        }
    }

    /// The checksum, and how many bytes it is of.
    pub fn digest(&self, algorithm: Algorithm) -> Result<(Vec<u8>, u64), ToolError> {
        match self {
            Source::Bytes { bytes, .. } => {
                algorithm.digest(&bytes[..]).map_err(|error| ToolError::new(error.to_string()))
            }
            Source::File { file, path } => {
                let explained =
                    |error: std::io::Error| ToolError::new(files::explain(&error, path));
                // Another algorithm may have read it before.
                let mut file = file;
                file.rewind().map_err(explained)?;
                algorithm.digest(file).map_err(explained)
            }
        }
    }
}

/// The bytes that an argument or a file stands for.
pub fn bytes(
    data: Option<String>,
    path: Option<String>,
    encoding: Encoding,
) -> Result<Vec<u8>, ToolError> {
    let path = input::path(path)?;
    let file = path.clone();
    let decode = |data: String| Ok(encoding.decode(&data)?);
    let bytes = input::bytes(Named("data", data), Named("path", path), MAX_DECODED, decode)?;
    match file.filter(|_| encoding != Encoding::Text) {
        Some(path) => {
            let text = toolrack_sdk::text::of_file(&bytes)
                .map_err(|kind| ToolError::new(format_args!("`{path}` is {kind}")))?;
            Ok(encoding.decode(&text)?)
        }
        None => Ok(bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_its_bytes_or_what_they_say() {
        let file = std::env::temp_dir().join(format!("toolrack-hash-{}", std::process::id()));
        std::fs::write(&file, "Zm9v\r\n").unwrap();
        let path = || Some(file.display().to_string());
        let digest =
            |encoding| Source::of(None, path(), encoding).unwrap().digest(Algorithm::Md5).unwrap();
        assert_eq!(digest(Encoding::Text), Algorithm::Md5.digest(&b"Zm9v\r\n"[..]).unwrap());
        assert_eq!(digest(Encoding::Base64), Algorithm::Md5.digest(&b"foo"[..]).unwrap());
        assert_eq!(bytes(None, path(), Encoding::Base64).unwrap(), b"foo");
        assert!(Source::of(Some("a".to_string()), path(), Encoding::Text).is_err());
        assert!(Source::of(None, None, Encoding::Text).is_err());
        let directory = std::env::temp_dir().display().to_string();
        assert!(Source::of(None, Some(directory), Encoding::Text).is_err());
        std::fs::remove_file(file).unwrap();
    }
}
