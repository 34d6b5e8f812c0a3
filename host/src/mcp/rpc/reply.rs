//! Answers and errors as lines of JSON.

use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::super::version::TransportKind;
use super::id::Id;
use crate::text::clip;

/// An error that answers a request.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct RpcError {
    code: i64,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<Value>,
}

impl RpcError {
    fn new(code: i64, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), data: None }
    }

    /// Its code.
    pub(crate) fn code(&self) -> i64 {
        self.code
    }

    pub(crate) fn parse(message: impl Into<String>) -> Self {
        Self::new(-32700, message)
    }

    pub(crate) fn invalid_request(message: impl Into<String>) -> Self {
        Self::new(-32600, message)
    }

    pub(crate) fn unknown_method(method: &str) -> Self {
        let shown = clip(method, 80);
        Self::new(-32601, format!("unknown method `{shown}`"))
    }

    pub(crate) fn invalid_params(message: impl Into<String>) -> Self {
        Self::new(-32602, message)
    }

    pub(crate) fn internal(message: impl Into<String>) -> Self {
        Self::new(-32603, message)
    }

    /// The error of a request whose headers do not repeat what it says.
    pub(crate) fn header_mismatch(message: impl Into<String>) -> Self {
        Self::new(-32020, message)
    }

    pub(crate) fn unsupported_version(requested: &str, transport: TransportKind) -> Self {
        let shown = clip(requested, 80);
        let supported = transport.versions().collect::<Vec<_>>();
        let mut fault = Self::new(-32022, format!("protocol version `{shown}` is not supported"));
        fault.data = Some(json!({ "supported": supported, "requested": requested }));
        fault
    }
}

/// A notification as one line.
pub(crate) fn notification(method: &str, params: Option<impl Serialize>) -> String {
    #[derive(Serialize)]
    struct Notification<'a, T> {
        jsonrpc: &'static str,
        method: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        params: Option<T>,
    }
    line(&Notification { jsonrpc: "2.0", method, params })
}

/// A request's answer as one line. `id` is absent only where none could be read.
pub(crate) fn fault(id: Option<&Id>, fault: &RpcError) -> String {
    #[derive(Serialize)]
    struct ErrorReply<'a> {
        jsonrpc: &'static str,
        id: Option<&'a RawValue>,
        error: &'a RpcError,
    }
    line(&ErrorReply { jsonrpc: "2.0", id: id.map(Id::as_json), error: fault })
}

/// A request's result as one line.
pub(crate) fn result(id: &Id, result: &impl Serialize) -> String {
    #[derive(Serialize)]
    struct ResultReply<'a, T> {
        jsonrpc: &'static str,
        id: &'a RawValue,
        result: &'a T,
    }
    line(&ResultReply { jsonrpc: "2.0", id: id.as_json(), result })
}

/// One message as a line.
pub(crate) fn line(message: &impl Serialize) -> String {
    // Only maps with keys that are no strings fail, and there are none.
    serde_json::to_string(message).unwrap_or_default()
}
