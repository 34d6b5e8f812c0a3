//! The answers that are kept in memory: within a number of bytes, each until it expires. Where there is no room, the caller
//! whose answers take most loses the one that was used longest ago: no caller's answers drive out those of one with fewer.
//!
//! Pure: it is told the time.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::cache_key::{AnswerVersion, CacheKey};
use super::caller::Caller;
use super::kept_answer::{FoundAnswer, KeptAnswer};

/// The bytes that an entry takes beside its answer: its key in three tables, its caller in two, and their nodes.
const ENTRY_BYTES: usize = 768;

/// The entries, found by key, by use and by expiry.
#[derive(Debug, Default)]
pub(super) struct MemoryEntries {
    most: usize,
    bytes: usize,
    entries: HashMap<CacheKey, MemoryEntry>,
    /// By the caller that they were made for, and the number of their last use: the lowest was used the longest time ago.
    by_use: BTreeMap<(Caller, u64), CacheKey>,
    /// The bytes of each caller's answers, and the callers in the order of these.
    callers: BTreeMap<Caller, usize>,
    by_bytes: BTreeSet<(usize, Caller)>,
    by_expiry: BTreeSet<(Instant, CacheKey)>,
    uses: u64,
    /// The versions that are served. `None` while that is not known: then answers of all are kept.
    served: Option<BTreeSet<AnswerVersion>>,
}

