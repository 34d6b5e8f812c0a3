//! A stream that may be in the mode where it does not block, read and written as if it did.
//!
//! That mode is shared with whoever gave the stream, so it is waited with, not changed.

use std::io::{self, Read, Write};
use std::os::fd::AsFd;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;

/// A stream that is waited for, by a thread that has nothing else to do.
pub(crate) struct Patient<T>(pub(crate) T);

impl<T: AsFd> Patient<T> {
    fn once<R>(
        &mut self,
        it_is: PollFlags,
        mut step: impl FnMut(&mut T) -> io::Result<R>,
    ) -> io::Result<R> {
        loop {
            match step(&mut self.0) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                done => return done,
            }
            match poll(&mut [PollFd::new(&self.0, it_is)], None) {
                Ok(_) | Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

impl<T: Read + AsFd> Read for Patient<T> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        self.once(PollFlags::IN, |stream| stream.read(bytes))
    }
}

impl<T: Write + AsFd> Write for Patient<T> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.once(PollFlags::OUT, |stream| stream.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.once(PollFlags::OUT, Write::flush)
    }
}
