//! The files and the socket that the settings of a server over HTTP name, in full.

use std::path::PathBuf;

use anyhow::Context as _;
use rustls::pki_types::CertificateDer;

use crate::configuration::HttpSection;
use crate::fs::stated::Stated;
use crate::mcp::own_certificate;
use crate::text::escape;
use crate::typed_path;

/// Returns the path of a socket in full.
pub(super) fn expanded_socket(path: PathBuf) -> anyhow::Result<PathBuf> {
    match path.to_str() {
        Some(written) => Ok(typed_path::expanded(written)?),
        None => Ok(path),
    }
}

/// Returns the file of the server's certificate. `None` if there is none.
pub(super) fn certificate_file(
    given: Option<PathBuf>,
    section: &HttpSection,
) -> anyhow::Result<Option<Stated<PathBuf>>> {
    file(given, "--tls-cert", section.tls_cert.as_ref(), "tls_cert")
}

/// The file that a flag names, or else the configuration. Its place is the flag, or the line and the key.
pub(super) fn file(
    given: Option<PathBuf>,
    flag: &str,
    section: Option<&Stated<Box<str>>>,
    key: &str,
) -> anyhow::Result<Option<Stated<PathBuf>>> {
    match given {
        Some(value) => Ok(Some(Stated { value, place: flag.into() })),
        None => section.map(|stated| configured(stated, key)).transpose(),
    }
}

/// Reads the certificate of the server that the configuration describes. `None` if it names none.
pub(super) fn configured_certificate(
    section: &HttpSection,
) -> anyhow::Result<Option<CertificateDer<'static>>> {
    let Some(stated) = &section.tls_cert else { return Ok(None) };
    Ok(Some(own_certificate(&configured(stated, "tls_cert")?)?))
}

/// Returns the file that the configuration names by `key`.
fn configured(
    Stated { value, place }: &Stated<Box<str>>,
    key: &str,
) -> anyhow::Result<Stated<PathBuf>> {
    let place = format!("{place}: `{key}`");
    let path =
        typed_path::expanded(value).with_context(|| format!("{place}: `{}`", escape(value)))?;
    Ok(Stated { value: path, place: place.into() })
}
