//! The lines that plugins write, as JSON in a file beside a server's status: the writer, which keeps the
//! file small, and a follower of the files of many servers.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write};

use serde::Deserialize;

use super::{Server, ServerFiles};
use crate::failpoint::{self, Point};
use crate::home::private_directory;

/// The size, in bytes, beyond which the file starts anew: it is there to be followed, not to be kept.
const MAX_LINES_FILE: u64 = 1024 * 1024;
/// The most bytes that are read of one file at once.
const MAX_READ: u64 = 256 * 1024;

/// The writer. Each write is one line or several, whole.
#[derive(Debug)]
pub struct PluginLog {
    place: ServerFiles,
    /// The file and its size. `None` before the first line: a server whose plugins are silent has no file.
    file: Option<(File, u64)>,
}

impl PluginLog {
    /// The log of the server at `place`.
    #[must_use]
    pub fn new(place: ServerFiles) -> Self {
        Self { place, file: None }
    }

    fn open(&self) -> io::Result<(File, u64)> {
        private_directory(self.place.directory()).map_err(io::Error::other)?;
        // Appending, so that a file that was cut is written from its beginning.
        let file = OpenOptions::new().append(true).create(true).open(self.place.log())?;
        file.set_len(0)?;
        Ok((file, 0))
    }
}

impl Write for PluginLog {
    fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
        if self.file.is_none() {
            self.file = Some(self.open()?);
        }
        let Some((file, size)) = &mut self.file else { return Ok(lines.len()) };
        if *size + lines.len() as u64 > MAX_LINES_FILE {
            file.set_len(0)?;
            *size = 0;
        }
        failpoint::at(Point::PluginLog)?;
        file.write_all(lines)?;
        *size += lines.len() as u64;
        Ok(lines.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A line that a plugin wrote. All of it is the guest's: escape what you show.
#[derive(Debug, Deserialize, PartialEq, Eq)]
pub struct PluginLine {
    /// The level, as `tracing` names it.
    pub level: String,
    /// The line.
    pub message: String,
    /// The call during which it was written.
    pub span: LineSpan,
}

/// The call during which a plugin wrote a line.
#[derive(Debug, Deserialize, PartialEq, Eq)]
pub struct LineSpan {
    /// The plugin.
    pub plugin: String,
    /// The tool that was called; none while the plugin was loaded.
    pub tool: Option<String>,
}

/// Reads on where it stopped, in the logs of all servers. It passes over the lines that servers wrote before it began.
#[derive(Debug, Default)]
pub struct LogFollower {
    /// The offset up to which each is read. `None` before the first look.
    read: Option<BTreeMap<u32, u64>>,
}

impl LogFollower {
    /// Returns the lines that were written since, in the logs of `servers`.
    pub fn lines(&mut self, servers: &[Server]) -> Vec<PluginLine> {
        let before = self.read.take();
        let mut lines = Vec::new();
        let mut read = BTreeMap::new();
        for server in servers {
            let pid = server.place.pid();
            let from = before.as_ref().map(|before| before.get(&pid).copied().unwrap_or(0));
            // A log that cannot be read is looked at again; it may not be there yet.
            let reached = follow(&server.place, from, &mut lines);
            read.insert(pid, reached.unwrap_or(from.unwrap_or(0)));
        }
        self.read = Some(read);
        lines
    }
}

/// Reads whole lines from the place `from` and says how far it came.
fn follow(place: &ServerFiles, from: Option<u64>, lines: &mut Vec<PluginLine>) -> io::Result<u64> {
    let mut file = File::open(place.log())?;
    let size = file.metadata()?.len();
    let from = match from {
        None => return Ok(size),
        // The file began anew.
        Some(from) if from > size => 0,
        Some(from) => from,
    };
    let mut text = Vec::new();
    file.seek(SeekFrom::Start(from))?;
    file.take(MAX_READ).read_to_end(&mut text)?;
    let whole = match text.iter().rposition(|&byte| byte == b'\n') {
        Some(end) => end + 1,
        None if text.len() as u64 == MAX_READ => text.len(),
        None => 0,
    };
    // Lines that are not a plugin's are skipped.
    lines.extend(
        text[..whole].split(|&b| b == b'\n').filter_map(|l| serde_json::from_slice(l).ok()),
    );
    Ok(from + whole as u64)
}

#[cfg(test)]
mod tests {
    use super::super::Told;
    use super::*;

    fn line(message: &str) -> Vec<u8> {
        let line =
            serde_json::json!({ "level": "INFO", "message": message, "span": { "plugin": "p" } });
        format!("{line}\n").into_bytes()
    }

    #[test]
    fn a_follower_sees_each_new_line_once_and_the_file_stays_small() {
        let root = tempfile::tempdir().expect("a directory");
        let place = ServerFiles::new(root.path().join("run"), 7);
        let servers = [Server { place: place.clone(), told: Told::Nothing }];
        let mut log = PluginLog::new(place.clone());
        let (mut early, mut late) = (LogFollower::default(), LogFollower::default());
        let check = |follower: &mut LogFollower, expected: &[&str]| {
            let lines = follower.lines(&servers);
            let found: Vec<_> = lines.iter().map(|line| line.message.as_str()).collect();
            assert_eq!(found, expected);
        };
        check(&mut early, &[]);
        log.write_all(&line("one")).expect("written");
        check(&mut late, &[]);
        check(&mut early, &["one"]);
        log.write_all(&[&*line("two"), b"junk\n", b"{\"half"].concat()).expect("written");
        check(&mut early, &["two"]);
        check(&mut late, &["two"]);
        log.write_all(b"\n").expect("written");
        let long = "x".repeat(600_000);
        log.write_all(&line(&long)).expect("written");
        log.write_all(&line(&long)).expect("written");
        assert!(place.log().metadata().expect("there").len() < MAX_LINES_FILE);
        // Once it began anew, it grows again.
        check(&mut late, &[]);
        log.write_all(&line("three")).expect("written");
        log.write_all(&line("four")).expect("written");
        let text = std::fs::read(place.log());
        assert_eq!(text.expect("there").iter().filter(|&&byte| byte == b'\n').count(), 3);
    }

    #[test]
    fn a_log_that_began_anew_is_read_from_its_beginning() {
        let root = tempfile::tempdir().expect("a directory");
        let place = ServerFiles::new(root.path().join("run"), 7);
        let servers = [Server { place: place.clone(), told: Told::Nothing }];
        let mut follower = LogFollower::default();
        PluginLog::new(place.clone()).write_all(&line("a long line before")).expect("written");
        assert!(follower.lines(&servers).is_empty());
        PluginLog::new(place).write_all(&line("after")).expect("written");
        let lines = follower.lines(&servers);
        assert!(lines.iter().map(|line| &line.message).eq(["after"]), "{lines:?}");
    }
}
