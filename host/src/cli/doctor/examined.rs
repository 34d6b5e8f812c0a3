//! The setup that is examined.

use std::path::PathBuf;

use rustls::pki_types::CertificateDer;

use crate::cli::configured_files::ConfiguredFiles;
use crate::clients::ServerEntry;
use crate::home::Home;
use crate::oauth::ServiceUrl;
use crate::redis::RedisSettings;

/// The directories and the entry that the checks look at.
pub(super) struct Examined {
    /// Plugin directories, absolute.
    pub(super) directories: Vec<PathBuf>,
    pub(super) home: Option<Home>,
    /// The files of the configuration.
    pub(super) configured: ConfiguredFiles,
    /// The problem with the audit log that the configuration names. `None` if it can be written.
    pub(super) audit_problem: Option<String>,
    /// The authorization servers whose tokens count.
    pub(super) issuers: Vec<ServiceUrl>,
    /// The settings of Redis, or what is wrong with them. `None` if none is named.
    pub(super) redis: Option<Result<RedisSettings, String>>,
    /// The certificate of the server that the configuration describes. `None` if it has none that can be read.
    pub(super) certificate: Option<CertificateDer<'static>>,
    /// The entry that clients should have.
    pub(super) entry: anyhow::Result<ServerEntry>,
}
