//! The methods: parameters checked, what is asked for, results in the words of each revision.

pub(super) mod block;
pub(super) mod result;
pub(super) mod params;
pub(super) mod page;
pub(super) mod lookup;
pub(super) mod notify;
pub(super) mod handshake;
pub(super) mod request;
