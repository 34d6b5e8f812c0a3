//! `[grants]` as it is written: known keys with the right TOML types, every value with its place.

use toml::Spanned;
use toml::de::DeValue;

use super::error::Diagnostic;
use super::keys::Section;
use super::table::{SpannedText, SpannedValue, Table, wrong};
use super::{Grants, config, env, files, network, secret};

/// `[grants]`
#[derive(Default)]
pub(super) struct RawGrants<'a> {
    pub(super) network: Vec<RawNetwork<'a>>,
    pub(super) files: Vec<RawFiles<'a>>,
    pub(super) scratch: Option<SpannedText<'a>>,
    pub(super) env: Vec<(SpannedText<'a>, SpannedValue<'a>)>,
    pub(super) secrets: Vec<SpannedText<'a>>,
    pub(super) config: Vec<(SpannedText<'a>, SpannedValue<'a>)>,
    /// Grants of the manifest that a local file takes away.
    pub(super) without: Vec<SpannedText<'a>>,
    /// Directories of this machine that no grant gives.
    pub(super) without_paths: Vec<SpannedText<'a>>,
}

/// One item of `network`: a text is its `url`.
pub(super) struct RawNetwork<'a> {
    pub(super) url: SpannedText<'a>,
    pub(super) secret: Option<SpannedText<'a>>,
    pub(super) header: Option<SpannedText<'a>>,
    pub(super) before: Option<SpannedText<'a>>,
    pub(super) query: Option<SpannedText<'a>>,
    pub(super) optional: Option<bool>,
}

/// One item of `files`.
pub(super) struct RawFiles<'a> {
    pub(super) path: SpannedText<'a>,
    pub(super) at: SpannedText<'a>,
    pub(super) access: Option<SpannedText<'a>>,
}

const NETWORK_EXAMPLE: &str = r#"network = ["https://api.example.org"]"#;
const FILES_EXAMPLE: &str = r#"files = [{ path = "~/notes", at = "/notes", access = "read" }]"#;
const WITHOUT_EXAMPLE: &str = r#"without = ["files:/notes", "network"]"#;
const WITHOUT_PATHS_EXAMPLE: &str = r#"without_paths = ["~/notes"]"#;
const SECRETS_EXAMPLE: &str = r#"secrets = ["WEATHER_API_KEY"]"#;

impl<'a> RawGrants<'a> {
    pub(super) fn read(table: Table<'a>) -> Result<Self, Diagnostic> {
        let read = table.items("network", NETWORK_EXAMPLE)?.iter().map(RawNetwork::read);
        let network = read.collect::<Result<_, _>>()?;
        let read = table.items("files", FILES_EXAMPLE)?.iter().map(RawFiles::read);
        let files = read.collect::<Result<_, _>>()?;
        let read = table.items("secrets", SECRETS_EXAMPLE)?.iter().map(secret_name);
        let without = table.items("without", WITHOUT_EXAMPLE)?.iter().map(grant_name);
        let paths = table.items("without_paths", WITHOUT_PATHS_EXAMPLE)?.iter().map(directory);
        Ok(Self {
            network,
            files,
            scratch: table.text("scratch", r#""/tmp""#)?,
            env: table.entries("env", r#"env = { LANG = "C" }"#)?,
            secrets: read.collect::<Result<_, _>>()?,
            config: table.entries("config", r#"config = { units = "metric" }"#)?,
            without: without.collect::<Result<_, _>>()?,
            without_paths: paths.collect::<Result<_, _>>()?,
        })
    }

    /// Returns the grants, checked.
    pub(super) fn check(&self) -> Result<Grants, Diagnostic> {
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

impl<'a> RawNetwork<'a> {
    /// An origin that no secret is bound to.
    fn plain(url: SpannedText<'a>) -> Self {
        Self { url, secret: None, header: None, before: None, query: None, optional: None }
    }

    fn read(item: &'a Spanned<DeValue<'a>>) -> Result<Self, Diagnostic> {
        let table = match item.get_ref() {
            DeValue::String(text) => {
                let url = Spanned::new(item.span(), &**text);
                return Ok(Self::plain(url));
            }
            DeValue::Table(table) => Table::open(Section::Network, table)?,
            _ => {
                let expected = "a URL as text, or a table such as \
                    `{ url = \"https://api.example.org\", secret = \"TOKEN\", query = \"key\" }`";
                return Err(wrong("`network` in [grants]", expected, item));
            }
        };
        let nowhere = || {
            Diagnostic::new(item.span(), "a table of `network` has no `url`")
                .help("say where requests may go: `url = \"https://api.example.org\"`")
        };
        Ok(Self {
            url: table.text("url", r#""https://api.example.org""#)?.ok_or_else(nowhere)?,
            secret: table.text("secret", r#""API_TOKEN""#)?,
            header: table.text("header", r#""Authorization""#)?,
            before: table.text("before", r#""Bearer ""#)?,
            query: table.text("query", r#""appid""#)?,
            optional: table.flag("optional")?,
        })
    }
}

impl<'a> RawFiles<'a> {
    fn read(item: &'a Spanned<DeValue<'a>>) -> Result<Self, Diagnostic> {
        let DeValue::Table(table) = item.get_ref() else {
            let expected = "a table such as `{ path = \"~/notes\", at = \"/notes\" }`";
            return Err(wrong("`files` in [grants]", expected, item));
        };
        let table = Table::open(Section::Files, table)?;
        let lacks = |key: &str, help: &str| {
            Diagnostic::new(item.span(), format!("a table of `files` has no `{key}`")).help(help)
        };
        let no_path = || lacks("path", "name the directory on this machine: `path = \"~/notes\"`");
        let no_at = || lacks("at", "say where the plugin sees it: `at = \"/notes\"`");
        Ok(Self {
            path: table.text("path", r#""~/notes""#)?.ok_or_else(no_path)?,
            at: table.text("at", r#""/notes""#)?.ok_or_else(no_at)?,
            access: table.text("access", r#""read""#)?,
        })
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
