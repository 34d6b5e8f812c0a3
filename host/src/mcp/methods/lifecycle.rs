//! The beginning and the end of things: the handshake, `server/discover`, `ping`, and requests that are cancelled.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::super::rpc::reply::RpcError;
use super::super::version::{TransportKind, Version};
use super::meta::{
    CLIENT_CAPABILITIES, Common, PROTOCOL_VERSION, RequestMeta, TOOLRACK, client_name,
};
use crate::tool::FeatureKind;

/// The time for which a client may keep the answer of `server/discover`, in milliseconds.
const DISCOVER_TTL: u64 = 3_600_000;

/// The session of a client that began with `initialize`. Others say with each request what they speak.
#[derive(Default)]
pub(crate) struct Handshake {
    version: Option<Version>,
    /// The client said that it is ready for notifications.
    initialized: bool,
    /// The name that the client gives itself.
    client: Option<Arc<str>>,
}

impl Handshake {
    /// A handshake that agreed on this revision. `initialized` if the client is ready for notifications.
    pub(crate) fn agreed(version: Version, initialized: bool) -> Self {
        Self { version: Some(version), initialized, client: None }
    }

    /// The name that the client gave itself when it began. `None` if it began elsewhere, or gave none.
    pub(crate) fn client(&self) -> Option<&Arc<str>> {
        self.client.as_ref()
    }

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
        transport: TransportKind,
    ) -> Result<Version, RpcError> {
        if meta.is_modern() {
            return meta.modern_version(transport);
        }
        if method == "initialize" {
            if in_batch {
                return Err(RpcError::invalid_request("`initialize` cannot be part of a batch"));
            }
            let version = requested_version(params, transport);
            let client = named_client(params);
            *self = Self { version: Some(version), initialized: false, client };
            return Ok(version);
        }
        match self.version {
            Some(version) => Ok(version),
            None if method == "ping" => Ok(Version::NEWEST_LEGACY),
            None => {
                let supported = transport.versions().map(Version::as_str).collect::<Vec<_>>();
                let supported = supported.join(", ");
                Err(RpcError::invalid_params(format!(
                    "the request says no protocol version: put `{}` and `{}` into `params._meta` \
                     (2026-07-28), or send `initialize` first; supported are {supported}",
                    PROTOCOL_VERSION, CLIENT_CAPABILITIES,
                )))
            }
        }
    }
}

/// Returns the revision that `initialize` asks for. Whatever is odd about its parameters, the handshake goes on.
pub(crate) fn requested_version(params: Option<&RawValue>, transport: TransportKind) -> Version {
    #[derive(Deserialize)]
    struct InitializeParams<'a> {
        #[serde(borrow, rename = "protocolVersion")]
        version: std::borrow::Cow<'a, str>,
    }
    params
        .and_then(|raw| serde_json::from_str::<InitializeParams<'_>>(raw.get()).ok())
        .and_then(|params| transport.version(&params.version))
        .filter(|version| !version.is_modern())
        .unwrap_or(Version::NEWEST_LEGACY)
}

/// Returns the name of the client that begins with these parameters, if they have one.
fn named_client(params: Option<&RawValue>) -> Option<Arc<str>> {
    #[derive(Deserialize)]
    struct NamedClient<'a> {
        #[serde(borrow, rename = "clientInfo")]
        client: &'a RawValue,
    }
    let params = serde_json::from_str::<NamedClient<'_>>(params?.get()).ok()?;
    client_name(params.client)
}

/// The result of `initialize`.
pub(crate) fn initialize(version: Version, instructions: &str) -> impl Serialize {
    json!({
        "protocolVersion": version,
        "capabilities": capabilities(),
        "serverInfo": TOOLRACK,
        "instructions": instructions,
    })
}

/// The result of `server/discover`.
pub(crate) fn discover(
    version: Version,
    instructions: &str,
    transport: TransportKind,
) -> impl Serialize {
    let mut body = empty(version);
    body["supportedVersions"] = json!(transport.versions().collect::<Vec<_>>());
    body["capabilities"] = capabilities();
    body["instructions"] = instructions.into();
    body["ttlMs"] = DISCOVER_TTL.into();
    body["cacheScope"] = "private".into();
    body
}

fn capabilities() -> Value {
    let listed = |kind: FeatureKind| (kind.mcp_name().to_owned(), json!({ "listChanged": true }));
    FeatureKind::ALL.into_iter().map(listed).collect::<Map<_, _>>().into()
}

/// A result that says only that it is complete: of `ping`, and of a subscription that ends.
pub(crate) fn empty(version: Version) -> Value {
    json!(Common::new(version))
}

/// The request that `notifications/cancelled` means, as raw JSON.
pub(crate) fn cancelled(params: Option<&RawValue>) -> Option<&RawValue> {
    #[derive(Deserialize)]
    struct CancelledParams<'a> {
        #[serde(borrow, rename = "requestId")]
        request: &'a RawValue,
    }
    serde_json::from_str::<CancelledParams<'_>>(params?.get()).ok().map(|params| params.request)
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
                .version_of(
                    "initialize",
                    &RequestMeta::default(),
                    None,
                    false,
                    TransportKind::Stdio,
                )
                .unwrap_or_else(|_| panic!("a version"));
            assert_eq!(version, Version::NEWEST_LEGACY);
            assert!(!session.is_told());
            session.initialized();
            assert!(session.is_told());
        }
    }
}
