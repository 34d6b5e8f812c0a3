//! A seam: buckets of calls that several servers count in together. What keeps them is not known here.
//!
//! Each server goes on counting its own calls: where the shared buckets cannot be asked, its own decide at once.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use crate::manifest::Rate;
use crate::name::PluginName;

/// The answer of something that servers share, once it is there.
pub(crate) type SharedFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The calls that are counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BucketName<'a> {
    /// Those of all tools of a plugin.
    Plugin(&'a PluginName),
    /// Those of one tool of a plugin, by its own name.
    Tool(&'a PluginName, &'a str),
    /// Those of one client over HTTP, by the id of its principal.
    Client(&'a str),
}

/// A place where several servers count calls.
pub(crate) trait SharedBuckets: Send + Sync {
    /// Takes so many calls out of a bucket. If there are not so many, takes none, and returns the time until there are.
    /// `None` where the bucket cannot be asked now.
    fn take<'a>(
        &'a self,
        bucket: BucketName<'a>,
        rate: Rate,
        calls: u32,
    ) -> SharedFuture<'a, Option<Result<(), Duration>>>;

    /// Puts back a call that was taken and not made, if the bucket can be asked now.
    fn put_back<'a>(&'a self, bucket: BucketName<'a>, rate: Rate) -> SharedFuture<'a, ()>;
}

/// The buckets that this server shares with others. The default shares none.
#[derive(Clone, Default)]
pub(crate) struct SharedRates(Option<Arc<dyn SharedBuckets>>);

impl SharedRates {
    /// Shares `buckets`.
    #[cfg_attr(not(feature = "redis"), allow(dead_code, reason = "nothing is shared"))]
    pub(crate) fn new(buckets: Arc<dyn SharedBuckets>) -> Self {
        Self(Some(buckets))
    }

    /// Takes so many calls out of a shared bucket, as [`SharedBuckets::take`]. `None` also where none is shared.
    pub(crate) async fn take(
        &self,
        bucket: BucketName<'_>,
        rate: Rate,
        calls: u32,
    ) -> Option<Result<(), Duration>> {
        self.0.as_ref()?.take(bucket, rate, calls).await
    }

    /// Puts back a call that was taken and not made.
    pub(crate) async fn put_back(&self, bucket: BucketName<'_>, rate: Rate) {
        if let Some(buckets) = &self.0 {
            buckets.put_back(bucket, rate).await;
        }
    }
}

impl fmt::Debug for SharedRates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SharedRates").field(&self.0.is_some()).finish()
    }
}
