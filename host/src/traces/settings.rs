//! The operator's choices for traces, as the standard variables of OpenTelemetry hold them.
//!
//! Pure: it is given the environment. Without an endpoint there are no traces, whatever else is set.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use http::{HeaderName, HeaderValue};

use super::endpoint::{CollectorUrl, UrlSignals};
use super::sampler::{RootSampling, Sampling};
use super::variables::Variables;

/// The variables that name an endpoint: the first is for traces alone, and wins.
const ENDPOINT_VARIABLES: [&str; 2] =
    ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"];
const COLLECTOR_HEADER_VARIABLES: [&str; 2] =
    ["OTEL_EXPORTER_OTLP_TRACES_HEADERS", "OTEL_EXPORTER_OTLP_HEADERS"];
const TIMEOUT_VARIABLES: [&str; 2] =
    ["OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "OTEL_EXPORTER_OTLP_TIMEOUT"];
const PROTOCOL_VARIABLES: [&str; 2] =
    ["OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"];
const COMPRESSION_VARIABLES: [&str; 2] =
    ["OTEL_EXPORTER_OTLP_TRACES_COMPRESSION", "OTEL_EXPORTER_OTLP_COMPRESSION"];
const CERTIFICATE_VARIABLES: [&str; 2] =
    ["OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE", "OTEL_EXPORTER_OTLP_CERTIFICATE"];
/// Variables that an operator may expect to count, and that do not.
const UNSUPPORTED_VARIABLES: [(&str, &str); 4] = [
    ("OTEL_EXPORTER_OTLP_CLIENT_KEY", "toolrack shows no certificate to a collector"),
    ("OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY", "toolrack shows no certificate to a collector"),
    ("OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", "toolrack shows no certificate to a collector"),
    (
        "OTEL_EXPORTER_OTLP_TRACES_CLIENT_CERTIFICATE",
        "toolrack shows no certificate to a collector",
    ),
];

/// The most headers, the longest of them in bytes, and headers that toolrack writes itself.
const MAX_COLLECTOR_HEADERS: usize = 32;
const MAX_COLLECTOR_HEADER: usize = 8 * 1024;
const COLLECTOR_OWN_HEADERS: [&str; 6] =
    ["host", "content-type", "content-length", "connection", "transfer-encoding", "user-agent"];
/// The most attributes of the resource, and the longest text of one in bytes.
const MAX_RESOURCE_ATTRIBUTES: usize = 64;
const MAX_RESOURCE_TEXT: usize = 1024;
/// The longest times, in milliseconds.
const MAX_TRACE_MILLISECONDS: u64 = 600_000;
/// Spans that wait at most, and spans of one request.
const MAX_SPAN_QUEUE: u64 = 65_536;
const MAX_SPAN_BATCH: u64 = 8192;

/// The choices.
#[derive(Clone, Debug)]
pub struct TraceSettings {
    pub(super) url: CollectorUrl,
    /// The headers that go along; their values may be secrets.
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
    /// The file of authorities that the collector's certificate may come from, beside the usual ones.
    pub(super) authorities: Option<PathBuf>,
    /// The attributes of the server, with its name.
    pub(super) resource: Vec<(String, String)>,
    pub(super) sampling: Sampling,
    pub(super) batches: BatchSettings,
}

/// The sizes and times by which spans are sent together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BatchSettings {
    /// The time that a span waits for others.
    pub(super) delay: Duration,
    /// The time that one request may take.
    pub(super) timeout: Duration,
    /// Spans that wait at most.
    pub(super) most_waiting: usize,
    /// Spans that are sent at once.
    pub(super) most_at_once: usize,
}

/// The choices that were found, and what is to be told of variables that cannot be used.
#[derive(Debug)]
pub struct FoundTraceSettings {
    /// The choices. `None` where there are to be no traces.
    pub settings: Option<TraceSettings>,
    /// Sentences for the operator, each of which names a variable.
    pub warnings: Vec<String>,
}

impl FoundTraceSettings {
    /// Reads the variables that `find` finds.
    #[must_use]
    pub fn read(find: impl Fn(&str) -> Option<OsString>) -> Self {
        let mut variables = Variables::new(&find);
        let settings = read(&mut variables);
        Self { settings, warnings: variables.warnings }
    }
}

