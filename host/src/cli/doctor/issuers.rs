//! Authorization servers of the configuration: whether they can be reached. Nothing is asked of them.

use std::net::{TcpStream, ToSocketAddrs as _};
use std::time::Duration;

use super::examined::Examined;
use super::finding::Finding;
use crate::oauth::ServiceUrl;
use crate::text::escape;

const ISSUERS_TOPIC: &str = "authorization servers";
/// The time that one has to take a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

pub(super) fn check(examined: &Examined) -> Vec<Finding> {
    let looks = examined.issuers.iter().map(|issuer| {
        let issuer = issuer.clone();
        std::thread::spawn(move || look(&issuer))
    });
    // All at once: each may take its time.
    let looks: Vec<_> = looks.collect();
    looks.into_iter().filter_map(|look| look.join().ok()).collect()
}

fn look(issuer: &ServiceUrl) -> Finding {
    let shown = escape(issuer.as_str());
    match connect(issuer) {
        Ok(()) => Finding::ok(ISSUERS_TOPIC, format!("{shown} can be reached")),
        Err(error) => Finding::wrong(
            ISSUERS_TOPIC,
            format!("{shown} cannot be reached: {error}"),
            "until it can, its tokens are refused with 503; look at its name, the network and the firewall",
        ),
    }
}

fn connect(issuer: &ServiceUrl) -> std::io::Result<()> {
    let addresses = issuer.server().to_socket_addrs()?;
    let none = std::io::Error::other("no address is known for it");
    let mut ended = Err(none);
    for address in addresses {
        ended = TcpStream::connect_timeout(&address, CONNECT_TIMEOUT).map(drop);
        if ended.is_ok() {
            break;
        }
    }
    ended
}
