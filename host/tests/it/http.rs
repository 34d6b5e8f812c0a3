//! Requests against real servers on loopback: what is sent, what is refused, what ends in time.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Empty, Full};
use toolrack::manifest::{
    BoundSecret, Grants, HostPattern, NetworkGrant, Scheme, SecretName, SecretPlace,
};
use toolrack::sandbox::http::{
    Failure, MAX_REQUEST, MAX_RESPONSE, Network, Outgoing, RequestTimeouts, Requests, Surroundings,
};
use toolrack::secret::{ResolvedSecrets, Secrets};
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody};

use crate::web::{Names, Reply, Seen, Speech, Web, authority, closed_port};

const SECRET: &str = "hunter2/hunter2+hunter2";

fn name(text: &str) -> SecretName {
    SecretName::new(text).unwrap()
}

fn granted(scheme: Scheme, host: &str, port: u16) -> NetworkGrant {
    let host = match host.parse::<IpAddr>() {
        Ok(address @ IpAddr::V4(_)) => HostPattern::Network { address, prefix: 32 },
        Ok(address @ IpAddr::V6(_)) => HostPattern::Network { address, prefix: 128 },
        Err(_) => HostPattern::Name(host.into()),
    };
    NetworkGrant::plain(scheme, host, port)
}

fn http(host: &str, port: u16) -> Vec<NetworkGrant> {
    vec![granted(Scheme::Http, host, port)]
}

fn https(host: &str, port: u16) -> Vec<NetworkGrant> {
    vec![granted(Scheme::Https, host, port)]
}

/// Patience in which a test that waits for its end does not wait long.
const SHORT: RequestTimeouts = RequestTimeouts {
    connect: Duration::from_millis(400),
    first_byte: Duration::from_millis(400),
    between_bytes: Duration::from_millis(400),
};

/// One call's requests.
struct Call {
    requests: Requests,
    told: Arc<Mutex<Vec<String>>>,
    asked: Arc<Mutex<Vec<String>>>,
}

fn call(network: Vec<NetworkGrant>) -> Call {
    call_with(network, RequestTimeouts::default(), Names::default())
}

fn impatient(network: Vec<NetworkGrant>) -> Call {
    call_with(network, SHORT, Names::default())
}

fn call_with(network: Vec<NetworkGrant>, patience: RequestTimeouts, names: Names) -> Call {
    let asked = names.asked.clone();
    let roots = vec![authority()];
    let surroundings = Surroundings { resolver: Box::new(names), roots, patience };
    let grants = Arc::new(Grants { network, ..Grants::default() });
    let outgoing = Outgoing { network: Network::new(surroundings), grants, plugin: None };
    let told = Arc::new(Mutex::new(Vec::new()));
    let sink = told.clone();
    let tell = move |text: &str| sink.lock().unwrap().push(text.to_owned());
    Call { requests: Requests::new(Some(outgoing), known(), tell), told, asked }
}

fn known() -> Arc<ResolvedSecrets> {
    let variables = BTreeMap::from([("TOKEN".to_owned(), SECRET.to_owned())]);
    let secrets = Secrets::of(None, None).with_environment(variables);
    Arc::new(secrets.look_up(&[name("TOKEN"), name("MISSING")]))
}

fn body(bytes: impl Into<Bytes>) -> WasiBody {
    Full::new(bytes.into()).map_err(|never| match never {}).boxed_unsync()
}

fn nothing() -> WasiBody {
    Empty::new().map_err(|never| match never {}).boxed_unsync()
}

impl Call {
    async fn send(&mut self, request: Request<WasiBody>) -> Result<Response<WasiBody>, Failure> {
        self.requests.send(request, RequestOptions::default()).await
    }

    async fn get(&mut self, url: &str) -> Result<Response<WasiBody>, Failure> {
        self.send(Request::get(url).body(nothing()).unwrap()).await
    }

