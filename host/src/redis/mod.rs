//! Redis, or Valkey: the place where several servers share what they count and keep.
//!
//! This module alone speaks with Redis. Why something is counted or kept, and when, is not known here; the rule of a bucket is the
//! catalog's script.

mod redis_url;
mod settings;
mod state;
#[cfg(feature = "redis")]
mod bounds;
#[cfg(feature = "redis")]
mod bounded_stream;
#[cfg(feature = "redis")]
mod way;
#[cfg(feature = "redis")]
mod connection;
#[cfg(feature = "redis")]
mod link;
#[cfg(feature = "redis")]
mod buckets;
#[cfg(feature = "redis")]
mod bytes;
#[cfg(feature = "redis")]
mod keeper;
#[cfg(all(test, unix))]
mod tests;

#[cfg(feature = "redis")]
pub use keeper::RedisKeeper;
#[cfg(feature = "redis")]
pub(crate) use keeper::probe;
pub use redis_url::RedisUrl;
pub use settings::{KeyPrefix, RedisPassword, RedisSettings};
pub use state::{RedisHealth, RedisState};
