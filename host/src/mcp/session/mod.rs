//! One client's session: the loop that joins its connection, the engine and the calls, and its queues.

pub(super) mod phase;
pub(super) mod output_queue;
pub(super) mod event;
pub(super) mod input_queue;
pub(super) mod driver;

#[cfg(test)]
mod histories;
#[cfg(test)]
mod many_clients;
#[cfg(test)]
mod observed;
