//! `requires` in `[[tools]]`: the requirements without which a tool can only fail.
//!
//! The values of secrets are not known here.

use std::collections::BTreeMap;
use std::fmt;

use super::super::syntax::error::{Diagnostic, quote};
use super::super::syntax::keys::Section::Tool;
use super::super::syntax::nearest::nearest;
use super::super::syntax::table::SpannedText;
use super::config_keys::ConfigValues;
use super::files::Access;
use super::kind::GrantKind;
use super::name::GrantName;
use super::network::NetworkGrant;
use super::secret::SecretName;
use super::set::Grants;
use crate::suggestion::{CommandName, SuggestedCommand};
use crate::text::escape;

/// The most requirements of one tool.
const MAX_REQUIRES: usize = 16;
/// The requirement that only a directory that may be changed meets.
const WRITE_REQUIREMENT: &str = "files:write";
/// The value of a switch of the configuration that is off.
const OFF: &str = "false";

/// A requirement without which a tool can only fail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Requirement {
    /// A grant of this name, or one that covers it.
    Grant(GrantName),
    /// A directory that it may change.
    Write,
}

/// Checks the list of one tool.
pub(crate) fn read(raw: &[SpannedText<'_>]) -> Result<Vec<Requirement>, Diagnostic> {
    if let Some(one_more) = raw.get(MAX_REQUIRES) {
        let message = format!("{}: expected at most {MAX_REQUIRES}", Tool.place("requires"));
        return Err(
            Diagnostic::new(one_more.span(), message).help("list what it cannot do without")
        );
    }
    raw.iter().map(one).collect()
}

fn one(text: &SpannedText<'_>) -> Result<Requirement, Diagnostic> {
    let written = *text.get_ref();
    if written == WRITE_REQUIREMENT {
        return Ok(Requirement::Write);
    }
    if let Some(named) = GrantName::parse_at(text, &Tool.place("requires")) {
        return named.map(Requirement::Grant);
    }
    let message =
        format!("{}: expected what a tool needs, found {}", Tool.place("requires"), quote(written));
    let near = nearest(
        written,
        GrantKind::ALL.map(GrantKind::name).into_iter().chain([WRITE_REQUIREMENT]),
    );
    let help = near.map(|near| format!("did you mean \"{near}\"?"));
    Err(Diagnostic::new(text.span(), message).help(help.unwrap_or_else(|| {
        "write \"files\", \"files:write\", \"network\", \"network:https://api.example.org\" or \"secret:API_TOKEN\"".into()
    })))
}

impl Requirement {
    /// Reads the requirements of one tool that the plugin itself states.
    ///
    /// # Errors
    ///
    /// In words, if one of them is nothing that can be required, or if they are too many.
    pub fn parse_all(texts: &[&str]) -> Result<Vec<Self>, String> {
        let texts: Vec<SpannedText<'_>> =
            texts.iter().map(|text| SpannedText::new(0..text.len(), *text)).collect();
        read(&texts).map_err(|Diagnostic { message, help, .. }| {
            let help = help.map(|help| format!("; {help}"));
            escape(&format!("{message}{}", help.unwrap_or_default()))
        })
    }

    /// True if `grants` meet it, but for the value of a secret.
    #[must_use]
    pub fn is_granted(&self, grants: &Grants) -> bool {
        match self {
            Self::Write => grants.files.iter().any(|grant| grant.access == Access::Write),
            Self::Grant(GrantName::Network(scheme, host, port)) => {
                let of_it = |grant: &&NetworkGrant| (grant.scheme, grant.port) == (*scheme, *port);
                // The hosts that are taken away may be the wanted ones, or some of them.
                let is_whole = |grant: &NetworkGrant| {
                    let mut except = grant.except.iter();
                    !except.any(|except| except.withholds(host) || host.covers(except))
                };
                grants
                    .network
                    .iter()
                    .filter(of_it)
                    .any(|grant| grant.host.covers(host) && is_whole(grant))
            }
            // A switch of the plugin that is off does not meet it.
            Self::Grant(GrantName::Config(key)) => {
                grants.config.get(&**key).is_some_and(|value| value != OFF)
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

    /// Returns the requirement with the secret that a person binds to an origin in the place of the secret that the
    /// manifest binds there. `replaced` are the bindings of the manifest that the local file replaces.
    #[must_use]
    pub fn as_bound(self, grants: &Grants, replaced: &[NetworkGrant]) -> Self {
        let Some(name) = self.secret().filter(|_| !self.is_granted(grants)) else { return self };
        let mut bound = replaced.iter().filter(|own| own.binds(name)).flat_map(|own| {
            grants
                .network
                .iter()
                .filter(|grant| grant.is_of_origin(own))
                .filter_map(|grant| grant.secret.as_ref())
        });
        match bound.next() {
            Some(bound) => Self::Grant(GrantName::Secret(bound.name.clone())),
            None => self,
        }
    }

    /// True if a person who took away `taken` took this away.
    #[must_use]
    pub fn is_taken_by(&self, taken: &GrantName) -> bool {
        match (self, taken) {
            (Self::Write, GrantName::Every(kind)) => *kind == GrantKind::Files,
            (Self::Grant(name), GrantName::Every(kind)) => name.kind() == *kind,
            (Self::Grant(name), taken) => name == taken,
            (Self::Write, _) => false,
        }
    }

    /// Returns the command that gives the plugin `name` what it lacks, as a person types it. `values` are those that its
    /// configuration may have, `grants` those it has, and `replaced` the bindings of its manifest that are replaced: a
    /// secret that the manifest binds is never told to the plugin.
    pub fn command(
        &self,
        name: &str,
        values: &BTreeMap<String, ConfigValues>,
        grants: &Grants,
        replaced: &[NetworkGrant],
    ) -> SuggestedCommand {
        let grant = |kind: GrantKind| CommandName::Grant.with([name, kind.name()]);
        match self {
            Self::Write => grant(GrantKind::Files).word("DIRECTORY").flag("--write"),
            Self::Grant(GrantName::Every(kind)) => {
                kind.example().placeholder.into_iter().fold(grant(*kind), SuggestedCommand::word)
            }
            Self::Grant(GrantName::Files(at)) => {
                grant(GrantKind::Files).word("DIRECTORY").option("--at", at)
            }
            Self::Grant(GrantName::Env(key)) => grant(GrantKind::Env).word(format!("{key}=VALUE")),
            Self::Grant(GrantName::Config(key)) => {
                let value = meeting(key, values, grants);
                grant(GrantKind::Config).word(format!("{key}={value}"))
            }
            Self::Grant(GrantName::Secret(secret)) => {
                let command = grant(GrantKind::Secret).word(secret.as_str());
                match replaced.iter().find(|own| own.binds(secret)) {
                    Some(own) => command.option("--for", own.to_string()),
                    None => command,
                }
            }
            Self::Grant(name @ GrantName::Network(..)) => {
                let name = name.to_string();
                let one = name.split_once(':').map_or("", |(_, one)| one);
                grant(GrantKind::Network).word(one)
            }
        }
    }
}

/// Returns a value of `key` that meets a requirement of it: the first that the plugin knows and that switches nothing
/// off, or the other side of a switch.
fn meeting<'a>(key: &str, values: &'a BTreeMap<String, ConfigValues>, grants: &Grants) -> &'a str {
    let is_switch = grants.config.get(key).is_some_and(|value| value == OFF);
    match values.get(key) {
        Some(ConfigValues::OneOf(known)) => {
            known.iter().find(|value| *value != OFF).map_or("VALUE", String::as_str)
        }
        Some(ConfigValues::Any) | None if is_switch => "true",
        Some(ConfigValues::Any) | None => "VALUE",
    }
}

/// As a manifest writes it, escaped.
impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Write => f.write_str(WRITE_REQUIREMENT),
            Self::Grant(name) => name.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::Manifest;

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
    fn a_command_that_is_told_holds_nothing_for_a_shell() {
        for (requires, expected) in [
            ("config:units", "config units=VALUE"),
            ("config:$(touch x)", "config '$(touch x)=VALUE'"),
            ("config:it's", r"config 'it'\''s=VALUE'"),
            ("config:--write", "config -- --write=VALUE"),
            ("files:/$(x); ls", "files DIRECTORY --at '/$(x); ls'"),
            ("files:/notes", "files DIRECTORY --at /notes"),
            ("network:https://*.a.example", "network 'https://*.a.example'"),
            ("secret:TOKEN", "secret TOKEN"),
        ] {
            let text = format!("[[tools]]\nname = \"a\"\nrequires = [{requires:?}]\n");
            let manifest = Manifest::parse("a.toml", &text).expect("a manifest");
            let command = manifest.tools[0].requires[0].command(
                "x",
                &manifest.config_keys,
                &manifest.grants,
                &[],
            );
            if cfg!(not(windows)) {
                assert_eq!(command.to_string(), format!("toolrack grant x {expected}"));
            }
        }
        for key in ["", "k=V)\\n2026 ok", "k\\u202e", "k\\t"] {
            let text = format!("[[tools]]\nname = \"a\"\nrequires = [\"config:{key}\"]\n");
            Manifest::parse("a.toml", &text).expect_err(key);
        }
    }

    #[test]
    fn a_command_that_is_told_gives_a_value_that_meets_the_requirement() {
        for (keys, config, expected) in [
            ("{ on = [true, false] }", "", "on=true"),
            ("{ on = [false, \"soft\", \"hard\"] }", "", "on=soft"),
            ("{ on = \"any\" }", "", "on=VALUE"),
            ("[]", "on = false", "on=true"),
            ("[]", "", "on=VALUE"),
        ] {
            let text = format!(
                "[plugin]\nconfig_keys = {keys}\n[grants]\nconfig = {{ {config} }}\n[[tools]]\nname = \"a\"\nrequires = [\"config:on\"]\n"
            );
            let manifest =
                Manifest::parse("a.toml", &text).unwrap_or_else(|error| panic!("{error}"));
            let one = &manifest.tools[0].requires[0];
            let command = one.command("x", &manifest.config_keys, &manifest.grants, &[]);
            assert_eq!(command.to_string(), format!("toolrack grant x config {expected}"));
        }
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
