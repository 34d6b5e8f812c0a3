//! The real binary as clients see it over HTTPS, with and without certificates of their own.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, HandshakeKind, RootCertStore, StreamOwned};
use tempfile::TempDir;

use crate::client::{Client, HANG, toolrack};
use crate::http_peer::post;
use crate::person::eventually;
use crate::plugins;

/// An authority, and what it has signed.
struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate with its key.
struct Own {
    certificate: rcgen::Certificate,
    key: KeyPair,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).expect("parameters");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        Self(CertifiedIssuer::self_signed(params, key).expect("an authority"))
    }

    fn signs(&self, name: &str) -> Own {
        let params = CertificateParams::new(vec![name.to_owned()]).expect("parameters");
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &self.0).expect("signed");
        Own { certificate, key }
    }
}

/// Files of TLS, and the server that reads them.
struct Served {
    directory: TempDir,
    server: Client,
    port: u16,
}

impl Served {
    fn start(own: &Own, address: &str, arguments: &[&str]) -> Self {
        let directory = TempDir::new().expect("a directory");
        write(directory.path(), own);
        let plugins = plugins::good();
        let mut command = toolrack();
        command.args(["serve", "--http", address, "--plugins"]).arg(plugins.path());
        command.arg("--tls-cert").arg(directory.path().join("own.pem"));
        command.arg("--tls-key").arg(directory.path().join("own.key")).args(arguments);
        let mut server = Client::spawn(&mut command);
        let line = server.logs("listening on https://");
        let port = line.rsplit(':').next().and_then(|rest| rest.strip_suffix("/mcp"));
        let port = port.and_then(|port| port.parse().ok()).expect("a port");
        // It has read them.
        drop(plugins);
        Self { directory, server, port }
    }

    /// The first line that the server answers to a client that trusts `authority`, or why there is none.
    fn asked(&self, authority: &Authority, own: Option<&Own>) -> Result<String, String> {
        let asked = "GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
        let answer = self.answers(authority, own, asked)?;
        Ok(answer.lines().next().unwrap_or_default().to_owned())
    }

    /// All that it answers.
    fn answers(
        &self,
        authority: &Authority,
        own: Option<&Own>,
        asked: &str,
    ) -> Result<String, String> {
        let mut stream = self.connect(&config(authority, own));
        stream.write_all(asked.as_bytes()).map_err(|error| error.to_string())?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).map_err(|error| error.to_string())?;
        Ok(answer)
    }

    fn connect(&self, config: &Arc<ClientConfig>) -> StreamOwned<ClientConnection, TcpStream> {
        let name = ServerName::try_from("localhost").expect("a name");
        let tls = ClientConnection::new(config.clone(), name).expect("TLS");
        let stream = TcpStream::connect(("127.0.0.1", self.port)).expect("a connection");
        stream.set_read_timeout(Some(HANG)).expect("set");
        StreamOwned::new(tls, stream)
    }

    /// The way in which a client that connects anew agrees on TLS.
    fn agreed(&self, config: &Arc<ClientConfig>) -> HandshakeKind {
        let mut stream = self.connect(config);
        let asked = "GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
        stream.write_all(asked.as_bytes()).expect("sent");
        stream.read_to_end(&mut Vec::new()).expect("an answer");
        stream.conn.handshake_kind().expect("an end")
    }
}

/// A client that trusts `authority`, and may have a certificate.
fn config(authority: &Authority, own: Option<&Own>) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(authority.0.der().clone()).expect("a root");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots);
    let config = match own {
        Some(own) => {
            let key = own.key.serialize_der().try_into().expect("a key");
            builder
                .with_client_auth_cert(vec![own.certificate.der().clone()], key)
                .expect("a certificate")
        }
        None => builder.with_no_client_auth(),
    };
    Arc::new(config)
}

fn write(directory: &Path, own: &Own) -> PathBuf {
    fs::write(directory.join("own.key"), own.key.serialize_pem()).expect("written");
    fs::write(directory.join("own.pem"), own.certificate.pem()).expect("written");
    directory.join("own.pem")
}

const GOOD: &str = "HTTP/1.1 200 OK";

