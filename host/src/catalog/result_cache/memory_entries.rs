//! The answers that are kept in memory: within a number of bytes, the ones used last, each until it expires.
//!
//! Pure: it is told the time.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::cache_key::{AnswerVersion, CacheKey};
use super::kept_answer::{FoundAnswer, KeptAnswer};

/// The bytes that an entry takes beside its answer: its key in three tables, and their nodes.
const ENTRY_BYTES: usize = 512;

/// The entries, found by key, by use and by expiry.
#[derive(Debug, Default)]
pub(super) struct MemoryEntries {
    most: usize,
    bytes: usize,
    entries: HashMap<CacheKey, MemoryEntry>,
    /// By the number of their last use: the lowest was used the longest time ago.
    by_use: BTreeMap<u64, CacheKey>,
    by_expiry: BTreeSet<(Instant, CacheKey)>,
    uses: u64,
    /// The versions that are served. `None` while that is not known: then answers of all are kept.
    served: Option<BTreeSet<AnswerVersion>>,
}

#[derive(Debug)]
struct MemoryEntry {
    answer: Arc<KeptAnswer>,
    kept: Instant,
    expires: Instant,
    used: u64,
}

impl MemoryEntry {
    fn bytes(&self) -> usize {
        self.answer.bytes() + ENTRY_BYTES
    }
}

impl MemoryEntries {
    /// None yet; they will take `most` bytes.
    pub(super) fn new(most: usize) -> Self {
        Self { most, ..Self::default() }
    }

    /// The bytes that they take.
    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// The time at which the next one expires. `None` if there is none.
    pub(super) fn next_expiry(&self) -> Option<Instant> {
        self.by_expiry.first().map(|(expires, _)| *expires)
    }

    pub(super) fn find(&mut self, key: &CacheKey, now: Instant) -> Option<FoundAnswer> {
        self.expire(now);
        let entry = self.entries.get_mut(key)?;
        self.by_use.remove(&entry.used);
        self.uses += 1;
        entry.used = self.uses;
        self.by_use.insert(entry.used, *key);
        let age = now.saturating_duration_since(entry.kept);
        let left = entry.expires.saturating_duration_since(now);
        Some(FoundAnswer { answer: entry.answer.clone(), age, left })
    }

    pub(super) fn keep(
        &mut self,
        key: CacheKey,
        answer: Arc<KeptAnswer>,
        lifetime: Duration,
        now: Instant,
    ) {
        self.expire(now);
        self.remove(&key);
        // The answer of a version that was replaced meanwhile would be found by nobody.
        let is_served = self.served.as_ref().is_none_or(|served| served.contains(&key.version));
        let Some(expires) = now.checked_add(lifetime).filter(|_| is_served) else { return };
        self.uses += 1;
        let entry = MemoryEntry { answer, kept: now, expires, used: self.uses };
        if entry.bytes() > self.most {
            return;
        }
        while self.bytes + entry.bytes() > self.most
            && let Some((_, oldest)) = self.by_use.first_key_value()
        {
            let oldest = *oldest;
            self.remove(&oldest);
        }
        self.bytes += entry.bytes();
        self.by_use.insert(entry.used, key);
        self.by_expiry.insert((entry.expires, key));
        self.entries.insert(key, entry);
    }

    /// Lets go of all that have expired.
    pub(super) fn expire(&mut self, now: Instant) {
        while let Some((expires, key)) = self.by_expiry.first().copied()
            && expires <= now
        {
            self.remove(&key);
        }
        if self.entries.is_empty() {
            // A table keeps its room for as many as there ever were.
            self.entries = HashMap::new();
        }
    }

    /// Lets go of all whose version is not among those that are served now.
    pub(super) fn serve(&mut self, served: BTreeSet<AnswerVersion>) {
        let gone = self.entries.keys().filter(|key| !served.contains(&key.version));
        for key in gone.copied().collect::<Vec<_>>() {
            self.remove(&key);
        }
        self.served = Some(served);
    }

    fn remove(&mut self, key: &CacheKey) {
        let Some(entry) = self.entries.remove(key) else { return };
        self.bytes -= entry.bytes();
        self.by_use.remove(&entry.used);
        self.by_expiry.remove(&(entry.expires, *key));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::cache_key::tests::key;
    use super::super::kept_answer::tests::answer;
    use super::*;

    fn kept(length: usize) -> Arc<KeptAnswer> {
        Arc::new(KeptAnswer::of(&answer(length)).expect("small enough"))
    }

    #[derive(Clone, Debug)]
    enum Step {
        Keep { key: u8, length: usize, seconds: u64 },
        Find { key: u8 },
        Pass { seconds: u64 },
        Serve { versions: BTreeSet<u8> },
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            4 => (0..24u8, 0..4_000usize, 0..20u64)
                .prop_map(|(key, length, seconds)| Step::Keep { key, length, seconds }),
            4 => (0..24u8).prop_map(|key| Step::Find { key }),
            2 => (0..8u64).prop_map(|seconds| Step::Pass { seconds }),
            1 => prop::collection::btree_set(0..3u8, 0..4).prop_map(|versions| Step::Serve { versions }),
        ]
    }

