//! `parameters` of a tool: each with its type, and the JSON Schema that follows from it.

use serde_json::{Map, Value as Json, json};
use toml::Spanned;
use toml::de::DeValue;

use super::super::syntax::error::{Diagnostic, quote};
use super::super::syntax::json as toml_json;
use super::super::syntax::keys::Section;
use super::super::syntax::keys::Section::Tool;
use super::super::syntax::readable::readable;
use super::super::syntax::source::SourceTexts;
use super::super::syntax::table::{SpannedText, SpannedValue, Table, wrong};
use super::spec::Parameter;
use super::types::{Item, Type};
use crate::name::check_own;

/// The most parameters of one tool.
const MAX_PARAMETERS: usize = 64;

/// A parameter with its part of the schema.
pub(super) struct DeclaredParameter {
    pub(super) parameter: Parameter,
    pub(super) property: Json,
    pub(super) is_required: bool,
}

/// Checks the parameters, in the order of the file.
pub(super) fn read(
    source: SourceTexts<'_>,
    raw: &[(SpannedText<'_>, SpannedValue<'_>)],
) -> Result<Vec<DeclaredParameter>, Diagnostic> {
    if let Some((key, _)) = raw.get(MAX_PARAMETERS) {
        let message = format!("{}: expected at most {MAX_PARAMETERS}", Tool.place("parameters"));
        return Err(
            Diagnostic::new(key.span(), message).help("write several tools, each with fewer")
        );
    }
    raw.iter().map(|(key, value)| declared(source, key, value)).collect()
}

fn declared<'a>(
    source: SourceTexts<'_>,
    key: &SpannedText<'a>,
    value: SpannedValue<'a>,
) -> Result<DeclaredParameter, Diagnostic> {
    let name = *key.get_ref();
    check_own(name).map_err(|error| {
        Diagnostic::new(key.span(), format!("{}: {error}", Tool.place("parameters")))
    })?;
    match value.get_ref() {
        DeValue::String(text) => {
            let kind = Type::read(name, &Spanned::new(value.span(), &**text))?;
            Ok(ParameterReader { name, kind, table: None }.declared(source)?)
        }
        DeValue::Array(_) => {
            let kind = Type::STRING;
            let mut declared = ParameterReader { name, kind, table: None }.declared(source)?;
            declared.property["enum"] = choices(name, kind, value)?;
            Ok(declared)
        }
        DeValue::Table(table) => {
            let table = Table::open(Section::Parameter, table)?;
            let kind = table.text("type", r#""string""#)?;
            let kind = kind.map(|text| Type::read(name, &text)).transpose()?;
            let kind = kind.unwrap_or(Type::STRING);
            ParameterReader { name, kind, table: Some(table) }.declared(source)
        }
        _ => {
            let expected = "a type such as \"string\", a list of choices, or a table such as \
                `{ type = \"integer\", minimum = 0 }`";
            Err(wrong(&format!("the parameter `{name}`"), expected, value))
        }
    }
}

/// One parameter while it is read.
struct ParameterReader<'a> {
    name: &'a str,
    kind: Type,
    table: Option<Table<'a>>,
}

impl<'a> ParameterReader<'a> {
    fn declared(self, source: SourceTexts<'_>) -> Result<DeclaredParameter, Diagnostic> {
        let Self { name, mut kind, .. } = self;
        let item = self.item()?;
        let mut property = if kind.is_list {
            let mut list = Map::from_iter([("type".to_owned(), Json::from("array"))]);
            list.insert("items".into(), Json::Object(item));
            if let Some(value) = self.get("max_items") {
                list.insert("maxItems".into(), self.count("max_items", value)?.into());
            }
            list
        } else {
            if let Some(value) = self.get("max_items") {
                return Err(self.elsewhere("max_items", "lists", value));
            }
            item
        };
        let (mut description, mut allow_dash) = (None, false);
        if let Some(table) = &self.table {
            let text = table.text("description", r#""What to look for.""#)?;
            description = readable(source, Section::Parameter, "description", text.as_ref())?;
            kind.is_optional |= table.flag("optional")?.unwrap_or(false);
            allow_dash = table.flag("allow_dash")?.unwrap_or(false);
        }
        property.extend(description.map(|text| ("description".to_owned(), Json::from(text))));
        let default = self.get("default").map(|value| self.default(value)).transpose()?;
        property.extend(default.clone().map(|value| ("default".to_owned(), value)));
        // A switch that is not given is off.
        let may_lack = kind.is_optional
            || default.is_some()
            || kind == Type { item: Item::Boolean, is_list: false, ..kind };
        let parameter = Parameter {
            name: name.into(),
            shape: kind.shape(),
            default: default.map(|value| value.to_string().into()),
            allow_dash,
        };
        Ok(DeclaredParameter {
            parameter,
            property: Json::Object(property),
            is_required: !may_lack,
        })
    }

    fn get(&self, key: &str) -> Option<SpannedValue<'a>> {
        self.table.as_ref()?.get(key)
    }

