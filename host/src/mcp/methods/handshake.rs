//! The outcome of a handshake, and so the revision under which a request is served.

use serde_json::value::RawValue;

use super::super::rpc::reply::RpcError;
use super::super::rpc::version::Version;
use super::params::{self, RequestMeta};
use super::result;

/// The session of a client that began with `initialize`. Others say with each request what they speak.
#[derive(Default)]
pub(crate) struct Handshake {
    version: Option<Version>,
    /// The client said that it is ready for notifications.
    initialized: bool,
}

impl Handshake {
    /// True if the client may send batches.
    pub(crate) fn has_batches(&self) -> bool {
        self.version.is_some_and(Version::has_batches)
    }

    /// True if the client is told of changes.
    pub(crate) fn is_told(&self) -> bool {
        self.initialized
    }

    /// `notifications/initialized`; without `initialize` before, it says nothing.
    pub(crate) fn initialized(&mut self) {
        self.initialized = self.version.is_some();
    }

    /// The revision that a request is served under. `initialize` begins a session.
    pub(crate) fn version_of(
        &mut self,
        method: &str,
        meta: &RequestMeta<'_>,
        params: Option<&RawValue>,
        in_batch: bool,
    ) -> Result<Version, RpcError> {
        if meta.is_modern() {
            return meta.modern_version();
        }
        if method == "initialize" {
            if in_batch {
                return Err(RpcError::invalid_request("`initialize` cannot be part of a batch"));
            }
            let version = params::initialize(params);
            *self = Self { version: Some(version), initialized: false };
            return Ok(version);
        }
        match self.version {
            Some(version) => Ok(version),
            None if method == "ping" => Ok(Version::NEWEST_LEGACY),
            None => {
                let supported = Version::ALL.map(Version::as_str).join(", ");
                Err(RpcError::invalid_params(format!(
                    "the request says no protocol version: put `{}` and `{}` into `params._meta` \
                     (2026-07-28), or send `initialize` first; supported are {supported}",
                    result::PROTOCOL_VERSION,
                    result::CLIENT_CAPABILITIES,
                )))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_handshake_begins_anew() {
        let mut session = Handshake::default();
        session.initialized();
        assert!(!session.is_told(), "there was no handshake");
        for _ in 0..2 {
            let version = session
                .version_of("initialize", &RequestMeta::default(), None, false)
                .unwrap_or_else(|_| panic!("a version"));
            assert_eq!(version, Version::NEWEST_LEGACY);
            assert!(!session.is_told());
            session.initialized();
            assert!(session.is_told());
        }
    }
}
