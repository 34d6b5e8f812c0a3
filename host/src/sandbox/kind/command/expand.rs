//! A call's arguments put into a tool's templates: what the program gets. Pure.
//!
//! A value ends up in one argument, byte for byte, whatever it holds: nothing is quoted, split or taken
//! for a pattern, because there is no shell.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use super::super::number;
use crate::manifest::{
    Argument, Bytes, Group, Parameter, ParameterShape, ProgramSpec, Template, TemplatePiece,
};
use crate::text::{clip, escape};

/// Bytes that one call may give to its program, all together.
const MAX_GIVEN: usize = 2 * 1024 * 1024;
/// The bytes that an argument counts besides its own.
const ARGUMENT: usize = 32;

/// The arguments, variables and stdin that a program gets.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct ProgramInvocation {
    pub(super) args: Vec<String>,
    pub(super) env: Vec<(String, String)>,
    pub(super) stdin: Vec<u8>,
}

/// The value of a parameter: the caller's or the default.
enum GivenValue {
    Nothing,
    One(String),
    Switch(bool),
    Many(Vec<String>),
}

/// Puts `arguments`, a JSON object that fits the schema, into the templates of `command`.
pub(super) fn invocation(
    command: &ProgramSpec,
    arguments: &str,
) -> Result<ProgramInvocation, String> {
    let given: BTreeMap<String, Box<RawValue>> =
        serde_json::from_str(arguments).map_err(|error| error.to_string())?;
    let given = command.parameters.iter().map(|parameter| self::given(parameter, &given));
    let mut filling = Filling {
        parameters: &command.parameters,
        given: given.collect::<Result<_, _>>()?,
        all: arguments,
        left: MAX_GIVEN,
    };
    let mut invocation = ProgramInvocation::default();
    for group in &command.args {
        filling.group(group, &mut invocation.args)?;
    }
    for (name, template) in &command.env {
        let value = filling.template(template, None)?;
        let value = value.map(|value| without_nul(value, &format!("the variable {name}")));
        invocation.env.extend(value.transpose()?.map(|value| (name.to_string(), value)));
    }
    if let Some(template) = &command.stdin {
        let text = filling.template(template, None)?;
        invocation.stdin = text.map(String::into_bytes).unwrap_or_default();
    }
    Ok(invocation)
}

fn given(
    parameter: &Parameter,
    given: &BTreeMap<String, Box<RawValue>>,
) -> Result<GivenValue, String> {
    let Parameter { name, shape, default, .. } = parameter;
    let given = given.get(&**name).map(|raw| raw.get()).or(default.as_deref());
    let Some(json) = given.filter(|json| *json != "null") else {
        return Ok(if *shape == ParameterShape::Boolean {
            GivenValue::Switch(false)
        } else {
            GivenValue::Nothing
        });
    };
    let broken = |error: serde_json::Error| format!("`{name}`: {error}");
    match shape {
        ParameterShape::Boolean => Ok(GivenValue::Switch(json == "true")),
        ParameterShape::Text | ParameterShape::Number => {
            text(json).map(GivenValue::One).map_err(broken)
        }
        ParameterShape::Integer => Ok(GivenValue::One(whole(json))),
        ParameterShape::List => {
            let items: Vec<Box<RawValue>> = serde_json::from_str(json).map_err(broken)?;
            let items = items.iter().map(|item| text(item.get()));
            items.collect::<Result<_, _>>().map(GivenValue::Many).map_err(broken)
        }
    }
}

/// A JSON string as the text it stands for, and anything else as it is written.
fn text(json: &str) -> Result<String, serde_json::Error> {
    if json.starts_with('"') { serde_json::from_str(json) } else { Ok(json.to_owned()) }
}

/// To JSON Schema `1.0` and `1e3` are whole numbers; few programs think so. One that no program has room for stays
/// as it is written.
fn whole(json: &str) -> String {
    let is_plain = json.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    let number = if is_plain { None } else { number::whole(json) };
    number.map_or_else(|| json.to_owned(), |number| number.to_string())
}

/// Templates while they are filled.
struct Filling<'a> {
    parameters: &'a [Parameter],
    given: Vec<GivenValue>,
    all: &'a str,
    left: usize,
}

