//! A local file over its manifest: which of the two says what.
//!
//! The rule, as docs/manifest.md states it: a key of the local file takes the place of the same key of the manifest;
//! lists of grants add up, and a grant with the same URL, guest path or name takes the other's place; `without` takes
//! grants of the manifest away. What the values mean is checked afterwards; what both say of one tool is put
//! together by the catalog, since a tool has two names.

use super::grants::config::{self, UnknownKey};
use super::grants::files::{RawFiles, is_one_in_other};
use super::grants::host::HostPattern;
use super::grants::kind::GrantKind;
use super::grants::name::{GrantName, without as place_of_without};
use super::grants::network::{NetworkGrant, RawNetwork};
use super::grants::origin::{self, Scheme};
use super::grants::raw::RawGrants;
use super::grants::set::Grants;
use super::raw::{RawLimits, RawManifest, RawPlugin, RawTool};
use super::syntax::error::Diagnostic;
use super::syntax::keys::{DecidedToolKey, Section};
use super::syntax::table::{SpannedText, SpannedValue};
use crate::text::escape;
use crate::tool::Annotations;

/// The decisions of a local file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decisions {
    /// The keys and grants that it sets, in words such as `limits.memory` and `files:/notes`.
    pub set: Vec<String>,
    /// Grants of the manifest that it takes away.
    pub taken: Vec<GrantName>,
    /// Grants that it would take away, but that the manifest does not have.
    pub idle: Vec<GrantName>,
    /// The keys of its configuration that the plugin does not read, as far as the manifest tells.
    pub unknown_config: Vec<UnknownKey>,
    /// The prefix of the manifest, where the local file sets another: the manifest names tools by
    /// it.
    pub replaced_prefix: Option<Box<str>>,
    /// The origins to which the manifest binds a secret, where the local file binds another one or none.
    pub replaced_bindings: Vec<NetworkGrant>,
}

/// Merges the two files into one manifest, and returns the decisions of the local file with it.
pub(super) fn merge<'a>(
    manifest: RawManifest<'a>,
    local: RawManifest<'a>,
) -> Result<(RawManifest<'a>, Decisions), Diagnostic> {
    let unknown_config = unknown_config(&manifest, &local);
    let mut decisions = Decisions { set: decided(&local), unknown_config, ..Decisions::default() };
    let mut grants = manifest.grants;
    for text in &local.grants.without {
        let name = GrantName::read(text, &place_of_without())?;
        let list =
            if take(&mut grants, &name) { &mut decisions.taken } else { &mut decisions.idle };
        if !list.contains(&name) {
            list.push(name);
        }
    }
    config::check_switches(&grants.config, &local.grants.config)?;
    let merged = RawManifest {
        plugin: RawPlugin {
            prefix: local.plugin.prefix.or(manifest.plugin.prefix),
            ungranted: local.plugin.ungranted.or(manifest.plugin.ungranted),
            output_schemas: local.plugin.output_schemas.or(manifest.plugin.output_schemas),
            link_schemes: local.plugin.link_schemes.or(manifest.plugin.link_schemes),
            concurrent: local.plugin.concurrent.or(manifest.plugin.concurrent),
            ..manifest.plugin
        },
        limits: manifest.limits.with_local(local.limits),
        grants: with_grants(grants, local.grants),
        // The overrides of one tool are put together once the plugin has told its own names.
        tools: manifest.tools.into_iter().chain(local.tools).collect(),
    };
    Ok((merged, decisions))
}

/// Returns the keys of configuration that the local file sets and that the plugin does not read, as far as its manifest
/// tells.
fn unknown_config(manifest: &RawManifest<'_>, local: &RawManifest<'_>) -> Vec<UnknownKey> {
    let declared = manifest.plugin.config_keys.as_deref();
    let set = manifest.grants.config.iter().map(|(key, _)| *key.get_ref());
    let required = manifest.tools.iter().flat_map(|tool| &tool.requires);
    let required = required.filter_map(|text| text.get_ref().strip_prefix("config:"));
    let stated = declared.into_iter().flatten().map(|stated| *stated.key.get_ref());
    let known = set.chain(required).chain(stated);
    config::unknown(&local.grants.config, &known.collect(), declared.is_some())
}

