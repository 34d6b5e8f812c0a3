//! The methods, one file a family: parameters, what is asked for, results in the words of each revision.

pub(super) mod call_source;
pub(super) mod meta;
pub(super) mod content;
pub(super) mod lifecycle;
pub(super) mod page;
pub(super) mod tools_list;
pub(super) mod tools_call;
pub(super) mod subscriptions;
pub(super) mod request;
