//! The log of all servers of a user, kept on disk: JSON lines in a few files of bounded size.
//!
//! The contents of the lines are not known here, but for the number of the process that stands in each.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use super::log_share::LogShares;
use crate::fs::bounded_read::private;
use crate::home::{PrivateError, private_directory};

/// The file that is written.
const LOG_NAME: &str = "toolrack.log";
/// The size, in bytes, beyond which another file is begun.
const MAX_LOG_FILE: u64 = 4 * 1024 * 1024;
/// The number of older files that are kept.
const OLDER: usize = 4;
/// The size, in bytes, beyond which nothing is written: something keeps another file from being begun.
const MAX_STUCK: u64 = 2 * MAX_LOG_FILE;

/// The writer of one server. Each write is one line or several, whole.
#[derive(Debug)]
pub struct ServerLog {
    files: LogFiles,
    pid: u32,
    shares: LogShares,
}

/// The files.
#[derive(Clone, Debug)]
pub struct LogFiles {
    directory: PathBuf,
}

impl ServerLog {
    /// The log in `directory`, which is made private, for the process `pid`.
    pub fn open(directory: PathBuf, pid: u32) -> Result<Self, PrivateError> {
        let log = Self { files: LogFiles { directory }, pid, shares: LogShares::default() };
        log.files.append()?;
        Ok(log)
    }
}

