//! By what the fields of a CSV text are parted. A comma is the rule; another separator is taken where the rows leave
//! no doubt, and where they do, the text is refused: a table must not come apart at its decimal commas.

mod quotes;

use self::quotes::Quotes;
use super::Fault;

/// The separator of fields.
const KNOWN: [u8; 4] = [b',', b';', b'\t', b'|'];

/// The separator of a text, and the text without the line that names it (`sep=;`, as Excel has it).
pub fn of(source: &str) -> Result<(&str, u8), Fault> {
    if let Some(named) = named(source) {
        return Ok(named);
    }
    let (source, separator) = seen(source)?;
    match Quotes::torn(source, separator) {
        None => Ok((source, separator)),
        at => {
            let name = shown(separator);
            let message = format!(
                "this quote begins within a field, and the `{name}` behind it parts that: put `\"` around the whole field, with no space before it; \
                 or, if it does part fields, read it as `text` with the filter `fromcsv(\"{name}\")`"
            );
            Err(Fault { at, message })
        }
    }
}

/// The separator that the rows show.
fn seen(source: &str) -> Result<(&str, u8), Fault> {
    let all = KNOWN.map(|separator| Rows::of(source, separator));
    let comma = &all[0];
    if comma.is_below_title(source, &all[1..]) {
        return Ok((source, b','));
    }
    // The first row that comes apart at all is the header. What comes later stands in a text.
    let first = all.iter().filter(|rows| rows.parted > 0).map(|rows| rows.lead).min();
    let rivals = || all.iter().filter(|rows| rows.parted > 0 && Some(rows.lead) == first);
    let has_comma_alone = comma.parted > 0 && rivals().all(|rows| rows.separator == b',');
    let is_torn = |rows: &&Rows| comma.tears(source, rows) || comma.is_doubted_by(rows);
    if let Some(other) = all[1..].iter().find(|rows| has_comma_alone && is_torn(rows)) {
        return Err(doubt(&[comma, other], false));
    }
    let is_comma = match first {
        None => true,
        Some(0) if has_comma_alone => match decimals(source) {
            Decimals::None => true,
            Decimals::Plain => !comma.is_uneven,
            Decimals::OfOneUnit => false,
        },
        Some(0) => return of_table(source, rivals().collect(), &all),
        // A table below a title, if there is no doubt, or texts in one column.
        Some(_) if comma.parted > 0 => {
            comma.is_table() && matches!(decimals(source), Decimals::None) && has_comma_alone
        }
        Some(_) => !rivals().any(|rows| rows.is_table() || rows.is_row_of_numbers(source)),
    };
    match is_comma {
        true => Ok((source, b',')),
        false => Err(doubt(&rivals().collect::<Vec<_>>(), true)),
    }
}

/// True if each line with a comma is one number with a decimal comma.
enum Decimals {
    None,
    /// As bare numbers, or with units of several kinds.
    Plain,
    /// All with the same unit, such as `1,5 kg`, `1,5%` or `€ 1,50`.
    OfOneUnit,
}

fn decimals(source: &str) -> Decimals {
    let lines = source.split(['\n', '\r']).filter(|line| line.contains(','));
    let Some(units) = lines.map(unit_of_decimal).collect::<Option<Vec<_>>>() else {
        return Decimals::None;
    };
    match units.first() {
        None => Decimals::None,
        Some(first) if *first != ("", "") && units.iter().all(|unit| unit == first) => {
            Decimals::OfOneUnit
        }
        Some(_) => Decimals::Plain,
    }
}

/// Returns the text around the number with a decimal comma that a line is. `None` if it is no such number.
fn unit_of_decimal(line: &str) -> Option<(&str, &str)> {
    let is_digit = |c: char| c.is_ascii_digit();
    let start = line.find(is_digit)?;
    let end = line.rfind(is_digit)? + 1;
    let (before, number, behind) = (&line[..start], &line[start..end], &line[end..]);
    let is_part = |c: char| is_digit(c) || c.is_whitespace() || matches!(c, ',' | '.' | '\'');
    let is_number = number.matches(',').count() == 1 && number.chars().all(is_part);
    let is_around = |text: &str| !text.contains([',', '"']);
    let sign = |c: char| c.is_whitespace() || matches!(c, '-' | '+' | '\u{2212}');
    (is_number && is_around(before) && is_around(behind))
        .then(|| (before.trim_matches(sign), behind.trim()))
}

