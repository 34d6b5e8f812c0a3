//! JSON-RPC: lines, messages, ids, answers, and the revisions of the protocol.

pub(super) mod id;
pub(super) mod lines;
pub(super) mod batch;
pub(super) mod reply;
pub(super) mod message;
