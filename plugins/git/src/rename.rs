//! Renamed files: what was deleted and what was added, paired by how much of them is the same, as git does.

use std::collections::HashMap;

use crate::change::{Change, Side};
use crate::repository::Repository;

/// Pairs that are compared by content, at most; git's `diff.renameLimit` squared.
const MAX_PAIRS: usize = 1_000_000;
/// Files that are compared by content, and bytes of each.
const MAX_COMPARED: usize = 400;
const MAX_SIZE: u64 = 1024 * 1024;
/// Half of a file has to be the same; of one with the same name elsewhere, three quarters show it at once.
const MIN_SCORE: u32 = ALL / 2;
const MIN_BASENAME: u32 = ALL / 4 * 3;
/// The score of files that are the same, fine enough to tell good pairs from better ones as git does.
const ALL: u32 = 60_000;

/// Turns pairs of a deletion and an addition into renames.
pub fn find(repository: &Repository, changes: Vec<Change>) -> Result<Vec<Change>, String> {
    let gone = positions(&changes, |change| change.new.is_none() && !change.conflict);
    let new = positions(&changes, |change| change.old.is_none() && !change.conflict);
    if gone.is_empty() || new.is_empty() {
        return Ok(changes);
    }
    let mut pairing = Pairing {
        repository,
        changes: &changes,
        spans: HashMap::new(),
        gone,
        new,
        pairs: Vec::new(),
    };
    pairing.exact();
    if pairing.gone.len() * pairing.new.len() <= MAX_PAIRS
        && pairing.gone.len().max(pairing.new.len()) <= MAX_COMPARED
    {
        pairing.by_basename()?;
        pairing.by_content()?;
    }
    let pairs = pairing.pairs;
    Ok(joined(changes, &pairs))
}

fn positions(changes: &[Change], wanted: impl Fn(&Change) -> bool) -> Vec<usize> {
    changes.iter().enumerate().filter(|(_, change)| wanted(change)).map(|(at, _)| at).collect()
}

fn joined(mut changes: Vec<Change>, pairs: &[(usize, usize, u32)]) -> Vec<Change> {
    let mut paired = vec![false; changes.len()];
    for (gone, new, score) in pairs {
        let (path, old) = (changes[*gone].path.clone(), changes[*gone].old.clone());
        changes[*new].from = Some((path, *score));
        changes[*new].old = old;
        paired[*gone] = true;
    }
    let mut at = 0;
    changes.retain(|_| {
        at += 1;
        !paired[at - 1]
    });
    changes
}

struct Pairing<'a> {
    repository: &'a Repository,
    changes: &'a [Change],
    /// Of each file: its size and how many bytes each different line has.
    spans: HashMap<usize, (usize, HashMap<u64, usize>)>,
    /// Deleted and added files without a partner yet.
    gone: Vec<usize>,
    new: Vec<usize>,
    /// Deleted, added, percent.
    pairs: Vec<(usize, usize, u32)>,
}

