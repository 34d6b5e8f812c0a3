//! The callers that answers are kept apart for.

use std::sync::Arc;

/// Somebody who calls tools.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Caller {
    /// The person whose server it is: the client at stdin and stdout.
    Operator,
    /// A principal over HTTP, by its id. All who need not prove anything are one: the server cannot tell them apart.
    Principal(Arc<str>),
}
