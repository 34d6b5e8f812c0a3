//! The protocol in memory under invented input: one response for each id, whatever comes.

use std::collections::HashMap;
use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{CATALOG, Seen, invented};
use crate::catalog::{Catalog, Coming, ComingPlugin};
use crate::mcp::{Action, CallKey, Engine, InputLine, Settings};
use crate::name::PluginName;
use crate::tool::{CallError, Output, Progress, Usage};

/// The most events of a session.
const MAX_EVENTS: usize = 200;

/// Plays a session in which each four bytes stand for something that happens.
pub fn session(bytes: &[u8]) -> Seen {
    let event = event();
    let events = bytes.chunks(4).take(MAX_EVENTS).map(|bytes| invented(&event, bytes)).collect();
    let calls = play(events).unwrap_or_else(|wrong| panic!("{wrong}"));
    if calls > 0 { Seen::Accepted } else { Seen::Refused }
}

/// Something that happens to an engine.
#[derive(Clone, Debug)]
enum EngineEvent {
    Message(Value),
    Raw(Vec<u8>),
    TooLong(Vec<u8>),
    Finish { which: usize, failed: bool },
    Progress { which: usize, value: f64 },
    Publish,
    Partial { is_provisional: bool },
}

fn id() -> impl Strategy<Value = Value> {
    // There are few ids, so that they meet.
    prop_oneof![(0..6).prop_map(Value::from), "[ab]".prop_map(Value::from), Just(json!("ä\n"))]
}

fn params() -> impl Strategy<Value = Value> {
    let name = prop_oneof![
        3 => Just(json!("good_run")), 1 => Just(json!("nothing")), 1 => Just(json!(3))
    ];
    let meta = prop_oneof![
        2 => Just(json!({})),
        3 => Just(json!({
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {},
            "progressToken": 1,
        })),
        1 => Just(json!({ "io.modelcontextprotocol/protocolVersion": "x" })),
        1 => Just(json!(7)),
    ];
    let arguments = prop_oneof![Just(json!({})), Just(json!({ "a": [1, null] })), Just(json!([]))];
    prop_oneof![
        6 => (name, meta, arguments, any::<bool>()).prop_map(|(name, meta, arguments, listens)| {
            json!({ "name": name, "_meta": meta, "arguments": arguments,
                "notifications": { "toolsListChanged": listens } })
        }),
        1 => Just(json!([])),
        1 => Just(Value::Null),
    ]
}

fn message() -> impl Strategy<Value = Value> {
    let method = prop_oneof![
        4 => Just("tools/call"), 2 => Just("tools/list"), 2 => Just("initialize"),
        1 => Just("ping"), 1 => Just("server/discover"), 1 => Just("subscriptions/listen"),
        1 => Just("no/such"),
    ];
    let version = prop_oneof![Just("2025-03-26"), Just("2025-11-25"), Just("nonsense")];
    let request =
        (id(), method, params(), version).prop_map(|(id, method, mut params, version)| {
            if method == "initialize" && params.is_object() {
                params["protocolVersion"] = version.into();
            }
            json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params })
        });
    let cancel = id().prop_map(|id| {
        json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": id } })
    });
    let odd = prop_oneof![
        Just(json!({})),
        Just(json!(null)),
        Just(json!({ "jsonrpc": "2.0", "id": 1.5, "method": "ping" })),
        Just(json!({ "jsonrpc": "2.0", "method": "notifications/initialized" })),
    ];
    prop_oneof![8 => request, 3 => cancel, 1 => odd]
}

fn event() -> impl Strategy<Value = EngineEvent> {
    prop_oneof![
        8 => message().prop_map(EngineEvent::Message),
        1 => prop::collection::vec(any::<u8>(), 0..40).prop_map(EngineEvent::Raw),
        1 => (message(), 0..60usize).prop_map(|(message, at)| {
            let text = message.to_string();
            EngineEvent::TooLong(text.as_bytes()[..at.min(text.len())].to_vec())
        }),
        4 => (any::<usize>(), any::<bool>())
            .prop_map(|(which, failed)| EngineEvent::Finish { which, failed }),
        2 => (any::<usize>(), 0.0..9.0).prop_map(|(which, value)| EngineEvent::Progress { which, value }),
        1 => Just(EngineEvent::Publish),
        1 => any::<bool>().prop_map(|is_provisional| EngineEvent::Partial { is_provisional }),
    ]
}

/// The knowledge of a client: for each id, how many answers are still owed.
#[derive(Default)]
struct OwedAnswers {
    owed: HashMap<String, usize>,
    cancelled: HashMap<String, usize>,
}

impl OwedAnswers {
    fn asked(&mut self, message: &Value) {
        for message in message.as_array().map_or(std::slice::from_ref(message), Vec::as_slice) {
            let id = &message["id"];
            if message.get("method").is_some() && (id.is_string() || id.is_i64()) {
                *self.owed.entry(id.to_string()).or_default() += 1;
            }
            if message["method"] == "notifications/cancelled" {
                let id = message["params"]["requestId"].to_string();
                // The request is answered or it is not: the answer may have been on its way.
                if self.owed.get(&id).is_some_and(|owed| *owed > 0) {
                    *self.cancelled.entry(id).or_default() += 1;
                }
            }
        }
    }

