//! A decision put into the text of a local file, or taken out of it: comments, order and every other key stay as they
//! are.
//!
//! This module does not know who decides, or how the text gets on the disk.

mod error;
mod list;
mod key;
mod new_grant;
mod document;
mod checked;

#[cfg(test)]
mod tests;

use super::{Decisions, GrantName, Grants, Manifest};
use document::LocalDocument;
pub use error::{DecisionError, DecisionKeyError};
pub use key::DecisionKey;
pub use new_grant::NewGrant;

/// One decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Something is granted.
    Grant(NewGrant),
    /// A grant is taken away, whichever file gave it.
    Revoke(GrantName),
    /// A key gets a value, as a person types it.
    Set(DecisionKey, String),
    /// Something is not decided any more: the manifest says it.
    Unset(DecisionKey),
}

const WITHHELD: &str =
    "its `without_paths` keeps a directory from the plugin that this one lies in";

/// The text of the local file of the manifest `file` after `change`; empty where it has nothing more to say.
pub fn edited(
    file: &str,
    manifest: &str,
    local: Option<&str>,
    change: &Decision,
) -> Result<String, DecisionError> {
    let before = Manifest::parse_with(file, manifest, Some(local.unwrap_or_default()));
    let before = before.map_err(DecisionError::Before)?;
    let form = TextForm::of(local.unwrap_or_default());
    let mut document = LocalDocument::parse(form.plain(local.unwrap_or_default()))?;
    let merged = |document: &LocalDocument| {
        Manifest::parse_with(file, manifest, Some(&document.text())).map_err(DecisionError::After)
    };
    match change {
        Decision::Grant(grant) => {
            let authors = Manifest::parse(file, manifest).map_err(DecisionError::Before)?.grants;
            let grant = &grant.clone().completed(&[&before.grants, &authors]);
            let asked = grant.checked()?;
            grant.check_place(&asked, &before.grants)?;
            names_of(&asked).iter().for_each(|name| _ = document.grant_again(name));
            asked.files.iter().for_each(|asked| _ = document.see_again(&asked.path));
            if let NewGrant::Bound { secret, .. } = grant {
                document.tell_no_more(secret);
            }
            // A grant of the manifest that is not taken away any more needs no second grant.
            if !merged(&document)?.grants.include(&asked) {
                document.grant(grant);
                // A directory that lies in one that is kept away is kept away, too.
                if !asked.files.is_empty() && !merged(&document)?.grants.include(&asked) {
                    return Err(DecisionError::Form(WITHHELD.into()));
                }
            }
        }
        Decision::Revoke(name @ GrantName::Every(_)) => {
            document.forget(name);
            document.take_away(name);
        }
        Decision::Revoke(name) => {
            document.revoke(name);
            let left = merged(&document)?.grants;
            if left.has(name) {
                document.take_away(name);
                // The directory stays the same if the manifest gives it another guest path
                // tomorrow.
                if let GrantName::Files(at) = name {
                    let own = left.files.iter().filter(|own| own.at == *at);
                    own.for_each(|own| document.withhold(&own.path));
                }
            } else if !before.grants.has(name) && !document.takes_away(name) {
                let granted = names_of(&before.grants);
                return Err(DecisionError::NotGranted { name: name.clone(), granted });
            }
        }
        Decision::Set(key, value) => document.set(key, key.checked(value)?),
        Decision::Unset(key) => {
            let mut is_unset = document.unset(key);
            if let DecisionKey::Grant(GrantName::Files(at)) = key {
                let authors =
                    Manifest::parse(file, manifest).map_err(DecisionError::Before)?.grants.files;
                for own in authors.iter().filter(|own| own.at == *at) {
                    is_unset |= document.see_again(&own.path);
                }
            }
            if !is_unset {
                let decided = decided(before.decisions.as_ref());
                return Err(DecisionError::NotDecided { key: key.to_string(), decided });
            }
        }
    }
    merged(&document)?;
    Ok(form.written(&document.text()))
}

/// The traces of an editor of Windows in a text, which an edit leaves as they are.
#[derive(Clone, Copy, Debug)]
struct TextForm {
    is_marked: bool,
    has_crlf: bool,
}

impl TextForm {
    const MARK: char = '\u{feff}';

    fn of(text: &str) -> Self {
        Self { is_marked: text.starts_with(Self::MARK), has_crlf: text.contains("\r\n") }
    }

    fn plain(self, text: &str) -> &str {
        text.strip_prefix(Self::MARK).unwrap_or(text)
    }

    fn written(self, text: &str) -> String {
        let lines = text.replace("\r\n", "\n");
        let lines = if self.has_crlf { lines.replace('\n', "\r\n") } else { lines };
        match self.is_marked && !lines.is_empty() {
            true => format!("{}{lines}", Self::MARK),
            false => lines,
        }
    }
}

/// Returns the decisions of a local file, as `unset` takes them.
fn decided(decisions: Option<&Decisions>) -> Vec<String> {
    let Some(Decisions {
        set,
        taken,
        idle,
        unknown_config: _,
        replaced_prefix: _,
        replaced_bindings: _,
    }) = decisions
    else {
        return Vec::new();
    };
    let without = taken.iter().chain(idle).map(ToString::to_string);
    set.iter().cloned().chain(without).collect()
}

/// Returns the names of all that `grants` grant.
fn names_of(grants: &Grants) -> Vec<GrantName> {
    let Grants { network, files, scratch, env, secrets, config, withheld: _ } = grants;
    let mut names: Vec<_> = files.iter().map(|grant| GrantName::Files(grant.at.clone())).collect();
    names.extend(scratch.iter().map(|_| GrantName::Every(super::GrantKind::Scratch)));
    names.extend(
        network
            .iter()
            .map(|grant| GrantName::Network(grant.scheme, grant.host.clone(), grant.port)),
    );
    names.extend(env.keys().map(|name| GrantName::Env(name.as_str().into())));
    let bound = network.iter().filter_map(|grant| Some(&grant.secret.as_ref()?.name));
    for secret in secrets.iter().chain(bound) {
        let name = GrantName::Secret(secret.clone());
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names.extend(config.keys().map(|key| GrantName::Config(key.as_str().into())));
    names
}
