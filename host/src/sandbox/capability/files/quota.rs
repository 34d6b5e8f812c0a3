//! A quota: how many bytes and entries a call may make in a directory of its own.
//!
//! Bytes are counted as the sizes of files, and given back when a file becomes shorter or is removed. What cannot be
//! given back for certain is not: the bytes of a file that is removed while it is open, or that has a second name.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex};

use crate::manifest::{Bytes, Limits, grouped};
use crate::sync::lock;

/// The use of one directory, and the most that is allowed.
pub(crate) struct Quota {
    most: Amount,
    used: Mutex<Used>,
    /// The function that is told each refusal in words.
    tell: Box<dyn Fn(&str) + Send + Sync>,
}

/// Bytes and entries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Amount {
    pub(crate) bytes: u64,
    pub(crate) entries: u64,
}

#[derive(Default)]
struct Used {
    amount: Amount,
    /// The open files, by what identifies them, and how often each is open.
    open: HashMap<u64, u32>,
}

/// The mark of a file that is open. While there is one, the file's removal gives no bytes back.
pub(crate) struct OpenMark {
    quota: Arc<Quota>,
    identity: u64,
}

impl Quota {
    /// The quota of a call's scratch directory. `tell` is given each refusal in words.
    pub(crate) fn of_scratch(limits: &Limits, tell: impl Fn(&str) + Send + Sync + 'static) -> Self {
        let (bytes, entries) = (limits.scratch_bytes.get(), limits.scratch_entries.into());
        Self { most: Amount { bytes, entries }, used: Mutex::default(), tell: Box::new(tell) }
    }

    /// Takes `amount`, or fails as a file system does that is full.
    pub(crate) fn take(&self, amount: Amount) -> io::Result<()> {
        let mut used = lock(&self.used);
        let sum = Amount {
            bytes: used.amount.bytes.saturating_add(amount.bytes),
            entries: used.amount.entries.saturating_add(amount.entries),
        };
        if sum.bytes > self.most.bytes || sum.entries > self.most.entries {
            drop(used);
            (self.tell)(&self.refusal(sum));
            return Err(io::ErrorKind::StorageFull.into());
        }
        used.amount = sum;
        Ok(())
    }

    fn refusal(&self, sum: Amount) -> String {
        let (key, most) = if sum.bytes > self.most.bytes {
            ("scratch_bytes", Bytes::new(self.most.bytes).to_string())
        } else {
            ("scratch_entries", grouped(self.most.entries))
        };
        format!("its scratch directory is full: `{key}` under [limits] allows {most}")
    }

    /// Gives `amount` back.
    pub(crate) fn give_back(&self, amount: Amount) {
        let mut used = lock(&self.used);
        used.amount.bytes = used.amount.bytes.saturating_sub(amount.bytes);
        used.amount.entries = used.amount.entries.saturating_sub(amount.entries);
    }

    /// Notes that a file is open.
    pub(crate) fn opened(self: &Arc<Self>, identity: u64) -> OpenMark {
        *lock(&self.used).open.entry(identity).or_default() += 1;
        OpenMark { quota: self.clone(), identity }
    }

    /// True if a file is open.
    pub(crate) fn has_open(&self, identity: u64) -> bool {
        lock(&self.used).open.contains_key(&identity)
    }

    #[cfg(test)]
    pub(crate) fn used(&self) -> Amount {
        lock(&self.used).amount
    }
}

impl Amount {
    /// One entry, and no bytes.
    pub(crate) const ENTRY: Self = Self { bytes: 0, entries: 1 };

    /// So many bytes.
    pub(crate) fn bytes(bytes: u64) -> Self {
        Self { bytes, entries: 0 }
    }
}

impl Drop for OpenMark {
    fn drop(&mut self) {
        let mut used = lock(&self.quota.used);
        if let Some(times) = used.open.get_mut(&self.identity) {
            *times -= 1;
            if *times == 0 {
                used.open.remove(&self.identity);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_refused_whole_and_told() {
        let told = Arc::new(Mutex::new(Vec::new()));
        let limits =
            Limits { scratch_bytes: Bytes::new(2048), scratch_entries: 2, ..Limits::default() };
        let tell = told.clone();
        let quota = Quota::of_scratch(&limits, move |text| lock(&tell).push(text.to_owned()));
        quota.take(Amount::bytes(2048)).expect("fits");
        let full = quota.take(Amount { bytes: 1, entries: 1 }).expect_err("full");
        assert_eq!(full.kind(), io::ErrorKind::StorageFull);
        assert_eq!(quota.used(), Amount::bytes(2048));
        quota.give_back(Amount::bytes(5000));
        quota.take(Amount { bytes: 0, entries: 2 }).expect("fits");
        quota.take(Amount::ENTRY).expect_err("full");
        let told = lock(&told);
        assert!(told[0].ends_with("`scratch_bytes` under [limits] allows 2 KiB"), "{told:?}");
        assert!(told[1].ends_with("`scratch_entries` under [limits] allows 2"), "{told:?}");
    }
}
