//! The commands of toolrack that messages suggest. Each is built of words, so that it works when it is copied into a
//! shell: every word is quoted, and the plugin directories and toolrack's own are named where others would count without.
//!
//! Why a command is suggested is not known here.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::text::shell_word;

/// The plugin directories that suggested commands name, absolute.
///
/// They are told once for the whole process. Messages come from every layer, also from errors that are kept and shown
/// later, and none of those layers knows which directories there are; but all of a process's messages are about the same
/// ones. Where nobody tells any, as in tests, commands name none.
static NAMED_DIRECTORIES: OnceLock<Vec<String>> = OnceLock::new();

/// Tells all commands that are suggested from now on to name `directories`. Only the first call counts.
pub(crate) fn name_directories(directories: &[PathBuf]) {
    NAMED_DIRECTORIES.get_or_init(|| directories.iter().map(|path| in_full(path)).collect());
}

/// The directory that suggested commands name as toolrack's own, absolute. `None` if a person's own counts by itself.
///
/// It is told once for the whole process, as the plugin directories are.
static NAMED_HOME: OnceLock<Option<String>> = OnceLock::new();

/// Tells all commands that are suggested from now on to name `home`. Only the first call counts.
pub(crate) fn name_home(home: Option<&Path>) {
    NAMED_HOME.get_or_init(|| home.map(in_full));
}

/// The commands that messages suggest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommandName {
    /// `toolrack add`
    Add,
    /// `toolrack approve`
    Approve,
    /// `toolrack call`
    Call,
    /// `toolrack check`
    Check,
    /// `toolrack dev`
    Dev,
    /// `toolrack doctor`
    Doctor,
    /// `toolrack grant`
    Grant,
    /// `toolrack inspect`
    Inspect,
    /// `toolrack list`
    List,
    /// `toolrack new`
    New,
    /// `toolrack pack`
    Pack,
    /// `toolrack register`
    Register,
    /// `toolrack revoke`
    Revoke,
    /// `toolrack secret list`
    SecretList,
    /// `toolrack secret remove`
    SecretRemove,
    /// `toolrack secret set`
    SecretSet,
    /// `toolrack serve`
    Serve,
    /// `toolrack set`
    Set,
    /// `toolrack status`
    Status,
    /// `toolrack token add`
    TokenAdd,
    /// `toolrack token list`
    TokenList,
    /// `toolrack token remove`
    TokenRemove,
    /// `toolrack unregister`
    Unregister,
    /// `toolrack unset`
    Unset,
    /// `toolrack warm`
    Warm,
}

impl CommandName {
    /// All of them.
    #[cfg(test)]
    pub(crate) const ALL: [Self; 25] = [
        Self::Add,
        Self::Approve,
        Self::Call,
        Self::Check,
        Self::Dev,
        Self::Doctor,
        Self::Grant,
        Self::Inspect,
        Self::List,
        Self::New,
        Self::Pack,
        Self::Register,
        Self::Revoke,
        Self::SecretList,
        Self::SecretRemove,
        Self::SecretSet,
        Self::Serve,
        Self::Set,
        Self::Status,
        Self::TokenAdd,
        Self::TokenList,
        Self::TokenRemove,
        Self::Unregister,
        Self::Unset,
        Self::Warm,
    ];

