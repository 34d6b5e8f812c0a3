//! Entries into the files of clients and out of them: what an edit would change is known before it is made.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::config_file::{Audience, ConfigFile, MAX_CONFIG};
use super::config_text::ConfigText;
use super::entry::{FoundEntry, WrittenEntry};
use super::error::{ClientError, ConfigEditError, FileError};
use super::http_entry::{NoVariables, WantedEntry};
use super::local_scope::LocalScope;
use super::record::{Record, RecordedEntry, Records, digest};
use super::shown_words::ShownWords;
use super::table::{CLIENTS, Client};
use super::user_directories::UserDirectories;
use crate::fs::bounded_read::read_at_most;
use crate::fs::file_lock::{FileLock, StillLocked};
use crate::home::Home;

/// The time that another command is waited for.
const CLIENTS_LOCK_TIMEOUT: Duration = Duration::from_secs(30);
/// The file that is locked meanwhile.
const LOCK: &str = "clients";

/// Registers servers with clients.
pub struct Registration {
    directories: UserDirectories,
    /// The directory whose files count for the scope of a project.
    project: PathBuf,
    records: Records,
    /// The directory of the lock by which commands that edit the same files take turns.
    locks: PathBuf,
}

/// The users for whom a server is registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The user, in all projects.
    User,
    /// Everybody who works on one project.
    Project,
}

/// A client's file in one scope.
#[derive(Clone, Debug)]
pub struct ClientFile {
    /// The client whose file it is.
    pub client: &'static Client,
    /// The scope in which its entries count.
    pub scope: Scope,
    /// The file.
    pub file: PathBuf,
}

/// The treatment of an entry that is something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Foreign {
    /// It stays, and that is an error.
    Kept,
    /// It is replaced or removed.
    Overruled,
}

/// The place of a text in the files of clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextPlace {
    /// One of them holds it.
    File,
    /// None of them does.
    Nowhere,
    /// None does of those that can be read, and one cannot be.
    Unknown,
}

/// An edit of one file that was not made yet.
pub struct PlannedEdit {
    target: ClientFile,
    file: ConfigFile,
    /// The words of the file that may be shown.
    words: ShownWords,
    /// `None` where the file is removed.
    after: Option<Vec<u8>>,
    /// The record of the file afterwards. `None` where it holds nothing of toolrack's any more.
    record: Option<Record>,
    /// True if the file holds nothing of toolrack's yet, so that it is kept as it is.
    is_first: bool,
    /// True if an entry that was replaced earlier could not be put back: the backup stays, for a person to look into.
    pub leaves_backup: bool,
    /// The effect of the entry in words. `None` where an entry is taken out.
    pub effect: Option<String>,
    /// True if the entry that it had replaced is back.
    pub restores: bool,
    /// The names of what a person added to the entry that is taken out. The file as it is now is kept because of them.
    pub additions: Vec<String>,
    /// The number of comments that go. The file as it is now is kept because of them, too.
    pub lost_comments: usize,
}

impl Registration {
    /// A registration for the user of `directories`, in the directory `project`.
    #[must_use]
    pub fn new(directories: UserDirectories, project: PathBuf, home: &Home) -> Self {
        let records = Records { directory: home.clients() };
        Self { directories, project, records, locks: home.locks() }
    }

    /// The file of `client` in `scope`. `None` where the client has no such scope.
    #[must_use]
    pub fn target(&self, client: &'static Client, scope: Scope) -> Option<ClientFile> {
        let file = match scope {
            Scope::User => Some(client.user_file(&self.directories)),
            Scope::Project => client.project_file.map(|file| self.project.join(file)),
        };
        file.map(|file| ClientFile { client, scope, file })
    }

    /// True if `client` seems to be installed.
    #[must_use]
    pub fn is_installed(&self, client: &Client) -> bool {
        client.is_installed(&self.directories)
    }

    /// Returns where `text` stands in the files of all clients, in whichever entry.
    #[must_use]
    pub fn place_of(&self, text: &str) -> TextPlace {
        let scopes = [Scope::User, Scope::Project].into_iter();
        let targets = scopes
            .flat_map(|scope| CLIENTS.iter().filter_map(move |client| self.target(client, scope)));
        let mut place = TextPlace::Nowhere;
        for target in targets {
            match target.read().map(|file| file.text().map(|all| all.contains(text))) {
                Ok(Ok(true)) => return TextPlace::File,
                Ok(Ok(false)) => {}
                Ok(Err(_)) | Err(_) => place = TextPlace::Unknown,
            }
        }
        place
    }

