//! The names of features: they decide which plugin's is served under a name that several want.

use std::borrow::Borrow as _;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::super::bounds::{MAX_TOLD, MAX_TOOLS};
use super::super::plugin::Plugin;
use super::super::refusal::{Cause, Refusal, Refused};
use super::coming::Coming;
use super::feature::{Feature, FeatureName as _};
use super::served::Served;
use super::unlisted;
use crate::suggestion::CommandName;
use crate::tool::FeatureKind;

/// A feature that a plugin has, before it is settled which plugin's is served under which name.
pub(crate) trait Offered: Sized {
    /// The feature that is served.
    type Feature: Feature;

    /// Its public name.
    fn name(&self) -> &<Self::Feature as Feature>::Name;

    /// Returns the reason why it is not listed, as it can only fail as things stand. `None` if it is listed.
    fn unlisted(&self, plugin: &Plugin) -> Option<String>;

    /// The feature that is served `beside` those whose names are settled, after what was served `before`.
    fn serve(
        &self,
        plugin: &Arc<Plugin>,
        beside: &Served<Self::Feature>,
        before: Option<&Served<Self::Feature>>,
    ) -> Self::Feature;
}

/// Returns the features of one kind that are served, of those that `plugins` have, in order of precedence. Tells in
/// `refusals` of those that are not.
///
/// A name belongs to the plugin whose prefix is the longest that it begins with, whether that plugin uses it or not: so
/// `my_notes_read` is never a tool `notes_read` of the plugin `my` where there is a plugin `my_notes`.
pub(crate) fn settle<'a, O: Offered + 'a>(
    plugins: &[Arc<Plugin>],
    offered: impl Iterator<Item = (&'a Arc<Plugin>, &'a O)>,
    refusals: &mut Vec<Refusal>,
    coming: &Coming,
    previous: Option<&Served<O::Feature>>,
) -> Served<O::Feature> {
    let mut served = Served::default();
    let mut refused_by_file = BTreeMap::<&str, usize>::new();
    let mut unlisted = BTreeMap::<&str, Vec<(String, String)>>::new();
    let mut wanted: Vec<_> = offered.collect();
    let is_held = |plugin: &Plugin, offered: &O| held(previous, plugin, offered.name()).is_some();
    wanted.sort_by_key(|(plugin, offered)| !is_held(plugin, offered));
    for (plugin, offered) in wanted {
        let name = offered.name();
        if let Some(reason) = offered.unlisted(plugin) {
            unlisted.entry(&*plugin.file).or_default().push((name.to_string(), reason));
            continue;
        }
        if !is_held(plugin, offered) && coming.may_claim(plugin, name) {
            continue;
        }
        match obstacle(plugins, &served, plugin, name) {
            Some(obstacle) => {
                let refused = refused_by_file.entry(&*plugin.file).or_insert(0);
                *refused += 1;
                if *refused <= MAX_TOLD {
                    refusals.push(obstacle.refusal::<O::Feature>(plugin, name));
                }
            }
            None => served.insert(offered.serve(plugin, &served, previous)),
        }
    }
    for (file, unlisted) in unlisted {
        refusals.extend(unlisted::refusals(O::Feature::KIND, file, unlisted));
    }
    let more = refused_by_file.iter().map(|(file, count)| (*file, count.saturating_sub(MAX_TOLD)));
    refusals.extend(more.filter(|(_, more)| *more > 0).map(|(file, more)| Refusal {
        refused: Refused::Further(more),
        ..Refusal::plugin(
            file,
            format!("{more} more of its {}s are not served", O::Feature::KIND.noun()),
        )
    }));
    served
}

/// The feature that is served under this name, if it is of this plugin.
pub(crate) fn held<'a, F: Feature>(
    served: Option<&'a Served<F>>,
    plugin: &Plugin,
    name: &F::Name,
) -> Option<&'a Arc<F>> {
    let before = served.and_then(|served| served.get(name.borrow()));
    before.filter(|before| before.plugin().file == plugin.file)
}

