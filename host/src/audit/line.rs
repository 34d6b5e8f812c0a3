//! A line of the audit log: what it holds of a call, and how it is written.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::Serialize;
use serde_json::value::RawValue;

use crate::json::canonical;
use crate::manifest::Sha256Digest;
use crate::mcp::{EndKind, EndedCall};
use crate::text::{clip, escape_json};
use crate::tool::{CallTrace, GrantUses, NotedNames, Usage, milliseconds};

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
    calls: u64,
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
    /// There was no room to hold them: their digest is left, and the number of their bytes.
    Digested(ArgumentsDigest, usize),
}

/// The digest of arguments.
#[derive(Clone, Copy)]
struct ArgumentsDigest {
    digest: Sha256Digest,
    /// True if this server refuses to read them, as another reader might read something else: it is that of the bytes as they
    /// came.
    is_of_unread: bool,
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
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    arguments_unreadable: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    arguments: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    arguments_bytes: Option<usize>,
    outcome: &'static str,
    #[serde(skip_serializing_if = "is_one")]
    calls: u64,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    cached: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    answer_age_ms: Option<u32>,
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

/// Refused calls of one principal beyond those that have a line each.
pub(super) struct RepeatedCalls {
    first: SystemTime,
    last: SystemTime,
    calls: u64,
    /// The number of calls that ended so.
    outcomes: BTreeMap<&'static str, u64>,
}

#[derive(Serialize)]
struct RepeatedLine<'a> {
    event: &'static str,
    time: String,
    until: String,
    pid: u32,
    principal: &'a str,
    calls: u64,
    outcomes: &'a BTreeMap<&'static str, u64>,
}

/// The change of a token of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenEvent {
    Added,
    Removed,
}

#[derive(Serialize)]
struct TokenLine<'a> {
    event: &'static str,
    time: String,
    pid: u32,
    principal: &'a str,
    token: &'a str,
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

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_one(count: &u64) -> bool {
    *count == 1
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
            calls: call.calls,
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
            AuditedArguments::Unread | AuditedArguments::Digested(..) => 0,
        }
    }

    /// The one who called.
    pub(super) fn principal(&self) -> &str {
        &self.principal
    }

    /// True if it holds the arguments themselves.
    pub(super) fn holds_arguments(&self) -> bool {
        matches!(self.arguments, AuditedArguments::Held(_))
    }

    /// Lets go of the arguments, for which there is no room: their digest is taken now. It takes as long as to read them.
    pub(super) fn digested(mut self) -> Self {
        if let AuditedArguments::Held(raw) = &self.arguments {
            let (digest, _) = ArgumentsDigest::of(raw);
            self.arguments = AuditedArguments::Digested(digest, raw.get().len());
        }
        self
    }

    /// Adds the line, with the values of the arguments or without.
    pub(super) fn write(&self, with_arguments: bool, lines: &mut Vec<u8>) {
        let (digest, text, bytes) = match &self.arguments {
            AuditedArguments::Held(raw) => {
                let (digest, text) = ArgumentsDigest::of(raw);
                (Some(digest), text, Some(raw.get().len()))
            }
            AuditedArguments::Digested(digest, bytes) => (Some(*digest), None, Some(*bytes)),
            AuditedArguments::Unread => (None, None, None),
        };
        // What this server does not read is not written: it would end other readers of the file, or tell them something else.
        let shown = text.filter(|text| with_arguments && text.len() <= MAX_WRITTEN_ARGUMENTS);
        let shown = shown.and_then(|text| RawValue::from_string(text).ok());
        let omitted = bytes.filter(|_| with_arguments && shown.is_none());
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
            arguments_sha256: digest.map(|digest| digest.digest.to_string()),
            arguments_unreadable: digest.is_some_and(|digest| digest.is_of_unread),
            arguments: shown.as_deref(),
            arguments_bytes: omitted,
            outcome: self.end.name(),
            calls: self.calls,
            cached: self.usage.is_cached(),
            answer_age_ms: self.usage.answer_age_ms,
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

impl RepeatedCalls {
    /// Such calls, of which this is the first.
    pub(super) fn of(call: &EndedCall<'_>) -> Self {
        let mut first =
            Self { first: call.came, last: call.came, calls: 0, outcomes: BTreeMap::new() };
        first.add(call);
        first
    }

    pub(super) fn add(&mut self, call: &EndedCall<'_>) {
        self.last = call.came;
        self.calls += call.calls;
        *self.outcomes.entry(call.end.name()).or_default() += call.calls;
    }

    /// Adds the line that stands for them.
    pub(super) fn write(&self, principal: &str, lines: &mut Vec<u8>) {
        let line = RepeatedLine {
            event: "repeated",
            time: rfc3339(self.first),
            until: rfc3339(self.last),
            pid: std::process::id(),
            principal,
            calls: self.calls,
            outcomes: &self.outcomes,
        };
        add(&line, lines);
    }
}

impl ArgumentsDigest {
    /// The digest, with the one spelling of the arguments that it is of. `None` where they are not read.
    fn of(raw: &RawValue) -> (Self, Option<String>) {
        let text = canonical(raw.get(), &[]);
        let digest = Sha256Digest::of(text.as_deref().unwrap_or(raw.get()).as_bytes());
        (Self { digest, is_of_unread: text.is_none() }, text)
    }
}

impl TokenEvent {
    /// The change in a word.
    pub(crate) fn done(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Removed => "removed",
        }
    }
}

