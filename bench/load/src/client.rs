//! A client: one connection, and one session on it where the server has sessions.
//!
//! It writes each request whole and reads its answer whole; the bytes of a call are made once.

use std::fmt::Write as _;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::answer::{Answer, Head};

/// The text that is sent to the tool and has to come back.
pub(crate) const TEXT: &str = "Hello, Ada!";
const VERSION: &str = "2025-11-25";
/// Longer than any server here takes for an answer.
const PATIENCE: Duration = Duration::from_secs(60);

/// A client with a session.
pub(crate) struct Client {
    stream: TcpStream,
    /// The bytes of the answer that have been read.
    bytes: Vec<u8>,
    host: String,
    /// The header that names the session; empty, if the server has none.
    session: String,
    call: Vec<u8>,
}

impl Client {
    /// Connects to the server at `host`, and begins a session.
    pub(crate) async fn begin(host: &str) -> Result<Self> {
        let stream = connected(host).await?;
        let bytes = Vec::with_capacity(4096);
        let mut client =
            Self { stream, bytes, host: host.into(), session: String::new(), call: Vec::new() };
        client.renew().await?;
        Ok(client)
    }

    /// Begins a session on the same connection. The one before goes on, as far as the server knows.
    pub(crate) async fn renew(&mut self) -> Result<()> {
        self.session.clear();
        let initialize = format!(
            r#"{{"jsonrpc":"2.0","id":0,"method":"initialize","params":{{"protocolVersion":"{VERSION}","capabilities":{{}},"clientInfo":{{"name":"bench","version":"0"}}}}}}"#
        );
        self.stream.write_all(&self.post(&initialize)).await?;
        let answer = self.answer().await?;
        ensure!(answer.status == 200, "initialize: status {}: {}", answer.status, self.shown());
        if let Some(session) = answer.session {
            writeln!(self.session, "Mcp-Session-Id: {session}\r")?;
        }
        let initialized = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;
        self.stream.write_all(&self.post(initialized)).await?;
        let answer = self.answer().await?;
        ensure!(answer.status == 202, "initialized: status {}: {}", answer.status, self.shown());
        let call = format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"echo","arguments":{{"text":"{TEXT}"}}}}}}"#
        );
        self.call = self.post(&call);
        Ok(())
    }

    /// Calls the tool. The answer has to be right.
    pub(crate) async fn call(&mut self) -> Result<()> {
        self.stream.write_all(&self.call).await?;
        let answer = match self.answer().await {
            // Servers close a connection on which nothing was asked for some seconds; the session goes on.
            Err(_) if self.bytes.is_empty() => {
                self.stream = connected(&self.host).await?;
                self.stream.write_all(&self.call).await?;
                self.answer().await?
            }
            answer => answer?,
        };
        let body = &self.bytes[answer.body];
        let is_right = answer.status == 200
            && body.windows(TEXT.len()).any(|window| window == TEXT.as_bytes());
        ensure!(is_right, "the answer is wrong: {}", self.shown());
        Ok(())
    }

    /// Opens the stream of the session on this connection. False if the server has none.
    pub(crate) async fn stream(&mut self) -> Result<bool> {
        let get = format!(
            "GET /mcp HTTP/1.1\r\nHost: {}\r\nAccept: text/event-stream\r\nMCP-Protocol-Version: {VERSION}\r\n{}\r\n",
            self.host, self.session
        );
        self.bytes.clear();
        self.stream.write_all(get.as_bytes()).await?;
        loop {
            match Head::read(&self.bytes)? {
                Some(Head { status: 200, .. }) => return Ok(true),
                Some(Head { status: 405, .. }) => return Ok(false),
                Some(Head { status, .. }) => bail!("a stream: status {status}: {}", self.shown()),
                None => self.more().await?,
            }
        }
    }

    fn post(&self, body: &str) -> Vec<u8> {
        let (host, session, length) = (&self.host, &self.session, body.len());
        format!(
            "POST /mcp HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nAccept: application/json, text/event-stream\r\nMCP-Protocol-Version: {VERSION}\r\n{session}Content-Length: {length}\r\n\r\n{body}"
        )
        .into_bytes()
    }

    /// Reads one answer.
    async fn answer(&mut self) -> Result<Answer> {
        self.bytes.clear();
        loop {
            self.more().await?;
            if let Some(answer) = Answer::read(&self.bytes)? {
                return Ok(answer);
            }
        }
    }

    async fn more(&mut self) -> Result<()> {
        let count = self.stream.read_buf(&mut self.bytes).await?;
        ensure!(count > 0, "the server has closed the connection: {}", self.shown());
        Ok(())
    }

    fn shown(&self) -> String {
        String::from_utf8_lossy(&self.bytes[..self.bytes.len().min(600)]).into_owned()
    }
}

/// Connects to a server that may have just been started.
async fn connected(host: &str) -> Result<TcpStream> {
    let connect = async {
        loop {
            match TcpStream::connect(host).await {
                Ok(stream) => return stream,
                Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
            }
        }
    };
    let stream =
        timeout(PATIENCE, connect).await.with_context(|| format!("nobody is at {host}"))?;
    stream.set_nodelay(true)?;
    Ok(stream)
}
