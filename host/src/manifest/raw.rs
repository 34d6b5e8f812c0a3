//! A manifest as it is written: known keys with the right TOML types, every value with its place.
//!
//! The meaning of the values, and the defaults for those that are missing, are not known here.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::command::RawCommand;
use super::grants::raw::RawGrants;
use super::limits::rules::CACHE_RULE;
use super::syntax::error::Diagnostic;
use super::syntax::keys::{Section, Sections};
use super::syntax::table::{SpannedText, SpannedValue, Table};
use crate::tool::Annotations;

/// A manifest as it is written.
pub(super) struct RawManifest<'a> {
    pub(super) plugin: RawPlugin<'a>,
    pub(super) limits: RawLimits<'a>,
    pub(super) grants: RawGrants<'a>,
    pub(super) tools: Vec<RawTool<'a>>,
}

/// `[plugin]`
#[derive(Default)]
pub(super) struct RawPlugin<'a> {
    pub(super) name: Option<SpannedText<'a>>,
    pub(super) wasm: Option<SpannedText<'a>>,
    pub(super) sha256: Option<SpannedText<'a>>,
    pub(super) kind: Option<SpannedText<'a>>,
    pub(super) prefix: Option<SpannedText<'a>>,
    pub(super) ungranted: Option<SpannedText<'a>>,
    pub(super) output_schemas: Option<SpannedText<'a>>,
    pub(super) link_schemes: Option<Vec<SpannedText<'a>>>,
    pub(super) concurrent: Option<bool>,
    pub(super) config_keys: Option<Vec<RawConfigKey<'a>>>,
}

/// One key of `config_keys`
pub(super) struct RawConfigKey<'a> {
    pub(super) key: SpannedText<'a>,
    /// `None` where keys are listed without their values.
    pub(super) values: Option<SpannedValue<'a>>,
}

/// `[limits]`: a limit may be a number or a text, by the rule of the limit.
#[derive(Default)]
pub(super) struct RawLimits<'a> {
    table: Option<Table<'a>>,
    /// The `[limits]` of the local file, if there is one; its values count before those of `table`.
    local: Option<Table<'a>>,
}

/// One `[[tools]]`
pub(super) struct RawTool<'a> {
    pub(super) name: SpannedText<'a>,
    pub(super) title: Option<SpannedText<'a>>,
    pub(super) description: Option<SpannedText<'a>>,
    pub(super) hidden: Option<bool>,
    pub(super) annotations: Annotations,
    pub(super) command: RawCommand<'a>,
    pub(super) err_is_error: Option<bool>,
    pub(super) strict_arguments: Option<bool>,
    pub(super) meta: Vec<(SpannedText<'a>, SpannedValue<'a>)>,
    pub(super) rate: Option<SpannedValue<'a>>,
    pub(super) cache: Option<SpannedValue<'a>>,
    pub(super) cache_scope: Option<SpannedText<'a>>,
    pub(super) requires: Vec<SpannedText<'a>>,
}

impl<'a> RawManifest<'a> {
    /// Reads a file that has these sections.
    pub(super) fn read(document: &'a DeTable<'a>, sections: &Sections) -> Result<Self, Diagnostic> {
        let top = Table::open(sections.top, document)?;
        let plugin = top.section(sections.plugin)?;
        let table = top.section(Section::Limits)?;
        let grants = top.section(sections.grants)?;
        Ok(Self {
            plugin: plugin.map(RawPlugin::read).transpose()?.unwrap_or_default(),
            limits: RawLimits { table, local: None },
            grants: grants.map(RawGrants::read).transpose()?.unwrap_or_default(),
            tools: top
                .list(sections.tool)?
                .into_iter()
                .map(RawTool::read)
                .collect::<Result<_, _>>()?,
        })
    }
}

