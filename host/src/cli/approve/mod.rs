//! `toolrack approve`: what differs from the lock, shown and accepted.

mod form;
mod review;
mod show;

use std::collections::{BTreeMap, BTreeSet};
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::bail;
use serde_json::{Value, json};

use super::look::check::{print_refusals, stem};
use super::look::load::loaded;
use super::output::consent::Consent;
use super::output::print::println;
use super::output::served::followers;
use super::setup::Setup;
use super::{GOOD, NO_DIRECTORY, counted, paint, print_json, shown};
use crate::catalog::{Refusal, Refused};
use crate::install::plugin_meant;
use crate::lockfile::{LOCK_FILE, LockPolicy};
use crate::suggestion::CommandName;
use crate::text::escape;
pub(super) use form::ReviewForm;
pub(super) use review::{Review, lock, put};
pub(super) use show::print_lines;

pub(super) fn run(
    names: &[String],
    setup: Setup,
    run: Option<&Path>,
    consent: Consent,
    form: ReviewForm,
) -> anyhow::Result<ExitCode> {
    let as_json = form == ReviewForm::Json;
    let directories = directories(&setup.plugins)?;
    // A fault of a lock is told before anything is compiled.
    let locks = directories.iter().map(|directory| lock(directory));
    let locks = locks.collect::<anyhow::Result<Vec<_>>>()?;
    let locking = LockPolicy::Ignored;
    let home = setup.home.clone();
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
        let form = if consent.is_asked_in_vain() { ReviewForm::Full } else { form };
        let told = catalog.refusals().iter().filter(|refusal| is_told(refusal, names));
        print_refusals(told);
        reviews.iter().for_each(|review| review.print(form));
        is_anything_new(&reviews) && agreed(consent, &reviews, form)?
    };
    if accepted {
        for review in reviews.iter().filter(|review| review.is_new()) {
            review.write(home.as_ref())?;
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
    let is_compared = reviews.iter().all(|review| review.not_compared.is_empty());
    Ok(if is_left || !is_compared { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Those that are there, each once.
fn directories(given: &[PathBuf]) -> anyhow::Result<Vec<PathBuf>> {
    let (mut found, mut known) = (Vec::new(), BTreeSet::new());
    for directory in given.iter().filter(|directory| directory.is_dir()) {
        // A directory that is named twice, by different paths, counts once.
        if known.insert(directory.canonicalize().unwrap_or_else(|_| directory.clone())) {
            found.push(directory.clone());
        }
    }
    if given.is_empty() {
        bail!(NO_DIRECTORY);
    }
    if found.is_empty() {
        let given = shown(given);
        bail!("{given}: there is no such directory; create it, or name another with --plugins");
    }
    Ok(found)
}

/// Keeps what `names` name; everything, if they name nothing.
fn select(names: &[String], reviews: &mut [Review]) -> anyhow::Result<()> {
    let is_named = |name: &str| names.iter().any(|named| named == name);
    let known: BTreeSet<String> = reviews
        .iter()
        .flat_map(|review| {
            let locked = review.after.plugins.values().map(|entry| entry.name.clone());
            locked.chain(review.changes.iter().map(|change| change.name().to_owned()))
        })
        .collect();
    if let Some(name) = names.iter().find(|name| !known.contains(*name)) {
        let near = plugin_meant(name, known.iter().map(String::as_str));
        let near = near.map(|near| format!("; did you mean `{}`?", escape(near)));
        bail!("no plugin `{}` lies there or is locked{}", escape(name), near.unwrap_or_default());
    }
    for review in reviews.iter().filter(|review| review.before.is_none() && !names.is_empty()) {
        let others =
            review.changes.iter().map(|change| change.name()).filter(|name| !is_named(name));
        let others: Vec<_> = others.map(escape).collect();
        if others.len() < review.changes.len() && !others.is_empty() {
            bail!(
                "{}: there is no {LOCK_FILE} yet, and one that accepts this alone would hold back {}; without names, `{}` shows and accepts all",
                escape(&review.directory.to_string_lossy()),
                others.join(", "),
                CommandName::Approve.alone()
            );
        }
    }
    for review in reviews {
        review.keep(|change| names.is_empty() || is_named(change.name()));
        review.not_compared.retain(|_, name| names.is_empty() || is_named(name));
    }
    Ok(())
}

fn is_anything_new(reviews: &[Review]) -> bool {
    reviews.iter().any(Review::is_new)
}

/// True if a fault concerns what is reviewed. Tools that wait for a grant are none.
fn is_told(refusal: &Refusal, names: &[String]) -> bool {
    let is_fault = refusal.is_refusal() || refusal.refused == Refused::Warning;
    is_fault && (names.is_empty() || names.iter().any(|name| name == stem(&refusal.file)))
}

fn agreed(consent: Consent, reviews: &[Review], form: ReviewForm) -> anyhow::Result<bool> {
    let otherwise = "nothing was accepted: nobody can be asked here; --yes accepts what is shown";
    let is_short = form == ReviewForm::Summary && reviews.iter().any(Review::is_shortened);
    let whole = || reviews.iter().for_each(|review| review.print(ReviewForm::Full));
    let is_yes = match is_short {
        true => consent.ask_or_show("accept this?", otherwise, whole)?,
        false => consent.ask("accept this?", otherwise)?,
    };
    if !is_yes && std::io::stdin().is_terminal() {
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
            "notCompared": review.not_compared.keys().collect::<Vec<_>>(),
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
