//! `blame`: which commit wrote each line.

use std::collections::BinaryHeap;
use std::fmt::Write as _;

use gix_hash::ObjectId;
use gix_object::Kind;

use crate::change::{Change, Side};
use crate::commits::{self, Commit};
use crate::patch::Lines;
use crate::paths::{Paths, quoted};
use crate::rename;
use crate::repository::Repository;
use crate::tree;

/// Commits that one call looks at.
const MAX_COMMITS: usize = 200_000;
const MAX_LINES: usize = 200_000;

/// Some lines that a commit's version of the file has, which nobody further back is known to have written.
#[derive(Clone, Debug)]
struct Piece {
    /// The line of the first in the file that was asked for.
    shown: u32,
    /// The line of it in this version.
    here: u32,
    count: u32,
}

/// A version of the file that is looked at.
struct Suspect {
    commit: Commit,
    path: Vec<u8>,
    blob: ObjectId,
    pieces: Vec<Piece>,
}

pub struct Blame<'a> {
    repository: &'a Repository,
    /// By date, the newest first.
    queue: BinaryHeap<(i64, std::cmp::Reverse<usize>)>,
    suspects: Vec<Option<Suspect>>,
    /// For each line of the file: its commit, and the path it had there.
    origins: Vec<Option<(Commit, Vec<u8>)>>,
}

pub fn blame(
    repository: &Repository,
    revision: ObjectId,
    path: &[u8],
    from: u32,
    count: u32,
) -> Result<String, String> {
    let commit = commits::read(repository, &revision)?;
    let entry = tree::entry(repository, commit.tree, path)?
        .filter(|entry| entry.mode & 0o170000 == 0o100000);
    let entry = entry.ok_or_else(|| {
        format!("there is no file `{}` in {}", quoted(path), repository.short(&revision))
    })?;
    let data = repository.objects.of_kind(&entry.id, Kind::Blob)?;
    if data[..data.len().min(8_000)].contains(&0) {
        return Err(format!("`{}` is binary", quoted(path)));
    }
    let lines: Vec<_> = data.split_inclusive(|byte| *byte == b'\n').collect();
    if lines.len() > MAX_LINES {
        return Err(format!("`{}` has {} lines, more than {MAX_LINES}", quoted(path), lines.len()));
    }
    let total = lines.len() as u32;
    if from > total.max(1) {
        return Err(format!("`from_line` is {from}, but the file has {total} lines"));
    }
    let first = from - 1;
    let count = count.min(total - first.min(total));
    let mut blame = Blame {
        repository,
        queue: BinaryHeap::new(),
        suspects: Vec::new(),
        origins: vec![None; lines.len()],
    };
    let piece = Piece { shown: first, here: first, count };
    blame.suspect(Suspect { commit, path: path.to_vec(), blob: entry.id, pieces: vec![piece] });
    blame.run()?;
    Ok(blame.written(&lines, path, first, count))
}

