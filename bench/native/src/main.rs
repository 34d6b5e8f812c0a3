//! A native tool server, as somebody makes it with rmcp who wants no sandbox.
//!
//! `bench-native` speaks over rmcp's `stdio()`; with the argument `pipes`, over its faster transport; with `http PORT`, over
//! its Streamable HTTP as it comes; with `http-json PORT`, over that with `json_response`, which takes a server without
//! sessions.

use std::sync::Arc;

use axum::Router;
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
        ["http", port] => serve_http(native, port, StreamableHttpServerConfig::default()).await?,
        ["http-json", port] => {
            let config = StreamableHttpServerConfig::default();
            let config = config.with_legacy_session_mode(false).with_json_response(true);
            serve_http(native, port, config).await?;
        }
        _ => _ = native.serve(stdio()).await?.waiting().await?,
    }
    Ok(())
}

async fn serve_http(
    native: Native,
    port: &str,
    config: StreamableHttpServerConfig,
) -> anyhow::Result<()> {
    let sessions = Arc::new(LocalSessionManager::default());
    let service = StreamableHttpService::new(move || Ok(native.clone()), sessions, config);
    let router = Router::new().nest_service("/mcp", service);
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port.parse()?)).await?;
    axum::serve(listener, router).await?;
    Ok(())
}
