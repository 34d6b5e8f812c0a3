//! The rules of the stateless revision for a request over HTTP: its headers repeat what its body says.
//!
//! Whoever stands between client and server decides by the headers, and the server by the body: they must not differ.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderName, StatusCode};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Number, Value};

use super::request::host_policy::ARGUMENT_HEADER;
use super::run::answer::HttpRefusal;
use crate::catalog::{Catalog, MAX_ARGUMENTS, Tool};
use crate::mcp::engine::CallCheck;
use crate::mcp::methods::meta::{PROTOCOL_VERSION, RequestMeta, is_object, read, text};
use crate::mcp::methods::request::is_method;
use crate::mcp::rpc::id::Id;
use crate::mcp::rpc::message::present;
use crate::mcp::rpc::reply::RpcError;
use crate::mcp::version::{TransportKind, Version};
use crate::text::{clip, escape};

pub(super) const VERSION_HEADER: &str = "mcp-protocol-version";
const METHOD_HEADER: &str = "mcp-method";
const NAME_HEADER: &str = "mcp-name";

/// True if the headers say that the request is one of the stateless revision.
pub(super) fn is_named(headers: &HeaderMap) -> bool {
    let named = headers.get(VERSION_HEADER).and_then(|version| version.to_str().ok());
    named
        .and_then(|version| TransportKind::Http.version(version.trim()))
        .is_some_and(Version::is_modern)
}

/// Checks the headers of an array: they can repeat one message alone.
pub(super) fn check_array(headers: &HeaderMap) -> Result<(), RpcError> {
    match [METHOD_HEADER, NAME_HEADER].into_iter().find(|header| headers.contains_key(*header)) {
        None => Ok(()),
        Some(header) => Err(RpcError::header_mismatch(format!(
            "the header `{header}` repeats one message, and the body is an array"
        ))),
    }
}

/// A request as far as its headers repeat it.
pub(super) struct MirroredRequest<'a> {
    pub(super) id: &'a Id,
    pub(super) method: &'a str,
    pub(super) params: Option<&'a RawValue>,
}

impl MirroredRequest<'_> {
    /// Checks a request of the stateless revision: its `_meta`, its headers and its method, in the order in which clients
    /// expect to be told.
    pub(super) fn check(
        &self,
        headers: &HeaderMap,
        catalog: Option<&Catalog>,
    ) -> Result<(), HttpRefusal> {
        let bad =
            |error: RpcError| HttpRefusal::rpc(StatusCode::BAD_REQUEST, Some(self.id), &error);
        let meta = RequestMeta::of(self.params).map_err(bad)?;
        let members = self.members().map_err(bad)?;
        let Some(version) = meta.requested_version().map_err(bad)? else {
            let error = format!("`_meta` lacks `{PROTOCOL_VERSION}`");
            return Err(bad(RpcError::invalid_params(error)));
        };
        let version = Some(Cow::from(version));
        compare(headers, VERSION_HEADER, PROTOCOL_VERSION, version, Spelling::Plain)
            .map_err(bad)?;
        let version = meta.modern_version(TransportKind::Http).map_err(bad)?;
        compare(headers, METHOD_HEADER, "method", Some(self.method.into()), Spelling::Plain)
            .map_err(bad)?;
        self.check_name(headers, &members).map_err(bad)?;
        let name = members.name.filter(|_| self.is_call()).and_then(|raw| text(raw).ok());
        if let Some(tool) = name.and_then(|name| catalog?.tool(&name)) {
            check_arguments(headers, tool, members.arguments).map_err(bad)?;
        }
        if is_method(self.method, version) {
            return Ok(());
        }
        let error = RpcError::unknown_method(self.method);
        Err(HttpRefusal::rpc(StatusCode::NOT_FOUND, Some(self.id), &error))
    }

    /// Checks the headers of a legacy request, which needs none: one that differs would get it past whoever decides by it.
    pub(super) fn check_given(&self, headers: &HeaderMap) -> Result<(), HttpRefusal> {
        let bad =
            |error: RpcError| HttpRefusal::rpc(StatusCode::BAD_REQUEST, Some(self.id), &error);
        if headers.contains_key(METHOD_HEADER) {
            compare(headers, METHOD_HEADER, "method", Some(self.method.into()), Spelling::Plain)
                .map_err(bad)?;
        }
        match headers.contains_key(NAME_HEADER) {
            true => {
                let members = self.members().map_err(bad)?;
                self.check_name(headers, &members).map_err(bad)
            }
            false => Ok(()),
        }
    }

    /// True if it calls a tool.
    pub(super) fn is_call(&self) -> bool {
        self.method == "tools/call"
    }

    /// The tool that is called. `None` if none is, or none that can be.
    pub(super) fn tool(&self) -> Option<String> {
        let name = if self.is_call() { self.members().ok()?.name } else { None };
        name.and_then(|raw| text(raw).ok())
    }

    /// Checks the header that repeats the name of what is asked for.
    fn check_name(&self, headers: &HeaderMap, members: &NamedParams<'_>) -> Result<(), RpcError> {
        let (member, name) = match self.method {
            "tools/call" | "prompts/get" => ("params.name", members.name),
            "resources/read" => ("params.uri", members.uri),
            _ => return Ok(()),
        };
        let name = name.and_then(|raw| text(raw).ok());
        compare(headers, NAME_HEADER, member, name.map(Cow::from), Spelling::Encoded)
    }

    /// The parameters that headers repeat. One that is there twice is an error, as it is to the engine.
    fn members(&self) -> Result<NamedParams<'_>, RpcError> {
        self.params.map_or_else(|| Ok(NamedParams::default()), read)
    }
}

