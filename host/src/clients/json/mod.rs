//! Entries in JSON, with or without comments. An edit inserts or cuts text at one place; what stands around it stays as
//! it is, byte for byte.

use std::collections::BTreeMap;
use std::ops::Range;

use jsonc_parser::ast::{self, Object, ObjectProp};
use jsonc_parser::common::Ranged as _;
use jsonc_parser::errors::ParseErrorKind;
use jsonc_parser::tokens::{Token, TokenAndRange};
use jsonc_parser::{CollectOptions, CommentCollectionStrategy, ParseOptions, parse_to_ast};
use serde::Serialize;
use serde_json::Value;
use serde_json::ser::{PrettyFormatter, Serializer};

use super::entry::{FoundEntry, Setting, WrittenEntry};
use super::error::ConfigEditError;
use super::table::Syntax;

/// Indentation in a file that shows none.
const INDENT: &str = "  ";

/// A file's text with what was found in it.
pub(super) struct JsonText<'a> {
    text: &'a str,
    syntax: Syntax,
    tokens: Vec<TokenAndRange<'a>>,
    /// `None` where the file is empty.
    root: Option<Object<'a>>,
}

/// A range of the text, and the text that replaces it.
type Splice = (Range<usize>, String);

impl<'a> JsonText<'a> {
    pub(super) fn parse(text: &'a str, syntax: Syntax) -> Result<Self, ConfigEditError> {
        let collect =
            CollectOptions { comments: CommentCollectionStrategy::AsTokens, tokens: true };
        let parsed = parse_to_ast(text, &collect, &options(syntax)).map_err(|error| {
            ConfigEditError::at(text, error.range().start, problem(error.kind()))
        })?;
        let tokens = parsed.tokens.unwrap_or_default();
        let comment = tokens.iter().find(|token| is_comment(&token.token));
        if let (Syntax::Json, Some(comment)) = (syntax, comment) {
            let problem = "comments are not allowed in this file: its client cannot read them";
            return Err(ConfigEditError::at(text, comment.start(), problem));
        }
        let root = match parsed.value {
            None => None,
            Some(ast::Value::Object(root)) => Some(root),
            Some(other) => return Err(no_object(text, &other, "the file")),
        };
        Ok(Self { text, syntax, tokens, root })
    }

    /// The entry `name` below `key`.
    pub(super) fn find(
        &self,
        key: &str,
        name: &str,
    ) -> Result<Option<FoundEntry>, ConfigEditError> {
        let Some(servers) = self.servers(key)? else { return Ok(None) };
        let found = self.member(servers, name)?;
        Ok(found.map(|found| FoundEntry::from_value(&found.value.clone().into())))
    }

    /// The names of all entries below `key`.
    pub(super) fn names(&self, key: &str) -> Result<Vec<String>, ConfigEditError> {
        let servers = self.servers(key)?.map(|servers| &servers.properties);
        let names = servers.into_iter().flatten().map(|entry| entry.name.as_str().to_owned());
        Ok(names.collect())
    }

    /// True if there is a list of servers.
    pub(super) fn has_key(&self, key: &str) -> Result<bool, ConfigEditError> {
        Ok(self.servers(key)?.is_some())
    }

    /// The number of comments in the file.
    pub(super) fn count_comments(&self) -> usize {
        self.tokens.iter().filter(|token| is_comment(&token.token)).count()
    }

    /// The text with `entry` as `name` below `key`, in place of one of that name. One for the same server is not
    /// replaced but set: what else a person wrote in it stays.
    pub(super) fn insert(
        &self,
        key: &str,
        name: &str,
        entry: &WrittenEntry,
    ) -> Result<String, ConfigEditError> {
        if let Some(found) = self.find(key, name)?.filter(|found| entry.is_for_server_of(found)) {
            return self.set_all(&[key, name], entry.settings(&found));
        }
        let entries = BTreeMap::from([(name, entry)]);
        let Some(root) = &self.root else {
            let whole = BTreeMap::from([(key, entries)]);
            let before = if self.text.trim().is_empty() { "" } else { self.text };
            let gap = if before.is_empty() || before.ends_with('\n') { "" } else { self.newline() };
            return Ok(format!("{before}{gap}{}{}", self.render(&whole, ""), self.newline()));
        };
        let splices = match self.servers(key)? {
            None => self.add(root, key, &entries),
            Some(servers) => match self.member(servers, name)? {
                None => self.add(servers, name, entry),
                Some(there) => {
                    let value =
                        self.value(entry, self.is_compact(servers), self.indent_at(there.start()));
                    vec![(there.value.start()..there.value.end(), value)]
                }
            },
        };
        Ok(spliced(self.text, splices))
    }

