//! A seam: the place where answers are kept. This process's memory is one, what servers share another.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::cache_key::CacheKey;
use super::caller::Caller;
use super::kept_answer::{FoundAnswer, KeptAnswer};

/// A place where answers are kept for a time.
pub(crate) trait AnswerStore: Send + Sync {
    /// The answer at `key`, unless it has expired. `None` also where the store cannot tell.
    fn find(
        &self,
        key: &CacheKey,
        now: Instant,
    ) -> impl Future<Output = Option<FoundAnswer>> + Send;

    /// Keeps an answer to a call of `caller` for so long, if there is room for it. Returns true if it is kept.
    fn keep(
        &self,
        key: CacheKey,
        caller: &Caller,
        answer: Arc<KeptAnswer>,
        lifetime: Duration,
        now: Instant,
    ) -> impl Future<Output = bool> + Send;
}
