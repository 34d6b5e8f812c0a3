//! The text that a guest writes to stdout, stderr and the host's log: captured, capped, escaped, logged by line.
//!
//! A guest's stdout is never the protocol. The lines carry the call's span, which names plugin, tool and request. The
//! span is made for the lines: most calls write none, and are not to pay for it.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use tracing::Span;

use super::guest_stream::Sink;
use super::meter::Stopped;
use crate::manifest::Bytes;
use crate::secret::ResolvedSecrets;
use crate::sync::lock;
use crate::text::{clip, escape};
use crate::tool::Limit;

/// Bytes that one call may write to stdout, stderr and the log together.
const MAX_LOG: u64 = 1024 * 1024;
/// The longest line kept whole; a longer one is logged in pieces.
const MAX_LOG_LINE: usize = 4096;
/// The longest line that is kept because a secret may begin where a piece of it would end.
const MAX_KEPT_LINE: usize = 64 * 1024;
/// The bytes that a line counts besides its own.
const LINE: usize = 64;
/// The most bytes of the end of stderr that the message of a crash shows.
const LAST_WORDS: usize = 1024;
/// The most bytes of the end of stderr, and of stdout, that a failure shows.
pub(crate) const MAX_SAID: usize = 8 * 1024;
/// The most bytes of the end of stderr that are kept: twice as many as are ever shown, so that no secret is cut where
/// those begin.
const KEPT_STDERR: usize = 2 * MAX_SAID;
/// The beginning of the line with which Rust ends its message of a panic. There is no variable to set for one call.
const BACKTRACE: &str = "note: run with `RUST_BACKTRACE";

/// The stream that a guest wrote to.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Stream {
    Stdout,
    Stderr,
}

/// The severity that a guest gives its line.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Severity {
    Debug,
    Info,
    Warn,
    Error,
}

/// The log of one call. Clones share it.
// A lock, because WASI's streams are separate objects that outlive no call; never contended, since a
// call is polled by one thread at a time.
#[derive(Clone)]
pub(crate) struct GuestLog {
    state: Arc<Mutex<LogState>>,
    secrets: Arc<ResolvedSecrets>,
    span: Option<MakeSpan>,
}

/// Makes the span that names a call in the log.
pub type MakeSpan = Arc<dyn Fn() -> Span + Send + Sync>;

#[derive(Default)]
struct LogState {
    written: u64,
    stdout: Vec<u8>,
    stderr: Vec<u8>,
    last_words: Vec<u8>,
    /// The texts that were noted already.
    noted: BTreeSet<String>,
}

impl GuestLog {
    /// An empty log that shows none of `secrets`. Without a span, lines carry the one they are written in.
    pub(crate) fn new(secrets: Arc<ResolvedSecrets>, span: Option<MakeSpan>) -> Self {
        Self { state: Arc::default(), secrets, span }
    }

    fn tell(&self, tell: impl FnOnce()) {
        match &self.span {
            Some(span) => span().in_scope(tell),
            None => tell(),
        }
    }

    /// Logs what the host has to tell the plugin's author, each text once a call. It does not count as the guest's.
    pub(crate) fn note(&self, text: &str) {
        if self.lock().noted.insert(text.to_owned()) {
            let text = escape(&self.secrets.redactor().text(text.to_owned()));
            self.tell(|| tracing::info!(target: "plugin", "{text}"));
        }
    }

    /// Logs one line that the guest gives to the host's `log` function.
    pub(crate) fn line(&self, severity: Severity, message: &str) -> Result<(), Stopped> {
        self.count(message.len() + LINE)?;
        let message = self.secrets.redactor().text(message.trim_end().to_owned());
        let message = escape(clip(&message, MAX_LOG_LINE));
        self.tell(|| match severity {
            Severity::Debug => tracing::debug!(target: "plugin", "{message}"),
            Severity::Info => tracing::info!(target: "plugin", "{message}"),
            Severity::Warn => tracing::warn!(target: "plugin", "{message}"),
            Severity::Error => tracing::error!(target: "plugin", "{message}"),
        });
        Ok(())
    }