    /// The same in the simplest way: a list, the ones used last at its end.
    #[derive(Default)]
    struct Model {
        entries: Vec<(CacheKey, Arc<KeptAnswer>, Instant)>,
        served: Option<BTreeSet<AnswerVersion>>,
    }

    impl Model {
        fn bytes(&self) -> usize {
            self.entries.iter().map(|(_, answer, _)| answer.bytes() + ENTRY_BYTES).sum()
        }
    }

    /// Three versions share the keys.
    fn model_key(number: u8) -> CacheKey {
        key(number % 3, number)
    }

    proptest! {
        #[test]
        fn it_keeps_what_the_model_keeps(
            most in 0..20_000usize,
            steps in prop::collection::vec(step(), 1..200),
        ) {
            let (mut entries, mut model) = (MemoryEntries::new(most), Model::default());
            let mut now = Instant::now();
            for step in steps {
                model.entries.retain(|(.., expires)| *expires > now);
                match step {
                    Step::Keep { key, length, seconds } => {
                        let (key, answer) = (model_key(key), kept(length));
                        let lifetime = Duration::from_secs(seconds);
                        entries.keep(key, answer.clone(), lifetime, now);
                        model.entries.retain(|(own, ..)| *own != key);
                        let is_served =
                            model.served.as_ref().is_none_or(|served| served.contains(&key.version));
                        let own = answer.bytes() + ENTRY_BYTES;
                        if is_served && own <= most {
                            while model.bytes() + own > most {
                                model.entries.remove(0);
                            }
                            model.entries.push((key, answer, now + lifetime));
                        }
                    }
                    Step::Find { key } => {
                        let key = model_key(key);
                        let found = entries.find(&key, now);
                        let at = model.entries.iter().position(|(own, ..)| *own == key);
                        prop_assert_eq!(found.is_some(), at.is_some());
                        if let (Some(found), Some(at)) = (found, at) {
                            let used = model.entries.remove(at);
                            prop_assert!(Arc::ptr_eq(&found.answer, &used.1));
                            model.entries.push(used);
                        }
                    }
                    Step::Pass { seconds } => now += Duration::from_secs(seconds),
                    Step::Serve { versions } => {
                        let served: BTreeSet<_> =
                            versions.into_iter().map(|number| key(number, 0).version).collect();
                        entries.serve(served.clone());
                        model.entries.retain(|(key, ..)| served.contains(&key.version));
                        model.served = Some(served);
                    }
                }
                prop_assert!(entries.bytes() <= most);
                let tables =
                    [entries.entries.len(), entries.by_use.len(), entries.by_expiry.len()];
                prop_assert!(tables.iter().all(|count| *count == tables[0]), "{:?}", tables);
            }
            model.entries.retain(|(.., expires)| *expires > now);
            entries.expire(now);
            prop_assert_eq!(entries.bytes(), model.bytes());
        }
    }

    #[test]
    fn a_flood_of_keys_stays_within_the_bound_and_what_is_used_stays() {
        let mut entries = MemoryEntries::new(64 * 1024);
        let (now, lifetime) = (Instant::now(), Duration::from_mins(5));
        let used = key(0, 0);
        entries.keep(used, kept(1000), lifetime, now);
        for number in 1..=100_000u32 {
            entries.keep(
                super::super::cache_key::tests::numbered(number),
                kept(100),
                lifetime,
                now,
            );
            assert!(entries.bytes() <= 64 * 1024);
            if number % 8 == 0 {
                assert!(entries.find(&used, now).is_some(), "{number}");
            }
        }
        assert!(entries.entries.len() > 50, "{}", entries.entries.len());
    }

    #[test]
    fn an_answer_that_has_expired_frees_its_memory() {
        let mut entries = MemoryEntries::new(1 << 20);
        let (now, lifetime) = (Instant::now(), Duration::from_secs(10));
        entries.keep(key(0, 0), kept(1000), lifetime, now);
        let last = now + lifetime - Duration::from_nanos(1);
        let found = entries.find(&key(0, 0), last).expect("it has not expired");
        assert_eq!(found.age, last - now);
        assert_eq!(entries.next_expiry(), Some(now + lifetime));
        assert!(entries.find(&key(0, 0), now + lifetime).is_none());
        assert_eq!((entries.bytes(), entries.next_expiry()), (0, None));
    }
}
