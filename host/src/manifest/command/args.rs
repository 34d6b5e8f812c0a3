//! `args` and `env` of a tool: which arguments belong together, and which must not look like options.

use toml::Spanned;
use toml::de::DeValue;

use super::super::grants::env;
use super::super::syntax::error::{Diagnostic, quote};
use super::super::syntax::table::{SpannedText, SpannedValue, wrong};
use super::raw::RawGroup;
use super::spec::{Argument, Group, ParameterShape, Template, TemplatePiece};
use super::template::KnownParameters;

/// The most items of `args`, and the most arguments in one of them.
const MAX_ARGS: usize = 256;
/// The most variables of one tool.
const MAX_TOOL_VARIABLES: usize = 64;

/// Checks the arguments.
pub(super) fn read(
    known: &mut KnownParameters<'_>,
    raw: &[RawGroup<'_>],
) -> Result<Vec<Group>, Diagnostic> {
    let mut groups = Vec::new();
    let mut options_end = false;
    if let Some(beyond) = raw.get(MAX_ARGS).or(raw.iter().find(|raw| raw.texts.len() > MAX_ARGS)) {
        let message = format!("`args` in [[tools]]: expected at most {MAX_ARGS}");
        return Err(Diagnostic::new(beyond.texts[0].span(), message));
    }
    for raw in raw {
        let group = group(known, raw, options_end)?;
        options_end |= !raw.is_list && group.arguments[0].template.is_text("--");
        groups.push(group);
    }
    Ok(groups)
}

fn group(
    known: &mut KnownParameters<'_>,
    raw: &RawGroup<'_>,
    options_end: bool,
) -> Result<Group, Diagnostic> {
    let mut arguments = Vec::new();
    let mut repeats = None;
    for (place, text) in raw.texts.iter().enumerate() {
        let template = known.template("args", text)?;
        for piece in &template.0 {
            let TemplatePiece::Value(number) = *piece else { continue };
            let parameter = &known.parameters[number];
            match parameter.shape {
                ParameterShape::List if repeats.is_some_and(|list| list != number) => {
                    return Err(two_lists(text, &parameter.name));
                }
                ParameterShape::List => repeats = Some(number),
                ParameterShape::Boolean if template.0.len() == 1 && !raw.is_list => {
                    return Err(word(text, &parameter.name));
                }
                ParameterShape::Boolean
                | ParameterShape::Text
                | ParameterShape::Integer
                | ParameterShape::Number => {}
            }
        }
        let guarded = !options_end && may_look_like_an_option(known, &template, place > 0);
        arguments.push(Argument { template, guarded });
    }
    Ok(Group { arguments, repeats })
}

/// True if a value decides how the argument begins. A number may decide it: after a flag it is the
/// flag's, and negative where it begins with `-`.
fn may_look_like_an_option(
    known: &KnownParameters<'_>,
    template: &Template,
    after_a_flag: bool,
) -> bool {
    for piece in &template.0 {
        let (TemplatePiece::Value(number)
        | TemplatePiece::Spread(number)
        | TemplatePiece::Joined(number, _)) = *piece
        else {
            return false;
        };
        let parameter = &known.parameters[number];
        let is_number = matches!(parameter.shape, ParameterShape::Integer | ParameterShape::Number);
        let may = parameter.allow_dash || (is_number && after_a_flag);
        if !may {
            return true;
        }
    }
    false
}

fn two_lists(text: &SpannedText<'_>, name: &str) -> Diagnostic {
    let message = format!(
        "`args` in [[tools]]: `{name}` is a second list among arguments that belong together"
    );
    Diagnostic::new(text.span(), message).help(format!(
        "they stand once for each item of one list; use `{{{name}...}}` or `{{{name}|,}}` for the other"
    ))
}

fn word(text: &SpannedText<'_>, name: &str) -> Diagnostic {
    let message = format!(
        "`args` in [[tools]]: `{name}` is a switch, and this is the word `true` or `false`"
    );
    Diagnostic::new(text.span(), message)
        .help(format!("write the flag that it stands for: `{{{name}?--{name}}}`"))
}

/// Checks the variables.
pub(super) fn env(
    known: &mut KnownParameters<'_>,
    raw: &[(SpannedText<'_>, SpannedValue<'_>)],
) -> Result<Vec<(Box<str>, Template)>, Diagnostic> {
    if let Some((key, _)) = raw.get(MAX_TOOL_VARIABLES) {
        let message = format!("`env` in [[tools]]: expected at most {MAX_TOOL_VARIABLES}");
        return Err(Diagnostic::new(key.span(), message));
    }
    let mut variables = Vec::new();
    for (key, value) in raw {
        let name = env::name(key)?;
        let DeValue::String(text) = value.get_ref() else {
            let place = format!("{} in `env` of [[tools]]", quote(name));
            return Err(wrong(&place, "text", value).help("put it in quotes"));
        };
        variables.push((name.into(), known.text("env", &Spanned::new(value.span(), &**text))?));
    }
    Ok(variables)
}

impl Template {
    fn is_text(&self, text: &str) -> bool {
        matches!(&self.0[..], [TemplatePiece::Text(found)] if **found == *text)
    }
}