    async fn text(&mut self, url: &str) -> String {
        let body = self.get(url).await.unwrap().into_body().collect().await.unwrap();
        String::from_utf8(body.to_bytes().into()).unwrap()
    }

    async fn failure(&mut self, url: &str) -> Failure {
        self.get(url).await.expect_err("a failure")
    }

    /// The error that reading the body of an answer ends in.
    async fn broken_body(&mut self, url: &str) -> Error {
        let response = self.get(url).await.expect("an answer");
        response.into_body().collect().await.expect_err("an error")
    }
}

#[tokio::test]
async fn a_granted_request_arrives_with_the_hosts_own_headers() {
    let mut web = Web::start(Speech::Plain, Reply::text("hello")).await;
    let port = web.port;
    let mut call = call(http("localhost", port));
    let url = format!("http://LOCALHOST.:{port}/a%20b?c=d");
    let request = Request::post(url)
        .header("host", "evil.example")
        .header("x-mine", "1")
        .header("te", "trailers")
        .header("proxy-authorization", "x");
    let response = call.send(request.body(body("content")).unwrap()).await.unwrap();
    assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "hello");
    let head = web.head().await.to_lowercase();
    assert!(head.starts_with("post /a%20b?c=d http/1.1\r\n"), "{head}");
    for header in [
        &*format!("\r\nhost: localhost:{port}\r\n"),
        "\r\nx-mine: 1\r\n",
        "\r\nconnection: close\r\n",
    ] {
        assert!(head.contains(header), "{head}");
    }
    assert!(!head.contains("evil") && !head.contains("te:") && !head.contains("proxy"), "{head}");
    assert!(call.asked.lock().unwrap().is_empty(), "localhost is not looked up");
}

#[tokio::test]
async fn tls_is_checked_on_the_name() {
    let web = Web::start(Speech::Tls, Reply::text("secure")).await;
    let port = web.port;
    let mut good = call(https("localhost", port));
    assert_eq!(good.text(&format!("https://localhost:{port}/")).await, "secure");
    // The certificate is for the name alone.
    let mut other = call(https("127.0.0.1", port));
    let failure = other.failure(&format!("https://127.0.0.1:{port}/")).await;
    assert!(
        matches!(&failure, Failure::Certificate { reason, .. } if reason.contains("not valid for")),
        "{failure}"
    );
}

#[tokio::test]
async fn an_unknown_authority_is_not_trusted() {
    let web = Web::start(Speech::Tls, Reply::text("secure")).await;
    let grants = Arc::new(Grants { network: https("localhost", web.port), ..Grants::default() });
    let outgoing =
        Outgoing { network: Network::new(Surroundings::default()), grants, plugin: None };
    let mut requests = Requests::new(Some(outgoing), Arc::default(), |_| {});
    let request = Request::get(format!("https://localhost:{}/", web.port)).body(nothing()).unwrap();
    let failure = requests.send(request, RequestOptions::default()).await.unwrap_err();
    assert!(matches!(failure, Failure::Certificate { .. }), "{failure}");
}

#[tokio::test]
async fn what_no_grant_covers_reaches_no_server() {
    let web = Web::start(Speech::Plain, Reply::text("no")).await;
    let other = Web::start(Speech::Plain, Reply::text("no")).await;
    let port = web.port;
    let mut call = call(http("localhost", port));
    for url in [
        format!("http://127.0.0.1:{port}/"),
        format!("http://127.1:{port}/"),
        format!("http://2130706433:{port}/"),
        format!("http://0x7f000001:{port}/"),
        format!("http://0177.0.0.1:{port}/"),
        format!("http://[::1]:{port}/"),
        format!("http://[::ffff:127.0.0.1]:{port}/"),
        format!("http://[::ffff:7f00:1]:{port}/"),
        format!("http://0.0.0.0:{port}/"),
        format!("http://localhost.localdomain:{port}/"),
        format!("http://xlocalhost:{port}/"),
        format!("http://localhost.evil.example:{port}/"),
        format!("http://localhost:{}/", other.port),
        "http://localhost/".to_owned(),
        format!("https://localhost:{port}/"),
    ] {
        let failure = call.failure(&url).await;
        let text = failure.to_string();
        assert!(
            text.contains("may not send requests to")
                && text.contains("toolrack grant NAME network "),
            "{url}: {text}"
        );
        assert_eq!(call.told.lock().unwrap().last(), Some(&text));
    }
    for url in [
        format!("http://localhost@127.0.0.1:{port}/"),
        format!("http://localhost:{port}@127.0.0.1:{port}/"),
        format!("http://u:p@localhost:{port}/"),
    ] {
        assert!(call.failure(&url).await.to_string().contains("a user or a password"), "{url}");
    }
    let connect = Request::connect(format!("http://localhost:{port}/")).body(nothing()).unwrap();
    assert!(matches!(call.send(connect).await, Err(Failure::Method)));
    assert_eq!((web.connections(), other.connections()), (0, 0));
}

