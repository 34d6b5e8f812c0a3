//! One request on one connection, as a task of the network's thread.

use std::sync::Arc;
use std::time::Duration;

use http::header::{CONNECTION, HOST, HeaderName, HeaderValue};
use http::uri::PathAndQuery;
use http::{Request, Response, Uri, request};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::super::bounds::MAX_HEADERS;
use super::super::failure::Failure;
use super::super::judge::allow::RequestTarget;
use super::body::Outbound;
use super::connect::Connection;
use super::network::{RequestTimeouts, Ways};
use super::resolve;
use super::thread::OwnedTask;
use crate::manifest::{NetworkGrant, OF_THE_HOST};

/// The most headers of a response.
const MAX_COUNT: usize = 256;

/// True if a guest may not set this header, because it is the host's.
pub(crate) fn is_of_the_host(name: &HeaderName) -> bool {
    OF_THE_HOST.contains(name)
}

/// A request that may be sent.
pub(crate) struct Order {
    pub(crate) target: RequestTarget,
    pub(crate) grant: NetworkGrant,
    pub(crate) head: request::Parts,
    pub(crate) body: Outbound,
    pub(crate) patience: RequestTimeouts,
    /// The connections that the call may still open.
    pub(crate) room: Arc<Semaphore>,
    /// The plugin whose request it is. `None` where it has no name.
    pub(crate) plugin: Option<Arc<str>>,
}

/// Sends a request. The connection lives as long as the task that is returned with the response.
pub(crate) async fn exchange(
    ways: Arc<Ways>,
    order: Order,
) -> Result<(Response<Incoming>, OwnedTask<()>), Failure> {
    let Order { target, grant, head, body, patience, room, plugin } = order;
    let place = timeout(patience.connect, room.acquire_owned());
    let place = place.await.ok().and_then(Result::ok).ok_or(Failure::TooManyOpen)?;
    let opening = async {
        let share = ways.lookups.of(plugin.as_ref());
        let addresses = resolve::addresses(&*ways.resolver, &target.host, &grant, &share).await?;
        Connection::open(&target, &addresses, &ways.trust).await
    };
    let stream = in_time(patience.connect, opening, Failure::ConnectTimeout).await?;
    let mut builder = http1::Builder::new();
    builder.max_buf_size(MAX_HEADERS).max_headers(MAX_COUNT);
    let (mut sender, connection) = builder.handshake(TokioIo::new(stream)).await?;
    let connection = OwnedTask::new(tokio::spawn(async move {
        let _place = place;
        // The request, or the reader of its response, is told of an error.
        let _ = connection.await;
    }));
    let request = Request::from_parts(addressed(head, &target), body);
    let answer = async { Ok(sender.send_request(request).await?) };
    let response = in_time(patience.first_byte, answer, Failure::FirstByteTimeout).await?;
    Ok((response, connection))
}

async fn in_time<T>(
    at_most: Duration,
    work: impl Future<Output = Result<T, Failure>>,
    late: Failure,
) -> Result<T, Failure> {
    timeout(at_most, work).await.unwrap_or(Err(late))
}

/// The path and the query of `uri`, as the first line of a request has them. A path is never empty there.
fn origin_form(uri: &Uri) -> Uri {
    let written = uri.path_and_query().map(PathAndQuery::as_str).unwrap_or_default();
    // An empty one says that it is `/`, and would be written as nothing: the text is read anew.
    let slash = if written.starts_with('/') { "" } else { "/" };
    Uri::try_from(format!("{slash}{written}")).unwrap_or_else(|_| Uri::from_static("/"))
}

/// The head as it is written: a path in place of the URL, and the host's own headers.
fn addressed(mut head: request::Parts, target: &RequestTarget) -> request::Parts {
    for name in &OF_THE_HOST {
        head.headers.remove(name);
    }
    head.uri = origin_form(&head.uri);
    // A host is ASCII without spaces or controls, so it always is a header's value.
    if let Ok(host) = HeaderValue::try_from(target.authority()) {
        head.headers.insert(HOST, host);
    }
    head.headers.insert(CONNECTION, HeaderValue::from_static("close"));
    head
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_of_a_request_is_never_empty() {
        for (path, expected) in
            [("", "/"), ("?q=1", "/?q=1"), ("/", "/"), ("/a?b", "/a?b"), ("/?", "/?")]
        {
            let uri = Uri::builder().scheme("https").authority("a.example").path_and_query(path);
            let uri = uri.build().expect("an address");
            assert_eq!(origin_form(&uri).to_string(), expected);
        }
        assert_eq!(origin_form(&Uri::from_static("a.example")).to_string(), "/");
    }
}
