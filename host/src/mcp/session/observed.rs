//! Observers of calls, who are told of each that ends: once, however it ends.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde_json::json;
use tokio::sync::{mpsc, watch};
use tokio::task::LocalSet;
use tokio::time::timeout;

use super::many_clients::{ManyClient, PATIENCE, plugins};
use crate::catalog::ResultCache;
use crate::fuzz::started;
use crate::mcp::calls::client_shares::ClientShares;
use crate::mcp::calls::executor::Executor;
use crate::mcp::calls::observers::{CallObserver, CallObservers, EndedCall};

/// The things that an observer was told of a call.
#[derive(Debug)]
struct ToldEnd {
    request: String,
    client: Option<String>,
    tool: String,
    plugin: Option<String>,
    arguments: Option<String>,
    end: &'static str,
    came: SystemTime,
    time: Duration,
    wait: Duration,
    fuel: u64,
}

struct Recorder(mpsc::UnboundedSender<ToldEnd>);

impl CallObserver for Recorder {
    fn ended(&self, call: &EndedCall<'_>) {
        let told = ToldEnd {
            request: call.request.to_owned(),
            client: call.client.map(str::to_owned),
            tool: call.tool.to_owned(),
            plugin: call.plugin.map(|plugin| plugin.name.to_string()),
            arguments: call.arguments.map(|raw| raw.get().to_owned()),
            end: call.end.name(),
            came: call.came,
            time: call.time,
            wait: call.wait,
            fuel: call.usage.fuel,
        };
        self.0.send(told).expect("the test goes on");
    }
}

/// Runs a test with a client that has greeted, on an executor whose calls are observed.
fn observed(test: impl AsyncFnOnce(ManyClient, &mut mpsc::UnboundedReceiver<ToldEnd>)) {
    let directory = plugins();
    let (host, catalog) = started(directory.path());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    LocalSet::new().block_on(&runtime.expect("a runtime"), async {
        let (recorder, mut told) = mpsc::unbounded_channel();
        let observers = CallObservers::new(vec![Arc::new(Recorder(recorder))]);
        let executor = Executor::new(
            host.guests().clone(),
            ClientShares::new(None, None),
            ResultCache::usual(),
        );
        let executor = executor.observed_by(observers);
        let (catalog, _) = watch::channel(Some(catalog));
        let mut client = ManyClient::connect(&executor, &catalog);
        client.ask(
            0,
            "initialize",
            &json!({
                "protocolVersion": "2025-11-25", "capabilities": {},
                "clientInfo": {"name": "n".repeat(200), "version": "0"},
            }),
        );
        client.answer(0).await;
        test(client, &mut told).await;
        assert!(told.try_recv().is_err(), "each call is told of once");
    });
    host.stop();
}

async fn next(told: &mut mpsc::UnboundedReceiver<ToldEnd>) -> ToldEnd {
    timeout(PATIENCE, told.recv()).await.expect("it is told").expect("somebody tells")
}

#[test]
fn a_call_that_ends_by_itself_is_told_with_what_it_took() {
    observed(async |mut client, told| {
        let before = SystemTime::now();
        // The first goes on among the guests; one of those that follow may end where it is begun.
        for id in 1..4 {
            client.call(id, "echo_run", &json!({"text": "a"}));
            client.answer(id).await;
            let call = next(told).await;
            assert_eq!((&*call.request, call.end), (&*id.to_string(), "answered"));
            assert_eq!(call.client, Some("n".repeat(128)));
            assert_eq!((&*call.tool, call.plugin.as_deref()), ("echo_run", Some("echo")));
            assert_eq!(call.arguments.as_deref(), Some(r#"{"text":"a"}"#));
            assert!(call.fuel > 0 && call.wait <= call.time, "{call:?}");
            let slack = Duration::from_millis(10);
            assert!(call.came + slack > before && call.came <= SystemTime::now(), "{call:?}");
        }
        client.end().await;
    });
}

#[test]
fn a_call_that_is_refused_is_told_too() {
    observed(async |client, told| {
        client.call(1, &"x".repeat(1000), &json!({"a": 1}));
        let call = next(told).await;
        assert_eq!((call.end, call.plugin.as_deref()), ("unknown_tool", None));
        assert_eq!((call.tool, call.fuel), ("x".repeat(256), 0));
        assert_eq!(call.arguments.as_deref(), Some(r#"{"a":1}"#));
        client.end().await;
    });
}

#[test]
fn a_call_that_is_ended_is_told_with_the_reason() {
    observed(async |client, told| {
        client.call(1, "sleep_run", &json!({}));
        client.send(&json!({
            "jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1},
        }));
        let call = next(told).await;
        assert_eq!((&*call.request, call.end), ("1", "cancelled"));
        client.call(2, "sleep_run", &json!({}));
        // The call has begun once this is answered.
        client.call(3, "nothing", &json!({}));
        assert_eq!(next(told).await.end, "unknown_tool");
        client.end().await;
        let call = next(told).await;
        assert_eq!((&*call.request, call.end), ("2", "server_ended"));
    });
}

#[test]
fn a_call_whose_client_has_gone_is_told_so() {
    observed(async |client, told| {
        client.call(1, "sleep_run", &json!({}));
        client.call(2, "nothing", &json!({}));
        assert_eq!(next(told).await.end, "unknown_tool");
        drop(client);
        assert_eq!(next(told).await.end, "client_gone");
    });
}