    /// The text with these settings below `above`.
    fn set_all(
        &self,
        above: &[&str],
        settings: Vec<Setting<'_>>,
    ) -> Result<String, ConfigEditError> {
        let mut text = self.text.to_owned();
        for (path, value) in settings {
            let parsed = JsonText::parse(&text, self.syntax)?;
            let splices = parsed.set(&[above, &path].concat(), value.as_ref())?;
            text = spliced(&text, splices);
        }
        Ok(text)
    }

    /// Sets one value, or takes it out with the objects that it leaves empty. Objects that it needs are made.
    fn set(&self, path: &[&str], value: Option<&Value>) -> Result<Vec<Splice>, ConfigEditError> {
        let (Some((name, above)), Some(mut object)) = (path.split_last(), self.root.as_ref())
        else {
            return Ok(Vec::new());
        };
        for (at, step) in above.iter().enumerate() {
            match self.member(object, step)?.map(|member| &member.value) {
                Some(ast::Value::Object(below)) => object = below,
                // There is none, or something that can hold no value, such as null.
                _ => {
                    let nested = path[at + 1..].iter().rev();
                    let nested = nested.fold(value.cloned(), |value, name| {
                        value.map(|value| Value::from_iter([(*name, value)]))
                    });
                    return self.set(&path[..=at], nested.as_ref());
                }
            }
        }
        Ok(match (self.member(object, name)?, value) {
            (Some(there), Some(value)) if Value::from(there.value.clone()) == *value => Vec::new(),
            (Some(there), Some(value)) => {
                let (is_compact, indent) = (self.is_compact(object), self.indent_at(there.start()));
                let text = self.value(value, is_compact, indent);
                vec![(there.value.start()..there.value.end(), text)]
            }
            (Some(_), None) if object.properties.len() == 1 && !self.has_comments(object) => {
                self.set(above, None)?
            }
            (Some(there), None) => self.cut(object, there),
            (None, Some(value)) => self.add(object, name, value),
            (None, None) => Vec::new(),
        })
    }

    /// The text without the entry `name` below `key`; without `key` too, where `is_pruned` and nothing else is below it.
    pub(super) fn remove(
        &self,
        key: &str,
        name: &str,
        is_pruned: bool,
    ) -> Result<String, ConfigEditError> {
        let found = self.servers(key)?.map(|servers| Ok((servers, self.member(servers, name)?)));
        let Some((servers, Some(entry))) = found.transpose()? else {
            return Ok(self.text.to_owned());
        };
        let is_alone = servers.properties.len() == 1 && !self.has_comments(servers);
        let splices = match &self.root {
            Some(root) if is_pruned && is_alone => match self.member(root, key)? {
                Some(whole) => self.cut(root, whole),
                None => Vec::new(),
            },
            _ => self.cut(servers, entry),
        };
        Ok(spliced(self.text, splices))
    }

