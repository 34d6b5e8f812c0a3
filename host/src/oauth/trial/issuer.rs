//! A small authorization server on a port of its own, which does what a test asks of it.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::task::AbortHandle;
use tokio::time::sleep;
use tokio_rustls::TlsAcceptor;

use super::super::settings::OauthTimes;
use super::super::{
    ClientSecret, IssuerSettings, OauthSettings, ScopeRules, ServiceUrl, TokenCheck,
};
use super::signing_key::SigningKey;
use crate::tokens::now;

/// The URL of what tests protect.
pub(crate) const RESOURCE: &str = "https://tools.example/mcp";

/// The time that a slow authorization server takes.
pub(crate) const SLOW_ANSWER: Duration = Duration::from_millis(300);

/// An authorization server. It ends when it is dropped.
pub(crate) struct TrialIssuer {
    pub(crate) url: String,
    pub(crate) served: Rc<ServedByIssuer>,
    task: AbortHandle,
}

/// The things that an authorization server answers with.
#[derive(Default)]
pub(crate) struct ServedByIssuer {
    pub(crate) keys: RefCell<Vec<Value>>,
    pub(crate) mood: Cell<Mood>,
    /// The claims of the tokens that it says are active.
    pub(crate) active: RefCell<BTreeMap<String, Value>>,
    /// The number of requests for each path.
    asked: RefCell<BTreeMap<String, usize>>,
    /// The last `Authorization` that it was sent.
    pub(crate) proof: RefCell<String>,
}

/// The way in which an authorization server answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Mood {
    #[default]
    Well,
    /// It takes a while for each answer.
    Slow,
    /// It closes every connection.
    Down,
    /// It never answers.
    Silent,
    /// It answers with an error.
    Failing,
    /// It sends every request somewhere else.
    Redirecting,
    /// It answers without an end.
    Endless,
    /// It answers with something else.
    Nonsense,
}

impl TrialIssuer {
    /// A server with these keys. It has to be made within a `LocalSet`.
    pub(crate) async fn start(keys: &[&SigningKey]) -> Self {
        Self::start_over(keys, None).await
    }

    /// The same over TLS, as `localhost`, with a certificate of the tests' authority.
    pub(crate) async fn start_over_tls(keys: &[&SigningKey]) -> Self {
        let certificate = include_bytes!("../../../tests/certificates/test-only-server.der");
        let key = include_bytes!("../../../tests/certificates/test-only-server.key.der");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(
                vec![CertificateDer::from(&certificate[..])],
                PrivateKeyDer::try_from(&key[..]).expect("a key"),
            );
        let acceptor = TlsAcceptor::from(Arc::new(config.expect("a certificate")));
        Self::start_over(keys, Some(acceptor)).await
    }

    async fn start_over(keys: &[&SigningKey], tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let url = match tls {
            Some(_) => format!("https://localhost:{}", address.port()),
            None => format!("http://{address}"),
        };
        let served = Rc::new(ServedByIssuer::default());
        let (own, state) = (url.clone(), served.clone());
        let task = tokio::task::spawn_local(async move {
            loop {
                let (stream, _) = listener.accept().await.expect("a connection");
                let (own, state, tls) = (own.clone(), state.clone(), tls.clone());
                tokio::task::spawn_local(async move {
                    let _ = match tls {
                        Some(tls) => match tls.accept(stream).await {
                            Ok(stream) => state.answer(&own, stream).await,
                            Err(error) => Err(error),
                        },
                        None => state.answer(&own, stream).await,
                    };
                });
            }
        });
        let issuer = Self { url, served, task: task.abort_handle() };
        issuer.has(keys);
        issuer
    }

    /// From now on, these are its keys.
    pub(crate) fn has(&self, keys: &[&SigningKey]) {
        self.served.keys.replace(keys.iter().map(|key| key.jwk()).collect());
    }

    /// The number of times that its keys were asked for.
    pub(crate) fn asked_for_keys(&self) -> usize {
        self.asked("/keys")
    }

    /// The number of requests for a path.
    pub(crate) fn asked(&self, path: &str) -> usize {
        self.served.asked.borrow().get(path).copied().unwrap_or_default()
    }

    /// The choices of an operator who accepts its JWTs.
    pub(crate) fn settings(&self) -> IssuerSettings {
        IssuerSettings {
            issuer: self.url.parse().expect("a URL"),
            audiences: Vec::new(),
            scope_prefix: String::new(),
            check: TokenCheck::Keys { url: None, algorithms: Vec::new() },
            authorities: Vec::new(),
        }
    }

