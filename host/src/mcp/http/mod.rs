//! MCP over Streamable HTTP: one endpoint, for clients of both eras of the protocol.
//!
//! A request is checked by `request` (hosts, origins, media types, size) and `endpoint` (path, method), its message by `plan`,
//! with `modern` or `legacy`, which know what their era wants of headers. What passes is run by an `exchange`: an engine and a driver of
//! its own, whose lines become one JSON body or a stream of events.
//!
//! Of a client, no more is kept once its requests have ended than a count of its calls, where there is a rate, and what was
//! found of its token, and for the page what its last calls took, all bounded: a legacy session is its id, and what runs is
//! all that is known of it.

mod followed;
mod socket;
mod probe;
mod bounds;
mod legacy_session;
mod run;
mod connections;
mod refusal_log;
mod request;
mod page;
mod modern;
mod legacy;
mod plan;
mod endpoint;
mod following;
mod server;
#[cfg(any(test, fuzzing))]
mod trial;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod authorized;

pub(crate) use bounds::HttpBounds;
pub use legacy_session::session_id::{SessionKeyError, SessionKeyFiles};
pub(crate) use page::recent_calls::RecentCalls;
pub(crate) use probe::question::{AwaitedPart, ProbeAnswer, ProbeError, ProbedServer};
pub(crate) use probe::server_place::{PlaceUrl, ServerPlace};
pub(crate) use request::authentication::TokenNeed;
pub use request::host_policy::{AllowedOrigin, HostPolicy, ServerName};
pub(crate) use run::health::{HealthReport, ServerHealth};
pub use run::refusal_counts::RefusalCounts;
pub(crate) use server::{HttpServer, HttpServerError, HttpSettings};
pub use socket::address::{HttpAddress, Listener};
pub use socket::socket_locks::SocketLocks;
pub(crate) use socket::tls::own_certificate;
pub use socket::tls::{TlsError, TlsFiles};
