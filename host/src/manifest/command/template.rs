//! Text with parameters in it: `{name}`, `{list...}`, `{list|,}`, `{switch?--flag}`, `{...}`.
//!
//! The places where such a text may stand are not known here.

use std::ops::Range;

use super::super::syntax::error::{Diagnostic, quote};
use super::super::syntax::keys::Section::Tool;
use super::super::syntax::nearest::nearest;
use super::super::syntax::source::SourceTexts;
use super::super::syntax::table::SpannedText;
use super::raw::RawCommand;
use super::spec::{Parameter, ParameterShape, Template, TemplatePiece};
use crate::text::{TextError, forbidden_char};

const FORMS: &str = "write `{name}`, `{list...}`, `{list|,}` or `{switch?--flag}`";
const BRACES: &str = "a brace that stands for itself is written twice: `{{` or `}}`";

/// The parameters that a template may name.
pub(super) struct KnownParameters<'a> {
    source: SourceTexts<'a>,
    pub(super) parameters: &'a [Parameter],
    used: Vec<bool>,
}

/// A template while it is read: what its errors point at.
struct TemplateReader<'a> {
    key: &'a str,
    text: &'a SpannedText<'a>,
}

impl<'a> KnownParameters<'a> {
    pub(super) fn new(source: SourceTexts<'a>, parameters: &'a [Parameter]) -> Self {
        Self { source, parameters, used: vec![false; parameters.len()] }
    }

    /// The template that `text` writes for `key`.
    pub(super) fn template(
        &mut self,
        key: &str,
        text: &SpannedText<'_>,
    ) -> Result<Template, Diagnostic> {
        let reading = TemplateReader { key, text };
        if let Some(found) = forbidden_char(text.get_ref()) {
            let error = TextError::Forbidden(found);
            return Err(self
                .fault(&reading, &found.to_string(), error.to_string())
                .help("remove it"));
        }
        let mut pieces = Vec::new();
        let mut literal = String::new();
        let mut rest = *text.get_ref();
        while let Some(at) = rest.find(['{', '}']) {
            literal.push_str(&rest[..at]);
            let brace = &rest[at..=at];
            rest = &rest[at + 1..];
            if let Some(after) = rest.strip_prefix(brace) {
                literal.push_str(brace);
                rest = after;
                continue;
            }
            if brace == "}" {
                return Err(self.fault(&reading, "}", "a `}` closes nothing").help(BRACES));
            }
            let Some(end) = rest.find('}') else {
                return Err(self.fault(&reading, "{", "a `{` is not closed").help(BRACES));
            };
            if !literal.is_empty() {
                pieces.push(TemplatePiece::Text(std::mem::take(&mut literal).into()));
            }
            pieces.push(self.piece(&reading, &rest[..end])?);
            rest = &rest[end + 1..];
        }
        literal.push_str(rest);
        if !literal.is_empty() || pieces.is_empty() {
            pieces.push(TemplatePiece::Text(literal.into()));
        }
        if pieces.len() > 1 && pieces.iter().any(|piece| matches!(piece, TemplatePiece::Spread(_)))
        {
            let message = "items that are arguments of their own have no text beside them";
            let help = "give `{list...}` a text of its own, or join the items: `{list|,}`";
            return Err(self.fault(&reading, "...}", message).help(help));
        }
        Ok(Template(pieces))
    }

    /// The template of one text: a list in it has to be joined.
    pub(super) fn text(
        &mut self,
        key: &str,
        text: &SpannedText<'_>,
    ) -> Result<Template, Diagnostic> {
        let template = self.template(key, text)?;
        for piece in &template.0 {
            let (list, dots) = match *piece {
                TemplatePiece::Value(number) => (number, ""),
                TemplatePiece::Spread(number) => (number, "..."),
                TemplatePiece::Text(_)
                | TemplatePiece::Joined(..)
                | TemplatePiece::Flag(..)
                | TemplatePiece::All => continue,
            };
            if self.parameters[list].shape == ParameterShape::List {
                let name = &self.parameters[list].name;
                let message = format!("`{name}` is a list, and this is one text");
                let help = format!("say what stands between its items: `{{{name}|,}}`");
                let reading = TemplateReader { key, text };
                return Err(self.fault(&reading, &format!("{{{name}{dots}}}"), message).help(help));
            }
        }
        Ok(template)
    }