    /// Logs what is left without a newline.
    pub(crate) fn finish(&self) {
        let mut state = self.lock();
        for (stream, rest) in [
            (Stream::Stdout, std::mem::take(&mut state.stdout)),
            (Stream::Stderr, std::mem::take(&mut state.stderr)),
        ] {
            if !rest.is_empty() {
                self.log_line(stream, &rest);
            }
        }
    }

    /// The end of stderr, at most `most` bytes, without secrets.
    pub(crate) fn said(&self, most: usize) -> String {
        let words = String::from_utf8_lossy(&self.lock().last_words).into_owned();
        let words = self.secrets.redactor().text(words);
        words[words.ceil_char_boundary(words.len().saturating_sub(most))..].to_owned()
    }

    /// Returns the end of stderr, on one line, escaped. `None` if it says nothing.
    pub(crate) fn last_words(&self) -> Option<String> {
        let words = self.said(LAST_WORDS);
        let says = |line: &&str| !line.is_empty() && !line.starts_with(BACKTRACE);
        let lines: Vec<&str> = words.lines().map(str::trim).filter(says).collect();
        (!lines.is_empty()).then(|| escape(&lines.join(" | ")))
    }

    fn count(&self, bytes: usize) -> Result<(), Stopped> {
        let mut state = self.lock();
        state.written = state.written.saturating_add(bytes as u64);
        if state.written > MAX_LOG {
            return Err(Stopped::at(Limit::Log, Bytes::new(MAX_LOG)));
        }
        Ok(())
    }

    fn write(&self, stream: Stream, bytes: &[u8]) -> Result<(), Stopped> {
        // A line costs more than its bytes.
        let lines = bytes.iter().filter(|&&byte| byte == b'\n').count();
        self.count(bytes.len() + lines * LINE)?;
        let mut state = self.lock();
        let buffer = match stream {
            Stream::Stdout => &mut state.stdout,
            Stream::Stderr => &mut state.stderr,
        };
        for piece in bytes.split_inclusive(|&byte| byte == b'\n') {
            for piece in piece.chunks(MAX_LOG_LINE) {
                buffer.extend_from_slice(piece);
                let length = self.line_length(buffer);
                if length > 0 {
                    self.log_line(stream, &buffer[..length]);
                    buffer.drain(..length);
                }
            }
        }
        if matches!(stream, Stream::Stderr) {
            let words = &mut state.last_words;
            words.extend_from_slice(&bytes[bytes.len().saturating_sub(KEPT_STDERR)..]);
            words.drain(..words.len().saturating_sub(KEPT_STDERR));
        }
        Ok(())
    }

    /// The bytes of `buffer` that are a line, or a piece of one that is long: no secret is cut in two.
    fn line_length(&self, buffer: &[u8]) -> usize {
        if buffer.ends_with(b"\n") || buffer.len() >= MAX_KEPT_LINE {
            return buffer.len();
        }
        match buffer.len() >= MAX_LOG_LINE {
            true => self.secrets.redactor().decided(buffer),
            false => 0,
        }
    }

