//! The Model Context Protocol over stdio: a protocol engine without input and output, and its driver.
//!
//! The only module that knows JSON-RPC. Bytes flow one way: `stdio` cuts lines, `message` checks
//! them, `engine` decides, `reply` writes, `outbox` holds, `driver` carries out. The engine holds the catalog
//! it was last given and does not know where catalogs come from.

mod version;
mod rpc;
mod transport;
mod stdio;
mod methods;
mod action;
mod calls;
mod open_requests;
mod outbox;
mod engine;
mod session;
mod http;

#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
#[cfg(any(test, fuzzing))]
pub(crate) use http::fuzz as http_fuzz;

use crate::tool::{CallError, Output, ReasonReader, Usage};

pub use calls::call_log::ANSWERED_TARGET;
pub(crate) use calls::client_shares::ClientShares;
pub(crate) use calls::executor::Executor;
#[cfg(feature = "otlp")]
pub(crate) use calls::observers::AnsweredRequest;
pub(crate) use calls::observers::{
    CallObserver, CallObservers, EndKind, EndedCall, NamedCall, ObservedCall,
};
pub use engine::{Action, CallKey, CallRequest, Engine, Settings};
pub use http::{
    AllowedOrigin, HostPolicy, HttpAddress, Listener, RefusalCounts, ServerName, SocketLocks,
};
pub(crate) use http::{
    AwaitedPart, HealthReport, HttpBounds, HttpServer, HttpServerError, HttpSettings, PlaceUrl,
    ProbeAnswer, ProbeError, ProbedServer, RecentCalls, ServerHealth, ServerPlace, TokenNeed,
    own_certificate,
};
pub use http::{SessionKeyError, SessionKeyFiles, TlsError, TlsFiles};
pub(crate) use methods::call_source::CallSource;
pub use rpc::lines::{InputLine, MAX_LINE};
pub(crate) use session::driver::Driver;
pub use stdio::connection::{PrivateStdout, Stdio};
pub use version::TransportKind;

/// The result of a call, as the newest revision writes it, on many lines.
#[must_use]
pub fn result_as_json(outcome: Result<Output, CallError>, usage: Usage) -> String {
    let result = methods::tools_call::call_result(
        version::Version::ALL[0],
        ReasonReader::Operator,
        outcome,
        usage,
    );
    serde_json::to_string_pretty(&result).unwrap_or_default()
}
