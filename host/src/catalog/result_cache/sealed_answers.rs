//! Answers that several servers share: each under a tag of a key that they have in common, in a store that keeps bytes.
//!
//! A store that others can write into cannot put words into an answer, or the answer of one call in the place of another's.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::answer_form::{AnswerForm, ReadAnswer};
use super::answer_store::AnswerStore;
use super::cache_key::CacheKey;
use super::caller::Caller;
use super::kept_answer::{FoundAnswer, KeptAnswer, MAX_KEPT_ANSWER};
use crate::catalog::admission::shared_rates::SharedFuture;
use crate::sandbox::Seal;
use crate::text::hexadecimal;

/// The name under which answers are tagged. Another form of what is tagged needs another name.
const ANSWER_TAG_NAME: &str = "shared answer 1";
/// The name under which names of answers are made.
const ANSWER_NAME_NAME: &str = "name of a shared answer 1";
const ANSWER_TAG: usize = 32;
/// The most bytes of a shared answer with its tag.
pub(crate) const MAX_SHARED_ANSWER: usize = ANSWER_TAG + MAX_KEPT_ANSWER;

/// A seam: a place where several servers keep bytes for a time. What it is, is not known here.
pub(crate) trait SharedBytes: Send + Sync {
    /// The bytes at `key`, of which no more than `most` are looked at. `None` where there are none or more, or the place
    /// cannot be asked now.
    fn find<'a>(&'a self, key: &'a str, most: usize) -> SharedFuture<'a, Option<Vec<u8>>>;

    /// Keeps bytes for so long, if there is room. It is not waited for.
    fn keep(&self, key: String, bytes: Vec<u8>, lifetime: Duration);
}

/// The answers that servers with one key share.
pub(crate) struct SealedAnswers {
    place: Arc<dyn SharedBytes>,
    seal: Seal,
}

impl SealedAnswers {
    /// Answers in `place`, tagged by `seal`.
    #[cfg_attr(not(feature = "redis"), allow(dead_code, reason = "nothing is shared"))]
    pub(crate) fn new(place: Arc<dyn SharedBytes>, seal: Seal) -> Self {
        Self { place, seal }
    }

    /// The name of the answer at `key`, of one length. Nobody without the seal can make it, so that it says nothing of the
    /// call, and servers with another seal have another.
    fn name(&self, key: &CacheKey) -> String {
        hexadecimal(&self.seal.tag(ANSWER_NAME_NAME, &key.bytes()))
    }
}

impl AnswerStore for SealedAnswers {
    async fn find(&self, key: &CacheKey, _: Instant) -> Option<FoundAnswer> {
        let name = self.name(key);
        let bytes = self.place.find(&name, MAX_SHARED_ANSWER).await?;
        let (tag, text) = bytes.split_at_checked(ANSWER_TAG)?;
        if text.len() > MAX_KEPT_ANSWER
            || !self.seal.verify(ANSWER_TAG_NAME, &tagged(&name, text), tag)
        {
            tracing::debug!("a shared answer is none of a server with this key");
            return None;
        }
        let ReadAnswer { output, age, left } = AnswerForm::read(text, since_1970())?;
        let answer = Arc::new(KeptAnswer::of(&output)?);
        Some(FoundAnswer { answer, age, left })
    }

    async fn keep(
        &self,
        key: CacheKey,
        _: &Caller,
        answer: Arc<KeptAnswer>,
        lifetime: Duration,
        _: Instant,
    ) -> bool {
        let text = AnswerForm::written(&answer.output(), since_1970(), lifetime);
        let Some(text) = text.filter(|text| text.len() <= MAX_KEPT_ANSWER) else { return false };
        let name = self.name(&key);
        let tag = self.seal.tag(ANSWER_TAG_NAME, &tagged(&name, &text));
        self.place.keep(name, [&tag[..], &text].concat(), lifetime);
        true
    }
}

/// The bytes that are tagged: an answer, and the call that it is the answer of. All names are of one length.
fn tagged(name: &str, text: &[u8]) -> Vec<u8> {
    [name.as_bytes(), text].concat()
}

fn since_1970() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

