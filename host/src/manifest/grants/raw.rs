//! `[grants]` as it is written: known keys with the right TOML types, every value with its place.

use toml::Spanned;
use toml::de::DeValue;

use super::super::syntax::error::Diagnostic;
use super::super::syntax::table::{SpannedText, SpannedValue, Table, wrong};
use super::files::{self, RawFiles};
use super::kind::GrantKind;
use super::network::{self, RawNetwork};
use super::set::Grants;
use super::{config, env, secret};

/// `[grants]`
#[derive(Default)]
pub(crate) struct RawGrants<'a> {
    pub(crate) network: Vec<RawNetwork<'a>>,
    pub(crate) files: Vec<RawFiles<'a>>,
    pub(crate) scratch: Option<SpannedText<'a>>,
    pub(crate) env: Vec<(SpannedText<'a>, SpannedValue<'a>)>,
    pub(crate) secrets: Vec<SpannedText<'a>>,
    pub(crate) config: Vec<(SpannedText<'a>, SpannedValue<'a>)>,
    /// Grants of the manifest that a local file takes away.
    pub(crate) without: Vec<SpannedText<'a>>,
    /// Directories of this machine that no grant gives.
    pub(crate) without_paths: Vec<SpannedText<'a>>,
}

const WITHOUT_EXAMPLE: &str = r#"without = ["files:/notes", "network"]"#;
const WITHOUT_PATHS_EXAMPLE: &str = r#"without_paths = ["~/notes"]"#;

impl<'a> RawGrants<'a> {
    pub(crate) fn read(table: Table<'a>) -> Result<Self, Diagnostic> {
        let read =
            table.items("network", GrantKind::Network.example().line)?.iter().map(RawNetwork::read);
        let network = read.collect::<Result<_, _>>()?;
        let read =
            table.items("files", GrantKind::Files.example().line)?.iter().map(RawFiles::read);
        let files = read.collect::<Result<_, _>>()?;
        let read =
            table.items("secrets", GrantKind::Secret.example().line)?.iter().map(secret_name);
        let without = table.items("without", WITHOUT_EXAMPLE)?.iter().map(grant_name);
        let paths = table.items("without_paths", WITHOUT_PATHS_EXAMPLE)?.iter().map(directory);
        Ok(Self {
            network,
            files,
            scratch: table.text("scratch", r#""/tmp""#)?,
            env: table.entries("env", GrantKind::Env.example().line)?,
            secrets: read.collect::<Result<_, _>>()?,
            config: table.entries("config", GrantKind::Config.example().line)?,
            without: without.collect::<Result<_, _>>()?,
            without_paths: paths.collect::<Result<_, _>>()?,
        })
    }

    /// Returns the grants, checked.
    pub(crate) fn check(&self) -> Result<Grants, Diagnostic> {
        let files = files::read(&self.files)?;
        let grants = Grants {
            network: network::read(&self.network)?,
            scratch: self.scratch.as_ref().map(|at| files::scratch(at, &files)).transpose()?,
            files,
            env: env::read(&self.env)?,
            secrets: secret::read(&self.secrets)?,
            config: config::read(&self.config)?,
            withheld: files::withheld(&self.without_paths)?,
        };
        secret::check_apart(&self.config, &grants.secrets)?;
        Ok(grants)
    }
}

fn grant_name<'a>(item: &'a Spanned<DeValue<'a>>) -> Result<SpannedText<'a>, Diagnostic> {
    match item.get_ref() {
        DeValue::String(text) => Ok(Spanned::new(item.span(), &**text)),
        _ => Err(wrong("`without` in [grants]", "grants such as \"files:/notes\"", item)),
    }
}

fn directory<'a>(item: &'a Spanned<DeValue<'a>>) -> Result<SpannedText<'a>, Diagnostic> {
    match item.get_ref() {
        DeValue::String(text) => Ok(Spanned::new(item.span(), &**text)),
        _ => Err(wrong("`without_paths` in [grants]", "directories such as \"~/notes\"", item)),
    }
}

fn secret_name<'a>(item: &'a Spanned<DeValue<'a>>) -> Result<SpannedText<'a>, Diagnostic> {
    match item.get_ref() {
        DeValue::String(text) => Ok(Spanned::new(item.span(), &**text)),
        _ => Err(wrong("`secrets` in [grants]", "names such as \"WEATHER_API_KEY\"", item)
            .help("only the name stands here; the value is kept elsewhere")),
    }
}
