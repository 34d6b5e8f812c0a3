//! The client at the other end of two byte streams: its lines, and what is written to it.
//!
//! Where the system tells when a stream is ready (`ready`), the protocol's own thread reads and writes.
//! Elsewhere each end is a thread, because a file, a terminal and a pipe with a name can block and only
//! threads wait on every one of them on every system. Both ways are bounded: nothing here grows when the
//! other side stops.

use std::io::{self, Read, Write};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use super::super::rpc::lines::Cutter;
use super::super::rpc::lines::InputLine;
use super::super::transport::{Gone, LineInput, LineOutput, Piece, Transport};
#[cfg(unix)]
use super::blocking::Patient;
use super::chunk::{STDIO_CHUNK, unread, unwritten};
#[cfg(target_os = "linux")]
use super::nonblocking::{Blocks, ReadyInput, ReadyOutput, WriteOutcome};

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

/// A client at the other end of two byte streams.
pub struct Stdio {
    input: LineSource,
    output: AnswerSink,
}

impl Transport for Stdio {
    type Input = LineSource;
    type Output = AnswerSink;

    fn split(self) -> (LineSource, AnswerSink) {
        (self.input, self.output)
    }
}

impl Stdio {
    /// This process's stdin, and its stdout that was set aside.
    pub fn of_process(stdout: PrivateStdout) -> io::Result<Self> {
        #[cfg(target_os = "linux")]
        {
            let input = match ReadyInput::stdin() {
                Some(input) => LineSource::Ready(input),
                None => LineSource::thread(Patient(io::stdin()))?,
            };
            let output = match ReadyOutput::of(stdout.0) {
                Ok(output) => AnswerSink::Ready(output),
                Err(stdout) => AnswerSink::thread(Patient(stdout))?,
            };
            Ok(Self { input, output })
        }
        #[cfg(not(target_os = "linux"))]
        {
            #[cfg(unix)]
            let (stdin, stdout) = (Patient(io::stdin()), Patient(stdout.0));
            #[cfg(not(unix))]
            let (stdin, stdout) = (io::stdin(), stdout.0);
            Ok(Self { input: LineSource::thread(stdin)?, output: AnswerSink::thread(stdout)? })
        }
    }
}

/// The source of lines.
pub(crate) enum LineSource {
    Thread(mpsc::Receiver<Vec<InputLine>>),
    #[cfg(target_os = "linux")]
    Ready(ReadyInput),
}

impl LineSource {
    /// A thread that ends with its input or with the process: a blocked read cannot be called back.
    fn thread(input: impl Read + Send + 'static) -> io::Result<Self> {
        let (sender, lines) = mpsc::channel(1);
        let name = "stdin".into();
        std::thread::Builder::new().name(name).spawn(move || read(input, &sender))?;
        Ok(Self::Thread(lines))
    }
}

impl LineInput for LineSource {
    async fn lines(&mut self) -> Option<Vec<InputLine>> {
        #[cfg(target_os = "linux")]
        if let Self::Ready(input) = self {
            match input.lines().await {
                Ok(lines) => return lines,
                Err(Blocks) => {
                    *self = Self::thread(Patient(io::stdin())).inspect_err(unread).ok()?;
                }
            }
        }
        match self {
            Self::Thread(lines) => lines.recv().await,
            #[cfg(target_os = "linux")]
            Self::Ready(_) => None,
        }
    }

    async fn hung_up(&self, time: Duration) {
        match self {
            // A thread that reads learns of the end only by reading: no time is long enough.
            Self::Thread(_) => {
                let _ = time;
                std::future::pending().await
            }
            #[cfg(target_os = "linux")]
            Self::Ready(input) => input.hung_up(time).await,
        }
    }
}

/// Where answers go, one piece at a time.
pub(crate) enum AnswerSink {
    Thread {
        bytes: mpsc::Sender<Vec<u8>>,
        /// Room for the next piece, once there is some.
        room: Option<mpsc::OwnedPermit<Vec<u8>>>,
        written: oneshot::Receiver<()>,
    },
    #[cfg(target_os = "linux")]
    Ready(ReadyOutput),
}

impl AnswerSink {
    fn thread(output: impl Write + Send + 'static) -> io::Result<Self> {
        let (sender, bytes) = mpsc::channel(1);
        let (done, written) = oneshot::channel();
        std::thread::Builder::new().name("stdout".into()).spawn(move || {
            write(output, bytes);
            let _ = done.send(());
        })?;
        let room = sender.clone().try_reserve_owned().ok();
        Ok(Self::Thread { bytes: sender, room, written })
    }

    fn give_bytes(&mut self, bytes: Vec<u8>) -> Result<(), Gone> {
        match self {
            Self::Thread { room, .. } => {
                if let Some(room) = room.take() {
                    room.send(bytes);
                }
                Ok(())
            }
            #[cfg(target_os = "linux")]
            Self::Ready(output) => match output.give(bytes)? {
                WriteOutcome::Taken => Ok(()),
                WriteOutcome::Blocks(bytes) => {
                    let thread = output.file().and_then(|file| Self::thread(Patient(file)));
                    *self = thread.inspect_err(unwritten).map_err(|_| Gone)?;
                    self.give_bytes(bytes)
                }
            },
        }
    }
}

impl LineOutput for AnswerSink {
    async fn ready(&mut self) -> Result<(), Gone> {
        match self {
            Self::Thread { room: Some(_), .. } => Ok(()),
            Self::Thread { bytes, room, .. } => {
                *room = Some(bytes.clone().reserve_owned().await.map_err(|_| Gone)?);
                Ok(())
            }
            #[cfg(target_os = "linux")]
            Self::Ready(output) => output.ready().await,
        }
    }

    fn is_ready(&self) -> bool {
        match self {
            Self::Thread { room, .. } => room.is_some(),
            #[cfg(target_os = "linux")]
            Self::Ready(output) => output.is_ready(),
        }
    }

    fn has_rest(&self) -> bool {
        match self {
            Self::Thread { .. } => false,
            #[cfg(target_os = "linux")]
            Self::Ready(output) => !output.is_ready(),
        }
    }

    fn give(&mut self, piece: Piece) -> Result<(), Gone> {
        self.give_bytes(piece.bytes)
    }

    async fn closed(&self) {
        match self {
            Self::Thread { bytes, .. } => bytes.closed().await,
            #[cfg(target_os = "linux")]
            Self::Ready(output) => output.closed().await,
        }
    }

    async fn close(self, at_most: Duration) -> bool {
        match self {
            Self::Thread { bytes, room, written } => {
                drop((bytes, room));
                tokio::time::timeout(at_most, written).await.is_ok()
            }
            #[cfg(target_os = "linux")]
            Self::Ready(mut output) => tokio::time::timeout(at_most, output.ready()).await.is_ok(),
        }
    }
}

fn read(mut input: impl Read, lines: &mpsc::Sender<Vec<InputLine>>) {
    let mut chunk = vec![0; STDIO_CHUNK];
    let mut cutter = Cutter::default();
    loop {
        let cut = match input.read(&mut chunk) {
            Ok(0) => {
                let _ = lines.blocking_send(cutter.end());
                return;
            }
            Ok(count) => cutter.push(&chunk[..count]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return unread(&error),
        };
        if !cut.is_empty() && lines.blocking_send(cut).is_err() {
            return;
        }
    }
}

fn write(mut output: impl Write, mut bytes: mpsc::Receiver<Vec<u8>>) {
    while let Some(chunk) = bytes.blocking_recv() {
        if let Err(error) = output.write_all(&chunk).and_then(|()| output.flush()) {
            return unwritten(&error);
        }
    }
}
