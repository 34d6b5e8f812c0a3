//! The certificates of clients that are connected, which have to count as long as their connections last.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::{Rc, Weak};
use std::time::Duration;

use rustls::pki_types::{CertificateDer, UnixTime};
use sha2::{Digest as _, Sha256};
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use super::tls::TlsInForce;

/// The time between two looks at whether a client's certificate still counts.
const CERTIFICATE_LOOK: Duration = Duration::from_secs(30);

/// The certificates of the clients that are connected. Connections with the same ones share them.
pub(crate) struct ClientCertificates {
    tls: watch::Receiver<TlsInForce>,
    connected: RefCell<HashMap<[u8; 32], Weak<ClientCertificate>>>,
}

/// The certificates that a client has shown.
pub(crate) struct ClientCertificate {
    /// Its own first.
    chain: Vec<CertificateDer<'static>>,
    last: Cell<LastCheck>,
}

/// The last check of a client's certificates.
#[derive(Clone, Copy)]
struct LastCheck {
    at: Instant,
    /// The digest of the files by which they were checked.
    files: [u8; 32],
    is_good: bool,
}

impl ClientCertificates {
    pub(crate) fn new(tls: watch::Receiver<TlsInForce>) -> Self {
        Self { tls, connected: RefCell::default() }
    }

    /// The certificates that were shown in a handshake by `tls`, which has checked them.
    pub(crate) fn shown(
        &self,
        chain: &[CertificateDer<'static>],
        tls: &TlsInForce,
    ) -> Rc<ClientCertificate> {
        let mut digest = Sha256::new();
        for one in chain {
            digest.update((one.len() as u64).to_be_bytes());
            digest.update(one);
        }
        let digest = digest.finalize().into();
        let mut connected = self.connected.borrow_mut();
        if let Some(known) = connected.get(&digest).and_then(Weak::upgrade) {
            return known;
        }
        // Those that nobody has any more go when there may be as many of them as of the others.
        if connected.len().is_power_of_two() {
            connected.retain(|_, one| one.strong_count() > 0);
        }
        let last = LastCheck { at: Instant::now(), files: tls.digest(), is_good: true };
        let new = Rc::new(ClientCertificate { chain: chain.to_vec(), last: Cell::new(last) });
        connected.insert(digest, Rc::downgrade(&new));
        new
    }

    /// Resolves when the certificates count no more: one has run out, or their authority was taken out of its file.
    pub(crate) async fn ended(&self, certificate: &ClientCertificate) {
        let mut tls = self.tls.clone();
        loop {
            if !certificate.counts(&tls.borrow_and_update()) {
                return;
            }
            tokio::select! {
                // Where nothing is followed any more, the time goes on.
                Ok(()) = tls.changed() => {}
                () = sleep(CERTIFICATE_LOOK) => {}
            }
        }
    }
}

impl ClientCertificate {
    /// True if they count by these files, as was found lately.
    fn counts(&self, tls: &TlsInForce) -> bool {
        let last = self.last.get();
        if last.files == tls.digest() && last.at.elapsed() < CERTIFICATE_LOOK {
            return last.is_good;
        }
        let is_good = tls.accepts(&self.chain, UnixTime::now());
        self.last.set(LastCheck { at: Instant::now(), files: tls.digest(), is_good });
        is_good
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{
        BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd,
    };
    use tempfile::TempDir;
    use tokio::time::timeout;

    use super::super::tls::TlsFiles;
    use super::*;
    use crate::fs::stated::Stated;

    type Authority = CertifiedIssuer<'static, KeyPair>;

    fn authority() -> Authority {
        let mut params = CertificateParams::new(Vec::new()).expect("parameters");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("signed")
    }

    /// A client's certificate that counts until 2040.
    fn client(authority: &Authority) -> CertificateDer<'static> {
        let mut params = CertificateParams::new(vec!["ada".to_owned()]).expect("parameters");
        params.not_after = date_time_ymd(2040, 1, 1);
        let key = KeyPair::generate().expect("a key");
        params.signed_by(&key, authority).expect("signed").der().clone()
    }

    fn tls(directory: &TempDir, clients: &Authority) -> TlsInForce {
        let file = |name: &str| directory.path().join(name);
        let key = KeyPair::generate().expect("a key");
        let params = CertificateParams::new(vec!["localhost".to_owned()]).expect("parameters");
        std::fs::write(file("own.pem"), params.self_signed(&key).expect("signed").pem())
            .and_then(|()| std::fs::write(file("own.key"), key.serialize_pem()))
            .and_then(|()| std::fs::write(file("clients.pem"), clients.pem()))
            .expect("written");
        let stated = |name: &str| Stated { value: file(name), place: name.into() };
        let files = TlsFiles {
            certificate: stated("own.pem"),
            key: stated("own.key"),
            client_ca: Some(stated("clients.pem")),
        };
        files.read().and_then(|bytes| bytes.tls()).unwrap_or_else(|error| panic!("{error}"))
    }

    #[test]
    fn a_chain_has_few_certificates_and_few_bytes() {
        let (directory, clients) = (TempDir::new().expect("a directory"), authority());
        let (tls, own) = (tls(&directory, &clients), client(&clients));
        let others: Vec<_> = (0..4).map(|_| authority().der().clone()).collect();
        let with = |count: usize| [std::slice::from_ref(&own), &others[..count]].concat();
        for (count, is_in) in [(0, true), (3, true), (4, false)] {
            assert_eq!(tls.accepts(&with(count), UnixTime::now()), is_in, "{count}");
        }
        let large = CertificateDer::from(vec![0x30; 16 * 1024 - own.len() + 1]);
        assert!(!tls.accepts(&[own, large], UnixTime::now()));
        assert!(!tls.accepts(&[], UnixTime::now()));
    }

    #[tokio::test]
    async fn a_certificate_counts_until_it_runs_out_and_as_long_as_its_authority_does() {
        let (directory, clients) = (TempDir::new().expect("a directory"), authority());
        let before = tls(&directory, &clients);
        let chain = [client(&clients)];
        let at = |year: u64| UnixTime::since_unix_epoch(Duration::from_hours((year - 1970) * 8766));
        assert!(before.accepts(&chain, at(2039)) && !before.accepts(&chain, at(2041)));
        let (sender, receiver) = watch::channel(before.clone());
        let certificates = ClientCertificates::new(receiver);
        let own = certificates.shown(&chain, &before);
        assert!(Rc::ptr_eq(&own, &certificates.shown(&chain, &before)), "they are kept once");
        let mut ended = Box::pin(certificates.ended(&own));
        assert!(timeout(Duration::from_millis(20), &mut ended).await.is_err(), "it counts");
        // Another certificate of the server, and the same authority.
        sender.send_replace(tls(&directory, &clients));
        assert!(timeout(Duration::from_millis(20), &mut ended).await.is_err(), "it counts on");
        sender.send_replace(tls(&directory, &authority()));
        timeout(Duration::from_secs(10), ended).await.expect("it counts no more");
        drop(own);
        for _ in 0..100 {
            drop(certificates.shown(&[client(&clients)], &before));
        }
        assert!(certificates.connected.borrow().len() < 10, "nobody has them any more");
    }
}
