//! Answers in the memory of this process, shared by all calls.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::answer_store::AnswerStore;
use super::cache_key::{AnswerVersion, CacheKey};
use super::caller::Caller;
use super::kept_answer::{FoundAnswer, KeptAnswer};
use super::memory_entries::MemoryEntries;
use crate::sync::lock;

/// The memory that answers are kept in. It has a lock, since each look notes the use of what it finds; nothing is awaited
/// under it.
#[derive(Debug)]
pub(crate) struct MemoryStore {
    entries: Mutex<MemoryEntries>,
    /// The signal that an answer is kept: the one who waits for it to expire may wait for nothing yet.
    kept: Notify,
}

impl MemoryStore {
    /// A store of `most` bytes.
    pub(super) fn new(most: usize) -> Self {
        Self { entries: Mutex::new(MemoryEntries::new(most)), kept: Notify::new() }
    }

    /// The bytes that answers take now.
    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        lock(&self.entries).bytes()
    }

    /// Waits until an answer has expired, and lets go of all that have.
    pub(super) async fn expire_next(&self) {
        let next = lock(&self.entries).next_expiry();
        match next {
            // A moment later, so that those which expire one after the other wake nobody for each.
            Some(next) => tokio::time::sleep_until((next + Duration::from_secs(1)).into()).await,
            None => self.kept.notified().await,
        }
        lock(&self.entries).expire(Instant::now());
    }

    /// Lets go of all answers but those of these versions, and keeps no other.
    pub(super) fn serve(&self, versions: BTreeSet<AnswerVersion>) {
        lock(&self.entries).serve(versions);
    }
}

impl AnswerStore for MemoryStore {
    async fn find(&self, key: &CacheKey, now: Instant) -> Option<FoundAnswer> {
        lock(&self.entries).find(key, now)
    }

    async fn keep(
        &self,
        key: CacheKey,
        caller: &Caller,
        answer: Arc<KeptAnswer>,
        lifetime: Duration,
        now: Instant,
    ) -> bool {
        let is_kept = lock(&self.entries).keep(key, caller, answer, lifetime, now);
        self.kept.notify_one();
        is_kept
    }
}
