//! `_meta` of requests and results, and the members that every result has.
//!
//! What a method means is not known here.

use std::borrow::Cow;
use std::sync::Arc;

use serde::ser::{SerializeMap as _, Serializer};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::super::rpc::id::Id;
use super::super::rpc::message::present;
use super::super::rpc::reply::RpcError;
use super::super::version::{TransportKind, Version};
use crate::text::clip;
use crate::tool::TraceParent;

/// The key of a request's protocol version, and its siblings.
pub(crate) const PROTOCOL_VERSION: &str = "io.modelcontextprotocol/protocolVersion";
pub(crate) const CLIENT_CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";
pub(crate) const SUBSCRIPTION_ID: &str = "io.modelcontextprotocol/subscriptionId";
const SERVER_INFO: &str = "io.modelcontextprotocol/serverInfo";
/// The key in `_meta` for the fuel, memory and time that a call spent.
const USAGE: &str = "toolrack/usage";
/// The key in `_meta` that says that an answer had been kept, and for how long.
const CACHE: &str = "toolrack/cache";

/// `_meta` of a request, as far as it concerns the server.
#[derive(Default, Deserialize)]
pub(crate) struct RequestMeta<'a> {
    #[serde(
        borrow,
        default,
        rename = "io.modelcontextprotocol/protocolVersion",
        deserialize_with = "present"
    )]
    version: Option<&'a RawValue>,
    #[serde(
        borrow,
        default,
        rename = "io.modelcontextprotocol/clientCapabilities",
        deserialize_with = "present"
    )]
    capabilities: Option<&'a RawValue>,
    #[serde(
        borrow,
        default,
        rename = "io.modelcontextprotocol/clientInfo",
        deserialize_with = "present"
    )]
    client: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "progressToken", deserialize_with = "present")]
    progress_token: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    traceparent: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    tracestate: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
struct WithMeta<'a> {
    #[serde(borrow, default, rename = "_meta", deserialize_with = "present")]
    meta: Option<&'a RawValue>,
}

impl<'a> RequestMeta<'a> {
    /// `_meta` of `params`; empty where there is none.
    pub(crate) fn of(params: Option<&'a RawValue>) -> Result<Self, RpcError> {
        let Some(params) = params else { return Ok(Self::default()) };
        if !is_object(params) {
            return Err(RpcError::invalid_params("`params` is not an object"));
        }
        match read::<WithMeta<'_>>(params)?.meta {
            Some(meta) if is_object(meta) => read(meta),
            Some(_) => Err(RpcError::invalid_params("`_meta` is not an object")),
            None => Ok(Self::default()),
        }
    }

    /// True if the request speaks the stateless protocol: it says its version itself.
    pub(crate) fn is_modern(&self) -> bool {
        self.version.is_some()
    }

    /// The version that the request says, whatever it is.
    pub(crate) fn requested_version(&self) -> Result<Option<String>, RpcError> {
        self.version.map(text).transpose()
    }

    /// The version of a modern request, if everything it must say is there.
    pub(crate) fn modern_version(&self, transport: TransportKind) -> Result<Version, RpcError> {
        let requested = self.version.map(text).transpose()?.unwrap_or_default();
        let Some(version) = transport.version(&requested) else {
            return Err(RpcError::unsupported_version(&requested, transport));
        };
        if !version.is_modern() {
            return Err(RpcError::invalid_params(format!(
                "protocol version {requested} begins with `initialize`; send it without `{}` first",
                PROTOCOL_VERSION
            )));
        }
        if !self.capabilities.is_some_and(is_object) {
            return Err(RpcError::invalid_params(format!(
                "`_meta` lacks the object `{}`",
                CLIENT_CAPABILITIES
            )));
        }
        Ok(version)
    }

    /// The name that the client gives itself, if it does.
    pub(crate) fn client(&self) -> Option<Arc<str>> {
        client_name(self.client?)
    }

    /// The span that the request names as its parent. `None` if it names none, or not in the form that traces have.
    pub(crate) fn trace_parent(&self) -> Option<TraceParent> {
        let parent = serde_json::from_str::<Cow<'_, str>>(self.traceparent?.get()).ok()?;
        let state = self.tracestate.and_then(|raw| text(raw).ok());
        TraceParent::parse(&parent, state.as_deref())
    }

    /// The progress token, a string or an integer, as it came.
    pub(crate) fn progress_token(&self) -> Result<Option<Box<RawValue>>, RpcError> {
        let Some(raw) = self.progress_token else { return Ok(None) };
        // It has the form of an id.
        if !Id::parse(raw).is_some_and(|token| token.is_exact()) {
            return Err(RpcError::invalid_params(
                "`progressToken` is neither a string nor an integer of 64 bits",
            ));
        }
        Ok(Some(raw.to_owned()))
    }
}

/// The longest name of a client that is kept, in bytes.
pub(crate) const MAX_CLIENT_NAME: usize = 128;

