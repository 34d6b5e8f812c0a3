//! The findings about tokens, kept for a while: a token is known by its digest.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};

use sha2::{Digest as _, Sha256};
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

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
    }
}
