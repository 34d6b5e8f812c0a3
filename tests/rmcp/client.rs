//! rmcp's client against the built server and the plugins in `manifests/` and `target/fixtures/`, in both eras.
//!
//! `cargo xtask test` builds both first. What stands here goes over stdio, `over_http.rs` over Streamable HTTP.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod over_http;

use std::path::{Path, PathBuf};
use std::time::Duration;

use rmcp::model::{
    CallToolRequestParams, ClientRequest, ProgressNotificationParam, ProtocolVersion, Request,
    ServerResult,
};
use rmcp::service::{NotificationContext, PeerRequestOptions, RunningService};
use rmcp::transport::TokioChildProcess;
use rmcp::{ClientHandler, ClientLifecycleMode, RoleClient, serve_client_with_lifecycle};
use serde_json::{Value, json};
use tokio::process::Command;
use tokio::sync::mpsc;
use tokio::time::timeout;

const HANG: Duration = Duration::from_secs(120);

/// The server that stands beside this test in the target directory.
fn toolrack() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let profile = test.ancestors().nth(2).unwrap();
    let binary = profile.join(format!("toolrack{}", std::env::consts::EXE_SUFFIX));
    assert!(binary.exists(), "{} is missing: run `cargo xtask test`", binary.display());
    binary
}

/// A client that keeps what it hears.
struct Client {
    progress: mpsc::UnboundedSender<f64>,
    changed: mpsc::UnboundedSender<()>,
}

impl ClientHandler for Client {
    async fn on_progress(
        &self,
        params: ProgressNotificationParam,
        _context: NotificationContext<RoleClient>,
    ) {
        self.progress.send(params.progress).unwrap();
    }

    async fn on_tool_list_changed(&self, _context: NotificationContext<RoleClient>) {
        // Most tests do not listen.
        let _ = self.changed.send(());
    }
}

type Session = (RunningService<RoleClient, Client>, mpsc::UnboundedReceiver<f64>);

async fn connect(lifecycle: ClientLifecycleMode) -> Session {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut command = Command::new(toolrack());
    command.args(["serve", "--log", "error", "--plugins"]).arg(root.join("manifests"));
    command.arg("--plugins").arg(root.join("target/fixtures"));
    let transport = TokioChildProcess::new(command).unwrap();
    let (sender, progress) = mpsc::unbounded_channel();
    let client = Client { progress: sender, changed: mpsc::unbounded_channel().0 };
    let serving = serve_client_with_lifecycle(client, transport, lifecycle);
    let client = timeout(HANG, serving).await.expect("no hang").expect("a session");
    (client, progress)
}

fn eras() -> [ClientLifecycleMode; 3] {
    let preferred_versions = vec![ProtocolVersion::V_2026_07_28];
    [
        ClientLifecycleMode::Initialize,
        ClientLifecycleMode::Discover { preferred_versions: preferred_versions.clone() },
        ClientLifecycleMode::Auto { preferred_versions, legacy_version: None },
    ]
}

fn call(tool: &'static str, arguments: Value) -> CallToolRequestParams {
    CallToolRequestParams::new(tool).with_arguments(arguments.as_object().unwrap().clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn tools_are_listed_and_called_in_every_era() {
    for era in eras() {
        let (client, _) = connect(era.clone()).await;
        let tools = client.list_all_tools().await.unwrap();
        let names: Vec<_> = tools.iter().map(|tool| &*tool.name).collect();
        assert!(names.contains(&"hello_greet") && names.is_sorted(), "{era:?}: {names:?}");

        let sum = json!({ "expression": "0.1 + 0.2" });
        let answer = client.call_tool(call("calc_evaluate", sum)).await.unwrap();
        assert_ne!(answer.is_error, Some(true), "{answer:?}");
        assert_eq!(answer.structured_content.unwrap()["value"], "0.3", "{era:?}");

        // Arguments that miss the schema are the model's to correct, an unknown tool is not.
        let wrong = client.call_tool(call("hello_greet", json!({ "nam": "Ada" }))).await.unwrap();
        assert_eq!(wrong.is_error, Some(true), "{era:?}");
        assert!(client.call_tool(call("no_such", json!({}))).await.is_err(), "{era:?}");

        let ended = timeout(HANG, client.cancel()).await.expect("no hang");
        ended.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn progress_is_heard() {
    let (client, mut progress) = connect(ClientLifecycleMode::Initialize).await;
    let params = call("test_tool_with_progress", json!({}));
    let request = ClientRequest::CallToolRequest(Request::new(params));
    let options = PeerRequestOptions::no_options();
    let handle = client.send_cancellable_request(request, options).await.unwrap();
    let answer = timeout(HANG, handle.await_response()).await.expect("no hang");
    assert!(matches!(answer.unwrap(), ServerResult::CallToolResult(_)));
    // rmcp handles each note in a task of its own, so their order here says nothing.
    let mut heard = Vec::new();
    while heard.len() < 3 {
        heard.push(timeout(HANG, progress.recv()).await.expect("no hang").unwrap());
    }
    heard.sort_by(f64::total_cmp);
    assert_eq!(heard, [0.0, 50.0, 100.0]);
}