/// Returns the name in what a client says of itself, as much of it as is kept. `None` if there is none.
pub(crate) fn client_name(info: &RawValue) -> Option<Arc<str>> {
    #[derive(Deserialize)]
    struct ClientInfo<'a> {
        #[serde(borrow)]
        name: Cow<'a, str>,
    }
    let info = serde_json::from_str::<ClientInfo<'_>>(info.get()).ok()?;
    Some(clip(&info.name, MAX_CLIENT_NAME).into()).filter(|name: &Arc<str>| !name.is_empty())
}

pub(crate) fn read<'a, T: Deserialize<'a>>(raw: &'a RawValue) -> Result<T, RpcError> {
    serde_json::from_str(raw.get())
        .map_err(|error| RpcError::invalid_params(format!("the parameters do not fit: {error}")))
}

pub(crate) fn text(raw: &RawValue) -> Result<String, RpcError> {
    serde_json::from_str(raw.get()).map_err(|_| RpcError::invalid_params("a string was expected"))
}

pub(crate) fn is_object(raw: &RawValue) -> bool {
    raw.get().starts_with('{')
}

/// `Toolrack`'s name and version.
#[derive(Serialize)]
pub(crate) struct ServerInfo {
    name: &'static str,
    title: &'static str,
    version: &'static str,
}

pub(crate) const TOOLRACK: ServerInfo =
    ServerInfo { name: "toolrack", title: "Toolrack", version: env!("CARGO_PKG_VERSION") };

/// The members that every modern result has besides its own.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Common {
    #[serde(skip_serializing_if = "Option::is_none")]
    result_type: Option<&'static str>,
    #[serde(rename = "_meta", skip_serializing_if = "ResultMeta::is_empty")]
    meta: ResultMeta,
}

/// `_meta` of a result.
pub(crate) struct ResultMeta {
    given: Map<String, Value>,
    spent: Option<CallCost>,
    server: Option<ServerInfo>,
}

/// The fuel, memory and time that a call spent, as a client is told.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CallCost {
    pub(crate) fuel: u64,
    pub(crate) peak_memory_bytes: u64,
    pub(crate) time_ms: f64,
    /// The milliseconds for which the answer had been kept. `None` if the call made it.
    #[serde(skip)]
    pub(crate) answer_age_ms: Option<u32>,
}

/// The answer of an earlier call, as a client is told.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CacheHit {
    age_ms: u32,
}

impl Common {
    pub(crate) fn new(version: Version) -> Self {
        Self::with(version, Map::new(), None)
    }

    pub(crate) fn with(
        version: Version,
        mut given: Map<String, Value>,
        spent: Option<CallCost>,
    ) -> Self {
        let server = version.is_modern().then_some(TOOLRACK);
        // These words are the host's.
        given.retain(|key, _| key != USAGE && key != CACHE && key != SERVER_INFO);
        let result_type = version.is_modern().then_some("complete");
        Self { result_type, meta: ResultMeta { given, spent, server } }
    }
}

impl ResultMeta {
    fn is_empty(&self) -> bool {
        self.given.is_empty() && self.spent.is_none() && self.server.is_none()
    }
}

impl Serialize for ResultMeta {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (key, value) in &self.given {
            map.serialize_entry(key, value)?;
        }
        if let Some(spent) = &self.spent {
            map.serialize_entry(USAGE, spent)?;
            if let Some(age_ms) = spent.answer_age_ms {
                map.serialize_entry(CACHE, &CacheHit { age_ms })?;
            }
        }
        if let Some(server) = &self.server {
            map.serialize_entry(SERVER_INFO, server)?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plugin_does_not_say_what_the_host_says() {
        let given = |key: &str| (key.to_owned(), Value::from("forged"));
        let given = [USAGE, CACHE, SERVER_INFO, "a/b"].map(given).into_iter().collect();
        let cost =
            |answer_age_ms| CallCost { fuel: 0, peak_memory_bytes: 0, time_ms: 0.0, answer_age_ms };
        let meta = |age| {
            let common = Common::with(Version::ALL[0], Map::clone(&given), Some(cost(age)));
            serde_json::to_value(&common).expect("JSON")["_meta"].clone()
        };
        let made = meta(None);
        assert!(made.get(CACHE).is_none(), "{made}");
        assert!(made["a/b"] == "forged" && made[USAGE]["fuel"] == 0, "{made}");
        assert_eq!(meta(Some(1))[CACHE], serde_json::json!({ "ageMs": 1 }));
    }

    #[test]
    fn a_progress_token_is_a_string_or_a_whole_number_and_comes_back_as_it_came() {
        for (token, is_one) in [
            ("\"a\"", true),
            ("7", true),
            ("-9223372036854775808", true),
            ("1.5", false),
            ("1e400", false),
            ("123456789012345678901234567890", false),
            ("null", false),
            ("[1]", false),
            ("{}", false),
        ] {
            let params = format!(r#"{{"_meta":{{"progressToken":{token}}}}}"#);
            let params = RawValue::from_string(params).expect("JSON");
            let meta = RequestMeta::of(Some(&params)).unwrap_or_else(|_| panic!("an object"));
            let found = meta.progress_token().ok().flatten();
            let expected = is_one.then_some(token);
            assert_eq!(found.as_deref().map(RawValue::get), expected, "{token}");
        }
    }
}
