//! Responses to requests with a secret of the host's in them: the secret does not come back to the guest.
//!
//! A server may repeat what it was sent, in its headers and in its body. Both are searched before the guest has them,
//! in each usual spelling; a secret that is found is covered, and the body keeps its length.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING};
use http::{HeaderMap, HeaderValue, request, response};
use hyper::body::{Body, Frame, SizeHint};
use wasmtime_wasi_http::Error;

use super::super::failure::Failure;
use crate::secret::Redactor;

/// Asks for a response that can be searched.
pub(crate) fn ask_for_plain(request: &mut request::Parts) {
    request.headers.remove(ACCEPT_ENCODING);
}

/// Covers the secret in the head of a response, or says why its body cannot be searched.
pub(crate) fn cover_head(head: &mut response::Parts, secret: &Redactor) -> Result<(), Failure> {
    let encodings = head.headers.get_all(CONTENT_ENCODING).iter();
    let mut encodings = encodings.map(|value| String::from_utf8_lossy(value.as_bytes()));
    if let Some(encoding) = encodings.find(|value| !value.trim().eq_ignore_ascii_case("identity")) {
        return Err(Failure::Encoded(encoding.into_owned()));
    }
    cover_headers(&mut head.headers, secret);
    Ok(())
}

fn cover_headers(headers: &mut HeaderMap, secret: &Redactor) {
    for value in headers.values_mut() {
        if let Some(covered) = secret.bytes(value.as_bytes()) {
            // A secret is replaced by its name in brackets, which a header can hold.
            let covered = HeaderValue::from_bytes(&covered);
            *value = covered.unwrap_or_else(|_| HeaderValue::from_static("[secret]"));
        }
    }
}

/// A body in which a secret is covered.
pub(crate) struct Covered<B> {
    body: B,
    secret: Redactor,
    /// The bytes that may be the beginning of the secret.
    held: Vec<u8>,
    /// The length that `held` had when it was searched last.
    searched: usize,
    /// True if nothing more comes of `body`.
    has_ended: bool,
}

impl<B> Covered<B> {
    pub(crate) fn new(body: B, secret: Redactor) -> Self {
        Self { body, secret, held: Vec::new(), searched: 0, has_ended: false }
    }

    /// Takes the bytes that can be shown; `None` if there are none.
    fn take_shown(&mut self) -> Option<Bytes> {
        // Bytes that only begin a secret are searched again once they have grown by half: a search at each byte would
        // cost too much.
        if !self.has_ended && self.held.len() <= self.searched + self.searched / 2 {
            return None;
        }
        let length = self.secret.cover(&mut self.held, self.has_ended);
        let rest = self.held.split_off(length);
        self.searched = rest.len();
        let shown = std::mem::replace(&mut self.held, rest);
        (!shown.is_empty()).then(|| shown.into())
    }
}

impl<B: Body<Data = Bytes, Error = Error> + Unpin> Body for Covered<B> {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        while !self.has_ended {
            match ready!(Pin::new(&mut self.body).poll_frame(context)).transpose() {
                Err(error) => return Poll::Ready(Some(Err(error))),
                Ok(frame) => match frame.map(Frame::into_data) {
                    Some(Ok(data)) => self.held.extend_from_slice(&data),
                    // Trailers end a body. They are left out: they would have to be searched, and nothing reads them.
                    Some(Err(_)) | None => self.has_ended = true,
                },
            }
            if let Some(shown) = self.take_shown() {
                return Poll::Ready(Some(Ok(Frame::data(shown))));
            }
        }
        Poll::Ready(None)
    }

    fn is_end_stream(&self) -> bool {
        self.held.is_empty() && (self.has_ended || self.body.is_end_stream())
    }

    fn size_hint(&self) -> SizeHint {
        // The body has given away the held bytes, and the guest has not had them.
        let (body, held) = (self.body.size_hint(), self.held.len() as u64);
        let mut hint = SizeHint::new();
        hint.set_lower(body.lower().saturating_add(held));
        if let Some(upper) = body.upper() {
            hint.set_upper(upper.saturating_add(held));
        }
        hint
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use http_body_util::BodyExt as _;

    use super::*;
    use crate::manifest::SecretName;
    use crate::secret::Secret;

    struct Pieces(VecDeque<Vec<u8>>);

    impl Body for Pieces {
        type Data = Bytes;
        type Error = Error;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
            Poll::Ready(self.0.pop_front().map(|piece| Ok(Frame::data(piece.into()))))
        }
    }

    fn secret() -> Redactor {
        let name = SecretName::new("TOKEN").expect("a name");
        Redactor::new([(&name, &Secret::new("sw\u{f6}rd<fish>1234".to_owned()))])
    }

    #[tokio::test]
    async fn a_secret_is_covered_wherever_the_body_is_cut_and_the_length_stays() {
        for spelling in [
            "sw\u{f6}rd<fish>1234",
            "sw\\u00f6rd\\u003cfish\\u003E1234",
            "sw%C3%B6rd%3Cfish%3E1234",
            "sw&#246;rd&lt;fish&gt;1234",
            "c3fDtnJkPGZpc2g+MTIzNA==",
        ] {
            let whole = format!("{{\"a\": \"before {spelling} after sw\u{f6}rd<fi\"}}");
            for size in 1..whole.len() {
                let pieces = whole.as_bytes().chunks(size).map(<[u8]>::to_vec).collect();
                let shown = Covered::new(Pieces(pieces), secret()).collect().await.expect("a body");
                let shown = String::from_utf8_lossy(&shown.to_bytes()).into_owned();
                assert_eq!(shown.len(), whole.len(), "{size}: {shown}");
                assert!(shown.starts_with("{\"a\": \"before [secret TOKEN]"), "{size}: {shown}");
                assert!(shown.ends_with(" after sw\u{f6}rd<fi\"}"), "{size}: {shown}");
                assert!(!shown.contains("1234") && !shown.contains("MTIzNA"), "{size}: {shown}");
            }
        }
    }

    #[test]
    fn a_head_is_covered_and_an_encoded_body_is_refused() {
        let response =
            http::Response::builder().header("location", "/?key=sw%C3%B6rd%3cfish%3e1234");
        let (mut head, ()) = response.body(()).expect("a response").into_parts();
        assert!(cover_head(&mut head, &secret()).is_ok());
        assert_eq!(head.headers["location"], "/?key=[secret TOKEN]");
        head.headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        assert!(matches!(cover_head(&mut head, &secret()), Err(Failure::Encoded(_))));
    }
}
