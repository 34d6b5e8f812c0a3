//! One value for each Wasm file, made once and shared for as long as it is held.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, Weak};

use tokio::sync::OnceCell;

use crate::manifest::Sha256Digest;
use crate::sync::lock;

/// The values that are alive, by the digest of what they were made from.
pub(crate) struct SharedValues<T> {
    // A lock and not a snapshot: the first caller has to be seen by the next.
    cells: Mutex<BTreeMap<Sha256Digest, Weak<OnceCell<T>>>>,
}

/// Keeps a value shared while it lives.
pub(crate) struct SharedHandle<T>(
    #[expect(dead_code, reason = "held, never read")] Arc<OnceCell<T>>,
);

impl<T: Clone> SharedValues<T> {
    pub(crate) fn new() -> Self {
        Self { cells: Mutex::default() }
    }

    /// Returns the value for `digest`. If it is not held, the first caller makes it, and all that
    /// call meanwhile wait for that. An error is for that caller alone: the next one makes the
    /// value.
    pub(crate) async fn get<E>(
        &self,
        digest: Sha256Digest,
        make: impl Future<Output = Result<T, E>>,
    ) -> Result<(T, SharedHandle<T>), E> {
        let cell = self.cell(digest);
        let value = cell.get_or_try_init(|| make).await?.clone();
        Ok((value, SharedHandle(cell)))
    }

    /// Shares `value` for `digest` from now on. Those who have the one before keep it.
    pub(crate) fn put(&self, digest: Sha256Digest, value: T) -> SharedHandle<T> {
        let cell = Arc::new(OnceCell::new_with(Some(value)));
        let mut cells = lock(&self.cells);
        cells.insert(digest, Arc::downgrade(&cell));
        SharedHandle(cell)
    }

    fn cell(&self, digest: Sha256Digest) -> Arc<OnceCell<T>> {
        let mut cells = lock(&self.cells);
        if let Some(cell) = cells.get(&digest).and_then(Weak::upgrade) {
            return cell;
        }
        // As many as there are plugins, so looking at all of them is nothing.
        cells.retain(|_, cell| cell.strong_count() > 0);
        let cell = Arc::new(OnceCell::new());
        cells.insert(digest, Arc::downgrade(&cell));
        cell
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_nobody_has_any_more_is_made_anew_and_takes_no_room() {
        let shared = SharedValues::<u8>::new();
        let digest = |at: u8| Sha256Digest::of(&[at]);
        let make = async |at: u8, value: u8| {
            shared.get(digest(at), async { Ok::<_, ()>(value) }).await.expect("made")
        };
        let (_, held) = make(0, 0).await;
        for at in 1..100 {
            let _ = make(at, at).await;
        }
        assert_eq!(make(0, 7).await.0, 0);
        drop(held);
        assert_eq!(make(0, 7).await.0, 7);
        assert!(shared.cells.lock().expect("not poisoned").len() <= 2);
    }
}