impl<'a> RawPlugin<'a> {
    fn read(table: Table<'a>) -> Result<Self, Diagnostic> {
        Ok(Self {
            name: table.text("name", r#""weather""#)?,
            wasm: table.text("wasm", r#""weather.wasm""#)?,
            sha256: table.text("sha256", r#""e3b0c442..." (64 hexadecimal digits)"#)?,
            kind: table.text("kind", r#""tools""#)?,
            prefix: table.text("prefix", r#""weather", or "" for no prefix"#)?,
            ungranted: table.text("ungranted", r#""show""#)?,
            output_schemas: table.text("output_schemas", r#""hide""#)?,
            link_schemes: link_schemes(&table)?,
            concurrent: table.flag("concurrent")?,
            config_keys: config_keys(&table)?,
        })
    }
}

fn link_schemes<'a>(table: &Table<'a>) -> Result<Option<Vec<SpannedText<'a>>>, Diagnostic> {
    const KEY: &str = "link_schemes";
    table.get(KEY).map(|_| table.texts(KEY, r#"["note"]"#)).transpose()
}

/// The keys of the configuration that the plugin reads: a list of them, or a table with the values of each.
fn config_keys<'a>(table: &Table<'a>) -> Result<Option<Vec<RawConfigKey<'a>>>, Diagnostic> {
    const KEY: &str = "config_keys";
    Ok(Some(match table.get(KEY).map(Spanned::get_ref) {
        None => return Ok(None),
        Some(DeValue::Table(_)) => {
            let entries = table.entries(KEY, CONFIG_VALUES_EXAMPLE)?.into_iter();
            entries.map(|(key, values)| RawConfigKey { key, values: Some(values) }).collect()
        }
        Some(_) => {
            let keys = table.texts(KEY, CONFIG_KEYS_EXAMPLE)?.into_iter();
            keys.map(|key| RawConfigKey { key, values: None }).collect()
        }
    }))
}

impl<'a> RawLimits<'a> {
    pub(super) fn get(&self, key: &str) -> Option<SpannedValue<'a>> {
        let own = || self.table.as_ref()?.get(key);
        self.local.as_ref().and_then(|local| local.get(key)).or_else(own)
    }

    /// These limits, and before them those of `local`.
    pub(super) fn with_local(self, local: Self) -> Self {
        Self { local: local.table, ..self }
    }
}

impl<'a> RawTool<'a> {
    fn read(table: Spanned<Table<'a>>) -> Result<Self, Diagnostic> {
        let (span, table) = (table.span(), table.into_inner());
        let nameless = || {
            Diagnostic::new(span, "[[tools]] has no `name`")
                .help("say which of the plugin's tools it is about: `name = \"get_weather\"`")
        };
        Ok(Self {
            name: table.text("name", r#""get_weather""#)?.ok_or_else(nameless)?,
            title: table.text("title", r#""Weather forecast""#)?,
            description: table.text("description", r#""Tells the weather of a city.""#)?,
            hidden: table.flag("hidden")?,
            annotations: Annotations {
                read_only: table.flag("read_only")?,
                destructive: table.flag("destructive")?,
                idempotent: table.flag("idempotent")?,
                open_world: table.flag("open_world")?,
            },
            command: RawCommand::read(&table)?,
            err_is_error: table.flag("err_is_error")?,
            strict_arguments: table.flag("strict_arguments")?,
            meta: table
                .entries("meta", r#"meta = { "anthropic/maxResultSizeChars" = 200_000 }"#)?,
            rate: table.get("rate"),
            cache: table.get(CACHE_RULE.key),
            cache_scope: table.text("cache_scope", r#""public""#)?,
            requires: table.texts("requires", REQUIRES_EXAMPLE)?,
        })
    }
}

const CONFIG_KEYS_EXAMPLE: &str = r#"config_keys = ["units", "city"]"#;
const CONFIG_VALUES_EXAMPLE: &str =
    r#"config_keys = { units = ["metric", "imperial"], city = "any" }"#;
const REQUIRES_EXAMPLE: &str = r#"requires = ["files:write", "secret:API_TOKEN"]"#;