#[derive(Debug)]
struct MemoryEntry {
    answer: Arc<KeptAnswer>,
    caller: Caller,
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
        self.by_use.remove(&(entry.caller.clone(), entry.used));
        self.uses += 1;
        entry.used = self.uses;
        self.by_use.insert((entry.caller.clone(), entry.used), *key);
        let age = now.saturating_duration_since(entry.kept);
        let left = entry.expires.saturating_duration_since(now);
        Some(FoundAnswer { answer: entry.answer.clone(), age, left })
    }

    /// Keeps an answer to a call of `caller`. Returns true if there is room for it.
    pub(super) fn keep(
        &mut self,
        key: CacheKey,
        caller: &Caller,
        answer: Arc<KeptAnswer>,
        lifetime: Duration,
        now: Instant,
    ) -> bool {
        self.expire(now);
        self.remove(&key);
        // The answer of a version that was replaced meanwhile would be found by nobody.
        let is_served = self.served.as_ref().is_none_or(|served| served.contains(&key.version));
        let Some(expires) = now.checked_add(lifetime).filter(|_| is_served) else { return false };
        self.uses += 1;
        let caller = caller.clone();
        let entry =
            MemoryEntry { answer, caller: caller.clone(), kept: now, expires, used: self.uses };
        if entry.bytes() > self.most {
            return false;
        }
        self.count(&caller, |bytes| bytes + entry.bytes());
        self.by_use.insert((caller, entry.used), key);
        self.by_expiry.insert((entry.expires, key));
        self.entries.insert(key, entry);
        while self.bytes > self.most
            && let Some(key) = self.next_to_go()
        {
            self.remove(&key);
        }
        self.entries.contains_key(&key)
    }

    /// The answer that makes room next.
    fn next_to_go(&self) -> Option<CacheKey> {
        let (_, largest) = self.by_bytes.last()?;
        let mut own = self.by_use.range((largest.clone(), 0)..);
        own.next().map(|(_, key)| *key)
    }

    /// Changes the bytes that the answers of a caller take.
    fn count(&mut self, caller: &Caller, changed: impl FnOnce(usize) -> usize) {
        let before = self.callers.remove(caller).unwrap_or(0);
        self.by_bytes.remove(&(before, caller.clone()));
        let after = changed(before);
        self.bytes = self.bytes - before + after;
        if after > 0 {
            self.callers.insert(caller.clone(), after);
            self.by_bytes.insert((after, caller.clone()));
        }
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
        self.count(&entry.caller, |bytes| bytes - entry.bytes());
        self.by_use.remove(&(entry.caller, entry.used));
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
        Keep { key: u8, caller: u8, length: usize, seconds: u64 },
        Find { key: u8 },
        Pass { seconds: u64 },
        Serve { versions: BTreeSet<u8> },
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            4 => (0..24u8, 0..3u8, 0..4_000usize, 0..20u64).prop_map(
                |(key, caller, length, seconds)| Step::Keep { key, caller, length, seconds }
            ),
            4 => (0..24u8).prop_map(|key| Step::Find { key }),
            2 => (0..8u64).prop_map(|seconds| Step::Pass { seconds }),
            1 => prop::collection::btree_set(0..3u8, 0..4).prop_map(|versions| Step::Serve { versions }),
        ]
    }

    /// The same in the simplest way: a list, the ones used last at its end.
    #[derive(Default)]
    struct Model {
        entries: Vec<(CacheKey, u8, Arc<KeptAnswer>, Instant)>,
        served: Option<BTreeSet<AnswerVersion>>,
    }

    impl Model {
        fn bytes(&self) -> usize {
            (0..3).map(|caller| self.bytes_of(caller)).sum()
        }

        fn bytes_of(&self, caller: u8) -> usize {
            let own = self.entries.iter().filter(|(_, own, ..)| *own == caller);
            own.map(|(.., answer, _)| answer.bytes() + ENTRY_BYTES).sum()
        }

        /// Takes away the oldest of the caller with most.
        fn make_room(&mut self) {
            let largest = (0..3).max_by_key(|caller| (self.bytes_of(*caller), *caller));
            let at = self.entries.iter().position(|(_, own, ..)| Some(*own) == largest);
            self.entries.remove(at.expect("one"));
        }
    }

    fn caller(number: u8) -> Caller {
        Caller::Principal(number.to_string().into())
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
                    Step::Keep { key, caller: number, length, seconds } => {
                        let (key, answer) = (model_key(key), kept(length));
                        let lifetime = Duration::from_secs(seconds);
                        let is_kept =
                            entries.keep(key, &caller(number), answer.clone(), lifetime, now);
                        model.entries.retain(|(own, ..)| *own != key);
                        let is_served =
                            model.served.as_ref().is_none_or(|served| served.contains(&key.version));
                        let own = answer.bytes() + ENTRY_BYTES;
                        if is_served && own <= most {
                            model.entries.push((key, number, answer, now + lifetime));
                            while model.bytes() > most {
                                model.make_room();
                            }
                        }
                        prop_assert_eq!(is_kept, model.entries.iter().any(|(own, ..)| *own == key));
                    }
                    Step::Find { key } => {
                        let key = model_key(key);
                        let found = entries.find(&key, now);
                        let at = model.entries.iter().position(|(own, ..)| *own == key);
                        prop_assert_eq!(found.is_some(), at.is_some());
                        if let (Some(found), Some(at)) = (found, at) {
                            let used = model.entries.remove(at);
                            prop_assert!(Arc::ptr_eq(&found.answer, &used.2));
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
        entries.keep(used, &caller(0), kept(1000), lifetime, now);
        for number in 1..=100_000u32 {
            entries.keep(
                super::super::cache_key::tests::numbered(number),
                &caller(0),
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
    fn the_answers_of_one_caller_drive_out_none_of_another_with_fewer() {
        let mut entries = MemoryEntries::new(64 * 1024);
        let (now, lifetime) = (Instant::now(), Duration::from_mins(5));
        let few: Vec<_> = (1..=4).map(|number| key(0, number)).collect();
        for key in &few {
            assert!(entries.keep(*key, &caller(1), kept(1000), lifetime, now));
        }
        for number in 0..10_000u32 {
            let key = super::super::cache_key::tests::numbered(number);
            assert!(entries.keep(key, &caller(0), kept(1000), lifetime, now));
        }
        assert!(few.iter().all(|key| entries.find(key, now).is_some()), "they are still there");
        // A third caller has as much as each of both, in the end.
        for number in 10_000..20_000u32 {
            let key = super::super::cache_key::tests::numbered(number);
            entries.keep(key, &caller(2), kept(1000), lifetime, now);
        }
        assert!(few.iter().all(|key| entries.find(key, now).is_some()));
        let bytes = [0, 2].map(|number| entries.callers[&caller(number)]);
        assert!(bytes[0].abs_diff(bytes[1]) < 4_000, "{bytes:?}");
    }

    #[test]
    fn an_answer_that_has_expired_frees_its_memory() {
        let mut entries = MemoryEntries::new(1 << 20);
        let (now, lifetime) = (Instant::now(), Duration::from_secs(10));
        entries.keep(key(0, 0), &caller(0), kept(1000), lifetime, now);
        let last = now + lifetime - Duration::from_nanos(1);
        let found = entries.find(&key(0, 0), last).expect("it has not expired");
        assert_eq!(found.age, last - now);
        assert_eq!(entries.next_expiry(), Some(now + lifetime));
        assert!(entries.find(&key(0, 0), now + lifetime).is_none());
        assert_eq!((entries.bytes(), entries.next_expiry()), (0, None));
    }
}
