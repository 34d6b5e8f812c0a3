//! A line turned into a checked message, or into the error that answers it.
//!
//! Arguments are not copied or looked into here: they stay the client's bytes.

use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::id::Id;
use super::lines::{InputLine, MAX_LINE};
use super::reply::RpcError;
use crate::mcp::version::TransportKind;

/// A message that can be acted on.
#[derive(Debug)]
pub(crate) enum Message<'a> {
    Request {
        id: Id,
        method: String,
        params: Option<&'a RawValue>,
    },
    Notification {
        method: String,
        params: Option<&'a RawValue>,
    },
    /// An answer to something this server never asked.
    Response,
}

/// The content of a line.
pub(crate) enum Parsed<'a> {
    Nothing,
    One(Result<Message<'a>, RefusedMessage>),
    /// An array, item by item.
    Batch(Vec<&'a RawValue>),
}

/// A message that is answered with an error at once.
#[derive(Debug)]
pub(crate) struct RefusedMessage {
    pub(crate) id: Option<Id>,
    pub(crate) fault: RpcError,
}

/// Reads a line, or the body of a request.
pub(crate) fn parse(line: &InputLine, transport: TransportKind) -> Parsed<'_> {
    let container = transport.container();
    let bytes = match line {
        InputLine::Whole(bytes) => bytes,
        InputLine::TooLong(start) => {
            let fault =
                RpcError::invalid_request(format!("{container} is longer than {MAX_LINE} bytes"));
            return Parsed::One(Err(RefusedMessage { id: id_at_start(start), fault }));
        }
    };
    // Some shells and editors put a byte order mark before text.
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if bytes.trim_ascii().is_empty() {
        return Parsed::Nothing;
    }
    let refuse = |fault| Parsed::One(Err(RefusedMessage { id: None, fault }));
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            return refuse(RpcError::parse(format!(
                "{container} is not UTF-8: byte {} is wrong",
                error.valid_up_to()
            )));
        }
    };
    let raw: &RawValue = match serde_json::from_str(text) {
        Ok(raw) => raw,
        Err(_) if transport == TransportKind::Stdio && is_header(text) => {
            return refuse(RpcError::parse(
                "the line is a header, and MCP over stdio has none: write each message as JSON on a line of its own",
            ));
        }
        Err(error) => return refuse(RpcError::parse(format!("{container} is not JSON: {error}"))),
    };
    match raw.get().as_bytes().first() {
        Some(b'[') => match serde_json::from_str(raw.get()) {
            Ok(items) => Parsed::Batch(items),
            Err(error) => refuse(RpcError::parse(error.to_string())),
        },
        _ => Parsed::One(message(raw)),
    }
}

/// True if a line is a header of the framing that the Language Server Protocol has.
fn is_header(text: &str) -> bool {
    let name = text.split_once(':').map(|(name, _)| name.trim());
    name.is_some_and(|name| {
        ["content-length", "content-type"].iter().any(|known| name.eq_ignore_ascii_case(known))
    })
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, default, deserialize_with = "present")]
    jsonrpc: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    id: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    method: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    params: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    result: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    error: Option<&'a RawValue>,
}

/// A member that is there, be it `null`.
pub(crate) fn present<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}

/// One message of a line or of a batch.
pub(crate) fn message(raw: &RawValue) -> Result<Message<'_>, RefusedMessage> {
    let refuse = |id, problem: &str| {
        Err(RefusedMessage { id, fault: RpcError::invalid_request(problem.to_owned()) })
    };
    if !raw.get().starts_with('{') {
        return refuse(None, "a message is a JSON object");
    }
    let envelope: Envelope<'_> = match serde_json::from_str(raw.get()) {
        Ok(envelope) => envelope,
        Err(error) => return refuse(id_at_start(raw.get().as_bytes()), &error.to_string()),
    };
    let id = envelope.id.and_then(Id::parse);
    let version: Option<String> =
        envelope.jsonrpc.and_then(|raw| serde_json::from_str(raw.get()).ok());
    if version.as_deref() != Some("2.0") {
        return refuse(id, "the message lacks `\"jsonrpc\": \"2.0\"`");
    }
    let Some(method) = envelope.method else {
        return match envelope.result.or(envelope.error) {
            Some(_) => Ok(Message::Response),
            None => refuse(id, "the message has neither `method` nor `result` nor `error`"),
        };
    };
    let Ok(method) = serde_json::from_str::<String>(method.get()) else {
        return refuse(id, "`method` is not a string");
    };
    match (envelope.id, id) {
        (None, _) => Ok(Message::Notification { method, params: envelope.params }),
        (Some(_), Some(id)) => Ok(Message::Request { id, method, params: envelope.params }),
        (Some(_), None) => refuse(None, "`id` is neither a string nor an integer"),
    }
}

/// The id of a message of which only the beginning can be read.
fn id_at_start(start: &[u8]) -> Option<Id> {
    struct Seek<'a>(&'a mut Option<Id>);

    impl<'de> DeserializeSeed<'de> for Seek<'_> {
        type Value = ();

        fn deserialize<D: serde::Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
            from.deserialize_map(self)
        }
    }

    impl<'de> Visitor<'de> for Seek<'_> {
        type Value = ();

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a message")
        }

        fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<(), M::Error> {
            while let Some(key) = map.next_key::<String>()? {
                if key == "id" {
                    *self.0 = Id::parse(map.next_value::<&RawValue>()?);
                    return Ok(());
                }
                map.next_value::<IgnoredAny>()?;
            }
            Ok(())
        }
    }

    let mut id = None;
    // The text ends somewhere in the middle, so an error is certain; what was found stands.
    let _ = Seek(&mut id).deserialize(&mut serde_json::Deserializer::from_slice(start));
    id
}
