//! Traces: spans for each call that ends, sent to a collector by OTLP over HTTP where the environment names one.
//!
//! It does not know how calls run: `mcp` tells of their ends. Calls never wait for a span to be sent.

mod counts;
mod variables;
mod endpoint;
mod sampler;
mod settings;
mod wire;
mod ended_call;
mod spans;
mod collector;
mod queue;
mod exporter;
mod tracer;

pub use counts::SpanCounts;
pub use settings::{FoundTraceSettings, TraceSettings};
pub use tracer::{TraceError, Tracer};
