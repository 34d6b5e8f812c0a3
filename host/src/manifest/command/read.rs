//! The keys that describe a program, read and checked.

use super::super::syntax::error::Diagnostic;
use super::super::syntax::source::SourceTexts;
use super::raw::RawCommand;
use super::spec::ProgramSpec;
use super::{args, output, schema, template};

impl ProgramSpec {
    /// A program that takes nothing.
    fn bare() -> Self {
        Self { input_schema: schema::of(&[]).into(), ..Self::default() }
    }
}

/// Checks the keys that describe a program; `source` is what places point into.
pub(crate) fn read(
    source: SourceTexts<'_>,
    raw: &RawCommand<'_>,
) -> Result<ProgramSpec, Diagnostic> {
    let Some(first) = &raw.first else { return Ok(ProgramSpec::bare()) };
    let (input_schema, parameters) = schema::read(source, raw)?;
    let mut known = template::KnownParameters::new(source, &parameters);
    let args = args::read(&mut known, &raw.args)?;
    let stdin = raw.stdin.as_ref().map(|text| known.text("stdin", text)).transpose()?;
    let env = args::env(&mut known, &raw.env)?;
    known.all_used(raw)?;
    Ok(ProgramSpec {
        written: Some((first.get_ref(), source.place(first.span()))),
        input_schema,
        output_schema: raw.output_schema.map(schema::whole_output).transpose()?,
        args,
        stdin,
        env,
        output: raw.output.as_ref().map(output::form).transpose()?.unwrap_or_default(),
        success: output::success(raw.success)?,
        parameters,
    })
}
