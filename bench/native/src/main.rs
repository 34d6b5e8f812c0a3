//! A native tool server, as somebody makes it with rmcp who wants no sandbox.
//!
//! `bench-native` speaks over rmcp's `stdio()`; with the argument `pipes`, over its faster transport. With `http PORT` it
//! speaks over rmcp's Streamable HTTP as it comes, with `http-no-delay PORT` over the same with TCP_NODELAY, and with
//! `http-json PORT` over that with `json_response`, which takes a server without sessions.

use std::sync::Arc;

use axum::Router;
use axum::serve::ListenerExt as _;
use rmcp::ServiceExt as _;
use rmcp::handler::server::tool::ToolRouter;
use rmcp::handler::server::wrapper::Parameters;
use rmcp::transport::io::{stdio, stdio_pipes};
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use rmcp::{ServerHandler, tool, tool_handler, tool_router};
use schemars::JsonSchema;
use serde::Deserialize;

#[derive(Deserialize, JsonSchema)]
struct Text {
    /// What comes back.
    text: String,
}

#[derive(Deserialize, JsonSchema)]
struct Number {
    /// How much work it is.
    n: u32,
}

#[derive(Clone)]
struct Native {
    // Made once; without it the macro makes the table of tools again in every call.
    router: ToolRouter<Self>,
}

#[tool_router]
impl Native {
    /// Gives back the text.
    #[tool]
    fn echo(&self, Parameters(Text { text }): Parameters<Text>) -> String {
        text
    }

    /// How many primes are below n, by division.
    #[tool]
    fn primes(&self, Parameters(Number { n }): Parameters<Number>) -> String {
        bench_work::primes(n).to_string()
    }

    /// How many primes are below n, by a sieve.
    #[tool]
    fn sieve(&self, Parameters(Number { n }): Parameters<Number>) -> String {
        bench_work::sieve(n).to_string()
    }

    /// The SHA-256 of n KiB.
    #[tool]
    fn sha256(&self, Parameters(Number { n }): Parameters<Number>) -> String {
        bench_work::sha256(n)
    }
}

#[tool_handler(router = self.router)]
impl ServerHandler for Native {}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let native = Native { router: Native::tool_router() };
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words[..] {
        ["pipes"] => _ = native.serve(stdio_pipes()).await?.waiting().await?,
        ["http", port] => {
            let config = StreamableHttpServerConfig::default();
            serve_http(native, port, config, SmallWrites::Wait).await?;
        }
        ["http-no-delay", port] => {
            let config = StreamableHttpServerConfig::default();
            serve_http(native, port, config, SmallWrites::GoAtOnce).await?;
        }
        ["http-json", port] => {
            let config = StreamableHttpServerConfig::default();
            let config = config.with_legacy_session_mode(false).with_json_response(true);
            serve_http(native, port, config, SmallWrites::Wait).await?;
        }
        _ => _ = native.serve(stdio()).await?.waiting().await?,
    }
    Ok(())
}

/// The handling of a write that fills no packet, while the client has not acknowledged the one before.
enum SmallWrites {
    /// It waits, as the system has it.
    Wait,
    /// TCP_NODELAY.
    GoAtOnce,
}

async fn serve_http(
    native: Native,
    port: &str,
    config: StreamableHttpServerConfig,
    small_writes: SmallWrites,
) -> anyhow::Result<()> {
    let sessions = Arc::new(LocalSessionManager::default());
    let service = StreamableHttpService::new(move || Ok(native.clone()), sessions, config);
    let router = Router::new().nest_service("/mcp", service);
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port.parse()?)).await?;
    match small_writes {
        SmallWrites::Wait => axum::serve(listener, router).await?,
        SmallWrites::GoAtOnce => {
            let listener = listener.tap_io(|stream| _ = stream.set_nodelay(true));
            axum::serve(listener, router).await?;
        }
    }
    Ok(())
}
