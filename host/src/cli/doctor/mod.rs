//! `toolrack doctor`: what usually goes wrong, looked at in one go.
//!
//! Each check is a function from what is examined to findings. None waits for longer than a few seconds, and none
//! changes anything that others see.

mod examined;
mod finding;
mod clients;
mod directories;
mod issuers;
mod own_directory;
mod plugins;
mod redis;
mod secrets;
mod servers;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::time::Duration;

use serde_json::json;

use super::configured_files::LooseConfiguration;
use super::http_files::configured_certificate;
use super::output::print::println;
use super::register::server_entry;
use super::serving::audit_problem;
use super::setup::Setup;
use super::{counted, print_json};
pub(super) use directories::loose_files;
use examined::Examined;
use finding::{Finding, Level};

/// The time that one check is waited for: file systems and keyrings may not answer at all.
const CHECK_TIMEOUT: Duration = Duration::from_secs(8);

const CONFIGURATION_TOPIC: &str = "configuration";

type Check = (&'static str, Box<dyn FnOnce() -> Vec<Finding> + Send>);

pub(super) fn run(setup: Setup, as_json: bool) -> anyhow::Result<ExitCode> {
    let auth = setup.configuration.auth.as_ref();
    let issuers = auth.into_iter().flat_map(|auth| auth.settings.issuers()).cloned().collect();
    let redis = setup.configuration.redis.as_ref();
    let absolute = |path: &PathBuf| std::path::absolute(path).unwrap_or_else(|_| path.clone());
    let examined = Arc::new(Examined {
        directories: setup.plugins.iter().map(absolute).collect(),
        home: setup.home.clone(),
        configured: setup.configured.clone(),
        audit_problem: audit_problem(&setup.configuration.serve),
        issuers,
        redis: redis.map(|redis| redis.load().map_err(|error| error.to_string())),
        // One that cannot be read is told where a server is started.
        certificate: configured_certificate(&setup.configuration.http).ok().flatten(),
        entry: server_entry(&setup),
    });
    let mut findings = Vec::new();
    for (topic, check) in checks(&examined) {
        findings.extend(within(topic, check));
    }
    let (loaded, found) = plugins::check(setup, &examined)?;
    findings.extend(found);
    let servers = {
        let examined = examined.clone();
        move || servers::check(&examined, loaded.as_ref())
    };
    findings.extend(within("servers", Box::new(servers)));
    report(&findings, as_json)
}

/// The checks that need nothing of each other.
fn checks(examined: &Arc<Examined>) -> Vec<Check> {
    let with = |check: fn(&Examined) -> Vec<Finding>| -> Box<dyn FnOnce() -> Vec<Finding> + Send> {
        let examined = examined.clone();
        Box::new(move || check(&examined))
    };
    vec![
        ("program", with(clients::check_program)),
        ("clients", with(clients::check)),
        ("plugin directory", with(directories::check)),
        ("toolrack's directory", with(own_directory::check)),
        (CONFIGURATION_TOPIC, with(check_configuration)),
        ("secrets", with(secrets::check)),
        ("authorization servers", with(issuers::check)),
        ("Redis", with(redis::check)),
    ]
}

/// The files of the configuration: nobody else's to change, and secret where they have to be.
fn check_configuration(examined: &Examined) -> Vec<Finding> {
    let loose = examined.configured.loose().into_iter();
    let loose = loose.map(|LooseConfiguration { problem, advice }| {
        Finding::wrong(CONFIGURATION_TOPIC, problem, advice)
    });
    let audit = examined.audit_problem.iter().map(|problem| {
        let advice = "`serve` does not start with it";
        Finding::wrong(CONFIGURATION_TOPIC, problem.clone(), advice)
    });
    loose.chain(audit).collect()
}

/// Runs a check on a thread that is left behind where it does not end.
fn within(topic: &'static str, check: Box<dyn FnOnce() -> Vec<Finding> + Send>) -> Vec<Finding> {
    let (answer, answered) = sync_channel(1);
    // The receiver may have given up.
    let checking = std::thread::Builder::new().spawn(move || _ = answer.send(check()));
    let found = checking.ok().and_then(|_| answered.recv_timeout(CHECK_TIMEOUT).ok());
    found.unwrap_or_else(|| {
        let seconds = CHECK_TIMEOUT.as_secs();
        let text = format!("nothing could be found out within {seconds} s");
        vec![Finding::wrong(topic, text, "look for a file system or keyring that does not answer")]
    })
}

fn report(findings: &[Finding], as_json: bool) -> anyhow::Result<ExitCode> {
    let wrong = findings.iter().filter(|finding| finding.level == Level::Wrong).count();
    if as_json {
        print_json(&json!({ "isWrong": wrong > 0, "findings": findings }))?;
    } else {
        findings.iter().for_each(Finding::print);
        match wrong {
            0 => println!("nothing is wrong"),
            1 => println!("1 thing is wrong"),
            many => println!("{} are wrong", counted(many as u64, "thing")),
        }
    }
    Ok(if wrong > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
