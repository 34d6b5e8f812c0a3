//! The sections of a manifest, of the local file beside it and of the configuration, and their keys: the one list that
//! reading and messages come from.
//!
//! The meaning of the values is not known here.

use super::super::limits::rate::RATE;
use super::super::limits::rules::{CACHE_RULE, LIMIT_RULES};
use super::nearest::nearest;

use crate::suggestion::CommandName;

/// A table of a manifest, of a local file or of the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Section {
    /// The part before the first section; its keys are the sections.
    Top,
    /// `[plugin]`
    Plugin,
    /// `[limits]`
    Limits,
    /// `[grants]`
    Grants,
    /// One table of `network` under `[grants]`
    Network,
    /// One table of `files` under `[grants]`
    Files,
    /// One `[[tools]]`
    Tool,
    /// One table of `parameters` in `[[tools]]`
    Parameter,
    /// The part before the first section of a local file
    LocalTop,
    /// `[plugin]` of a local file
    LocalPlugin,
    /// `[grants]` of a local file
    LocalGrants,
    /// One `[[tools]]` of a local file
    LocalTool,
    /// The part before the first section of the configuration
    ConfigTop,
    /// `[serve]` of the configuration
    Serve,
    /// `[http]` of the configuration
    Http,
    /// `[auth]` of the configuration
    Auth,
    /// One `[[auth.issuers]]` of the configuration
    AuthIssuer,
    /// `[redis]` of the configuration
    Redis,
    /// `[policy]` of the configuration
    Policy,
    /// `[policy.limits]` of the configuration
    PolicyLimits,
}

/// The kind of file that a section stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SectionFile {
    Manifest,
    Local,
    Config,
}

/// The sections that one of the two files has.
pub(crate) struct Sections {
    pub(crate) top: Section,
    pub(crate) plugin: Section,
    pub(crate) grants: Section,
    pub(crate) tool: Section,
}

/// Those of a manifest.
pub(crate) const MANIFEST_SECTIONS: Sections = Sections {
    top: Section::Top,
    plugin: Section::Plugin,
    grants: Section::Grants,
    tool: Section::Tool,
};

/// Those of a local file.
pub(crate) const LOCAL_SECTIONS: Sections = Sections {
    top: Section::LocalTop,
    plugin: Section::LocalPlugin,
    grants: Section::LocalGrants,
    tool: Section::LocalTool,
};

/// The keys that only a command has.
pub(crate) const COMMAND_KEYS: [&str; 8] =
    ["args", "parameters", "input_schema", "stdin", "env", "output", "output_schema", "success"];
/// The keys of one parameter.
pub(crate) const PARAMETER_KEYS: [&str; 11] = [
    "type",
    "description",
    "optional",
    "default",
    "enum",
    "minimum",
    "maximum",
    "max_length",
    "pattern",
    "max_items",
    "allow_dash",
];
/// The keys of a tool of any kind.
const TOOL_KEYS: [&str; 8] = [
    "name",
    "title",
    "description",
    "hidden",
    "meta",
    "err_is_error",
    "strict_arguments",
    "requires",
];
/// The key of the callers that a kept answer is given to.
const CACHE_SCOPE: &str = "cache_scope";
/// The claims that can be made about a tool.
const CLAIMS: [&str; 4] = ["read_only", "destructive", "idempotent", "open_world"];

/// Sections of cargo's manifest, which lies where a plugin's is sought.
const CARGO: [&str; 4] = ["package", "workspace", "lib", "dependencies"];

/// A key that a person decides of a tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DecidedToolKey {
    Title,
    Description,
    Hidden,
    Meta,
    StrictArguments,
    Rate,
    Cache,
    CacheScope,
    ReadOnly,
    Destructive,
    Idempotent,
    OpenWorld,
}

