//! The meaning of a manifest's values. This module checks `[plugin]`, has the other sections
//! checked, and fills in the defaults.
//!
//! The keys and their TOML types are settled before.

use std::collections::BTreeSet;
use std::path::Path;

use super::digest::Sha256Digest;
use super::grants::config_keys;
use super::limits::amount;
use super::limits::rate::RATE;
use super::limits::rules::{LIMIT_RULES, Limits};
use super::overrides;
use super::plugin_kind::PluginKind;
use super::plugin_manifest::Manifest;
use super::policy::Policy;
use super::raw::{RawLimits, RawManifest, RawPlugin};
use super::syntax::error::{Diagnostic, quote, quote_whole};
use super::syntax::keys::Section;
use super::syntax::keys::Section::Plugin;
use super::syntax::nearest::nearest;
use super::syntax::source::SourceTexts;
use super::syntax::table::SpannedText;
use crate::name::{PluginName, ToolName};
use crate::text::forbidden_char;

/// Checks a manifest; `file` gives the defaults, `source` is what the places point into.
pub(super) fn manifest(
    file: &str,
    source: SourceTexts<'_>,
    raw: &RawManifest<'_>,
    policy: &Policy,
) -> Result<Manifest, Diagnostic> {
    let stem = Path::new(file).file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    let name = name(stem, &raw.plugin)?;
    let mut manifest = Manifest {
        prefix: prefix(&name, &raw.plugin)?,
        lists_ungranted: UNGRANTED.shown(raw.plugin.ungranted.as_ref())?,
        lists_output_schemas: OUTPUT_SCHEMAS.shown(raw.plugin.output_schemas.as_ref())?,
        wasm: wasm(stem, &raw.plugin)?,
        sha256: raw.plugin.sha256.as_ref().map(sha256).transpose()?,
        link_schemes: link_schemes(raw.plugin.link_schemes.as_deref().unwrap_or_default())?,
        kind: raw.plugin.kind.as_ref().map(kind).transpose()?,
        limits: Limits {
            concurrent: raw.plugin.concurrent.unwrap_or_default(),
            ..limits(&raw.limits, policy, &name)?
        },
        grants: raw.grants.check()?,
        config_keys: config_keys::read(raw.plugin.config_keys.as_deref().unwrap_or_default())?,
        tools: overrides::read(source, &raw.tools)?,
        decisions: None,
        name,
    };
    policy.apply(raw, &mut manifest)?;
    Ok(manifest)
}

/// Checks a local file by itself, so that an error in it is reported whatever the manifest says.
pub(super) fn local(source: SourceTexts<'_>, raw: &RawManifest<'_>) -> Result<(), Diagnostic> {
    raw.plugin.prefix.as_ref().map(checked_prefix).transpose()?;
    UNGRANTED.shown(raw.plugin.ungranted.as_ref())?;
    OUTPUT_SCHEMAS.shown(raw.plugin.output_schemas.as_ref())?;
    link_schemes(raw.plugin.link_schemes.as_deref().unwrap_or_default())?;
    for rule in &LIMIT_RULES {
        raw.limits
            .get(rule.key)
            .map(|value| amount::read(Section::Limits, rule, value))
            .transpose()?;
    }
    amount::rate(Section::Limits, RATE.key, raw.limits.get(RATE.key))?;
    raw.grants.check()?;
    overrides::read(source, &raw.tools).map(|_| ())
}

fn limits(raw: &RawLimits<'_>, policy: &Policy, plugin: &PluginName) -> Result<Limits, Diagnostic> {
    let limits = Limits::collect(|rule| policy.amount(rule, raw.get(rule.key), plugin))?;
    let rate = policy.rate(raw.get(RATE.key), plugin)?;
    Ok(Limits { rate, most_memory: policy.most_memory(), ..limits })
}

fn name(stem: &str, plugin: &RawPlugin<'_>) -> Result<PluginName, Diagnostic> {
    match &plugin.name {
        Some(name) => PluginName::new(name.get_ref()).map_err(|error| {
            let folded = PluginName::new(&name.get_ref().replace([' ', '.'], "-")).ok();
            let help = folded.map(|folded| format!("did you mean \"{folded}\"?"));
            bad("name", name, error).maybe_help(help)
        }),
        None => PluginName::new(stem).map_err(|error| {
            Diagnostic::new(0..0, format!("the file's name is to name the plugin, but {error}"))
                .help("rename the file, or write `name = \"...\"` under [plugin]")
        }),
    }
}

fn prefix(name: &PluginName, plugin: &RawPlugin<'_>) -> Result<Box<str>, Diagnostic> {
    let Some(prefix) = &plugin.prefix else { return Ok(name.as_str().replace('-', "_").into()) };
    checked_prefix(prefix)
}

fn checked_prefix(prefix: &SpannedText<'_>) -> Result<Box<str>, Diagnostic> {
    let text = *prefix.get_ref();
    if !text.is_empty() {
        ToolName::new(text).map_err(|error| {
            let folded = ToolName::new(&text.replace(['-', ' ', '.'], "_")).ok();
            let help = folded.map(|folded| format!("did you mean \"{folded}\"?"));
            let help = help.unwrap_or_else(|| "\"\" turns the prefix off".into());
            bad("prefix", prefix, error).help(help)
        })?;
    }
    Ok(text.into())
}

