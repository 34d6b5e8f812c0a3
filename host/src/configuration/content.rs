//! All that files of the configuration say, put together.

use super::auth::AuthSection;
use super::redis_section::RedisSection;
use super::sections::{HttpSection, ServeSection};
use super::stated_keys::{self, StatedKey};
use crate::fs::stated::Stated;
use crate::manifest::Policy;

/// All that the configuration says. The default says nothing.
#[derive(Clone, Debug, Default)]
pub struct Configuration {
    /// The policy on what plugins are given.
    pub policy: Policy,
    /// The plugin directories, in order of precedence, as written: `~` and `$NAME` stand for what they mean where toolrack
    /// runs.
    pub plugins: Option<Stated<Vec<Box<str>>>>,
    /// True if nothing is served but what locks accept.
    pub locked: Option<Stated<bool>>,
    /// False if compiled code is neither read nor kept.
    pub cache: Option<Stated<bool>>,
    /// The list of code that was compiled elsewhere, as written.
    pub warm: Option<Stated<Box<str>>>,
    /// `[serve]`
    pub serve: ServeSection,
    /// `[http]`
    pub http: HttpSection,
    /// `[auth]`
    pub auth: Option<AuthSection>,
    /// `[redis]`
    pub redis: Option<RedisSection>,
    /// Every key that counts, with its value as it is written, in the order of the files: the administrator's first.
    pub keys: Vec<StatedKey>,
}

impl Configuration {
    /// These settings, and where they say nothing, those of the administrator; both policies.
    #[must_use]
    pub(super) fn over(self, administrators: Self) -> Self {
        let keys = stated_keys::over(self.keys, administrators.keys);
        Self {
            policy: administrators.policy.and(self.policy),
            plugins: self.plugins.or(administrators.plugins),
            locked: self.locked.or(administrators.locked),
            cache: self.cache.or(administrators.cache),
            warm: self.warm.or(administrators.warm),
            serve: self.serve.over(administrators.serve),
            http: self.http.over(administrators.http),
            // Of two, parts of each would let in whom neither means.
            auth: self.auth.or(administrators.auth),
            // The password of one is not for the server of the other.
            redis: self.redis.or(administrators.redis),
            keys,
        }
    }
}
