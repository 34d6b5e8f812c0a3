//! Requests through `wasi:http` 0.2: the host sends them. Decides nothing but what an error is called.

use std::io::{self, Read};

use wasip2::http::outgoing_handler;
use wasip2::http::types::{
    ErrorCode, Fields, FutureIncomingResponse, IncomingBody, IncomingResponse, Method,
    OutgoingBody, OutgoingRequest, RequestOptions, Scheme as WasiScheme, http_error_code,
};
use wasip2::io::streams::{InputStream, StreamError};

use super::url::{Scheme, Url};
use super::{Error, Request, Response};

/// The most bytes that one write takes.
const CHUNK: usize = 4096;

pub(super) fn send(mut request: Request, url: &Url) -> Result<Response, Error> {
    let content = request.take_content();
    let outgoing = head(&request, url, content.as_ref().map(Vec::len))?;
    // A body that is never asked for is not announced either.
    let body = match &content {
        Some(_) => Some(outgoing.body().map_err(|()| fault("its body was taken"))?),
        None => None,
    };
    let answer = outgoing_handler::handle(outgoing, options(&request))
        .map_err(|code| explain(code, &url.origin()))?;
    // A server may answer before it has read everything: its answer says more than a failed write.
    let written = body.zip(content).map_or(Ok(()), |(body, bytes)| write(body, &bytes));
    let response = match wait(&answer) {
        Ok(response) => response,
        Err(code) => return Err(explain(code, &url.origin())),
    };
    if let (Err(code), 200..300) = (written, response.status()) {
        return Err(explain(code, &url.origin()));
    }
    let headers = response.headers().entries();
    let headers = headers
        .into_iter()
        .map(|(name, value)| (name, String::from_utf8_lossy(&value).into_owned()))
        .collect();
    let status = response.status();
    let body = Body::new(response, url.origin()).ok_or_else(|| fault("the answer has no body"))?;
    Ok(Response::streaming(status, headers, Box::new(body)))
}

fn fault(what: &str) -> Error {
    Error::Invalid(what.into())
}

fn head(request: &Request, url: &Url, length: Option<usize>) -> Result<OutgoingRequest, Error> {
    let fields = Fields::new();
    let set = |name: &str, value: &str| {
        fields
            .append(name, value.as_bytes())
            .map_err(|error| Error::Invalid(format!("the header `{name}`: {error}")))
    };
    for (name, value) in request.headers() {
        // Ours to say, below.
        if name != "content-length" {
            set(name, value)?;
        }
    }
    if let Some(length) = length {
        set("content-length", &length.to_string())?;
    }
    let outgoing = OutgoingRequest::new(fields);
    let scheme = match url.scheme {
        Scheme::Http => WasiScheme::Http,
        Scheme::Https => WasiScheme::Https,
    };
    let refused = |what: &'static str| move |()| Error::Invalid(format!("the host refuses {what}"));
    outgoing.set_method(&method(request.method())).map_err(refused("its method"))?;
    outgoing.set_scheme(Some(&scheme)).map_err(refused("its scheme"))?;
    outgoing.set_authority(Some(&url.authority)).map_err(refused("its host"))?;
    outgoing.set_path_with_query(Some(&url.path_with_query)).map_err(refused("its path"))?;
    Ok(outgoing)
}

fn method(name: &str) -> Method {
    match name {
        "GET" => Method::Get,
        "HEAD" => Method::Head,
        "POST" => Method::Post,
        "PUT" => Method::Put,
        "DELETE" => Method::Delete,
        "OPTIONS" => Method::Options,
        "PATCH" => Method::Patch,
        other => Method::Other(other.into()),
    }
}

fn options(request: &Request) -> Option<RequestOptions> {
    let most = request.nanoseconds()?;
    let options = RequestOptions::new();
    // A host that knows none of them has its own limits, which is all that is promised.
    let _ = options.set_connect_timeout(Some(most));
    let _ = options.set_first_byte_timeout(Some(most));
    let _ = options.set_between_bytes_timeout(Some(most));
    Some(options)
}

fn write(body: OutgoingBody, bytes: &[u8]) -> Result<(), ErrorCode> {
    let lost = || ErrorCode::ConnectionTerminated;
    let stream = body.write().map_err(|()| lost())?;
    for chunk in bytes.chunks(CHUNK) {
        stream
            .blocking_write_and_flush(chunk)
            .map_err(|error| code(&error).unwrap_or_else(lost))?;
    }
    drop(stream);
    OutgoingBody::finish(body, None)
}

