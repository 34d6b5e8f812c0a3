//! The files that `[auth]` and `[redis]` name, and the variables: read when a server starts.

use std::path::{Path, PathBuf};

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use super::auth::{AuthSection, ClientSecretPlace, IssuerFiles};
use crate::fs::bounded_read::{ReadError, read_at_most};
use crate::fs::stated::Stated;
use crate::oauth::{ClientSecret, OauthSettings};
use crate::text::{escape, escape_path};
use crate::typed_path;

/// The longest secret, in bytes, and the largest file of certificates.
const MAX_CLIENT_SECRET: usize = 4 * 1024;
const MAX_AUTHORITIES: usize = 1024 * 1024;

/// The reason why a file or a variable of `[auth]` or `[redis]` cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum AuthFileError {
    /// Its path cannot be known.
    #[error("{place}: `{path}`: {error}")]
    Path {
        /// The place that names it.
        place: String,
        /// The path as it is written.
        path: String,
        /// The reason.
        error: String,
    },
    /// It cannot be read.
    #[error("{place}: {file} {error}")]
    Unreadable {
        /// The place that names it.
        place: String,
        /// The file.
        file: String,
        /// The reason.
        error: String,
    },
    /// It holds no certificate.
    #[error("{place}: {file} holds no certificate; it has to be PEM, with `BEGIN CERTIFICATE`")]
    NoCertificate {
        /// The place that names it.
        place: String,
        /// The file.
        file: String,
    },
    /// It holds no secret.
    #[error("{place}: {found} holds no secret: expected one line of visible text")]
    NoSecret {
        /// The place that names it.
        place: String,
        /// The file, or the variable.
        found: String,
    },
}

impl AuthSection {
    /// The settings with what is in files and variables.
    pub fn load(&self) -> Result<OauthSettings, AuthFileError> {
        let mut settings = self.settings.clone();
        for (at, IssuerFiles { client_secret, authorities }) in self.files.iter().enumerate() {
            let secret = client_secret.as_ref().map(secret).transpose()?.map(ClientSecret::new);
            let authorities = authorities.as_ref().map(certificates).transpose()?;
            settings.complete(at, secret, authorities.unwrap_or_default());
        }
        Ok(settings)
    }
}

/// The secret at a place, one line.
pub(super) fn secret(stated: &Stated<ClientSecretPlace>) -> Result<String, AuthFileError> {
    let (bytes, found) = match &stated.value {
        ClientSecretPlace::File(path) => {
            let path = expanded(path, &stated.place)?;
            (read(&path, MAX_CLIENT_SECRET, &stated.place)?, escape_path(&path))
        }
        ClientSecretPlace::Variable(name) => {
            let value = std::env::var(&**name).unwrap_or_default();
            (value.into_bytes(), format!("the variable {name}"))
        }
    };
    let text = std::str::from_utf8(bytes.trim_ascii_end()).unwrap_or_default();
    let is_one = !text.is_empty() && !text.contains(char::is_control);
    match is_one && text.len() <= MAX_CLIENT_SECRET {
        true => Ok(text.to_owned()),
        false => Err(AuthFileError::NoSecret { place: stated.place.to_string(), found }),
    }
}

/// The certificates in a file, at least one.
pub(super) fn certificates(
    stated: &Stated<Box<str>>,
) -> Result<Vec<CertificateDer<'static>>, AuthFileError> {
    let path = expanded(&stated.value, &stated.place)?;
    let bytes = read(&path, MAX_AUTHORITIES, &stated.place)?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    found.ok().filter(|found| !found.is_empty()).ok_or_else(|| AuthFileError::NoCertificate {
        place: stated.place.to_string(),
        file: escape_path(&path),
    })
}

fn expanded(path: &str, place: &str) -> Result<PathBuf, AuthFileError> {
    typed_path::expanded(path).map_err(|error| AuthFileError::Path {
        place: place.to_owned(),
        path: escape(path),
        error: error.to_string(),
    })
}

fn read(path: &Path, most: usize, place: &str) -> Result<Vec<u8>, AuthFileError> {
    read_at_most(path, most).map_err(|error: ReadError| AuthFileError::Unreadable {
        place: place.to_owned(),
        file: escape_path(path),
        error: error.to_string(),
    })
}
