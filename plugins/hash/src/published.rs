//! Checksums as they are published: alone, with their algorithm, with a file's name, and in lists of many files.
//! Which of them counts for a file is decided here; the forms are read by the modules below.

mod control;
mod heading;
mod label;
mod line;
mod list;
mod mention;
mod name;
mod options;
mod record;
mod size;
mod table;
mod unsigned;
mod value;
mod within;

use crate::digest::Algorithm;
use crate::encoding::Encoding;

/// One published checksum.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// As it was published, or else that which is usual for the length.
    pub algorithm: Option<Algorithm>,
    pub bytes: Vec<u8>,
    pub name: Option<String>,
    /// The size of the file. `None` if only its checksum is published.
    pub size: Option<u64>,
}

/// The checksums that count for a file.
#[derive(Debug, Default, PartialEq)]
pub struct Published {
    pub entries: Vec<Entry>,
    /// What tells the size of the file beside them in a way that cannot be compared.
    pub unread_size: Option<String>,
}

/// Longest list that is read.
const MAX_LENGTH: usize = 1024 * 1024;

/// Whose checksum is looked for in a list.
#[derive(Clone, Copy, Debug)]
pub enum Wanted<'a> {
    /// Of the entry with this name, which the caller chose.
    Name(&'a str),
    /// Of the file at this path, which may be called something else in the list.
    Path(&'a str),
    Any,
}

/// The checksums that count for a file, with the size that stands beside them.
pub fn read(text: &str, wanted: Wanted<'_>) -> Result<Published, String> {
    if text.len() > MAX_LENGTH {
        return Err(format!("`expected` is {} bytes long; the limit is {MAX_LENGTH}", text.len()));
    }
    let (known, are_alternatives) = list::entries(text)?;
    let (mut entries, is_of_several) = chosen(text, wanted, known.clone(), are_alternatives)?;
    if entries.iter().any(|entry| entry.size.is_some()) {
        return Ok(Published { entries, unread_size: None });
    }
    let asked = match wanted {
        Wanted::Name(name) | Wanted::Path(name) => Some(name),
        Wanted::Any => None,
    };
    let name = entries.iter().find_map(|entry| entry.name.as_deref()).or(asked);
    let sums: Vec<&[u8]> = known.iter().map(|entry| &entry.bytes[..]).collect();
    let unread_size = match size::told(text, name, is_of_several, &sums) {
        size::Told::Nothing => None,
        size::Told::Unread(line) => Some(line),
        size::Told::Bytes(size) => {
            entries.iter_mut().for_each(|entry| entry.size = Some(size));
            None
        }
    };
    Ok(Published { entries, unread_size })
}

/// The entries of a list that count for a file, and true if the text lists several files. Each of their algorithms has to be
/// right, and those of one algorithm are the same; but of alternatives, such as the `integrity` of a web page, the strongest
/// algorithm counts and any entry of it will do.
fn chosen(
    text: &str,
    wanted: Wanted<'_>,
    mut entries: Vec<Entry>,
    are_alternatives: bool,
) -> Result<(Vec<Entry>, bool), String> {
    if let Wanted::Name(name) | Wanted::Path(name) = wanted {
        entries.iter_mut().for_each(|entry| entry.take_number(name));
    }
    let named: Vec<&Entry> = entries.iter().filter(|entry| entry.name.is_some()).collect();
    let is_of_one = named.windows(2).all(|pair| pair[0].plain_name() == pair[1].plain_name());
    let chosen: Vec<&Entry> = match wanted {
        _ if named.is_empty() => entries.iter().collect(),
        Wanted::Any if is_of_one => entries.iter().collect(),
        Wanted::Name(name) | Wanted::Path(name) => {
            let mut called = name::called(&named, name)?;
            if is_of_one {
                // What stands without a name beside a single one is of the same file.
                called.extend(entries.iter().filter(|entry| entry.name.is_none()));
            }
            called
        }
        Wanted::Any => {
            return Err(format!(
                "`expected` lists {} files; say which as `name`: {}",
                named.len(),
                name::shown(&named)
            ));
        }
    };
    if chosen.iter().any(|entry| entry.name.is_none()) {
        none_is_of_another(text, wanted, &entries)?;
    }
    if are_alternatives {
        let strongest = chosen.iter().map(|entry| entry.strength()).max().flatten();
        let strong = chosen.into_iter().filter(|entry| entry.strength() == strongest);
        return Ok((strong.cloned().collect(), !is_of_one));
    }
    for (at, entry) in chosen.iter().enumerate() {
        let differs =
            |other: &&&Entry| other.strength() == entry.strength() && other.bytes != entry.bytes;
        if let Some(other) = chosen[..at].iter().find(differs) {
            return Err(contradiction(other, entry));
        }
    }
    Ok((chosen.into_iter().cloned().collect(), !is_of_one))
}

/// Makes sure that a text whose checksums carry no names names no other file: they may be of that.
fn none_is_of_another(text: &str, wanted: Wanted<'_>, entries: &[Entry]) -> Result<(), String> {
    let name = match wanted {
        Wanted::Name(name) | Wanted::Path(name) => Some(name),
        Wanted::Any => None,
    };
    let others = mention::others(text, name, entries);
    let shown = || {
        let shown: Vec<_> =
            others.iter().take(name::SHOWN).map(|name| format!("`{name}`")).collect();
        shown.join(", ")
    };
    match (&others[..], name) {
        ([], _) => Ok(()),
        ([_], None) if entries.iter().all(|entry| entry.name.is_none()) => Ok(()),
        ([_], Some(name)) if !mention::names(text, name) => Err(name::not_listed(name, &shown())),
        _ => Err(format!(
            "`expected` names several files in a form that is not read, {}; give the checksum of this file alone, as `HEX  name`",
            shown()
        )),
    }
}

/// Returns the error about two checksums of which one must be wrong.
fn contradiction(one: &Entry, other: &Entry) -> String {
    let of = one.name.as_ref().map(|name| format!(" for `{name}`")).unwrap_or_default();
    let hex = |entry: &Entry| Encoding::Hex.encode(&entry.bytes).unwrap_or_default();
    format!(
        "`expected` has different checksums{of}, `{}` and `{}`; only one can be right: give that alone, in one line",
        hex(one),
        hex(other)
    )
}

impl Entry {
    fn plain_name(&self) -> Option<String> {
        self.name.as_deref().map(name::plain)
    }

    /// Takes the number before a name for a part of it, where the file is called so: `HEX 2026 report.pdf`.
    fn take_number(&mut self, wanted: &str) {
        if let (Some(size), Some(name)) = (self.size, &self.name) {
            let whole = format!("{size} {name}");
            if name::base(&name::plain(wanted)) == whole {
                (self.name, self.size) = (Some(whole), None);
            }
        }
    }

    /// The algorithm by which it counts among others.
    fn strength(&self) -> Option<Algorithm> {
        self.algorithm.or(Algorithm::usual(self.bytes.len()))
    }
}

#[cfg(test)]
mod tests;