    /// Reads the schema of one value, or of one item of a list.
    fn item(&self) -> Result<Map<String, Json>, Diagnostic> {
        let mut schema = Map::from_iter([("type".to_owned(), Json::from(self.kind.item.name()))]);
        if let Some(value) = self.get("enum") {
            schema.insert("enum".into(), choices(self.name, self.kind, value)?);
        }
        for key in ["minimum", "maximum"] {
            let Some(value) = self.get(key) else { continue };
            if !matches!(self.kind.item, Item::Integer | Item::Number) {
                return Err(self.elsewhere(key, "numbers", value));
            }
            schema.insert(key.into(), self.fitting(key, value)?);
        }
        if let (Some(least), Some(most)) = (schema.get("minimum"), schema.get("maximum"))
            && least.as_f64() > most.as_f64()
        {
            let message =
                format!("`minimum` of the parameter `{}` is above its `maximum`", self.name);
            let span = self.get("minimum").map_or(0..0, |value| value.span());
            return Err(Diagnostic::new(span, message).help("no value fits; exchange the two"));
        }
        for (key, name) in [("max_length", "maxLength"), ("pattern", "pattern")] {
            let Some(value) = self.get(key) else { continue };
            if self.kind.item != Item::String {
                return Err(self.elsewhere(key, "strings", value));
            }
            let value = match value.get_ref() {
                DeValue::String(text) if key == "pattern" => Json::from(&**text),
                _ if key == "pattern" => {
                    return Err(wrong(&self.place(key), "a regular expression as text", value));
                }
                _ => self.count(key, value)?.into(),
            };
            schema.insert(name.into(), value);
        }
        Ok(schema)
    }

    /// Reads `default`, the value where a caller gives none; it must satisfy the same constraints. A `pattern` is matched
    /// only when the plugin is loaded.
    fn default(&self, value: SpannedValue<'_>) -> Result<Json, Diagnostic> {
        let fits = |value: SpannedValue<'_>| {
            let found = self.fitting("default", value)?;
            let limit = |key| self.get(key).map(|limit| toml_json::of("", limit)).transpose();
            let (least, most, longest) =
                (limit("minimum")?, limit("maximum")?, limit("max_length")?);
            let below = least.is_some_and(|least| found.as_f64() < least.as_f64());
            let above = most.is_some_and(|most| found.as_f64() > most.as_f64());
            let length = found.as_str().map(|text| text.chars().count() as u64);
            let long = longest.is_some_and(|longest| length > longest.as_u64());
            let chosen = limit("enum")?.is_none_or(|choices| {
                choices.as_array().is_some_and(|choices| choices.contains(&found))
            });
            if below || above || long || !chosen { Err(self.unfit(value)) } else { Ok(found) }
        };
        match value.get_ref() {
            DeValue::Array(items) if self.kind.is_list => {
                let most = self.get("max_items").map(|most| self.count("max_items", most));
                if most.transpose()?.is_some_and(|most| items.len() as u64 > most) {
                    return Err(self.unfit(value));
                }
                items.iter().map(fits).collect()
            }
            _ if self.kind.is_list => {
                Err(wrong(&self.place("default"), "a list", value).help("put it in brackets"))
            }
            _ => fits(value),
        }
    }

    fn unfit(&self, default: SpannedValue<'_>) -> Diagnostic {
        let message = format!("{}: no caller could give this value", self.place("default"));
        Diagnostic::new(default.span(), message)
            .help("choose one that keeps what the parameter's other keys say")
    }

    /// A value of the parameter's type.
    fn fitting(&self, key: &str, value: SpannedValue<'_>) -> Result<Json, Diagnostic> {
        fitting(&self.place(key), self.kind.item, value)
    }

    fn count(&self, key: &str, value: SpannedValue<'_>) -> Result<u64, Diagnostic> {
        let number = toml_json::of(&self.place(key), value)?.as_u64();
        number.ok_or_else(|| wrong(&self.place(key), "a whole number such as 100", value))
    }

    fn elsewhere(&self, key: &str, which: &str, value: SpannedValue<'_>) -> Diagnostic {
        let message = format!("{}: only {which} have it", self.place(key));
        let (is, list) = (self.kind.item.name(), if self.kind.is_list { "[]" } else { "" });
        Diagnostic::new(value.span(), message).help(format!("its type is \"{is}{list}\""))
    }

    fn place(&self, key: &str) -> String {
        format!("`{key}` of the parameter `{}`", self.name)
    }
}

/// Reads the values of `enum`, the only ones that a parameter may have.
fn choices(name: &str, kind: Type, value: SpannedValue<'_>) -> Result<Json, Diagnostic> {
    let place = format!("the choices of the parameter `{name}`");
    let Some(items) = value.get_ref().as_array() else {
        return Err(wrong(&place, "a list such as `[\"up\", \"down\"]`", value));
    };
    let mut choices: Vec<Json> = Vec::new();
    for item in items {
        let choice = fitting(&place, kind.item, item)?;
        if choices.contains(&choice) {
            let message = format!("{place}: {} stands there twice", quote(&choice.to_string()));
            return Err(Diagnostic::new(item.span(), message).help("keep one of the two"));
        }
        choices.push(choice);
    }
    if choices.is_empty() {
        let message = format!("{place}: expected at least one");
        return Err(
            Diagnostic::new(value.span(), message).help("without any, no call could be made")
        );
    }
    Ok(json!(choices))
}

fn fitting(place: &str, item: Item, value: SpannedValue<'_>) -> Result<Json, Diagnostic> {
    let found = toml_json::of(place, value)?;
    let fits = match item {
        Item::String => found.is_string(),
        Item::Integer => found.is_i64(),
        Item::Number => found.is_number(),
        Item::Boolean => found.is_boolean(),
    };
    if let Some(text) = found.as_str() {
        crate::text::check_text(text)
            .map_err(|error| Diagnostic::new(value.span(), format!("{place}: {error}")))?;
    }
    let expected = match item {
        Item::String => "text",
        Item::Integer => "a whole number",
        Item::Number => "a number",
        Item::Boolean => "`true` or `false`",
    };
    if fits { Ok(found) } else { Err(wrong(place, expected, value)) }
}
