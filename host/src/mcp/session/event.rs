//! The events that the loop waits for: a closed set, and each ends a rest.

use tokio::time::Instant;

use super::super::action::CallKey;
use super::super::calls::call_runner::CallEnd;
use super::super::rpc::lines::InputLine;
use super::super::transport::{Gone, LineInput, LineOutput};
use super::phase::READER_WAIT;
use crate::tool::Progress;

/// Something that happened while the loop rested.
pub(crate) enum Event {
    /// The client wrote lines.
    Lines(Vec<InputLine>),
    /// The client will write no more, or what it wrote will not be read.
    InputEnded,
    /// There is room for the next answers.
    Room,
    /// The client does not read any more.
    ClientGone,
    /// A call ended that went on beside the loop.
    CallEnded(CallEnd),
    /// A call noted its progress.
    Progressed(CallKey, Progress),
    /// The places are there that a line waited for.
    PlacesGranted,
    /// Another catalog is to be served.
    Published,
    /// The server is to end.
    ShutdownAsked,
    /// Nothing is waited for any longer.
    DeadlinePassed,
    /// It is time to end requests that have waited too long, or to see whether lines are still held because of them.
    WaitCheckDue,
    /// More can be done at once.
    TurnOver,
}

/// Waits for lines where they are wanted (`reads_on`), else only for a client that has hung up.
pub(crate) async fn of_input(input: &mut impl LineInput, reads_on: bool) -> Event {
    match reads_on {
        true => input.lines().await.map_or(Event::InputEnded, Event::Lines),
        false => {
            input.hung_up(READER_WAIT).await;
            Event::InputEnded
        }
    }
}

/// Waits for room where something is to be written (`writes`), else only for a client that reads no more.
pub(crate) async fn of_output(output: &mut impl LineOutput, writes: bool) -> Event {
    if !writes {
        output.closed().await;
        return Event::ClientGone;
    }
    match output.ready().await {
        Ok(()) => Event::Room,
        Err(Gone) => Event::ClientGone,
    }
}

/// Waits for the deadline; without one, for ever.
pub(crate) async fn passed(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}

/// Lets the runtime look for input, signals and timers before the loop goes on.
pub(crate) async fn turn_over() -> Event {
    tokio::task::yield_now().await;
    Event::TurnOver
}