/// Checks the headers that repeat arguments, as the schema of the tool asks for. Absent arguments are none.
fn check_arguments(
    headers: &HeaderMap,
    tool: &Tool,
    arguments: Option<&RawValue>,
) -> Result<(), RpcError> {
    if tool.repeated.is_empty() {
        return Ok(());
    }
    let none = RawValue::from_string("{}".into()).unwrap_or_default();
    // Longer ones are refused before anything is made of them.
    let arguments = Some(arguments.unwrap_or(&none)).filter(|raw| raw.get().len() <= MAX_ARGUMENTS);
    let Some(arguments) = arguments.filter(|raw| is_object(raw)) else { return Ok(()) };
    for repeated in &*tool.repeated {
        let header = format!("{ARGUMENT_HEADER}{}", repeated.header.to_ascii_lowercase());
        let said = match repeated.value_in(arguments).map_err(RpcError::invalid_params)? {
            None => None,
            Some(Value::String(text)) => Some(Cow::from(text)),
            Some(Value::Bool(flag)) => Some(flag.to_string().into()),
            Some(Value::Number(number)) => {
                let given = value(headers, &header)?;
                match given.filter(|given| is_number(given, &number)) {
                    Some(given) => Some(given.into()),
                    None => Some(number.to_string().into()),
                }
            }
            // Its schema says what is wrong with it.
            Some(Value::Array(_) | Value::Object(_) | Value::Null) => continue,
        };
        compare(headers, &header, &repeated.place(), said, Spelling::Encoded)?;
    }
    Ok(())
}

/// The same check for later: the tool may not be known yet, or be another version's when it is called.
pub(super) fn argument_check(headers: &HeaderMap) -> CallCheck {
    let repeats = |name: &HeaderName| name.as_str().starts_with(ARGUMENT_HEADER);
    let given = headers.iter().filter(|(name, _)| repeats(name));
    let given: HeaderMap = given.map(|(name, value)| (name.clone(), value.clone())).collect();
    Box::new(move |tool, arguments| check_arguments(&given, tool, Some(arguments)))
}