    /// All entries of a file, by their names.
    pub fn entries(
        &self,
        target: &ClientFile,
    ) -> Result<BTreeMap<String, FoundEntry>, ClientError> {
        let key = target.client.key;
        target.with_text(&target.read()?, |text| {
            let names = text.names(key)?.into_iter();
            let found = names.map(|name| Ok((name.clone(), text.find(key, &name)?)));
            let found = found.collect::<Result<Vec<_>, ConfigEditError>>()?.into_iter();
            Ok(found.filter_map(|(name, entry)| Some((name, entry?))).collect())
        })
    }

    /// Reads what counts in this project before all else, if `client` has such a scope.
    pub fn local_scope(&self, client: &'static Client) -> Result<LocalScope, ClientError> {
        let target = self.target(client, Scope::User);
        let Some((target, key)) = target.zip(client.projects_key) else {
            return Ok(LocalScope::default());
        };
        let file = target.read()?;
        // A fault of its text is told where entries are read.
        let text = file.text().map_err(|error| target.error(error))?;
        let whole = crate::json::value(text).unwrap_or_default();
        Ok(LocalScope::read(&whole, key, &self.project))
    }

    /// The edit that makes `entry` known to a client as `name`. `None` where it is known as that already.
    pub fn register(
        &self,
        target: ClientFile,
        name: &str,
        entry: &WantedEntry,
        foreign: Foreign,
    ) -> Result<Option<PlannedEdit>, ClientError> {
        let Client { key, form, http, .. } = *target.client;
        let written = |entry: &WantedEntry| {
            entry.written(form, http).map_err(|NoVariables| ClientError::NoVariables)
        };
        let new = written(entry)?;
        let file = target.read()?;
        let found = target.with_text(&file, |text| text.find(key, name))?;
        match (&found, entry) {
            (Some(found), WantedEntry::Program(program)) if found.starts(program) => {
                return Ok(None);
            }
            (Some(found), WantedEntry::Http(_)) if new.is_met_by(found) => return Ok(None),
            (Some(found), WantedEntry::Program(program))
                if foreign == Foreign::Kept
                    && (found.is_left_behind()
                        || (found.starts_program_of(program)
                            && found.depends_on_configuration())) =>
            {
                // Only its program was moved, or it lacks an option: what else it says was not asked to be changed.
                let moved = WantedEntry::Program(found.moved_to(program));
                let new = written(&moved)?;
                return self.registered(target, file, name, (&moved, &new), Some(found)).map(Some);
            }
            (Some(found), WantedEntry::Http(_)) if new.only_adds_to(found) => {}
            (Some(found), _) if foreign == Foreign::Kept => {
                let is_same = new.url.is_some() && new.is_for_server_of(found);
                let others = if is_same { ", with other headers" } else { "" };
                let (file, found) = (target.file, found.words() + others);
                return Err(ClientError::Taken { file, name: name.to_owned(), found });
            }
            (Some(_) | None, _) => {}
        }
        self.registered(target, file, name, (entry, &new), found.as_ref()).map(Some)
    }

    /// The edit of `file` that puts `entry` in the place of the one that is `found`, or adds it.
    fn registered(
        &self,
        target: ClientFile,
        file: ConfigFile,
        name: &str,
        (wanted, new): (&WantedEntry, &WrittenEntry),
        found: Option<&FoundEntry>,
    ) -> Result<PlannedEdit, ClientError> {
        let Client { key, http, .. } = *target.client;
        file.check_writable().map_err(|error| target.error(error))?;
        if matches!(wanted, WantedEntry::Http(server) if server.may_hold_secret()) {
            file.check_private().map_err(|error| target.error(error))?;
        }
        let (after, has_key) = target
            .with_text(&file, |text| Ok((text.insert(key, name, new)?, text.has_key(key)?)))?;
        let names = target.with_text(&file, |text| text.names(key))?;
        let words = ShownWords::new(key, names).with_wanted(name, wanted, new);
        let words = found.into_iter().fold(words, |words, found| words.with_found(name, found));
        let (after, effect) = (file.with_text(&after), Some(wanted.effect(http)));
        let entry = RecordedEntry { made_key: !has_key, replaced: found.is_some() };
        let known = self.known(&target, &file)?;
        let is_first = known.is_none();
        let record = Some(record_with(known, &file, name, entry, &after));
        let lost_comments = target.lost_comments(&file, Some(&after));
        let after = Some(after);
        let (restores, additions, leaves_backup) = (false, Vec::new(), false);
        Ok(PlannedEdit {
            target,
            file,
            words,
            after,
            record,
            is_first,
            effect,
            leaves_backup,
            restores,
            additions,
            lost_comments,
        })
    }

