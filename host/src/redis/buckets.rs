//! Rates that servers share: each bucket is a key, and a script decides by the clock of Redis.

use std::time::Duration;

use super::connection::TOKEN_BUCKET;
use super::link::RedisLink;
use crate::catalog::{BucketName, SharedBuckets, SharedFuture};
use crate::manifest::{Rate, Sha256Digest};

impl RedisLink {
    /// Runs the script. `None` where there is no answer, or none that a script gives.
    async fn count(&self, bucket: BucketName<'_>, rate: Rate, calls: i64) -> Option<(i64, u64)> {
        let key = key(self.settings.prefix.as_str(), bucket);
        let period = rate.interval().as_nanos().div_ceil(1000);
        let period = u64::try_from(period).ok()?;
        let (allowed, wait) = self
            .ask(&self.counting, |mut connection| async move {
                let mut call = TOKEN_BUCKET.key(&key);
                let call = call.arg(period).arg(rate.calls()).arg(calls);
                call.invoke_async::<(i64, i64)>(&mut connection).await
            })
            .await?;
        Some((allowed, u64::try_from(wait).ok()?))
    }
}

impl SharedBuckets for RedisLink {
    fn take<'a>(
        &'a self,
        bucket: BucketName<'a>,
        rate: Rate,
        calls: u32,
    ) -> SharedFuture<'a, Option<Result<(), Duration>>> {
        Box::pin(async move {
            match self.count(bucket, rate, calls.into()).await? {
                (1, _) => Some(Ok(())),
                // No bucket is emptier than empty.
                (0, wait) => Some(Err(Duration::from_micros(wait).min(rate.interval() * calls))),
                _ => None,
            }
        })
    }

    fn put_back<'a>(&'a self, bucket: BucketName<'a>, rate: Rate) -> SharedFuture<'a, ()> {
        Box::pin(async move {
            // It may have gone; then the call counts.
            let _ = self.count(bucket, rate, -1).await;
        })
    }
}

/// The key of a bucket. What stands in braces decides where a cluster keeps it: the buckets of a plugin lie together.
fn key(prefix: &str, bucket: BucketName<'_>) -> String {
    match bucket {
        BucketName::Plugin(plugin) => format!("{prefix}rate:{{{}}}", plugin.as_str()),
        BucketName::Tool(plugin, tool) => format!("{prefix}rate:{{{}}}:{tool}", plugin.as_str()),
        // Nobody who reads the keys is to know who calls.
        BucketName::Client(id) => {
            format!("{prefix}client:{{{}}}", Sha256Digest::of(id.as_bytes()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::PluginName;

    #[test]
    fn each_bucket_has_a_key_of_its_own_and_names_no_client() {
        let plugin = PluginName::new("fetch").expect("a name");
        let keys = [
            BucketName::Plugin(&plugin),
            BucketName::Tool(&plugin, "get"),
            BucketName::Client("ada"),
        ]
        .map(|bucket| key("t:", bucket));
        assert_eq!(keys[..2], ["t:rate:{fetch}", "t:rate:{fetch}:get"]);
        assert!(keys[2].starts_with("t:client:{") && !keys[2].contains("ada"), "{}", keys[2]);
    }
}
