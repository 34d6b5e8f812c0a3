//! The parameters of requests: raw JSON to checked values.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::super::rpc::id::Id;
use super::super::rpc::message::present;
use super::super::rpc::reply::RpcError;
use super::super::rpc::version::Version;

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
    #[serde(borrow, default, rename = "progressToken", deserialize_with = "present")]
    progress_token: Option<&'a RawValue>,
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

    /// The version of a modern request, if everything it must say is there.
    pub(crate) fn modern_version(&self) -> Result<Version, RpcError> {
        let requested = self.version.map(text).transpose()?.unwrap_or_default();
        let Some(version) = Version::parse(&requested) else {
            return Err(RpcError::unsupported_version(&requested));
        };
        if !version.is_modern() {
            return Err(RpcError::invalid_params(format!(
                "protocol version {requested} begins with `initialize`; send it without `{}` first",
                super::result::PROTOCOL_VERSION
            )));
        }
        if !self.capabilities.is_some_and(is_object) {
            return Err(RpcError::invalid_params(format!(
                "`_meta` lacks the object `{}`",
                super::result::CLIENT_CAPABILITIES
            )));
        }
        Ok(version)
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

/// Parameters of `initialize`. Whatever is odd about them, the handshake goes on.
pub(crate) fn initialize(params: Option<&RawValue>) -> Version {
    #[derive(Deserialize)]
    struct InitializeParams<'a> {
        #[serde(borrow, rename = "protocolVersion")]
        version: std::borrow::Cow<'a, str>,
    }
    params
        .and_then(|raw| serde_json::from_str::<InitializeParams<'_>>(raw.get()).ok())
        .and_then(|params| Version::parse(&params.version))
        .filter(|version| !version.is_modern())
        .unwrap_or(Version::NEWEST_LEGACY)
}

/// The cursor of `tools/list`.
pub(crate) fn cursor(params: Option<&RawValue>) -> Result<Option<String>, RpcError> {
    #[derive(Deserialize)]
    struct ListParams<'a> {
        #[serde(borrow, default, deserialize_with = "present")]
        cursor: Option<&'a RawValue>,
    }
    let Some(params) = params else { return Ok(None) };
    read::<ListParams<'_>>(params)?
        .cursor
        .map(|raw| text(raw).map_err(|_| RpcError::invalid_params("`cursor` is not a string")))
        .transpose()
}

/// Name and arguments of `tools/call`. Absent arguments are none.
pub(crate) fn call(params: Option<&RawValue>) -> Result<(String, Box<RawValue>), RpcError> {
    #[derive(Deserialize)]
    struct CallParams<'a> {
        #[serde(borrow, default, deserialize_with = "present")]
        name: Option<&'a RawValue>,
        #[serde(borrow, default, deserialize_with = "present")]
        arguments: Option<&'a RawValue>,
    }
    let Some(params) = params else {
        return Err(RpcError::invalid_params("`params` is missing: tools/call needs `name`"));
    };
    let params: CallParams<'_> = read(params)?;
    let name = params.name.and_then(|raw| text(raw).ok()).ok_or_else(|| {
        RpcError::invalid_params("`name`, the tool's name as a string, is missing")
    })?;
    let arguments = match params.arguments {
        Some(raw) if is_object(raw) => raw.to_owned(),
        Some(_) => return Err(RpcError::invalid_params("`arguments` is not an object")),
        None => RawValue::from_string("{}".into()).unwrap_or_default(),
    };
    Ok((name, arguments))
}

/// Reads the parameters of `subscriptions/listen`: true if it asks for changes of the tool list.
pub(crate) fn listens_to_tools(params: Option<&RawValue>) -> Result<bool, RpcError> {
    #[derive(Deserialize)]
    struct ListenParams {
        notifications: ListenedTo,
    }
    #[derive(Deserialize)]
    struct ListenedTo {
        #[serde(default, rename = "toolsListChanged")]
        tools_list_changed: bool,
    }
    let missing = || RpcError::invalid_params("`notifications`, an object, is missing");
    let params: ListenParams = read(params.ok_or_else(missing)?)?;
    Ok(params.notifications.tools_list_changed)
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

fn read<'a, T: Deserialize<'a>>(raw: &'a RawValue) -> Result<T, RpcError> {
    serde_json::from_str(raw.get())
        .map_err(|error| RpcError::invalid_params(format!("the parameters do not fit: {error}")))
}

fn text(raw: &RawValue) -> Result<String, RpcError> {
    serde_json::from_str(raw.get()).map_err(|_| RpcError::invalid_params("a string was expected"))
}

fn is_object(raw: &RawValue) -> bool {
    raw.get().starts_with('{')
}

#[cfg(test)]
mod tests {
    use super::*;

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