/// The parameters that headers repeat, as they came.
#[derive(Default, Deserialize)]
struct NamedParams<'a> {
    #[serde(borrow, default, deserialize_with = "present")]
    name: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    uri: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    arguments: Option<&'a RawValue>,
}

/// The way in which a header's value is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Spelling {
    /// As it is.
    Plain,
    /// As it is, or in base64 where it is no visible ASCII.
    Encoded,
}

/// Compares a header with what the body says at `place`.
fn compare(
    headers: &HeaderMap,
    header: &str,
    place: &str,
    said: Option<Cow<'_, str>>,
    spelling: Spelling,
) -> Result<(), RpcError> {
    let is_same = |given: &str, said: &str| match spelling {
        Spelling::Plain => given == said,
        Spelling::Encoded => decoded(given).is_some_and(|given| given == said),
    };
    let given = value(headers, header)?;
    match (given, said) {
        (None, None) => Ok(()),
        (Some(given), Some(said)) if is_same(&given, &said) => Ok(()),
        (None, Some(said)) => Err(RpcError::header_mismatch(format!(
            "the header `{header}` is missing; it repeats `{place}`, which is `{}`. A proxy between client and server may have dropped it",
            shown(&said)
        ))),
        (Some(given), said) => Err(RpcError::header_mismatch(format!(
            "the header `{header}` is `{}`, but `{place}` is {}",
            shown(&given),
            said.map_or_else(|| "missing".into(), |said| format!("`{}`", shown(&said)))
        ))),
    }
}

/// The value of a header that may be there once.
fn value(headers: &HeaderMap, header: &str) -> Result<Option<String>, RpcError> {
    let mut values = headers.get_all(header).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(RpcError::header_mismatch(format!("the header `{header}` was sent twice")));
    }
    let value = value.to_str().map_err(|_| {
        RpcError::header_mismatch(format!(
            "the header `{header}` has characters that are not visible ASCII"
        ))
    })?;
    Ok(Some(value.trim_matches([' ', '\t']).to_owned()))
}

/// The text that a value stands for: what is no visible ASCII is written as `=?base64?...?=`. `None` if that is broken.
fn decoded(value: &str) -> Option<Cow<'_, str>> {
    let inner = value.strip_prefix("=?base64?").and_then(|rest| rest.strip_suffix("?="));
    let Some(inner) = inner else { return Some(value.into()) };
    let bytes = STANDARD.decode(inner).ok()?;
    String::from_utf8(bytes).ok().map(Cow::from)
}

/// True if a header's value is this number, however it is written.
fn is_number(value: &str, number: &Number) -> bool {
    // Beyond this, not every whole number has a floating point number of its own.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let whole = |text: &str| {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        fraction.bytes().all(|digit| digit == b'0').then(|| whole.parse::<i128>().ok()).flatten()
    };
    match (whole(value), whole(&number.to_string())) {
        (Some(given), Some(said)) => given == said,
        _ => value.parse::<f64>().is_ok_and(|given| {
            given.abs() < EXACT && number.as_f64().is_some_and(|said| said == given)
        }),
    }
}

