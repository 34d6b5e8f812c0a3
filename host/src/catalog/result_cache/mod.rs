//! The result cache: answers of tools that change nothing, kept for the time that their manifests say.

mod kept_answer;
mod caller;
mod key_turns;
mod cache_key;
mod answer_store;
mod memory_entries;
mod memory_store;
mod answer_form;
mod sealed_answers;
mod store;

pub(crate) use cache_key::{AnswerVersion, CacheKey, CacheTerms};
pub(crate) use caller::Caller;
pub(crate) use key_turns::{CallTurn, TurnNews};
pub(crate) use sealed_answers::SealedAnswers;
#[cfg(feature = "redis")]
pub(crate) use sealed_answers::{MAX_SHARED_ANSWER, SharedBytes};
pub(crate) use store::{CacheLook, HandedOut, ResultCache};
