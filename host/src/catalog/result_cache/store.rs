//! The cache as calls see it: answers by key, one call at a time for each, and what is on its way to clients.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::answer_store::AnswerStore;
use super::cache_key::{AnswerVersion, CacheKey};
use super::caller::Caller;
use super::kept_answer::{FoundAnswer, KeptAnswer};
use super::key_turns::KeyTurns;
use super::memory_store::MemoryStore;
use super::sealed_answers::SealedAnswers;
use crate::manifest::Bytes;
#[cfg(test)]
use crate::manifest::RESULT_CACHE_RULE;
use crate::sync::named_shares::NamedShares;
use crate::tool::Output;

/// The bytes of kept answers that clients have not read yet. Beyond it, tools are called, whose places bound what waits.
pub(crate) const MAX_HANDED_OUT: usize = 16 * 1024 * 1024;
/// The bytes that are counted as one.
const HANDOUT_UNIT: usize = 1024;

/// The answers of all tools that are kept.
pub(crate) struct ResultCache<S = MemoryStore> {
    /// `None` where no answers are kept.
    store: Option<S>,
    /// The answers that servers share. `None` where this one shares none.
    shared: Option<SealedAnswers>,
    /// The turns of calls: of those with the same key, one runs.
    turns: NamedShares<KeyTurns, CacheKey>,
    handed_out: Arc<Semaphore>,
}

/// An answer that goes to a client once more.
pub(crate) struct HandedOut {
    pub(crate) output: Output,
    /// The time for which it has been kept.
    pub(crate) age: Duration,
    /// Kept until the client has read it.
    pub(crate) permit: OwnedSemaphorePermit,
}

/// The result of a look for an answer.
pub(crate) enum CacheLook {
    /// It is there.
    Hit(HandedOut),
    /// It is not there.
    Miss,
    /// It is there, and too much waits to be read already.
    Crowded,
}

impl ResultCache {
    /// A cache of `most` bytes in memory; zero keeps nothing.
    pub(crate) fn in_memory(most: Bytes) -> Self {
        let most = usize::try_from(most.get()).unwrap_or(usize::MAX);
        Self::of((most > 0).then(|| MemoryStore::new(most)))
    }

    /// The same, with the answers that servers share, if it keeps answers at all.
    pub(crate) fn sharing(self, shared: Option<SealedAnswers>) -> Self {
        Self { shared: shared.filter(|_| self.is_on()), ..self }
    }

    /// A cache of the usual size.
    #[cfg(test)]
    pub(crate) fn usual() -> Arc<Self> {
        Arc::new(Self::in_memory(Bytes::new(RESULT_CACHE_RULE.default)))
    }

    /// The bytes that answers take now.
    #[cfg(test)]
    pub(crate) fn bytes(&self) -> usize {
        self.store.as_ref().map_or(0, MemoryStore::bytes)
    }

    /// Waits until answers have expired, and lets go of them.
    pub(crate) async fn expire_next(&self) {
        match &self.store {
            Some(store) => store.expire_next().await,
            None => std::future::pending().await,
        }
    }

    /// Lets go of the answers of all versions but these, and keeps none of any other.
    pub(crate) fn serve(&self, versions: BTreeSet<AnswerVersion>) {
        if let Some(store) = &self.store {
            store.serve(versions);
        }
    }
}

impl<S: AnswerStore> ResultCache<S> {
    fn of(store: Option<S>) -> Self {
        let handed_out = Arc::new(Semaphore::new(MAX_HANDED_OUT / HANDOUT_UNIT));
        Self { store, shared: None, turns: NamedShares::default(), handed_out }
    }

    /// True if it keeps answers.
    pub(crate) fn is_on(&self) -> bool {
        self.store.is_some()
    }

    /// Looks for the answer at `key`.
    pub(crate) async fn look(&self, key: &CacheKey) -> CacheLook {
        let Some(store) = &self.store else { return CacheLook::Miss };
        match store.find(key, Instant::now()).await {
            Some(found) => self.hand_out(&found),
            None => CacheLook::Miss,
        }
    }

    /// Looks for the answer at `key` among those that servers share. `None` if there is none.
    pub(crate) async fn look_among_shared(&self, key: &CacheKey) -> Option<FoundAnswer> {
        self.shared.as_ref()?.find(key, Instant::now()).await
    }

    /// Hands out an answer of another server, and keeps it here for the rest of its time.
    pub(crate) async fn take_over(
        &self,
        key: CacheKey,
        caller: &Caller,
        found: FoundAnswer,
    ) -> CacheLook {
        let FoundAnswer { answer, age, left } = &found;
        let now = Instant::now();
        if let Some(store) = &self.store
            && let Some(made) = now.checked_sub(*age)
        {
            store.keep(key, caller, answer.clone(), *age + *left, made).await;
        }
        self.hand_out(&found)
    }

    fn hand_out(&self, FoundAnswer { answer, age, .. }: &FoundAnswer) -> CacheLook {
        let age = *age;
        let units = answer.bytes().div_ceil(HANDOUT_UNIT) as u32;
        match self.handed_out.clone().try_acquire_many_owned(units) {
            Ok(permit) => CacheLook::Hit(HandedOut { output: answer.output(), age, permit }),
            Err(_) => CacheLook::Crowded,
        }
    }

    /// Keeps this answer to a call of `caller` for so long, unless it is too large; with other servers, too, where `is_shared`.
    /// Returns true if it is kept here.
    pub(crate) async fn keep(
        &self,
        key: CacheKey,
        caller: &Caller,
        output: &Output,
        lifetime: Duration,
        is_shared: bool,
    ) -> bool {
        let Some((store, answer)) = self.store.as_ref().zip(KeptAnswer::of(output)) else {
            return false;
        };
        let (answer, now) = (Arc::new(answer), Instant::now());
        if let Some(shared) = self.shared.as_ref().filter(|_| is_shared) {
            shared.keep(key, caller, answer.clone(), lifetime, now).await;
        }
        store.keep(key, caller, answer, lifetime, now).await
    }

    /// The turns of the calls with this key.
    pub(crate) fn turns(&self, key: &CacheKey) -> Arc<KeyTurns> {
        self.turns.of(Some(key), KeyTurns::default)
    }
}
