//! Clients with access tokens of authorization servers: what they may call and see, and what they are told otherwise.

use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::LocalSet;
use tokio::time::timeout;

use super::bounds::HttpBounds;
use super::request::authentication::TokenNeed;
use super::request::host_policy::HostPolicy;
use super::server::HttpSettings;
use super::trial::{TrialServer, local, modern, plugins, settings};
use crate::fuzz::started;
use crate::home::Home;
use crate::oauth::trial::issuer::{Mood, TrialIssuer, settings as oauth_settings};
use crate::oauth::trial::signing_key::SigningKey;
use crate::tokens::{NewToken, TokenFile, now};

/// A time that is never reached, unless something waits for ever.
const OAUTH_HANG: Duration = Duration::from_secs(100);
const METADATA: &str = "https://tools.example/.well-known/oauth-protected-resource/mcp";

/// A server within this process, its authorization server, and a token of its own that may call everything.
struct OauthBench {
    address: String,
    issuer: TrialIssuer,
    key: SigningKey,
    own_token: String,
}

/// An answer.
#[derive(Debug)]
struct OauthAnswer {
    status: u16,
    head: String,
    body: String,
}

/// Runs a test against a server that accepts tokens of an authorization server.
fn serves(test: impl AsyncFnOnce(&OauthBench)) {
    let (directory, root) = (plugins(), TempDir::new().expect("a directory"));
    let file = TokenFile::of(&Home::at(root.path().to_owned()));
    let NewToken { token, text } =
        NewToken::make("ci".parse().expect("a name"), None, None).expect("random bytes");
    file.add(token).expect("added");
    let (host, catalog) = started(directory.path());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    LocalSet::new().block_on(&runtime.expect("a runtime"), async {
        let key = SigningKey::ed25519("a");
        let issuer = TrialIssuer::start(&[&key]).await;
        let page = vec!["https://page.example".parse().expect("an origin")];
        let settings = HttpSettings {
            host_policy: HostPolicy::new(&local(), Vec::new(), page),
            tokens: Some(file),
            need: TokenNeed::Always,
            oauth: Some(oauth_settings(vec![issuer.settings()])),
            ..settings(HttpBounds::default())
        };
        let server = TrialServer::start(settings, host.guests().clone(), catalog).await;
        let address = server.address.to_string();
        let bench = OauthBench { address, issuer, key, own_token: text };
        timeout(OAUTH_HANG, test(&bench)).await.expect("it ends");
        server.end(OAUTH_HANG).await;
    });
    host.stop();
}

impl OauthBench {
    /// A token with these scopes.
    fn token(&self, scope: &str) -> String {
        self.key.token(&self.issuer.claims(scope))
    }

    async fn open(&self, request: &str) -> TcpStream {
        let mut stream = TcpStream::connect(&self.address).await.expect("a connection");
        stream.write_all(request.as_bytes()).await.expect("sent");
        stream
    }

    /// The answer to a request on a connection of its own.
    async fn answer(&self, request: &str) -> OauthAnswer {
        let request = request.replacen("\r\n", "\r\nConnection: close\r\n", 1);
        let mut text = String::new();
        let mut stream = self.open(&request).await;
        timeout(OAUTH_HANG, stream.read_to_string(&mut text))
            .await
            .expect("it ends")
            .expect("text");
        let (head, body) = text.split_once("\r\n\r\n").expect("a head");
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        OauthAnswer { status: status.expect("a status"), head: head.into(), body: body.into() }
    }

    /// The answer to a modern request with this token, if any.
    async fn asks(&self, token: Option<&str>, method: &str, params: Value) -> OauthAnswer {
        let name = params["name"].as_str().map(str::to_owned);
        self.answer(&modern(method, name.as_deref(), params, &bearer(token))).await
    }

    async fn calls(&self, token: &str, tool: &str) -> OauthAnswer {
        self.asks(Some(token), "tools/call", json!({ "name": tool })).await
    }
}