fn read(variables: &mut Variables<'_>) -> Option<TraceSettings> {
    // Who wants none is told nothing of the rest.
    if variables.flag("OTEL_SDK_DISABLED") || !wants_otlp(variables) {
        return None;
    }
    let (endpoint, text) = variables.first_text(ENDPOINT_VARIABLES)?;
    let signals =
        if endpoint == ENDPOINT_VARIABLES[0] { UrlSignals::Traces } else { UrlSignals::All };
    let url = match CollectorUrl::parse(&text, signals) {
        Ok(url) => url,
        Err(expected) => {
            // The URL may hold a key.
            variables.warn(
                endpoint,
                &format!("cannot be used, so there are no traces: expected {expected}"),
            );
            return None;
        }
    };
    if let Some((name, protocol)) = variables.first_text(PROTOCOL_VARIABLES)
        && protocol != "http/protobuf"
    {
        let expected = "`http/protobuf`, so there are no traces; collectors take it at port 4318";
        variables.warn_of(name, &protocol, expected);
        return None;
    }
    if let Some((name, compression)) = variables.first_text(COMPRESSION_VARIABLES)
        && compression != "none"
    {
        variables.warn_of(name, &compression, "`none`; spans are sent as they are");
    }
    for (name, why) in UNSUPPORTED_VARIABLES {
        if variables.text(name).is_some() {
            variables.warn(name, &format!("is left out: {why}"));
        }
    }
    let headers = headers(variables);
    if url.is_in_the_clear() && !headers.is_empty() {
        variables.warn(
            endpoint,
            "has no TLS and leads to another machine: the headers and the spans travel in the clear; expected `https`",
        );
    }
    let authorities = variables.first_text(CERTIFICATE_VARIABLES).map(|(_, path)| path.into());
    let (resource, sampling) = (resource(variables), sampling(variables));
    let batches = batches(variables);
    Some(TraceSettings { url, headers, authorities, resource, sampling, batches })
}

/// True if spans are to be sent by OTLP, should there be an endpoint.
fn wants_otlp(variables: &mut Variables<'_>) -> bool {
    const NAME: &str = "OTEL_TRACES_EXPORTER";
    let Some(exporters) = variables.text(NAME) else { return true };
    match &*exporters {
        "otlp" => true,
        "none" => false,
        other => {
            variables.warn_of(NAME, other, "`otlp` or `none`; it counts as `otlp`");
            true
        }
    }
}

fn headers(variables: &mut Variables<'_>) -> Vec<(HeaderName, HeaderValue)> {
    let Some((name, text)) = variables.first_text(COLLECTOR_HEADER_VARIABLES) else {
        return Vec::new();
    };
    let mut headers: Vec<(HeaderName, HeaderValue)> = Vec::new();
    for (at, (key, value)) in variables.pairs(name, &text).into_iter().enumerate() {
        let place = at + 1;
        let read = (key.len() + value.len() <= MAX_COLLECTOR_HEADER
            && headers.len() < MAX_COLLECTOR_HEADERS)
            .then(|| {
                Some((HeaderName::try_from(&*key).ok()?, HeaderValue::try_from(&*value).ok()?))
            })
            .flatten()
            .filter(|(key, _)| !COLLECTOR_OWN_HEADERS.contains(&key.as_str()));
        match read {
            Some((key, mut value)) => {
                value.set_sensitive(true);
                headers.retain(|(other, _)| *other != key);
                headers.push((key, value));
            }
            // A mistyped list shows half of a secret as a key.
            None => variables.warn(
                name,
                &format!(
                    "has a pair that no header can be made of, the {place}. that has a `=`; expected at most {MAX_COLLECTOR_HEADERS} headers of at \
                     most {MAX_COLLECTOR_HEADER} bytes, none of them toolrack's own ({}); that one is left out",
                    COLLECTOR_OWN_HEADERS.join(", ")
                ),
            ),
        }
    }
    headers
}

fn resource(variables: &mut Variables<'_>) -> Vec<(String, String)> {
    const NAME: &str = "OTEL_RESOURCE_ATTRIBUTES";
    let given = variables.text(NAME).map(|text| variables.pairs(NAME, &text)).unwrap_or_default();
    let mut resource: Vec<(String, String)> = Vec::new();
    for (key, value) in given {
        if key.len() > MAX_RESOURCE_TEXT
            || value.len() > MAX_RESOURCE_TEXT
            || resource.len() >= MAX_RESOURCE_ATTRIBUTES
        {
            variables.warn(
                NAME,
                &format!(
                    "has more than can be kept; expected at most {MAX_RESOURCE_ATTRIBUTES} pairs, and at most {MAX_RESOURCE_TEXT} bytes for each key and \
                     value; the others are left out"
                ),
            );
            break;
        }
        resource.retain(|(other, _)| *other != key);
        resource.push((key, value));
    }
    let named = variables.text("OTEL_SERVICE_NAME");
    if let Some(mut name) = named {
        name.truncate(name.floor_char_boundary(MAX_RESOURCE_TEXT));
        resource.retain(|(key, _)| key != "service.name");
        resource.push(("service.name".into(), name));
    }
    resource
}

