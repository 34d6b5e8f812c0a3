//! The reasons that wasmtime gives, as text on one line: guests and their files choose parts of it.

use crate::text::{clip, escape};

/// The innermost reason on one line, escaped: guests and their files choose parts of it.
pub(crate) fn one_line(error: &wasmtime::Error) -> String {
    shown(&error.root_cause().to_string())
}

/// The innermost reason with all that led to it, escaped, on one line: only there are imports named.
pub(crate) fn in_full(error: &wasmtime::Error) -> String {
    shown(&format!("{error:#}"))
}

/// Returns `text` on one line, escaped and cut.
pub(crate) fn shown(text: &str) -> String {
    let text = text.trim().lines().map(str::trim).collect::<Vec<_>>().join(" ");
    escape(clip(&text, 400))
}
