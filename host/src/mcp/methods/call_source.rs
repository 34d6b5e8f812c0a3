//! The source of a call, as far as only those want to know it who observe calls: its client, its revision, the traces around it.

use std::sync::Arc;

use super::super::version::{TransportKind, Version};
use crate::tool::TraceParent;

/// The source of a call.
#[derive(Clone, Debug, Default)]
#[cfg_attr(not(feature = "otlp"), expect(dead_code, reason = "traces alone read all of it"))]
pub(crate) struct CallSource {
    /// The name that its client gives itself, if it does.
    pub(crate) client: Option<Arc<str>>,
    /// The revision of its request. `None` where it was refused before that was known.
    pub(crate) version: Option<Version>,
    pub(crate) transport: TransportKind,
    /// The span that its request names in `_meta`.
    pub(crate) parent: Option<TraceParent>,
    /// The things that are told of the HTTP request. `None` over stdio.
    pub(crate) carrier: Option<Arc<CarrierContext>>,
}

/// The HTTP request that a message came in, as observers know it.
#[derive(Debug, Default)]
#[cfg_attr(not(feature = "otlp"), expect(dead_code, reason = "traces alone read all of it"))]
pub(crate) struct CarrierContext {
    /// The span that its headers name.
    pub(crate) link: Option<TraceParent>,
    /// A digest of the id of its session, which is itself a key. `None` where it has none.
    pub(crate) session: Option<Box<str>>,
}
