//! `toolrack serve`: what its flags say over the configuration.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};

use super::arguments::{HttpArguments, ServeFlags};
use super::audit_options::{audit_settings, flagged_audit};
use super::http_files::{certificate_file, expanded_socket, file};
use super::logger;
use super::setup::Setup;
use crate::audit::AuditLog;
use crate::configuration::{
    AuthSection, Configuration, FileSecrecy, HttpSection, RedisSection, ServeSection,
};
use crate::fs::stated::Stated;
use crate::home::Home;
use crate::manifest::{Bytes, RESULT_CACHE_RULE};
use crate::mcp::{HttpAddress, SessionKeyFiles, TlsFiles};
use crate::reload::Optimizing;
use crate::serve::{HttpOptions, MetricsOptions, Options, ServeError};
#[cfg(feature = "otlp")]
use crate::traces::{FoundTraceSettings, TraceSettings};

/// The time that requests over HTTP have to end where nothing else is said.
const USUAL_GRACE: Duration = Duration::from_secs(10);

/// Returns the options of a server: what the flags say, and where they say nothing, the configuration.
pub(super) fn options(
    flags: &ServeFlags,
    http: HttpArguments,
    setup: Setup,
) -> anyhow::Result<Options> {
    let Setup { plugins, compiler, locking, protected, policy, home, configuration, .. } = setup;
    let serve = &configuration.serve;
    let value = |stated: &Option<Stated<bool>>| stated.as_ref().map(|stated| stated.value);
    // Flags that say over what is served leave nothing of that to the configuration.
    let (is_asked, is_stdio_asked) = (http.http.is_some() || http.stdio, http.stdio);
    let flagged = flagged_files(flags, &http).into_iter().map(|(path, _)| path);
    let metrics = flags.metrics.or(serve.metrics.as_ref().map(|stated| stated.value));
    let metrics = metrics.map(|address| {
        let hosts = given_or(http.http_host.clone(), configuration.http.hosts.as_ref());
        MetricsOptions { address, hosts }
    });
    let has_metrics = metrics.is_some();
    let http = http_options(http, &configuration.http, configuration.auth.as_ref(), has_metrics)?;
    let stdio = match is_asked {
        true => is_stdio_asked,
        false => http.is_none() || value(&serve.stdio).unwrap_or(false),
    };
    let no_optimize = flags.no_optimize || value(&serve.optimize) == Some(false);
    let page = flags.page_size.or(serve.page_size.as_ref().map(|stated| stated.value));
    let audit = audit_settings(flags.audit.as_deref(), serve)?;
    let redis = configuration.redis.as_ref().map(RedisSection::load).transpose()?;
    let result_cache = serve.result_cache.as_ref().map(|stated| stated.value);
    #[cfg(not(feature = "otlp"))]
    tell_of_no_traces();
    Ok(Options {
        plugins,
        locking,
        optimizing: if no_optimize { Optimizing::Never } else { Optimizing::InBackground },
        compiler,
        protected: protected.and_configuration(flagged),
        policy,
        page,
        stdio,
        http,
        metrics,
        audit,
        #[cfg(feature = "otlp")]
        traces: traces(),
        result_cache: result_cache.unwrap_or(Bytes::new(RESULT_CACHE_RULE.default)),
        redis,
        home,
    })
}

/// Returns the traces that the environment asks for, and tells of what it asks for in vain.
#[cfg(feature = "otlp")]
fn traces() -> Option<TraceSettings> {
    let FoundTraceSettings { settings, warnings } =
        FoundTraceSettings::read(|name| std::env::var_os(name));
    warnings.iter().for_each(|warning| tracing::warn!("{warning}"));
    settings
}

/// Tells whoever asks for traces that this toolrack sends none.
#[cfg(not(feature = "otlp"))]
fn tell_of_no_traces() {
    let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    for name in ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"] {
        if is_set(name) {
            tracing::warn!(
                "{name} has no effect: this toolrack was built without the feature `otlp`"
            );
        }
    }
}

