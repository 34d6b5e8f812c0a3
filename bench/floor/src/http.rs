//! Requests over HTTP, told apart by their length and answered with the same bytes, on one thread.

use std::io::{Error, Result};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{LocalSet, spawn_local};

/// The answer to a call that the other servers give.
const BODY: &str =
    r#"{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"Hello, Ada!"}]}}"#;
/// More headers than a client here sends.
const MAX_HEADERS: usize = 32;

/// Serves on this port of loopback until the process is ended.
pub(crate) fn serve(port: u16) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, async {
        let listener = TcpListener::bind(("127.0.0.1", port)).await?;
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            spawn_local(connection(stream));
        }
    })
}

async fn connection(mut stream: TcpStream) -> Result<()> {
    let length = BODY.len();
    let answer = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{BODY}"
    );
    let noted = "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n";
    let mut bytes = Vec::with_capacity(4096);
    while stream.read_buf(&mut bytes).await? > 0 {
        if let Some(end) = end_of_request(&bytes)? {
            // A notification has no id.
            let has_id = bytes[..end].windows(4).any(|window| window == b"\"id\"");
            stream.write_all(if has_id { &answer } else { noted }.as_bytes()).await?;
            bytes.drain(..end);
        }
    }
    Ok(())
}

/// Returns where the request ends. `None` if it has not come whole.
fn end_of_request(bytes: &[u8]) -> Result<Option<usize>> {
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut request = httparse::Request::new(&mut headers);
    let httparse::Status::Complete(head) = request.parse(bytes).map_err(Error::other)? else {
        return Ok(None);
    };
    let length =
        request.headers.iter().find(|header| header.name.eq_ignore_ascii_case("content-length"));
    let length = length.and_then(|length| std::str::from_utf8(length.value).ok()?.parse().ok());
    Ok(Some(head + length.unwrap_or(0)).filter(|end| *end <= bytes.len()))
}
