//! `requires` in `[[tools]]`: what a tool can only fail without.
//!
//! Whether a secret has a value is not known here.

use std::fmt;

use super::error::{Fault, quote};
use super::grant_name::{GrantKind, GrantName};
use super::keys::Section::Tool;
use super::table::Text;
use super::{Access, Grants, HostPattern, NetworkGrant, SecretName};

/// Requirements of one tool.
const MAX_REQUIRES: usize = 16;
/// What only a directory that may be changed meets.
const WRITE: &str = "files:write";

/// What a tool can only fail without.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Requirement {
    /// A grant of this name, or one that covers it.
    Grant(GrantName),
    /// A directory that it may change.
    Write,
}

/// Checks the list of one tool.
pub(super) fn read(raw: &[Text<'_>]) -> Result<Vec<Requirement>, Fault> {
    if let Some(one_more) = raw.get(MAX_REQUIRES) {
        let message = format!("{}: expected at most {MAX_REQUIRES}", Tool.place("requires"));
        return Err(Fault::new(one_more.span(), message).help("list what it cannot do without"));
    }
    raw.iter().map(one).collect()
}

fn one(text: &Text<'_>) -> Result<Requirement, Fault> {
    let written = *text.get_ref();
    if written == WRITE {
        return Ok(Requirement::Write);
    }
    if let Some(named) = GrantName::parse_at(text, &Tool.place("requires")) {
        return named.map(Requirement::Grant);
    }
    let message =
        format!("{}: expected what a tool needs, found {}", Tool.place("requires"), quote(written));
    let near =
        super::nearest(written, GrantKind::ALL.map(GrantKind::name).into_iter().chain([WRITE]));
    let help = near.map(|near| format!("did you mean \"{near}\"?"));
    Err(Fault::new(text.span(), message).help(help.unwrap_or_else(|| {
        "write \"files\", \"files:write\", \"network\", \"network:https://api.example.org\" or \"secret:API_TOKEN\"".into()
    })))
}

impl Requirement {
    /// True if `grants` meet it, but for the value of a secret.
    #[must_use]
    pub fn is_granted(&self, grants: &Grants) -> bool {
        match self {
            Self::Write => grants.files.iter().any(|grant| grant.access == Access::Write),
            Self::Grant(GrantName::Network(scheme, host, port)) => {
                let of_it = |grant: &&NetworkGrant| (grant.scheme, grant.port) == (*scheme, *port);
                grants.network.iter().filter(of_it).any(|grant| covers(&grant.host, host))
            }
            // A switch of the plugin that is off.
            Self::Grant(GrantName::Config(key)) => {
                grants.config.get(&**key).is_some_and(|value| value != "false")
            }
            Self::Grant(name) => grants.has(name),
        }
    }

    /// The secret whose value it needs.
    #[must_use]
    pub fn secret(&self) -> Option<&SecretName> {
        match self {
            Self::Grant(GrantName::Secret(name)) => Some(name),
            Self::Grant(_) | Self::Write => None,
        }
    }

    /// What gives the plugin `name` what it lacks, as a person types it.
    #[must_use]
    pub fn command(&self, name: &str) -> String {
        let what = match self {
            Self::Write => "files DIRECTORY --write".into(),
            Self::Grant(GrantName::Every(kind)) => match kind {
                GrantKind::Network => "network URL".into(),
                GrantKind::Files => "files DIRECTORY".into(),
                GrantKind::Scratch => "scratch".into(),
                GrantKind::Env => "env KEY=VALUE".into(),
                GrantKind::Secret => "secret NAME".into(),
                GrantKind::Config => "config KEY=VALUE".into(),
            },
            Self::Grant(GrantName::Files(at)) => format!("files DIRECTORY --at {at}"),
            Self::Grant(GrantName::Env(key)) => format!("env {key}=VALUE"),
            Self::Grant(GrantName::Config(key)) => format!("config {key}=VALUE"),
            Self::Grant(name @ (GrantName::Network(..) | GrantName::Secret(_))) => {
                name.to_string().replacen(':', " ", 1)
            }
        };
        format!("toolrack grant {name} {what}")
    }
}

/// True if all that `wanted` names is granted by `pattern`.
fn covers(pattern: &HostPattern, wanted: &HostPattern) -> bool {
    let below = |name: &str, domain: &str| {
        name.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.') && rest.len() > 1)
    };
    match (pattern, wanted) {
        (HostPattern::Public, HostPattern::Name(_) | HostPattern::Subdomains(_)) => true,
        (
            HostPattern::Subdomains(domain),
            HostPattern::Name(name) | HostPattern::Subdomains(name),
        ) => pattern == wanted || below(name, domain),
        (
            HostPattern::Name(_)
            | HostPattern::Network { .. }
            | HostPattern::Public
            | HostPattern::Subdomains(_),
            _,
        ) => pattern == wanted,
    }
}

/// As a manifest writes it, escaped.
impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Write => f.write_str(WRITE),
            Self::Grant(name) => name.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::manifest::Manifest;

    #[track_caller]
    fn check(requires: &str, grants: &str, is_granted: bool) {
        let text =
            format!("[grants]\n{grants}\n[[tools]]\nname = \"a\"\nrequires = [\"{requires}\"]\n");
        let manifest = Manifest::parse("a.toml", &text).unwrap_or_else(|error| panic!("{error}"));
        let [one] = &manifest.tools[0].requires[..] else { panic!("one") };
        assert_eq!(one.is_granted(&manifest.grants), is_granted, "{requires} by {grants}");
        assert_eq!(one.to_string(), requires);
    }

    #[test]
    fn what_is_required_is_met_by_a_grant_that_covers_it() {
        let read = "files = [{ path = \"/a\", at = \"/a\" }]";
        let write = "files = [{ path = \"/a\", at = \"/a\", access = \"write\" }]";
        for (requires, grants, is_granted) in [
            ("files", "", false),
            ("files", read, true),
            ("files:write", read, false),
            ("files:write", write, true),
            ("files:/a", write, true),
            ("files:/b", write, false),
            ("network", "network = [\"https://a.example\"]", true),
            ("network:https://a.example", "network = [\"https://a.example\"]", true),
            ("network:https://a.example", "network = [\"http://a.example\"]", false),
            ("network:https://a.example", "network = [\"https://*\"]", true),
            ("network:https://a.example", "network = [\"https://*.a.example\"]", false),
            ("network:https://b.a.example", "network = [\"https://*.a.example\"]", true),
            ("network:https://*.b.a.example", "network = [\"https://*.a.example\"]", true),
            ("network:https://ba.example", "network = [\"https://*.a.example\"]", false),
            ("network:https://10.0.0.1", "network = [\"https://*\"]", false),
            ("secret:T", "secrets = [\"T\"]", true),
            (
                "secret:T",
                "network = [{ url = \"https://a.example\", secret = \"T\", query = \"q\" }]",
                true,
            ),
            ("secret:T", "secrets = [\"U\"]", false),
            ("config:units", "config = { units = \"metric\" }", true),
            ("config:units", "config = { other = true }", false),
            ("config:write", "config = { write = true }", true),
            ("config:write", "config = { write = false }", false),
        ] {
            check(requires, grants, is_granted);
        }
    }
}
