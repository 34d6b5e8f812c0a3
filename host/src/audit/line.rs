//! A line of the audit log: what it holds of a call, and how it is written.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::Serialize;
use serde_json::value::RawValue;

use crate::json;
use crate::manifest::Sha256Digest;
use crate::mcp::{EndKind, EndedCall};
use crate::text::{clip, escape_json};
use crate::tool::{CallTrace, GrantUses, NotedNames, Usage};

/// The longest arguments whose values are written, in bytes of canonical JSON.
const MAX_WRITTEN_ARGUMENTS: usize = 64 * 1024;
/// The longest id of a request that is written, in bytes.
const MAX_WRITTEN_ID: usize = 128;
/// The bytes that an entry takes beside its texts.
const QUEUED_ENTRY_BYTES: usize = 512;

/// The things that a line tells of a call, which outlive the call.
pub(super) struct AuditEntry {
    came: SystemTime,
    principal: Box<str>,
    client: Option<Box<str>>,
    request: Box<str>,
    tool: Box<str>,
    plugin: Option<(Box<str>, Sha256Digest)>,
    arguments: AuditedArguments,
    end: EndKind,
    time: Duration,
    wait: Duration,
    usage: Usage,
    uses: GrantUses,
}

/// The arguments of a call.
enum AuditedArguments {
    /// They were never read.
    Unread,
    Held(Arc<RawValue>),
    /// There was no room to hold so many bytes.
    TooMany(usize),
}

#[derive(Serialize)]
struct AuditLine<'a> {
    event: &'static str,
    time: String,
    pid: u32,
    principal: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    client: Option<&'a str>,
    request: &'a str,
    tool: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    plugin: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    arguments_sha256: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    arguments: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    arguments_bytes: Option<usize>,
    outcome: &'static str,
    time_ms: f64,
    wait_ms: f64,
    cpu_ms: f64,
    fuel: u64,
    peak_memory: u64,
    #[serde(flatten)]
    used: UsedGrants<'a>,
}

#[derive(Serialize)]
struct UsedGrants<'a> {
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    hosts: &'a [Box<str>],
    #[serde(skip_serializing_if = "is_zero")]
    more_hosts: u64,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    directories: &'a [Box<str>],
    #[serde(skip_serializing_if = "is_zero")]
    more_directories: u64,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    secrets: &'a [Box<str>],
    #[serde(skip_serializing_if = "is_zero")]
    more_secrets: u64,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    refused: &'a [Box<str>],
    #[serde(skip_serializing_if = "is_zero")]
    more_refused: u64,
}

