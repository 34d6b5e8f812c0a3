//! `[policy]` of the configuration, read.

use std::ops::Range;
use std::sync::Arc;

use super::super::grants::host::{self, Slip};
use super::super::grants::name::GrantName;
use super::super::limits::amount;
use super::super::limits::rate::RATE;
use super::super::limits::rules::{LIMIT_RULES, LimitRule, Measure};
use super::super::limits::units::Bytes;
use super::super::syntax::error::{Diagnostic, quote};
use super::super::syntax::keys::Section;
use super::super::syntax::table::{SpannedText, Table};
use super::Policy;
use crate::fs::stated::Stated;
use crate::typed_path::{PathAuthor, UnanchoredPath};

/// The memory of all calls at once.
pub(crate) const TOTAL_MEMORY: LimitRule = LimitRule {
    key: "total_memory",
    about: "the memory of all calls at once",
    min: 64 << 20,
    // Without the key, there is no such limit.
    default: 1 << 40,
    max: 1 << 40,
    measure: Measure::Size,
};

/// The most items of one list of the policy.
const MAX_POLICY_ITEMS: usize = 256;

const HOSTS_EXAMPLE: &str = r#"["*.corp.example", "10.0.0.0/8"]"#;
const DIRECTORIES_EXAMPLE: &str = r#"["~/.ssh", "/srv/payroll"]"#;
const GRANTS_EXAMPLE: &str = r#"["scratch", "secret:PROD_KEY"]"#;

impl Policy {
    /// Reads `[policy]`. `place` gives the place of a span as messages write it.
    pub(crate) fn read(
        table: &Table<'_>,
        author: PathAuthor,
        place: &impl Fn(Range<usize>) -> Arc<str>,
    ) -> Result<Self, Diagnostic> {
        let mut policy = Self::default();
        let total = table.get(TOTAL_MEMORY.key);
        policy.total_memory = total
            .map(|value| {
                let amount = amount::read(Section::Policy, &TOTAL_MEMORY, value)?;
                Ok(Stated { value: Bytes::new(amount), place: place(value.span()) })
            })
            .transpose()?;
        if table.flag("locked")? == Some(true) {
            policy.locked = table.get("locked").map(|value| place(value.span()));
        }
        let list =
            |key, example, read: &mut dyn FnMut(&SpannedText<'_>) -> Result<(), Diagnostic>| {
                let texts = table.texts(key, &format!("{key} = {example}"))?;
                if let Some(one_more) = texts.get(MAX_POLICY_ITEMS) {
                    let message = format!(
                        "{}: expected at most {MAX_POLICY_ITEMS}",
                        Section::Policy.place(key)
                    );
                    return Err(Diagnostic::new(one_more.span(), message)
                        .help("name several at once, as in \"*.corp.example\""));
                }
                texts.iter().try_for_each(read)
            };
        list("never_hosts", HOSTS_EXAMPLE, &mut |text| {
            let value = host(text)?;
            policy.hosts.push(Stated { value, place: place(text.span()) });
            Ok(())
        })?;
        list("never_directories", DIRECTORIES_EXAMPLE, &mut |text| {
            let value = directory(text, author)?;
            policy.directories.push(Stated { value, place: place(text.span()) });
            Ok(())
        })?;
        list("never_grants", GRANTS_EXAMPLE, &mut |text| {
            let value = GrantName::read(text, &Section::Policy.place("never_grants"))?;
            policy.grants.push(Stated { value, place: place(text.span()) });
            Ok(())
        })?;
        if let Some(limits) = table.section(Section::PolicyLimits)? {
            policy.read_limits(&limits, place)?;
        }
        Ok(policy)
    }

    fn read_limits(
        &mut self,
        limits: &Table<'_>,
        place: &impl Fn(Range<usize>) -> Arc<str>,
    ) -> Result<(), Diagnostic> {
        for rule in &LIMIT_RULES {
            if let Some(value) = limits.get(rule.key) {
                let most = amount::read(Section::PolicyLimits, rule, value)?;
                self.limits.insert(rule.key, Stated { value: most, place: place(value.span()) });
            }
        }
        let rate = limits.get(RATE.key);
        if let (Some(own), Some(value)) =
            (rate, amount::rate(Section::PolicyLimits, RATE.key, rate)?)
        {
            self.rates.push(Stated { value, place: place(own.span()) });
        }
        Ok(())
    }
}

fn host(text: &SpannedText<'_>) -> Result<host::HostPattern, Diagnostic> {
    let written = *text.get_ref();
    // As a network grant writes it, an IPv6 address is in brackets.
    let bare = written.parse::<std::net::Ipv6Addr>().is_ok();
    let read = if bare { host::parse(&format!("[{written}]")) } else { host::parse(written) };
    read.map_err(|Slip { problem, help }| {
        let place = Section::Policy.place("never_hosts");
        let (problem, help) = match written.contains("://") {
            true => (
                "expected a host without a scheme".into(),
                "write the host alone: it is never reached, whatever the scheme and the port"
                    .into(),
            ),
            false => (problem, help.replace("https://", "")),
        };
        Diagnostic::new(text.span(), format!("{place}: {problem}, found {}", quote(written)))
            .help(help)
    })
}

fn directory(text: &SpannedText<'_>, author: PathAuthor) -> Result<Box<str>, Diagnostic> {
    let written = *text.get_ref();
    let anchored = match written.contains('\0') {
        true => Err(UnanchoredPath::Relative),
        false => author.anchored(written),
    };
    anchored.map_err(|error| {
        let place = Section::Policy.place("never_directories");
        let fault =
            Diagnostic::new(text.span(), format!("{place}: {error}, found {}", quote(written)));
        match error {
            UnanchoredPath::Relative => {
                fault.help("write it from the root, or from `~`, the home directory")
            }
            UnanchoredPath::Variable | UnanchoredPath::NoHome => fault,
        }
    })
}