impl Filling<'_> {
    /// Adds the arguments of `group`: all of them, once for each item, or none.
    fn group(&mut self, group: &Group, args: &mut Vec<String>) -> Result<(), String> {
        let Some(list) = group.repeats else { return self.once(group, None, args) };
        let GivenValue::Many(items) = std::mem::replace(&mut self.given[list], GivenValue::Nothing)
        else {
            return Ok(());
        };
        let added = items.iter().try_for_each(|item| self.once(group, Some(item), args));
        self.given[list] = GivenValue::Many(items);
        added
    }

    fn once(
        &mut self,
        group: &Group,
        item: Option<&str>,
        args: &mut Vec<String>,
    ) -> Result<(), String> {
        let mut added = Vec::new();
        for argument in &group.arguments {
            let Argument { template, guarded } = argument;
            let before = added.len();
            if let [TemplatePiece::Spread(list)] = template.0[..] {
                let GivenValue::Many(items) = &self.given[list] else { return Ok(()) };
                if items.is_empty() {
                    return Ok(());
                }
                let items = items.clone();
                for item in items {
                    self.take(item.len() + ARGUMENT)?;
                    added.push(item);
                }
            } else {
                let Some(text) = self.template(template, item)? else { return Ok(()) };
                self.take(ARGUMENT)?;
                added.push(text);
            }
            for text in &mut added[before..] {
                if *guarded && text.starts_with('-') {
                    return Err(self.dash(template, text));
                }
                *text = without_nul(std::mem::take(text), &self.subject(template))?;
            }
        }
        args.append(&mut added);
        Ok(())
    }

    /// The text, unless something in it was not given. `item` stands for the list that repeats.
    fn template(
        &mut self,
        template: &Template,
        item: Option<&str>,
    ) -> Result<Option<String>, String> {
        let mut filled = String::new();
        for piece in &template.0 {
            let joined;
            let text: &str = match piece {
                TemplatePiece::Text(text) => text,
                TemplatePiece::All => self.all,
                TemplatePiece::Flag(switch, text) => match self.given[*switch] {
                    GivenValue::Switch(true) => text,
                    _ => return Ok(None),
                },
                TemplatePiece::Joined(list, separator) => match &self.given[*list] {
                    GivenValue::Many(items) if !items.is_empty() => {
                        if let Some(item) = items.iter().find(|item| item.contains(&**separator)) {
                            return Err(format!(
                                "an item of `{}` holds {separator:?}, which stands between items here: {}",
                                self.parameters[*list].name,
                                shown(item)
                            ));
                        }
                        joined = items.join(separator);
                        &joined
                    }
                    _ => return Ok(None),
                },
                TemplatePiece::Value(number) | TemplatePiece::Spread(number) => match &self.given
                    [*number]
                {
                    GivenValue::One(text) => text,
                    GivenValue::Switch(true) => "true",
                    GivenValue::Switch(false) => "false",
                    // A list that repeats is set aside while its items are added.
                    GivenValue::Nothing | GivenValue::Many(_) => match item {
                        Some(item) if self.parameters[*number].shape == ParameterShape::List => {
                            item
                        }
                        _ => return Ok(None),
                    },
                },
            };
            self.left = self.left.checked_sub(text.len()).ok_or_else(too_large)?;
            filled.push_str(text);
        }
        Ok(Some(filled))
    }

    fn take(&mut self, bytes: usize) -> Result<(), String> {
        self.left = self.left.checked_sub(bytes).ok_or_else(too_large)?;
        Ok(())
    }

    fn dash(&self, template: &Template, text: &str) -> String {
        format!(
            "{} begins with `-`, and the program could take it for an option: {}; \
             give another value (a file `-x` is also `./-x`)",
            self.subject(template),
            shown(text)
        )
    }

    /// The parameter that a template is about.
    fn subject(&self, template: &Template) -> String {
        let number = template.0.iter().find_map(|piece| match piece {
            TemplatePiece::Value(number)
            | TemplatePiece::Spread(number)
            | TemplatePiece::Joined(number, _) => Some(number),
            TemplatePiece::Text(_) | TemplatePiece::Flag(..) | TemplatePiece::All => None,
        });
        number.map_or("an argument".into(), |number| format!("`{}`", self.parameters[*number].name))
    }
}

fn too_large() -> String {
    let most = Bytes::new(MAX_GIVEN as u64);
    format!("what they make for the program is larger than {most}")
}

/// No program can be given a NUL but on stdin.
fn without_nul(text: String, subject: &str) -> Result<String, String> {
    if text.contains('\0') {
        return Err(format!("{subject} holds the character NUL, which no argument can"));
    }
    Ok(text)
}

fn shown(text: &str) -> String {
    format!("`{}`", escape(clip(text, 80)))
}

#[cfg(test)]
#[path = "expand_tests.rs"]
mod tests;
