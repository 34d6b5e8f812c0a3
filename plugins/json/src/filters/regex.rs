//! Regular expressions: `match`, `test` and what is made of them. jq's are Oniguruma's; these are close.

use super::{Native, text_of};
use crate::value::{Error, Kind, Outcome, Value};
use fancy_regex::{Captures, Regex, RegexBuilder};
use jaq_core::ValT;
use jaq_core::native::bome;
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

/// Steps that one expression may take on one text, where it needs to go back.
const MAX_STEPS: usize = 10_000_000;

pub fn filters() -> Vec<Native> {
    vec![("_matches", 3, |mut cv| {
        let test = cv.0.pop_var();
        let flags = cv.0.pop_var();
        let pattern = cv.0.pop_var();
        bome(matches(&cv.1, &pattern, &flags, test.as_bool()))
    })]
}

#[derive(Default)]
struct Flags {
    global: bool,
    not_empty: bool,
    inline: String,
}

impl Flags {
    fn parse(flags: &Value) -> Outcome<Self> {
        let mut found = Self::default();
        if flags.kind() == Kind::Null {
            return Ok(found);
        }
        let given = text_of(flags, "is not a string")?;
        for flag in given.chars() {
            match flag {
                'g' => found.global = true,
                'n' => found.not_empty = true,
                'i' | 'x' => found.inline.push(flag),
                'p' => found.inline.push('s'),
                // The ends of lines are no ends for `^` and `$` in any case.
                's' => {}
                // The longest match is what this library looks for where alternatives allow it.
                'l' => {}
                _ => {
                    return Err(Error::str(format_args!("{given} is not a valid modifier string")));
                }
            }
        }
        Ok(found)
    }
}

fn matches(value: &Value, pattern: &Value, flags: &Value, test: bool) -> Outcome {
    let text = match value.kind() {
        Kind::String => value.as_text().unwrap_or_default(),
        _ => return Err(value.error("cannot be matched, as it is not a string")),
    };
    let source = text_of(pattern, "is not a string")?;
    let meant =
        if text.ends_with('\n') { before_last_line_end(source) } else { source.to_string() };
    let flags = Flags::parse(flags)?;
    let failed = |error: fancy_regex::Error| {
        Error::str(format_args!("{source} (at offset 0) is not a valid regex: {error}"))
    };
    let meant = match flags.inline.as_str() {
        "" => meant,
        inline => format!("(?{inline}){meant}"),
    };
    let regex = compiled(meant).map_err(failed)?;
    let mut found = Vec::new();
    let mut places = Places { text, byte: 0, character: 0 };
    let mut from = 0;
    while from <= text.len() {
        let Some(captures) = regex.captures_from_pos(text, from).map_err(failed)? else { break };
        let whole = captures.get(0).map_or(from..from, |whole| whole.range());
        let next = text[whole.end..].chars().next().map_or(1, char::len_utf8);
        from = if whole.is_empty() { whole.end + next } else { whole.end };
        if whole.is_empty() && flags.not_empty {
            continue;
        }
        if test {
            return Ok(Value::from(true));
        }
        found.push(described(&captures, &regex, &mut places)?);
        if !flags.global {
            break;
        }
    }
    Ok(if test { Value::from(false) } else { found.into_iter().collect() })
}

/// The expression compiled, once for all the values that one filter tries it on.
fn compiled(source: String) -> Result<Rc<Regex>, fancy_regex::Error> {
    /// So many are kept: a filter seldom makes more than it has places for.
    const MOST: usize = 32;
    thread_local! {
        static KNOWN: RefCell<HashMap<String, Rc<Regex>>> = RefCell::default();
    }
    KNOWN.with_borrow_mut(|known| {
        if let Some(regex) = known.get(&source) {
            return Ok(regex.clone());
        }
        let regex = RegexBuilder::new(&source).backtrack_limit(MAX_STEPS).build()?;
        let regex = Rc::new(regex);
        if known.len() >= MOST {
            known.clear();
        }
        known.insert(source, regex.clone());
        Ok(regex)
    })
}

/// The expression with `$` also before a line's end that is the text's last character, as Oniguruma has it.
fn before_last_line_end(source: &str) -> String {
    let (mut out, mut escaped, mut class) = (String::new(), false, false);
    for c in source.chars() {
        match c {
            '$' if !escaped && !class => {
                out.push_str(r"(?=\n?\z)");
                continue;
            }
            '[' if !escaped => class = true,
            ']' if !escaped => class = false,
            _ => {}
        }
        escaped = c == '\\' && !escaped;
        out.push(c);
    }
    out
}

/// Turns places in bytes into places in characters, most quickly forwards.
struct Places<'a> {
    text: &'a str,
    byte: usize,
    character: usize,
}

impl Places<'_> {
    fn character(&mut self, byte: usize) -> usize {
        if byte < self.byte {
            return self.text[..byte].chars().count();
        }
        self.character += self.text[self.byte..byte].chars().count();
        self.byte = byte;
        self.character
    }
}

fn described(captures: &Captures<'_, str>, regex: &Regex, places: &mut Places<'_>) -> Outcome {
    let mut one = |at: usize| -> Vec<(Value, Value)> {
        let found = captures.get(at);
        let offset =
            found.map_or(Value::from(-1isize), |part| Value::from(places.character(part.start())));
        let length = found.map_or(0, |part| part.as_str().chars().count());
        let string = found.map_or(Value::null(), |part| Value::from(part.as_str()));
        vec![
            ("offset".into(), offset),
            ("length".into(), Value::from(length)),
            ("string".into(), string),
        ]
    };
    let mut whole = one(0);
    let groups = regex.capture_names().enumerate().skip(1).map(|(at, name)| {
        let mut group = one(at);
        group.push(("name".into(), name.map_or(Value::null(), Value::from)));
        Value::from_map(group)
    });
    whole.push(("captures".into(), groups.collect::<Outcome<Value>>()?));
    Value::from_map(whole)
}