impl OauthAnswer {
    fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    fn challenge(&self) -> &str {
        self.header("www-authenticate").unwrap_or_else(|| panic!("no challenge: {self:?}"))
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    /// The names of the tools that it lists.
    fn tools(&self) -> Vec<String> {
        let list = self.json();
        let tools = list["result"]["tools"].as_array().expect("a list");
        tools.iter().map(|tool| tool["name"].as_str().expect("a name").to_owned()).collect()
    }
}

fn bearer(token: Option<&str>) -> String {
    token.map(|token| format!("Authorization: Bearer {token}\r\n")).unwrap_or_default()
}

fn get(path: &str, headers: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n")
}

/// A legacy request.
fn legacy(token: &str, session: Option<&str>, message: &Value) -> String {
    let session = session.map(|id| format!("Mcp-Session-Id: {id}\r\n")).unwrap_or_default();
    let (body, token) = (message.to_string(), bearer(Some(token)));
    format!(
        "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n{session}{token}Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

#[test]
fn a_client_without_a_token_learns_whom_to_ask_for_one() {
    serves(async |bench| {
        let refused = bench.asks(None, "tools/list", json!({})).await;
        assert_eq!(refused.status, 401);
        let scope = r#"scope="tools:read tools:write""#;
        assert_eq!(
            refused.challenge(),
            format!(r#"Bearer resource_metadata="{METADATA}", {scope}"#)
        );
        let path = METADATA.strip_prefix("https://tools.example").expect("its server");
        for path in [path, "/.well-known/oauth-protected-resource", &format!("{path}/")] {
            let metadata = bench.answer(&get(path, "Origin: https://anybody.example\r\n")).await;
            assert_eq!(metadata.status, 200, "{path}");
            assert_eq!(metadata.header("access-control-allow-origin"), Some("*"));
            assert_eq!(metadata.header("content-type"), Some("application/json"));
            assert_eq!(
                metadata.json(),
                json!({
                    "resource": "https://tools.example/mcp",
                    "authorization_servers": [bench.issuer.url],
                    "scopes_supported": ["tools:read", "tools:write"],
                    "bearer_methods_supported": ["header"],
                })
            );
        }
        let asked = "Origin: https://anybody.example\r\nAccess-Control-Request-Method: GET\r\nAccess-Control-Request-Headers: mcp-protocol-version\r\n";
        let preflight = bench.answer(&get(path, asked).replacen("GET", "OPTIONS", 1)).await;
        assert_eq!(preflight.status, 204);
        assert_eq!(preflight.header("access-control-allow-origin"), Some("*"));
        let allowed = preflight.header("access-control-allow-headers").expect("headers");
        assert!(allowed.contains("mcp-protocol-version"), "{allowed}");
        for path in
            ["oauth-authorization-server", "openid-configuration", "oauth-protected-resource/x"]
        {
            let none = bench.answer(&get(&format!("/.well-known/{path}"), "")).await;
            assert_eq!((none.status, none.body.as_str()), (404, r#"{"error":"not_found"}"#));
        }
        // A page may read whom to ask, too.
        let page = "Origin: https://page.example\r\n";
        let refused = bench.answer(&modern("tools/list", None, json!({}), page)).await;
        assert_eq!(refused.status, 401);
        let readable = refused.header("access-control-expose-headers").expect("headers");
        assert!(readable.contains("www-authenticate"), "{readable}");
    });
}

#[test]
fn health_tells_of_calls_to_those_who_have_a_token_and_of_the_tools_that_it_allows() {
    serves(async |bench| {
        let (read, both) = (bench.token("tools:read"), bench.token("tools:read tools:write"));
        for tool in ["echo_run", "large_run", "large_run"] {
            assert_eq!(bench.calls(&both, tool).await.status, 200, "{tool}");
        }
        for (token, told) in [
            (None, Value::Null),
            (Some("opaque"), Value::Null),
            (Some(&*read), json!(1)),
            (Some(&*both), json!(3)),
            (Some(&*bench.own_token), json!(3)),
        ] {
            let health = bench.answer(&get("/health", &bearer(token))).await;
            assert_eq!((health.status, &health.json()["status"]), (200, &json!("ok")));
            assert_eq!(health.json()["statistics"]["calls"], told, "{token:?}");
        }
    });
}

#[test]
fn a_token_that_does_not_count_is_told_so_and_nothing_of_it_is_repeated() {
    serves(async |bench| {
        let expired = {
            let mut claims = bench.issuer.claims("tools:read");
            claims["exp"] = json!(now() - 100);
            bench.key.token(&claims)
        };
        let foreign = {
            let mut claims = bench.issuer.claims("tools:read");
            claims["aud"] = json!("https://other.example");
            bench.key.token(&claims)
        };
        for (token, said) in [
            (&*expired, "it has expired"),
            (&foreign, "it is for another audience"),
            ("opaque", "it is no JWT"),
            ("trk_unknown", "it is none of this server's"),
        ] {
            let refused = bench.asks(Some(token), "tools/list", json!({})).await;
            assert_eq!(refused.status, 401, "{token}");
            let begin = format!(
                r#"Bearer error="invalid_token", error_description="{said}", resource_metadata="{METADATA}", scope="#
            );
            assert!(refused.challenge().starts_with(&begin), "{}", refused.challenge());
            assert!(!refused.head.contains(token) && !refused.body.contains(token), "{refused:?}");
        }
        let fine = bench.asks(Some(&bench.token("tools:read")), "tools/list", json!({})).await;
        assert_eq!(fine.status, 200);
    });
}

#[test]
fn scopes_say_which_tools_there_are_and_which_scopes_are_missing() {
    serves(async |bench| {
        let (read, both) =
            (bench.token("openid tools:read"), bench.token("tools:write tools:read"));
        let list = bench.asks(Some(&read), "tools/list", json!({})).await;
        assert_eq!(list.tools(), ["echo_run"]);
        assert_eq!(list.json()["result"]["cacheScope"], "private");
        assert_eq!(bench.calls(&read, "echo_run").await.status, 200);
        // Who may not call a tool is not told whether there is one.
        for tool in ["large_run", "large_unknown"] {
            let refused = bench.calls(&read, tool).await;
            assert_eq!(refused.status, 403, "{tool}");
            assert_eq!(
                refused.challenge(),
                format!(
                    r#"Bearer error="insufficient_scope", scope="tools:read tools:write", resource_metadata="{METADATA}""#
                )
            );
        }
        let stepped_up = bench.calls(&both, "large_run").await;
        assert_eq!(stepped_up.status, 200);
        let list = bench.asks(Some(&both), "tools/list", json!({})).await;
        assert_eq!(list.tools(), ["echo_run", "large_run"]);
        // No scope stands for it: there is none for anybody with a token of an authorization server.
        for tool in ["sleep_run", "unknown"] {
            let unknown = bench.calls(&both, tool).await;
            assert_eq!(unknown.status, 200);
            let said = unknown.json()["error"]["message"].to_string();
            assert!(said.contains(&format!("unknown tool `{tool}`")), "{said}");
        }
        // A token of this server's own counts beside them.
        let list = bench.asks(Some(&bench.own_token), "tools/list", json!({})).await;
        assert_eq!(list.tools(), ["echo_run", "large_run", "sleep_run"]);
        let none = bench.asks(Some(&bench.token("openid")), "server/discover", json!({})).await;
        assert_eq!(none.status, 403);
        assert!(none.challenge().contains(r#"scope="tools:read tools:write""#));
    });
}

#[test]
fn two_tokens_of_one_subject_share_a_session_and_not_what_they_may_call() {
    serves(async |bench| {
        let (read, both) = (bench.token("tools:read"), bench.token("tools:read tools:write"));
        let hello = json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
            "protocolVersion": "2025-03-26", "capabilities": {},
            "clientInfo": { "name": "test", "version": "1" },
        }});
        let begun = bench.answer(&legacy(&read, None, &hello)).await;
        let session = begun.header("mcp-session-id").expect("a session").to_owned();
        let call = |id: u64, tool: &str| json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": { "name": tool } });
        let asks = async |token: &str, message: &Value| {
            bench.answer(&legacy(token, Some(&session), message)).await
        };
        for _ in 0..2 {
            assert_eq!(asks(&read, &call(2, "large_run")).await.status, 403);
            assert_eq!(asks(&both, &call(2, "large_run")).await.status, 200);
            let listing = json!({ "jsonrpc": "2.0", "id": 3, "method": "tools/list" });
            assert_eq!(asks(&read, &listing).await.tools(), ["echo_run"]);
            assert_eq!(asks(&both, &listing).await.tools(), ["echo_run", "large_run"]);
        }
        // None of what a batch asks for begins where one of its calls lacks a scope.
        let batch = json!([call(4, "echo_run"), call(5, "large_run")]);
        assert_eq!(asks(&read, &batch).await.status, 403);
        assert_eq!(asks(&both, &batch).await.status, 200);
        let bob = {
            let mut claims = bench.issuer.claims("tools:read");
            claims["sub"] = json!("bob");
            bench.key.token(&claims)
        };
        assert_eq!(asks(&bob, &call(6, "echo_run")).await.status, 404);
        assert_eq!(asks(&bench.own_token, &call(6, "echo_run")).await.status, 404);
    });
}

#[test]
fn a_stream_ends_with_its_token() {
    serves(async |bench| {
        let brief = {
            let mut claims = bench.issuer.claims("tools:read");
            // The clocks may differ by a minute.
            claims["exp"] = json!(now() - 57);
            bench.key.token(&claims)
        };
        let listen = |token: &str| {
            modern(
                "subscriptions/listen",
                None,
                json!({ "notifications": {} }),
                &bearer(Some(token)),
            )
        };
        let ended = bench.answer(&listen(&brief)).await;
        assert_eq!(ended.status, 200, "{ended:?}");
        assert!(ended.body.contains(r#""resultType":"complete""#), "{ended:?}");
        assert_eq!(bench.answer(&listen(&brief)).await.status, 401);
    });
}

#[test]
fn while_the_issuer_is_down_good_tokens_count_and_nobody_is_told_to_log_in_again() {
    serves(async |bench| {
        assert_eq!(bench.calls(&bench.token("tools:read"), "echo_run").await.status, 200);
        bench.issuer.served.mood.set(Mood::Down);
        tokio::time::sleep(Duration::from_millis(1100)).await;
        let mut claims = bench.issuer.claims("tools:read");
        claims["jti"] = json!("another");
        assert_eq!(bench.calls(&bench.key.token(&claims), "echo_run").await.status, 200);
        let new = SigningKey::p256("new");
        let unknown = new.token(&bench.issuer.claims("tools:read"));
        let refused = bench.calls(&unknown, "echo_run").await;
        assert_eq!((refused.status, refused.header("retry-after")), (503, Some("2")));
        bench.issuer.has(&[&new]);
        bench.issuer.served.mood.set(Mood::Well);
        while bench.calls(&unknown, "echo_run").await.status != 200 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    });
}
