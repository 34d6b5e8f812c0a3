//! A file as a stream, read and written on the threads of its plugin.

use std::io;

use bytes::Bytes;
use tokio::task::JoinHandle;
use wasmtime_wasi::async_trait;
use wasmtime_wasi::filesystem::Descriptor;
use wasmtime_wasi::p2::bindings::filesystem::types::{ErrorCode, HostDescriptor as _};
use wasmtime_wasi::p2::{
    DynInputStream, DynOutputStream, FsError, FsResult, InputStream, OutputStream, Pollable,
    StreamError, StreamResult,
};

use super::held::{Held, OpenFile};
use super::in_place::{Handle, WasiFiles, at_once, in_place};
use super::quota::{Amount, Quota};

/// The most bytes that are read or written at once.
pub(crate) const MAX_PIECE: usize = 64 * 1024;
/// The bytes that are read ahead for a guest that waits until it can read.
const BYTES_AHEAD: usize = 4096;

/// Work on a file that goes on while nothing waits for it.
enum Work<T> {
    Idle,
    Busy(Task<T>),
    Done(T),
    Failed(StreamError),
    Closed,
}

/// A task that ends with its owner.
struct Task<T>(JoinHandle<StreamResult<T>>);

impl<T> Drop for Task<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl<T> Work<T> {
    /// Waits until it is done, if it is busy.
    async fn done(&mut self) {
        if let Self::Busy(task) = self {
            *self = match (&mut task.0).await {
                Ok(Ok(done)) => Self::Done(done),
                Ok(Err(StreamError::Closed)) => Self::Closed,
                Ok(Err(error)) => Self::Failed(error),
                Err(_) => Self::Failed(failed(io::Error::other("the work on the file was lost"))),
            };
        }
    }

    /// The reason why nothing more can be done. `None` if something can.
    fn end(&mut self) -> Option<StreamError> {
        match self {
            Self::Idle | Self::Busy(_) | Self::Done(_) => None,
            Self::Closed => Some(StreamError::Closed),
            Self::Failed(_) => match std::mem::replace(self, Self::Closed) {
                Self::Failed(error) => Some(error),
                _ => None,
            },
        }
    }
}

fn failed(error: io::Error) -> StreamError {
    StreamError::LastOperationFailed(error.into())
}

/// Returns the error of a stream for one of the file system.
fn of_stream(error: FsError) -> StreamError {
    match error.downcast() {
        Ok(code) => failed(io::Error::other(code.to_string())),
        Err(error) => StreamError::Trap(error),
    }
}

impl OpenFile {
    async fn on_thread<T: Send + 'static>(
        &self,
        work: impl FnOnce(Descriptor, &Held) -> StreamResult<T> + Send + 'static,
    ) -> StreamResult<T> {
        let Self { descriptor, held, share } = self.clone();
        let done = share.on_thread(move || work(descriptor, &held)).await;
        done.map_err(|code| of_stream(code.into()))?
    }

    async fn read(self, position: u64, size: usize) -> StreamResult<Bytes> {
        let read = move |descriptor, _: &Held| {
            let stream = taken(descriptor, async |files, [file]| {
                let stream = files.read_via_stream(file, position)?;
                Ok(files.table.delete(stream)?)
            });
            let mut stream: DynInputStream = stream?;
            at_once(stream.blocking_read(size.min(MAX_PIECE)))
        };
        self.on_thread(read).await
    }

    /// Writes all of `bytes` at `position`, or at the end where there is none. Returns where the next would go.
    pub(crate) async fn write(
        self,
        position: Option<u64>,
        bytes: Bytes,
    ) -> StreamResult<Option<u64>> {
        let write = move |descriptor: Descriptor, held: &Held| {
            let end = position.map(|at| at.saturating_add(bytes.len() as u64));
            // It is not given back if the write fails: some of the bytes may have been written.
            if let Some(quota) = &held.quota {
                grow(quota, &descriptor, end, bytes.len())?;
            }
            let stream = taken(descriptor, async |files, [file]| {
                let stream = match position {
                    Some(position) => files.write_via_stream(file, position)?,
                    None => files.append_via_stream(file)?,
                };
                Ok(files.table.delete(stream)?)
            });
            let mut stream: DynOutputStream = stream?;
            at_once(stream.blocking_write_and_flush(bytes)).map(|()| end)
        };
        self.on_thread(write).await
    }
}

