//! Requests over HTTP, sent by the host where the manifest grants it. Needs the feature `http`.
//!
//! ```toml
//! # Cargo.toml
//! toolrack-sdk = { git = "https://github.com/toolrack/toolrack", features = ["http"] }
//!
//! # The manifest. The host puts the secret into each request; the plugin never sees it.
//! [grants]
//! network = [
//!     "https://api.open-meteo.com",
//!     { url = "https://api.github.com", secret = "GITHUB_TOKEN", header = "Authorization", before = "Bearer " },
//! ]
//! ```
//!
//! ```
//! use toolrack_sdk::{ToolError, http};
//!
//! #[derive(serde::Deserialize)]
//! struct Repository { stargazers_count: u32 }
//!
//! fn stars(name: &str) -> Result<u32, ToolError> {
//!     let response = http::get(format!("https://api.github.com/repos/{name}"))
//!         .header("accept", "application/vnd.github+json")
//!         .send()?;
//!     match response.status() {
//!         200 => Ok(response.json::<Repository>()?.stargazers_count),
//!         404 => Err(ToolError::new(format_args!("there is no repository `{name}`"))),
//!         status => Err(ToolError::new(format_args!("GitHub answers with status {status}"))),
//!     }
//! }
//!
//! // A native build has no network: a test says what the answer is.
//! http::mock(|request| {
//!     assert_eq!(request.url(), "https://api.github.com/repos/rust-lang/rust");
//!     http::Response::new(200, r#"{ "stargazers_count": 7 }"#)
//! });
//! assert_eq!(stars("rust-lang/rust"), Ok(7));
//! ```
//!
//! A status such as 404 is an answer, not an error. So is a redirect: the host follows none, since
//! each step needs its own grant; a plugin that wants to follow sends a request to `location`.
//!
//! # Limits
//!
//! | what | most |
//! |---|---|
//! | body of a request | 1 MiB |
//! | body of a response | 4 MiB |
//! | headers of a request or a response | 64 KiB |
//! | requests of one call | 32 |
//! | responses open at once | 8 |
//! | waiting for a connection | 5 s |
//! | waiting for the first byte of the answer | 15 s |
//! | waiting between two bytes | 10 s |
//!
//! Waiting counts against the manifest's `timeout`, 30 s unless it says otherwise, and what is read
//! against its `memory`. No request is sent while the host asks a plugin for its tools.

mod error;
mod request;
mod response;
mod url;

#[cfg(not(target_family = "wasm"))]
mod mock;
#[cfg(target_family = "wasm")]
mod wasi;

#[cfg(not(target_family = "wasm"))]
use mock as transport;
#[cfg(target_family = "wasm")]
use wasi as transport;

pub use error::Error;
#[cfg(not(target_family = "wasm"))]
pub use mock::mock;
pub use request::Request;
pub use response::Response;
pub use url::encode;

/// A request that reads what is at `url`.
pub fn get(url: impl Into<String>) -> Request {
    request("GET", url)
}

/// A request that sends something to `url`; add it with [`Request::json`] or [`Request::body`].
pub fn post(url: impl Into<String>) -> Request {
    request("POST", url)
}

/// A request with any method, such as `PUT`, `PATCH` or `DELETE`. The host sends all but `CONNECT`.
pub fn request(method: impl Into<String>, url: impl Into<String>) -> Request {
    Request::new(method.into(), url.into())
}