    /// Returns the words behind `toolrack`.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Approve => "approve",
            Self::Call => "call",
            Self::Check => "check",
            Self::Dev => "dev",
            Self::Doctor => "doctor",
            Self::Grant => "grant",
            Self::Inspect => "inspect",
            Self::List => "list",
            Self::New => "new",
            Self::Pack => "pack",
            Self::Register => "register",
            Self::Revoke => "revoke",
            Self::SecretList => "secret list",
            Self::SecretRemove => "secret remove",
            Self::SecretSet => "secret set",
            Self::Serve => "serve",
            Self::Set => "set",
            Self::Status => "status",
            Self::TokenAdd => "token add",
            Self::TokenList => "token list",
            Self::TokenRemove => "token remove",
            Self::Unregister => "unregister",
            Self::Unset => "unset",
            Self::Warm => "warm",
        }
    }

    /// True if what the command does depends on the plugin directories.
    fn knows_directories(self) -> bool {
        match self {
            Self::Add
            | Self::Approve
            | Self::Call
            | Self::Check
            | Self::Dev
            | Self::Doctor
            | Self::Grant
            | Self::List
            | Self::Register
            | Self::Revoke
            | Self::SecretList
            | Self::SecretRemove
            | Self::SecretSet
            | Self::Serve
            | Self::Set
            | Self::Status
            | Self::Unset
            | Self::Warm => true,
            Self::Inspect
            | Self::New
            | Self::Pack
            | Self::TokenAdd
            | Self::TokenList
            | Self::TokenRemove
            | Self::Unregister => false,
        }
    }

    /// True if the command changes one plugin, which may lie in one of the plugin directories alone.
    fn changes_one_plugin(self) -> bool {
        matches!(self, Self::Grant | Self::Revoke | Self::Set | Self::Unset)
    }

    /// True if what the command does depends on toolrack's own directory.
    fn knows_home(self) -> bool {
        self.knows_directories()
            || matches!(
                self,
                Self::TokenAdd | Self::TokenList | Self::TokenRemove | Self::Unregister
            )
    }

    /// Returns the command without further words.
    pub fn alone(self) -> SuggestedCommand {
        SuggestedCommand {
            subcommand: self,
            pieces: Vec::new(),
            directories: CommandDirectories::OfProcess,
        }
    }

    /// Returns the command with `words` behind it.
    pub fn with<T: AsRef<str>>(self, words: impl IntoIterator<Item = T>) -> SuggestedCommand {
        words.into_iter().fold(self.alone(), |command, word| command.word(word))
    }
}

/// A command of toolrack that a message suggests. Its `Display` is what a person copies into a shell.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct SuggestedCommand {
    subcommand: CommandName,
    pieces: Vec<CommandPiece>,
    directories: CommandDirectories,
}

/// A piece of a command, quoted already.
#[derive(Clone, Debug, PartialEq, Eq)]
enum CommandPiece {
    Word(String),
    /// A word that would be taken for an option, but for the `--` before it.
    DashedWord(String),
    Option(String),
}

/// The plugin directories that a command names.
#[derive(Clone, Debug, PartialEq, Eq)]
enum CommandDirectories {
    OfProcess,
    These(Vec<String>),
}

impl SuggestedCommand {
    /// Adds a word.
    pub fn word(mut self, word: impl AsRef<str>) -> Self {
        let word = word.as_ref();
        self.pieces.push(match word.starts_with('-') {
            true => CommandPiece::DashedWord(shell_word(word)),
            false => CommandPiece::Word(shell_word(word)),
        });
        self
    }

    /// Adds words of the house's own as they stand, such as an example that a shell expands.
    pub fn verbatim(mut self, words: &'static str) -> Self {
        self.pieces.push(CommandPiece::Word(words.to_owned()));
        self
    }

    /// Adds an option that takes no value, such as `--write`.
    pub fn flag(mut self, name: &'static str) -> Self {
        self.pieces.push(CommandPiece::Option(name.to_owned()));
        self
    }

    /// Adds an option with its value.
    pub fn option(mut self, name: &'static str, value: impl AsRef<str>) -> Self {
        let value = value.as_ref();
        let sign = if value.starts_with('-') { '=' } else { ' ' };
        self.pieces.push(CommandPiece::Option(format!("{name}{sign}{}", shell_word(value))));
        self
    }

    /// Names `directories` in the place of those that this process was told.
    pub fn in_directories<T: AsRef<Path>>(
        mut self,
        directories: impl IntoIterator<Item = T>,
    ) -> Self {
        let directories = directories.into_iter().map(|path| in_full(path.as_ref()));
        self.directories = CommandDirectories::These(directories.collect());
        self
    }