/// A reason why a feature cannot be served beside others.
enum Obstacle<'a> {
    /// The plugin of this manifest's file has one of its name.
    Taken(&'a str),
    /// The name belongs to this plugin, by its prefix.
    Others(&'a Plugin),
    Full,
}

/// The reason why a feature of this name cannot be served beside those that are, if it cannot.
fn obstacle<'a, F: Feature>(
    plugins: &'a [Arc<Plugin>],
    served: &'a Served<F>,
    plugin: &Plugin,
    name: &F::Name,
) -> Option<Obstacle<'a>> {
    let fitting = plugins.iter().filter(|other| name.is_behind(other.prefix()));
    let owner = fitting.max_by_key(|other| other.prefix().len());
    let own = if name.is_behind(plugin.prefix()) { plugin.prefix().len() } else { 0 };
    if let Some(owner) = owner.filter(|owner| owner.prefix().len() > own) {
        return Some(Obstacle::Others(owner));
    }
    match served.get(name.borrow()) {
        Some(other) => Some(Obstacle::Taken(&other.plugin().file)),
        None if served.len() == most(F::KIND) => Some(Obstacle::Full),
        None => None,
    }
}

impl Obstacle<'_> {
    fn refusal<F: Feature>(&self, plugin: &Plugin, name: &F::Name) -> Refusal {
        let (noun, most) = (F::KIND.noun(), most(F::KIND));
        let (cause, why) = match self {
            Self::Taken(other) => (
                Cause::Taken((*other).into()),
                format!("{other} offers a {noun} of this name already; set another `prefix`"),
            ),
            Self::Others(owner) => (
                Cause::Prefix(owner.file.clone()),
                format!(
                    "names that begin with `{}_` belong to {}; {}",
                    owner.prefix().replace('-', "_"),
                    owner.file,
                    ways_out(plugin, &name.to_string(), owner)
                ),
            ),
            Self::Full => {
                (Cause::Full, format!("{most} {noun}s are served already, the most there can be"))
            }
        };
        let reason = format!("its {noun} `{name}` is not served: {why}");
        let (file, refused) = (plugin.file.clone(), Refused::Feature(F::KIND, name.to_string()));
        Refusal { file, refused, cause, reason }
    }
}

/// Returns the commands that settle a name of `plugin` which begins with the prefix of `owner`: behind the last comma the
/// one that decides of `owner`.
fn ways_out(plugin: &Plugin, name: &str, owner: &Plugin) -> String {
    let prefix = format!("{}2", owner.prefix().replace('-', "_"));
    let other = CommandName::Set.with([owner.name.as_str(), "prefix", &prefix]);
    match plugin.own_name(name) {
        Some(own) => {
            let key = format!("tools.{own}.hidden");
            let hidden = CommandName::Set.with([plugin.name.as_str(), &key, "true"]);
            format!("`{hidden}` leaves it out, `{other}` gives it back")
        }
        None => format!("set another `prefix`, `{other}` gives it back"),
    }
}

