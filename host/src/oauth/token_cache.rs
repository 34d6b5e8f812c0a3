//! The findings about tokens, kept for a while: a token is known by its digest.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use sha2::{Digest as _, Sha256};
use tokio::sync::OnceCell;
use tokio::time::Instant;

use crate::text::hexadecimal;

/// The most tokens of which something is known.
pub(super) const MAX_KNOWN_TOKENS: usize = 4096;

/// The digest of a token.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct TokenDigest([u8; 32]);

impl TokenDigest {
    pub(super) fn of(token: &str) -> Self {
        Self(Sha256::digest(token.as_bytes()).into())
    }

    /// The beginning of it, by which a token is known in the log.
    pub(super) fn short(&self) -> String {
        hexadecimal(&self.0[..6])
    }
}

/// The findings about tokens. The oldest makes room for the newest.
pub(super) struct KnownTokens<T>(RefCell<KnownByAge<T>>);

struct KnownByAge<T> {
    known: HashMap<TokenDigest, KnownToken<T>>,
    by_age: BTreeMap<u64, TokenDigest>,
    last: u64,
}

struct KnownToken<T> {
    found: T,
    until: Instant,
    age: u64,
}

impl<T: Clone> KnownTokens<T> {
    pub(super) fn new() -> Self {
        let all = KnownByAge { known: HashMap::new(), by_age: BTreeMap::new(), last: 0 };
        Self(RefCell::new(all))
    }

    /// The finding about a token, if it still counts.
    pub(super) fn get(&self, token: &TokenDigest) -> Option<T> {
        let all = self.0.borrow();
        let known = all.known.get(token).filter(|known| Instant::now() < known.until)?;
        Some(known.found.clone())
    }

    /// True if something was found of a token, whether or not it still counts.
    pub(super) fn had(&self, token: &TokenDigest) -> bool {
        self.0.borrow().known.contains_key(token)
    }

    /// Forgets what was found of a token.
    pub(super) fn forget(&self, token: &TokenDigest) {
        let mut all = self.0.borrow_mut();
        if let Some(before) = all.known.remove(token) {
            all.by_age.remove(&before.age);
        }
    }

    /// Keeps what was found of a token.
    pub(super) fn put(&self, token: TokenDigest, found: T, until: Instant) {
        let mut all = self.0.borrow_mut();
        let all = &mut *all;
        all.last += 1;
        let age = all.last;
        if let Some(before) = all.known.insert(token, KnownToken { found, until, age }) {
            all.by_age.remove(&before.age);
        }
        all.by_age.insert(age, token);
        if all.known.len() > MAX_KNOWN_TOKENS
            && let Some((_, oldest)) = all.by_age.pop_first()
        {
            all.known.remove(&oldest);
        }
    }
}

/// The tokens that are being looked at: of those who ask about the same one, one does the work.
pub(super) struct TokensInQuestion<T>(RefCell<HashMap<TokenDigest, Rc<OnceCell<T>>>>);

impl<T: Clone> TokensInQuestion<T> {
    pub(super) fn new() -> Self {
        Self(RefCell::default())
    }

    /// What `look` finds of a token, or what the `look` of another found that had begun. One whose client goes is taken
    /// over by another.
    pub(super) async fn found(&self, token: &TokenDigest, look: impl Future<Output = T>) -> T {
        let asked = AskedToken { all: self, token, found: self.begin(token) };
        asked.found.get_or_init(|| look).await.clone()
    }

    fn begin(&self, token: &TokenDigest) -> Rc<OnceCell<T>> {
        self.0.borrow_mut().entry(*token).or_default().clone()
    }
}

/// One who waits for what is found of a token. The last one to go, and whoever has an answer, ends the question.
struct AskedToken<'a, T> {
    all: &'a TokensInQuestion<T>,
    token: &'a TokenDigest,
    found: Rc<OnceCell<T>>,
}

impl<T> Drop for AskedToken<'_, T> {
    fn drop(&mut self) {
        let mut all = self.all.0.borrow_mut();
        let is_own = all.get(self.token).is_some_and(|found| Rc::ptr_eq(found, &self.found));
        // The other one is the map's own.
        if is_own && (self.found.initialized() || Rc::strong_count(&self.found) <= 2) {
            all.remove(self.token);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};
    use std::time::Duration;

    use tokio::sync::Semaphore;

    use super::*;

    #[test]
    fn a_question_is_asked_once_and_goes_on_when_who_asked_has_gone() {
        let (tokens, token) = (TokensInQuestion::new(), TokenDigest::of("a"));
        let (asked, answer) = (Cell::new(0), Semaphore::new(0));
        let look = async || {
            asked.set(asked.get() + 1);
            drop(answer.acquire().await);
            asked.get()
        };
        let mut context = Context::from_waker(Waker::noop());
        let mut first = Box::pin(tokens.found(&token, look()));
        let mut second = pin!(tokens.found(&token, look()));
        let mut third = pin!(tokens.found(&token, look()));
        assert!(first.as_mut().poll(&mut context).is_pending());
        assert!(second.as_mut().poll(&mut context).is_pending());
        assert!(third.as_mut().poll(&mut context).is_pending());
        assert_eq!(asked.get(), 1);
        drop(first);
        assert!(second.as_mut().poll(&mut context).is_pending());
        assert_eq!(asked.get(), 2, "another asks in its place");
        answer.add_permits(1);
        assert_eq!(second.as_mut().poll(&mut context), Poll::Ready(2));
        assert_eq!(third.as_mut().poll(&mut context), Poll::Ready(2), "with one answer");
        assert!(tokens.0.borrow().is_empty());
        let gone = Box::pin(tokens.found(&token, std::future::pending()));
        let mut gone = gone;
        assert!(gone.as_mut().poll(&mut context).is_pending());
        drop(gone);
        assert!(tokens.0.borrow().is_empty(), "nobody waits");
    }

    #[test]
    fn as_many_tokens_are_known_as_may_be_and_the_oldest_go() {
        let tokens = KnownTokens::new();
        let of = |at: usize| TokenDigest::of(&at.to_string());
        let until = Instant::now() + Duration::from_mins(1);
        for at in 0..MAX_KNOWN_TOKENS + 10 {
            tokens.put(of(at), at, until);
            tokens.put(of(at), at, until);
        }
        let all = tokens.0.borrow();
        assert_eq!((all.known.len(), all.by_age.len()), (MAX_KNOWN_TOKENS, MAX_KNOWN_TOKENS));
        drop(all);
        assert_eq!(tokens.get(&of(9)), None);
        assert_eq!(tokens.get(&of(10)), Some(10));
        tokens.put(of(10), 11, Instant::now());
        assert_eq!(tokens.get(&of(10)), None, "it counts no more");
        assert!(tokens.had(&of(10)) && !tokens.had(&of(9)));
        tokens.forget(&of(10));
        assert!(!tokens.had(&of(10)));
    }
}
