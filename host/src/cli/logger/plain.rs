//! Fields of a line without colours: `name=value`, as tracing-subscriber has them, for a third of what it
//! spends on them. A server writes a line for each call.

use std::fmt::{self, Write as _};

use tracing::field::{Field, Visit};
use tracing_subscriber::field::RecordFields;
use tracing_subscriber::fmt::FormatFields;
use tracing_subscriber::fmt::format::Writer;

use crate::text::escape;

/// The form.
pub(super) struct PlainFormat;

impl<'a> FormatFields<'a> for PlainFormat {
    fn format_fields<R: RecordFields>(&self, writer: Writer<'a>, fields: R) -> fmt::Result {
        let mut line = PlainLine { writer, is_empty: true, result: Ok(()) };
        fields.record(&mut line);
        line.result
    }
}

struct PlainLine<'a> {
    writer: Writer<'a>,
    is_empty: bool,
    result: fmt::Result,
}

impl PlainLine<'_> {
    /// The name of `field`, then what `value` writes.
    fn put(&mut self, field: &Field, value: impl FnOnce(&mut Writer<'_>) -> fmt::Result) {
        let Self { writer, is_empty, result } = self;
        let put = || {
            if !std::mem::take(is_empty) {
                writer.write_char(' ')?;
            }
            if !is_message(field) {
                writer.write_str(field.name())?;
                writer.write_char('=')?;
            }
            value(writer)
        };
        if result.is_ok() {
            *result = put();
        }
    }
}

fn is_message(field: &Field) -> bool {
    field.name() == "message"
}

impl Visit for PlainLine<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        if is_message(field) {
            return self.record_debug(field, &format_args!("{value}"));
        }
        self.put(field, |writer| {
            // A value of these characters alone needs no escapes.
            if value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-./:".contains(&byte)) {
                writer.write_char('"')?;
                writer.write_str(value)?;
                return writer.write_char('"');
            }
            write!(writer, "{value:?}")
        });
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, |writer| write!(writer, "{value}"));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, |writer| match is_message(field) {
            true => write!(Careful(writer), "{value:?}"),
            false => write!(writer, "{value:?}"),
        });
    }
}

/// Lets nothing through that could steer a terminal. Whoever logs a guest's words has escaped them; this is a second
/// look, where a line must stay one for whoever reads the file.
struct Careful<'a, 'w>(&'a mut Writer<'w>);

impl fmt::Write for Careful<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
            return self.0.write_str(text);
        }
        self.0.write_str(&escape(text))
    }
}

#[cfg(test)]
mod tests {
    use tracing::Level;
    use tracing_subscriber::fmt::FormatFields;
    use tracing_subscriber::fmt::format::DefaultFields;

    use super::super::tests::Paper;
    use super::PlainFormat;

    fn written(
        fields: impl for<'a> FormatFields<'a> + Send + Sync + 'static,
        tell: impl Fn(),
    ) -> String {
        let paper = Paper::default();
        let place = paper.clone();
        let log = tracing_subscriber::fmt()
            .with_max_level(Level::DEBUG)
            .without_time()
            .with_ansi(false)
            .fmt_fields(fields)
            .with_writer(move || place.clone());
        tracing::subscriber::with_default(log.finish(), tell);
        paper.text()
    }

    #[test]
    fn lines_are_those_of_tracing_subscriber() {
        let tell = || {
            let (plugin, odd, missing) = ("weather", "a \"b\"\n", None::<u8>);
            let _span = tracing::info_span!("call", plugin, request = "7", missing).entered();
            let time_ms = 0.069;
            tracing::info!(target: "toolrack::mcp", plugin, odd, fuel = 5180_u64, time_ms, left = -1, "answered");
            tracing::warn!(is_late = true, what = ?Some("x"), shown = %odd.trim(), "{} of {}", 1, "two");
            tracing::debug!("{}", "");
            tracing::debug!(only = 1);
        };
        let plain = written(PlainFormat, tell);
        assert_eq!(plain, written(DefaultFields::new(), tell));
        assert_eq!(plain.lines().count(), 4, "{plain}");
    }

    #[test]
    fn a_message_steers_no_terminal_and_is_one_line() {
        let plain = written(PlainFormat, || tracing::info!("a\u{1b}[2J\u{9b}b\n\rc\u{202e}µ"));
        assert!(plain.ends_with("µ\n"), "{plain:?}");
        let message = plain.trim_end();
        assert!(!message.contains(['\u{1b}', '\u{9b}', '\n', '\r', '\u{202e}']), "{plain:?}");
    }
}
