//! The grants of a plugin, in words for people and as JSON: the same for every command.

use serde_json::{Value, json};

use crate::manifest::{
    Access, FileGrant, Grant, GrantKind, Grants, HostPattern, NetworkGrant, Scheme, SecretPlace,
};
use crate::secret_places::shown_value;
use crate::text::escape;
use crate::typed_path;

/// One line for each thing that `grants` allow, and one for what they do not.
pub(crate) fn words(grants: &Grants) -> Vec<String> {
    let (mut lines, mut variables, mut told) = (Vec::new(), Vec::new(), Vec::new());
    let mut secrets = Vec::new();
    for grant in grants.iter() {
        match grant {
            Grant::Files(grant) => lines.push(file(grant)),
            Grant::Scratch(at) => lines.push(format!(
                "each call has an empty directory of its own, removed afterwards, as {}",
                escape(at)
            )),
            Grant::Network(grant) => lines.push(request(grant) + &exceptions(grant)),
            Grant::Env { name, value: _ } => variables.push(name),
            Grant::Secret(secret) => secrets.push(format!("it is told the secret {secret}")),
            Grant::Config { key, value } => {
                told.push(format!("{} = {}", escape(key), escape(shown_value(key, value))));
            }
        }
    }
    if !variables.is_empty() {
        lines.push(format!("it sees the variables {}", variables.join(", ")));
    }
    lines.extend(secrets);
    if !told.is_empty() {
        lines.push(format!("it is told: {}", told.join(", ")));
    }
    lines.extend(grants.withheld.iter().map(|path| format!("it does not see {}", escape(path))));
    lines.extend(lacking(grants));
    lines
}

fn file(grant: &FileGrant) -> String {
    let may = match grant.access {
        Access::Read => "read",
        Access::Write => "read and change",
    };
    let (path, at) = (escape(&grant.path), escape(&grant.at));
    let is_there = typed_path::expanded(&grant.path).is_ok_and(|path| path.is_dir());
    let when = if is_there { "" } else { ", once there is such a directory" };
    format!("it may {may} {path}, as {at}{when}")
}

fn request(grant: &NetworkGrant) -> String {
    if grant.host == HostPattern::Public {
        return format!(
            "it may send requests to every public server of the web ({grant}), and so send there whatever it sees"
        );
    }
    let Some(secret) = &grant.secret else { return format!("it may send requests to {grant}") };
    let clear = if grant.scheme == Scheme::Http { ", unencrypted" } else { "" };
    let without = if secret.is_optional { " where it has a value" } else { "" };
    format!(
        "it may send requests to {grant}, with the secret {} added by toolrack{without}{clear}",
        secret.name
    )
}

/// The hosts that were taken away.
fn exceptions(grant: &NetworkGrant) -> String {
    let except: Vec<_> = grant.exceptions().collect();
    if except.is_empty() { String::new() } else { format!(", but not to {}", except.join(", ")) }
}

/// The kinds of grants in the order in which people read of them.
const READ_ORDER: [GrantKind; GrantKind::ALL.len()] = [
    GrantKind::Files,
    GrantKind::Network,
    GrantKind::Env,
    GrantKind::Scratch,
    GrantKind::Secret,
    GrantKind::Config,
];

/// The words for a kind of which nothing is granted. `None` where that goes without saying.
fn absence(kind: GrantKind) -> Option<&'static str> {
    match kind {
        GrantKind::Files => Some("no files"),
        GrantKind::Network => Some("no network"),
        GrantKind::Env => Some("no environment"),
        GrantKind::Scratch | GrantKind::Secret | GrantKind::Config => None,
    }
}

fn lacking(grants: &Grants) -> Option<String> {
    let none = READ_ORDER.into_iter().filter(|kind| !grants.has_kind(*kind));
    let none: Vec<_> = none.filter_map(absence).collect();
    let (last, before) = none.split_last()?;
    let before = if before.is_empty() { "".into() } else { format!("{} and ", before.join(", ")) };
    Some(format!("it can reach {before}{last}"))
}

