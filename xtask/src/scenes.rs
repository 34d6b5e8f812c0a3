//! The calls of the demo, as data.

/// A call of a good tool, and a part of the answer that proves it.
pub(crate) struct Scene {
    pub(crate) tool: &'static str,
    pub(crate) arguments: &'static str,
    pub(crate) answer: &'static str,
}

pub(crate) const SCENES: [Scene; 6] = [
    Scene { tool: "hello_greet", arguments: r#"{"name": "Ada"}"#, answer: "Hello, Ada!" },
    Scene { tool: "calc_evaluate", arguments: r#"{"expression": "0.1 + 0.2"}"#, answer: "0.3" },
    Scene { tool: "time_now", arguments: r#"{"zone": "Europe/Berlin"}"#, answer: "Europe/Berlin" },
    Scene {
        tool: "json_query",
        arguments: r#"{"filter": "map(.price) | add", "input": "[{\"price\": 2}, {\"price\": 3}]"}"#,
        answer: "5",
    },
    Scene {
        tool: "text_replace",
        arguments: r#"{"text": "2026-03", "pattern": "(\\d+)-(\\d+)", "replacement": "$2/$1"}"#,
        answer: "03/2026",
    },
    Scene {
        tool: "hash_digest",
        arguments: r#"{"data": "hello"}"#,
        answer: "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824",
    },
];

/// What stands above the scenes that need a word.
pub(crate) const MISTAKEN: &str = "a mistake comes back in words that a model can use";
pub(crate) const LOOPING: &str =
    "an endless loop is stopped; meanwhile everything else is answered";
pub(crate) const HOARDING: &str = "so is a tool that takes all the memory it can get";
pub(crate) const DROPPING: &str =
    "a plugin copied into a directory is there at once, and deleted it is gone";

/// A call that ends in an error for the model, and a part of its words.
pub(crate) const MISTAKE: Scene =
    Scene { tool: "hello_greet", arguments: r#"{"nmae": "Ada"}"#, answer: "name" };

/// The call that never ends by itself.
pub(crate) const ENDLESS: Scene = Scene { tool: "runaway_spin", arguments: "{}", answer: "cpu" };
/// The call that takes all memory.
pub(crate) const GREEDY: Scene = Scene { tool: "runaway_hoard", arguments: "{}", answer: "memory" };

/// The call of a plugin that is installed while the host runs.
pub(crate) const DROPPED: Scene =
    Scene { tool: "dropped_greet", arguments: r#"{"name": "Grace"}"#, answer: "Hello, Grace!" };
