//! Standard input cut into lines, standard output kept for the protocol alone.
//!
//! Both ends are threads, because a pipe, a file and a terminal can all block and only threads wait
//! on every one of them on every system. Both are bounded: nothing here grows when the other side
//! stops.

use std::io::{self, Read, Write};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use super::MAX_LINE;
use super::message::Line;

const CHUNK: usize = 64 * 1024;
/// How much of a line that is too long is kept to look for its id.
const START: usize = 64 * 1024;

/// The real stdout, set aside for the protocol.
pub struct PrivateStdout(#[cfg(unix)] std::fs::File, #[cfg(not(unix))] io::Stdout);

impl PrivateStdout {
    /// Sets stdout aside and points the old one at stderr, so that nothing else in this process can
    /// write into the protocol. On systems without file descriptors stdout is only taken by name.
    #[cfg(unix)]
    pub fn take() -> io::Result<Self> {
        let private = rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdout(), 3)?;
        rustix::stdio::dup2_stdout(rustix::stdio::stderr())?;
        Ok(Self(private.into()))
    }

    /// Sets stdout aside.
    #[cfg(not(unix))]
    pub fn take() -> io::Result<Self> {
        Ok(Self(io::stdout()))
    }
}

impl Write for PrivateStdout {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// A client at the other end of two byte streams.
pub struct Stdio {
    /// Lines, some at a time. Closed at the end of input.
    pub(super) lines: mpsc::Receiver<Vec<Line>>,
    /// Bytes to write. Closed when nobody reads any more.
    pub(super) output: mpsc::Sender<Vec<u8>>,
    written: oneshot::Receiver<()>,
}

impl Stdio {
    /// Starts the two threads. The reader ends with its input or with the process: a blocked read
    /// cannot be called back.
    pub fn start(
        input: impl Read + Send + 'static,
        output: impl Write + Send + 'static,
    ) -> io::Result<Self> {
        let (line_sender, lines) = mpsc::channel(1);
        let (output_sender, bytes) = mpsc::channel(1);
        let (done, written) = oneshot::channel();
        std::thread::Builder::new()
            .name("stdin".into())
            .spawn(move || read(input, &line_sender))?;
        std::thread::Builder::new().name("stdout".into()).spawn(move || {
            write(output, bytes);
            let _ = done.send(());
        })?;
        Ok(Self { lines, output: output_sender, written })
    }

    /// Waits until everything handed over has been written, or cannot be in this time.
    pub(super) async fn close(self, at_most: Duration) {
        drop(self.output);
        let _ = tokio::time::timeout(at_most, self.written).await;
    }
}

fn read(mut input: impl Read, lines: &mpsc::Sender<Vec<Line>>) {
    let mut chunk = vec![0; CHUNK];
    let mut cutter = Cutter::default();
    loop {
        let cut = match input.read(&mut chunk) {
            Ok(0) => {
                let _ = lines.blocking_send(cutter.end());
                return;
            }
            Ok(count) => cutter.push(&chunk[..count]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => {
                tracing::warn!("reading stdin failed, which ends the input: {error}");
                return;
            }
        };
        if !cut.is_empty() && lines.blocking_send(cut).is_err() {
            return;
        }
    }
}

fn write(mut output: impl Write, mut bytes: mpsc::Receiver<Vec<u8>>) {
    while let Some(chunk) = bytes.blocking_recv() {
        if let Err(error) = output.write_all(&chunk).and_then(|()| output.flush()) {
            tracing::debug!("the client does not read any more: {error}");
            return;
        }
    }
}

/// Cuts a stream into lines.
#[derive(Default)]
struct Cutter {
    line: Vec<u8>,
    too_long: bool,
}

impl Cutter {
    fn push(&mut self, mut bytes: &[u8]) -> Vec<Line> {
        let mut lines = Vec::new();
        while let Some(end) = bytes.iter().position(|&byte| byte == b'\n') {
            self.append(&bytes[..end]);
            lines.push(self.take());
            bytes = &bytes[end + 1..];
        }
        self.append(bytes);
        lines
    }

    /// What is left when the input ends without a newline.
    fn end(&mut self) -> Vec<Line> {
        if self.line.is_empty() { Vec::new() } else { vec![self.take()] }
    }

    fn append(&mut self, bytes: &[u8]) {
        if self.too_long {
            return;
        }
        if self.line.len() + bytes.len() > MAX_LINE {
            self.too_long = true;
            self.line.extend_from_slice(&bytes[..bytes.len().min(START)]);
            self.line.truncate(START);
            self.line.shrink_to_fit();
            return;
        }
        self.line.extend_from_slice(bytes);
    }

    fn take(&mut self) -> Line {
        let line = std::mem::take(&mut self.line);
        if std::mem::take(&mut self.too_long) { Line::TooLong(line) } else { Line::Whole(line) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(chunks: &[&[u8]], expected: &[&str]) {
        let mut cutter = Cutter::default();
        let mut lines: Vec<Line> = chunks.iter().flat_map(|chunk| cutter.push(chunk)).collect();
        lines.extend(cutter.end());
        let shown: Vec<String> = lines
            .iter()
            .map(|line| match line {
                Line::Whole(bytes) => String::from_utf8_lossy(bytes).into_owned(),
                Line::TooLong(start) => format!("too long, {} kept", start.len()),
            })
            .collect();
        assert_eq!(shown, expected);
    }

    #[test]
    fn lines_are_cut_wherever_chunks_end() {
        check(&[b"a\nb", b"c\n", b"\nd"], &["a", "bc", "", "d"]);
        check(&[b"", b"\n"], &[""]);
    }

    #[test]
    fn a_line_that_is_too_long_is_skipped_to_its_end() {
        let chunk = vec![b'x'; CHUNK];
        let mut chunks = vec![&chunk[..]; MAX_LINE / CHUNK + 2];
        chunks.push(b"y\nnext\n");
        check(&chunks, &[&format!("too long, {START} kept"), "next"]);
        let whole = vec![&chunk[..]; MAX_LINE / CHUNK];
        check(&whole, &[std::str::from_utf8(&vec![b'x'; MAX_LINE]).expect("ASCII")]);
    }
}
