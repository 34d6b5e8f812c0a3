//! One answer of a server, as far as a client that measures has to understand it.
//!
//! It knows how long an answer is, by its length or its chunks, and nothing of MCP.

use anyhow::{Context as _, Result, bail, ensure};

/// More headers than any server here sends.
const MAX_HEADERS: usize = 32;

/// An answer that has come whole.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) session: Option<String>,
    /// The part of the bytes that is the body, with what stands between its chunks.
    pub(crate) body: std::ops::Range<usize>,
}

/// The head of an answer.
pub(crate) struct Head {
    pub(crate) status: u16,
    pub(crate) session: Option<String>,
    end: usize,
    length: BodyLength,
}

enum BodyLength {
    Exact(usize),
    Chunked,
}

impl Head {
    /// Reads a head. `None` if it has not come whole.
    pub(crate) fn read(bytes: &[u8]) -> Result<Option<Self>> {
        let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
        let mut response = httparse::Response::new(&mut headers);
        let httparse::Status::Complete(end) = response.parse(bytes)? else { return Ok(None) };
        let status = response.code.context("an answer without a status")?;
        let (mut session, mut length) = (None, BodyLength::Exact(0));
        for header in response.headers {
            let text = || std::str::from_utf8(header.value).context("a header that is no text");
            if header.name.eq_ignore_ascii_case("content-length") {
                length = BodyLength::Exact(text()?.trim().parse()?);
            } else if header.name.eq_ignore_ascii_case("transfer-encoding") {
                ensure!(text()?.eq_ignore_ascii_case("chunked"), "an unknown transfer encoding");
                length = BodyLength::Chunked;
            } else if header.name.eq_ignore_ascii_case("mcp-session-id") {
                session = Some(text()?.to_owned());
            }
        }
        Ok(Some(Self { status, session, end, length }))
    }
}

impl Answer {
    /// Reads an answer. `None` if it has not come whole.
    pub(crate) fn read(bytes: &[u8]) -> Result<Option<Self>> {
        let Some(Head { status, session, end, length }) = Head::read(bytes)? else {
            return Ok(None);
        };
        let last = match length {
            BodyLength::Exact(length) => Some(end + length).filter(|last| *last <= bytes.len()),
            BodyLength::Chunked => end_of_chunks(bytes, end)?,
        };
        Ok(last.map(|last| Self { status, session, body: end..last }))
    }
}

/// Returns where the last chunk ends. `None` if it has not come.
fn end_of_chunks(bytes: &[u8], mut at: usize) -> Result<Option<usize>> {
    loop {
        match httparse::parse_chunk_size(&bytes[at..]) {
            Ok(httparse::Status::Complete((start, size))) => {
                at += start + usize::try_from(size)? + 2;
                if at > bytes.len() {
                    return Ok(None);
                }
                if size == 0 {
                    return Ok(Some(at));
                }
            }
            Ok(httparse::Status::Partial) => return Ok(None),
            Err(_) => bail!("a chunk without a size"),
        }
    }
}