/// Returns the files that flags name. Each flag is named here, so that none that is added can be forgotten.
pub(super) fn flagged_files(
    serve: &ServeFlags,
    flags: &HttpArguments,
) -> Vec<(PathBuf, FileSecrecy)> {
    let ServeFlags { page_size: _, metrics: _, audit, no_optimize: _ } = serve;
    let HttpArguments {
        // It may name a socket, in which no bytes lie.
        http: _,
        stdio: _,
        tls_cert,
        tls_key,
        client_ca,
        http_host: _,
        allow_origin: _,
        allow_unauthenticated: _,
        grace: _,
        drain_delay: _,
    } = flags;
    let all = [
        (tls_cert, FileSecrecy::Public),
        (tls_key, FileSecrecy::Secret),
        (client_ca, FileSecrecy::Public),
    ];
    let named = all.into_iter().filter_map(|(path, secrecy)| Some((path.clone()?, secrecy)));
    named.chain(flagged_audit(audit.as_deref())).collect()
}

/// Returns every reason for which `serve` would refuse the configuration, with its place. Blocks.
pub(super) fn problems(configuration: &Configuration, home: Option<&Home>) -> Vec<String> {
    let mut problems = Vec::new();
    if let Some(Stated { value, place }) = &configuration.serve.log
        && let Err(error) = logger::check(value)
    {
        problems.push(format!("{place}: `log`: {error:#}"));
    }
    problems.extend(audit_problem(&configuration.serve));
    if let Some(Err(error)) = configuration.redis.as_ref().map(RedisSection::load) {
        problems.push(error.to_string());
    }
    let section = &configuration.http;
    // Without an address, the flag would give one, and the files would count.
    let http = section.address.is_none().then(|| HttpAddress::Tcp(([127, 0, 0, 1], 0).into()));
    let flags = HttpArguments { http, ..HttpArguments::default() };
    let has_metrics = configuration.serve.metrics.is_some();
    match http_options(flags, section, configuration.auth.as_ref(), has_metrics) {
        Ok(options) => {
            let found = options.iter().flat_map(|options| options.problems(home));
            let address = section.address.as_ref().map(|address| &address.place);
            problems.extend(found.map(|problem| match (&problem, address) {
                (ServeError::Unauthenticated { .. }, Some(place)) => format!("{place}: {problem}"),
                _ => problem.to_string(),
            }));
        }
        Err(error) => problems.push(format!("{error:#}")),
    }
    problems
}

/// Returns what is wrong with the audit log of this section, if anything is.
pub(super) fn audit_problem(section: &ServeSection) -> Option<String> {
    let place = section.audit.as_ref().map(|stated| &stated.place);
    let settings = match audit_settings(None, section) {
        Ok(settings) => settings?,
        Err(error) => return Some(format!("{error:#}")),
    };
    let error = AuditLog::check(&settings).err()?;
    Some(place.map_or_else(|| error.to_string(), |place| format!("{place}: `audit`: {error}")))
}

