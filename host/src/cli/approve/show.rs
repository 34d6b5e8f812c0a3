//! A review in words, for a person who decides.

use std::collections::BTreeSet;

use super::super::look::list::summary;
use super::super::output::diff::{DiffLine, diff};
use super::super::output::print::println;
use super::form::ReviewForm;
use super::review::{PluginChange, Review};
use crate::cli::{DIM, ERROR, GOOD, NAME, counted, paint};
use crate::lockfile::{Definition, LOCK_FILE, LockEntry};
use crate::manifest::Sha256Digest;
use crate::suggestion::CommandName;
use crate::text::escape;

impl Review {
    /// True if a summary leaves out what a model reads: of tools of new plugins.
    pub(super) fn is_shortened(&self) -> bool {
        let mut new = self.changes.iter().filter(|change| change.before.is_none());
        new.any(|change| change.after.as_ref().is_some_and(|after| !after.tools.is_empty()))
    }

    pub(super) fn print(&self, form: ReviewForm) {
        let directory = escape(&self.directory.to_string_lossy());
        match (&self.before, self.changes.is_empty()) {
            (Some(_), true) if !self.not_compared.is_empty() => println!(
                "{} {directory}: nothing else differs from {LOCK_FILE}; what is refused stays locked as it was",
                paint(DIM, "not compared")
            ),
            (Some(_), true) => {
                println!("{} {directory}: nothing differs from {LOCK_FILE}", paint(GOOD, "ok"));
            }
            (Some(_), false) => println!("{}", paint(DIM, directory)),
            (None, _) => {
                let after = self.changes.iter().filter_map(|change| change.after.as_ref());
                let (plugins, tools) = after
                    .fold((0, 0), |(plugins, tools), one| (plugins + 1, tools + one.tools.len()));
                println!(
                    "{}: it has no {LOCK_FILE} yet; {} with {} lie there",
                    paint(DIM, directory),
                    counted(plugins, "plugin"),
                    counted(tools, "tool")
                );
            }
        }
        self.changes.iter().for_each(|change| change.print(form));
        if form == ReviewForm::Summary && self.is_shortened() {
            println!(
                "of new tools, the first sentence is shown: `{}` shows all that a model reads",
                CommandName::Approve.alone().flag("--full")
            );
        }
        if self.before.is_none() {
            println!(
                "from then on, a plugin that is not in it, wider grants and changed tools are held back until they \
                 are approved"
            );
        }
    }
}

impl PluginChange {
    fn print(&self, form: ReviewForm) {
        let name = paint(NAME, escape(self.name()));
        match (&self.before, &self.after) {
            (None, Some(after)) => {
                println!("{} {name}", paint(GOOD, "new"));
                print_grants(&BTreeSet::new(), &after.grants);
                for (tool, definition) in &after.tools {
                    if form == ReviewForm::Summary {
                        let summary = summary(&definition.description);
                        println!("     tool {}  {}", escape(tool), paint(DIM, summary));
                        continue;
                    }
                    println!("     tool {}", escape(tool));
                    let lines = definition.lines();
                    let new: Vec<_> = lines.iter().map(|line| DiffLine::New(line)).collect();
                    print_lines(&new, str::to_owned);
                }
            }
            (Some(before), Some(after)) => {
                println!("{} {name}", paint(ERROR, "changed"));
                print_change(before, after);
            }
            (_, None) => {
                println!("{} {name}: its manifest is not there any more", paint(ERROR, "removed"))
            }
        }
    }
}

fn print_change(before: &LockEntry, after: &LockEntry) {
    if before.name != after.name {
        println!("     it was named {}", escape(&before.name));
    }
    print_grants(&before.grants, &after.grants);
    let (then, now) = (before.definitions(), after.definitions());
    let ids: BTreeSet<_> = then.keys().chain(now.keys()).collect();
    let mut is_same = before.grants == after.grants;
    for id @ (kind, name) in ids {
        let (old, new) = (then.get(id), now.get(id));
        if old.map(|old| old.sha256()) == new.map(|new| new.sha256()) {
            continue;
        }
        is_same = false;
        let change = match (old, new) {
            (None, _) => "is new",
            (_, None) => "is gone",
            (Some(_), Some(_)) => "changed",
        };
        println!("     {} {} {change}", kind.noun(), escape(name));
        let lines = |definition: Option<&&dyn Definition>| {
            definition.map(|definition| definition.lines()).unwrap_or_default()
        };
        let (old, new) = (lines(old), lines(new));
        let lines = diff(&old, &new);
        if old == new {
            println!("       its JSON says the same in other bytes");
        } else {
            print_lines(&lines, str::to_owned);
        }
    }
    for (what, then, now) in [
        ("code", Some(before.files.wasm), Some(after.files.wasm)),
        ("manifest", Some(before.files.manifest), Some(after.files.manifest)),
        (".wit file", before.files.wit, after.files.wit),
        (".local.toml file", before.files.local, after.files.local),
    ] {
        if then != now {
            let short = |digest: Option<Sha256Digest>| {
                digest.map_or("none".into(), |digest| digest.short())
            };
            println!("     {what}: from {} to {}", short(then), short(now));
        }
    }
    if is_same {
        println!("     grants and tools are the same");
    }
}

fn print_grants(before: &BTreeSet<String>, after: &BTreeSet<String>) {
    for line in before.difference(after) {
        println!("     {}", paint(ERROR, format!("- {}", escape(line))));
    }
    for line in after.difference(before) {
        println!("     {}", paint(GOOD, format!("+ {}", escape(line))));
    }
    if before.is_empty() && after.is_empty() {
        println!("     it is granted nothing");
    }
}

pub(in crate::cli) fn print_lines(lines: &[DiffLine<'_>], shown: impl Fn(&str) -> String) {
    for line in lines {
        let line = match line {
            DiffLine::Same(text) => format!("  {}", escape(&shown(text))),
            DiffLine::Old(text) => paint(ERROR, format!("- {}", escape(&shown(text)))),
            DiffLine::New(text) => paint(GOOD, format!("+ {}", escape(&shown(text)))),
            DiffLine::Gap => "  ...".into(),
        };
        println!("       {line}");
    }
}
