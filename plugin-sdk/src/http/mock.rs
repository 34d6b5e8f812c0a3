//! A stand-in for the network in a native build: answers that a test gives.

use std::cell::RefCell;

use super::url::Url;
use super::{Error, Request, Response};

type Answer = Box<dyn FnMut(&Request) -> Result<Response, Error>>;

thread_local! {
    static ANSWER: RefCell<Option<Answer>> = const { RefCell::new(None) };
}

/// Answers the requests of this thread from now on, in place of the mock before. There only in native
/// builds, that is in tests.
///
/// The closure gives a [`Response`], or a `Result` where a test wants an [`Error`]. It is not called
/// for a request that could not be sent, such as one whose URL is none.
///
/// ```
/// use toolrack_sdk::http;
///
/// http::mock(|request| match request.url() {
///     "https://a.example/" => http::Response::new(200, "welcome"),
///     _ => http::Response::new(404, ""),
/// });
/// assert_eq!(http::get("https://a.example/").send().unwrap().text().unwrap(), "welcome");
/// assert_eq!(http::get("https://a.example/x").send().unwrap().status(), 404);
/// assert!(http::get("a.example").send().is_err());
/// ```
pub fn mock<R: Into<Result<Response, Error>>>(mut answer: impl FnMut(&Request) -> R + 'static) {
    let answer: Answer = Box::new(move |request| answer(request).into());
    ANSWER.with_borrow_mut(|known| *known = Some(answer));
}

pub(super) fn send(request: Request, url: &Url) -> Result<Response, Error> {
    ANSWER.with_borrow_mut(|answer| match answer {
        Some(answer) => answer(&request),
        None => Err(Error::Connect(format!(
            "{}: a native build has no network, so say what is answered with `http::mock`",
            url.origin()
        ))),
    })
}
