//! The types of parameters as a manifest writes them: `"integer"`, `"string[]"`, `"number?"`.

use super::super::syntax::error::{Diagnostic, quote};
use super::super::syntax::nearest::nearest;
use super::super::syntax::table::SpannedText;
use super::spec::ParameterShape;

/// A type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Type {
    pub(super) item: Item,
    pub(super) is_list: bool,
    pub(super) is_optional: bool,
}

/// The type of one value, or of one item of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Item {
    String,
    Integer,
    Number,
    Boolean,
}

impl Item {
    const ALL: [Self; 4] = [Self::String, Self::Integer, Self::Number, Self::Boolean];

    /// Its name, in a manifest as in JSON Schema.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Integer => "integer",
            Self::Number => "number",
            Self::Boolean => "boolean",
        }
    }
}

impl Type {
    /// A text that has to be given.
    pub(super) const STRING: Self = Self { item: Item::String, is_list: false, is_optional: false };

    /// Returns the shape of a value, which is all that templates need of the type.
    pub(super) fn shape(self) -> ParameterShape {
        match (self.is_list, self.item) {
            (true, _) => ParameterShape::List,
            (false, Item::String) => ParameterShape::Text,
            (false, Item::Integer) => ParameterShape::Integer,
            (false, Item::Number) => ParameterShape::Number,
            (false, Item::Boolean) => ParameterShape::Boolean,
        }
    }

    /// Reads `text`, the type of the parameter `name`.
    pub(super) fn read(name: &str, text: &SpannedText<'_>) -> Result<Self, Diagnostic> {
        let written = *text.get_ref();
        let (rest, is_optional) = match written.strip_suffix('?') {
            Some(rest) => (rest, true),
            None => (written, false),
        };
        let (word, is_list) = match rest.strip_suffix("[]") {
            Some(word) => (word, true),
            None => (rest, false),
        };
        if let Some(item) = Item::ALL.into_iter().find(|item| item.name() == word) {
            return Ok(Self { item, is_list, is_optional });
        }
        let message = format!(
            "the type of the parameter `{name}`: expected \"string\", \"integer\", \"number\" or \"boolean\", found {}",
            quote(written)
        );
        let tail =
            format!("{}{}", if is_list { "[]" } else { "" }, if is_optional { "?" } else { "" });
        let near = meant(word).or_else(|| nearest(word, Item::ALL.map(Item::name)));
        let help = match near {
            Some(near) => format!("did you mean \"{near}{tail}\"?"),
            None if matches!(word, "object" | "table" | "map" | "json" | "any") => {
                "write the JSON Schema of all that the tool takes instead: `input_schema`".into()
            }
            None => "`[]` after it makes a list, and `?` makes it optional: \"string[]?\"".into(),
        };
        Err(Diagnostic::new(text.span(), message).help(help))
    }
}

/// Returns the type that other languages call `word`, if one of them does.
fn meant(word: &str) -> Option<&'static str> {
    match word {
        "str" | "text" | "path" | "file" => Some("string"),
        "int" | "i32" | "i64" | "u32" | "u64" | "usize" => Some("integer"),
        "float" | "double" | "f32" | "f64" => Some("number"),
        "bool" | "flag" | "switch" => Some("boolean"),
        "list" | "array" | "strings" => Some("string[]"),
        _ => None,
    }
}
