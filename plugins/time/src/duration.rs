//! Durations as people and programs write them.

use jiff::Span;

/// Longest text that is looked at: nothing that is a duration is longer.
const MAX_LENGTH: usize = 200;

/// The duration that `text` names, in words or in ISO 8601.
pub fn parse(text: &str) -> Result<Span, String> {
    let text = text.trim();
    let reason = if text.len() > MAX_LENGTH {
        format!("it is {} bytes long", text.len())
    } else {
        match text.parse() {
            Ok(span) => return Ok(span),
            Err(error) => format!("{error}"),
        }
    };
    let shown: String = text.chars().take(MAX_LENGTH).collect();
    Err(format!(
        "`{shown}` is not a duration: {reason}; expected for example `3 months`, `1 year 2 days`, \
         `-90 minutes` or `P1Y2M3DT4H`"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_in_words_and_in_iso() {
        let check = |text: &str, expected: &str| {
            assert_eq!(parse(text).unwrap().to_string(), expected, "{text}");
        };
        check("3 months", "P3M");
        check("1 year 2 days", "P1Y2D");
        check("1h30m", "PT1H30M");
        check("-90 minutes", "-PT90M");
        check("2 weeks ago", "-P2W");
        check("P1Y2M3DT4H", "P1Y2M3DT4H");
        let message = parse("soon").unwrap_err();
        assert!(message.contains("`soon` is not a duration"), "{message}");
    }
}