#[tokio::test]
async fn a_name_never_leads_to_this_machine_or_its_network() {
    let web = Web::start(Speech::Plain, Reply::text("no")).await;
    let names = [
        ("loop.example", "127.0.0.1"),
        ("six.example", "::1"),
        ("mapped.example", "::ffff:127.0.0.1"),
        ("nat.example", "64:ff9b::7f00:1"),
        ("private.example", "192.168.0.1"),
        ("metadata.example", "169.254.169.254"),
        ("any.example", "0.0.0.0"),
        ("sub.localhost", "127.0.0.1"),
    ];
    let table = names.iter().fold(Names::default(), |table, (name, to)| table.with(name, &[to]));
    let grants = names.iter().map(|(name, _)| granted(Scheme::Http, name, web.port)).collect();
    let mut call = call_with(grants, RequestTimeouts::default(), table);
    for (name, _) in names {
        let failure = call.failure(&format!("http://{name}:{}/", web.port)).await;
        assert!(matches!(failure, Failure::NotPublic(_)), "{name}: {failure}");
    }
    assert_eq!(call.asked.lock().unwrap().len(), names.len(), "each name is looked up once");
    assert_eq!(web.connections(), 0);
}

#[tokio::test]
async fn an_address_that_is_not_public_has_to_be_named() {
    let web = Web::start(Speech::Plain, Reply::text("here")).await;
    let url = format!("http://127.0.0.1:{}/", web.port);
    let mut named = call(http("127.0.0.1", web.port));
    assert_eq!(named.text(&url).await, "here");
    let everything = HostPattern::Network { address: "0.0.0.0".parse().unwrap(), prefix: 0 };
    let grant = NetworkGrant { host: everything, ..granted(Scheme::Http, "x", web.port) };
    let failure = call(vec![grant]).failure(&url).await;
    assert!(matches!(failure, Failure::NotPublic(_)), "{failure}");
}

#[tokio::test]
async fn a_name_without_an_address_is_a_dns_error() {
    let failure = call(http("none.example", 80)).failure("http://none.example/").await;
    assert!(matches!(failure, Failure::Unresolved { .. }), "{failure}");
}

#[tokio::test]
async fn a_redirect_is_an_answer_like_others() {
    let other = Web::start(Speech::Plain, Reply::text("no")).await;
    let to = format!("http://localhost:{}/", other.port);
    let reply = format!("HTTP/1.1 302 Found\r\nlocation: {to}\r\ncontent-length: 0\r\n\r\n");
    let web = Web::start(Speech::Plain, Reply::Once(reply.into())).await;
    let mut call = call(http("localhost", web.port));
    let response = call.get(&format!("http://localhost:{}/", web.port)).await.unwrap();
    assert_eq!(response.status(), 302);
    assert_eq!(response.headers()["location"], to);
    assert_eq!(other.connections(), 0);
}

