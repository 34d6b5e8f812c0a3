//! The body of a request, read within its bounds.

use std::time::Duration;

use http::header::CONTENT_LENGTH;
use http::{HeaderMap, StatusCode};
use http_body_util::BodyExt as _;
use hyper::body::{Body, Bytes};
use tokio::time::timeout;

use crate::mcp::http::run::answer::HttpRefusal;
use crate::mcp::http::run::byte_budget::{ByteBudget, TakenBytes};
use crate::mcp::rpc::lines::{InputLine, MAX_LINE};

/// A message as it came, and the bytes that it takes of those that all requests share.
pub(crate) struct ReceivedMessage {
    pub(crate) line: InputLine,
    pub(crate) taken: TakenBytes,
}

/// Bytes of a body that are counted at once.
const STEP: usize = 16 * 1024;

/// Reads a body whole.
pub(crate) async fn read<B>(
    headers: &HeaderMap,
    body: B,
    budget: &ByteBudget,
    time: Duration,
) -> Result<ReceivedMessage, HttpRefusal>
where
    B: Body<Data = Bytes> + Unpin,
{
    let length = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok());
    let length = length.and_then(|length| length.parse::<usize>().ok());
    if length.is_some_and(|length| length > MAX_LINE) {
        return Err(too_large());
    }
    let late = |_| {
        HttpRefusal::plain(
            StatusCode::REQUEST_TIMEOUT,
            format!("the body did not come within {time:?}"),
        )
    };
    timeout(time, collect(body, length.unwrap_or(0), budget)).await.map_err(late)?
}

async fn collect<B>(
    mut body: B,
    length: usize,
    budget: &ByteBudget,
) -> Result<ReceivedMessage, HttpRefusal>
where
    B: Body<Data = Bytes> + Unpin,
{
    let mut taken = TakenBytes::default();
    let mut counted = 0;
    // A length that was claimed is no reason to take so much memory.
    let mut bytes = Vec::with_capacity(length.min(64 * 1024));
    while let Some(frame) = body.frame().await {
        let broken =
            |_| HttpRefusal::plain(StatusCode::BAD_REQUEST, "the body is cut off or broken");
        let frame = frame.map_err(broken)?;
        // Trailers say nothing here.
        let Ok(data) = frame.into_data() else { continue };
        let more = bytes.len() + data.len();
        if more > MAX_LINE {
            return Err(too_large());
        }
        if more > counted {
            // Only what has come counts, and many small pieces count as one.
            let step = (more - counted).next_multiple_of(STEP);
            taken.add(budget.try_take(step).ok_or_else(busy)?);
            counted += step;
        }
        bytes.extend_from_slice(&data);
    }
    Ok(ReceivedMessage { line: InputLine::Whole(bytes), taken })
}

fn too_large() -> HttpRefusal {
    HttpRefusal::plain(
        StatusCode::PAYLOAD_TOO_LARGE,
        format!("the body is longer than {MAX_LINE} bytes"),
    )
}

fn busy() -> HttpRefusal {
    HttpRefusal::busy("too much is sent to this server at once; come again in a while")
}
