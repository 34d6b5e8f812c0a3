//! The reasons why a decision cannot be put into a local file.

use super::super::syntax::error::Diagnostic;
use super::super::syntax::keys::Section;
use super::super::syntax::nearest::nearest;
use super::super::syntax::source::SourceTexts;
use crate::manifest::{GrantName, ManifestError};
use crate::secret_places::without_secrets;
use crate::text::{escape, joined};

/// A text that names no decision.
#[derive(Debug, thiserror::Error)]
#[error("there is no key `{}`{} keys are {}, limits.KEY ({}), tools.NAME.KEY ({})",
    escape(&without_secrets(.key)), hint(.near.as_deref()), list(Section::LocalPlugin), list(Section::Limits), list(Section::LocalTool))]
pub struct DecisionKeyError {
    pub(super) key: String,
    pub(super) near: Option<String>,
}

impl DecisionKeyError {
    /// The key that was probably meant. `None` if none is near.
    #[must_use]
    pub fn near(&self) -> Option<&str> {
        self.near.as_deref()
    }
}

fn hint(near: Option<&str>) -> String {
    near.map_or(";".into(), |near| format!("; did you mean `{near}`?"))
}

fn list(section: Section) -> String {
    keys(section).collect::<Vec<_>>().join(", ")
}

/// The keys that can be set: the name of a tool only says which it is.
pub(super) fn keys(section: Section) -> impl Iterator<Item = &'static str> {
    section.keys().into_iter().filter(|key| *key != "name")
}

/// The reason why a decision cannot be put into a local file. The file stays as it is.
#[derive(Debug, thiserror::Error)]
pub enum DecisionError {
    /// The files are wrong already.
    #[error("{0}")]
    Before(ManifestError),
    /// They would be wrong together. The place is of no use: the text is not on the disk.
    #[error("{}{}", .0.message(), help(.0.advice().map(str::to_owned).as_ref()))]
    After(ManifestError),
    /// The local file cannot be edited though it can be read.
    #[error("the local file cannot be edited: {0}; edit it by hand")]
    Form(String),
    /// One of the arguments is not valid.
    #[error("{argument}: {problem}{}", help(.advice.as_ref()))]
    Argument {
        /// The argument's name.
        argument: String,
        /// The fault in it.
        problem: String,
        /// Advice about it, if there is any.
        advice: Option<String>,
    },
    /// Another directory is seen at the place that a person did not name.
    #[error(
        "the plugin sees another directory at {at}: {path}; give this one another place, such as --at {at}2, or \
         say --at {at} to put it in the other's place", at = escape(.at), path = escape(.path)
    )]
    PlaceTaken {
        /// The place, as the plugin sees it.
        at: String,
        /// The directory that is seen there.
        path: String,
    },
    /// There is no such key.
    #[error(transparent)]
    DecisionKey(#[from] DecisionKeyError),
    /// There is nothing to take away.
    #[error("`{name}` is not granted{}", known(&name.to_string(), &texts(.granted), "granted are"))]
    NotGranted {
        /// The name that was given.
        name: GrantName,
        /// The grants that there are.
        granted: Vec<GrantName>,
    },
    /// There is nothing to forget.
    #[error("the local file does not decide `{}`{}", escape(&without_secrets(.key)), known(.key, .decided, "it decides"))]
    NotDecided {
        /// The key that was given.
        key: String,
        /// The keys and grants that the local file decides.
        decided: Vec<String>,
    },
}

fn texts(names: &[GrantName]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}

fn help(advice: Option<&String>) -> String {
    advice.map(|advice| format!("; {advice}")).unwrap_or_default()
}

/// Names the nearest to `name`, and all there are.
fn known(name: &str, known: &[String], words: &str) -> String {
    if known.is_empty() {
        return format!("; {words} nothing");
    }
    let near = nearest(name, known.iter().map(String::as_str));
    let near = near.map(|near| format!("did you mean `{near}`?"));
    format!("; {}", joined(near.into_iter().chain([format!("{words} {}", known.join(", "))])))
}

impl DecisionError {
    /// Returns the error for the fault of a single argument.
    pub(in crate::manifest) fn of_fault(argument: &str, fault: Diagnostic) -> Self {
        let source = SourceTexts { manifest: "", local: None };
        let error = ManifestError::from_fault("", source, fault);
        Self::of_arguments(&error, |_| argument.to_owned())
    }

    /// Turns `error`, which is of a text that was made of arguments alone, into an error of one of these;
    /// `argument` gives the name of the one that a key comes from.
    pub(super) fn of_arguments(
        error: &ManifestError,
        argument: impl Fn(Option<&str>) -> String,
    ) -> Self {
        let message = error.message();
        let (key, problem) = match message.split_once(": ") {
            Some((place, problem)) => (key_of(place), problem),
            None => (None, message),
        };
        let problem = if key.is_some() { problem } else { message };
        Self::Argument {
            argument: argument(key),
            problem: problem.to_owned(),
            advice: error.advice().map(str::to_owned),
        }
    }
}

/// The key in a place such as `` `at` in a table of `files` ``.
fn key_of(place: &str) -> Option<&str> {
    let (key, rest) = place.strip_prefix('`')?.split_once('`')?;
    rest.starts_with(" in ").then_some(key)
}
