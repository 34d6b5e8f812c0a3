//! By what the fields of a CSV text are parted. A comma is the rule; another separator is taken where the rows leave
//! no doubt, and where they do, the text is refused: a table must not come apart at its decimal commas.

use super::Fault;

/// What fields are parted by.
const KNOWN: [u8; 4] = [b',', b';', b'\t', b'|'];

/// The separator of a text, and the text without the line that names it (`sep=;`, as Excel has it).
pub fn of(source: &str) -> Result<(&str, u8), Fault> {
    if let Some(named) = named(source) {
        return Ok(named);
    }
    let all = KNOWN.map(|separator| Rows::of(source, separator));
    let comma = &all[0];
    // The first row that comes apart at all is the header. What comes later stands in a text.
    let first = all.iter().filter(|rows| rows.parted > 0).map(|rows| rows.lead).min();
    let rivals = || all.iter().filter(|rows| rows.parted > 0 && Some(rows.lead) == first);
    let is_comma = match first {
        None => true,
        Some(0) if rivals().all(|rows| rows.separator == b',') => {
            !(comma.is_uneven && has_only_decimals(source))
        }
        Some(0) => return of_table(source, rivals().collect(), comma),
        // A table below a title, if there is no doubt, or texts in one column.
        Some(_) if comma.parted > 0 => {
            comma.is_table()
                && !has_only_decimals(source)
                && rivals().all(|rows| rows.separator == b',')
        }
        Some(_) => !rivals().any(Rows::is_table),
    };
    match is_comma {
        true => Ok((source, b',')),
        false => Err(doubt(&rivals().collect::<Vec<_>>(), true)),
    }
}

/// True if each line with a comma is one number with a decimal comma.
fn has_only_decimals(source: &str) -> bool {
    let is_number = |line: &str| {
        let digits = line.trim().trim_start_matches(['-', '+']);
        digits.matches(',').count() == 1
            && digits.bytes().all(|byte| byte.is_ascii_digit() || b",.".contains(&byte))
    };
    source.lines().filter(|line| line.contains(',')).all(is_number)
}

/// The only one of `rivals` by which all rows have as many fields.
fn of_table<'a>(source: &'a str, rivals: Vec<&Rows>, comma: &Rows) -> Result<(&'a str, u8), Fault> {
    let rivals = preferred(rivals, |rows| rows.fault.is_none());
    let rivals = preferred(rivals, |rows| !rows.has_bare_quote);
    if let [Rows { separator: b',', .. }] = rivals[..] {
        return Ok((source, b','));
    }
    let tables: Vec<_> = rivals.iter().filter(|rows| rows.is_table()).collect();
    match (&tables[..], &rivals[..]) {
        // A backslash means one thing in CSV and another in TSV.
        ([only], _) if only.separator == b'\t' && source.contains('\\') => {
            Err(only.fault_of_tabs())
        }
        ([only], _) => Ok((source, only.separator)),
        ([], [Rows { fault: Some(fault), .. }]) => Err(fault.clone()),
        // A text of one column has it by chance.
        ([], [only]) if only.parted > 1 && only.wide == 1 && comma.parted == 0 => {
            Ok((source, b','))
        }
        _ => Err(doubt(&rivals, false)),
    }
}

/// Those that are `better`, or all if none is.
fn preferred(rivals: Vec<&Rows>, better: impl Fn(&Rows) -> bool) -> Vec<&Rows> {
    match rivals.iter().any(|rows| better(rows)) {
        true => rivals.into_iter().filter(|rows| better(rows)).collect(),
        false => rivals,
    }
}

fn doubt(rivals: &[&Rows], may_be_one: bool) -> Fault {
    let mut names: Vec<_> = rivals.iter().map(|rows| shown(rows.separator)).collect();
    if !names.contains(&",") {
        names.push(",");
    }
    let other = rivals.iter().find(|rows| rows.separator != b',').or(rivals.first());
    let name = other.map_or(";", |rows| shown(rows.separator));
    let (or_one, lines) = match may_be_one {
        true => (", or it may be one column", ", or `split(\"\\n\")[]`"),
        false => ("", ""),
    };
    let message = format!(
        "its fields may be parted by `{}`{or_one}; say which: read it as `text` with the filter `fromcsv(\"{name}\")`, where the text in quotes is the separator{lines}",
        names.join("` or `")
    );
    Fault { at: other.and_then(|rows| rows.first), message }
}