    /// The choices of an operator who asks it about each token.
    pub(crate) fn introspection(&self) -> IssuerSettings {
        let check = TokenCheck::Introspection {
            url: format!("{}/introspect", self.url).parse().expect("a URL"),
            client_id: "tool rack".into(),
            client_secret: ClientSecret::new("se:cret".into()),
        };
        IssuerSettings { check, ..self.settings() }
    }

    /// The claims of a good token of Ada's with these scopes.
    pub(crate) fn claims(&self, scope: &str) -> Value {
        json!({
            "iss": self.url, "sub": "ada", "aud": RESOURCE, "exp": now() + 300, "iat": now(),
            "client_id": "test", "scope": scope,
        })
    }
}

impl Drop for TrialIssuer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The choices of an operator who accepts tokens of these issuers, and waits for none of them for long.
pub(crate) fn settings(issuers: Vec<IssuerSettings>) -> OauthSettings {
    let rule =
        |scope: &str, pattern: &str| (scope.parse().expect("a scope"), vec![pattern.to_owned()]);
    let scopes = vec![rule("tools:read", "echo_*"), rule("tools:write", "large_*")];
    let resource: ServiceUrl = RESOURCE.parse().expect("a URL");
    let scopes = ScopeRules::new(scopes).expect("rules");
    let times = OauthTimes {
        question: Duration::from_secs(2),
        wait: Duration::from_millis(1500),
        refresh: Duration::from_hours(1),
        ask_again: Duration::from_secs(1),
        first_keys: Duration::from_millis(100),
        stale: Duration::from_hours(1),
        answer: Duration::from_secs(2),
    };
    OauthSettings::new(resource, issuers, scopes).expect("settings").timed(times)
}

impl ServedByIssuer {
    async fn answer(
        &self,
        own: &str,
        mut stream: impl AsyncRead + AsyncWrite + Unpin,
    ) -> std::io::Result<()> {
        let mut request = String::new();
        loop {
            let mut bytes = [0; 4096];
            let count = stream.read(&mut bytes).await?;
            request += &String::from_utf8_lossy(&bytes[..count]);
            let Some((head, body)) = request.split_once("\r\n\r\n") else {
                if count == 0 {
                    return Ok(());
                }
                continue;
            };
            let length = header(head, "content-length").and_then(|text| text.parse().ok());
            if body.len() >= length.unwrap_or(0) || count == 0 {
                break;
            }
        }
        let (head, body) = request.split_once("\r\n\r\n").unwrap_or_default();
        let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
        *self.asked.borrow_mut().entry(path.clone()).or_default() += 1;
        let proof = header(head, "authorization").unwrap_or_default().to_owned();
        self.proof.replace(proof);
        let mood = self.mood.get();
        if mood == Mood::Slow {
            sleep(SLOW_ANSWER).await;
        }
        let (status, content) = match (mood, &*path) {
            (Mood::Down, _) => return Ok(()),
            (Mood::Silent, _) => return std::future::pending().await,
            (Mood::Failing, _) => ("500 Broken", Value::Null),
            (Mood::Redirecting, _) => ("302 Found", Value::Null),
            (Mood::Nonsense, _) => ("200 OK", json!("what?")),
            (Mood::Endless, _) => {
                stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n{\"keys\":[").await?;
                loop {
                    stream.write_all(&[b' '; 4096]).await?;
                }
            }
            (Mood::Well | Mood::Slow, "/.well-known/openid-configuration") => {
                ("200 OK", json!({ "issuer": own, "jwks_uri": format!("{own}/keys") }))
            }
            (Mood::Well | Mood::Slow, "/keys") => {
                ("200 OK", json!({ "keys": *self.keys.borrow() }))
            }
            (Mood::Well | Mood::Slow, "/introspect") => {
                let form = url::form_urlencoded::parse(body.as_bytes());
                let token = form.into_owned().find(|(name, _)| name == "token");
                let active = self.active.borrow();
                let claims = token.and_then(|(_, token)| active.get(&token).cloned());
                ("200 OK", claims.unwrap_or_else(|| json!({ "active": false })))
            }
            (Mood::Well | Mood::Slow, _) => ("404 Not Found", Value::Null),
        };
        let location = format!("Location: {own}/keys?elsewhere\r\n");
        let content = content.to_string();
        let head = format!(
            "HTTP/1.1 {status}\r\nContent-Type: application/json\r\n{}Content-Length: {}\r\n\r\n",
            if mood == Mood::Redirecting { &*location } else { "" },
            content.len()
        );
        stream.write_all(head.as_bytes()).await?;
        stream.write_all(content.as_bytes()).await?;
        stream.shutdown().await
    }
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let mut lines = head.lines().filter_map(|line| line.split_once(": "));
    lines.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}
