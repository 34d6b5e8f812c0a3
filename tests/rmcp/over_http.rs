//! The same client over Streamable HTTP, by reqwest as rmcp brings it.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc as blocking;
use std::thread;
use std::time::Duration;

use rmcp::model::{ClientRequest, Request, ServerNotification, ServerResult, SubscriptionFilter};
use rmcp::service::PeerRequestOptions;
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::{ClientLifecycleMode, serve_client_with_lifecycle};
use serde_json::json;
use tempfile::TempDir;
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::{Client, HANG, Session, call, eras, toolrack};

const LISTENING: &str = "listening on ";
/// A part of the line of a call of `runaway_hoard`.
const HOARDED: &str = "it needed more than its memory limit";

/// A server with a home and a plugin directory of its own.
struct HttpServer {
    child: Child,
    url: String,
    log: blocking::Receiver<String>,
    directory: TempDir,
}

impl HttpServer {
    /// Serves the plugins of these names.
    fn start(plugins: &[&str]) -> Self {
        Self::start_prepared(plugins, |_| {})
    }

    /// Serves the plugins of these names once `prepare` has had their directory.
    fn start_prepared(plugins: &[&str], prepare: impl FnOnce(&Path)) -> Self {
        let directory = TempDir::new().unwrap();
        fs::create_dir(directory.path().join("plugins")).unwrap();
        plugins.iter().for_each(|name| install(name, &directory.path().join("plugins")));
        prepare(&directory.path().join("plugins"));
        let mut command = Command::new(toolrack());
        command.args(["serve", "--http", "127.0.0.1:0", "--plugins"]);
        command.arg(directory.path().join("plugins"));
        command.env("TOOLRACK_HOME", directory.path().join("home")).stdin(Stdio::null());
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let (sender, log) = blocking::channel();
        thread::spawn(move || lines.map_while(Result::ok).try_for_each(|line| sender.send(line)));
        let mut server = Self { child, url: String::new(), log, directory };
        let line = server.logs(LISTENING);
        let (_, url) = line.split_once(LISTENING).unwrap();
        server.url = url.split_whitespace().next().unwrap().to_owned();
        server
    }

    /// Waits for a line of the log that has `text` in it.
    fn logs(&self, text: &str) -> String {
        let next = || self.log.recv_timeout(HANG).expect("a line");
        std::iter::repeat_with(next).find(|line| line.contains(text)).unwrap()
    }

    /// The lines of the log that come before one that has `text` in it.
    fn logs_before(&self, text: &str) -> Vec<String> {
        let next = || self.log.recv_timeout(HANG).expect("a line");
        std::iter::repeat_with(next).take_while(|line| !line.contains(text)).collect()
    }

    fn plugins(&self) -> PathBuf {
        self.directory.path().join("plugins")
    }

    async fn connect(
        &self,
        lifecycle: ClientLifecycleMode,
    ) -> (Session, mpsc::UnboundedReceiver<()>) {
        let (sender, progress) = mpsc::unbounded_channel();
        let (changed, changes) = mpsc::unbounded_channel();
        let transport = StreamableHttpClientTransport::from_uri(&*self.url);
        let client = Client { progress: sender, changed };
        let serving = serve_client_with_lifecycle(client, transport, lifecycle);
        let client = timeout(HANG, serving).await.expect("no hang").expect("a session");
        ((client, progress), changes)
    }
}

