//! `toolrack health`: whether a server over HTTP lives, asked as the health check of a container asks.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};
use clap::Args;
use http::StatusCode;

use super::counted;
use super::http_files::{certificate_file, expanded_socket};
use super::output::print::println;
use super::status::uptime::uptime;
use crate::catalog::PluginCounts;
use crate::configuration::{Configuration, HttpSection};
use crate::fs::stated::Stated;
use crate::manifest::{parse_duration, show_duration};
use crate::mcp::{
    AwaitedPart, HealthReport, PlaceUrl, ProbeAnswer, ProbeError, ProbedServer, ServerHealth,
    ServerPlace, own_certificate,
};
use crate::suggestion::CommandName;
use crate::text::{clip, escape};

/// The longest time that a person may give a server.
const MAX_HEALTH_TIME: Duration = Duration::from_mins(5);
/// The most bytes of what a server says that are repeated.
const MAX_REPEATED: usize = 200;

#[derive(Args)]
pub(super) struct HealthArguments {
    /// The server's URL, as in https://tools.example [default: the address under [http] in the configuration]
    #[arg(long, value_name = "URL", conflicts_with = "http")]
    url: Option<PlaceUrl>,
    /// The address that the server listens on, as `serve --http` takes it
    #[arg(long, value_name = "ADDRESS")]
    http: Option<ServerPlace>,
    /// The certificate that the server has to show, as `serve --tls-cert` takes it
    #[arg(long, value_name = "FILE")]
    tls_cert: Option<PathBuf>,
    /// The time that the answer may take, as in 3s or 500ms
    #[arg(long, value_name = "TIME", default_value = "3s", value_parser = time_limit)]
    timeout: Duration,
    /// Ask whether it is ready for clients, not whether it lives
    #[arg(long)]
    ready: bool,
}

/// A server that was asked, as messages name it.
struct AskedServer {
    shown: String,
    time: Duration,
}

impl HealthArguments {
    /// True if the configuration says nothing that counts.
    pub(super) fn names_all(&self) -> bool {
        self.url.is_some()
    }

    /// True if the configuration says at most which certificate the server has.
    pub(super) fn names_place(&self) -> bool {
        self.http.is_some()
    }
}

pub(super) fn run(
    arguments: HealthArguments,
    configuration: &Configuration,
) -> anyhow::Result<ExitCode> {
    let HealthArguments { url, http, tls_cert, timeout: time, ready } = arguments;
    let section = &configuration.http;
    let certificate = certificate_file(tls_cert, section)?;
    let own = certificate.as_ref().map(own_certificate).transpose()?;
    let server = match url {
        Some(url) => ProbedServer::of_url(url, own),
        None => ProbedServer::listening(place(http, section)?, own),
    };
    let (path, accept) = match ready {
        true => ("/readyz", "text/plain"),
        false => ("/health", "application/json"),
    };
    let asked = AskedServer { shown: escape(&server.shown(path)), time };
    let answer = server.ask(path, accept, AwaitedPart::Whole, time);
    let answer = answer.map_err(|error| asked.unanswered(&error))?;
    let said = match ready {
        true => asked.readiness(&answer)?,
        false => asked.health(&answer)?,
    };
    println!("{said}");
    Ok(ExitCode::SUCCESS)
}

/// Returns the place where a server listens that has these settings.
fn place(given: Option<ServerPlace>, section: &HttpSection) -> anyhow::Result<ServerPlace> {
    let (place, stated) = match (given, &section.address) {
        (Some(place), _) => (place, "--http".to_owned()),
        (None, Some(Stated { value, place })) => {
            let stated = format!("{place}: `address`");
            (value.parse().map_err(|error| anyhow!("{stated}: {error}"))?, stated)
        }
        (None, None) => bail!(
            "the configuration has no `address` under [http]; name the server with --url URL, or with --http ADDRESS as \
             `serve` takes it"
        ),
    };
    Ok(match place {
        ServerPlace::Unix(path) => ServerPlace::Unix(expanded_socket(path).context(stated)?),
        tcp @ ServerPlace::Tcp(..) => tcp,
    })
}