/// Takes what `decisions` take away out of grants that reach further, whichever file gives them: a revocation
/// is of what can be reached, not of how it is written.
pub(super) fn narrow(grants: &mut Grants, decisions: &mut Decisions) {
    let Decisions { taken, idle, .. } = decisions;
    let mut narrow = |name: &GrantName| match name {
        GrantName::Network(scheme, host, port) => grants.narrow(*scheme, host, *port),
        GrantName::Every(_)
        | GrantName::Files(_)
        | GrantName::Env(_)
        | GrantName::Secret(_)
        | GrantName::Config(_) => false,
    };
    taken.iter().for_each(|name| _ = narrow(name));
    let (narrowing, still_idle) = std::mem::take(idle).into_iter().partition(narrow);
    *idle = still_idle;
    taken.extend::<Vec<_>>(narrowing);
}

/// Takes a grant away. `false` if there is none of this name.
fn take(grants: &mut RawGrants<'_>, name: &GrantName) -> bool {
    let RawGrants { network, files, scratch, env, secrets, config, without: _, without_paths: _ } =
        grants;
    match name {
        GrantName::Every(GrantKind::Network) => emptied(network),
        GrantName::Every(GrantKind::Files) => emptied(files),
        GrantName::Every(GrantKind::Scratch) => scratch.take().is_some(),
        GrantName::Every(GrantKind::Env) => emptied(env),
        GrantName::Every(GrantKind::Config) => emptied(config),
        GrantName::Every(GrantKind::Secret) => {
            let unbound = unbind(network, |_| true);
            emptied(secrets) || unbound
        }
        GrantName::Network(scheme, host, port) => {
            // Narrower grants go, too: what they reach is among what is taken away.
            without(network, |item| {
                origin_of(item).is_some_and(|(own_scheme, own, own_port)| {
                    (own_scheme, own_port) == (*scheme, *port) && host.withholds(&own)
                })
            })
        }
        GrantName::Files(at) => without(files, |item| *item.at.get_ref() == &**at),
        GrantName::Env(name) => without(env, |(key, _)| *key.get_ref() == &**name),
        GrantName::Config(name) => without(config, |(key, _)| *key.get_ref() == &**name),
        GrantName::Secret(name) => {
            let is_it = |secret: &SpannedText<'_>| *secret.get_ref() == name.as_str();
            let unbound = unbind(network, is_it);
            without(secrets, is_it) || unbound
        }
    }
}

fn emptied<T>(list: &mut Vec<T>) -> bool {
    without(list, |_| true)
}

fn without<T>(list: &mut Vec<T>, is_it: impl Fn(&T) -> bool) -> bool {
    let before = list.len();
    list.retain(|item| !is_it(item));
    list.len() < before
}

/// Takes secrets out of requests, which stay granted.
fn unbind(network: &mut [RawNetwork<'_>], is_it: impl Fn(&SpannedText<'_>) -> bool) -> bool {
    let mut bound = network.iter_mut().filter(|item| item.secret.as_ref().is_some_and(&is_it));
    let mut is_any = false;
    for item in &mut bound {
        (item.secret, item.header, item.before, item.query) = (None, None, None, None);
        item.optional = None;
        is_any = true;
    }
    is_any
}

/// The grants of both; where both have the same, the local file's.
fn with_grants<'a>(mut grants: RawGrants<'a>, local: RawGrants<'a>) -> RawGrants<'a> {
    for item in local.network {
        let own = origin_of(&item);
        grants.network.retain(|other| own.is_none() || origin_of(other) != own);
        grants.network.push(item);
    }
    for item in local.files {
        grants.files.retain(|other| other.at.get_ref() != item.at.get_ref());
        grants.files.push(item);
    }
    for name in local.secrets {
        grants.secrets.retain(|other| other.get_ref() != name.get_ref());
        grants.secrets.push(name);
    }
    grants.scratch = local.scratch.or(grants.scratch);
    put_entries(&mut grants.env, local.env);
    put_entries(&mut grants.config, local.config);
    // A directory with another spelling is found when it is opened.
    let is_withheld = |item: &RawFiles<'_>| {
        let mut paths = local.without_paths.iter();
        paths.any(|path| is_one_in_other(path.get_ref(), item.path.get_ref()))
    };
    grants.files.retain(|item| !is_withheld(item));
    RawGrants { without_paths: local.without_paths, ..grants }
}

