//! Any bytes as a client's stream: cut alike wherever reads end, and answered by valid lines.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use super::rpc::lines::Cutter;
use super::session::input_queue::Ahead;
use super::{Action, Engine, InputLine, Settings};
use crate::fuzz::{CATALOG, Seen};
use crate::tool::{Output, Usage};

/// Reads `bytes` as a stream, in pieces of as many bytes as the first one says.
pub fn lines(bytes: &[u8]) -> Seen {
    let Some((&size, stream)) = bytes.split_first() else { return Seen::Refused };
    let mut cutter = Cutter::default();
    let pieces = stream.chunks(usize::from(size) + 1);
    let mut lines: Vec<InputLine> = pieces.flat_map(|piece| cutter.push(piece)).collect();
    lines.extend(cutter.end());
    if stream.len() <= super::MAX_LINE {
        cut_at_every_newline(stream, &lines);
    }

    let mut engine = Engine::new(Settings::default());
    engine.publish(CATALOG.clone());
    let mut seen = Seen::Refused;
    for line in lines {
        // The beginning of a line that is too long may be anything, too.
        let line = match line {
            InputLine::Whole(start) if size == u8::MAX => InputLine::TooLong(start),
            line => line,
        };
        let mut ahead = Ahead::default();
        ahead.push(line);
        let urgent = ahead.take_urgent(|id| engine.is_open(id));
        let rest = std::iter::from_fn(|| ahead.pop());
        urgent.into_iter().chain(rest).for_each(|line| engine.line(&line));
        if carry_out(&mut engine) {
            seen = Seen::Accepted;
        }
    }
    engine.finish(std::iter::empty());
    carry_out(&mut engine);
    assert_eq!(engine.in_flight(), 0, "left");
    seen
}

fn cut_at_every_newline(stream: &[u8], lines: &[InputLine]) {
    let mut expected: Vec<&[u8]> = stream.split(|&byte| byte == b'\n').collect();
    // The bytes after the last newline are a line only if there are any.
    expected.pop_if(|last| last.is_empty());
    let whole = lines.iter().map(|line| match line {
        InputLine::Whole(bytes) => &bytes[..],
        InputLine::TooLong(_) => panic!("a line is too long in {} bytes", stream.len()),
    });
    assert!(whole.eq(expected), "{lines:?}");
}

/// Answers calls at once. Whether there was a result among what went out.
fn carry_out(engine: &mut Engine) -> bool {
    let mut any_result = false;
    while let Some(action) = engine.next_action() {
        match action {
            Action::Notify(line) | Action::Answer(line) => {
                assert!(!line.contains(['\n', '\r']), "more than one line: {line:?}");
                // Not as values: an id is given back as it came, however large a number it is.
                let messages: Vec<&RawValue> = match line.starts_with('[') {
                    true => serde_json::from_str(&line).expect("JSON"),
                    false => vec![serde_json::from_str(&line).expect("JSON")],
                };
                assert!(!messages.is_empty(), "an empty batch");
                for message in messages {
                    let message: BTreeMap<String, &RawValue> =
                        serde_json::from_str(message.get()).expect("an object");
                    let has = |key: &str| message.contains_key(key);
                    assert_eq!(message["jsonrpc"].get(), r#""2.0""#, "{line}");
                    let kinds = [has("method"), has("result"), has("error")];
                    assert_eq!(kinds.iter().filter(|kind| **kind).count(), 1, "{line}");
                    assert!(has("method") || has("id"), "{line}");
                    any_result |= has("result");
                }
            }
            Action::Call(call) => {
                engine.outcome(call.key, Ok(Output::default()), Usage::default());
            }
            Action::Cancel(_) => {}
        }
    }
    any_result
}
