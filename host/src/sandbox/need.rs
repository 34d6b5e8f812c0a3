//! The need of a Wasm file's code, which rises while the code is waited for.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, Weak};

use tokio::sync::watch;

use crate::manifest::Sha256Digest;
use crate::sync::lock;

/// The reason why a file's code is needed; it only rises.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Need {
    /// Nothing needs it yet.
    #[default]
    None,
    /// The list of its tools, which nothing else tells.
    Listing,
    /// A call.
    Call,
}

/// The need of a file's code.
#[derive(Default)]
pub(crate) struct NeedOf(watch::Sender<Need>);

/// The needs of all files whose code is asked for.
#[derive(Default)]
pub(crate) struct Needs {
    // A lock and not a snapshot: a need that one caller raises has to be seen by those who wait
    // with it.
    flags: Mutex<BTreeMap<Sha256Digest, Weak<NeedOf>>>,
}

impl Needs {
    /// Returns the need of a file, which all plugins with this file share.
    pub(crate) fn of(&self, wasm: Sha256Digest) -> Arc<NeedOf> {
        let mut flags = lock(&self.flags);
        if let Some(flag) = flags.get(&wasm).and_then(Weak::upgrade) {
            return flag;
        }
        flags.retain(|_, flag| flag.strong_count() > 0);
        let flag = Arc::<NeedOf>::default();
        flags.insert(wasm, Arc::downgrade(&flag));
        flag
    }
}

impl NeedOf {
    pub(crate) fn raise(&self, need: Need) {
        self.0.send_if_modified(|known| {
            let is_more = need > *known;
            *known = need.max(*known);
            is_more
        });
    }

    pub(crate) async fn reaches(&self, need: Need) {
        // The sender is this very value: it outlives the wait.
        let _ = self.0.subscribe().wait_for(|known| *known >= need).await;
    }
}