fn put_entries<'a>(
    entries: &mut Vec<(SpannedText<'a>, SpannedValue<'a>)>,
    local: Vec<(SpannedText<'a>, SpannedValue<'a>)>,
) {
    for (key, value) in local {
        entries.retain(|(other, _)| other.get_ref() != key.get_ref());
        entries.push((key, value));
    }
}

/// Returns the requests that it allows; `None` where its URL is not valid, which is an error of its
/// own.
fn origin_of(item: &RawNetwork<'_>) -> Option<(Scheme, HostPattern, u16)> {
    origin::read(&item.url, "").ok()
}

/// Returns the keys and grants that a local file sets, in words.
fn decided(local: &RawManifest<'_>) -> Vec<String> {
    let mut set: Vec<String> = Vec::new();
    set.extend(local.plugin.prefix.iter().map(|_| "prefix".to_owned()));
    set.extend(local.plugin.ungranted.iter().map(|_| "ungranted".to_owned()));
    set.extend(local.plugin.output_schemas.iter().map(|_| "output_schemas".to_owned()));
    set.extend(local.plugin.link_schemes.iter().map(|_| "link_schemes".to_owned()));
    set.extend(local.plugin.concurrent.iter().map(|_| "concurrent".to_owned()));
    set.extend(limits_set(&local.limits));
    let RawGrants { network, files, scratch, env, secrets, config, without: _, without_paths: _ } =
        &local.grants;
    set.extend(files.iter().map(|item| named(GrantKind::Files, &item.at)));
    set.extend(scratch.iter().map(|_| GrantKind::Scratch.name().to_owned()));
    set.extend(network.iter().map(|item| named(GrantKind::Network, &item.url)));
    set.extend(env.iter().map(|(key, _)| named(GrantKind::Env, key)));
    set.extend(secrets.iter().map(|name| named(GrantKind::Secret, name)));
    set.extend(config.iter().map(|(key, _)| named(GrantKind::Config, key)));
    for tool in &local.tools {
        let name = escape(tool.name.get_ref());
        set.extend(tool_keys(tool).map(|key| format!("tools.{name}.{key}")));
    }
    set
}

fn named(kind: GrantKind, text: &SpannedText<'_>) -> String {
    format!("{}:{}", kind.name(), escape(text.get_ref()))
}

fn limits_set(limits: &RawLimits<'_>) -> impl Iterator<Item = String> {
    let keys = Section::Limits.keys().into_iter();
    keys.filter(|key| limits.get(key).is_some()).map(|key| format!("limits.{key}"))
}