    fn servers(&self, key: &str) -> Result<Option<&Object<'a>>, ConfigEditError> {
        let Some(root) = &self.root else { return Ok(None) };
        match self.member(root, key)?.map(|found| &found.value) {
            None => Ok(None),
            Some(ast::Value::Object(servers)) => Ok(Some(servers)),
            Some(other) => Err(no_object(self.text, other, &format!("`{key}`"))),
        }
    }

    /// The member of this name. Of two, a client may read either.
    fn member<'b>(
        &self,
        object: &'b Object<'a>,
        name: &str,
    ) -> Result<Option<&'b ObjectProp<'a>>, ConfigEditError> {
        let mut found = object.properties.iter().filter(|member| member.name.as_str() == name);
        let first = found.next();
        match found.next() {
            None => Ok(first),
            Some(second) => {
                let problem = format!("`{name}` is there twice; remove one of the two");
                Err(ConfigEditError::at(self.text, second.start(), problem))
            }
        }
    }

    /// Inserts a member at the end of `object`.
    fn add(&self, object: &Object<'_>, name: &str, value: &impl Serialize) -> Vec<Splice> {
        let mut splices = Vec::new();
        let last = object.properties.last();
        if let Some(last) = last.filter(|last| self.comma_after(last).is_none()) {
            splices.push((last.end()..last.end(), ",".to_owned()));
        }
        // Behind comments too, which belong to what stands before them.
        let at = self.last_token_in(object).end;
        let (own, child) = (self.indent_at(object.start()), self.child_indent(object));
        let is_compact = self.is_compact(object);
        let member = format!("{}: {}", quoted(name), self.value(value, is_compact, &child));
        let newline = self.newline();
        let text = match (is_compact, last) {
            (true, None) => member,
            (true, Some(_)) => format!(" {member}"),
            (false, _) if self.text[at..object.end()].contains('\n') => {
                format!("{newline}{child}{member}")
            }
            (false, _) => format!("{newline}{child}{member}{newline}{own}"),
        };
        splices.push((at..at, text));
        splices
    }

    /// Cuts a member out of `object`, with the comma that it does not need any more.
    fn cut(&self, object: &Object<'_>, member: &ObjectProp<'_>) -> Vec<Splice> {
        let before = self.tokens.iter().rev().find(|token| token.end() <= member.start());
        let start = before.map_or(0, |token| token.end());
        let comma = self.comma_after(member);
        let end = comma.as_ref().map_or(member.end(), |comma| comma.end);
        if object.properties.len() == 1 && !self.has_comments(object) {
            return vec![(object.start() + 1..object.end() - 1, String::new())];
        }
        let rest = &self.text[end..];
        let rest_of_gap = &rest[..rest.len() - rest.trim_start().len()];
        let follows_line_comment =
            before.is_some_and(|token| matches!(token.token, Token::CommentLine(_)));
        // What comes next must not become part of the comment.
        let start = match follows_line_comment && !rest_of_gap.contains('\n') {
            true => member.start(),
            false => start,
        };
        let mut splices = Vec::new();
        let is_last = object.properties.last().is_some_and(|last| last.start() == member.start());
        let earlier = object.properties.iter().rev().find(|other| other.end() <= member.start());
        if is_last && comma.is_none() {
            splices.extend(earlier.and_then(|earlier| self.comma_after(earlier)).map(removed));
        }
        splices.push(removed(start..end));
        splices
    }

    /// The comma that follows a member.
    fn comma_after(&self, member: &ObjectProp<'_>) -> Option<Range<usize>> {
        let next = self
            .tokens
            .iter()
            .find(|token| token.start() >= member.end() && !is_comment(&token.token));
        let comma = next.filter(|token| token.token == Token::Comma);
        comma.map(|comma| comma.start()..comma.end())
    }

    /// The last token before the brace that ends `object`: at least the one that begins it.
    fn last_token_in(&self, object: &Object<'_>) -> Range<usize> {
        let inside = self.tokens.iter().rev().find(|token| token.end() < object.end());
        inside.map_or(object.start()..object.start() + 1, |token| token.start()..token.end())
    }

    fn has_comments(&self, object: &Object<'_>) -> bool {
        let inside = |token: &&TokenAndRange<'_>| {
            object.start() < token.start() && token.end() < object.end()
        };
        self.tokens.iter().filter(inside).any(|token| is_comment(&token.token))
    }

    /// True if the members of `object` stand on one line.
    fn is_compact(&self, object: &Object<'_>) -> bool {
        let is_on_one_line = |object: &Object<'_>| {
            !object.properties.is_empty() && !self.text[object.start()..object.end()].contains('\n')
        };
        if object.properties.is_empty() {
            return self.root.as_ref().is_some_and(is_on_one_line);
        }
        is_on_one_line(object)
    }

    fn newline(&self) -> &'static str {
        let first = self.text.find('\n').unwrap_or_default();
        if self.text[..first].ends_with('\r') { "\r\n" } else { "\n" }
    }

    /// The white space that begins the line of this byte.
    fn indent_at(&self, offset: usize) -> &'a str {
        let line = self.line_before(offset);
        &line[..line.len() - line.trim_start_matches([' ', '\t']).len()]
    }

    fn line_before(&self, offset: usize) -> &'a str {
        let start = self.text[..offset].rfind('\n').map_or(0, |at| at + 1);
        &self.text[start..offset]
    }

    fn child_indent(&self, object: &Object<'_>) -> String {
        let first = object.properties.first().map(|first| self.line_before(first.start()));
        match first.filter(|before| before.trim().is_empty()) {
            Some(before) => before.to_owned(),
            None => format!("{}{}", self.indent_at(object.start()), self.indent_unit()),
        }
    }

    /// One step of indentation, as the file's first member shows it.
    fn indent_unit(&self) -> &'a str {
        let first = self.root.as_ref().and_then(|root| root.properties.first());
        let before = first.map(|first| self.line_before(first.start()));
        before.filter(|before| !before.is_empty() && before.trim().is_empty()).unwrap_or(INDENT)
    }

    fn value(&self, value: &impl Serialize, is_compact: bool, indent: &str) -> String {
        if is_compact {
            return serde_json::to_string(value).unwrap_or_default();
        }
        self.render(value, indent)
    }

    /// `value` on several lines, which begin with `indent` after the first.
    fn render(&self, value: &impl Serialize, indent: &str) -> String {
        let mut bytes = Vec::new();
        let formatter = PrettyFormatter::with_indent(self.indent_unit().as_bytes());
        // Writing text into memory does not fail.
        let _ = value.serialize(&mut Serializer::with_formatter(&mut bytes, formatter));
        let text = String::from_utf8_lossy(&bytes);
        text.replace('\n', &format!("{}{indent}", self.newline()))
    }
}

