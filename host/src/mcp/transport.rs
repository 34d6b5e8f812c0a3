//! The two sides of a client's connection as the loop needs them: its lines, and room for answers.
//!
//! It does not know what carries them: two byte streams (`stdio`), the body of a request and its answer (`http`), or memory
//! in the tests of the loop.

use std::time::Duration;

use super::rpc::lines::InputLine;
use crate::sandbox::Slot;

/// The error of a client that does not read any more.
pub(crate) struct Gone;

/// A connection to one client, in two halves that are waited for beside each other.
pub(crate) trait Transport {
    /// The half that the client writes to.
    type Input: LineInput;
    /// The half that the client reads from.
    type Output: LineOutput;

    /// Separates the halves.
    fn split(self) -> (Self::Input, Self::Output);
}

/// The lines of a client.
pub(crate) trait LineInput {
    /// Returns the next lines, some at a time; `None` once the input has ended. Dropping the future loses no line.
    async fn lines(&mut self) -> Option<Vec<InputLine>>;

    /// True if the input is over as soon as everything that came is answered.
    fn ends_when_answered(&self) -> bool {
        false
    }

    /// Resolves once the client has closed its end for `time`, where that is seen without reading.
    async fn hung_up(&self, time: Duration);
}

/// Whole lines for a client, written one after the other.
#[derive(Default)]
pub(crate) struct Piece {
    /// The lines, each with its newline.
    pub(crate) bytes: Vec<u8>,
    /// True if its last line is an answer.
    pub(crate) answers: bool,
    /// The slots of the calls that it answers. While a transport keeps them, fewer calls run.
    pub(crate) slots: Vec<Slot>,
}

/// The way to a client, which takes one piece at a time.
pub(crate) trait LineOutput {
    /// Waits until there is room for the next piece, and writes what is left of the last one meanwhile.
    async fn ready(&mut self) -> Result<(), Gone>;

    /// True if there is room for a piece, as far as is known without waiting.
    fn is_ready(&self) -> bool;

    /// True if the last piece is written only partly, and [`ready`](Self::ready) has to be polled to finish it.
    fn has_rest(&self) -> bool;

    /// Takes a piece, where there is room for one.
    fn give(&mut self, piece: Piece) -> Result<(), Gone>;

    /// Resolves when the client does not read any more, where that is told.
    async fn closed(&self);

    /// Waits, `at_most` so long, until everything that was given has been written. False if that was too short.
    async fn close(self, at_most: Duration) -> bool;
}
