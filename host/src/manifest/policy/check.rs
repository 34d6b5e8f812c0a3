//! The demands of a manifest and its local file, against the policy.

use std::fmt;
use std::ops::Range;

use super::super::grants::host::HostPattern;
use super::super::grants::kind::GrantKind;
use super::super::grants::name::GrantName;
use super::super::grants::network::RawNetwork;
use super::super::grants::origin::{self, Scheme};
use super::super::grants::raw::RawGrants;
use super::super::limits::amount;
use super::super::limits::rate::{RATE, Rate};
use super::super::limits::rules::{LimitRule, Measure};
use super::super::plugin_manifest::Manifest;
use super::super::raw::RawManifest;
use super::super::syntax::error::{Diagnostic, quote};
use super::super::syntax::keys::Section;
use super::super::syntax::table::SpannedValue;
use super::Policy;
use crate::fs::stated::Stated;
use crate::name::PluginName;
use crate::suggestion::CommandName;

impl Policy {
    /// The amount of a limit for which a manifest asks by `value`. Where it asks for none, the usual one, or the ceiling if
    /// that is lower.
    pub(in super::super) fn amount(
        &self,
        rule: &LimitRule,
        value: Option<SpannedValue<'_>>,
        plugin: &PluginName,
    ) -> Result<u64, Diagnostic> {
        let ceiling = self.ceiling(rule);
        let Some(value) = value else {
            return Ok(ceiling.map_or(rule.default, |most| most.value.min(rule.default)));
        };
        let asked = amount::read(Section::Limits, rule, value)?;
        let Some(most) = ceiling.filter(|most| asked > most.value) else { return Ok(asked) };
        let (wanted, allowed) = (rule.show(asked), rule.show(most.value));
        let typed = match rule.measure {
            Measure::Time => allowed.clone(),
            Measure::Count => most.value.to_string(),
            Measure::Size => allowed.replace(' ', ""),
        };
        let place = Section::Limits.place(rule.key);
        let key = format!("limits.{}", rule.key);
        Err(too_much(value.span(), &place, &wanted, &allowed, &most.place).help(lowered(
            plugin,
            &key,
            &typed,
            &most.place,
        )))
    }

    /// The rate of a plugin for which its manifest asks by `value`, or the highest where it asks for none.
    pub(in super::super) fn rate(
        &self,
        value: Option<SpannedValue<'_>>,
        plugin: &PluginName,
    ) -> Result<Option<Rate>, Diagnostic> {
        let asked = amount::rate(Section::Limits, RATE.key, value)?;
        self.check_rate(Section::Limits, asked.zip(value), "limits.rate", plugin)?;
        Ok(asked.or_else(|| self.rate_within_all()))
    }

    fn check_rate(
        &self,
        section: Section,
        asked: Option<(Rate, SpannedValue<'_>)>,
        key: &str,
        plugin: &PluginName,
    ) -> Result<(), Diagnostic> {
        let Some((asked, value)) = asked else { return Ok(()) };
        let exceeded = self.rates.iter().find(|most| asked.exceeds(most.value));
        let (Some(Stated { value: most, place }), Some(within)) =
            (exceeded, self.rate_within_all())
        else {
            return Ok(());
        };
        let (wanted, allowed) = (asked.to_string(), most.to_string());
        // What exceeds none of them is not refused next by another.
        let typed = within.to_string().replace('_', "");
        Err(too_much(value.span(), &section.place(RATE.key), &wanted, &allowed, place)
            .help(lowered(plugin, key, &typed, place)))
    }

    /// Refuses what a manifest is never granted, and takes it out of what reaches further.
    pub(in super::super) fn apply(
        &self,
        raw: &RawManifest<'_>,
        manifest: &mut Manifest,
    ) -> Result<(), Diagnostic> {
        for (tool, read) in raw.tools.iter().zip(&manifest.tools) {
            let key = format!("tools.{}.rate", read.name);
            self.check_rate(Section::Tool, read.rate.zip(tool.rate), &key, &manifest.name)?;
        }
        for never in &self.grants {
            if let Some(found) = find(&raw.grants, &never.value) {
                return Err(found.refused(never, "never_grants", &manifest.name));
            }
            if let GrantName::Network(scheme, host, port) = &never.value {
                manifest.grants.narrow(*scheme, host, *port);
            }
        }
        for never in &self.hosts {
            for item in &raw.grants.network {
                if origin_of(item).is_some_and(|(_, host, _)| never.value.withholds(&host)) {
                    let found = AskedGrant::network(item);
                    return Err(found.refused(never, "never_hosts", &manifest.name));
                }
            }
            manifest.grants.keep_from(&never.value);
        }
        Ok(())
    }
}

/// A grant that a manifest asks for.
struct AskedGrant {
    span: Range<usize>,
    /// Its name, as `revoke` takes it: the kind, and which.
    kind: GrantKind,
    which: Option<String>,
}

impl AskedGrant {
    fn network(item: &RawNetwork<'_>) -> Self {
        let which = Some((*item.url.get_ref()).to_owned());
        Self { span: item.url.span(), kind: GrantKind::Network, which }
    }