    /// The edit that takes the entry `name` out of a client's file. `None` where it is not there.
    pub fn unregister(
        &self,
        target: ClientFile,
        name: &str,
        foreign: Foreign,
    ) -> Result<Option<PlannedEdit>, ClientError> {
        let key = target.client.key;
        let file = target.read()?;
        let found = target.with_text(&file, |text| text.find(key, name))?;
        let Some(found) = found else { return Ok(None) };
        let record = self.records.read(&file.path);
        let own = record.as_ref().and_then(|record| record.entries.get(name)).copied();
        if own.is_none() && !found.is_toolrack() && foreign == Foreign::Kept {
            let (file, found) = (target.file, found.words());
            return Err(ClientError::Foreign { file, name: name.to_owned(), found });
        }
        let own = own.unwrap_or_default();
        let names = target.with_text(&file, |text| text.names(key))?;
        let words = ShownWords::new(key, names).with_found(name, &found);
        file.check_writable().map_err(|error| target.error(error))?;
        let cut = target.with_text(&file, |text| text.remove(key, name, own.made_key))?;
        let (after, record, is_exact) = self.undone(&file, name, record, file.with_text(&cut));
        let leaves_backup = own.replaced && !is_exact;
        let (additions, lost_comments) = match is_exact {
            true => (Vec::new(), 0),
            false => (found.additions, target.lost_comments(&file, after.as_deref())),
        };
        let (restores, effect) = (own.replaced && is_exact, None);
        Ok(Some(PlannedEdit {
            target,
            file,
            words,
            after,
            record,
            is_first: false,
            effect,
            leaves_backup,
            restores,
            additions,
            lost_comments,
        }))
    }

    /// Returns the path at which a file is kept as it was before toolrack's first entry.
    #[must_use]
    pub fn backup(&self, change: &PlannedEdit) -> PathBuf {
        self.records.backup(&change.file.path)
    }

    /// Waits until no other command edits clients' files. Take it before files are read, so that no edit is lost.
    pub fn lock(&self) -> Result<FileLock, ClientError> {
        let directory = &self.locks;
        let lock = FileLock::new(directory, LOCK)
            .map_err(|error| ClientError::Lock { directory: directory.clone(), error })?;
        lock.take(CLIENTS_LOCK_TIMEOUT).map_err(|StillLocked| ClientError::Busy)?;
        Ok(lock)
    }

    /// Makes an edit. Returns the path at which the file is kept as it was, where a person had added something.
    pub fn apply(&self, change: &PlannedEdit) -> Result<Option<PathBuf>, ClientError> {
        let record_error =
            |error| ClientError::Record { directory: self.records.directory.clone(), error };
        let path = &change.file.path;
        // Before the file: what was not edited in the end is found out when it is undone.
        if let Some(record) = &change.record {
            if change.is_first {
                let bytes = change.file.bytes().unwrap_or_default();
                self.records.write_backup(path, bytes).map_err(record_error)?;
            }
            self.records.write(path, record).map_err(record_error)?;
        }
        let mut kept = None;
        if !change.additions.is_empty() || change.lost_comments > 0 {
            let bytes = change.file.bytes().unwrap_or_default();
            kept = Some(self.records.write_removed(path, bytes).map_err(record_error)?);
        }
        let audience = match change.target.scope {
            Scope::User => Audience::Owner,
            Scope::Project => Audience::Default,
        };
        if let Err(error) = change.file.replace(change.after.as_deref(), audience) {
            if change.is_first {
                self.records.forget(path);
            }
            return Err(change.target.error(error));
        }
        if change.record.is_none() {
            self.forget(path, change);
        }
        Ok(kept)
    }

    fn forget(&self, path: &Path, change: &PlannedEdit) {
        if change.after.is_none() {
            let made = self.records.read(path).map(|record| record.made_directories);
            // The innermost first; one that others use is not empty.
            for directory in made.into_iter().flatten().rev() {
                let _ = fs::remove_dir(directory);
            }
        }
        if change.leaves_backup {
            self.records.forget_keeping_backup(path);
        } else {
            self.records.forget(path);
        }
    }

