//! Bytes that servers share: each is a key that ends by itself.

use std::time::Duration;

use super::link::{BytesToKeep, RedisLink};
use crate::catalog::{SharedBytes, SharedFuture};

impl RedisLink {
    fn bytes_key(&self, key: &str) -> String {
        format!("{}answer:{key}", self.settings.prefix.as_str())
    }

    /// Keeps bytes in Redis.
    pub(super) async fn keep_now(&self, bytes: BytesToKeep) {
        let BytesToKeep { key, bytes, lifetime } = bytes;
        let key = self.bytes_key(&key);
        let milliseconds = u64::try_from(lifetime.as_millis()).unwrap_or(u64::MAX).max(1);
        let asked = self.ask(&self.fetching, |mut connection| async move {
            let mut command = ::redis::cmd("SET");
            command.arg(&key).arg(&bytes).arg("PX").arg(milliseconds);
            command.query_async::<()>(&mut connection).await
        });
        asked.await;
    }
}

impl SharedBytes for RedisLink {
    fn find<'a>(&'a self, key: &'a str, most: usize) -> SharedFuture<'a, Option<Vec<u8>>> {
        Box::pin(async move {
            let key = self.bytes_key(key);
            // Whoever can write into Redis may have put more there than anybody wants to be sent.
            let found = self.ask(&self.fetching, move |mut connection| async move {
                let mut command = ::redis::cmd("GETRANGE");
                command.arg(&key).arg(0).arg(most);
                command.query_async::<Vec<u8>>(&mut connection).await
            });
            found.await.filter(|found| (1..=most).contains(&found.len()))
        })
    }

    fn keep(&self, key: String, bytes: Vec<u8>, lifetime: Duration) {
        if self.state.is_connected()
            && self.keeping.try_send(BytesToKeep { key, bytes, lifetime }).is_err()
        {
            tracing::debug!("an answer is not shared: too many wait to be");
        }
    }
}
