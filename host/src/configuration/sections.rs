//! `[serve]` and `[http]`: what the flags of `serve` say, too.

use std::num::NonZeroUsize;
use std::time::Duration;

use crate::fs::stated::Stated;
use crate::manifest::{Bytes, Rate};
use crate::mcp::{AllowedOrigin, ServerName};
use crate::metrics::MetricsAddress;

/// `[serve]`
#[derive(Clone, Debug, Default)]
pub struct ServeSection {
    /// True if the client at stdin and stdout is served beside those over HTTP.
    pub stdio: Option<Stated<bool>>,
    /// The number of tools on a page of `tools/list`.
    pub page_size: Option<Stated<NonZeroUsize>>,
    /// The memory of all answers that are kept.
    pub result_cache: Option<Stated<Bytes>>,
    /// The address of metrics.
    pub metrics: Option<Stated<MetricsAddress>>,
    /// False if plugins keep the code that they are first compiled to.
    pub optimize: Option<Stated<bool>>,
    /// The levels of the log, as `--log` takes them.
    pub log: Option<Stated<Box<str>>>,
    /// The form of the log, as `--log-format` takes it.
    pub log_format: Option<Stated<Box<str>>>,
    /// The file of the audit log, as written, or one of [`AUDIT_STDERR`].
    pub audit: Option<Stated<Box<str>>>,
    /// The size of a file of the audit log, in bytes.
    pub audit_size: Option<Stated<u64>>,
    /// The number of older files of the audit log that are kept.
    pub audit_files: Option<Stated<u64>>,
    /// True if the audit log holds the arguments of calls.
    pub audit_arguments: Option<Stated<bool>>,
}

/// The words that stand for stderr in the place of the file of the audit log.
pub const AUDIT_STDERR: [&str; 2] = ["stderr", "-"];

/// `[http]`
#[derive(Clone, Debug, Default)]
pub struct HttpSection {
    /// The address to listen on, as `--http` takes it.
    pub address: Option<Stated<Box<str>>>,
    /// The names that the server is known by, beside those of its address.
    pub hosts: Option<Stated<Vec<ServerName>>>,
    /// Origins whose pages may use the server, beside this machine's.
    pub origins: Option<Stated<Vec<AllowedOrigin>>>,
    /// True if everybody who reaches an address of other machines may use it.
    pub allow_unauthenticated: Option<Stated<bool>>,
    /// The time that requests have to end once a signal came.
    pub grace: Option<Stated<Duration>>,
    /// The time before that for which everything is served on, so that a balancer notices.
    pub drain_delay: Option<Stated<Duration>>,
    /// The file with the key of sessions, as written, which replicas share.
    pub session_key_file: Option<Stated<Box<str>>>,
    /// The file with another key whose sessions go on, as written.
    pub second_session_key_file: Option<Stated<Box<str>>>,
    /// The file of the server's certificate, as written.
    pub tls_cert: Option<Stated<Box<str>>>,
    /// The file of its key, as written.
    pub tls_key: Option<Stated<Box<str>>>,
    /// The file of the authorities of clients' certificates, as written.
    pub client_ca: Option<Stated<Box<str>>>,
    /// The calls of one client that run at once.
    pub client_calls: Option<Stated<usize>>,
    /// The rate at which one client may call tools.
    pub client_rate: Option<Stated<Rate>>,
    /// False if no page for people is served.
    pub page: Option<Stated<bool>>,
}

impl ServeSection {
    /// The keys of this section, and those of `other` that it lacks.
    pub(super) fn over(self, other: Self) -> Self {
        Self {
            stdio: self.stdio.or(other.stdio),
            page_size: self.page_size.or(other.page_size),
            result_cache: self.result_cache.or(other.result_cache),
            metrics: self.metrics.or(other.metrics),
            optimize: self.optimize.or(other.optimize),
            log: self.log.or(other.log),
            log_format: self.log_format.or(other.log_format),
            audit: self.audit.or(other.audit),
            audit_size: self.audit_size.or(other.audit_size),
            audit_files: self.audit_files.or(other.audit_files),
            audit_arguments: self.audit_arguments.or(other.audit_arguments),
        }
    }
}

impl HttpSection {
    /// The keys of this section, and those of `other` that it lacks.
    pub(super) fn over(self, other: Self) -> Self {
        Self {
            address: self.address.or(other.address),
            hosts: self.hosts.or(other.hosts),
            origins: self.origins.or(other.origins),
            allow_unauthenticated: self.allow_unauthenticated.or(other.allow_unauthenticated),
            grace: self.grace.or(other.grace),
            drain_delay: self.drain_delay.or(other.drain_delay),
            session_key_file: self.session_key_file.or(other.session_key_file),
            second_session_key_file: self.second_session_key_file.or(other.second_session_key_file),
            tls_cert: self.tls_cert.or(other.tls_cert),
            tls_key: self.tls_key.or(other.tls_key),
            client_ca: self.client_ca.or(other.client_ca),
            client_calls: self.client_calls.or(other.client_calls),
            client_rate: self.client_rate.or(other.client_rate),
            page: self.page.or(other.page),
        }
    }
}