/// True if each comma of a text stands between digits.
fn has_only_decimal_commas(source: &str) -> bool {
    let bytes = source.as_bytes();
    let is_digit =
        |at: Option<usize>| at.and_then(|at| bytes.get(at)).is_some_and(u8::is_ascii_digit);
    source.match_indices(',').all(|(at, _)| is_digit(at.checked_sub(1)) && is_digit(Some(at + 1)))
}

/// The only one of `rivals` by which all rows have as many fields, where no other may part them just as well.
fn of_table<'a>(source: &'a str, rivals: Vec<&Rows>, all: &[Rows]) -> Result<(&'a str, u8), Fault> {
    let rivals = preferred(rivals, |rows| rows.fault.is_none());
    let rivals = preferred(rivals, |rows| !rows.has_bare_quote);
    if let [Rows { separator: b',', .. }] = rivals[..] {
        return Ok((source, b','));
    }
    let tables: Vec<_> = rivals.iter().filter(|rows| rows.is_table()).collect();
    match (&tables[..], &rivals[..]) {
        ([only], _) if rivals.iter().any(|other| only.is_doubted_by(other)) => {
            Err(doubt(&rivals, false))
        }
        // A backslash means one thing in CSV and another in TSV.
        ([only], _) if only.separator == b'\t' && source.contains('\\') => {
            Err(only.fault_of_tabs())
        }
        ([only], _) => Ok((source, only.separator)),
        ([], [Rows { fault: Some(fault), .. }]) => Err(fault.clone()),
        // A text of one column has it by chance.
        ([], [only]) if only.parted > 1 && only.wide == 1 && all[0].parted == 0 => {
            match all.iter().find(|rows| rows.is_table()) {
                Some(below) => Err(doubt(&[only, below], true)),
                None if only.is_marked => Err(doubt(&[only], true)),
                None => Ok((source, b',')),
            }
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
    if !names.iter().any(|name| name == ",") {
        names.push(shown(b','));
    }
    let other = rivals.iter().find(|rows| rows.separator != b',').or(rivals.first());
    let name = shown(other.map_or(b';', |rows| rows.separator));
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

fn shown(separator: u8) -> String {
    match separator {
        b'\t' => "\\t".to_string(),
        separator => char::from(separator).to_string(),
    }
}

/// The separator that the first line names, and what is behind that line.
pub fn named(source: &str) -> Option<(&str, u8)> {
    let source = source.trim_start();
    let end = source.find(['\n', '\r']).unwrap_or(source.len());
    let line = source[..end].trim_end_matches(' ');
    let line = line.strip_prefix('"').and_then(|line| line.strip_suffix('"')).unwrap_or(line);
    let (key, separator) = line.split_once('=')?;
    let bare = separator.trim_matches(' ');
    let separator = if bare.is_empty() { separator } else { bare };
    let separator = key.trim().eq_ignore_ascii_case("sep").then(|| check(separator).ok())??;
    Some((&source[end..], separator))
}

/// The text behind a first line that names `separator`, or the whole one where no line names any.
pub fn behind_name(source: &str, separator: u8) -> Result<&str, Fault> {
    match named(source) {
        None => Ok(source),
        Some((rest, named)) if named == separator => Ok(rest),
        Some((_, named)) => {
            let (named, asked) = (shown(named), shown(separator));
            let message = format!(
                "the first line says that fields are parted by `{named}`, not by `{asked}`; read it as `csv`, which follows that line, or leave the line out"
            );
            Err(Fault { at: Some(0), message })
        }
    }
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

/// The rows and fields that a text has by one separator. Empty lines are no rows.
#[derive(Default)]
pub struct Rows {
    separator: u8,
    /// Rows of one field before the first that has more.
    lead: usize,
    /// Rows from the first on that has more fields; none if no row has.
    parted: usize,
    /// The number of those that have more fields than one.
    wide: usize,
    /// The number of fields of the first of them.
    fields: usize,
    /// True if one has another number of fields.
    is_uneven: bool,
    /// True if a quote stands within a field that does not begin with one.
    has_bare_quote: bool,
    /// True if a separator stands otherwise than within a number or a sentence, such as `1,5` and `Doe, Jane`.
    is_marked: bool,
    /// The bytes that first and last part two fields.
    first: Option<usize>,
    last: Option<usize>,
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
        let bytes = source.as_bytes();
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
                    rows.last = Some(at);
                    rows.is_marked |= !is_in_text(bytes, at);
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

    /// True if `other` may part the rows of this table as well: a table whose rows have several lengths is a table, too.
    /// A comma that parts none of some rows is a character of the others.
    fn is_doubted_by(&self, other: &Rows) -> bool {
        // Where this one parts numbers and sentences alone, one row that another parts is enough.
        let is_weaker = !self.is_marked && other.is_marked;
        let parts_enough = match other.separator {
            b',' => other.wide == other.parted,
            _ => other.wide > 1 || is_weaker,
        };
        let is_likely = match self.lead == other.lead {
            true => other.is_marked || !self.is_marked,
            false => is_weaker,
        };
        other.separator != self.separator && other.fault.is_none() && parts_enough && is_likely
    }

    /// True if these rows are a table of texts, and other separators stand in its title alone, as in a sentence.
    fn is_below_title(&self, source: &str, others: &[Rows]) -> bool {
        let Some(first) = self.first.filter(|_| self.lead > 0 && self.is_table()) else {
            return false;
        };
        let (title, _) = source.split_at(start_of_line(source, first));
        let is_of_sentence =
            |other: &Rows| other.fields != self.fields || other.is_sentence(source, title.len());
        let mut others = others.iter().filter(|other| other.parted > 0).peekable();
        others.peek().is_some()
            && matches!(decimals(source), Decimals::None)
            && others.all(|other| {
                other.last.is_some_and(|last| last < title.len()) && is_of_sentence(other)
            })
    }

    /// True if there is only one row, and each of its fields is a number.
    fn is_row_of_numbers(&self, source: &str) -> bool {
        let Some(first) = self.first.filter(|_| self.parted == 1) else { return false };
        let line = source[start_of_line(source, first)..].lines().next().unwrap_or_default();
        let is_part = |c: char| c.is_ascii_digit() || " .,-+'%".contains(c);
        line.split(char::from(self.separator))
            .all(|field| field.contains(|c: char| c.is_ascii_digit()) && field.chars().all(is_part))
    }

    /// True if the separator stands above `end`, and only as in a sentence.
    fn is_sentence(&self, source: &str, end: usize) -> bool {
        let mut signs = source[..end].match_indices(char::from(self.separator)).peekable();
        signs.peek().is_some() && signs.all(|(at, _)| source[at + 1..].starts_with(' '))
    }

    /// True if commas stand in the title above a table that `other` parts, and in its numbers perhaps.
    fn tears(&self, source: &str, other: &Rows) -> bool {
        let Some(first) = other.first.filter(|_| other.lead > 0 && !other.has_bare_quote) else {
            return false;
        };
        if other.fault.is_some() {
            return false;
        }
        let table = &source[start_of_line(source, first)..];
        let is_whole =
            |line: &str| !line.contains(',') && line.contains(char::from(other.separator));
        let is_title = self.is_sentence(source, start_of_line(source, first));
        let is_row = other.parted == 1 && table.contains(',') && has_only_decimal_commas(table);
        is_title && is_row
            || self.is_uneven && (other.is_table() || table.lines().any(is_whole))
            || other.is_table()
                && (has_only_decimal_commas(table)
                    || self.is_sentence(source, start_of_line(source, first)))
    }

    fn fault_of_tabs(&self) -> Fault {
        let message = "its fields are parted by tabs: read it as `tsv` if `\\t` and `\\n` stand for those characters, or else as `text` with the filter `fromcsv(\"\\t\")`";
        Fault { at: self.first, message: message.to_string() }
    }
}

/// True if the separator at `at` is a decimal comma, or has a space behind it alone, as in a sentence.
fn is_in_text(bytes: &[u8], at: usize) -> bool {
    let before = at.checked_sub(1).map(|before| bytes[before]);
    let behind = bytes.get(at + 1).copied();
    let is_digit = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_digit());
    let is_decimal = bytes[at] == b',' && is_digit(before) && is_digit(behind);
    is_decimal || behind == Some(b' ') && before.is_some_and(|byte| !byte.is_ascii_whitespace())
}

fn start_of_line(source: &str, at: usize) -> usize {
    source[..at].rfind(['\n', '\r']).map_or(0, |end| end + 1)
}

const AFTER_QUOTE: &str =
    "text after the quote that ends a field; a quote within is written twice, `\"\"`";
const ENDLESS_QUOTE: &str = "this quote begins a field that never ends";

#[cfg(test)]
mod tests;
