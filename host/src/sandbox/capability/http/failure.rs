//! The reasons why a request was not answered: in words for the log, and as the code that a guest
//! is given.

use wasmtime_wasi_http::Error;

use super::bounds::{MAX_HEADERS, MAX_OPEN_CONNECTIONS, MAX_REQUEST, MAX_REQUESTS, MAX_RESPONSE};
use super::judge::allow::{Denied, RequestHost};
use crate::secret::MissingSecret;

/// The reason why a request was not answered.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// No grant covers it.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// A secret that belongs into it has no value.
    #[error(transparent)]
    Secret(#[from] MissingSecret),
    /// A secret that belongs into it does not fit there.
    #[error(
        "the secret `{0}` holds bytes that a header cannot carry, such as a line break; set it without them"
    )]
    UnfitSecret(String),
    /// The plugin is being asked for its tools.
    #[error("a plugin sends no requests while it lists its tools; send them when a tool is called")]
    Listing,
    /// The call has sent as many requests as it may.
    #[error("this call has sent {MAX_REQUESTS} requests, the most that one call may send")]
    TooMany,
    /// All connections of the call are in use, and stay so.
    #[error(
        "this call has {MAX_OPEN_CONNECTIONS} responses open, the most at once; read or drop one before the next request"
    )]
    TooManyOpen,
    /// A method that asks for a tunnel.
    #[error("the method CONNECT is not offered")]
    Method,
    /// A method that asks the server to repeat the request, where a secret is in it.
    #[error(
        "the method TRACE would show the secret that is added to the request; it is not sent with one"
    )]
    Trace,
    /// The secret that was sent could stand in the response unseen.
    #[error(
        "the server sent its answer in the encoding `{0}`, in which a secret that it repeats cannot be found; requests \
         with a secret ask for none"
    )]
    Encoded(String),
    /// The name has no address, or the resolver could not tell.
    #[error("`{host}` cannot be resolved: {reason}")]
    Unresolved {
        /// The name.
        host: RequestHost,
        /// The resolver's reason.
        reason: String,
    },
    /// The host leads to this machine or its network.
    #[error(
        "`{0}` leads to an address that is not on the public internet; a plugin reaches such an address only by the address itself, where [grants] in its manifest names it under `network`"
    )]
    NotPublic(RequestHost),
    /// The host leads to addresses that are taken out of the grant.
    #[error("`{0}` leads to an address that is taken out of what the plugin is granted")]
    Excepted(RequestHost),
    /// The connection could not be made.
    #[error("no connection to {to}: {error}")]
    Connect {
        /// The host.
        to: String,
        /// The error of the last attempt.
        error: std::io::Error,
    },
    /// It took too long to connect.
    #[error("no connection in time")]
    ConnectTimeout,
    /// The server's certificate is not accepted.
    #[error("the certificate of {to} is not accepted: {reason}")]
    Certificate {
        /// The host.
        to: String,
        /// The reason why it is not accepted.
        reason: String,
    },
    /// TLS could not be agreed on.
    #[error("no TLS with {to}: {reason}")]
    Tls {
        /// The host.
        to: String,
        /// The reason why there is no TLS.
        reason: String,
    },
    /// No response began in time.
    #[error("no response in time")]
    FirstByteTimeout,
    /// The request is larger than may be sent.
    #[error("the request's body is larger than {MAX_REQUEST} bytes, the most that is sent")]
    RequestSize,
    /// The response is larger than may be read.
    #[error("the response's body is larger than {MAX_RESPONSE} bytes, the most that is read")]
    ResponseSize,
    /// The response's headers are too large.
    #[error("the response's headers are larger than {MAX_HEADERS} bytes, the most that is read")]
    ResponseHeaders,
    /// The server broke off, or does not speak HTTP.
    #[error("the exchange broke off: {0}")]
    Http(hyper::Error),
    /// The guest did not finish its request.
    #[error("the request was not finished: {0}")]
    Request(Error),
    /// The host itself could not do its part.
    #[error("toolrack cannot send requests: {0}")]
    Host(String),
}

impl Failure {
    /// True if toolrack refused what the plugin asked for, so that its author wants to know.
    pub(super) fn is_refusal(&self) -> bool {
        matches!(
            self,
            Self::Denied(_)
                | Self::Secret(_)
                | Self::UnfitSecret(_)
                | Self::Listing
                | Self::TooMany
                | Self::TooManyOpen
                | Self::Method
                | Self::Trace
                | Self::Encoded(_)
                | Self::NotPublic(_)
                | Self::Excepted(_)
                | Self::RequestSize
                | Self::Host(_)
        )
    }

    /// The same in few words, for the trace of the call: without advice.
    pub(super) fn in_brief(&self) -> String {
        match self {
            Self::Denied(Denied::NotGranted(target, _)) => format!("{target}: not granted"),
            other => other.to_string(),
        }
    }