fn wait(answer: &FutureIncomingResponse) -> Result<IncomingResponse, ErrorCode> {
    loop {
        match answer.get() {
            Some(Ok(result)) => return result,
            Some(Err(())) => return Err(ErrorCode::InternalError(None)),
            None => answer.subscribe().block(),
        }
    }
}

/// A body as it arrives. The fields are dropped in this order, which is the one that WASI asks for.
struct Body {
    stream: InputStream,
    _body: IncomingBody,
    _response: IncomingResponse,
    origin: String,
}

impl Body {
    fn new(response: IncomingResponse, origin: String) -> Option<Self> {
        let body = response.consume().ok()?;
        let stream = body.stream().ok()?;
        Some(Self { stream, _body: body, _response: response, origin })
    }
}

impl Read for Body {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        match self.stream.blocking_read(buffer.len() as u64) {
            Ok(bytes) if bytes.is_empty() => Err(io::ErrorKind::Interrupted.into()),
            Ok(bytes) => {
                let length = bytes.len().min(buffer.len());
                buffer[..length].copy_from_slice(&bytes[..length]);
                Ok(length)
            }
            Err(StreamError::Closed) => Ok(0),
            Err(StreamError::LastOperationFailed(error)) => Err(match http_error_code(&error) {
                Some(code) => explain(code, &self.origin),
                None => Error::in_body(&error.to_debug_string(), &self.origin),
            }
            .into()),
        }
    }
}

fn code(error: &StreamError) -> Option<ErrorCode> {
    match error {
        StreamError::LastOperationFailed(error) => http_error_code(error),
        StreamError::Closed => None,
    }
}

/// The host's code in words. Where the host has its own words, they are the better ones.
fn explain(code: ErrorCode, origin: &str) -> Error {
    use ErrorCode as Code;
    let connect = |why: &str| Error::Connect(format!("{origin}: {why}"));
    let tls = |why: &str| Error::Tls(format!("{origin}: {why}"));
    let protocol = |why: &str| Error::Protocol(format!("{origin}: {why}"));
    match code {
        Code::InternalError(Some(text)) => Error::Denied(text),
        Code::HttpRequestDenied => Error::Denied(format!(
            "this plugin may not send requests to {origin}; whoever runs the server may grant it: \
             toolrack grant NAME network {origin}"
        )),
        Code::DestinationIpProhibited => Error::Denied(format!(
            "{origin} leads to an address that this plugin may not reach; only a network grant \
             of the address itself can allow it"
        )),
        Code::DnsTimeout
        | Code::ConnectionTimeout
        | Code::ConnectionReadTimeout
        | Code::ConnectionWriteTimeout
        | Code::HttpResponseTimeout => Error::Timeout(origin.into()),
        Code::DnsError(payload) => {
            connect(payload.rcode.as_deref().unwrap_or("its name cannot be resolved"))
        }
        Code::DestinationNotFound => connect("its name cannot be resolved"),
        Code::DestinationUnavailable => connect("it cannot be reached"),
        Code::DestinationIpUnroutable => connect("there is no way to its network"),
        Code::ConnectionRefused => connect("it refuses connections"),
        Code::ConnectionTerminated => connect("the connection broke off"),
        Code::ConnectionLimitReached => Error::Invalid(
            "too many responses of this call are open; read or drop one before the next request"
                .into(),
        ),
        Code::TlsCertificateError => tls("its certificate is not accepted"),
        Code::TlsProtocolError => tls("it does not speak TLS as the host does"),
        Code::TlsAlertReceived(_) => tls("it broke TLS off"),
        Code::HttpRequestBodySize(most) => Error::too_large("the body of the request", most),
        Code::HttpResponseBodySize(most) => Error::too_large("the body of the answer", most),
        Code::HttpResponseHeaderSectionSize(most) => {
            Error::too_large("the headers of the answer", most.map(u64::from))
        }
        Code::HttpRequestMethodInvalid => Error::Invalid("its method is not offered".into()),
        Code::HttpResponseIncomplete => protocol("it broke off"),
        Code::HttpProtocolError => protocol("it is not HTTP"),
        other => protocol(&format!("{other:?}")),
    }
}