/// The same for programs. Values of variables are left out, as in words.
pub(crate) fn report(grants: &Grants) -> Value {
    let (mut network, mut files, mut secrets) = (Vec::new(), Vec::new(), Vec::new());
    let (mut env, mut config, mut scratch) = (Vec::new(), serde_json::Map::new(), None);
    for grant in grants.iter() {
        match grant {
            Grant::Network(grant) => network.push(origin(grant)),
            Grant::Files(FileGrant { path, at, access }) => {
                let access = match access {
                    Access::Read => "read",
                    Access::Write => "write",
                };
                files.push(json!({ "path": path, "at": at, "access": access }));
            }
            Grant::Scratch(at) => scratch = Some(at),
            Grant::Env { name, value: _ } => env.push(name),
            Grant::Secret(name) => secrets.push(name.as_str()),
            Grant::Config { key, value } => {
                _ = config.insert(key.into(), shown_value(key, value).into())
            }
        }
    }
    json!({
        "network": network,
        "files": files,
        "scratch": scratch,
        "env": env,
        "secrets": secrets,
        "config": config,
        "withheld": grants.withheld,
    })
}

fn origin(grant: &NetworkGrant) -> Value {
    let mut item = json!({ "url": grant.to_string() });
    if !grant.except.is_empty() {
        item["except"] = grant.exceptions().collect::<Vec<_>>().into();
    }
    let Some(secret) = &grant.secret else { return item };
    item["secret"] = secret.name.as_str().into();
    if secret.is_optional {
        item["optional"] = true.into();
    }
    match &secret.place {
        SecretPlace::Header { name, .. } => item["header"] = (**name).into(),
        SecretPlace::Query { name } => item["query"] = (**name).into(),
    }
    item
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::Manifest;

    fn grants(manifest: &str) -> Grants {
        Manifest::parse("a.toml", manifest).expect("a manifest").grants
    }

    #[test]
    fn every_grant_is_a_line_and_so_is_what_is_not_granted() {
        let all = grants(
            r#"[grants]
            files = [{ path = "~/no such notes", at = "/notes" }, { path = "$NO_SUCH_X", at = "/x", access = "write" }]
            network = ["https://*.example.org", "https://*",
                { url = "https://api.github.com", secret = "GITHUB_TOKEN", header = "Authorization" },
                { url = "http://127.0.0.1:80", secret = "TOKEN", query = "key" }]
            secrets = ["OTHER"]
            scratch = "/tmp"
            env = { LANG = "C", TZ = "UTC" }
            config = { units = "metric" }"#,
        );
        let expected = [
            "it may read ~/no such notes, as /notes, once there is such a directory",
            "it may read and change $NO_SUCH_X, as /x, once there is such a directory",
            "each call has an empty directory of its own, removed afterwards, as /tmp",
            "it may send requests to https://*.example.org",
            "it may send requests to every public server of the web (https://*), and so send there whatever it sees",
            "it may send requests to https://api.github.com, with the secret GITHUB_TOKEN added by toolrack",
            "it may send requests to http://127.0.0.1, with the secret TOKEN added by toolrack, unencrypted",
            "it sees the variables LANG, TZ",
            "it is told the secret OTHER",
            "it is told: units = metric",
        ];
        assert_eq!(words(&all), expected);
        let report = report(&all);
        assert_eq!(report["files"][1]["access"], "write");
        assert_eq!(report["network"][2]["header"], "authorization");
        assert_eq!(report["network"][3]["query"], "key");
        assert_eq!(report["env"], json!(["LANG", "TZ"]));
    }

    #[test]
    fn what_is_lacking_is_said() {
        let nothing = "it can reach no files, no network and no environment";
        assert_eq!(words(&Grants::default()), [nothing]);
        let some = grants(r#"grants.env = { LANG = "C" }"#);
        assert_eq!(words(&some)[1], "it can reach no files and no network");
        let most = grants("[grants]\nenv.A = \"b\"\nnetwork = [\"https://a.example\"]");
        assert_eq!(words(&most)[2], "it can reach no files");
    }
}