/// Returns the options of a server over HTTP. `None` where none is asked for.
fn http_options(
    flags: HttpArguments,
    section: &HttpSection,
    auth: Option<&AuthSection>,
    has_metrics: bool,
) -> anyhow::Result<Option<HttpOptions>> {
    let HttpArguments {
        http,
        stdio,
        tls_cert,
        tls_key,
        client_ca,
        http_host,
        allow_origin,
        allow_unauthenticated,
        grace,
        drain_delay,
    } = flags;
    let configured = section.address.as_ref().filter(|_| !stdio);
    let address = match (http, configured) {
        (Some(address), _) => in_full(address).context("--http")?,
        (None, Some(Stated { value, place })) => {
            let address: Result<HttpAddress, _> = value.parse();
            let address = address.map_err(|error| anyhow!("{place}: `address`: {error}"))?;
            in_full(address).with_context(|| format!("{place}: `address`"))?
        }
        (None, None) => {
            let unused = [
                // Metrics are served over HTTP, too.
                (!http_host.is_empty() && !has_metrics, "--http-host"),
                (!allow_origin.is_empty(), "--allow-origin"),
                (allow_unauthenticated, "--allow-unauthenticated"),
                (grace.is_some(), "--grace"),
                (drain_delay.is_some(), "--drain-delay"),
                (tls_cert.is_some(), "--tls-cert"),
                (tls_key.is_some(), "--tls-key"),
                (client_ca.is_some(), "--client-ca"),
            ];
            if let Some((_, flag)) = unused.into_iter().find(|(is_given, _)| *is_given) {
                bail!("{flag} is about HTTP, and nothing is served over it; add --http ADDRESS");
            }
            return Ok(None);
        }
    };
    let tls = tls_files(
        certificate_file(tls_cert, section)?,
        file(tls_key, "--tls-key", section.tls_key.as_ref(), "tls_key")?,
        file(client_ca, "--client-ca", section.client_ca.as_ref(), "client_ca")?,
    )?;
    if let Some(auth) = auth.filter(|_| allow_unauthenticated) {
        bail!(
            "--allow-unauthenticated lets everybody in, and {}: [auth] wants a token from everybody; leave one of them out",
            auth.place
        );
    }
    let stated = section.allow_unauthenticated.as_ref().is_some_and(|stated| stated.value);
    let configured_grace = section.grace.as_ref().map(|stated| stated.value);
    let configured_delay = section.drain_delay.as_ref().map(|stated| stated.value);
    Ok(Some(HttpOptions {
        address,
        hosts: given_or(http_host, section.hosts.as_ref()),
        origins: given_or(allow_origin, section.origins.as_ref()),
        allow_unauthenticated: allow_unauthenticated || stated,
        grace: grace.map(Duration::from_secs).or(configured_grace).unwrap_or(USUAL_GRACE),
        drain_delay: drain_delay.map(Duration::from_secs).or(configured_delay).unwrap_or_default(),
        session_keys: SessionKeyFiles {
            first: file(None, "", section.session_key_file.as_ref(), "session_key_file")?,
            second: file(
                None,
                "",
                section.second_session_key_file.as_ref(),
                "second_session_key_file",
            )?,
        },
        tls,
        page: section.page.as_ref().is_none_or(|stated| stated.value),
        rate_of_one: section.client_rate.as_ref().map(|stated| stated.value),
        calls_of_one: section.client_calls.as_ref().map(|stated| stated.value),
        oauth: auth.map(AuthSection::load).transpose()?,
    }))
}

/// The address with the path of its socket in full, if it has one: no shell expands what stands behind `unix:`.
fn in_full(address: HttpAddress) -> anyhow::Result<HttpAddress> {
    match address {
        HttpAddress::Unix(path) => Ok(HttpAddress::Unix(expanded_socket(path)?)),
        tcp @ HttpAddress::Tcp(_) => Ok(tcp),
    }
}

/// The files of TLS. `None` if there is none.
fn tls_files(
    certificate: Option<Stated<PathBuf>>,
    key: Option<Stated<PathBuf>>,
    client_ca: Option<Stated<PathBuf>>,
) -> anyhow::Result<Option<TlsFiles>> {
    match (certificate, key, client_ca) {
        (Some(certificate), Some(key), client_ca) => {
            Ok(Some(TlsFiles { certificate, key, client_ca }))
        }
        (Some(Stated { place, .. }), None, _) => {
            bail!("{place}: a certificate needs its key: --tls-key FILE, or `tls_key` under [http]")
        }
        (None, Some(Stated { place, .. }), _) => {
            bail!(
                "{place}: a key needs its certificate: --tls-cert FILE, or `tls_cert` under [http]"
            )
        }
        (None, None, Some(Stated { place, .. })) => bail!(
            "{place}: clients show certificates over TLS alone: add --tls-cert FILE and --tls-key FILE"
        ),
        (None, None, None) => Ok(None),
    }
}

fn given_or<T: Clone>(given: Vec<T>, stated: Option<&Stated<Vec<T>>>) -> Vec<T> {
    match (given.is_empty(), stated) {
        (true, Some(stated)) => stated.value.clone(),
        _ => given,
    }
}
