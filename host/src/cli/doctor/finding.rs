//! The finding of a check, on one line or as JSON.

use serde::Serialize;

use super::super::output::print::println;
use crate::cli::{DIM, ERROR, GOOD, NAME, paint};

/// One thing that was looked at.
#[derive(Debug, Serialize)]
pub(super) struct Finding {
    topic: &'static str,
    pub(super) level: Level,
    /// The state that was found; escaped where others wrote it.
    text: String,
    /// The step that mends it. `None` where there is nothing to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    advice: Option<String>,
}

/// The severity of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Level {
    Ok,
    /// It may be meant so.
    Note,
    Wrong,
}

impl Finding {
    pub(super) fn ok(topic: &'static str, text: impl Into<String>) -> Self {
        Self { topic, level: Level::Ok, text: text.into(), advice: None }
    }

    pub(super) fn note(
        topic: &'static str,
        text: impl Into<String>,
        advice: impl Into<String>,
    ) -> Self {
        Self { topic, level: Level::Note, text: text.into(), advice: Some(advice.into()) }
    }

    pub(super) fn wrong(
        topic: &'static str,
        text: impl Into<String>,
        advice: impl Into<String>,
    ) -> Self {
        Self { level: Level::Wrong, ..Self::note(topic, text, advice) }
    }

    pub(super) fn print(&self) {
        let level = match self.level {
            Level::Ok => paint(GOOD, "ok   "),
            Level::Note => paint(DIM, "note "),
            Level::Wrong => paint(ERROR, "wrong"),
        };
        let advice = self.advice.as_ref().filter(|advice| !advice.is_empty());
        let advice = advice.map(|advice| format!("; {advice}")).unwrap_or_default();
        println!("{level} {}: {}{advice}", paint(NAME, self.topic), self.text);
    }
}
