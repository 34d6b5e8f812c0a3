//! `show`: one object: a commit with its changes, a tag, a directory, a file.

use std::fmt::Write as _;

use gix_hash::ObjectId;
use gix_object::{Kind, TagRef};

use crate::commits::{self, Commit};
use crate::log;
use crate::patch::{self, Form};
use crate::paths::{Paths, quoted};
use crate::rename;
use crate::repository::Repository;
use crate::revision;
use crate::tree;

const MAX_TAGS: usize = 16;

pub fn show(
    repository: &Repository,
    text: &str,
    paths: &Paths,
    form: Form,
) -> Result<String, String> {
    let mut id = revision::object(repository, text)?;
    let mut shown = String::new();
    for _ in 0..MAX_TAGS {
        let object = repository.objects.find(&id)?;
        match object.kind {
            Kind::Commit => {
                commit(repository, &commits::read(repository, &id)?, paths, form, &mut shown)?;
                return Ok(shown);
            }
            Kind::Tree => {
                directory(repository, text, id, &mut shown)?;
                return Ok(shown);
            }
            Kind::Blob => {
                file(text, &object.data, &mut shown);
                return Ok(shown);
            }
            Kind::Tag => id = tag(&object.data, &mut shown)?,
        }
    }
    Err("tags lead to further tags without an end".into())
}

fn commit(
    repository: &Repository,
    commit: &Commit,
    paths: &Paths,
    form: Form,
    shown: &mut String,
) -> Result<(), String> {
    log::header(repository, commit, "", shown);
    let changes = rename::find(repository, log::against_parent(repository, commit, paths)?)?;
    if commit.parents.len() > 1 {
        let _ = writeln!(shown, "\n[a merge: what follows is the difference to its first parent]");
    }
    let text = patch::written(repository, &changes, form)?;
    if !text.is_empty() {
        let _ = write!(shown, "\n{text}");
    }
    Ok(())
}

fn directory(
    repository: &Repository,
    text: &str,
    id: ObjectId,
    shown: &mut String,
) -> Result<(), String> {
    let _ = writeln!(shown, "tree {text}\n");
    for entry in tree::entries(repository, &id)? {
        let end = if entry.is_tree() { "/" } else { "" };
        let _ = writeln!(shown, "{}{end}", quoted(&entry.name));
    }
    Ok(())
}

fn file(text: &str, data: &[u8], shown: &mut String) {
    if data[..data.len().min(8_000)].contains(&0) {
        let _ = writeln!(shown, "`{text}` is binary and has {} bytes", data.len());
    } else {
        *shown += &String::from_utf8_lossy(data);
    }
}

/// Shows a tag and gives what it is of.
fn tag(data: &[u8], shown: &mut String) -> Result<ObjectId, String> {
    let tag = TagRef::from_bytes(data, gix_hash::Kind::Sha1).map_err(|error| error.to_string())?;
    let _ = writeln!(shown, "tag {}", tag.name);
    if let Ok(Some(tagger)) = tag.tagger() {
        let _ = writeln!(shown, "Tagger: {} <{}>", tagger.name, tagger.email);
        if let Ok(time) = tagger.time() {
            let _ = writeln!(shown, "Date:   {}", commits::date(&time));
        }
    }
    let message = String::from_utf8_lossy(tag.message).trim_end().to_owned();
    let _ = writeln!(shown, "\n{message}\n");
    Ok(tag.target())
}