#[tokio::test]
async fn a_server_that_keeps_silent_ends_the_request_in_time() {
    let mut web = Web::start(Speech::Silent, Reply::Reset).await;
    let port = web.port;
    let failure =
        impatient(https("localhost", port)).failure(&format!("https://localhost:{port}/")).await;
    assert!(matches!(failure, Failure::ConnectTimeout), "{failure}");
    assert_eq!(web.next().await, Seen::Closed);
    let failure =
        impatient(http("localhost", port)).failure(&format!("http://localhost:{port}/")).await;
    assert!(matches!(failure, Failure::FirstByteTimeout), "{failure}");
    assert_eq!(web.next().await, Seen::Closed);
}

#[tokio::test]
async fn headers_that_never_end_end_the_request() {
    for (reply, late) in [
        (Reply::Stall("HTTP/1.1 200 OK\r\nx: "), true),
        (Reply::Endless("HTTP/1.1 200 OK\r\nx: ", "xxxxxxxxxxxxxxxx"), false),
        (Reply::Endless("HTTP/1.1 200 OK\r\n", "x: y\r\n"), false),
    ] {
        let web = Web::start(Speech::Plain, reply).await;
        let patience = if late { SHORT } else { RequestTimeouts::default() };
        let mut call = call_with(http("localhost", web.port), patience, Names::default());
        match call.failure(&format!("http://localhost:{}/", web.port)).await {
            Failure::FirstByteTimeout => assert!(late),
            Failure::ResponseHeaders => assert!(!late),
            failure => panic!("{failure:?}"),
        }
    }
}

#[tokio::test]
async fn a_body_is_bounded_in_size_and_time() {
    const HEAD: &str = "HTTP/1.1 200 OK\r\n\r\n";
    let endless =
        Web::start(Speech::Plain, Reply::Endless(HEAD, "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx")).await;
    let mut call_endless = call(http("localhost", endless.port));
    let error = call_endless.broken_body(&format!("http://localhost:{}/", endless.port)).await;
    assert!(matches!(error, Error::HttpResponseBodySize(Some(MAX_RESPONSE))), "{error}");
    assert!(call_endless.told.lock().unwrap()[0].contains("the most that is read"));
    let slow = Web::start(Speech::Plain, Reply::Stall("HTTP/1.1 200 OK\r\n\r\nbeginning")).await;
    let error = impatient(http("localhost", slow.port));
    let error = { error }.broken_body(&format!("http://localhost:{}/", slow.port)).await;
    assert!(matches!(error, Error::ConnectionReadTimeout), "{error}");
    let short = Reply::Once("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf".into());
    let short = Web::start(Speech::Plain, short).await;
    let mut call = call(http("localhost", short.port));
    let error = call.broken_body(&format!("http://localhost:{}/", short.port)).await;
    assert!(matches!(error, Error::HttpResponseIncomplete), "{error}");
}

#[tokio::test]
async fn a_response_may_have_many_headers_and_not_any_number() {
    for (headers, fits) in [(200, true), (300, false)] {
        let reply = Reply::with(200, &"x: y\r\n".repeat(headers), "ok");
        let web = Web::start(Speech::Plain, reply).await;
        let mut call = call(http("localhost", web.port));
        let answered = call.get(&format!("http://localhost:{}/", web.port)).await;
        assert_eq!(answered.is_ok(), fits, "{headers}");
    }
}

#[tokio::test]
async fn a_body_may_take_longer_than_it_may_pause() {
    let reply = Reply::Slowly("HTTP/1.1 200 OK\r\n\r\n", "x", Duration::from_millis(480));
    let web = Web::start(Speech::Plain, reply).await;
    let patience =
        RequestTimeouts { between_bytes: Duration::from_secs(2), ..RequestTimeouts::default() };
    let mut call = call_with(http("localhost", web.port), patience, Names::default());
    assert_eq!(call.text(&format!("http://localhost:{}/", web.port)).await, "xxxxx");
}