#[cfg(test)]
pub(super) mod tests {
    use std::collections::HashMap;
    use std::sync::Mutex;

    use super::super::cache_key::tests::key;
    use super::super::kept_answer::tests::answer;
    use super::*;
    use crate::sync::lock;
    use crate::tool::{Content, Output};

    /// A place in memory, which keeps everything.
    #[derive(Default)]
    pub(crate) struct TrialPlace(pub(crate) Mutex<HashMap<String, Vec<u8>>>);

    impl SharedBytes for TrialPlace {
        fn find<'a>(&'a self, key: &'a str, _: usize) -> SharedFuture<'a, Option<Vec<u8>>> {
            Box::pin(async move { lock(&self.0).get(key).cloned() })
        }

        fn keep(&self, key: String, bytes: Vec<u8>, _: Duration) {
            lock(&self.0).insert(key, bytes);
        }
    }

    const SECRET: [u8; 32] = [7; 32];

    fn server(place: &Arc<TrialPlace>, secret: &[u8]) -> SealedAnswers {
        SealedAnswers::new(place.clone(), Seal::of_bytes(secret).expect("a key"))
    }

    fn block_on<T>(future: impl Future<Output = T>) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        runtime.expect("a runtime").block_on(future)
    }

    fn find(server: &SealedAnswers, key: &CacheKey) -> Option<Output> {
        block_on(server.find(key, Instant::now())).map(|found| found.answer.output())
    }

    fn keep(server: &SealedAnswers, key: CacheKey, output: &Output) {
        let answer = Arc::new(KeptAnswer::of(output).expect("small enough"));
        block_on(server.keep(
            key,
            &Caller::Operator,
            answer,
            Duration::from_secs(60),
            Instant::now(),
        ));
    }

    #[test]
    fn servers_with_one_key_find_each_others_answers_and_others_none() {
        let place = Arc::<TrialPlace>::default();
        let (one, two) = (server(&place, &SECRET), server(&place, &SECRET));
        keep(&one, key(0, 1), &answer(5));
        assert_eq!(find(&two, &key(0, 1)).expect("an answer").content, answer(5).content);
        assert!(find(&two, &key(0, 2)).is_none() && find(&two, &key(1, 1)).is_none());
        let other = server(&place, &[8; 32]);
        assert!(find(&other, &key(0, 1)).is_none());
        keep(&other, key(0, 1), &answer(6));
        assert_eq!(find(&two, &key(0, 1)).expect("an answer").content, answer(5).content);
    }

    #[test]
    fn an_answer_that_somebody_changed_moved_or_made_is_not_used() {
        let place = Arc::<TrialPlace>::default();
        let server = server(&place, &SECRET);
        keep(&server, key(0, 1), &answer(5));
        let name = server.name(&key(0, 1));
        let honest = lock(&place.0).get(&name).expect("kept").clone();
        let put = |name: String, bytes: Vec<u8>| lock(&place.0).insert(name, bytes);
        for at in 0..honest.len() {
            let mut changed = honest.clone();
            changed[at] ^= 1;
            put(name.clone(), changed);
            assert!(find(&server, &key(0, 1)).is_none(), "byte {at}");
            put(name.clone(), honest[..at].to_vec());
            assert!(find(&server, &key(0, 1)).is_none(), "{at} bytes");
        }
        put(server.name(&key(0, 2)), honest.clone());
        assert!(find(&server, &key(0, 2)).is_none(), "the answer of another call");
        put(name, honest);
        assert!(find(&server, &key(0, 1)).is_some());
    }

    #[test]
    fn an_answer_that_is_larger_as_text_is_not_shared() {
        let place = Arc::<TrialPlace>::default();
        let server = server(&place, &SECRET);
        // Each is six characters of JSON.
        let controls = Content::Text("\u{1}".repeat(MAX_KEPT_ANSWER / 2));
        keep(&server, key(0, 1), &Output { content: vec![controls], ..Output::default() });
        keep(&server, key(0, 2), &answer(MAX_KEPT_ANSWER / 2));
        assert_eq!(lock(&place.0).len(), 1);
        assert!(find(&server, &key(0, 2)).is_some());
    }
}
