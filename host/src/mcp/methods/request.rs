//! A method and its parameters to what is asked for.

use std::sync::Arc;

use serde_json::value::RawValue;

use super::super::rpc::id::Id;
use super::super::rpc::reply::RpcError;
use super::super::version::Version;
use super::call_source::CallSource;
use super::meta::RequestMeta;
use super::subscriptions::ListenedTo;
use super::{page, subscriptions, tools_call};
use crate::tool::FeatureKind;

/// A request, by its method.
pub(crate) enum Request {
    Initialize,
    Ping,
    Discover,
    /// A subscription. It needs no catalog, and is acknowledged at once.
    Listen(ListenedTo),
    /// A request that is served from the catalog, and waits for it.
    Catalog(CatalogRequest),
}

/// A request that needs the catalog.
pub(crate) enum CatalogRequest {
    List {
        kind: FeatureKind,
        cursor: Option<String>,
        /// The source that it comes from, if requests are observed.
        source: Option<Arc<CallSource>>,
    },
    Call(AskedCall),
}

/// A call as it was asked for.
#[derive(Clone)]
pub(crate) struct AskedCall {
    /// The public name of the tool.
    pub(crate) name: String,
    pub(crate) arguments: Arc<RawValue>,
    pub(crate) progress_token: Option<Box<RawValue>>,
    /// The source that it comes from, if calls are observed.
    pub(crate) source: Option<Arc<CallSource>>,
}

impl Request {
    /// The request of this method, if the revision knows it and its parameters are right.
    pub(crate) fn of(
        id: &Id,
        version: Version,
        method: &str,
        params: Option<&RawValue>,
        meta: &RequestMeta<'_>,
    ) -> Result<Self, RpcError> {
        Ok(match (method, version.is_modern()) {
            ("initialize", false) => Self::Initialize,
            ("ping", false) => Self::Ping,
            ("server/discover", true) => Self::Discover,
            ("subscriptions/listen", true) => {
                let kinds = subscriptions::listened_to(params)?;
                if !id.is_exact() {
                    return Err(RpcError::invalid_params(
                        "the id is too large for a subscription's",
                    ));
                }
                Self::Listen(kinds)
            }
            ("tools/list", _) => {
                let kind = FeatureKind::Tool;
                let (cursor, source) = (page::cursor(params)?, None);
                Self::Catalog(CatalogRequest::List { kind, cursor, source })
            }
            ("tools/call", _) => {
                let progress_token = meta.progress_token()?;
                let (name, arguments) = tools_call::name_and_arguments(params)?;
                let arguments = arguments.into();
                let source = None;
                Self::Catalog(CatalogRequest::Call(AskedCall {
                    name,
                    arguments,
                    progress_token,
                    source,
                }))
            }
            _ => return Err(RpcError::unknown_method(method)),
        })
    }
}

/// The name of a method where any revision has it, else `_OTHER`: whoever writes one may write anything.
pub(crate) fn told_method(method: &str) -> &'static str {
    const KNOWN: [&str; 6] = [
        "initialize",
        "ping",
        "server/discover",
        "subscriptions/listen",
        "tools/list",
        "tools/call",
    ];
    KNOWN.into_iter().find(|known| *known == method).unwrap_or("_OTHER")
}

/// True if the revision has this method.
pub(crate) fn is_method(method: &str, version: Version) -> bool {
    match method {
        "initialize" | "ping" => !version.is_modern(),
        "server/discover" | "subscriptions/listen" => version.is_modern(),
        "tools/list" | "tools/call" => true,
        _ => false,
    }
}

/// True if a request of this method may have to wait for its answer, or stays open.
pub(crate) fn may_go_on(method: &str) -> bool {
    matches!(method, "tools/list" | "tools/call" | "subscriptions/listen")
}

impl CatalogRequest {
    /// Notes the source that it comes from.
    pub(crate) fn comes_from(&mut self, from: Option<Arc<CallSource>>) {
        match self {
            Self::List { source, .. } | Self::Call(AskedCall { source, .. }) => *source = from,
        }
    }

    /// True if it is a call.
    pub(crate) fn is_call(&self) -> bool {
        matches!(self, Self::Call(_))
    }

    /// Bytes that it keeps.
    pub(crate) fn argument_bytes(&self) -> usize {
        match self {
            Self::List { cursor, .. } => cursor.as_ref().map_or(0, String::len),
            Self::Call(AskedCall { name, arguments, progress_token, .. }) => {
                let token = progress_token.as_ref().map_or(0, |token| token.get().len());
                name.len() + arguments.get().len() + token
            }
        }
    }
}