impl DecidedToolKey {
    /// All of them.
    pub(crate) const ALL: [Self; 12] = [
        Self::Title,
        Self::Description,
        Self::Hidden,
        Self::Meta,
        Self::StrictArguments,
        Self::Rate,
        Self::Cache,
        Self::CacheScope,
        Self::ReadOnly,
        Self::Destructive,
        Self::Idempotent,
        Self::OpenWorld,
    ];

    /// The key as the files write it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Title => "title",
            Self::Description => "description",
            Self::Hidden => "hidden",
            Self::Meta => "meta",
            Self::StrictArguments => "strict_arguments",
            Self::Rate => RATE.key,
            Self::Cache => CACHE_RULE.key,
            Self::CacheScope => CACHE_SCOPE,
            Self::ReadOnly => CLAIMS[0],
            Self::Destructive => CLAIMS[1],
            Self::Idempotent => CLAIMS[2],
            Self::OpenWorld => CLAIMS[3],
        }
    }

    /// True if its value is text, even where that reads as a number or a switch.
    pub(crate) fn is_text(self) -> bool {
        match self {
            Self::Title | Self::Description | Self::Rate | Self::Cache | Self::CacheScope => true,
            Self::Hidden
            | Self::Meta
            | Self::StrictArguments
            | Self::ReadOnly
            | Self::Destructive
            | Self::Idempotent
            | Self::OpenWorld => false,
        }
    }
}

const NAMED_SECTIONS: [Section; 4] =
    [Section::Plugin, Section::Limits, Section::Grants, Section::Tool];
const LOCAL_NAMED_SECTIONS: [Section; 4] =
    [Section::LocalPlugin, Section::Limits, Section::LocalGrants, Section::LocalTool];
const CONFIG_NAMED_SECTIONS: [Section; 5] =
    [Section::Serve, Section::Http, Section::Auth, Section::Redis, Section::Policy];

/// The keys that stand before the first section of the configuration.
const CONFIG_TOP_KEYS: [&str; 4] = ["plugins", "locked", "cache", "warm"];

const GRANT_KEYS: [&str; 6] = ["network", "files", "scratch", "env", "secrets", "config"];

impl Section {
    /// All of them, of all files.
    pub(crate) const ALL: [Self; 20] = [
        Self::Top,
        Self::Plugin,
        Self::Limits,
        Self::Grants,
        Self::Network,
        Self::Files,
        Self::Tool,
        Self::Parameter,
        Self::LocalTop,
        Self::LocalPlugin,
        Self::LocalGrants,
        Self::LocalTool,
        Self::ConfigTop,
        Self::Serve,
        Self::Http,
        Self::Auth,
        Self::AuthIssuer,
        Self::Redis,
        Self::Policy,
        Self::PolicyLimits,
    ];

