//! What is asked, and how each kind has to end.

use serde_json::{Value, json};

/// What can be played.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Kind {
    Good,
    Crash,
    OutOfFuel,
    OutOfMemory,
    TimedOut,
    /// Cancelled a moment after it was asked.
    Cancelled,
    BadArguments,
    UnknownTool,
    UnknownMethod,
    /// A line that is no JSON.
    Garbage,
    /// A batch, which this revision has not.
    Batch,
}

impl Kind {
    pub(crate) const ALL: [Self; 11] = [
        Self::Good,
        Self::Crash,
        Self::OutOfFuel,
        Self::OutOfMemory,
        Self::TimedOut,
        Self::Cancelled,
        Self::BadArguments,
        Self::UnknownTool,
        Self::UnknownMethod,
        Self::Garbage,
        Self::Batch,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Good => "good calls",
            Self::Crash => "traps",
            Self::OutOfFuel => "calls out of fuel",
            Self::OutOfMemory => "calls out of memory",
            Self::TimedOut => "time-outs",
            Self::Cancelled => "cancellations",
            Self::BadArguments => "calls with bad arguments",
            Self::UnknownTool => "calls of unknown tools",
            Self::UnknownMethod => "unknown methods",
            Self::Garbage => "lines that are no JSON",
            Self::Batch => "batches",
        }
    }

    /// The line that asks with this id.
    pub(crate) fn line(self, id: u64) -> String {
        let call = |tool: &str, arguments: Value| {
            json!({"jsonrpc": "2.0", "id": id, "method": "tools/call",
                "params": {"name": tool, "arguments": arguments}})
            .to_string()
        };
        match self {
            Self::Good => call("good_echo", json!({"text": format!("Ada {id}")})),
            Self::Crash => call("limited_crash", json!({})),
            Self::OutOfFuel => call("limited_spin", json!({})),
            Self::OutOfMemory => call("greedy_hoard", json!({})),
            Self::TimedOut => call("timed_spin", json!({})),
            Self::Cancelled => call("patient_spin", json!({})),
            Self::BadArguments => call("good_echo", json!({"txet": 7})),
            Self::UnknownTool => call("nobody_here", json!({})),
            Self::UnknownMethod => {
                json!({"jsonrpc": "2.0", "id": id, "method": "tools/launch"}).to_string()
            }
            Self::Garbage => format!("{{\"id\":{id},"),
            Self::Batch => json!([{"jsonrpc": "2.0", "id": id, "method": "ping"}]).to_string(),
        }
    }

    /// Whether the answer carries the id: a line that cannot be read has none.
    pub(crate) fn has_id(self) -> bool {
        !matches!(self, Self::Garbage | Self::Batch)
    }

    /// Whether this is how it has to end.
    pub(crate) fn fits(self, id: u64, answer: &Value) -> bool {
        let text = answer["result"]["content"][0]["text"].as_str().unwrap_or_default();
        let failed = |part: &str| answer["result"]["isError"] == true && text.contains(part);
        match self {
            Self::Good => answer["result"]["isError"] != true && text == format!("Ada {id}"),
            Self::Crash => failed("crashed"),
            Self::OutOfFuel => failed("fuel"),
            Self::OutOfMemory => failed("memory"),
            Self::TimedOut => failed("timeout of 10ms"),
            Self::Cancelled => false,
            Self::BadArguments => failed("text"),
            Self::UnknownTool => answer["error"]["code"] == -32602,
            Self::UnknownMethod => answer["error"]["code"] == -32601,
            Self::Garbage => answer["error"]["code"] == -32700,
            Self::Batch => answer["error"]["code"] == -32600,
        }
    }
}

/// How many of each are played by count.
pub(crate) const COUNTED: [(Kind, usize); 4] = [
    (Kind::Good, 100_000),
    (Kind::Crash, 20_000),
    (Kind::TimedOut, 20_000),
    (Kind::Cancelled, 20_000),
];

/// The mix: one of each in turn, and good calls between them.
#[derive(Default)]
pub(crate) struct Traffic {
    played: usize,
}

impl Traffic {
    pub(crate) fn next(&mut self) -> Kind {
        self.played += 1;
        match self.played % 3 {
            0 => Kind::ALL[self.played / 3 % Kind::ALL.len()],
            _ => Kind::Good,
        }
    }
}