#[test]
fn a_certificate_that_changes_counts_within_seconds_and_a_broken_one_does_not() {
    let (first, second) = (Authority::new(), Authority::new());
    let mut served = Served::start(&first.signs("localhost"), "127.0.0.1:0", &[]);
    assert_eq!(served.asked(&first, None).as_deref(), Ok(GOOD));
    assert!(served.asked(&second, None).is_err());
    // Whoever speaks in the clear is told so, and so is the log.
    let mut clear = TcpStream::connect(("127.0.0.1", served.port)).expect("a connection");
    clear.write_all(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n").expect("sent");
    let mut answer = Vec::new();
    _ = clear.read_to_end(&mut answer);
    let answer = String::from_utf8_lossy(&answer);
    assert!(answer.starts_with("HTTP/1.1 400 ") && answer.contains("write https://"), "{answer}");
    assert!(served.server.logs("does not speak HTTPS").contains("https://"));
    // So is one that sends much.
    let body = "x".repeat(5 * 1024 * 1024);
    let mut clear = TcpStream::connect(("127.0.0.1", served.port)).expect("a connection");
    let large = post(&[("Host", "127.0.0.1")], &body);
    clear.write_all(large.as_bytes()).expect("the server reads to the end");
    let mut answer = String::new();
    clear.read_to_string(&mut answer).expect("an answer");
    assert!(answer.contains("write https://"), "{answer}");
    // The key of another certificate: what was read last counts on.
    fs::write(served.directory.path().join("own.key"), second.signs("x").key.serialize_pem())
        .expect("written");
    let told = served.server.logs("the certificate that was read last counts on");
    assert!(told.contains("own.key cannot be used together"), "{told}");
    assert!(told.contains("the key is that of another certificate"), "{told}");
    assert_eq!(served.asked(&first, None).as_deref(), Ok(GOOD));
    write(served.directory.path(), &second.signs("localhost"));
    eventually("the certificate", || served.asked(&second, None).is_ok().then_some(()));
    assert!(served.asked(&first, None).is_err());
}

#[test]
#[cfg(unix)]
fn a_file_that_a_flag_names_is_kept_from_plugins_and_told_where_everybody_can_change_it() {
    use std::os::unix::fs::PermissionsExt as _;
    let (authority, files, plugins) =
        (Authority::new(), TempDir::new().expect("a directory"), plugins::good());
    let own = authority.signs("localhost");
    let mut command = toolrack();
    command.args(["serve", "--http", "127.0.0.1:0", "--plugins"]).arg(plugins.path());
    let named = [
        ("cert", own.certificate.pem()),
        ("key", own.key.serialize_pem()),
        ("authority", authority.0.pem()),
    ]
    .map(|(name, text)| {
        let directory = files.path().join(name);
        let file = directory.join("file.pem");
        fs::create_dir(&directory).expect("made");
        fs::write(&file, text).expect("written");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o646)).expect("set");
        let manifest = format!("[grants]\nfiles = [{{ path = {directory:?}, at = \"/x\" }}]\n");
        plugins::install(plugins.path(), name, &manifest, &plugins::answering("x"));
        file
    });
    for (flag, file) in ["--tls-cert", "--tls-key", "--client-ca"].iter().zip(&named) {
        command.arg(flag).arg(file);
    }
    let mut server = Client::spawn(&mut command);
    for file in &named {
        server.logs(&format!("everybody on this machine can write {}", file.display()));
    }
    let refused = named.each_ref().map(|file| format!("it holds {}, which", file.display()));
    let mut left: Vec<_> = refused.iter().collect();
    while !left.is_empty() {
        let line = server.logs("it holds ");
        left.retain(|part| !line.contains(&***part));
    }
}

