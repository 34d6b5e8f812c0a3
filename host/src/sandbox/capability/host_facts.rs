//! The facts that a plugin may know of this machine where its operator says so: each a key of `config` that is `true`,
//! and the variable that then tells it. A path may name a person and a zone a country, and a plugin can send what it
//! knows to every host that it may reach.

use std::collections::BTreeMap;

use super::folders::Folders;

const HOST_PATHS: &str = "TOOLRACK_HOST_PATHS";
const HOST_ZONE: &str = "TOOLRACK_HOST_ZONE";

/// A longer name is that of no zone.
const MAX_ZONE_NAME: usize = 64;

/// Adds to the variables of one call what its plugin may know.
pub(crate) fn add_to(
    env: &mut BTreeMap<String, String>,
    config: &BTreeMap<String, String>,
    folders: Option<&Folders>,
) {
    let may_know = |key| config.get(key).is_some_and(|value| value == "true");
    let paths = folders.and_then(Folders::host_paths);
    if let Some(paths) = paths.filter(|_| may_know("host_paths")) {
        env.insert(HOST_PATHS.into(), paths.to_owned());
    }
    // The zone is asked for at each call: a machine that travels is followed.
    if may_know("host_zone")
        && let Some(zone) = zone()
    {
        env.insert(HOST_ZONE.into(), zone);
    }
}

/// The name of this machine's time zone in the IANA database: that of the variable `TZ`, as for every program, else the
/// system's. `None` where neither says one.
fn zone() -> Option<String> {
    let variable = std::env::var("TZ").ok();
    let named = variable.as_deref().and_then(named).map(str::to_owned);
    named.or_else(|| iana_time_zone::get_timezone().ok()).filter(|name| is_name(name))
}

/// The zone that a value of `TZ` names: `Europe/Berlin`, `:Europe/Berlin`, or the path of its file. `:/etc/localtime`
/// is the system's.
fn named(variable: &str) -> Option<&str> {
    let name = variable.strip_prefix(':').unwrap_or(variable);
    let name = name.split_once("/zoneinfo/").map_or(name, |(_, name)| name);
    is_name(name).then_some(name)
}

/// True if a zone can have this name. The plugin knows which names zones have.
fn is_name(name: &str) -> bool {
    let usual = |byte: u8| byte.is_ascii_alphanumeric() || b"/_+-".contains(&byte);
    name.len() <= MAX_ZONE_NAME
        && name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name.bytes().all(usual)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_variable_tz_names_a_zone_in_several_ways() {
        let check = |variable: &str, expected: Option<&str>| {
            assert_eq!(named(variable), expected, "{variable}");
        };
        check("Europe/Berlin", Some("Europe/Berlin"));
        check(":Europe/Berlin", Some("Europe/Berlin"));
        check("/usr/share/zoneinfo/America/Port-au-Prince", Some("America/Port-au-Prince"));
        check("EST5EDT", Some("EST5EDT"));
        check("Etc/GMT+3", Some("Etc/GMT+3"));
        for other in [":/etc/localtime", "", ":", "<+03>-3", "CET-1CEST,M3.5.0,M10.5.0/3", "a\nb"] {
            check(other, None);
        }
        check(&"a".repeat(65), None);
    }
}