/// The line that stands for lines that were lost.
#[derive(Serialize)]
struct LostLines {
    event: &'static str,
    time: String,
    pid: u32,
    lines: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl AuditEntry {
    pub(super) fn of(call: &EndedCall<'_>) -> Self {
        Self {
            came: call.came,
            principal: call.principal.into(),
            client: call.client.map(Into::into),
            request: clip(call.request, MAX_WRITTEN_ID).into(),
            tool: call.tool.into(),
            plugin: call.plugin.map(|plugin| (plugin.name.as_str().into(), plugin.digest)),
            arguments: match call.arguments {
                Some(arguments) => AuditedArguments::Held(arguments.clone()),
                None => AuditedArguments::Unread,
            },
            end: call.end,
            time: call.time,
            wait: call.wait,
            usage: call.usage,
            uses: call.trace.map(CallTrace::uses).unwrap_or_default(),
        }
    }

    /// The bytes of memory that it takes, about.
    pub(super) fn size(&self) -> usize {
        let GrantUses { hosts, directories, secrets, refused } = &self.uses;
        let names = [hosts, directories, secrets, refused].into_iter().flat_map(NotedNames::names);
        let names: usize = names.map(|name| name.len() + size_of::<Box<str>>()).sum();
        QUEUED_ENTRY_BYTES + names + self.argument_bytes()
    }

    fn argument_bytes(&self) -> usize {
        match &self.arguments {
            AuditedArguments::Held(raw) => raw.get().len(),
            AuditedArguments::Unread | AuditedArguments::TooMany(_) => 0,
        }
    }

    /// Lets go of the arguments, for which there is no room: the line says how many bytes they had.
    pub(super) fn without_arguments(mut self) -> Self {
        if let AuditedArguments::Held(raw) = &self.arguments {
            self.arguments = AuditedArguments::TooMany(raw.get().len());
        }
        self
    }

    /// Adds the line, with the values of the arguments or without.
    pub(super) fn write(&self, with_arguments: bool, lines: &mut Vec<u8>) {
        let canonical = match &self.arguments {
            AuditedArguments::Held(raw) => Some(canonical(raw)),
            AuditedArguments::Unread | AuditedArguments::TooMany(_) => None,
        };
        let digest = canonical.as_ref().map(|text| Sha256Digest::of(text.as_bytes()).to_string());
        // Text that is no JSON by the rules of this server is not written, and its digest is that of its bytes.
        let shown = canonical.filter(|text| with_arguments && text.len() <= MAX_WRITTEN_ARGUMENTS);
        let shown = shown.and_then(|text| RawValue::from_string(text).ok());
        let omitted = match &self.arguments {
            AuditedArguments::Held(raw) if with_arguments && shown.is_none() => {
                Some(raw.get().len())
            }
            AuditedArguments::TooMany(bytes) => Some(*bytes),
            AuditedArguments::Held(_) | AuditedArguments::Unread => None,
        };
        let GrantUses { hosts, directories, secrets, refused } = &self.uses;
        let line = AuditLine {
            event: "call",
            time: rfc3339(self.came),
            pid: std::process::id(),
            principal: &self.principal,
            client: self.client.as_deref(),
            request: &self.request,
            tool: &self.tool,
            plugin: self.plugin.as_ref().map(|(name, _)| &**name),
            version: self.plugin.as_ref().map(|(_, digest)| digest.to_string()),
            arguments_sha256: digest,
            arguments: shown.as_deref(),
            arguments_bytes: omitted,
            outcome: self.end.name(),
            time_ms: milliseconds(self.time),
            wait_ms: milliseconds(self.wait),
            cpu_ms: milliseconds(self.usage.cpu),
            fuel: self.usage.fuel,
            peak_memory: self.usage.peak_memory,
            used: UsedGrants {
                hosts: hosts.names(),
                more_hosts: hosts.more(),
                directories: directories.names(),
                more_directories: directories.more(),
                secrets: secrets.names(),
                more_secrets: secrets.more(),
                refused: refused.names(),
                more_refused: refused.more(),
            },
        };
        add(&line, lines);
    }
}

/// Adds the line that says how many were lost.
pub(super) fn write_lost(count: u64, lines: &mut Vec<u8>) {
    let (time, pid) = (rfc3339(SystemTime::now()), std::process::id());
    add(&LostLines { event: "lost", time, pid, lines: count }, lines);
}

fn add(line: &impl Serialize, lines: &mut Vec<u8>) {
    // Numbers and texts are always JSON. What cannot be seen, or steers a terminal, is escaped.
    let json = serde_json::to_string(line).unwrap_or_default();
    lines.extend_from_slice(escape_json(&json).as_bytes());
    lines.push(b'\n');
}

/// The same arguments as one text, however they were written: without spaces, with the keys of objects in order. Text that
/// is not read as JSON, since it nests too deep or has a key twice, is itself.
fn canonical(raw: &RawValue) -> String {
    let value = json::value(raw.get()).ok();
    let text = value.and_then(|value| serde_json::to_string(&value).ok());
    text.unwrap_or_else(|| raw.get().to_owned())
}

/// A time in milliseconds, to the microsecond.
fn milliseconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e6).round() / 1e3
}

/// A time of the clock in UTC, to the microsecond. One before 1970 is the beginning of that.
fn rfc3339(time: SystemTime) -> String {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    let (days, seconds) = (since.as_secs() / 86_400, since.as_secs() % 86_400);
    // Eras of 400 years that begin in March, so that the odd day is the last of its year.
    let days = days + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let (day, month) =
        (day - (153 * month + 2) / 5 + 1, if month < 10 { month + 3 } else { month - 9 });
    let year = era * 400 + year + u64::from(month <= 2);
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let mut text = format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}");
    let _ = write!(text, ".{:06}Z", since.subsec_micros());
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_of_the_calendar() {
        for (seconds, expected) in [
            (0, "1970-01-01T00:00:00.000000Z"),
            (951_782_399, "2000-02-28T23:59:59.000000Z"),
            (951_782_400, "2000-02-29T00:00:00.000000Z"),
            (951_868_800, "2000-03-01T00:00:00.000000Z"),
            (1_798_761_599, "2026-12-31T23:59:59.000000Z"),
            (4_107_542_400, "2100-03-01T00:00:00.000000Z"),
        ] {
            assert_eq!(rfc3339(UNIX_EPOCH + Duration::from_secs(seconds)), expected);
        }
        let late = UNIX_EPOCH + Duration::from_micros(1_500_000);
        assert_eq!(rfc3339(late), "1970-01-01T00:00:01.500000Z");
    }

    fn raw(text: &str) -> Box<RawValue> {
        RawValue::from_string(text.into()).expect("JSON")
    }

    #[test]
    fn arguments_have_one_text_however_they_are_written() {
        let one = canonical(&raw("{\"b\": [1, 2.0],\r\n \"a\": {\"y\":null,\"x\":\"\\u0041\"}}"));
        assert_eq!(one, r#"{"a":{"x":"A","y":null},"b":[1,2.0]}"#);
        assert_eq!(canonical(&raw(&one)), one);
        for odd in [r#"{"a":1,"a":2}"#, &format!("{}{}", "[".repeat(1000), "]".repeat(1000))] {
            assert_eq!(canonical(&raw(odd)), odd);
        }
    }
}