#[test]
fn with_an_authority_of_clients_only_they_are_let_in_and_no_token_is_needed() {
    let (servers, clients) = (Authority::new(), Authority::new());
    let files = TempDir::new().expect("a directory");
    let authority = files.path().join("clients.pem");
    fs::write(&authority, clients.0.pem()).expect("written");
    let path = authority.to_str().expect("UTF-8");
    // An address of other machines, too: who asks has proved who they are.
    let mut served =
        Served::start(&servers.signs("localhost"), "0.0.0.0:0", &["--client-ca", path]);
    assert_eq!(served.asked(&servers, Some(&clients.signs("ada"))).as_deref(), Ok(GOOD));
    assert!(served.asked(&servers, None).is_err());
    assert!(served.server.logs("a client is refused by TLS").contains("certificate"));
    assert!(served.asked(&servers, Some(&servers.signs("ada"))).is_err());
    // A session is of the certificate that it was begun with.
    let (ada, bob) = (clients.signs("ada"), clients.signs("bob"));
    let hello = r#"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25"}}"#;
    let close = ("Connection", "close");
    let host = ("Host", "127.0.0.1");
    let begun =
        served.answers(&servers, Some(&ada), &post(&[host, close], hello)).expect("an answer");
    let id = begun.lines().find_map(|line| line.strip_prefix("mcp-session-id: "));
    let id = id.unwrap_or_else(|| panic!("{begun}"));
    let ping =
        post(&[host, close, ("Mcp-Session-Id", id)], r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#);
    for (own, status) in [(&ada, "200"), (&bob, "404"), (&ada, "200")] {
        let answer = served.answers(&servers, Some(own), &ping).expect("an answer");
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
    }
    // Another authority counts in its place.
    let others = Authority::new();
    fs::write(&authority, others.0.pem()).expect("written");
    let is_in = |own: &Own| served.asked(&servers, Some(own)).is_ok();
    eventually("the authority", || is_in(&others.signs("ada")).then_some(()));
    assert!(!is_in(&clients.signs("ada")));
}

#[test]
fn a_session_is_resumed_while_the_files_stay_the_same_and_never_with_a_certificate_of_a_client() {
    let (servers, clients) = (Authority::new(), Authority::new());
    let served = Served::start(&servers.signs("localhost"), "127.0.0.1:0", &[]);
    let client = config(&servers, None);
    assert_eq!(served.agreed(&client), HandshakeKind::Full);
    // The files are looked at meanwhile.
    std::thread::sleep(Duration::from_millis(2500));
    assert_eq!(served.agreed(&client), HandshakeKind::Resumed);
    let authority = served.directory.path().join("clients.pem");
    fs::write(&authority, clients.0.pem()).expect("written");
    let path = authority.to_str().expect("UTF-8");
    let served = Served::start(&servers.signs("localhost"), "127.0.0.1:0", &["--client-ca", path]);
    let client = config(&servers, Some(&clients.signs("ada")));
    for _ in 0..3 {
        assert_eq!(served.agreed(&client), HandshakeKind::Full);
    }
}

#[test]
fn a_connection_ends_when_the_authority_of_its_client_counts_no_more() {
    let (servers, clients) = (Authority::new(), Authority::new());
    let files = TempDir::new().expect("a directory");
    let authority = files.path().join("clients.pem");
    fs::write(&authority, clients.0.pem()).expect("written");
    let path = authority.to_str().expect("UTF-8");
    let served = Served::start(&servers.signs("localhost"), "127.0.0.1:0", &["--client-ca", path]);
    let client = config(&servers, Some(&clients.signs("ada")));
    let asked = "GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let mut stream = served.connect(&client);
    let mut answer = [0; 4096];
    let mut ask = |stream: &mut StreamOwned<_, _>| {
        stream.write_all(asked.as_bytes())?;
        stream.read(&mut answer)
    };
    assert!(ask(&mut stream).expect("an answer") > 0);
    // Both count: it goes on.
    fs::write(&authority, [clients.0.pem(), servers.0.pem()].concat()).expect("written");
    let second = config(&servers, Some(&servers.signs("bob")));
    eventually("both", || {
        ask(&mut served.connect(&second)).is_ok_and(|read| read > 0).then_some(())
    });
    assert!(ask(&mut stream).expect("an answer") > 0);
    fs::write(&authority, servers.0.pem()).expect("written");
    // Nothing is sent on it meanwhile.
    let ended = stream.read(&mut [0; 16]);
    assert!(matches!(ended, Ok(0) | Err(_)), "{ended:?}");
    assert!(!ended.is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock));
}

#[test]
fn files_that_give_no_tls_stop_the_start_and_are_named() {
    let directory = TempDir::new().expect("a directory");
    let own = Authority::new().signs("localhost");
    let certificate = write(directory.path(), &own);
    let key = directory.path().join("own.key");
    let encrypted = directory.path().join("encrypted.key");
    let text = own.key.serialize_pem().replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY");
    fs::write(&encrypted, text).expect("written");
    let (certificate, key) = (certificate.to_str().expect("UTF-8"), key.to_str().expect("UTF-8"));
    let encrypted = encrypted.to_str().expect("UTF-8");
    let plugins = TempDir::new().expect("a directory");
    for (arguments, expected) in [
        (&["--tls-cert", certificate][..], "a certificate needs its key"),
        (&["--tls-key", key], "a key needs its certificate"),
        (&["--client-ca", certificate], "clients show certificates over TLS alone"),
        (&["--tls-cert", "/nowhere.pem", "--tls-key", key], "/nowhere.pem is missing"),
        (&["--tls-cert", key, "--tls-key", key], "own.key holds no certificate"),
        (&["--tls-cert", certificate, "--tls-key", certificate], "own.pem holds no private key"),
        (&["--tls-cert", "/dev/zero", "--tls-key", key], "/dev/zero is"),
        (
            &["--tls-cert", certificate, "--tls-key", "tls/own.key"],
            "--tls-key: tls/own.key is missing",
        ),
        (&["--tls-cert", certificate, "--tls-key", encrypted], "--tls-key: "),
        (&["--tls-cert", certificate, "--tls-key", encrypted], "is encrypted, and there is nobody"),
    ] {
        let mut command = toolrack();
        command.args(["serve", "--http", "127.0.0.1:0", "--plugins"]).arg(plugins.path());
        let ran = command.args(arguments).output().expect("the binary");
        let told = String::from_utf8_lossy(&ran.stderr);
        assert_eq!(ran.status.code(), Some(2), "{told}");
        assert!(told.contains(expected), "{expected}\n{told}");
        assert!(!told.contains("listening on"), "{told}");
    }
    // A token that travels in the clear between machines is warned of.
    let mut command = toolrack();
    command.args(["serve", "--http", "0.0.0.0:0", "--allow-unauthenticated", "--plugins"]);
    let mut server = Client::spawn(command.arg(plugins.path()));
    assert!(server.logs("travel in the clear").contains("--tls-cert"));
}
