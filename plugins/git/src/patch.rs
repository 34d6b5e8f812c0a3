//! Changes as text: git's unified diffs, counts of lines, and names.

use std::fmt::Write as _;
use std::ops::Range;

use gix_hash::ObjectId;
use gix_imara_diff::{Algorithm, Diff, InternedInput};

use crate::change::{Change, Side};
use crate::paths::{quoted, quoted_after};
use crate::repository::Repository;

/// Files larger than this are not compared line by line, as if they were binary.
const MAX_COMPARED: u64 = 8 * 1024 * 1024;
const MAX_FUNCTION: usize = 80;

/// The form in which each change is shown.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Unified diffs with this many lines around each change.
    Patch { context: u32 },
    /// The numbers of lines that came and went.
    Counts,
}

/// The text of all changes.
pub fn written(repository: &Repository, changes: &[Change], form: Form) -> Result<String, String> {
    let mut text = String::new();
    let (mut added, mut removed) = (0, 0);
    for change in changes {
        match form {
            Form::Patch { context } => patch(repository, change, context, &mut text)?,
            Form::Counts => {
                let (plus, minus) = counts(repository, change, &mut text)?;
                added += plus;
                removed += minus;
            }
        }
    }
    if form == Form::Counts && !changes.is_empty() {
        let files = if changes.len() == 1 { "file" } else { "files" };
        let lines = if added == 1 { "line" } else { "lines" };
        let _ = writeln!(
            text,
            "{} {files} changed, {added} {lines} added, {removed} removed",
            changes.len()
        );
    }
    Ok(text)
}

fn both_empty(repository: &Repository, change: &Change) -> Result<bool, String> {
    let is_empty = |side: &Option<Side>, path: &[u8]| {
        side.as_ref().map_or(Ok(true), |side| side.size(repository, path).map(|size| size == 0))
    };
    Ok(is_empty(&change.old, change.old_path())? && is_empty(&change.new, &change.path)?)
}

/// Both contents, or none if they are not compared by lines.
fn contents(repository: &Repository, change: &Change) -> Result<Option<[Vec<u8>; 2]>, String> {
    let mut contents = [Vec::new(), Vec::new()];
    let sides = [(&change.old, change.old_path()), (&change.new, &change.path[..])];
    for (content, (side, path)) in contents.iter_mut().zip(sides) {
        let Some(side) = side else { continue };
        // Attributes are of files: what a link leads to is text.
        let diff = repository.attributes.of(path).diff.filter(|_| side.is_file());
        let hidden = diff == Some(false) && !both_empty(repository, change)?;
        if hidden || side.size(repository, path)? > MAX_COMPARED {
            return Ok(None);
        }
        *content = side.content(repository, path)?;
        let binary = content[..content.len().min(8_000)].contains(&0);
        if binary && diff != Some(true) {
            return Ok(None);
        }
    }
    Ok(Some(contents))
}

fn counts(
    repository: &Repository,
    change: &Change,
    text: &mut String,
) -> Result<(usize, usize), String> {
    let from =
        change.from.as_ref().map(|(path, _)| format!("{} => ", quoted(path))).unwrap_or_default();
    let path = quoted(&change.path);
    if change.conflict {
        let _ = writeln!(text, "-\t-\t{path} (conflict)");
        return Ok((0, 0));
    }
    let Some([old, new]) = contents(repository, change)? else {
        let _ = writeln!(text, "-\t-\t{from}{path}");
        return Ok((0, 0));
    };
    let lines = Lines::new(&old, &new);
    let (added, removed) =
        (lines.diff.count_additions() as usize, lines.diff.count_removals() as usize);
    let _ = writeln!(text, "{added}\t{removed}\t{from}{path}");
    Ok((added, removed))
}

fn patch(
    repository: &Repository,
    change: &Change,
    context: u32,
    text: &mut String,
) -> Result<(), String> {
    if change.conflict {
        let _ = writeln!(text, "* Unmerged path {}", quoted(&change.path));
        return Ok(());
    }
    // A file that became a link, or the other way: git shows one gone and one made.
    if change.letter() == 'T' {
        patch(
            repository,
            &Change::new(change.path.clone(), change.old.clone(), None),
            context,
            text,
        )?;
        return patch(
            repository,
            &Change::new(change.path.clone(), None, change.new.clone()),
            context,
            text,
        );
    }
    let (old_name, new_name) =
        (quoted_after("a/", change.old_path()), quoted_after("b/", &change.path));
    let _ = writeln!(text, "diff --git {old_name} {new_name}");
    head(repository, change, text);
    let same = matches!((&change.old, &change.new), (Some(old), Some(new)) if old.id == new.id);
    if same {
        return Ok(());
    }
    let old_name = if change.old.is_some() { old_name } else { "/dev/null".into() };
    let new_name = if change.new.is_some() { new_name } else { "/dev/null".into() };
    match contents(repository, change)? {
        None => {
            let _ = writeln!(text, "Binary files {old_name} and {new_name} differ");
        }
        Some([old, new]) => {
            let lines = Lines::new(&old, &new);
            if lines.diff.hunks().next().is_some() {
                // Names with spaces end with a tab, so that they can be told from a date.
                let end = |name: &str| if name.contains(' ') { "\t" } else { "" };
                let _ = writeln!(
                    text,
                    "--- {old_name}{}\n+++ {new_name}{}",
                    end(&old_name),
                    end(&new_name)
                );
                lines.write(context, text);
            }
        }
    }
    Ok(())
}

