//! Servers that run: another version, or other plugins than lie in the directory.

use super::examined::Examined;
use super::finding::Finding;
use super::plugins::Versions;
use crate::cli::status::audit_trouble;
use crate::status::{Server, Status, Told, servers};
use crate::suggestion::CommandName;
use crate::text::escape;

const SERVERS_TOPIC: &str = "servers";
const OWN_VERSION: &str = env!("CARGO_PKG_VERSION");

/// `held` is what the directories hold, where all of it is known.
pub(super) fn check(examined: &Examined, held: Option<&Versions>) -> Vec<Finding> {
    let Some(home) = &examined.home else { return Vec::new() };
    match servers(&home.run()) {
        Ok(servers) => servers
            .iter()
            .flat_map(|server| look(server, examined, held).into_iter().chain(audit(server)))
            .collect(),
        Err(error) => vec![Finding::wrong(SERVERS_TOPIC, escape(&error.to_string()), "")],
    }
}

/// The trouble of a server with its audit log, if it has any.
fn audit(server: &Server) -> Option<Finding> {
    let Told::Status(status) = &server.told else { return None };
    let said = audit_trouble(status.audit.as_ref()?)?;
    let text = format!("server {}: {said}", server.place.pid());
    let advice = "lines that wait are lost where the server is killed: make room, or give back the right to write";
    Some(Finding::wrong(SERVERS_TOPIC, text, advice))
}

fn look(server: &Server, examined: &Examined, held: Option<&Versions>) -> Option<Finding> {
    let pid = server.place.pid();
    let status = match &server.told {
        Told::Nothing => return None,
        Told::Unreadable(_) => {
            let text = format!("server {pid} is of another version: it cannot be understood");
            return Some(Finding::wrong(SERVERS_TOPIC, text, "start its client anew"));
        }
        Told::Status(status) => status,
    };
    if status.version != OWN_VERSION {
        let version = escape(&status.version);
        let text = format!("server {pid} is toolrack {version}, and this is {OWN_VERSION}");
        return Some(Finding::wrong(SERVERS_TOPIC, text, "start its client anew"));
    }
    let serves_all = examined.directories.iter().all(|directory| status.serves(directory));
    if !serves_all || status.directories.len() != examined.directories.len() {
        let others: Vec<_> = status.directories.iter().map(|path| escape(path)).collect();
        let text = format!("server {pid} serves {}", others.join(", "));
        return Some(Finding::note(
            SERVERS_TOPIC,
            text,
            "look at it with --plugins and that directory",
        ));
    }
    let differing = held.map(|held| differing(status, held)).unwrap_or_default();
    if differing.is_empty() || status.published_ms.is_none() || !status.loading.is_empty() {
        return Some(Finding::ok(
            SERVERS_TOPIC,
            format!("server {pid} serves the plugin directory"),
        ));
    }
    let text =
        format!("server {pid} serves other versions than lie there: {}", differing.join(", "));
    Some(Finding::wrong(
        SERVERS_TOPIC,
        text,
        format!("`{}` says why; start its client anew if it does not", CommandName::Status.alone()),
    ))
}

/// The plugins of which a server and the directories have different versions.
fn differing(status: &Status, held: &Versions) -> Vec<String> {
    let served: Versions =
        status.plugins.iter().map(|one| (one.name.clone(), one.sha256.clone())).collect();
    let names = served.keys().chain(held.keys().filter(|name| !served.contains_key(*name)));
    names.filter(|name| served.get(*name) != held.get(*name)).map(|name| escape(name)).collect()
}
