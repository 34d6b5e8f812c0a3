//! `[redis]`: the Redis in which servers share what they count and keep.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use toml::Spanned;

use super::auth::{ClientSecretPlace, variable};
use super::auth_files::{AuthFileError, certificates, secret};
use super::section_reader::{SectionReader, path, secret_path};
use crate::fs::stated::Stated;
use crate::manifest::REDIS_TIMEOUT_RULE;
use crate::manifest::syntax::error::Diagnostic;
use crate::manifest::syntax::keys::Section;
use crate::redis::{KeyPrefix, RedisPassword, RedisSettings, RedisUrl};

/// `[redis]`
#[derive(Clone, Debug)]
pub struct RedisSection {
    /// The place of the Redis.
    pub url: Stated<RedisUrl>,
    /// The place of its password.
    pub password: Option<Stated<ClientSecretPlace>>,
    /// The authorities that its certificate may come from, as a path that is as written.
    pub authorities: Option<Stated<Box<str>>>,
    /// The beginning of the names of its keys.
    pub prefix: Option<Stated<KeyPrefix>>,
    /// The time that an answer may take.
    pub timeout: Option<Stated<Duration>>,
}

impl RedisSection {
    /// The settings with what is in files and variables.
    pub fn load(&self) -> Result<RedisSettings, AuthFileError> {
        let usual_timeout = Duration::from_millis(REDIS_TIMEOUT_RULE.default);
        let password = self.password.as_ref().map(secret).transpose()?;
        let authorities = self.authorities.as_ref().map(certificates).transpose()?;
        Ok(RedisSettings {
            url: self.url.value.clone(),
            password: password.as_deref().map(RedisPassword::new),
            prefix: self.prefix.as_ref().map(|prefix| prefix.value.clone()).unwrap_or_default(),
            timeout: self.timeout.as_ref().map_or(usual_timeout, |timeout| timeout.value),
            authorities: authorities.unwrap_or_default(),
        })
    }
}

/// Reads `[redis]`, which stands in `top`.
pub(super) fn read_redis<P: Fn(Range<usize>) -> Arc<str>>(
    table: &SectionReader<'_, '_, P>,
    top: &SectionReader<'_, '_, P>,
) -> Result<RedisSection, Diagnostic> {
    let own = top.table.get(Section::Redis.key()).map(Spanned::span).unwrap_or_default();
    let label = Section::Redis.label();
    if cfg!(not(feature = "redis")) {
        let message = format!("{label}: this toolrack was built without Redis");
        return Err(Diagnostic::new(own, message)
            .help("leave the section out, or build with the feature `redis`"));
    }
    // A password may stand in it, so no error repeats it.
    let url = table.text("url", r#""redis://127.0.0.1:6379""#, |text| {
        text.get_ref().parse::<RedisUrl>().map_err(|error| {
            let place = table.section.place("url");
            Diagnostic::new(text.span(), format!("{place}: {error}")).secret()
        })
    })?;
    let url = url.ok_or_else(|| {
        Diagnostic::new(own.clone(), format!("{label} has no `url`"))
            .help("add the place of the Redis: `url = \"redis://127.0.0.1:6379\"`")
    })?;
    let in_file = table.text("password_file", r#""/run/secrets/redis""#, |text| {
        secret_path(table, "password_file", text).map(ClientSecretPlace::File)
    })?;
    let in_variable = table.text("password_env", r#""TOOLRACK_REDIS_PASSWORD""#, |text| {
        variable(table, "password_env", text).map(ClientSecretPlace::Variable)
    })?;
    let refuse = |key: &str, message: &str, help: &str| {
        let place = table.table.get(key).map_or(own.clone(), Spanned::span);
        Err(Diagnostic::new(place, format!("`{key}` in {label} {message}")).help(help))
    };
    if in_file.is_some() && in_variable.is_some() {
        return refuse("password_env", "stands beside `password_file`", "leave one of them out");
    }
    let authorities =
        table.text("ca_file", r#""/etc/ssl/company.pem""#, |text| path(table, "ca_file", text))?;
    if authorities.is_some() && !url.value.is_tls() {
        return refuse(
            "ca_file",
            "is for a Redis over TLS",
            "leave it out, or write `rediss://` in place of `redis://` in `url`",
        );
    }
    let timeout = table.amount(&REDIS_TIMEOUT_RULE)?;
    Ok(RedisSection {
        url,
        password: in_file.or(in_variable),
        authorities,
        prefix: table.text("prefix", r#""toolrack:""#, |text| table.parsed("prefix", text))?,
        timeout: timeout
            .map(|Stated { value, place }| Stated { value: Duration::from_millis(value), place }),
    })
}