fn options(syntax: Syntax) -> ParseOptions {
    ParseOptions {
        allow_comments: true,
        allow_loose_object_property_names: false,
        allow_trailing_commas: syntax == Syntax::JsonWithComments,
        allow_missing_commas: false,
        allow_single_quoted_strings: false,
        allow_hexadecimal_numbers: false,
        allow_unary_plus_numbers: false,
        allow_bare_decimal_point_numbers: false,
        allow_non_finite_numbers: false,
        allow_extended_string_escapes: false,
    }
}

/// Returns the fault of a text in words. What is not closed is told where it begins.
fn problem(kind: &ParseErrorKind) -> String {
    match kind {
        ParseErrorKind::UnterminatedObject => "the object that begins here is not closed".into(),
        ParseErrorKind::UnterminatedArray => "the list that begins here is not closed".into(),
        other => sentence(other),
    }
}

fn sentence(problem: &impl ToString) -> String {
    let text = problem.to_string();
    let mut chars = text.chars();
    let first = chars.next().map(|first| first.to_ascii_lowercase());
    first.into_iter().chain(chars).collect()
}

fn no_object(text: &str, value: &ast::Value<'_>, what: &str) -> ConfigEditError {
    let found = match value {
        ast::Value::StringLit(_) => "a string",
        ast::Value::NumberLit(_) => "a number",
        ast::Value::BooleanLit(_) => "true or false",
        ast::Value::NullKeyword(_) => "null",
        ast::Value::Array(_) => "a list",
        ast::Value::Object(_) => "an object",
    };
    ConfigEditError::at(text, value.start(), format!("{what} is {found}; expected an object"))
}

fn is_comment(token: &Token<'_>) -> bool {
    matches!(token, Token::CommentLine(_) | Token::CommentBlock(_))
}

fn quoted(name: &str) -> String {
    Value::from(name).to_string()
}

fn removed(range: Range<usize>) -> Splice {
    (range, String::new())
}

/// `text` with `splices`, which stand in order and do not overlap.
fn spliced(text: &str, splices: Vec<Splice>) -> String {
    let (mut result, mut done) = (String::with_capacity(text.len()), 0);
    for (range, with) in splices {
        result.push_str(&text[done..range.start]);
        result.push_str(&with);
        done = range.end;
    }
    result + &text[done..]
}

#[cfg(test)]
mod tests;