    fn piece(
        &mut self,
        reading: &TemplateReader<'_>,
        inside: &str,
    ) -> Result<TemplatePiece, Diagnostic> {
        if inside == "..." {
            self.used.fill(true);
            return Ok(TemplatePiece::All);
        }
        let end = inside.find(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '-');
        let (name, form) = inside.split_at(end.unwrap_or(inside.len()));
        let whole = format!("{{{inside}}}");
        let refuse = |known: &Self, message: String, help: &str| {
            Err(known.fault(reading, &whole, message).help(help))
        };
        if name.is_empty() {
            return refuse(self, format!("{} names no parameter", quote(&whole)), BRACES);
        }
        let (symbol, text) = form.split_at(form.chars().next().map_or(0, char::len_utf8));
        let number = self.number(reading, &whole, name)?;
        let shape = self.parameters[number].shape;
        self.used[number] = true;
        match (symbol, text, shape) {
            ("", ..) => Ok(TemplatePiece::Value(number)),
            (".", "..", ParameterShape::List) => Ok(TemplatePiece::Spread(number)),
            ("|", text, ParameterShape::List) if !text.is_empty() => {
                Ok(TemplatePiece::Joined(number, text.into()))
            }
            ("?", text, ParameterShape::Boolean) if !text.is_empty() => {
                Ok(TemplatePiece::Flag(number, text.into()))
            }
            (".", "..", _) | ("|", ..) if shape != ParameterShape::List => {
                refuse(self, format!("`{name}` is no list"), &format!("write `{{{name}}}`"))
            }
            ("?", ..) if shape != ParameterShape::Boolean => {
                let help = format!(
                    "an optional parameter vanishes with what it stands in: `[\"--flag\", \"{{{name}}}\"]`"
                );
                refuse(self, format!("`{name}` is no switch, which is true or false"), &help)
            }
            _ => refuse(self, format!("{} is no form of a parameter", quote(&whole)), FORMS),
        }
    }

    fn number(
        &self,
        reading: &TemplateReader<'_>,
        whole: &str,
        name: &str,
    ) -> Result<usize, Diagnostic> {
        let known = || self.parameters.iter().map(|parameter| &*parameter.name);
        if let Some(number) = known().position(|known| known == name) {
            return Ok(number);
        }
        let help = if let Some(near) = nearest(name, known()) {
            format!("did you mean `{{{near}}}`?")
        } else if self.parameters.is_empty() {
            format!("declare it: `parameters = {{ {name} = \"string\" }}`; {BRACES}")
        } else {
            let known: Vec<_> = known().take(20).map(|name| format!("`{name}`")).collect();
            format!("its parameters are {}", known.join(", "))
        };
        let message = format!("the tool has no parameter {}", quote(name));
        Err(self.fault(reading, whole, message).help(help))
    }

    /// Refuses a parameter that changes nothing.
    pub(super) fn all_used(&self, raw: &RawCommand<'_>) -> Result<(), Diagnostic> {
        let Some(at) = self.used.iter().position(|used| !used) else { return Ok(()) };
        let Parameter { name, shape, .. } = &self.parameters[at];
        let declared = raw.parameters.iter().find(|(key, _)| *key.get_ref() == &**name);
        let span = declared.map(|(key, _)| key.span());
        let span = span.or_else(|| raw.input_schema.map(|value| value.span())).unwrap_or(0..0);
        let form = match shape {
            ParameterShape::Boolean => format!("{{{name}?--{}}}", name.replace('_', "-")),
            ParameterShape::List => format!("{{{name}...}}"),
            ParameterShape::Text | ParameterShape::Integer | ParameterShape::Number => {
                format!("{{{name}}}")
            }
        };
        Err(Diagnostic::new(
            span,
            format!("the parameter `{name}` is given to the program nowhere"),
        )
        .help(format!("put `{form}` into `args`, or its value into `stdin` or `env`")))
    }

    /// A fault at `part` of the text, where the manifest writes that part as it is.
    fn fault(
        &self,
        reading: &TemplateReader<'_>,
        part: &str,
        message: impl Into<String>,
    ) -> Diagnostic {
        let place = Tool.place(reading.key);
        let span = part_of(self.source, reading.text.span(), part);
        Diagnostic::new(span, format!("{place}: {}", message.into()))
    }
}

fn part_of(source: SourceTexts<'_>, span: Range<usize>, part: &str) -> Range<usize> {
    let at = source.get(span.clone()).and_then(|written| written.find(part));
    at.map_or(span.clone(), |at| span.start + at..span.start + at + part.len())
}