impl Drop for HttpServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Copies a plugin to where it is served. Its manifest comes last, as when a person installs it.
fn install(name: &str, plugins: &Path) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let both = ["manifests", "target/fixtures"].map(|folder| root.join(folder).join(name));
    let from = both.iter().find(|from| from.with_extension("wasm").exists()).unwrap();
    for ending in ["wasm", "toml"] {
        let to = plugins.join(name).with_extension(ending);
        fs::copy(from.with_extension(ending), to).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tools_are_listed_and_called_over_http_in_every_era() {
    let server = HttpServer::start(&["hello", "calc"]);
    for era in eras() {
        let ((client, _), _) = server.connect(era.clone()).await;
        let tools = client.list_all_tools().await.unwrap();
        let names: Vec<_> = tools.iter().map(|tool| &*tool.name).collect();
        assert!(names.contains(&"hello_greet") && names.contains(&"calc_evaluate"), "{names:?}");
        let sum = json!({ "expression": "0.1 + 0.2" });
        let answer = client.call_tool(call("calc_evaluate", sum)).await.unwrap();
        assert_eq!(answer.structured_content.unwrap()["value"], "0.3", "{era:?}");
        let wrong = client.call_tool(call("hello_greet", json!({ "nam": "Ada" }))).await.unwrap();
        assert_eq!(wrong.is_error, Some(true), "{era:?}");
        assert!(client.call_tool(call("no_such", json!({}))).await.is_err(), "{era:?}");
        timeout(HANG, client.cancel()).await.expect("no hang").unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn progress_is_heard_over_http_in_every_era() {
    let server = HttpServer::start(&["conformance"]);
    for era in eras() {
        let ((client, mut progress), _) = server.connect(era.clone()).await;
        let params = call("test_tool_with_progress", json!({}));
        let request = ClientRequest::CallToolRequest(Request::new(params));
        let options = PeerRequestOptions::no_options();
        let handle = client.send_cancellable_request(request, options).await.unwrap();
        let answer = timeout(HANG, handle.await_response()).await.expect("no hang");
        assert!(matches!(answer.unwrap(), ServerResult::CallToolResult(_)), "{era:?}");
        let mut heard = Vec::new();
        while heard.len() < 3 {
            heard.push(timeout(HANG, progress.recv()).await.expect("no hang").unwrap());
        }
        heard.sort_by(f64::total_cmp);
        assert_eq!(heard, [0.0, 50.0, 100.0], "{era:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_call_ends_on_the_server_in_every_era() {
    // With one place, the second call begins when the first has ended.
    let server = HttpServer::start_prepared(&["runaway"], |plugins| {
        let manifest = plugins.join("runaway.toml");
        let text = fs::read_to_string(&manifest).unwrap();
        fs::write(&manifest, text.replace("[limits]", "[limits]\nconcurrency = 1")).unwrap();
    });
    for era in eras() {
        let ((client, _), _) = server.connect(era.clone()).await;
        // Then the plugin is compiled, and the next call begins at once.
        client.call_tool(call("runaway_hoard", json!({}))).await.unwrap();
        tokio::task::block_in_place(|| server.logs(HOARDED));
        let params = call("runaway_spin", json!({}));
        let request = ClientRequest::CallToolRequest(Request::new(params));
        let options = PeerRequestOptions::no_options();
        let handle = client.send_cancellable_request(request, options).await.unwrap();
        // Long enough for the call to begin, and a part of the time after which the host stops it.
        tokio::time::sleep(Duration::from_millis(300)).await;
        timeout(HANG, handle.cancel(None)).await.expect("no hang").unwrap();
        let hoarded = client.call_tool(call("runaway_hoard", json!({}))).await.unwrap();
        assert_eq!(hoarded.is_error, Some(true), "{era:?}");
        // By then the first call has ended, and the host did not have to stop it.
        let spun = tokio::task::block_in_place(|| server.logs_before(HOARDED));
        let spun: Vec<_> = spun.iter().filter(|line| line.contains("runaway_spin")).collect();
        let has_gone = |line: &str| line.contains("cancelled") || line.contains("client has gone");
        assert!(spun.len() == 1 && has_gone(spun[0]), "{era:?}: {spun:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reload_is_told_in_every_era() {
    for era in eras() {
        let server = HttpServer::start(&["hello"]);
        let ((client, _), mut changes) = server.connect(era.clone()).await;
        let names = async || {
            let tools = client.list_all_tools().await.unwrap();
            tools.iter().map(|tool| tool.name.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(names().await, ["hello_greet"], "{era:?}");
        if matches!(era, ClientLifecycleMode::Initialize) {
            install("calc", &server.plugins());
            timeout(HANG, changes.recv()).await.expect("no hang").unwrap();
        } else {
            let wanted = SubscriptionFilter::builder().tools_list_changed().build();
            let mut subscription = client.listen(wanted).await.unwrap();
            install("calc", &server.plugins());
            let heard = timeout(HANG, subscription.next()).await.expect("no hang").unwrap();
            assert!(
                matches!(heard, Some(ServerNotification::ToolListChangedNotification(_))),
                "{era:?}: {heard:?}"
            );
        }
        assert!(names().await.contains(&"calc_evaluate".to_owned()), "{era:?}");
    }
}