    fn answered(&mut self, message: &Value) -> Result<(), String> {
        for message in message.as_array().map_or(std::slice::from_ref(message), Vec::as_slice) {
            if message.get("method").is_some() || message["id"].is_null() {
                continue;
            }
            let id = message["id"].to_string();
            let owed = self.owed.entry(id.clone()).or_default();
            if *owed == 0 {
                return Err(format!("one answer too many for {id}: {message}"));
            }
            *owed -= 1;
        }
        Ok(())
    }
}

fn drain(
    engine: &mut Engine,
    ledger: &mut OwedAnswers,
    calls: &mut Vec<CallKey>,
) -> Result<(), String> {
    while let Some(action) = engine.next_action() {
        match action {
            Action::Notify(line) | Action::Answer(line) => {
                if line.contains(['\n', '\r']) {
                    return Err(format!("more than one line: {line:?}"));
                }
                let message: Value = serde_json::from_str(&line).map_err(|e| e.to_string())?;
                ledger.answered(&message)?;
            }
            Action::Call(call) => calls.push(call.key),
            Action::Cancel(key) => calls.retain(|other| *other != key),
        }
    }
    Ok(())
}

/// Plays a session, and returns how many calls were begun, or what was answered wrongly.
fn play(events: Vec<EngineEvent>) -> Result<usize, String> {
    let mut engine = Engine::new(Settings::default());
    let mut begun = 0;
    let (mut ledger, mut calls) = (OwedAnswers::default(), Vec::new());
    for event in events {
        match event {
            EngineEvent::Message(message) => {
                ledger.asked(&message);
                engine.line(&InputLine::Whole(message.to_string().into_bytes()));
            }
            EngineEvent::Raw(bytes) => engine.line(&InputLine::Whole(bytes)),
            EngineEvent::TooLong(start) => too_long(&mut engine, start)?,
            EngineEvent::Finish { which, failed } => {
                if !calls.is_empty() {
                    let key = calls.remove(which % calls.len());
                    let outcome = if failed {
                        Err(CallError::Host("failed".into()))
                    } else {
                        Ok(Output::default())
                    };
                    engine.outcome(key, outcome, Usage::default());
                }
            }
            EngineEvent::Progress { which, value } => {
                if !calls.is_empty() {
                    let key = calls[which % calls.len()];
                    engine.progress(key, Progress { value, total: None, message: None });
                }
            }
            EngineEvent::Publish => engine.publish(CATALOG.clone()),
            EngineEvent::Partial { is_provisional } => {
                let name = PluginName::new("other").expect("a name");
                let loading =
                    vec![ComingPlugin { name, prefix: "good_run".into(), changes_list: true }];
                let coming = Coming { loading, is_provisional };
                let partial = Catalog::build(CATALOG.plugins().to_vec(), vec![], coming, None);
                engine.publish(Arc::new(partial));
            }
        }
        let before = calls.len();
        drain(&mut engine, &mut ledger, &mut calls)?;
        begun += calls.len().saturating_sub(before);
    }
    engine.finish(std::iter::empty());
    drain(&mut engine, &mut ledger, &mut calls)?;
    settled(&engine, &ledger, &calls)?;
    Ok(begun)
}

/// Sends a line that is too long and begins with `start`. Its id may be readable; then it is owed an answer, and gets
/// it at once.
fn too_long(engine: &mut Engine, start: Vec<u8>) -> Result<(), String> {
    engine.line(&InputLine::TooLong(start));
    while let Some(action) = engine.next_action() {
        match action {
            Action::Answer(line) if line.contains("longer than") => {}
            other => return Err(format!("{other:?}")),
        }
    }
    Ok(())
}

/// Checks that nothing is left when the session has ended.
fn settled(engine: &Engine, ledger: &OwedAnswers, calls: &[CallKey]) -> Result<(), String> {
    if engine.in_flight() != 0 || !calls.is_empty() {
        return Err(format!("{} requests, {} calls left", engine.in_flight(), calls.len()));
    }
    for (id, owed) in &ledger.owed {
        if *owed > ledger.cancelled.get(id).copied().unwrap_or(0) {
            return Err(format!("no answer for {id}"));
        }
    }
    Ok(())
}

#[cfg(test)]
proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..Default::default() })]

    /// Batches exist only after a handshake that settled on 2025-03-26. Of more than four open ones the
    /// rest is refused whole.
    #[test]
    fn a_batch_is_answered_whole(sizes in prop::collection::vec(1..8usize, 1..=4), order in any::<u64>()) {
        let handshake = json!({ "jsonrpc": "2.0", "id": "h", "method": "initialize",
            "params": { "protocolVersion": "2025-03-26" } });
        let mut events = vec![EngineEvent::Publish, EngineEvent::Message(handshake)];
        for (number, size) in sizes.iter().enumerate() {
            let message = |at| {
                let method = ["ping", "tools/list", "tools/call", "no/such"][(at + number) % 4];
                json!({ "jsonrpc": "2.0", "id": format!("{number}-{at}"), "method": method,
                    "params": { "name": "good_run" } })
            };
            events.push(EngineEvent::Message((0..*size).map(message).collect()));
            let which = usize::try_from(order % 97).unwrap_or(0);
            events.push(EngineEvent::Finish { which, failed: false });
        }
        play(events).map_err(TestCaseError::fail)?;
    }

    #[test]
    fn every_id_gets_one_answer(events in prop::collection::vec(event(), 1..60)) {
        play(events).map_err(TestCaseError::fail)?;
    }
}