    /// The record of a file that holds an entry of toolrack's. One of a file whose entries others have removed counts no
    /// more: what is there now is what was before.
    fn known(&self, target: &ClientFile, file: &ConfigFile) -> Result<Option<Record>, ClientError> {
        let Some(record) = self.records.read(&file.path) else { return Ok(None) };
        let names = target.with_text(file, |text| text.names(target.client.key))?;
        Ok(Some(record).filter(|record| names.iter().any(|name| record.entries.contains_key(name))))
    }

    /// The file and its record once `name` is gone; true if the file is then as it was before the first entry.
    fn undone(
        &self,
        file: &ConfigFile,
        name: &str,
        record: Option<Record>,
        cut: Vec<u8>,
    ) -> (Option<Vec<u8>>, Option<Record>, bool) {
        let Some(mut record) = record else { return (Some(cut), None, false) };
        let is_as_left = record.is_as_left(file);
        record.entries.remove(name);
        if !record.entries.is_empty() {
            record.left = is_as_left.then(|| digest(&cut));
            return (Some(cut), Some(record), false);
        }
        if record.made_file && (is_as_left || is_empty(&cut)) {
            return (None, None, is_as_left);
        }
        let backup = read_at_most(&self.records.backup(&file.path), MAX_CONFIG).ok();
        match backup.filter(|_| is_as_left && !record.made_file) {
            Some(before) => (Some(before), None, true),
            None => (Some(cut), None, false),
        }
    }
}

impl ClientFile {
    fn read(&self) -> Result<ConfigFile, ClientError> {
        ConfigFile::read(&self.file).map_err(|error| self.error(error))
    }

    fn with_text<T>(
        &self,
        file: &ConfigFile,
        look: impl FnOnce(&ConfigText<'_>) -> Result<T, ConfigEditError>,
    ) -> Result<T, ClientError> {
        let text = file.text().map_err(|error| self.error(error))?;
        let parsed = ConfigText::parse(text, self.client.syntax);
        parsed.and_then(|parsed| look(&parsed)).map_err(|error| self.error(error.into()))
    }

    /// The number of comments of `file` that are not in `after`. An edit adds none.
    fn lost_comments(&self, file: &ConfigFile, after: Option<&[u8]>) -> usize {
        let count = |text: &str| {
            let text = ConfigText::parse(text, self.client.syntax);
            text.map_or(0, |text| text.count_comments())
        };
        let before = file.text().map_or(0, count);
        let after = after
            .and_then(|bytes| std::str::from_utf8(bytes).ok())
            .map_or(0, |text| count(text.trim_start_matches('\u{feff}')));
        before.saturating_sub(after)
    }

    fn error(&self, error: FileError) -> ClientError {
        ClientError::File { file: self.file.clone(), error }
    }
}

impl PlannedEdit {
    /// The text of the file now, and the text that it is to have.
    #[must_use]
    pub fn texts(&self) -> (String, String) {
        let text =
            |bytes: Option<&[u8]>| String::from_utf8_lossy(bytes.unwrap_or_default()).into_owned();
        (text(self.file.bytes()), text(self.after.as_deref()))
    }

    /// Returns a line of either text as it is shown: what is not toolrack's, and no name of an entry, may be a secret.
    #[must_use]
    pub fn shown(&self, line: &str) -> String {
        self.words.masked(line)
    }

    /// True if the file is removed, because toolrack made it.
    #[must_use]
    pub fn removes_file(&self) -> bool {
        self.after.is_none()
    }

    /// Where the file lies, past a link.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.file.path
    }
}

impl Record {
    /// The record of a file without entries.
    fn before(file: &ConfigFile) -> Self {
        Self {
            file: file.path.to_string_lossy().into_owned(),
            made_file: file.bytes().is_none(),
            made_directories: file.missing_directories(),
            ..Self::default()
        }
    }

    /// True if nobody else has written the file since.
    fn is_as_left(&self, file: &ConfigFile) -> bool {
        let now = file.bytes().map(digest);
        self.left.is_some() && self.left == now
    }
}

/// The record of a file once `entry` stands in it.
fn record_with(
    known: Option<Record>,
    file: &ConfigFile,
    name: &str,
    entry: RecordedEntry,
    after: &[u8],
) -> Record {
    let is_as_left = known.as_ref().is_none_or(|record| record.is_as_left(file));
    let mut record = known.unwrap_or_else(|| Record::before(file));
    record.left = is_as_left.then(|| digest(after));
    record.entries.entry(name.to_owned()).or_insert(entry);
    record
}

/// True if nothing but an empty object is left.
fn is_empty(bytes: &[u8]) -> bool {
    matches!(std::str::from_utf8(bytes).map(str::trim), Ok("" | "{}"))
}