/// Takes of `quota` what a file grows by when it is written up to `end`, or `more` bytes after its own.
fn grow(quota: &Quota, descriptor: &Descriptor, end: Option<u64>, more: usize) -> StreamResult<()> {
    let Descriptor::File(file) = descriptor else { return Ok(()) };
    let size = file.file.metadata().map_err(failed)?.len();
    let growth = end.map_or(more as u64, |end| end.saturating_sub(size));
    quota.take(Amount::bytes(growth)).map_err(failed)
}

/// Takes what `open` opens of a file.
fn taken<T>(
    descriptor: Descriptor,
    open: impl AsyncFnOnce(&mut WasiFiles<'_>, [Handle; 1]) -> FsResult<T>,
) -> StreamResult<T> {
    in_place([descriptor], open).map_err(of_stream)
}

/// A file that is read from a place on.
pub(crate) struct FileReader {
    file: OpenFile,
    position: u64,
    work: Work<Bytes>,
}

impl FileReader {
    pub(crate) fn new(file: OpenFile, position: u64) -> Self {
        Self { file, position, work: Work::Idle }
    }

    fn begin(&mut self, size: usize) {
        let read = self.file.clone().read(self.position, size);
        self.work = Work::Busy(Task(tokio::spawn(read)));
    }
}

#[async_trait]
impl InputStream for FileReader {
    fn read(&mut self, size: usize) -> StreamResult<Bytes> {
        if let Some(end) = self.work.end() {
            return Err(end);
        }
        match &mut self.work {
            Work::Done(bytes) => {
                let piece = bytes.split_to(bytes.len().min(size));
                if bytes.is_empty() {
                    self.work = Work::Idle;
                }
                self.position += piece.len() as u64;
                Ok(piece)
            }
            Work::Idle if size > 0 => {
                self.begin(size);
                Ok(Bytes::new())
            }
            _ => Ok(Bytes::new()),
        }
    }

    async fn blocking_read(&mut self, size: usize) -> StreamResult<Bytes> {
        self.work.done().await;
        if matches!(self.work, Work::Idle) && size > 0 {
            self.work = match self.file.clone().read(self.position, size).await {
                Ok(bytes) => Work::Done(bytes),
                Err(StreamError::Closed) => Work::Closed,
                Err(error) => Work::Failed(error),
            };
        }
        self.read(size)
    }
}

#[async_trait]
impl Pollable for FileReader {
    async fn ready(&mut self) {
        if matches!(self.work, Work::Idle) {
            self.begin(BYTES_AHEAD);
        }
        self.work.done().await;
    }
}

/// A file that is written from a place on, or at its end.
pub(crate) struct FileWriter {
    file: OpenFile,
    /// The place of the next byte. `None` at the end of the file.
    position: Option<u64>,
    work: Work<Option<u64>>,
}

impl FileWriter {
    pub(crate) fn new(file: OpenFile, position: Option<u64>) -> Self {
        Self { file, position, work: Work::Idle }
    }

    async fn settled(&mut self) {
        self.work.done().await;
        if let Work::Done(position) = self.work {
            self.position = position;
            self.work = Work::Idle;
        }
    }
}

#[async_trait]
impl OutputStream for FileWriter {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        match self.work {
            Work::Idle if bytes.len() <= MAX_PIECE => {
                let write = self.file.clone().write(self.position, bytes);
                self.work = Work::Busy(Task(tokio::spawn(write)));
                Ok(())
            }
            Work::Closed => Err(StreamError::Closed),
            _ => Err(StreamError::trap("it wrote more at once than the stream allowed")),
        }
    }

    async fn blocking_write_and_flush(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.settled().await;
        if let Some(end) = self.work.end() {
            return Err(end);
        }
        match self.file.clone().write(self.position, bytes).await {
            Ok(position) => {
                self.position = position;
                Ok(())
            }
            Err(error) => {
                self.work = Work::Closed;
                Err(error)
            }
        }
    }

    fn flush(&mut self) -> StreamResult<()> {
        self.work.end().map_or(Ok(()), Err)
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        match self.work.end() {
            Some(end) => Err(end),
            None if matches!(self.work, Work::Idle) => Ok(MAX_PIECE),
            None => Ok(0),
        }
    }

    /// Waits for what was written: nothing of it is lost when a guest drops the stream.
    async fn cancel(&mut self) {
        self.work.done().await;
    }
}

#[async_trait]
impl Pollable for FileWriter {
    async fn ready(&mut self) {
        self.settled().await;
    }
}

/// Returns the error of the file system that a stream's error is. `None` where it is another.
pub(crate) fn code_of(error: &io::Error) -> ErrorCode {
    match error.kind() {
        io::ErrorKind::StorageFull => ErrorCode::InsufficientSpace,
        _ => error.into(),
    }
}
