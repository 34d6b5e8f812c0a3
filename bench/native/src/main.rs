//! A native tool server, as somebody makes it with rmcp who wants no sandbox.
//!
//! `bench-native` speaks over rmcp's `stdio()`; with the argument `pipes`, over its faster transport.

use rmcp::ServiceExt as _;
use rmcp::handler::server::tool::ToolRouter;
use rmcp::handler::server::wrapper::Parameters;
use rmcp::transport::io::{stdio, stdio_pipes};
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
    if std::env::args().nth(1).as_deref() == Some("pipes") {
        native.serve(stdio_pipes()).await?.waiting().await?;
    } else {
        native.serve(stdio()).await?.waiting().await?;
    }
    Ok(())
}
