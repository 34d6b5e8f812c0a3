//! The keys of a `[[tools]]` that only a command has, as they are written.

use toml::Spanned;
use toml::de::DeValue;

use super::super::syntax::error::Diagnostic;
use super::super::syntax::keys::COMMAND_KEYS;
use super::super::syntax::table::{SpannedText, SpannedValue, Table, wrong};

/// The keys of a `[[tools]]` that describe a program, as they are written.
#[derive(Default)]
pub(in super::super) struct RawCommand<'a> {
    /// The first of the keys, in the order of the file.
    pub(super) first: Option<Spanned<&'static str>>,
    pub(super) parameters: Vec<(SpannedText<'a>, SpannedValue<'a>)>,
    pub(super) input_schema: Option<SpannedValue<'a>>,
    pub(super) args: Vec<RawGroup<'a>>,
    pub(super) stdin: Option<SpannedText<'a>>,
    pub(super) env: Vec<(SpannedText<'a>, SpannedValue<'a>)>,
    pub(super) output: Option<SpannedText<'a>>,
    pub(super) output_schema: Option<SpannedValue<'a>>,
    pub(super) success: &'a [Spanned<DeValue<'a>>],
}

/// One item of `args`: a text, or a list of texts.
pub(super) struct RawGroup<'a> {
    pub(super) texts: Vec<SpannedText<'a>>,
    pub(super) is_list: bool,
}

const ARGS: &str = r#"args = ["--count", "--", "{pattern}"]"#;

impl<'a> RawCommand<'a> {
    pub(in super::super) fn read(table: &Table<'a>) -> Result<Self, Diagnostic> {
        let args = table.items("args", ARGS)?.iter().map(RawGroup::read);
        Ok(Self {
            first: table.first_of(&COMMAND_KEYS),
            parameters: table.entries("parameters", r#"parameters = { pattern = "string" }"#)?,
            input_schema: table.get("input_schema"),
            args: args.collect::<Result<_, _>>()?,
            stdin: table.text("stdin", r#""{text}""#)?,
            env: table.entries("env", r#"env = { LANG = "{language}" }"#)?,
            output: table.text("output", r#""text", "json" or "image/png""#)?,
            output_schema: table.get("output_schema"),
            success: table.items("success", "success = [0, 1]")?,
        })
    }
}

impl<'a> RawGroup<'a> {
    fn read(item: &'a Spanned<DeValue<'a>>) -> Result<Self, Diagnostic> {
        let text = |item: &'a Spanned<DeValue<'a>>, expected: &str| match item.get_ref() {
            DeValue::String(text) => Ok(Spanned::new(item.span(), &**text)),
            _ => Err(wrong("`args` in [[tools]]", expected, item)
                .help("a number or a switch is text here: put it in quotes")),
        };
        if let DeValue::Array(items) = item.get_ref() {
            let texts: Vec<_> =
                items.iter().map(|item| text(item, "texts")).collect::<Result<_, _>>()?;
            if texts.is_empty() {
                return Err(Diagnostic::new(
                    item.span(),
                    "`args` in [[tools]]: an empty list in it",
                )
                .help("remove it, or write the arguments that belong together"));
            }
            return Ok(Self { texts, is_list: true });
        }
        let text = text(item, "texts, or lists of texts that belong together")?;
        Ok(Self { texts: vec![text], is_list: false })
    }
}