impl Pairing<'_> {
    fn pair(&mut self, gone: usize, new: usize, score: u32) {
        self.gone.retain(|at| *at != gone);
        self.new.retain(|at| *at != new);
        self.pairs.push((gone, new, score * 100 / ALL));
    }

    fn exact(&mut self) {
        for new in self.new.clone() {
            let same = |gone: &&usize| {
                let (old, new) =
                    (self.changes[**gone].old.as_ref(), self.changes[new].new.as_ref());
                old.zip(new)
                    .is_some_and(|(old, new)| old.id == new.id && old.is_file() == new.is_file())
            };
            let candidates: Vec<_> = self.gone.iter().filter(same).copied().collect();
            let basename = |at: &&usize| self.basename(**at) == self.basename(new);
            if let Some(gone) = candidates.iter().find(basename).or(candidates.first()).copied() {
                self.pair(gone, new, ALL);
            }
        }
    }

    fn basename(&self, at: usize) -> &[u8] {
        let path = &self.changes[at].path;
        path.rsplit(|byte| *byte == b'/').next().unwrap_or(path)
    }

    /// Files whose name is there once on each side.
    fn by_basename(&mut self) -> Result<(), String> {
        for new in self.new.clone() {
            let same = |all: &[usize]| -> Vec<usize> {
                all.iter().filter(|at| self.basename(**at) == self.basename(new)).copied().collect()
            };
            let (gone, others) = (same(&self.gone), same(&self.new));
            if let ([gone], [_]) = (&gone[..], &others[..]) {
                let score = self.score(*gone, new)?;
                if score >= MIN_BASENAME {
                    self.pair(*gone, new, score);
                }
            }
        }
        Ok(())
    }

    fn by_content(&mut self) -> Result<(), String> {
        let mut scores = Vec::new();
        for new in &self.new.clone() {
            for gone in &self.gone.clone() {
                let score = self.score(*gone, *new)?;
                if score >= MIN_SCORE {
                    let basename = self.basename(*gone) == self.basename(*new);
                    scores.push((score, basename, *gone, *new));
                }
            }
        }
        scores.sort_by_key(|(score, basename, gone, new)| {
            (std::cmp::Reverse((*score, *basename)), *new, *gone)
        });
        for (score, _, gone, new) in scores {
            if self.gone.contains(&gone) && self.new.contains(&new) {
                self.pair(gone, new, score);
            }
        }
        Ok(())
    }

    /// The share of the larger file that is in the other.
    fn score(&mut self, gone: usize, new: usize) -> Result<u32, String> {
        let (old_side, new_side) = (&self.changes[gone].old, &self.changes[new].new);
        let (Some(old_side), Some(new_side)) = (old_side, new_side) else { return Ok(0) };
        if !old_side.is_file() || !new_side.is_file() {
            return Ok(0);
        }
        let sizes = [
            old_side.size(self.repository, &self.changes[gone].path)?,
            new_side.size(self.repository, &self.changes[new].path)?,
        ];
        let (small, large) = (sizes[0].min(sizes[1]), sizes[0].max(sizes[1]));
        if large > MAX_SIZE || small * 2 < large || small == 0 {
            return Ok(0);
        }
        self.read(gone, old_side)?;
        self.read(new, new_side)?;
        let (old, new) = (&self.spans[&gone], &self.spans[&new]);
        let same: usize = old
            .1
            .iter()
            .map(|(line, bytes)| new.1.get(line).map_or(0, |other| *bytes.min(other)))
            .sum();
        Ok((same as u64 * u64::from(ALL) / old.0.max(new.0).max(1) as u64) as u32)
    }

    fn read(&mut self, at: usize, side: &Side) -> Result<(), String> {
        if !self.spans.contains_key(&at) {
            let path = &self.changes[at].path;
            let content = side.content(self.repository, path)?;
            let text = self.repository.attributes.of(path).diff;
            let text = text.unwrap_or_else(|| !content[..content.len().min(8_000)].contains(&0));
            self.spans.insert(at, (content.len(), spans(&content, text)));
        }
        Ok(())
    }
}

/// The bytes of each different piece: a line, or 64 bytes of a long one. Text counts without `\r` before `\n`.
fn spans(content: &[u8], text: bool) -> HashMap<u64, usize> {
    use std::hash::{DefaultHasher, Hasher as _};
    let mut spans = HashMap::new();
    let (mut hasher, mut len) = (DefaultHasher::new(), 0);
    for (at, byte) in content.iter().enumerate() {
        if text && *byte == b'\r' && content.get(at + 1) == Some(&b'\n') {
            continue;
        }
        hasher.write_u8(*byte);
        len += 1;
        if *byte == b'\n' || len == 64 {
            *spans.entry(hasher.finish()).or_default() += len;
            (hasher, len) = (DefaultHasher::new(), 0);
        }
    }
    if len > 0 {
        *spans.entry(hasher.finish()).or_default() += len;
    }
    spans
}
