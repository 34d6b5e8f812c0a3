//! The variables of OpenTelemetry as they stand in the environment: read as its specification says, and told of where they are wrong.
//!
//! A variable that is empty counts as absent. One that cannot be used is left out, with a warning that names it; its value is shown
//! only where it can hold no secret.

use std::ffi::OsString;
use std::ops::RangeInclusive;
use std::time::Duration;

use percent_encoding::percent_decode_str;

use crate::text::{clip, escape};

/// The most of a value that a warning shows, in bytes.
const MAX_SHOWN_VARIABLE: usize = 100;

/// The variables, and what is to be told of them.
pub(super) struct Variables<'a> {
    find: &'a dyn Fn(&str) -> Option<OsString>,
    pub(super) warnings: Vec<String>,
}

impl<'a> Variables<'a> {
    pub(super) fn new(find: &'a dyn Fn(&str) -> Option<OsString>) -> Self {
        Self { find, warnings: Vec::new() }
    }

    /// The value of a variable. `None` if it is absent, empty or no Unicode.
    pub(super) fn text(&mut self, name: &str) -> Option<String> {
        let value = (self.find)(name)?.into_string();
        let Ok(value) = value else {
            self.warn(name, "holds bytes that are no UTF-8; it is left out");
            return None;
        };
        let value = value.trim();
        (!value.is_empty()).then(|| value.to_owned())
    }

    /// The first of these variables that has a value, with its name.
    pub(super) fn first_text<'n>(&mut self, names: [&'n str; 2]) -> Option<(&'n str, String)> {
        names.into_iter().find_map(|name| Some((name, self.text(name)?)))
    }

    /// True if a variable says so. Anything but `true` means no.
    pub(super) fn flag(&mut self, name: &str) -> bool {
        let Some(value) = self.text(name) else { return false };
        if !["true", "false"].iter().any(|known| value.eq_ignore_ascii_case(known)) {
            self.warn_of(name, &value, "`true` or `false`; it counts as `false`");
        }
        value.eq_ignore_ascii_case("true")
    }

    /// A whole number within a range, or the usual one.
    pub(super) fn number(&mut self, name: &str, range: &RangeInclusive<u64>, usual: u64) -> u64 {
        self.first_number([name, name], range, usual)
    }

    /// The same of the first of two variables that has a value.
    pub(super) fn first_number(
        &mut self,
        names: [&str; 2],
        range: &RangeInclusive<u64>,
        usual: u64,
    ) -> u64 {
        let Some((name, value)) = self.first_text(names) else { return usual };
        match value.parse() {
            Ok(number) if range.contains(&number) => number,
            _ => {
                let (least, most) = (range.start(), range.end());
                let expected =
                    format!("a whole number from {least} to {most}; {usual} is used instead");
                self.warn_of(name, &value, &expected);
                usual
            }
        }
    }

    /// A time in milliseconds within a range, or the usual one.
    pub(super) fn milliseconds(
        &mut self,
        names: [&str; 2],
        range: &RangeInclusive<u64>,
        usual: u64,
    ) -> Duration {
        Duration::from_millis(self.first_number(names, range, usual))
    }

    /// Pairs as `key=value,key=value`, whose values may be written in percent-encoding. What is no such pair is left out: each is
    /// told by its place in the list, never by its text.
    pub(super) fn pairs(&mut self, name: &str, text: &str) -> Vec<(String, String)> {
        let mut pairs = Vec::new();
        for (at, member) in text.split(',').enumerate() {
            let member = member.trim();
            if member.is_empty() {
                continue;
            }
            let pair = member.split_once('=').and_then(|(key, value)| {
                let decoded = percent_decode_str(value.trim()).decode_utf8().ok()?;
                let key = percent_decode_str(key.trim()).decode_utf8().ok()?;
                (!key.is_empty()).then(|| (key.into_owned(), decoded.into_owned()))
            });
            match pair {
                Some(pair) => pairs.push(pair),
                None => {
                    let place = at + 1;
                    self.warn(
                        name,
                        &format!(
                            "has no `key=value` as number {place} of its list; expected pairs as in key=value,other=value, with \
                             commas within values as %2C; that one is left out"
                        ),
                    );
                }
            }
        }
        pairs
    }

    /// Tells that a variable has a value that cannot be used.
    pub(super) fn warn_of(&mut self, name: &str, value: &str, expected: &str) {
        let shown = escape(clip(value, MAX_SHOWN_VARIABLE));
        self.warn(name, &format!("is `{shown}`; expected {expected}"));
    }

    pub(super) fn warn(&mut self, name: &str, said: &str) {
        self.warnings.push(format!("{name} {said}"));
    }
}
