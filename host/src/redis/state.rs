//! The state of a Redis, as a server tells it.

use std::sync::atomic::{AtomicBool, Ordering};

use serde::{Deserialize, Serialize};

/// The state, which changes.
#[derive(Debug, Default)]
pub struct RedisState {
    is_connected: AtomicBool,
}

/// The state at one moment, in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum RedisHealth {
    /// It answers.
    Connected,
    /// It does not, and this server counts and keeps by itself.
    Away,
}

impl RedisState {
    /// True if it answers.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.is_connected.load(Ordering::Relaxed)
    }

    /// Returns the state in a word.
    pub(crate) fn health(&self) -> RedisHealth {
        if self.is_connected() { RedisHealth::Connected } else { RedisHealth::Away }
    }

    #[cfg_attr(not(feature = "redis"), expect(dead_code, reason = "there is none"))]
    pub(super) fn set(&self, is_connected: bool) {
        self.is_connected.store(is_connected, Ordering::Relaxed);
    }
}