    /// The name of its kind, for machines.
    pub(super) fn kind_name(&self) -> &'static str {
        match self {
            Self::Denied(_)
            | Self::Secret(_)
            | Self::UnfitSecret(_)
            | Self::Listing
            | Self::TooMany
            | Self::TooManyOpen
            | Self::Method
            | Self::Trace
            | Self::Encoded(_)
            | Self::NotPublic(_)
            | Self::Excepted(_)
            | Self::RequestSize => "refused",
            Self::Unresolved { .. } => "unresolved",
            Self::Connect { .. } => "connect",
            Self::ConnectTimeout | Self::FirstByteTimeout => "timeout",
            Self::Certificate { .. } | Self::Tls { .. } => "tls",
            Self::ResponseSize | Self::ResponseHeaders => "too_large",
            Self::Http(_) | Self::Request(_) => "broken",
            Self::Host(_) => "host",
        }
    }

    /// Returns the code that `wasi:http` has for it. Where that does not say what to do, toolrack's
    /// own words go along.
    pub(super) fn code(self) -> Error {
        match self {
            Self::Denied(_)
            | Self::Secret(_)
            | Self::UnfitSecret(_)
            | Self::Listing
            | Self::TooMany
            | Self::Trace
            | Self::Encoded(_)
            | Self::NotPublic(_)
            | Self::Excepted(_)
            | Self::Host(_) => Error::InternalError(Some(self.to_string())),
            Self::TooManyOpen => Error::ConnectionLimitReached,
            Self::Method => Error::HttpRequestMethodInvalid,
            Self::Unresolved { reason, .. } => {
                Error::DnsError { rcode: Some(reason), info_code: None }
            }
            Self::Connect { error, .. } => match error.kind() {
                std::io::ErrorKind::ConnectionRefused => Error::ConnectionRefused,
                std::io::ErrorKind::NetworkUnreachable | std::io::ErrorKind::HostUnreachable => {
                    Error::DestinationIpUnroutable
                }
                std::io::ErrorKind::TimedOut => Error::ConnectionTimeout,
                _ => Error::DestinationUnavailable,
            },
            Self::ConnectTimeout => Error::ConnectionTimeout,
            Self::Certificate { .. } => Error::TlsCertificateError,
            Self::Tls { .. } => Error::TlsProtocolError,
            Self::FirstByteTimeout => Error::HttpResponseTimeout,
            Self::RequestSize => Error::HttpRequestBodySize(Some(MAX_REQUEST)),
            Self::ResponseSize => Error::HttpResponseBodySize(Some(MAX_RESPONSE)),
            Self::ResponseHeaders => {
                Error::HttpResponseHeaderSectionSize(u32::try_from(MAX_HEADERS).ok())
            }
            Self::Http(error) if is_incomplete(&error) => Error::HttpResponseIncomplete,
            Self::Http(error) if error.is_parse() => Error::HttpProtocolError,
            Self::Http(_) => Error::ConnectionTerminated,
            Self::Request(error) => error,
        }
    }
}

/// An error of hyper's, in the words of this module.
impl From<hyper::Error> for Failure {
    fn from(error: hyper::Error) -> Self {
        if error.is_parse_too_large() {
            return Self::ResponseHeaders;
        }
        // The request's body is the guest's; an error in it comes back wrapped.
        let source = std::error::Error::source(&error).and_then(|source| source.downcast_ref());
        match source {
            Some(Error::HttpRequestBodySize(_)) => Self::RequestSize,
            Some(_) => Self::Request(Error::HttpProtocolError),
            None => Self::Http(error),
        }
    }
}

/// True if the server ended before its response did.
fn is_incomplete(error: &hyper::Error) -> bool {
    let source = std::error::Error::source(error);
    let io = source.and_then(|source| source.downcast_ref::<std::io::Error>());
    error.is_incomplete_message()
        || io.is_some_and(|error| error.kind() == std::io::ErrorKind::UnexpectedEof)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_toolrack_refuses_is_told_to_the_author_and_what_the_network_does_is_not() {
        let host = || RequestHost::Name("a.example".into());
        for failure in [
            Failure::Denied(Denied::User),
            Failure::UnfitSecret("KEY".into()),
            Failure::Listing,
            Failure::TooMany,
            Failure::TooManyOpen,
            Failure::Method,
            Failure::NotPublic(host()),
            Failure::Excepted(host()),
            Failure::RequestSize,
            Failure::Host("it has no thread".into()),
        ] {
            assert!(failure.is_refusal(), "{failure}");
        }
        for failure in [
            Failure::Unresolved { host: host(), reason: "no address".into() },
            Failure::ConnectTimeout,
            Failure::FirstByteTimeout,
            Failure::ResponseHeaders,
            Failure::Certificate { to: "a".into(), reason: "expired".into() },
        ] {
            assert!(!failure.is_refusal(), "{failure}");
        }
    }
}
