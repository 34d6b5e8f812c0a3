//! `toolrack approve`: what differs from the lock, shown and accepted.

use std::collections::{BTreeMap, BTreeSet};
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anstream::{eprintln, print, println};
use anyhow::{anyhow, bail};
use serde_json::{Value, json};

use super::check::print_refusal;
use super::diff::{Line, diff};
use super::load::loaded;
use super::served::followers;
use super::{DIM, ERROR, GOOD, NAME, Setup, counted, paint, print_json};
use crate::catalog::Refusal;
use crate::lock::{Entry, LOCK_FILE, Lock, Locking, write};
use crate::manifest::nearest;
use crate::reload::lock_of;
use crate::text::escape;

/// How a person answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Consent {
    /// On the terminal, when they have seen it.
    Asked,
    /// In advance.
    Given,
}

/// The lock of one directory, and what would change in it.
struct Review {
    directory: PathBuf,
    /// What is locked; absent where there is no lock yet.
    before: Option<Lock>,
    after: Lock,
    changes: Vec<Change>,
}

/// What would change for one plugin.
struct Change {
    file: String,
    before: Option<Entry>,
    after: Option<Entry>,
}

pub(super) fn run(
    names: &[String],
    setup: Setup,
    run: Option<&Path>,
    consent: Consent,
    as_json: bool,
) -> anyhow::Result<ExitCode> {
    let directories = directories(&setup.plugins)?;
    // What is wrong with a lock is said before anything is compiled.
    let locks = directories.iter().map(|directory| lock(directory));
    let locks = locks.collect::<anyhow::Result<Vec<_>>>()?;
    let locking = Locking::Ignored;
    let (host, loader) = loaded(Setup { plugins: directories.clone(), locking, ..setup })?;
    let mut reviews: Vec<_> =
        directories.into_iter().zip(locks).map(|(path, lock)| Review::new(path, lock)).collect();
    for (directory, file, entry) in loader.entries() {
        let own = reviews.iter_mut().find(|review| review.directory == directory);
        if let Some(review) = own {
            review.lies_there(file, entry);
        }
    }
    reviews.iter_mut().for_each(Review::forget_gone);
    let catalog = loader.catalog();
    host.stop();
    select(names, &mut reviews)?;
    let accepted = if as_json {
        let is_accepted = consent == Consent::Given;
        print_json(&report(&reviews, catalog.refusals(), is_accepted))?;
        is_accepted
    } else {
        catalog.refusals().iter().for_each(print_refusal);
        reviews.iter().for_each(Review::print);
        is_anything_new(&reviews) && agreed(consent)?
    };
    if accepted {
        for review in reviews.iter().filter(|review| review.is_new()) {
            review.write()?;
            if !as_json {
                let directory = escape(&review.directory.to_string_lossy());
                let count = counted(review.after.plugins.len(), "plugin");
                println!("{} {directory}: {count} in {LOCK_FILE}", paint(GOOD, "accepted"));
                followers(run, &review.directory).iter().for_each(|followers| {
                    println!("{followers}");
                });
            }
        }
    }
    let is_left = is_anything_new(&reviews) && !accepted;
    Ok(if is_left { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Those that are there, each once.
fn directories(given: &[PathBuf]) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::<PathBuf>::new();
    for directory in given.iter().filter(|directory| directory.is_dir()) {
        if !found.contains(directory) {
            found.push(directory.clone());
        }
    }
    if found.is_empty() {
        bail!("there is no plugin directory; name one with --plugins");
    }
    Ok(found)
}

pub(super) fn lock(directory: &Path) -> anyhow::Result<Option<Lock>> {
    let shown = || escape(&directory.to_string_lossy());
    lock_of(directory).map_err(|problem| anyhow!("{}: {problem}", shown()))
}

impl Review {
    fn new(directory: PathBuf, before: Option<Lock>) -> Self {
        let after = before.clone().unwrap_or_default();
        Self { directory, before, after, changes: Vec::new() }
    }

    /// Takes in a plugin that lies in the directory.
    fn lies_there(&mut self, file: &str, entry: Entry) {
        let before = self.after.plugins.get(file).cloned();
        if before.as_ref().is_some_and(|before| *before == entry) {
            return;
        }
        self.changes.push(Change { file: file.to_owned(), before, after: Some(entry) });
    }

    /// What is locked and does not lie there any more. A plugin that is there and does not load stays locked
    /// as it was.
    fn forget_gone(&mut self) {
        let gone = self
            .after
            .plugins
            .iter()
            .filter(|(file, _)| self.directory.join(file).symlink_metadata().is_err());
        let gone: Vec<_> = gone.map(|(file, entry)| (file.clone(), entry.clone())).collect();
        self.changes.extend(gone.into_iter().map(|(file, entry)| Change {
            file,
            before: Some(entry),
            after: None,
        }));
    }

    /// Keeps the changes that are meant, and settles what is locked with them.
    fn keep(&mut self, is_meant: impl Fn(&Change) -> bool) {
        self.changes.retain(is_meant);
        for change in &self.changes {
            match &change.after {
                Some(entry) => _ = self.after.plugins.insert(change.file.clone(), entry.clone()),
                None => _ = self.after.plugins.remove(&change.file),
            }
        }
    }

    fn is_new(&self) -> bool {
        self.before.is_none() || !self.changes.is_empty()
    }

    fn write(&self) -> anyhow::Result<()> {
        let shown = || escape(&self.directory.join(LOCK_FILE).to_string_lossy());
        let text = |lock: &Lock| lock.text().map_err(|error| anyhow!("{}: {error}", shown()));
        let now = lock(&self.directory)?;
        if now.as_ref().map(text).transpose()? != self.before.as_ref().map(text).transpose()? {
            bail!("{}: it changed while this was shown; run `toolrack approve` again", shown());
        }
        write(&self.directory, &text(&self.after)?)
            .map_err(|error| anyhow!("{}: it cannot be written: {error}", shown()))
    }

    fn print(&self) {
        let directory = escape(&self.directory.to_string_lossy());
        match (&self.before, self.changes.is_empty()) {
            (Some(_), true) => {
                println!("{} {directory}: nothing differs from {LOCK_FILE}", paint(GOOD, "ok"));
            }
            (Some(_), false) => println!("{}", paint(DIM, directory)),
            (None, _) => println!("{}: it has no {LOCK_FILE} yet", paint(DIM, directory)),
        }
        self.changes.iter().for_each(Change::print);
        if self.before.is_none() {
            println!(
                "from then on, a plugin that is not in it, wider grants and changed tools are held back until they \
                 are approved"
            );
        }
    }
}

impl Change {
    fn name(&self) -> &str {
        let entry = self.after.as_ref().or(self.before.as_ref());
        entry.map(|entry| &*entry.name).unwrap_or_default()
    }

    fn print(&self) {
        let name = paint(NAME, escape(self.name()));
        match (&self.before, &self.after) {
            (None, Some(after)) => {
                println!("{} {name}", paint(GOOD, "new"));
                print_grants(&BTreeSet::new(), &after.grants);
                for (tool, definition) in &after.tools {
                    println!("     tool {}", escape(tool));
                    let lines = definition.lines();
                    let new: Vec<_> = lines.iter().map(|line| Line::New(line)).collect();
                    print_lines(&new);
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

fn print_change(before: &Entry, after: &Entry) {
    if before.name != after.name {
        println!("     it was named {}", escape(&before.name));
    }
    print_grants(&before.grants, &after.grants);
    let names: BTreeSet<_> = before.tools.keys().chain(after.tools.keys()).collect();
    let mut is_same = before.grants == after.grants;
    for tool in names {
        let (old, new) = (before.tools.get(tool), after.tools.get(tool));
        if old.map(|old| old.sha256) == new.map(|new| new.sha256) {
            continue;
        }
        is_same = false;
        let change = match (old, new) {
            (None, _) => "is new",
            (_, None) => "is gone",
            (Some(_), Some(_)) => "changed",
        };
        println!("     tool {} {change}", escape(tool));
        let lines = |definition: Option<&crate::lock::Definition>| {
            definition.map(|definition| definition.lines()).unwrap_or_default()
        };
        let (old, new) = (lines(old), lines(new));
        let lines = diff(&old, &new);
        if old == new {
            println!("       its JSON says the same in other bytes");
        } else {
            print_lines(&lines);
        }
    }
    for (what, then, now) in [
        ("code", Some(before.files.wasm), Some(after.files.wasm)),
        ("manifest", Some(before.files.manifest), Some(after.files.manifest)),
        (".wit file", before.files.wit, after.files.wit),
    ] {
        if then != now {
            let short = |digest: Option<crate::manifest::Sha256Digest>| {
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

fn print_lines(lines: &[Line<'_>]) {
    for line in lines {
        let line = match line {
            Line::Same(text) => format!("  {}", escape(text)),
            Line::Old(text) => paint(ERROR, format!("- {}", escape(text))),
            Line::New(text) => paint(GOOD, format!("+ {}", escape(text))),
            Line::Gap => "  ...".into(),
        };
        println!("       {line}");
    }
}

/// Keeps what `names` name; everything, if they name nothing.
fn select(names: &[String], reviews: &mut [Review]) -> anyhow::Result<()> {
    let known: BTreeSet<String> = reviews
        .iter()
        .flat_map(|review| {
            let locked = review.after.plugins.values().map(|entry| entry.name.clone());
            locked.chain(review.changes.iter().map(|change| change.name().to_owned()))
        })
        .collect();
    if let Some(name) = names.iter().find(|name| !known.contains(*name)) {
        let near = nearest(name, known.iter().map(String::as_str));
        let near = near.map(|near| format!("; did you mean `{}`?", escape(near)));
        bail!("no plugin `{}` lies there or is locked{}", escape(name), near.unwrap_or_default());
    }
    for review in reviews {
        review.keep(|change| names.is_empty() || names.iter().any(|name| name == change.name()));
    }
    Ok(())
}

fn is_anything_new(reviews: &[Review]) -> bool {
    reviews.iter().any(Review::is_new)
}

fn agreed(consent: Consent) -> anyhow::Result<bool> {
    if consent == Consent::Given {
        return Ok(true);
    }
    let stdin = std::io::stdin();
    if !stdin.is_terminal() {
        eprintln!("nothing was accepted: nobody can be asked here; --yes accepts what is shown");
        return Ok(false);
    }
    print!("accept this? [y/N] ");
    std::io::Write::flush(&mut anstream::stdout())?;
    let mut answer = String::new();
    stdin.read_line(&mut answer)?;
    let is_yes = matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes");
    if !is_yes {
        println!("nothing was accepted");
    }
    Ok(is_yes)
}

fn report(reviews: &[Review], refusals: &[Refusal], is_accepted: bool) -> Value {
    let directories = reviews.iter().map(|review| {
        let changes = review.changes.iter().map(|change| {
            json!({
                "manifest": change.file,
                "name": change.name(),
                "before": change.before,
                "after": change.after,
            })
        });
        json!({
            "directory": review.directory.to_string_lossy(),
            "isLocked": review.before.is_some(),
            "changes": changes.collect::<Vec<_>>(),
        })
    });
    let refusals = refusals.iter().map(|refusal| {
        BTreeMap::from([("file", refusal.file.clone()), ("reason", refusal.reason.clone())])
    });
    json!({
        "isAccepted": is_accepted,
        "directories": directories.collect::<Vec<_>>(),
        "refusals": refusals.collect::<Vec<_>>(),
    })
}