impl Blame<'_> {
    /// Looks at this version later, together with what else is asked of the same.
    fn suspect(&mut self, suspect: Suspect) {
        if suspect.pieces.is_empty() {
            return;
        }
        let same = |known: &&mut Suspect| {
            known.commit.id == suspect.commit.id && known.path == suspect.path
        };
        let waiting = self.queue.iter().map(|(_, at)| at.0).collect::<Vec<_>>();
        let known = self.suspects.iter_mut().enumerate().filter(|(at, _)| waiting.contains(at));
        if let Some(known) = known.filter_map(|(_, known)| known.as_mut()).find(same) {
            known.pieces.extend(suspect.pieces);
            return;
        }
        self.queue
            .push((suspect.commit.committer.time.seconds, std::cmp::Reverse(self.suspects.len())));
        self.suspects.push(Some(suspect));
    }

    fn run(&mut self) -> Result<(), String> {
        while let Some((_, at)) = self.queue.pop() {
            if self.suspects.len() > MAX_COMMITS {
                return Err(format!(
                    "the file has more than {MAX_COMMITS} versions; ask for fewer lines"
                ));
            }
            if let Some(suspect) = self.suspects[at.0].take() {
                self.look(suspect)?;
            }
        }
        Ok(())
    }

    fn look(&mut self, mut suspect: Suspect) -> Result<(), String> {
        let mut parents = Vec::new();
        for id in &suspect.commit.parents {
            let parent = commits::read(self.repository, id)?;
            let Some((path, blob)) = self.origin(&suspect, &parent)? else { continue };
            if blob == suspect.blob {
                let pieces = std::mem::take(&mut suspect.pieces);
                self.suspect(Suspect { commit: parent, path, blob, pieces });
                return Ok(());
            }
            parents.push((parent, path, blob));
        }
        let new = self.repository.objects.of_kind(&suspect.blob, Kind::Blob)?;
        for (parent, path, blob) in parents {
            let old = self.repository.objects.of_kind(&blob, Kind::Blob)?;
            let (passed, kept) = split(&Lines::new(&old, &new), &suspect.pieces);
            suspect.pieces = kept;
            self.suspect(Suspect { commit: parent, path, blob, pieces: passed });
        }
        for line in suspect.pieces.iter().flat_map(|piece| piece.shown..piece.shown + piece.count) {
            self.origins[line as usize] = Some((suspect.commit.clone(), suspect.path.clone()));
        }
        Ok(())
    }

    /// The place of the file in a parent: at the same path, or where it was renamed from.
    fn origin(
        &self,
        suspect: &Suspect,
        parent: &Commit,
    ) -> Result<Option<(Vec<u8>, ObjectId)>, String> {
        if let Some(entry) = tree::entry(self.repository, parent.tree, &suspect.path)? {
            return Ok(
                (entry.mode & 0o170000 == 0o100000).then(|| (suspect.path.clone(), entry.id))
            );
        }
        let changes = tree::diff(
            self.repository,
            Some(parent.tree),
            Some(suspect.commit.tree),
            &Paths::all(),
        )?;
        let wanted = |change: &Change| change.new.is_none() || change.path == suspect.path;
        let renamed = rename::find(self.repository, changes.into_iter().filter(wanted).collect())?;
        let renamed = renamed.into_iter().find(|change| change.path == suspect.path);
        Ok(renamed.and_then(|change| Some((change.from?.0, change.old.map(|old: Side| old.id)?))))
    }

    fn written(&self, lines: &[&[u8]], path: &[u8], first: u32, count: u32) -> String {
        let mut text = String::new();
        let mut last: Option<&Commit> = None;
        let mut told = std::collections::HashSet::new();
        for line in first..first + count {
            let Some((commit, origin)) = &self.origins[line as usize] else { continue };
            if last.is_none_or(|last| last.id != commit.id) {
                let _ = write!(text, "{}", self.repository.short(&commit.id));
                if told.insert(commit.id) {
                    let from = if origin == path {
                        String::new()
                    } else {
                        format!(" ({})", quoted(origin))
                    };
                    let day = commits::day(&commit.author.time);
                    let _ =
                        write!(text, " {day} {}: {}{from}", commit.author.name, commit.subject());
                }
                text.push('\n');
                last = Some(commit);
            }
            let content = String::from_utf8_lossy(lines[line as usize]);
            let _ = writeln!(text, "{}\t{}", line + 1, content.trim_end_matches(['\r', '\n']));
        }
        text
    }
}

/// The lines that the old version has as well, as they are numbered there, and those that it has not.
fn split(lines: &Lines<'_>, pieces: &[Piece]) -> (Vec<Piece>, Vec<Piece>) {
    let hunks: Vec<_> = lines.diff.hunks().collect();
    let (mut passed, mut kept) = (Vec::new(), Vec::new());
    for piece in pieces {
        let end = piece.here + piece.count;
        let mut at = piece.here;
        let start = hunks.partition_point(|hunk| hunk.after.end <= at);
        // How far lines after the hunks before are moved.
        let mut moved = match start.checked_sub(1).and_then(|before| hunks.get(before)) {
            Some(hunk) => i64::from(hunk.before.end) - i64::from(hunk.after.end),
            None => 0,
        };
        let mut take = |from: u32, to: u32, moved: Option<i64>| {
            if from >= to {
                return;
            }
            let shown = piece.shown + (from - piece.here);
            match moved.and_then(|moved| u32::try_from(i64::from(from) + moved).ok()) {
                Some(here) => passed.push(Piece { shown, here, count: to - from }),
                None => kept.push(Piece { shown, here: from, count: to - from }),
            }
        };
        for hunk in hunks[start..].iter().take_while(|hunk| hunk.after.start < end) {
            take(at, hunk.after.start.max(at), Some(moved));
            take(hunk.after.start.max(at), hunk.after.end.min(end), None);
            at = hunk.after.end.min(end).max(at);
            moved = i64::from(hunk.before.end) - i64::from(hunk.after.end);
        }
        take(at, end, Some(moved));
    }
    (passed, kept)
}