#[tokio::test]
async fn the_largest_body_passes_and_one_byte_more_does_not() {
    let size = usize::try_from(MAX_RESPONSE).unwrap();
    for (size, fits) in [(size, true), (size + 1, false)] {
        let mut reply = format!("HTTP/1.1 200 OK\r\ncontent-length: {size}\r\n\r\n").into_bytes();
        reply.resize(reply.len() + size, b'x');
        let web = Web::start(Speech::Plain, Reply::Once(reply)).await;
        let mut call = call(http("localhost", web.port));
        let response = call.get(&format!("http://localhost:{}/", web.port)).await.unwrap();
        assert_eq!(response.into_body().collect().await.is_ok(), fits);
    }
    let size = usize::try_from(MAX_REQUEST).unwrap();
    for (size, fits) in [(size, true), (size + 1, false)] {
        let web = Web::start(Speech::Plain, Reply::Stall("")).await;
        let mut call = impatient(http("localhost", web.port));
        let request = Request::post(format!("http://localhost:{}/", web.port));
        let failure = call.send(request.body(body(vec![b'x'; size])).unwrap()).await.unwrap_err();
        // One that fits was sent whole, and its answer does not come.
        assert_eq!(matches!(failure, Failure::FirstByteTimeout), fits, "{failure}");
        assert_eq!(matches!(failure, Failure::RequestSize), !fits, "{failure}");
    }
}

#[tokio::test]
async fn a_server_that_breaks_off_or_is_not_there_is_an_error() {
    let web = Web::start(Speech::Plain, Reply::Reset).await;
    let mut call_reset = call(http("localhost", web.port));
    let failure = call_reset.failure(&format!("http://localhost:{}/", web.port)).await;
    assert!(matches!(failure, Failure::Http(_)), "{failure}");
    let port = closed_port();
    let failure = call(http("127.0.0.1", port)).failure(&format!("http://127.0.0.1:{port}/")).await;
    assert!(matches!(failure, Failure::Connect { .. }), "{failure}");
}

#[tokio::test]
async fn the_thirty_third_request_is_refused() {
    let web = Web::start(Speech::Plain, Reply::text("ok")).await;
    let mut call = call(http("localhost", web.port));
    let url = format!("http://localhost:{}/", web.port);
    for _ in 0..32 {
        assert_eq!(call.text(&url).await, "ok");
    }
    let failure = call.failure(&url).await;
    assert!(matches!(failure, Failure::TooMany), "{failure}");
    assert_eq!(web.connections(), 32);
}

#[tokio::test]
async fn eight_responses_are_open_at_once() {
    let mut web = Web::start(Speech::Plain, Reply::Stall("HTTP/1.1 200 OK\r\n\r\n")).await;
    let mut call = impatient(http("localhost", web.port));
    let url = format!("http://localhost:{}/", web.port);
    let mut open = Vec::new();
    for _ in 0..8 {
        open.push(call.get(&url).await.unwrap());
        web.head().await;
    }
    let failure = call.failure(&url).await;
    assert!(matches!(failure, Failure::TooManyOpen), "{failure}");
    open.pop();
    assert_eq!(web.next().await, Seen::Closed);
    assert!(call.get(&url).await.is_ok());
}

#[tokio::test]
async fn dropping_a_request_or_its_body_closes_the_connection() {
    let mut web = Web::start(Speech::Plain, Reply::Stall("")).await;
    let mut call_pending = call(http("localhost", web.port));
    let url = format!("http://localhost:{}/", web.port);
    {
        let pending = call_pending.get(&url);
        tokio::select! {
            _ = pending => panic!("no answer comes"),
            _ = web.head() => {}
        }
    }
    assert_eq!(web.next().await, Seen::Closed);
    let mut web = Web::start(Speech::Plain, Reply::Stall("HTTP/1.1 200 OK\r\n\r\nx")).await;
    let mut call = call(http("localhost", web.port));
    let response = call.get(&format!("http://localhost:{}/", web.port)).await.unwrap();
    web.head().await;
    drop(response);
    assert_eq!(web.next().await, Seen::Closed);
}