    /// Returns the section as messages write it.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Top => "the manifest",
            Self::LocalTop => "the local file",
            Self::Plugin | Self::LocalPlugin => "[plugin]",
            Self::Limits => "[limits]",
            Self::Grants | Self::LocalGrants => "[grants]",
            Self::Network => "a table of `network`",
            Self::Files => "a table of `files`",
            Self::Tool | Self::LocalTool => "[[tools]]",
            Self::Parameter => "a parameter",
            Self::ConfigTop => "the configuration",
            Self::Serve => "[serve]",
            Self::Http => "[http]",
            Self::Auth => "[auth]",
            Self::AuthIssuer => "[[auth.issuers]]",
            Self::Redis => "[redis]",
            Self::Policy => "[policy]",
            Self::PolicyLimits => "[policy.limits]",
        }
    }

    /// The key that the section is under in the table that holds it.
    pub(crate) fn key(self) -> &'static str {
        let path = self.label().trim_matches(['[', ']']);
        path.rsplit('.').next().unwrap_or(path)
    }

    /// The section's keys.
    pub(crate) fn keys(self) -> Vec<&'static str> {
        match self {
            Self::Top => NAMED_SECTIONS.map(Self::key).to_vec(),
            Self::Plugin => {
                vec![
                    "name",
                    "wasm",
                    "sha256",
                    "kind",
                    "prefix",
                    "ungranted",
                    "output_schemas",
                    "link_schemes",
                    "concurrent",
                    "config_keys",
                ]
            }
            Self::Limits | Self::PolicyLimits => {
                [&LIMIT_RULES.map(|rule| rule.key)[..], &[RATE.key]].concat()
            }
            Self::Grants => GRANT_KEYS.to_vec(),
            Self::Network => vec!["url", "secret", "header", "before", "query", "optional"],
            Self::Files => vec!["path", "at", "access"],
            Self::Tool => {
                let kept = [RATE.key, CACHE_RULE.key, CACHE_SCOPE];
                [&TOOL_KEYS[..], &kept, &CLAIMS, &COMMAND_KEYS].concat()
            }
            Self::Parameter => PARAMETER_KEYS.to_vec(),
            Self::LocalTop => LOCAL_NAMED_SECTIONS.map(Self::key).to_vec(),
            Self::LocalPlugin => {
                vec!["prefix", "ungranted", "output_schemas", "link_schemes", "concurrent"]
            }
            Self::LocalGrants => [&GRANT_KEYS[..], &["without", "without_paths"]].concat(),
            Self::LocalTool => {
                [&["name"][..], &DecidedToolKey::ALL.map(DecidedToolKey::name)].concat()
            }
            Self::ConfigTop => {
                [&CONFIG_TOP_KEYS[..], &CONFIG_NAMED_SECTIONS.map(Self::key)].concat()
            }
            Self::Serve => vec![
                "stdio",
                "page_size",
                "result_cache",
                "metrics",
                "optimize",
                "log",
                "log_format",
                "audit",
                "audit_size",
                "audit_files",
                "audit_arguments",
            ],
            Self::Http => vec![
                "address",
                "hosts",
                "origins",
                "allow_unauthenticated",
                "grace",
                "drain_delay",
                "session_key_file",
                "second_session_key_file",
                "tls_cert",
                "tls_key",
                "client_ca",
                "client_calls",
                "client_rate",
                "page",
            ],
            Self::Auth => vec!["resource", "first_scopes", "scopes", Self::AuthIssuer.key()],
            Self::AuthIssuer => vec![
                "issuer",
                "audience",
                "scope_prefix",
                "jwks",
                "algorithms",
                "introspection",
                "client_id",
                "client_secret_file",
                "client_secret_env",
                "ca_file",
            ],
            Self::Redis => {
                vec!["url", "password_file", "password_env", "ca_file", "prefix", "timeout"]
            }
            Self::Policy => vec![
                "locked",
                "total_memory",
                "never_hosts",
                "never_directories",
                "never_grants",
                Self::PolicyLimits.key(),
            ],
        }
    }

    /// One of the section's keys, as messages name it.
    pub(crate) fn place(self, key: &str) -> String {
        match self {
            Self::Top | Self::LocalTop | Self::ConfigTop => format!("`{key}`"),
            _ => format!("`{key}` in {}", self.label()),
        }
    }

    /// Returns advice about a key that the section does not have.
    pub(crate) fn advice(self, key: &str) -> String {
        let elsewhere = || self.named().iter().find(|section| section.keys().contains(&key));
        if let Some(near) = nearest(key, self.keys()).or_else(|| self.by_other_name(key)) {
            return format!("did you mean {}?", self.written(near));
        }
        if let Some(section) = elsewhere() {
            return format!("`{key}` belongs under {}", section.label());
        }
        if self.file() == SectionFile::Config {
            return match CONFIG_TOP_KEYS.contains(&key) {
                true => format!("`{key}` belongs before the first section"),
                false => self.takes(),
            };
        }
        if self.file() == SectionFile::Manifest
            && LOCAL_NAMED_SECTIONS.iter().any(|local| local.keys().contains(&key))
        {
            return format!(
                "`{key}` belongs in the local file, `NAME.local.toml` beside the manifest"
            );
        }
        if self == Self::Top && CARGO.contains(&key) {
            return format!(
                "this is cargo's manifest; build the crate and name its `.wasm`, or use `{}`",
                CommandName::Dev.alone()
            );
        }
        match self {
            Self::Top | Self::LocalTop => format!(
                "{}; a key of the plugin's configuration belongs under [grants.config]",
                self.takes()
            ),
            _ => self.takes(),
        }
    }

    /// Returns the key that goes by the word `key` elsewhere.
    fn by_other_name(self, key: &str) -> Option<&'static str> {
        match (self, key) {
            (Self::Network, "prefix" | "scheme") => Some("before"),
            (Self::Network, "host" | "origin") => Some("url"),
            (Self::Network, "parameter" | "param") => Some("query"),
            // The secret itself belongs into no file that is read and shown.
            (Self::AuthIssuer, "secret" | "password") => Some("client_secret_file"),
            (Self::Redis, "password" | "secret") => Some("password_file"),
            (Self::Redis, "host" | "address" | "server") => Some("url"),
            (Self::AuthIssuer, "audiences" | "aud") => Some("audience"),
            (Self::AuthIssuer, "jwks_uri" | "jwks_url" | "keys") => Some("jwks"),
            (Self::AuthIssuer, "url" | "iss") => Some("issuer"),
            (Self::Files, "mode" | "permission" | "permissions") => Some("access"),
            (Self::Files, "folder" | "directory" | "source" | "host") => Some("path"),
            (Self::Files, "target" | "mount" | "guest") => Some("at"),
            _ => None,
        }
    }

    /// Returns the section of a manifest whose keys a section of a local file can replace.
    fn of_manifest(self) -> Option<Self> {
        match self {
            Self::LocalPlugin => Some(Self::Plugin),
            Self::LocalTool => Some(Self::Tool),
            _ => None,
        }
    }

    /// True if only the author of the plugin can say `key`, and this is a section of a local file.
    pub(crate) fn is_authors(self, key: &str) -> bool {
        self.of_manifest().is_some_and(|section| section.keys().contains(&key))
    }

    /// The sections of the file that this is one of.
    fn named(self) -> &'static [Self] {
        match self.file() {
            SectionFile::Manifest => &NAMED_SECTIONS,
            SectionFile::Local => &LOCAL_NAMED_SECTIONS,
            SectionFile::Config => &[
                Self::Serve,
                Self::Http,
                Self::Auth,
                Self::AuthIssuer,
                Self::Redis,
                Self::Policy,
                Self::PolicyLimits,
            ],
        }
    }

    /// The kind of file that it stands in. What manifests and local files share counts as a manifest's.
    fn file(self) -> SectionFile {
        match self {
            Self::LocalTop | Self::LocalPlugin | Self::LocalGrants | Self::LocalTool => {
                SectionFile::Local
            }
            Self::ConfigTop
            | Self::Serve
            | Self::Http
            | Self::Auth
            | Self::AuthIssuer
            | Self::Redis
            | Self::Policy
            | Self::PolicyLimits => SectionFile::Config,
            Self::Top
            | Self::Plugin
            | Self::Limits
            | Self::Grants
            | Self::Network
            | Self::Files
            | Self::Tool
            | Self::Parameter => SectionFile::Manifest,
        }
    }

    /// Returns the keys that the section takes, in words.
    pub(crate) fn takes(self) -> String {
        let keys = self.keys().into_iter().map(|key| self.written(key));
        format!("{} takes {}", self.label(), keys.collect::<Vec<_>>().join(", "))
    }

    /// One of the section's keys as it is written: a section in its brackets.
    fn written(self, key: &str) -> String {
        let within = match self {
            Self::Top | Self::LocalTop | Self::ConfigTop => self.named(),
            Self::Policy => &[Self::PolicyLimits],
            Self::Auth => &[Self::AuthIssuer],
            _ => &[],
        };
        let section = within.iter().find(|section| section.key() == key);
        format!("`{}`", section.map_or(key, |section| section.label()))
    }
}
