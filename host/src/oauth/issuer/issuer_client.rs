//! One question to an authorization server over HTTP, and its answer: bounded in time and size, and never sent on.

use std::pin::pin;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{ACCEPT, AUTHORIZATION, CONNECTION, CONTENT_TYPE, HOST, USER_AGENT};
use http::{HeaderValue, Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use rustls::pki_types::CertificateDer;
use tokio::time::timeout;
use url::form_urlencoded;

use super::super::settings::ClientSecret;
use super::super::url::ServiceUrl;
use super::nearness::Nearness;
use crate::sandbox::http::{
    Connection, Denied, Failure, LookupShare, LookupShares, RequestTarget, TrustedAuthorities,
    own_addresses,
};

/// The most bytes of an answer, and of its head.
pub(in crate::oauth) const MAX_ISSUER_ANSWER: usize = 256 * 1024;
const MAX_ANSWER_HEAD: usize = 64 * 1024;

/// A name and a secret are encoded as a form is before they are joined.
const FORM_ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.');

/// The way to one authorization server.
pub(in crate::oauth) struct IssuerWay {
    trust: TrustedAuthorities,
    lookups: LookupShare,
    time: Duration,
}

/// The reason why a question has no answer.
#[derive(Debug, thiserror::Error)]
pub(in crate::oauth) enum NoAnswer {
    #[error(transparent)]
    Failure(#[from] Failure),
    #[error(transparent)]
    Denied(#[from] Denied),
    #[error("the request cannot be written: {0}")]
    Request(#[from] http::Error),
    #[error("the answer has the status {0}{hint}", hint = redirect_hint(*.0))]
    Status(StatusCode),
    #[error(
        "the answer says nothing of a token: expected JSON with `active`, by RFC 7662; look at `introspection` in [[auth.issuers]]"
    )]
    NotIntrospection,
    #[error("the answer broke off, or has more than {MAX_ISSUER_ANSWER} bytes")]
    Body,
    #[error(
        "the issuer's metadata name it, and it is nearer to this machine than the issuer; if it is right, name it yourself: `jwks` in [[auth.issuers]]"
    )]
    Nearer,
    #[error("no answer came in {} s", .0.as_secs())]
    Late(Duration),
}

fn redirect_hint(status: StatusCode) -> &'static str {
    if status.is_redirection() { "; redirects are not followed: name the URL itself" } else { "" }
}

impl IssuerWay {
    /// A way that trusts these authorities beside the usual ones.
    pub(in crate::oauth) fn new(authorities: Vec<CertificateDer<'static>>, time: Duration) -> Self {
        let lookups = LookupShares::default().of(None);
        Self { trust: TrustedAuthorities::new(authorities), lookups, time }
    }

    /// Asks for a document at a URL that the configuration names. Returns how near its server is, too.
    pub(in crate::oauth) async fn get(
        &self,
        url: &ServiceUrl,
    ) -> Result<(Bytes, Nearness), NoAnswer> {
        self.get_named(url, Nearness::Machine).await
    }

    /// The same for a URL that a server named which is so near.
    pub(in crate::oauth) async fn get_named(
        &self,
        url: &ServiceUrl,
        by: Nearness,
    ) -> Result<(Bytes, Nearness), NoAnswer> {
        self.ask(url, by, request(url, Method::GET, Bytes::new())?).await
    }

    /// Asks about a token.
    pub(in crate::oauth) async fn introspect(
        &self,
        url: &ServiceUrl,
        (client, secret): (&str, &ClientSecret),
        token: &str,
    ) -> Result<Bytes, NoAnswer> {
        let form = form_urlencoded::Serializer::new(String::new())
            .append_pair("token", token)
            .append_pair("token_type_hint", "access_token")
            .finish();
        let mut request = request(url, Method::POST, form.into())?;
        let encoded = |text| utf8_percent_encode(text, FORM_ENCODED);
        let proof = format!("{}:{}", encoded(client), encoded(secret.expose()));
        let proof = HeaderValue::try_from(format!("Basic {}", STANDARD.encode(proof)));
        let mut proof = proof.map_err(http::Error::from)?;
        proof.set_sensitive(true);
        let headers = request.headers_mut();
        headers.insert(AUTHORIZATION, proof);
        let form = HeaderValue::from_static("application/x-www-form-urlencoded");
        headers.insert(CONTENT_TYPE, form);
        let (answer, _) = self.ask(url, Nearness::Machine, request).await?;
        Ok(answer)
    }

    async fn ask(
        &self,
        url: &ServiceUrl,
        nearest: Nearness,
        request: Request<Full<Bytes>>,
    ) -> Result<(Bytes, Nearness), NoAnswer> {
        // It waits in several places, and is large.
        let answer = Box::pin(self.answer(url, nearest, request));
        timeout(self.time, answer).await.unwrap_or(Err(NoAnswer::Late(self.time)))
    }

    async fn answer(
        &self,
        url: &ServiceUrl,
        nearest: Nearness,
        request: Request<Full<Bytes>>,
    ) -> Result<(Bytes, Nearness), NoAnswer> {
        let target = RequestTarget::parse(url.url().scheme(), url.url().authority())?;
        let mut addresses = own_addresses(&target.host, &self.lookups).await?;
        addresses.retain(|address| Nearness::of(*address) <= nearest);
        if addresses.is_empty() {
            return Err(NoAnswer::Nearer);
        }
        let stream = Connection::open(&target, &addresses, &self.trust).await?;
        let mut builder = http1::Builder::new();
        builder.max_buf_size(MAX_ANSWER_HEAD);
        let shaken = builder.handshake(TokioIo::new(stream)).await.map_err(Failure::from)?;
        let (mut sender, connection) = shaken;
        let mut answer = pin!(async {
            let response = sender.send_request(request).await.map_err(Failure::from)?;
            if response.status() != StatusCode::OK {
                return Err(NoAnswer::Status(response.status()));
            }
            let body = Limited::new(response.into_body(), MAX_ISSUER_ANSWER).collect().await;
            let body = body.map_err(|_| NoAnswer::Body)?;
            Ok((body.to_bytes(), Nearness::of_server(&addresses)))
        });
        tokio::select! {
            answer = &mut answer => answer,
            // The answer that it gave may not have been read yet.
            _ = connection => answer.await,
        }
    }
}

fn request(
    url: &ServiceUrl,
    method: Method,
    body: Bytes,
) -> Result<Request<Full<Bytes>>, http::Error> {
    let url = url.url();
    let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
    Request::builder()
        .method(method)
        .uri(format!("{}{query}", url.path()))
        .header(HOST, url.authority())
        .header(ACCEPT, "application/json")
        .header(USER_AGENT, concat!("toolrack/", env!("CARGO_PKG_VERSION")))
        .header(CONNECTION, "close")
        .body(Full::new(body))
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn what_is_named_from_farther_away_is_not_asked() {
        let server = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/keys", server.local_addr().expect("an address"));
        let url: ServiceUrl = url.parse().expect("a URL");
        let way = IssuerWay::new(Vec::new(), Duration::from_millis(50));
        for by in [Nearness::Internet, Nearness::Network] {
            let answer = way.get_named(&url, by).await;
            assert!(matches!(answer, Err(NoAnswer::Nearer)), "{by:?}: {answer:?}");
        }
        assert!(timeout(way.time, server.accept()).await.is_err(), "nobody connects");
        let answer = way.get_named(&url, Nearness::Machine).await;
        assert!(matches!(answer, Err(NoAnswer::Late(_))), "{answer:?}");
        assert!(timeout(way.time, server.accept()).await.is_ok(), "somebody has connected");
    }
}