impl AskedServer {
    /// Returns what a server says of its health, on one line.
    fn health(&self, answer: &ProbeAnswer) -> anyhow::Result<String> {
        self.check_status(answer)?;
        let report = HealthReport::read(&answer.body).with_context(|| {
            format!(
                "{}: it answers 200, and not as toolrack does; another server is there, so name toolrack's with --url URL",
                self.shown
            )
        })?;
        let HealthReport { status, version, uptime_seconds, plugins, tools, .. } = report;
        let PluginCounts { serving, loading, refused, held } = plugins;
        let status = match status {
            ServerHealth::Ok => "ok",
            ServerHealth::Loading => "loading",
            ServerHealth::ShuttingDown => "shutting down",
        };
        let up = uptime(Duration::from_secs(uptime_seconds));
        let more = [(loading, "loading"), (refused, "refused"), (held, "held back")];
        let more = more.into_iter().filter(|(count, _)| *count > 0);
        let more: String = more.map(|(count, what)| format!(", {count} {what}")).collect();
        Ok(format!(
            "{status}, toolrack {}, up {up}, {}, {}{more}",
            escape(&version),
            counted(serving as u64, "plugin"),
            counted(tools as u64, "tool"),
        ))
    }

    /// Returns what a server that is ready says of its catalog.
    fn readiness(&self, answer: &ProbeAnswer) -> anyhow::Result<String> {
        if answer.status == StatusCode::SERVICE_UNAVAILABLE {
            bail!("{}: it is not ready: {}", self.shown, said(answer));
        }
        self.check_status(answer)?;
        let said = said(answer);
        match said.strip_prefix("ok ") {
            Some(catalog) => Ok(format!("ready, catalog {catalog}")),
            None => bail!(
                "{}: it answers 200, and not as toolrack does; another server is there, so name toolrack's with --url URL",
                self.shown
            ),
        }
    }

    fn check_status(&self, answer: &ProbeAnswer) -> anyhow::Result<()> {
        let (shown, status) = (&self.shown, answer.status.as_u16());
        match answer.status {
            StatusCode::OK => Ok(()),
            status_code if status_code.is_redirection() => bail!(
                "{shown}: it answers {status}, which leads elsewhere and is not followed; name the other URL with --url URL"
            ),
            StatusCode::NOT_FOUND => bail!(
                "{shown}: it answers 404, which toolrack does not: {}; name toolrack's own URL with --url URL",
                said(answer)
            ),
            _ => bail!("{shown}: it answers {status}: {}", said(answer)),
        }
    }

    /// Says why there is no answer, and what to do.
    fn unanswered(&self, error: &ProbeError) -> anyhow::Error {
        let status = CommandName::Status.alone();
        let advice = match error {
            ProbeError::Connect(_) | ProbeError::NoHttp | ProbeError::BrokenOff => {
                format!("`{status}` shows where the servers of this machine listen")
            }
            ProbeError::Tls(_) => "if it speaks no TLS, its URL begins with http://, and no certificate is configured".into(),
            ProbeError::Certificate(_) => "--tls-cert FILE names the certificate that it has to show".into(),
            ProbeError::AnotherCertificate(_) => {
                "--tls-cert FILE names the one that it has; the log says when it could not read a new one".into()
            }
            ProbeError::WantsCertificate => {
                "a client that has one can ask, such as `curl --cert FILE --key FILE`".into()
            }
            ProbeError::TooLarge => "another server is there, so name toolrack's with --url URL".into(),
            ProbeError::Late(_) if self.time == MAX_HEALTH_TIME => "look at its log".into(),
            ProbeError::Late(_) => "--timeout TIME gives it longer".into(),
            // Health is asked for without a token.
            ProbeError::Elsewhere | ProbeError::Host(_) => "look at the limits of this process".into(),
        };
        anyhow!("{}: {error}; {advice}", self.shown)
    }
}

/// Returns the first line of what a server says.
fn said(answer: &ProbeAnswer) -> String {
    let text = String::from_utf8_lossy(&answer.body);
    escape(clip(text.lines().next().unwrap_or_default().trim(), MAX_REPEATED))
}

fn time_limit(text: &str) -> Result<Duration, String> {
    let time = parse_duration(text).map_err(|error| error.to_string())?;
    let is_within = !time.is_zero() && time <= MAX_HEALTH_TIME;
    let most = show_duration(MAX_HEALTH_TIME);
    is_within.then_some(time).ok_or_else(|| format!("expected more than 0s, and {most} at most"))
}