fn sampling(variables: &mut Variables<'_>) -> Sampling {
    const NAME: &str = "OTEL_TRACES_SAMPLER";
    let Some(name) = variables.text(NAME) else { return Sampling::default() };
    let (follows_parent, root) = match name.strip_prefix("parentbased_") {
        Some(root) => (true, root),
        None => (false, &*name),
    };
    let root = match root {
        "always_on" => RootSampling::All,
        "always_off" => RootSampling::None,
        "traceidratio" => RootSampling::Share(share(variables)),
        _ => {
            variables.warn_of(
                NAME,
                &name,
                "`always_on`, `always_off` or `traceidratio`, or one of them after `parentbased_`; `parentbased_always_on` is used instead",
            );
            return Sampling::default();
        }
    };
    Sampling { root, follows_parent }
}

fn share(variables: &mut Variables<'_>) -> f64 {
    const NAME: &str = "OTEL_TRACES_SAMPLER_ARG";
    let Some(text) = variables.text(NAME) else { return 1.0 };
    match text.parse::<f64>() {
        Ok(share) if (0.0..=1.0).contains(&share) => share,
        _ => {
            variables.warn_of(NAME, &text, "a share from 0 to 1, such as 0.1; 1 is used instead");
            1.0
        }
    }
}

fn batches(variables: &mut Variables<'_>) -> BatchSettings {
    let times = 1..=MAX_TRACE_MILLISECONDS;
    let delay = "OTEL_BSP_SCHEDULE_DELAY";
    let delay = variables.milliseconds([delay, delay], &times, 5000);
    let export = "OTEL_BSP_EXPORT_TIMEOUT";
    let export = variables.milliseconds([export, export], &times, 30_000);
    let timeout = variables.milliseconds(TIMEOUT_VARIABLES, &times, 10_000).min(export);
    let most_waiting = variables.number("OTEL_BSP_MAX_QUEUE_SIZE", &(1..=MAX_SPAN_QUEUE), 2048);
    let at_once = "OTEL_BSP_MAX_EXPORT_BATCH_SIZE";
    let at_once = variables.number(at_once, &(1..=MAX_SPAN_BATCH), 512).min(most_waiting);
    let size = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    BatchSettings { delay, timeout, most_waiting: size(most_waiting), most_at_once: size(at_once) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENDPOINT: (&str, &str) = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://localhost:4318");

    fn found(variables: &[(&str, &str)]) -> FoundTraceSettings {
        FoundTraceSettings::read(|name| {
            variables.iter().find(|(key, _)| *key == name).map(|(_, value)| OsString::from(value))
        })
    }

    #[test]
    fn there_are_no_traces_unless_an_endpoint_is_named() {
        for variables in [
            &[][..],
            &[("OTEL_EXPORTER_OTLP_ENDPOINT", " ")],
            &[("OTEL_TRACES_EXPORTER", "otlp"), ("OTEL_SERVICE_NAME", "x")],
            &[ENDPOINT, ("OTEL_SDK_DISABLED", "TRUE"), ("OTEL_BSP_SCHEDULE_DELAY", "x")],
            &[ENDPOINT, ("OTEL_TRACES_EXPORTER", "none")],
        ] {
            let found = found(variables);
            assert!(found.settings.is_none() && found.warnings.is_empty(), "{found:?}");
        }
    }

    #[test]
    fn the_usual_choices_are_those_of_the_specification() {
        let found = found(&[ENDPOINT]);
        assert_eq!(found.warnings, [""; 0]);
        let settings = found.settings.expect("an endpoint is named");
        assert_eq!(settings.url.to_string(), "http://localhost:4318/v1/traces");
        assert_eq!(settings.sampling, Sampling { root: RootSampling::All, follows_parent: true });
        let BatchSettings { delay, timeout, most_waiting, most_at_once } = settings.batches;
        assert_eq!((delay, timeout), (Duration::from_secs(5), Duration::from_secs(10)));
        assert_eq!((most_waiting, most_at_once), (2048, 512));
        assert!(settings.headers.is_empty() && settings.resource.is_empty());
    }

    #[test]
    fn what_is_for_traces_alone_wins_and_values_are_decoded() {
        let found = found(&[
            ENDPOINT,
            ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "https://otlp.example.org/v1/x"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "api-key=other"),
            ("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "Authorization=Bearer%20a%2Cb, x-tenant = 7"),
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "3000"),
            ("OTEL_BSP_EXPORT_TIMEOUT", "2000"),
            ("OTEL_BSP_MAX_QUEUE_SIZE", "100"),
            (
                "OTEL_RESOURCE_ATTRIBUTES",
                "service.name=old,deployment.environment.name=a%2Cb,k=1,k=2",
            ),
            ("OTEL_SERVICE_NAME", "tools"),
            ("OTEL_TRACES_SAMPLER", "traceidratio"),
            ("OTEL_TRACES_SAMPLER_ARG", "0.25"),
        ]);
        assert_eq!(found.warnings, [""; 0]);
        let settings = found.settings.expect("an endpoint is named");
        assert_eq!(settings.url.to_string(), "https://otlp.example.org/...");
        assert_eq!(&*settings.url.path, "/v1/x");
        let headers: Vec<_> =
            settings.headers.iter().map(|(key, value)| (key.as_str(), value.as_bytes())).collect();
        assert_eq!(headers, [("authorization", &b"Bearer a,b"[..]), ("x-tenant", b"7")]);
        assert!(!format!("{settings:?}").contains("Bearer"), "{settings:?}");
        assert_eq!(settings.batches.timeout, Duration::from_secs(2));
        assert_eq!((settings.batches.most_waiting, settings.batches.most_at_once), (100, 100));
        let resource =
            [("deployment.environment.name", "a,b"), ("k", "2"), ("service.name", "tools")];
        let resource = resource.map(|(key, value)| (key.to_owned(), value.to_owned()));
        assert_eq!(settings.resource, resource);
        let sampling = Sampling { root: RootSampling::Share(0.25), follows_parent: false };
        assert_eq!(settings.sampling, sampling);
    }

    #[test]
    fn a_value_that_cannot_be_used_is_told_with_its_variable_and_what_was_expected() {
        for (name, value, expected, has_traces) in [
            (
                "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
                "collector:4318",
                "expected a URL with `http`",
                false,
            ),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc", "expected `http/protobuf`", false),
            ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "http/json", "expected `http/protobuf`", false),
            ("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip", "expected `none`", true),
            ("OTEL_EXPORTER_OTLP_CLIENT_KEY", "k.pem", "is left out", true),
            ("OTEL_TRACES_EXPORTER", "zipkin", "expected `otlp` or `none`", true),
            ("OTEL_SDK_DISABLED", "yes", "expected `true` or `false`", true),
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "10s", "expected a whole number from 1 to 600000", true),
            ("OTEL_BSP_SCHEDULE_DELAY", "0", "expected a whole number from 1 to 600000", true),
            ("OTEL_BSP_MAX_QUEUE_SIZE", "1e9", "expected a whole number from 1 to 65536", true),
            (
                "OTEL_BSP_MAX_EXPORT_BATCH_SIZE",
                "-1",
                "expected a whole number from 1 to 8192",
                true,
            ),
            ("OTEL_TRACES_SAMPLER", "jaeger_remote", "expected `always_on`", true),
            ("OTEL_RESOURCE_ATTRIBUTES", "a=b,oops", "as number 2 of its list", true),
        ] {
            let found = found(&[ENDPOINT, (name, value)]);
            let [warning] = &*found.warnings else { panic!("{name} {found:?}") };
            assert!(warning.starts_with(name) && warning.contains(expected), "{warning}");
            assert_eq!(found.settings.is_some(), has_traces, "{name}");
        }
        let ratio = ("OTEL_TRACES_SAMPLER", "parentbased_traceidratio");
        for wrong in ["1.5", "-0", "NaN", "10%"] {
            let found = found(&[ENDPOINT, ratio, ("OTEL_TRACES_SAMPLER_ARG", wrong)]);
            assert_eq!(found.warnings.is_empty(), wrong == "-0", "{wrong} {found:?}");
        }
    }

    #[test]
    fn no_warning_shows_what_a_header_or_a_url_holds() {
        let secret = "s3cr3t";
        for (name, value) in [
            ("OTEL_EXPORTER_OTLP_HEADERS", secret.to_owned()),
            ("OTEL_EXPORTER_OTLP_HEADERS", format!("a b={secret}")),
            ("OTEL_EXPORTER_OTLP_HEADERS", format!("{secret} x=1")),
            ("OTEL_EXPORTER_OTLP_HEADERS", format!("key={secret}\n")),
            ("OTEL_EXPORTER_OTLP_HEADERS", format!("key={secret}%0a")),
            ("OTEL_EXPORTER_OTLP_HEADERS", format!("host={secret}")),
            ("OTEL_EXPORTER_OTLP_HEADERS", format!("key={}", secret.repeat(10_000))),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", format!("https://u:{secret}@example.org")),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", format!("https://example.org/?k={secret}#")),
        ] {
            let found = found(&[(name, &value), ENDPOINT]);
            assert!(!found.warnings.join("\n").contains(secret), "{:?}", found.warnings);
            let trimmed = value.ends_with('\n');
            assert!(trimmed || !found.warnings.is_empty(), "{name} {value:.40}");
        }
        let clear = [
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "k=v"),
        ];
        assert!(found(&clear).warnings[0].contains("travel in the clear"));
    }
}