#[tokio::test]
async fn the_thread_ends_with_its_owner_whatever_is_under_way() {
    let mut web = Web::start(Speech::Plain, Reply::Stall("HTTP/1.1 200 OK\r\n\r\n")).await;
    for _ in 0..20 {
        let mut call = call(http("localhost", web.port));
        let url = format!("http://localhost:{}/", web.port);
        let open = call.get(&url).await.unwrap();
        let pending = call
            .requests
            .send(Request::get(&url).body(nothing()).unwrap(), RequestOptions::default());
        let mut pending = Box::pin(pending);
        // Begun, and no further.
        assert!(waits(&mut pending).await);
        drop(call);
        drop((pending, open));
    }
    // Of each connection that was open the server sees the end.
    for _ in 0..20 {
        while web.next().await != Seen::Closed {}
    }
}

/// Polls once; whether it waits.
async fn waits(future: &mut (impl Future + Unpin)) -> bool {
    std::future::poll_fn(|context| {
        let pending = std::pin::Pin::new(&mut *future).poll(context).is_pending();
        std::task::Poll::Ready(pending)
    })
    .await
}

#[tokio::test]
async fn a_bound_secret_arrives_in_place_of_what_the_guest_sent() {
    let mut web = Web::start(Speech::Plain, Reply::text("ok")).await;
    let port = web.port;
    let bound =
        |name: &str, place| Some(BoundSecret { name: self::name(name), place, is_optional: false });
    let header = || SecretPlace::Header { name: "authorization".into(), before: "Bearer ".into() };
    let query = SecretPlace::Query { name: "key".into() };
    for (secret, line) in [
        (bound("TOKEN", header()), format!("\r\nauthorization: Bearer {SECRET}\r\n")),
        (
            bound("TOKEN", query),
            "GET /?a=1&key=hunter2%2Fhunter2%2Bhunter2 HTTP/1.1\r\n".to_owned(),
        ),
    ] {
        let mut call =
            call(vec![NetworkGrant { secret, ..granted(Scheme::Http, "localhost", port) }]);
        let request = Request::get(format!("http://localhost:{port}/?key=guess&a=1"));
        let request = if line.contains("authorization") {
            Request::get(format!("http://localhost:{port}/"))
                .header("authorization", "Bearer mine")
                .header("authorization", "Bearer other")
        } else {
            request
        };
        call.send(request.body(nothing()).unwrap()).await.unwrap();
        let head = loop {
            if let Seen::Head(head) = web.next().await {
                break head;
            }
        };
        assert!(
            head.contains(&line) && !head.contains("mine") && !head.contains("guess"),
            "{head}"
        );
    }
    let secret = bound("MISSING", header());
    let mut call = call(vec![NetworkGrant { secret, ..granted(Scheme::Http, "localhost", port) }]);
    let failure = call.failure(&format!("http://localhost:{port}/")).await.to_string();
    assert!(
        failure.contains("`MISSING` has no value; ")
            && failure.contains("toolrack secret set MISSING"),
        "{failure}"
    );
    assert_eq!(web.connections(), 2);
}

#[tokio::test]
async fn a_guest_can_have_less_patience_than_the_host() {
    let web = Web::start(Speech::Plain, Reply::Stall("")).await;
    let mut call = call(http("localhost", web.port));
    let request = Request::get(format!("http://localhost:{}/", web.port)).body(nothing()).unwrap();
    let first_byte_timeout = Some(Duration::from_millis(50));
    let options = RequestOptions { first_byte_timeout, ..RequestOptions::default() };
    let failure = call.requests.send(request, options).await.unwrap_err();
    assert!(matches!(failure, Failure::FirstByteTimeout), "{failure}");
}

#[tokio::test]
async fn nothing_is_sent_while_tools_are_listed() {
    let mut requests = Requests::new(None, Arc::default(), |_| {});
    let request = Request::get("http://localhost/").body(nothing()).unwrap();
    let failure = requests.send(request, RequestOptions::default()).await.unwrap_err();
    assert!(matches!(failure, Failure::Listing), "{failure}");
}