fn shown(separator: u8) -> &'static str {
    match separator {
        b';' => ";",
        b'\t' => "\\t",
        b'|' => "|",
        _ => ",",
    }
}

/// The separator that the first line names.
fn named(source: &str) -> Option<(&str, u8)> {
    let (line, rest) = source.split_once('\n')?;
    let line = line.trim_end_matches('\r');
    let line = line.strip_prefix('"').and_then(|line| line.strip_suffix('"')).unwrap_or(line);
    let (key, separator) = line.split_once('=')?;
    let separator = key.eq_ignore_ascii_case("sep").then(|| check(separator).ok())??;
    Some((rest, separator))
}

/// The byte of a separator, if it can be one.
pub fn check(separator: &str) -> Result<u8, String> {
    let can = |byte: &u8| byte.is_ascii_punctuation() && *byte != b'"' || b" \t".contains(byte);
    match separator.as_bytes() {
        [byte] if can(byte) => Ok(*byte),
        _ => Err(format!(
            "{separator:?} parts no fields: name one character such as `;`, `|` or `\\t`, no quote, letter or digit"
        )),
    }
}

/// How a text comes apart at one separator. Empty lines are no rows.
#[derive(Default)]
pub struct Rows {
    separator: u8,
    /// Rows of one field before the first that has more.
    lead: usize,
    /// Rows from the first on that has more fields; none if no row has.
    parted: usize,
    /// How many of those have more fields than one.
    wide: usize,
    /// How many fields the first of them has.
    fields: usize,
    /// True if one has another number of fields.
    is_uneven: bool,
    /// True if a quote stands within a field that does not begin with one.
    has_bare_quote: bool,
    /// The byte that first parts two fields.
    first: Option<usize>,
    /// A quoted field that does not end where it should: it swallows the rows after it.
    pub fault: Option<Fault>,
}

enum State {
    Start,
    Plain,
    Quoted(usize),
    Closed(usize),
}

impl Rows {
    pub fn of(source: &str, separator: u8) -> Self {
        let mut rows = Self { separator, ..Self::default() };
        let (mut state, mut fields, mut is_empty) = (State::Start, 1, true);
        for (at, byte) in source.bytes().enumerate() {
            let is_inside = matches!(state, State::Quoted(_));
            state = match (state, byte) {
                (State::Start, b'"') => State::Quoted(at),
                (State::Quoted(from), b'"') => State::Closed(from),
                (State::Quoted(from), _) | (State::Closed(from), b'"') => State::Quoted(from),
                (_, byte) if byte == separator || byte == b'\n' || byte == b'\r' => State::Start,
                (State::Start | State::Plain, byte) => {
                    rows.has_bare_quote |= byte == b'"';
                    State::Plain
                }
                (State::Closed(_), _) => {
                    rows.fault = Some(Fault { at: Some(at), message: AFTER_QUOTE.to_string() });
                    return rows;
                }
            };
            match byte {
                b'\n' | b'\r' if !is_inside => {
                    rows.add(fields, is_empty);
                    (fields, is_empty) = (1, true);
                }
                _ if byte == separator && !is_inside => {
                    rows.first.get_or_insert(at);
                    (fields, is_empty) = (fields + 1, false);
                }
                _ => is_empty = false,
            }
        }
        if let State::Quoted(from) = state {
            rows.fault = Some(Fault { at: Some(from), message: ENDLESS_QUOTE.to_string() });
        }
        rows.add(fields, is_empty);
        rows
    }

    fn add(&mut self, fields: usize, is_empty: bool) {
        match (is_empty, self.parted, fields) {
            (true, ..) => {}
            (false, 0, 1) => self.lead += 1,
            (false, 0, _) => (self.parted, self.wide, self.fields) = (1, 1, fields),
            (false, ..) => {
                self.parted += 1;
                self.wide += usize::from(fields > 1);
                self.is_uneven |= fields != self.fields;
            }
        }
    }

    /// True if several rows have the same number of fields, and none another.
    fn is_table(&self) -> bool {
        self.parted > 1 && !self.is_uneven && self.fault.is_none()
    }

    fn fault_of_tabs(&self) -> Fault {
        let message = "its fields are parted by tabs: read it as `tsv` if `\\t` and `\\n` stand for those characters, or else as `text` with the filter `fromcsv(\"\\t\")`";
        Fault { at: self.first, message: message.to_string() }
    }
}

const AFTER_QUOTE: &str =
    "text after the quote that ends a field; a quote within is written twice, `\"\"`";
const ENDLESS_QUOTE: &str = "this quote begins a field that never ends";