/// True if a text has the form of a scheme: a letter, then letters, digits, `+`, `-` and `.` (RFC 3986), in lower case.
#[must_use]
pub fn is_scheme(text: &str) -> bool {
    let is_rest = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "+-.".contains(c);
    text.starts_with(|c: char| c.is_ascii_lowercase()) && text.chars().all(is_rest)
}

/// The schemes of links beside `http` and `https`, which are in the form of RFC 3986, in lower case.
fn link_schemes(texts: &[SpannedText<'_>]) -> Result<BTreeSet<Box<str>>, Diagnostic> {
    let scheme = |text: &SpannedText<'_>| match *text.get_ref() {
        scheme if is_scheme(scheme) => Ok(scheme.into()),
        other => {
            let expected = format!("expected a scheme such as \"note\", found {}", quote(other));
            let help = "a scheme is a letter, then letters, digits, `+`, `-` and `.`, in lower case, without what follows it";
            Err(bad("link_schemes", text, expected).help(help))
        }
    };
    texts.iter().map(scheme).collect()
}

/// A key under `[plugin]` that says whether something is listed.
struct ListingSwitch {
    key: &'static str,
    /// True if it is listed where nothing is said.
    default: bool,
    help: &'static str,
}

const UNGRANTED: ListingSwitch = ListingSwitch {
    key: "ungranted",
    default: false,
    help: "\"show\" lists tools that can only fail for want of what they require",
};
const OUTPUT_SCHEMAS: ListingSwitch = ListingSwitch {
    key: "output_schemas",
    default: true,
    help: "\"hide\" lists tools without what their results look like, which makes the list shorter",
};

impl ListingSwitch {
    fn shown(&self, text: Option<&SpannedText<'_>>) -> Result<bool, Diagnostic> {
        let Some(text) = text else { return Ok(self.default) };
        match *text.get_ref() {
            "show" => Ok(true),
            "hide" => Ok(false),
            other => {
                let expected = format!("expected \"show\" or \"hide\", found {}", quote(other));
                Err(bad(self.key, text, expected).help(self.help))
            }
        }
    }
}

fn wasm(stem: &str, plugin: &RawPlugin<'_>) -> Result<Box<str>, Diagnostic> {
    let Some(wasm) = &plugin.wasm else {
        let file = format!("{stem}.wasm");
        return match is_wasm_file(&file) {
            true => Ok(file.into()),
            false => {
                Err(Diagnostic::new(0..0, "the manifest's file name gives no name for a Wasm file")
                    .help("rename the manifest, or write `wasm = \"...\"` under [plugin]"))
            }
        };
    };
    let text = *wasm.get_ref();
    if is_wasm_file(text) {
        return Ok(text.into());
    }
    let last = text.rsplit(['/', '\\', ':']).next().unwrap_or_default();
    let help = if last != text && is_wasm_file(last) {
        format!("put the file into the manifest's directory and write \"{last}\"")
    } else if is_wasm_file(&format!("{text}.wasm")) {
        format!("did you mean \"{text}.wasm\"?")
    } else {
        "the file lies in the manifest's directory".into()
    };
    let expected = "expected the name of a file, such as \"weather.wasm\", without a path";
    Err(bad("wasm", wasm, format_args!("{expected}, found {}", quote(text))).help(help))
}

/// A plain file name on every system: no separator, no drive, not hidden, nothing hidden in it.
fn is_wasm_file(name: &str) -> bool {
    let stem = name.strip_suffix(".wasm").unwrap_or_default();
    !stem.is_empty()
        && !stem.starts_with('.')
        && name.len() <= 255
        && !name.contains(['/', '\\', ':', '\n', '\t'])
        && forbidden_char(name).is_none()
}

fn sha256(text: &SpannedText<'_>) -> Result<Sha256Digest, Diagnostic> {
    let found = *text.get_ref();
    found.parse().map_err(|error: super::DigestError| {
        let length = found.chars().count();
        let help = match found.strip_prefix("sha256:") {
            Some(_) => Some("write the digits alone, without `sha256:`".into()),
            None => (length != 64).then(|| format!("it has {length} characters")),
        };
        let digits = found.trim_start_matches("sha256:");
        let is_digest = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        let shown = if is_digest { quote_whole(found) } else { quote(found) };
        bad("sha256", text, format_args!("{error}, found {shown}")).maybe_help(help)
    })
}

fn kind(text: &SpannedText<'_>) -> Result<PluginKind, Diagnostic> {
    let found = *text.get_ref();
    if let Some(kind) = PluginKind::ALL.into_iter().find(|kind| kind.name() == found) {
        return Ok(kind);
    }
    let near = nearest(found, PluginKind::ALL.map(PluginKind::name));
    let help = near.map(|near| format!("did you mean \"{near}\"?"));
    let kinds = "expected \"tools\", \"functions\" or \"command\"";
    let message = format_args!("{kinds}, found {}", quote(found));
    Err(bad("kind", text, message)
        .help(help.unwrap_or_else(|| "without this key, the file itself says what it is".into())))
}

fn bad(key: &str, text: &SpannedText<'_>, problem: impl std::fmt::Display) -> Diagnostic {
    Diagnostic::new(text.span(), format!("{}: {problem}", Plugin.place(key)))
}
