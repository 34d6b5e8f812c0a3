//! The parts that all requests share: the thread they travel on, the resolver, the trusted authorities.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use rustls::pki_types::CertificateDer;

use super::super::failure::Failure;
use super::lookup_share::LookupShares;
use super::resolve::{Resolve, System};
use super::thread::NetThread;
use super::tls::TrustedAuthorities;

/// The host's way to the network.
pub struct Network {
    pub(crate) ways: Arc<Ways>,
    pub(crate) patience: RequestTimeouts,
    // The thread is started at the first request: most hosts send none.
    thread: OnceLock<Result<NetThread, String>>,
}

/// The parts that the tasks on the thread need. They do not hold the network itself: its last owner waits for the
/// thread to end, and must not be on it.
pub(crate) struct Ways {
    pub(crate) resolver: Box<dyn Resolve>,
    pub(crate) trust: TrustedAuthorities,
    pub(crate) lookups: LookupShares,
}

/// The parts that a network is made with.
pub struct Surroundings {
    /// The resolver that looks up names.
    pub resolver: Box<dyn Resolve>,
    /// Authorities that are trusted besides Mozilla's and the system's.
    pub roots: Vec<CertificateDer<'static>>,
    /// The longest times that a request waits.
    pub patience: RequestTimeouts,
}

/// The longest times that a request waits. A call's own timeout ends it earlier still; a guest can ask for less.
#[derive(Clone, Copy, Debug)]
pub struct RequestTimeouts {
    /// The time for the connection: the look-up of the name, TCP and TLS together.
    pub connect: Duration,
    /// The time for the response's status and headers, once connected.
    pub first_byte: Duration,
    /// The time for each next piece of the response's body.
    pub between_bytes: Duration,
}

impl Default for RequestTimeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            first_byte: Duration::from_secs(15),
            between_bytes: Duration::from_secs(10),
        }
    }
}

/// The system's resolver, no more roots, the usual patience.
impl Default for Surroundings {
    fn default() -> Self {
        Self { resolver: Box::new(System), roots: Vec::new(), patience: RequestTimeouts::default() }
    }
}

impl Network {
    /// Creates a way to the network. Nothing is started and no file is read before the first request.
    #[must_use]
    pub fn new(surroundings: Surroundings) -> Arc<Self> {
        let Surroundings { resolver, roots, patience } = surroundings;
        let ways = Arc::new(Ways {
            resolver,
            trust: TrustedAuthorities::new(roots),
            lookups: LookupShares::default(),
        });
        Arc::new(Self { ways, patience, thread: OnceLock::new() })
    }

    pub(crate) fn thread(&self) -> Result<&NetThread, Failure> {
        let start = || NetThread::start().map_err(|error| error.to_string());
        self.thread.get_or_init(start).as_ref().map_err(|error| Failure::Host(error.clone()))
    }
}