    /// Returns the first of the directories `named` that holds the plugin, which serves it, if several do; else all.
    fn first_of_plugin<'a>(&self, named: &'a [String]) -> &'a [String] {
        let Some(CommandPiece::Word(plugin)) = self.pieces.first() else { return named };
        let manifest = format!("{plugin}.toml");
        let holds = |at: &usize| Path::new(&named[*at]).join(&manifest).is_file();
        let mut holding = (0..named.len()).filter(holds);
        match (holding.next(), holding.next()) {
            (Some(first), Some(_)) => &named[first..=first],
            (_, None) | (None, Some(_)) => named,
        }
    }

    /// Writes the command as a process does that was told `named` and `home`.
    fn write(&self, named: &[String], home: Option<&str>, f: &mut impl fmt::Write) -> fmt::Result {
        if let Some(home) = home.filter(|_| self.subcommand.knows_home()) {
            write!(f, "TOOLRACK_HOME={} ", shell_word(home))?;
        }
        write!(f, "toolrack {}", self.subcommand.words())?;
        let named = match &self.directories {
            CommandDirectories::OfProcess if self.subcommand.changes_one_plugin() => {
                self.first_of_plugin(named)
            }
            CommandDirectories::OfProcess if self.subcommand.knows_directories() => named,
            CommandDirectories::OfProcess => &[],
            CommandDirectories::These(own) => own,
        };
        let is_word = |piece: &&CommandPiece| {
            matches!(piece, CommandPiece::Word(_) | CommandPiece::DashedWord(_))
        };
        let is_dashed = |piece: &CommandPiece| matches!(piece, CommandPiece::DashedWord(_));
        // All words from the first that would be an option stand at the end, behind the options.
        let dashed = self.pieces.iter().position(is_dashed).unwrap_or(self.pieces.len());
        let (before, behind) = self.pieces.split_at(dashed);
        let options = behind.iter().filter(|piece| !is_word(piece));
        for CommandPiece::Word(text)
        | CommandPiece::DashedWord(text)
        | CommandPiece::Option(text) in before.iter().chain(options)
        {
            write!(f, " {text}")?;
        }
        for directory in named {
            write!(f, " --plugins {}", shell_word(directory))?;
        }
        if !behind.is_empty() {
            f.write_str(" --")?;
        }
        for CommandPiece::Word(text)
        | CommandPiece::DashedWord(text)
        | CommandPiece::Option(text) in behind.iter().filter(is_word)
        {
            write!(f, " {text}")?;
        }
        Ok(())
    }
}

impl fmt::Display for SuggestedCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let home = NAMED_HOME.get().and_then(Option::as_deref);
        self.write(NAMED_DIRECTORIES.get().map_or(&[], Vec::as_slice), home, f)
    }
}

/// Returns `path` so that it is the same one wherever the command is typed.
fn in_full(path: &Path) -> String {
    let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    whole.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(command: &SuggestedCommand, named: &[&str], expected: &str) {
        let named: Vec<_> = named.iter().map(|path| (*path).to_owned()).collect();
        let mut written = String::new();
        command.write(&named, None, &mut written).expect("a String takes all");
        assert_eq!(written, expected);
    }

    #[test]
    #[cfg(unix)]
    fn a_home_is_named_where_it_matters() {
        for (command, expected) in [
            (CommandName::SecretSet.with(["K"]), "TOOLRACK_HOME='/my h' toolrack secret set K"),
            (CommandName::TokenList.alone(), "TOOLRACK_HOME='/my h' toolrack token list"),
            (CommandName::New.with(["x"]), "toolrack new x"),
        ] {
            let mut written = String::new();
            command.write(&[], Some("/my h"), &mut written).expect("a String takes all");
            assert_eq!(written, expected);
        }
    }

    #[test]
    #[cfg(unix)]
    fn each_word_is_quoted_and_the_directories_are_named_where_they_matter() {
        let grant = CommandName::Grant.with(["w", "config", "units=two words"]);
        check(&grant, &[], "toolrack grant w config 'units=two words'");
        check(&grant, &["/o"], "toolrack grant w config 'units=two words' --plugins /o");
        let named = ["/o", "/it's"];
        let expected = r"toolrack check --plugins /o --plugins '/it'\''s'";
        check(&CommandName::Check.alone(), &named, expected);
        check(&CommandName::Pack.with(["a.wasm"]), &named, "toolrack pack a.wasm");
        let other = CommandName::Check.with(["w"]).in_directories(["/x y"]);
        check(&other, &named, "toolrack check w --plugins '/x y'");
        let none = CommandName::Register.with(["claude"]).in_directories([""; 0]);
        check(&none, &named, "toolrack register claude");
        let files = CommandName::Grant.with(["w", "files"]).verbatim("~/notes");
        let files = files.option("--at", "/my notes").flag("--write");
        check(
            &files,
            &["/o"],
            "toolrack grant w files ~/notes --at '/my notes' --write --plugins /o",
        );
    }

    #[test]
    #[cfg(unix)]
    fn a_word_that_begins_as_an_option_is_none() {
        let grant = CommandName::Grant.with(["w", "config", "--units=a b"]);
        check(&grant, &["/o"], "toolrack grant w config --plugins /o -- '--units=a b'");
        let grant = CommandName::Grant.with(["w", "files", "-x", "y"]).option("--at", "-z");
        check(&grant, &[], "toolrack grant w files --at=-z -- -x y");
    }
}