/// The most features of a kind that are served.
fn most(kind: FeatureKind) -> usize {
    match kind {
        FeatureKind::Tool => MAX_TOOLS,
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Borrow;
    use std::fmt;

    use super::super::feature::FeatureName;
    use super::*;
    use crate::fuzz::guest::Wat;
    use crate::fuzz::started;

    /// The name of a note: something that there is not, with names of another kind than those of tools.
    #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
    struct NoteName(String);

    impl Borrow<str> for NoteName {
        fn borrow(&self) -> &str {
            &self.0
        }
    }

    impl fmt::Display for NoteName {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(&self.0)
        }
    }

    impl FeatureName for NoteName {
        fn parse(text: &str) -> Option<Self> {
            text.starts_with("note://").then(|| Self(text.into()))
        }

        fn is_behind(&self, prefix: &str) -> bool {
            self.0.starts_with(&format!("note://{prefix}/"))
        }

        fn may_begin_with(&self, prefix: &str) -> bool {
            self.0.starts_with(&format!("note://{prefix}/"))
        }
    }

    struct Note {
        name: NoteName,
        plugin: Arc<Plugin>,
        text: &'static str,
    }

    impl Feature for Note {
        const KIND: FeatureKind = FeatureKind::Tool;
        type Name = NoteName;

        fn name(&self) -> &NoteName {
            &self.name
        }

        fn plugin(&self) -> &Arc<Plugin> {
            &self.plugin
        }

        fn looks_like(&self, other: &Self) -> bool {
            self.text == other.text
        }
    }

    struct OfferedNote {
        name: NoteName,
        text: &'static str,
        unlisted: Option<&'static str>,
    }

    impl Offered for OfferedNote {
        type Feature = Note;

        fn name(&self) -> &NoteName {
            &self.name
        }

        fn unlisted(&self, _: &Plugin) -> Option<String> {
            self.unlisted.map(str::to_owned)
        }

        fn serve(&self, plugin: &Arc<Plugin>, _: &Served<Note>, _: Option<&Served<Note>>) -> Note {
            Note { name: self.name.clone(), plugin: plugin.clone(), text: self.text }
        }
    }

    fn note(name: &str, text: &'static str) -> OfferedNote {
        OfferedNote { name: NoteName::parse(name).expect("a name"), text, unlisted: None }
    }

    #[test]
    fn features_of_any_kind_share_the_rules_about_names() {
        let directory = tempfile::TempDir::new().expect("a directory");
        for name in ["one", "two"] {
            let file = |suffix| directory.path().join(name).with_extension(suffix);
            std::fs::write(file("toml"), "").expect("a manifest");
            std::fs::write(file("wasm"), Wat::default().build()).expect("a module");
        }
        let (host, catalog) = started(directory.path());
        host.stop();
        let [one, two] = catalog.plugins() else { panic!("two plugins") };
        let (shared, own, hidden) =
            (note("note://s", "of one"), note("note://own", "x"), note("note://h", "x"));
        let hidden = OfferedNote { unlisted: Some("it lacks a secret"), ..hidden };
        let other = note("note://s", "of two");
        let settle_all = |offered: &[(&Arc<Plugin>, &OfferedNote)], coming, previous| {
            let mut refusals = Vec::new();
            let plugins = catalog.plugins();
            let notes = settle(plugins, offered.iter().copied(), &mut refusals, coming, previous);
            (notes, refusals)
        };
        let nothing = Coming::default();

        let first = [(two, &other)];
        let (before, refusals) = settle_all(&first, &nothing, None);
        assert!(refusals.is_empty() && before.get("note://s").expect("served").text == "of two");

        // The one that is served keeps the name, whoever comes first.
        let all = [(one, &shared), (one, &own), (one, &hidden), (two, &other)];
        let (after, refusals) = settle_all(&all, &nothing, Some(&before));
        let texts: Vec<_> = after.all().map(|note| note.text).collect();
        assert_eq!(texts, ["x", "of two"], "own, s");
        assert!(!after.looks_like(&before) && after.of(two).count() == 1);
        let reasons: Vec<_> = refusals.iter().map(|refusal| &*refusal.reason).collect();
        assert!(reasons[0].contains("`note://s` is not served") && reasons[0].contains("`prefix`"));
        assert_eq!(reasons[1..], ["it lacks a secret"]);
        let (anew, _) = settle_all(&all, &nothing, None);
        assert_eq!(anew.get("note://s").expect("served").text, "of one");

        // What begins with the prefix of another belongs to that one, also where it has nothing of the name.
        let (foreign, own) = (note("note://two/a", "x"), note("note://one/a", "x"));
        let (settled, refusals) = settle_all(&[(one, &foreign), (one, &own)], &nothing, None);
        assert!(settled.get("note://two/a").is_none() && settled.get("note://one/a").is_some());
        assert!(refusals[0].reason.contains("belong to"), "{}", refusals[0].reason);

        // A name that may be another's waits for that, as long as it is not served.
        let loading = crate::catalog::ComingPlugin {
            name: crate::name::PluginName::new("late").expect("a name"),
            prefix: "late".into(),
            changes_list: true,
        };
        let coming = Coming { loading: vec![loading], is_provisional: false };
        let late = note("note://late/a", "x");
        let (waiting, _) = settle_all(&[(one, &late)], &coming, None);
        assert!(waiting.is_empty());

        let next: Vec<_> = after.after(&NoteName("note://own".into())).map(|n| n.text).collect();
        assert_eq!(next, ["of two"]);
        assert_eq!(after.nearest("note://owm").map(|name| &*name.0), Some("note://own"));
    }
}
