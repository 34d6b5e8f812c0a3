//! The kind of plugin that a component is, by what it exports.

use super::functions::{self, Exported, Exporter};
use crate::manifest::PluginKind;
use crate::text::escape;

/// The interface that makes a component a plugin, and the version this host speaks.
const TOOLS: &str = "toolrack:plugin/tools";
const CONTRACT_VERSION: &str = "0.1.0";
/// The interface that makes a component a program, and the versions this host speaks.
const RUN: &str = "wasi:cli/run@";
const RUN_VERSION: &str = "0.2.";

/// Returns the contract's interface, as a component names it.
pub(crate) fn contract() -> String {
    format!("{TOOLS}@{CONTRACT_VERSION}")
}

/// Returns the kind of `component`, or the reason why it is of none.
pub(crate) fn of(component: &impl Exporter) -> Result<PluginKind, String> {
    let expected = contract();
    let (mut other, mut runs, mut serves_web) = (None, None, false);
    for (name, exported) in component.exports() {
        if name == expected && matches!(exported, Exported::Instance(_)) {
            return Ok(PluginKind::Tools);
        }
        if let Some(version) = name.strip_prefix(RUN) {
            let speaks = version.starts_with(RUN_VERSION);
            runs = Some(speaks.then_some(PluginKind::Command).ok_or_else(|| escape(&name)));
        }
        if name.starts_with(TOOLS) {
            other = Some(escape(&name));
        }
        serves_web |= name.starts_with("wasi:http/");
    }
    if let Some(name) = other {
        return Err(format!(
            "it exports `{name}`, and this host speaks `{expected}`; build it with the toolrack-sdk of this version"
        ));
    }
    // Some toolchains make every component a program, too.
    if functions::has_any(component) {
        return Ok(PluginKind::Functions);
    }
    match runs {
        Some(command) => command.map_err(|name| {
            format!(
                "it is a program that exports `{name}`, and this host runs `{RUN}{RUN_VERSION}x`; build it \
                 for wasm32-wasip2 or wasm32-wasip1"
            )
        }),
        None if serves_web => Err(
            "it is a web server, without a function that could be a tool; export functions of its own".into(),
        ),
        None => Err(format!(
            "it is a component without tools: it exports neither `{expected}` nor a function of its own"
        )),
    }
}