/// Modes, names and ids, as git says them above a diff.
fn head(repository: &Repository, change: &Change, text: &mut String) {
    let (old, new) = (&change.old, &change.new);
    match (old, new) {
        (None, Some(new)) => {
            let _ = writeln!(text, "new file mode {:06o}", new.mode);
        }
        (Some(old), None) => {
            let _ = writeln!(text, "deleted file mode {:06o}", old.mode);
        }
        (Some(old), Some(new)) if old.mode != new.mode => {
            let _ = writeln!(text, "old mode {:06o}\nnew mode {:06o}", old.mode, new.mode);
        }
        _ => {}
    }
    if let Some((from, score)) = &change.from {
        let (from, to) = (quoted(from), quoted(&change.path));
        let _ = writeln!(text, "similarity index {score}%\nrename from {from}\nrename to {to}");
    }
    let short = |side: &Option<Side>| match side {
        Some(side) => repository.short(&side.id),
        None => repository.short(&ObjectId::null(gix_hash::Kind::Sha1)),
    };
    let (one, other) = (short(old), short(new));
    if one != other {
        let mode = match (old, new) {
            (Some(old), Some(new)) if old.mode == new.mode => format!(" {:06o}", new.mode),
            _ => String::new(),
        };
        let _ = writeln!(text, "index {one}..{other}{mode}");
    }
}

/// Two texts compared by lines.
pub struct Lines<'a> {
    input: InternedInput<&'a [u8]>,
    pub diff: Diff,
}

impl<'a> Lines<'a> {
    pub fn new(old: &'a [u8], new: &'a [u8]) -> Self {
        let mut input = InternedInput::default();
        input.update_before(old.split_inclusive(|byte| *byte == b'\n'));
        input.update_after(new.split_inclusive(|byte| *byte == b'\n'));
        let mut diff = Diff::compute(Algorithm::Myers, &input);
        diff.postprocess_lines(&input);
        Self { input, diff }
    }

    fn old(&self, at: u32) -> &'a [u8] {
        self.input.interner[self.input.before[at as usize]]
    }

    fn new_line(&self, at: u32) -> &'a [u8] {
        self.input.interner[self.input.after[at as usize]]
    }

    fn write(&self, context: u32, text: &mut String) {
        let hunks: Vec<_> = self.diff.hunks().collect();
        let mut at = 0;
        while at < hunks.len() {
            let mut end = at + 1;
            while end < hunks.len()
                && hunks[end].before.start - hunks[end - 1].before.end <= context.saturating_mul(2)
            {
                end += 1;
            }
            self.group(&hunks[at..end], context, text);
            at = end;
        }
    }

    /// Changes that are close to each other, under one heading.
    fn group(&self, hunks: &[gix_imara_diff::Hunk], context: u32, text: &mut String) {
        let (Some(first), Some(last)) = (hunks.first(), hunks.last()) else { return };
        let lead = context.min(first.before.start);
        let trail = context.min(self.input.before.len() as u32 - last.before.end);
        let before = first.before.start - lead..last.before.end + trail;
        let after = first.after.start - lead..last.after.end + trail;
        let function = self.function(before.start);
        let _ = writeln!(text, "@@ -{} +{} @@{function}", shown(&before), shown(&after));
        let mut at = before.start;
        for hunk in hunks {
            (at..hunk.before.start).for_each(|line| put(' ', self.old(line), text));
            hunk.before.clone().for_each(|line| put('-', self.old(line), text));
            hunk.after.clone().for_each(|line| put('+', self.new_line(line), text));
            at = hunk.before.end;
        }
        (at..before.end).for_each(|line| put(' ', self.old(line), text));
    }

    /// The last line above that begins with a letter, `_` or `$`.
    fn function(&self, start: u32) -> String {
        let heads = |line: &&[u8]| {
            line.first().is_some_and(|byte| byte.is_ascii_alphabetic() || b"_$".contains(byte))
        };
        let Some(line) = (0..start).rev().map(|at| self.old(at)).find(heads) else {
            return String::new();
        };
        let line = &line[..line.len().min(MAX_FUNCTION)];
        format!(" {}", String::from_utf8_lossy(line.trim_ascii_end()))
    }
}

/// A range of lines as a hunk's heading says it.
fn shown(range: &Range<u32>) -> String {
    match range.end - range.start {
        0 => format!("{},0", range.start),
        1 => (range.start + 1).to_string(),
        count => format!("{},{count}", range.start + 1),
    }
}

fn put(sign: char, line: &[u8], text: &mut String) {
    text.push(sign);
    match line.strip_suffix(b"\n") {
        Some(line) => *text += &String::from_utf8_lossy(line),
        None => {
            *text += &String::from_utf8_lossy(line);
            *text += "\n\\ No newline at end of file";
        }
    }
    text.push('\n');
}