    fn log_line(&self, stream: Stream, line: &[u8]) {
        let redacted = self.secrets.redactor().bytes(line);
        let text = String::from_utf8_lossy(redacted.as_deref().unwrap_or(line));
        let text = escape(text.trim_end_matches(['\r', '\n']));
        self.tell(|| match stream {
            Stream::Stdout => tracing::info!(target: "plugin", stream = "stdout", "{text}"),
            Stream::Stderr => tracing::info!(target: "plugin", stream = "stderr", "{text}"),
        });
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, LogState> {
        lock(&self.state)
    }
}

/// One of a guest's streams, whose lines go to the log.
#[derive(Clone)]
pub(crate) struct Capture {
    pub(crate) stream: Stream,
    pub(crate) log: GuestLog,
}

impl Sink for Capture {
    fn take(&self, bytes: &[u8]) -> Result<(), Stopped> {
        self.log.write(self.stream, bytes)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::manifest::SecretName;
    use crate::secret::Secrets;

    fn known() -> Arc<ResolvedSecrets> {
        let name = SecretName::new("KEY").expect("a name");
        let given = BTreeMap::from([("KEY".into(), "hunter2hunter2hunter2".into())]);
        Arc::new(Secrets::of(None, None).with_environment(given).look_up([&name]))
    }

    /// Returns the lines that are logged while `tell` runs.
    fn told(tell: impl FnOnce()) -> String {
        let file = tempfile::NamedTempFile::new().expect("a file");
        let writer = Arc::new(file.reopen().expect("the same file"));
        let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(writer);
        tracing::subscriber::with_default(subscriber.finish(), tell);
        std::fs::read_to_string(file.path()).expect("lines")
    }

    #[test]
    fn whichever_way_a_line_comes_it_is_told_without_secrets_and_controls() {
        let line = "\u{1b}[1m key=hunter2hunter2hunter2";
        let ways: [fn(&GuestLog, &str); 5] = [
            |log, line| log.note(line),
            |log, line| log.line(Severity::Info, line).expect("within the limit"),
            |log, line| {
                log.write(Stream::Stdout, format!("{line}\n").as_bytes())
                    .expect("within the limit");
            },
            // Without a newline they are told at the end.
            |log, line| {
                log.write(Stream::Stdout, line.as_bytes()).expect("within the limit");
                log.finish();
            },
            |log, line| {
                log.write(Stream::Stderr, line.as_bytes()).expect("within the limit");
                log.finish();
            },
        ];
        for (at, way) in ways.into_iter().enumerate() {
            let log = GuestLog::new(known(), None);
            let told = told(|| way(&log, line));
            assert!(told.contains("\\u{1b}[1m key=[secret KEY]"), "{at}: {told}");
            assert!(!told.contains("hunter2") && !told.contains('\u{1b}'), "{at}: {told}");
        }
    }

    #[test]
    fn no_secret_is_cut_in_two_where_a_long_line_is() {
        let secret = "hunter2hunter2hunter2";
        for before in [
            MAX_LOG_LINE - 1,
            MAX_LOG_LINE - 11,
            MAX_LOG_LINE - secret.len() + 1,
            3 * MAX_LOG_LINE - 5,
        ] {
            let log = GuestLog::new(known(), None);
            let line = format!("{}{secret}{}\n", "x".repeat(before), "y".repeat(MAX_LOG_LINE));
            let told = told(|| {
                // As programs write: so many bytes at once.
                for piece in line.as_bytes().chunks(1000) {
                    log.write(Stream::Stdout, piece).expect("within the limit");
                }
            });
            assert!(told.contains("[secret KEY]") && !told.contains("hunter2"), "{before}");
        }
    }

    #[test]
    fn last_words_are_one_line_without_advice_that_nobody_can_take() {
        let log = GuestLog::new(Arc::default(), None);
        let words = "thread 'main' panicked at src/lib.rs:9:5:\nno such city\n\n\
            note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace\n";
        log.write(Stream::Stderr, words.as_bytes()).expect("within the limit");
        let expected = "thread 'main' panicked at src/lib.rs:9:5: | no such city";
        assert_eq!(log.last_words().as_deref(), Some(expected));
    }

    #[test]
    fn no_secret_is_cut_where_the_last_words_begin() {
        let log = GuestLog::new(known(), None);
        let words = format!("hunter2hunter2hunter2{}", "x".repeat(MAX_SAID - 10));
        log.write(Stream::Stderr, words.as_bytes()).expect("within the limit");
        let said = log.said(MAX_SAID);
        assert!(said.len() <= MAX_SAID && !said.contains("hunter2"), "{said}");
    }

    #[test]
    fn lines_cost_more_than_their_bytes_whichever_way_they_come() {
        let most = MAX_LOG / LINE as u64;
        let log = || GuestLog::new(Arc::default(), None);
        let (lines, breaks) = (log(), log());
        let by_line = || lines.line(Severity::Debug, "").is_ok();
        let by_break = || breaks.write(Stream::Stdout, b"\n").is_ok();
        assert_eq!((0..=most).take_while(|_| by_line()).count() as u64, most);
        // A break is a byte, too.
        let most = MAX_LOG / (LINE as u64 + 1);
        assert_eq!((0..=most).take_while(|_| by_break()).count() as u64, most);
    }
}