/// Adds the line that says which token a principal is, or was.
pub(super) fn write_token(event: TokenEvent, token: &str, principal: &str, lines: &mut Vec<u8>) {
    let event = match event {
        TokenEvent::Added => "token_added",
        TokenEvent::Removed => "token_removed",
    };
    let (time, pid) = (rfc3339(SystemTime::now()), std::process::id());
    add(&TokenLine { event, time, pid, principal, token }, lines);
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

/// A time of the clock in UTC, to the microsecond. One before 1970 is the beginning of that.
pub(crate) fn rfc3339(time: SystemTime) -> String {
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

    fn entry(arguments: &str) -> AuditEntry {
        let arguments: Arc<RawValue> =
            RawValue::from_string(arguments.into()).expect("JSON").into();
        AuditEntry::of(&EndedCall {
            came: SystemTime::now(),
            arrived: std::time::Instant::now(),
            request: "1",
            principal: "",
            client: None,
            source: None,
            tool: "echo",
            plugin: None,
            arguments: Some(&arguments),
            end: EndKind::UnknownTool,
            calls: 1,
            time: Duration::ZERO,
            wait: Duration::ZERO,
            usage: Usage::default(),
            trace: None,
        })
    }

    fn line(entry: &AuditEntry, with_arguments: bool) -> String {
        let mut line = Vec::new();
        entry.write(with_arguments, &mut line);
        String::from_utf8(line).expect("UTF-8")
    }

    fn digest(text: &str) -> String {
        format!(r#""arguments_sha256":"{}""#, Sha256Digest::of(text.as_bytes()))
    }

    #[test]
    fn arguments_have_one_digest_however_they_are_written_and_numbers_stay_as_they_are() {
        let one = r#"{"a":{"x":"A","y":null},"b":[1,2.0,123456789012345678901234567890,-0,1E2]}"#;
        let spaced = "{\"b\": [1, 2.0,123456789012345678901234567890, -0,1E2],\r\n \"a\": {\"y\":null,\"x\":\"\\u0041\"}}";
        for text in [one, spaced] {
            let line = line(&entry(text), true);
            assert!(line.contains(&digest(one)), "{line}");
            assert!(line.contains(&format!(r#""arguments":{one},"#)), "{line}");
        }
        let other = one.replace("890", "891");
        assert!(line(&entry(&other), false).contains(&digest(&other)));
    }

    #[test]
    fn the_digest_is_the_one_that_the_program_in_the_documents_prints() {
        let text = r#"{"b": [1, 2.0,123456789012345678901234567890, -0,1E2], "a": {"y":null,"x":"\u0041\u007f\u001f\n\/"}, "t":true}"#;
        let printed = "925495f11f501159057678fdac1b53ef5557048d459a9236191f805e19349154";
        assert!(line(&entry(text), false).contains(printed));
    }

    #[test]
    fn arguments_that_are_not_read_here_are_never_written() {
        let deep = |levels| format!(r#"{{"a":{}{}}}"#, "[".repeat(levels), "]".repeat(levels));
        for odd in [r#"{"a":1,"a":2}"#, r#"{"a":"\ud800"}"#, "[1]", &deep(1000)] {
            let entry = entry(odd);
            let line = line(&entry, true);
            let bytes = format!(r#""arguments_bytes":{}"#, odd.len());
            assert!(line.contains(&digest(odd)) && line.contains(&bytes), "{line}");
            assert!(line.contains(r#""arguments_unreadable":true"#), "{line}");
            assert!(!line.contains(r#""arguments":"#) && line.len() < 1000, "{line}");
        }
        let read = deep(100);
        assert!(line(&entry(&read), true).contains(&format!(r#""arguments":{read}"#)));
    }

    #[test]
    fn the_digest_is_the_same_where_there_is_no_room_for_the_arguments() {
        for text in [r#"{"b":1, "a":1.0}"#, r#"{"a":1,"a":2}"#] {
            let whole = line(&entry(text), false);
            assert_eq!(line(&entry(text).digested(), false)[100..], whole[100..]);
            assert!(whole.contains("arguments_sha256"), "{whole}");
        }
    }
}
