//! The text of a `config.toml` to settings.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use super::auth::read_auth;
use super::content::Configuration;
use super::redis_section::read_redis;
use super::section_reader::{SectionReader, path, secret_path};
use super::sections::{AUDIT_STDERR, HttpSection, ServeSection};
use super::stated_keys;
use crate::fs::stated::Stated;
use crate::manifest::syntax::error::Diagnostic;
use crate::manifest::syntax::keys::Section;
use crate::manifest::syntax::source::SourceTexts;
use crate::manifest::syntax::table::Table;
use crate::manifest::{
    AUDIT_FILES_RULE, AUDIT_SIZE_RULE, Bytes, CLIENT_CALLS_RULE, DRAIN_DELAY_RULE, GRACE_RULE,
    LimitRule, ManifestError, PAGE_SIZE_RULE, Policy, RESULT_CACHE_RULE, document,
};
use crate::mcp::HttpAddress;
use crate::text::escape;
use crate::typed_path::PathAuthor;

const LOG_FORMATS: [&str; 2] = ["human", "json"];

impl Configuration {
    /// Reads the configuration `text` of `file`, the name that errors show.
    pub fn parse(file: &str, text: &str) -> Result<Self, ManifestError> {
        Self::parse_of(PathAuthor::Person, file, text)
    }

    /// Reads the same as a text of `author`.
    pub(super) fn parse_of(
        author: PathAuthor,
        file: &str,
        text: &str,
    ) -> Result<Self, ManifestError> {
        let source = SourceTexts { manifest: text, local: None };
        read(author, file, source).map_err(|fault| ManifestError::from_fault(file, source, fault))
    }
}

fn read(
    author: PathAuthor,
    file: &str,
    source: SourceTexts<'_>,
) -> Result<Configuration, Diagnostic> {
    let shown = escape(file);
    let place = |span: Range<usize>| -> Arc<str> {
        format!("{shown}:{}", source.place(span).line()).into()
    };
    let tree = document(source.manifest, "the configuration")?;
    let top = SectionReader {
        table: Table::open(Section::ConfigTop, &tree)?,
        section: Section::ConfigTop,
        author,
        place: &place,
    };
    let policy = top.table.section(Section::Policy)?;
    let policy = policy.map(|table| Policy::read(&table, author, &place)).transpose()?;
    let serve = top.section(Section::Serve)?.map(|serve| read_serve(&serve)).transpose()?;
    let http = top.section(Section::Http)?.map(|http| read_http(&http)).transpose()?;
    let auth = top.section(Section::Auth)?.map(|auth| read_auth(&auth, &top)).transpose()?;
    let redis = top.section(Section::Redis)?.map(|redis| read_redis(&redis, &top)).transpose()?;
    Ok(Configuration {
        policy: policy.unwrap_or_default(),
        plugins: top.list("plugins", r#"["~/tools"]"#, |text| path(&top, "plugins", text))?,
        locked: top.flag("locked")?,
        cache: top.flag("cache")?,
        warm: top.text("warm", r#""/warm/warm.sha256""#, |text| path(&top, "warm", text))?,
        serve: serve.unwrap_or_default(),
        http: http.unwrap_or_default(),
        auth,
        redis,
        keys: stated_keys::all(&tree, source.manifest, &place),
    })
}

fn read_serve<P: Fn(Range<usize>) -> Arc<str>>(
    table: &SectionReader<'_, '_, P>,
) -> Result<ServeSection, Diagnostic> {
    let page_size = table.amount(&PAGE_SIZE_RULE)?;
    let page_size = page_size.and_then(|Stated { value, place }| {
        let value = usize::try_from(value).ok().and_then(|size| size.try_into().ok())?;
        Some(Stated { value, place })
    });
    let result_cache = table.amount(&RESULT_CACHE_RULE)?;
    Ok(ServeSection {
        stdio: table.flag("stdio")?,
        page_size,
        result_cache: result_cache
            .map(|Stated { value, place }| Stated { value: Bytes::new(value), place }),
        metrics: table
            .text("metrics", r#""127.0.0.1:9464""#, |text| table.parsed("metrics", text))?,
        optimize: table.flag("optimize")?,
        log: table.text("log", r#""info""#, |text| Ok((*text.get_ref()).into()))?,
        log_format: table.text("log_format", r#""json""#, |text| {
            let written = *text.get_ref();
            if LOG_FORMATS.contains(&written) {
                return Ok(written.into());
            }
            Err(table.wrong("log_format", text, "expected \"human\" or \"json\""))
        })?,
        audit: table.text("audit", r#""/var/log/toolrack/audit.jsonl""#, |text| {
            let written = *text.get_ref();
            match AUDIT_STDERR.contains(&written) {
                true => Ok(written.into()),
                false => path(table, "audit", text),
            }
        })?,
        audit_size: table.amount(&AUDIT_SIZE_RULE)?,
        audit_files: table.amount(&AUDIT_FILES_RULE)?,
        audit_arguments: table.flag("audit_arguments")?,
    })
}

fn read_http<P: Fn(Range<usize>) -> Arc<str>>(
    table: &SectionReader<'_, '_, P>,
) -> Result<HttpSection, Diagnostic> {
    let time = |rule: &LimitRule| -> Result<Option<Stated<Duration>>, Diagnostic> {
        let milliseconds = table.amount(rule)?;
        Ok(milliseconds
            .map(|Stated { value, place }| Stated { value: Duration::from_millis(value), place }))
    };
    let client_calls = table.amount(&CLIENT_CALLS_RULE)?;
    let file = |key, example| table.text(key, example, |text| path(table, key, text));
    let secret = |key, example| table.text(key, example, |text| secret_path(table, key, text));
    Ok(HttpSection {
        address: table.text("address", r#""127.0.0.1:8787""#, |text| {
            let literal = HttpAddress::literal(text.get_ref());
            let literal = literal.map_err(|error| table.wrong("address", text, &error))?;
            if let Some(HttpAddress::Unix(socket)) = literal {
                let anchored = table.author.anchored(&socket.to_string_lossy());
                let socket = anchored
                    .map_err(|error| table.wrong("address", text, &format!("`unix:`: {error}")))?;
                return Ok(format!("unix:{socket}").into());
            }
            Ok((*text.get_ref()).into())
        })?,
        hosts: table
            .list("hosts", r#"["tools.example.org"]"#, |text| table.parsed("hosts", text))?,
        origins: table
            .list("origins", r#"["https://app.example"]"#, |text| table.parsed("origins", text))?,
        allow_unauthenticated: table.flag("allow_unauthenticated")?,
        grace: time(&GRACE_RULE)?,
        drain_delay: time(&DRAIN_DELAY_RULE)?,
        session_key_file: secret("session_key_file", r#""/run/secrets/session_key""#)?,
        second_session_key_file: secret(
            "second_session_key_file",
            r#""/run/secrets/second_session_key""#,
        )?,
        tls_cert: file("tls_cert", r#""/etc/toolrack/server.pem""#)?,
        tls_key: secret("tls_key", r#""/etc/toolrack/server.key""#)?,
        client_ca: file("client_ca", r#""/etc/toolrack/clients.pem""#)?,
        client_rate: table.rate("client_rate")?,
        page: table.flag("page")?,
        client_calls: client_calls.map(|Stated { value, place }| Stated {
            value: usize::try_from(value).unwrap_or(usize::MAX),
            place,
        }),
    })
}