fn shown(text: &str) -> String {
    escape(clip(text, 80))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use serde_json::json;

    use super::*;
    use crate::fuzz::guest::Wat;
    use crate::fuzz::started;
    use crate::mcp::engine::{Action, Engine, Settings};
    use crate::mcp::rpc::lines::InputLine;

    const NEWEST: &str = "2026-07-28";

    fn meta(version: &str) -> Value {
        json!({
            "io.modelcontextprotocol/protocolVersion": version,
            "io.modelcontextprotocol/clientCapabilities": {},
        })
    }

    /// The status and the code that a request is refused with; none where it is not.
    fn refusal(headers: &[(&str, &str)], method: &str, params: &Value) -> Option<(u16, i64)> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            let name: HeaderName = name.parse().expect("a name");
            map.append(name, HeaderValue::from_bytes(value.as_bytes()).expect("a value"));
        }
        let raw = RawValue::from_string("7".into()).expect("JSON");
        let id = Id::parse(&raw).expect("an id");
        let params = RawValue::from_string(params.to_string()).expect("JSON");
        let request = MirroredRequest { id: &id, method, params: Some(&params) };
        let refused = request.check(&map, None).err()?;
        let (status, body) = refused.into_parts();
        let body: Value = serde_json::from_str(&body).expect("JSON");
        assert_eq!(body["id"], 7);
        Some((status.as_u16(), body["error"]["code"].as_i64().expect("a code")))
    }

    #[test]
    fn headers_repeat_the_body_and_errors_come_in_the_order_that_clients_expect() {
        let list = |version| json!({ "_meta": meta(version) });
        let version = ("MCP-Protocol-Version", NEWEST);
        let method = ("Mcp-Method", "tools/list");
        for (headers, params, expected) in [
            (&[version, method][..], list(NEWEST), None),
            (&[(version.0, " 2026-07-28 "), method], list(NEWEST), None),
            (&[version], list(NEWEST), Some((400, -32020))),
            (&[method], list(NEWEST), Some((400, -32020))),
            (&[version, version, method], list(NEWEST), Some((400, -32020))),
            (&[version, method, method], list(NEWEST), Some((400, -32020))),
            (&[version, (method.0, "Tools/list")], list(NEWEST), Some((400, -32020))),
            (&[version, (method.0, "tools/lïst")], list(NEWEST), Some((400, -32020))),
            (&[version, method], json!({}), Some((400, -32602))),
            (
                &[("MCP-Protocol-Version", "2099-01-01"), method],
                list("2099-01-01"),
                Some((400, -32022)),
            ),
            (&[version, method], list("2099-01-01"), Some((400, -32020))),
            (
                &[version, method],
                json!({ "_meta": { PROTOCOL_VERSION: NEWEST } }),
                Some((400, -32602)),
            ),
            (&[version, method], json!({ "_meta": { PROTOCOL_VERSION: 7 } }), Some((400, -32602))),
            // A method is never written in base64.
            (
                &[version, (method.0, "=?base64?dG9vbHMvbGlzdA==?=")],
                list(NEWEST),
                Some((400, -32020)),
            ),
        ] {
            assert_eq!(refusal(headers, "tools/list", &params), expected, "{headers:?} {params}");
        }
        let headers = [version, ("Mcp-Method", "tools/lost")];
        assert_eq!(refusal(&headers, "tools/lost", &list(NEWEST)), Some((404, -32601)));
    }

    #[test]
    fn a_name_is_repeated_as_it_is_or_in_base64() {
        for (given, name, is_same) in [
            (Some("greet"), json!("greet"), true),
            (Some("=?base64?Z3JlZXQ=?="), json!("greet"), true),
            (Some("=?base64?w6Q=?="), json!("ä"), true),
            (Some("=?base64?Z3JlZXQ=?"), json!("=?base64?Z3JlZXQ=?"), true),
            (Some("=?base64?Z3JlZXQ?="), json!("greet"), false),
            (Some("=?base64?!!!!?="), json!("greet"), false),
            (Some("Greet"), json!("greet"), false),
            (Some("other"), json!("greet"), false),
            (Some("other"), json!(7), false),
            (None, json!("greet"), false),
            // The engine says what is wrong with the name.
            (None, json!(7), true),
        ] {
            let mut headers = vec![("MCP-Protocol-Version", NEWEST), ("Mcp-Method", "tools/call")];
            headers.extend(given.map(|given| ("Mcp-Name", given)));
            let params = json!({ "_meta": meta(NEWEST), "name": name });
            let expected = (!is_same).then_some((400, -32020));
            assert_eq!(refusal(&headers, "tools/call", &params), expected, "{given:?} {name}");
        }
    }

    #[test]
    fn numbers_are_compared_as_numbers_and_exactly() {
        for (header, argument, is_same) in [
            ("42", "42", true),
            ("42.0", "42", true),
            ("042", "42", true),
            ("4.2e1", "42", true),
            ("42", "42.0", true),
            ("-0", "0", true),
            ("43", "42", false),
            ("42.5", "42", false),
            ("9007199254740992.0", "9007199254740993", false),
            ("9007199254740992", "9007199254740993", false),
            ("9.007199254740992e15", "9007199254740993", false),
            ("18446744073709551615", "18446744073709551615", true),
            ("NaN", "0", false),
            ("", "0", false),
        ] {
            let number: Number = argument.parse().expect("a number");
            assert_eq!(is_number(header, &number), is_same, "{header} {argument}");
        }
    }

    #[test]
    fn a_call_that_waits_for_its_plugin_is_checked_when_it_begins() {
        let schema = r#"{"type":"object","properties":{"region":{"type":"string","x-mcp-header":"Region"}}}"#;
        let directory = tempfile::TempDir::new().expect("a directory");
        let file = |name: &str| directory.path().join(name);
        let wat = Wat { input_schema: schema, ..Wat::default() };
        std::fs::write(file("good.toml"), "").expect("a manifest");
        std::fs::write(file("good.wasm"), wat.build()).expect("a module");
        let (host, catalog) = started(directory.path());
        host.stop();
        for (given, arguments, is_begun) in [
            (Some("eu"), r#"{"region":"eu"}"#, true),
            (Some("eu"), r#"{"region":"us"}"#, false),
            (None, r#"{"region":"us"}"#, false),
            (Some("eu"), "{}", false),
            (None, "{}", true),
        ] {
            let mut headers = HeaderMap::new();
            if let Some(given) = given {
                headers.insert("mcp-param-region", HeaderValue::from_static(given));
            }
            let settings = Settings { transport: TransportKind::Http, ..Settings::default() };
            let mut engine = Engine::new(settings).checking(argument_check(&headers));
            let meta = meta(NEWEST);
            let call = format!(
                r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"good_run","arguments":{arguments},"_meta":{meta}}}}}"#
            );
            engine.line(&InputLine::Whole(call.into_bytes()));
            assert!(engine.next_action().is_none(), "it waits for the catalog");
            engine.publish(catalog.clone());
            match engine.next_action() {
                Some(Action::Call(_)) => assert!(is_begun, "{given:?} {arguments}"),
                Some(Action::Answer(line)) => {
                    assert!(!is_begun && line.contains("-32020"), "{line}");
                }
                _ => panic!("nothing comes of it: {given:?} {arguments}"),
            }
        }
        // Absent arguments are none, and no header repeats them.
        let tool = catalog.tool("good_run").expect("it is served");
        let mut headers = HeaderMap::new();
        assert!(check_arguments(&headers, tool, None).is_ok());
        headers.insert("mcp-param-region", HeaderValue::from_static("eu"));
        assert!(check_arguments(&headers, tool, None).is_err());
    }

    #[test]
    fn a_parameter_that_is_there_twice_is_an_error_and_not_absent() {
        let meta = meta(NEWEST).to_string();
        for twice in [r#""uri":1,"uri":1"#, r#""name":"x""#, r#""arguments":{},"arguments":{}"#] {
            let params = format!(r#"{{"_meta":{meta},"name":"greet",{twice}}}"#);
            let params = RawValue::from_string(params).expect("JSON");
            let id = Id::parse(&RawValue::from_string("7".into()).expect("JSON")).expect("an id");
            let request = MirroredRequest { id: &id, method: "tools/call", params: Some(&params) };
            let mut headers = HeaderMap::new();
            headers.insert(VERSION_HEADER, HeaderValue::from_static(NEWEST));
            headers.insert(METHOD_HEADER, HeaderValue::from_static("tools/call"));
            let refused = request.check(&headers, None).expect_err("it is there twice");
            assert!(refused.into_parts().1.contains("-32602"), "{twice}");
        }
    }
}