impl Write for ServerLog {
    fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
        let marked = marked(&self.shares.kept(lines, Instant::now()), self.pid);
        let mut file = self.files.append().map_err(io::Error::other)?;
        if file.metadata()?.len() + marked.len() as u64 > MAX_LOG_FILE {
            self.files.begin_another(MAX_LOG_FILE.saturating_sub(marked.len() as u64))?;
            file = self.files.append().map_err(io::Error::other)?;
        }
        if file.metadata()?.len() <= MAX_STUCK {
            // The lines are appended at once, so that those of several servers do not mix.
            file.write_all(&marked)?;
        }
        Ok(lines.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The lines, which are JSON objects, each with the process that wrote it.
fn marked(lines: &[u8], pid: u32) -> Vec<u8> {
    let mut marked = Vec::with_capacity(lines.len() + 64);
    for line in lines.split_inclusive(|byte| *byte == b'\n') {
        match line.strip_prefix(b"{") {
            Some(members) => {
                marked.extend(format!("{{\"pid\":{pid},").as_bytes());
                marked.extend(members);
            }
            None => marked.extend(line),
        }
    }
    marked
}

impl LogFiles {
    /// The files in `directory`.
    #[must_use]
    pub fn new(directory: PathBuf) -> Self {
        Self { directory }
    }

    /// The file that is written.
    #[must_use]
    pub fn current(&self) -> PathBuf {
        self.directory.join(LOG_NAME)
    }

    /// All lines that are kept, the oldest first, to `take`. What cannot be read is passed over.
    pub fn read(&self, mut take: impl FnMut(&str)) -> LogPlace {
        for number in (1..=OLDER).rev() {
            let _ = read_lines(&self.older(number), 0, &mut take);
        }
        LogPlace(read_lines(&self.current(), 0, &mut take).unwrap_or(0))
    }

    /// The lines that were written since `place`, to `take`.
    pub fn read_on(&self, place: &mut LogPlace, mut take: impl FnMut(&str)) {
        let length = fs::metadata(self.current()).map_or(0, |about| about.len());
        if length < place.0 {
            // Another file was begun: the rest stands in the one before.
            let _ = read_lines(&self.older(1), place.0, &mut take);
            place.0 = 0;
        }
        if let Ok(reached) = read_lines(&self.current(), place.0, &mut take) {
            place.0 = reached;
        }
    }

    fn older(&self, number: usize) -> PathBuf {
        self.directory.join(format!("{LOG_NAME}.{number}"))
    }

    fn append(&self) -> Result<File, PrivateError> {
        private_directory(&self.directory)?;
        let mut options = OpenOptions::new();
        options.append(true).create(true);
        Ok(private(&mut options).open(self.current())?)
    }

    /// Begins another file, unless the current one is no larger than `most`, or another server is at it.
    fn begin_another(&self, most: u64) -> io::Result<()> {
        let lock = OpenOptions::new().write(true).create(true).truncate(false).open(self.lock())?;
        if lock.try_lock().is_err() || fs::metadata(self.current())?.len() <= most {
            return Ok(());
        }
        for number in (1..OLDER).rev() {
            let _ = fs::rename(self.older(number), self.older(number + 1));
        }
        fs::rename(self.current(), self.older(1))
    }

    fn lock(&self) -> PathBuf {
        self.directory.join(".lock")
    }
}

/// The offset up to which the current file was read, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LogPlace(u64);

/// Reads whole lines from the place `from`, and says how far it came.
fn read_lines(path: &Path, from: u64, take: &mut impl FnMut(&str)) -> io::Result<u64> {
    // Something else in its place may have nothing to say, ever.
    if !fs::metadata(path)?.is_file() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(from))?;
    let mut bytes = Vec::new();
    file.take(MAX_STUCK + MAX_LOG_FILE).read_to_end(&mut bytes)?;
    let end = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    String::from_utf8_lossy(&bytes[..end]).lines().for_each(take);
    Ok(from + end as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(files: &LogFiles) -> Vec<String> {
        let mut lines = Vec::new();
        files.read(|line| lines.push(line.to_owned()));
        lines
    }

    #[test]
    fn lines_of_several_servers_stand_whole_and_with_their_process() {
        let root = tempfile::tempdir().expect("a directory");
        let directory = root.path().join("log");
        let mut logs = [1, 2].map(|pid| ServerLog::open(directory.clone(), pid).expect("opened"));
        let files = LogFiles::new(directory);
        logs[0].write_all(b"{\"message\":\"a\"}\n{\"message\":\"b\"}\n").expect("written");
        logs[1].write_all(b"{\"message\":\"c\"}\n").expect("written");
        let expected = [
            r#"{"pid":1,"message":"a"}"#,
            r#"{"pid":1,"message":"b"}"#,
            r#"{"pid":2,"message":"c"}"#,
        ];
        assert_eq!(lines(&files), expected);
    }

    #[test]
    fn old_lines_go_and_who_follows_misses_none() {
        let root = tempfile::tempdir().expect("a directory");
        let mut log = ServerLog::open(root.path().join("log"), 7).expect("opened");
        let files = log.files.clone();
        let mut place = LogPlace::default();
        let mut followed = Vec::new();
        let padding = "x".repeat(64 * 1024);
        for number in 0..500 {
            let line = format!("{{\"number\":{number},\"padding\":\"{padding}\"}}\n");
            log.write_all(line.as_bytes()).expect("written");
            files.read_on(&mut place, |line| followed.push(line[..30].to_owned()));
        }
        let number = |at: usize| format!("{{\"pid\":7,\"number\":{at},");
        assert!(followed.iter().enumerate().all(|(at, line)| line.starts_with(&number(at))));
        assert_eq!(followed.len(), 500);
        let kept = lines(&files);
        assert!(kept.last().expect("a line").starts_with(&number(499)));
        assert!(!kept[0].starts_with(&number(0)), "the oldest are gone");
        let size: u64 = fs::read_dir(root.path().join("log"))
            .expect("listed")
            .map(|entry| entry.expect("an entry").metadata().expect("known").len())
            .sum();
        assert!(
            size <= (OLDER as u64 + 1) * MAX_LOG_FILE && size > OLDER as u64 * MAX_LOG_FILE,
            "{size}"
        );
    }

    #[test]
    fn a_log_that_cannot_be_rotated_stops_growing() {
        let root = tempfile::tempdir().expect("a directory");
        let mut log = ServerLog::open(root.path().join("log"), 7).expect("opened");
        let lock = File::create(log.files.lock()).expect("a file");
        lock.lock().expect("locked");
        let line = [&[b'x'; 1 << 20][..], b"\n"].concat();
        for _ in 0..20 {
            log.write_all(&line).expect("taken");
        }
        let length = fs::metadata(log.files.current()).expect("there").len();
        assert!(length <= MAX_STUCK + line.len() as u64, "{length}");
        drop(lock);
        log.write_all(&line).expect("taken");
        assert_eq!(fs::metadata(log.files.current()).expect("there").len(), line.len() as u64);
    }
}