fn tool_keys(tool: &RawTool<'_>) -> impl Iterator<Item = &'static str> {
    DecidedToolKey::ALL.into_iter().filter(|key| sets(tool, *key)).map(DecidedToolKey::name)
}

/// True if a local file sets this key of the tool.
fn sets(tool: &RawTool<'_>, key: DecidedToolKey) -> bool {
    let Annotations { read_only, destructive, idempotent, open_world } = tool.annotations;
    match key {
        DecidedToolKey::Title => tool.title.is_some(),
        DecidedToolKey::Description => tool.description.is_some(),
        DecidedToolKey::Hidden => tool.hidden.is_some(),
        DecidedToolKey::Meta => !tool.meta.is_empty(),
        DecidedToolKey::StrictArguments => tool.strict_arguments.is_some(),
        DecidedToolKey::Rate => tool.rate.is_some(),
        DecidedToolKey::Cache => tool.cache.is_some(),
        DecidedToolKey::CacheScope => tool.cache_scope.is_some(),
        DecidedToolKey::ReadOnly => read_only.is_some(),
        DecidedToolKey::Destructive => destructive.is_some(),
        DecidedToolKey::Idempotent => idempotent.is_some(),
        DecidedToolKey::OpenWorld => open_world.is_some(),
    }
}

#[cfg(test)]
mod tests {
    use crate::manifest::Manifest;

    const MANIFEST: &str = r#"
[plugin]
prefix = "w"

[limits]
memory = "32MiB"
timeout = "5s"

[grants]
network = ["https://api.example.org", { url = "https://b.example.org", secret = "B", query = "key" }]
files = [{ path = "~/notes", at = "/notes", access = "write" }, { path = "~/music", at = "/music" }]
scratch = "/tmp"
env = { LANG = "C", TZ = "UTC" }
secrets = ["A", "B"]
config = { units = "metric", city = "Bern" }
"#;

    fn merged(local: &str) -> Manifest {
        let read = Manifest::parse_with("weather.toml", MANIFEST, Some(local));
        read.unwrap_or_else(|error| panic!("{error}"))
    }

    /// `local` beside the manifest says what the manifest with `changes` says; in that, a text takes another's place.
    #[track_caller]
    fn check(local: &str, changes: &[(&str, &str)]) {
        let whole = changes.iter().fold(MANIFEST.to_owned(), |text, (old, new)| {
            assert!(text.contains(old), "{old}");
            text.replace(old, new)
        });
        let expected = Manifest::parse("weather.toml", &whole).expect("a manifest");
        assert_eq!(Manifest { decisions: None, ..merged(local) }, expected);
    }

    #[test]
    fn a_key_takes_the_place_of_the_same_key() {
        check("", &[]);
        check("plugin.prefix = \"\"", &[("prefix = \"w\"", "prefix = \"\"")]);
        check("limits.memory = \"1GiB\"", &[("32MiB", "1GiB")]);
        check("limits.rate = \"1/s\"", &[("[limits]", "[limits]\nrate = \"1/s\"")]);
        check("grants.scratch = \"/work\"", &[("/tmp", "/work")]);
        check("grants.env.TZ = \"CET\"", &[("UTC", "CET")]);
        check("grants.env.A = \"b\"", &[("LANG", "A = \"b\", LANG")]);
        check("grants.config.city = 3", &[("\"Bern\"", "3")]);
    }

    #[test]
    fn a_switch_of_the_manifest_is_true_or_false_in_the_local_file_too() {
        let manifest = "[grants]\nconfig = { write = true, units = \"metric\" }";
        let with = |value: &str| {
            let local = format!("[grants]\nconfig = {{ {value} }}");
            Manifest::parse_with("a.toml", manifest, Some(&local))
        };
        for value in ["write = false", "write = \"false\"", "units = \"no\"", "more = \"no\""] {
            with(value).unwrap_or_else(|error| panic!("{value}: {error}"));
        }
        for value in ["host_zone = \"yes\"", "host_paths = \"True\"", "host_paths = 1"] {
            let error = with(value).expect_err(value).to_string();
            assert!(error.contains("expected `true` or `false`"), "{error}");
        }
        for value in ["\"False\"", "\"no\"", "\"off\"", "\"false \"", "\"\"", "0"] {
            let error = with(&format!("write = {value}")).expect_err(value).to_string();
            assert!(error.contains("expected `true` or `false`"), "{error}");
        }
    }

    #[test]
    fn a_key_of_configuration_that_the_plugin_does_not_read_is_told() {
        let unknown = |declared: &str, local: &str| {
            let declared = if declared.is_empty() {
                String::new()
            } else {
                format!("config_keys = [{declared}]")
            };
            let manifest = format!(
                "[plugin]\n{declared}\n[grants]\nconfig = {{ write = true, host_zone = true }}\n\
                 [[tools]]\nname = \"a\"\nrequires = [\"config:issues\"]"
            );
            let local = format!("[grants]\nconfig = {{ {local} }}");
            let read = Manifest::parse_with("a.toml", &manifest, Some(&local));
            let decisions = read.expect("a manifest").decisions.expect("decisions");
            decisions.unknown_config.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        let known = "write = false, issues = false, host_zone = false, host_paths = false";
        assert_eq!(unknown("", known), [""; 0]);
        assert_eq!(unknown("\"city\"", "city = 1"), [""; 0]);
        let wrong = "the manifest names no key";
        for (declared, local, expected) in [
            ("", "wirte = false", "`wirte` under [grants.config]; did you mean `write`?"),
            ("", "issue = false", "`issue` under [grants.config]; did you mean `issues`?"),
            ("", "hostzone = false", "`hostzone` under [grants.config]; did you mean `host_zone`?"),
            ("\"city\"", "citty = 1", "`citty` under [grants.config]; did you mean `city`?"),
            (
                "\"city\"",
                "writing = true",
                "`writing` under [grants.config]; the plugin reads `city`, `host_zone`, `issues`, `write`",
            ),
        ] {
            assert_eq!(unknown(declared, local), [format!("{wrong} {expected}")], "{local}");
        }
        // Where the manifest names no keys but in passing, there may be others.
        assert_eq!(unknown("", "writing = true, endpoint = \"x\""), [""; 0]);
    }

    #[test]
    fn lists_of_grants_add_up_and_the_same_grant_is_replaced() {
        let files = "{ path = \"~/music\", at = \"/music\" }";
        let more = "{ path = \"/x\", at = \"/x\" }";
        check(&format!("grants.files = [{more}]"), &[(files, &format!("{files}, {more}"))]);
        let other = "{ path = \"~/other\", at = \"/music\" }";
        check(&format!("grants.files = [{other}]"), &[(files, other)]);
        check("grants.secrets = [\"C\"]", &[("\"A\", \"B\"]", "\"A\", \"B\", \"C\"]")]);
        check("grants.secrets = [\"B\"]", &[]);
        let bound = "{ url = \"https://b.example.org\", secret = \"B\", query = \"key\" }";
        // However the same origin is written.
        check(
            "grants.network = [\"https://B.example.org:443\"]",
            &[(bound, "\"https://b.example.org\"")],
        );
        check(
            "grants.network = [\"https://c.example.org\"]",
            &[(bound, &format!("{bound}, \"https://c.example.org\""))],
        );
    }

    #[test]
    fn without_takes_grants_of_the_manifest_away() {
        let without = |names: &str| format!("grants.without = [{names}]");
        let first = "\"https://api.example.org\", ";
        let bound = "{ url = \"https://b.example.org\", secret = \"B\", query = \"key\" }";
        check(&without("\"network:https://api.example.org\""), &[(first, "")]);
        check(&without("\"network\""), &[(first, ""), (bound, "")]);
        check(&without("\"files:/music\""), &[(", { path = \"~/music\", at = \"/music\" }", "")]);
        check(&without("\"scratch\""), &[("scratch = \"/tmp\"", "")]);
        check(&without("\"env:TZ\", \"env:LANG\""), &[("LANG = \"C\", TZ = \"UTC\"", "")]);
        check(&without("\"config\""), &[("units = \"metric\", city = \"Bern\"", "")]);
        // A secret is taken out of requests, too, and these stay granted.
        let unbound = "\"https://b.example.org\"";
        check(&without("\"secret:B\""), &[("\"A\", \"B\"]", "\"A\"]"), (bound, unbound)]);
        check(&without("\"secret\""), &[("\"A\", \"B\"]", "]"), (bound, unbound)]);
    }

    #[test]
    fn a_url_that_is_taken_away_is_not_reached_by_another_spelling() {
        let reaches = |manifest: &str, local: &str| {
            let manifest = format!("[grants]\nnetwork = [{manifest}]");
            let read = Manifest::parse_with("a.toml", &manifest, Some(local)).expect("a manifest");
            let shown = |grant: &crate::manifest::NetworkGrant| {
                let except: Vec<_> = grant.exceptions().collect();
                [vec![grant.to_string()], except].concat().join(" but ")
            };
            read.grants.network.iter().map(shown).collect::<Vec<_>>()
        };
        let without = |url: &str| format!("grants.without = [\"network:{url}\"]");
        let docs = without("https://docs.rs");
        for (manifest, expected) in [
            ("\"https://docs.rs\"", &[][..]),
            ("\"https://DOCS.rs:443\"", &[]),
            ("\"https://*\"", &["https://* but https://docs.rs"]),
            ("\"https://*.docs.rs\"", &["https://*.docs.rs"]),
            ("\"https://crates.io\", \"http://docs.rs\"", &["https://crates.io", "http://docs.rs"]),
        ] {
            assert_eq!(reaches(manifest, &docs), expected, "{manifest}");
        }
        assert_eq!(
            reaches("\"https://a.b.example.org\"", &without("https://*.example.org")),
            [""; 0]
        );
        assert_eq!(
            reaches("\"https://*.example.org\"", &without("https://a.example.org")),
            ["https://*.example.org but https://a.example.org"]
        );
        assert_eq!(reaches("\"https://10.1.0.0/16\"", &without("https://10.0.0.0/8")), [""; 0]);
        assert_eq!(
            reaches("\"https://10.0.0.0/8\"", &without("https://10.1.0.0/16")),
            ["https://10.0.0.0/8 but https://10.1.0.0/16"]
        );
        // A grant by a person counts, be it the very same or narrower.
        let mine = format!("{docs}\ngrants.network = [\"https://docs.rs\"]");
        assert_eq!(
            reaches("\"https://*\"", &mine),
            ["https://* but https://docs.rs", "https://docs.rs"]
        );
        let mine = format!("{docs}\ngrants.network = [\"https://*\"]");
        assert_eq!(reaches("", &mine), ["https://* but https://docs.rs"]);
    }

    #[test]
    fn a_directory_that_is_kept_from_it_is_seen_under_no_name() {
        let seen = |path: &str, local: &str| {
            let manifest = format!("[grants]\nfiles = [{{ path = {path:?}, at = \"/x\" }}]");
            let read = Manifest::parse_with("a.toml", &manifest, Some(local)).expect("a manifest");
            !read.grants.files.is_empty()
        };
        let without = "grants.without_paths = [\"~/notes\"]";
        for (path, is_seen) in [
            ("~/notes", false),
            ("~/notes/", false),
            ("~//notes/./day", false),
            ("~/notes2", true),
            ("~/music", true),
        ] {
            assert_eq!(seen(path, without), is_seen, "{path}");
        }
        assert!(!seen("~/docs", "grants.without_paths = [\"~/docs/deep\"]"));
    }

    #[test]
    fn without_takes_nothing_away_that_the_local_file_grants() {
        check(
            "[grants]\nwithout = [\"secret\"]\nsecrets = [\"C\"]",
            &[
                ("\"A\", \"B\"]", "\"C\"]"),
                (
                    "{ url = \"https://b.example.org\", secret = \"B\", query = \"key\" }",
                    "\"https://b.example.org\"",
                ),
            ],
        );
    }

    #[test]
    fn what_was_decided_is_told() {
        let local = r#"
            plugin.prefix = "x"
            limits.memory = "64MiB"
            grants.files = [{ path = "/x", at = "/x" }]
            grants.without = ["network:https://api.example.org:443", "files:/gone", "secret"]
            [[tools]]
            name = "get"
            hidden = true
            rate = "1/s"
        "#;
        let decisions = merged(local).decisions.expect("a local file");
        let expected =
            ["prefix", "limits.memory", "files:/x", "tools.get.hidden", "tools.get.rate"];
        assert_eq!(decisions.set, expected);
        let shown =
            |names: &[super::GrantName]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(shown(&decisions.taken), ["network:https://api.example.org", "secret"]);
        assert_eq!(shown(&decisions.idle), ["files:/gone"]);
    }

    #[test]
    fn what_is_said_of_tools_stands_apart_until_the_plugin_tells_its_own_names() {
        let block = |name: &str| format!("[[tools]]\nname = \"{name}\"\nhidden = true\n");
        let (manifest, local) = (block("one") + &block("two"), block("three") + &block("one"));
        let read = Manifest::parse_with("a.toml", &manifest, Some(&local)).expect("a manifest");
        use crate::manifest::SourceFile::{Local, Manifest as Own};
        let tools = read.tools.iter().map(|tool| (&*tool.name, tool.place.source_file()));
        let expected = [("one", Own), ("two", Own), ("three", Local), ("one", Local)];
        assert_eq!(tools.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn the_prefix_of_the_manifest_is_kept_where_another_is_decided() {
        let replaced = |local: &str| merged(local).decisions.expect("a local file").replaced_prefix;
        assert_eq!(replaced("plugin.prefix = \"x\"").as_deref(), Some("w"));
        assert_eq!(replaced("plugin.prefix = \"w\""), None);
        assert_eq!(replaced(""), None);
    }
}