    fn refused<T: fmt::Display>(
        self,
        never: &Stated<T>,
        key: &str,
        plugin: &PluginName,
    ) -> Diagnostic {
        let Self { span, kind, which } = self;
        let name = match &which {
            Some(which) => format!("{}:{which}", kind.name()),
            None => kind.name().to_owned(),
        };
        let (own, place) = (quote(&never.value.to_string()), &never.place);
        let message =
            format!("{} is never granted here: {own} stands in `{key}` in {place}", quote(&name));
        let words = [plugin.as_str(), kind.name()].into_iter().chain(which.as_deref());
        let revoke = CommandName::Revoke.with(words);
        Diagnostic::new(span, message)
            .help(format!("`{revoke}` lets the plugin be served without it"))
    }
}

/// The first grant that `raw` asks for and that `name` names.
fn find(raw: &RawGrants<'_>, name: &GrantName) -> Option<AskedGrant> {
    let kind = name.kind();
    let is_it = |own: &str| match name {
        GrantName::Every(_) => true,
        GrantName::Files(wanted) | GrantName::Env(wanted) | GrantName::Config(wanted) => {
            own == &**wanted
        }
        GrantName::Secret(wanted) => own == wanted.as_str(),
        GrantName::Network(..) => false,
    };
    let found =
        |span, which: Option<&str>| AskedGrant { span, kind, which: which.map(str::to_owned) };
    match kind {
        GrantKind::Network => {
            let is_within = |item: &&RawNetwork<'_>| match name {
                GrantName::Network(scheme, host, port) => {
                    origin_of(item).is_some_and(|(own_scheme, own, own_port)| {
                        (own_scheme, own_port) == (*scheme, *port) && host.withholds(&own)
                    })
                }
                _ => true,
            };
            raw.network.iter().find(is_within).map(AskedGrant::network)
        }
        GrantKind::Files => raw
            .files
            .iter()
            .find(|item| is_it(item.at.get_ref()))
            .map(|item| found(item.at.span(), Some(item.at.get_ref()))),
        GrantKind::Scratch => raw.scratch.as_ref().map(|at| found(at.span(), None)),
        GrantKind::Secret => {
            let bound = raw.network.iter().filter_map(|item| item.secret.as_ref());
            let mut all = raw.secrets.iter().chain(bound);
            all.find(|own| is_it(own.get_ref())).map(|own| found(own.span(), Some(own.get_ref())))
        }
        GrantKind::Env | GrantKind::Config => {
            let entries = if kind == GrantKind::Env { &raw.env } else { &raw.config };
            let entry = entries.iter().find(|(key, _)| is_it(key.get_ref()));
            entry.map(|(key, _)| found(key.span(), Some(key.get_ref())))
        }
    }
}

fn origin_of(item: &RawNetwork<'_>) -> Option<(Scheme, HostPattern, u16)> {
    origin::read(&item.url, "").ok()
}

fn too_much(
    span: Range<usize>,
    place: &str,
    wanted: &str,
    allowed: &str,
    policy: &str,
) -> Diagnostic {
    let message = format!("{place}: {wanted} is more than the {allowed} that {policy} allows");
    Diagnostic::new(span, message)
}

fn lowered(plugin: &PluginName, key: &str, typed: &str, place: &str) -> String {
    let set = CommandName::Set.with([plugin.as_str(), key, typed]);
    format!("lower it with `{set}`, or raise what {place} allows")
}
