//! HTTP as the soak's clients speak it: a request of bytes on a connection, and its answer. What is asked is not known here.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

/// An answer that does not come for so long is lost.
const LOST: Duration = Duration::from_secs(30);

/// A connection to the host.
pub(crate) struct Connection {
    stream: BufReader<TcpStream>,
    address: String,
}

/// The head of an answer.
pub(crate) struct Head {
    pub(crate) status: u16,
    length: Option<usize>,
    pub(crate) session: Option<String>,
    pub(crate) is_last: bool,
}

impl Connection {
    /// Connects to `address`, a host and a port.
    pub(crate) fn open(address: &str) -> Result<Self> {
        let stream = TcpStream::connect(address).context("no connection")?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(LOST))?;
        Ok(Self { stream: BufReader::new(stream), address: address.to_owned() })
    }

    /// Another handle of it, by which it is closed.
    pub(crate) fn handle(&self) -> Result<TcpStream> {
        Ok(self.stream.get_ref().try_clone()?)
    }

    /// Posts `body` with these headers.
    pub(crate) fn post(&mut self, headers: &[(&str, &str)], body: &str) -> Result<()> {
        let mut text = format!(
            "POST /mcp HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nAccept: application/json, text/event-stream\r\nContent-Length: {}\r\n",
            self.address,
            body.len()
        );
        for (name, value) in headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        text.push_str("\r\n");
        text.push_str(body);
        Ok(self.stream.get_mut().write_all(text.as_bytes())?)
    }

    pub(crate) fn head(&mut self) -> Result<Head> {
        let status = self.line()?;
        let status = status.split(' ').nth(1).and_then(|status| status.parse().ok());
        let status = status.context("no status")?;
        let mut head = Head { status, length: None, session: None, is_last: false };
        loop {
            let line = self.line()?;
            let Some((name, value)) = line.split_once(": ") else { break };
            match &*name.to_ascii_lowercase() {
                "content-length" => head.length = Some(value.parse()?),
                "mcp-session-id" => head.session = Some(value.to_owned()),
                "connection" => head.is_last = value == "close",
                _ => {}
            }
        }
        Ok(head)
    }

    /// Reads the body behind `head`: one message, whether it comes alone or as the last of several events.
    pub(crate) fn message(&mut self, head: &Head) -> Result<Value> {
        match head.length {
            Some(length) => {
                let mut body = vec![0; length];
                self.stream.read_exact(&mut body)?;
                serde_json::from_slice(&body)
                    .with_context(|| format!("no JSON: {}", String::from_utf8_lossy(&body)))
            }
            None => {
                let mut last = None;
                while let Some(event) = self.event()? {
                    last = Some(event);
                }
                last.context("a stream without a message")
            }
        }
    }

    /// Reads the next message of a stream of events. `None` at its end.
    pub(crate) fn event(&mut self) -> Result<Option<Value>> {
        loop {
            let length = usize::from_str_radix(&self.line()?, 16).context("no length")?;
            let mut chunk = vec![0; length + 2];
            self.stream.read_exact(&mut chunk)?;
            if length == 0 {
                return Ok(None);
            }
            let text = std::str::from_utf8(&chunk)?;
            if let Some(data) = text.lines().find_map(|line| line.strip_prefix("data: ")) {
                return Ok(Some(serde_json::from_str(data)?));
            }
            ensure!(text.starts_with(':'), "neither an event nor a comment: {text}");
        }
    }

    fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        if self.stream.read_line(&mut line)? == 0 {
            bail!("the host has closed the connection");
        }
        Ok(line.trim_end().to_owned())
    }
}
