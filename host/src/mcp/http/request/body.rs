//! The body of a request, read within its bounds.

use std::time::Duration;

use http::header::{CONTENT_LENGTH, EXPECT};
use http::{HeaderMap, StatusCode};
use http_body_util::BodyExt as _;
use hyper::body::{Body, Bytes};
use tokio::time::timeout;

use crate::mcp::http::bounds::{DROP_TIME, MAX_DROPPED, UNREAD_BODY};
use crate::mcp::http::run::answer::HttpRefusal;
use crate::mcp::http::run::shares::{NoShare, Place};
use crate::mcp::rpc::lines::{InputLine, MAX_LINE};

/// Bytes of a body that are counted at once.
const STEP: usize = 16 * 1024;

/// Reads a body whole, into `room` among the bytes that all bodies share.
pub(crate) async fn read<B>(
    headers: &HeaderMap,
    body: B,
    room: &mut Place,
    time: Duration,
) -> Result<InputLine, HttpRefusal>
where
    B: Body<Data = Bytes> + Unpin,
{
    let length = claimed_length(headers);
    if length.is_some_and(|length| length > MAX_LINE) {
        return Err(too_large());
    }
    let late = |_| {
        HttpRefusal::plain(
            StatusCode::REQUEST_TIMEOUT,
            format!("the body did not come within {time:?}"),
        )
    };
    timeout(time, collect(body, length.unwrap_or(0), room)).await.map_err(late)?
}

async fn collect<B>(mut body: B, length: usize, room: &mut Place) -> Result<InputLine, HttpRefusal>
where
    B: Body<Data = Bytes> + Unpin,
{
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
            room.add(step).map_err(no_room)?;
            counted += step;
        }
        bytes.extend_from_slice(&data);
    }
    Ok(InputLine::Whole(bytes))
}

/// The claims of a request's head about its body.
#[derive(Clone, Copy)]
pub(crate) struct ClaimedBody {
    length: Option<usize>,
    /// True if the client sends it only when it is told to.
    asks_first: bool,
}

impl ClaimedBody {
    /// The claims of these headers.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        Self { length: claimed_length(headers), asks_first: headers.contains_key(EXPECT) }
    }

    /// True if the client may be sending it for a while after its request was answered with `status`.
    pub(crate) fn outlasts(self, status: StatusCode) -> bool {
        let is_large = status == StatusCode::PAYLOAD_TOO_LARGE
            // One whose length nobody claims may be as large as any.
            || self.length.is_none_or(|length| length > UNREAD_BODY);
        // Who asks first sends nothing once it is refused.
        is_large && !self.asks_first
    }
}

/// Reads what is left of the body of a request that has its answer, and drops it. A client that is still sending when its
/// connection is closed never sees the answer.
pub(crate) async fn drop_rest<B>(mut body: B, body_time: Duration)
where
    B: Body<Data = Bytes> + Unpin,
{
    let mut dropped = 0;
    let rest = async {
        while let Some(Ok(frame)) = body.frame().await {
            dropped += frame.data_ref().map_or(0, Bytes::len);
            if dropped > MAX_DROPPED {
                return;
            }
        }
    };
    // Beyond that time, the client has to have read the answer.
    let _ = timeout(DROP_TIME.min(body_time), rest).await;
}

fn claimed_length(headers: &HeaderMap) -> Option<usize> {
    let length = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok());
    length.and_then(|length| length.parse().ok())
}

fn too_large() -> HttpRefusal {
    HttpRefusal::plain(
        StatusCode::PAYLOAD_TOO_LARGE,
        format!("the body is longer than {MAX_LINE} bytes"),
    )
}

/// The refusal where there is no room for what is sent.
pub(crate) fn no_room(no_room: NoShare) -> HttpRefusal {
    match no_room {
        NoShare::OfOne => HttpRefusal::too_many("you send too much at once; come again in a while"),
        NoShare::OfAll => {
            HttpRefusal::busy("too much is sent to this server at once; come again in a while")
        }
    }
}
