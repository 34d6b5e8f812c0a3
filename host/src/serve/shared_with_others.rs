//! The things that a server shares with others by way of Redis: rates, and answers where they have a key in common.

use std::sync::Arc;

use crate::catalog::{SealedAnswers, SharedRates};
use crate::mcp::{SessionKeyError, SessionKeyFiles};
use crate::redis::{RedisSettings, RedisState};

/// The shared rates and answers. The default shares nothing.
#[derive(Default)]
pub(super) struct SharedWithOthers {
    pub(super) rates: SharedRates,
    pub(super) answers: Option<SealedAnswers>,
    /// `None` where there is no Redis.
    pub(super) state: Option<Arc<RedisState>>,
    /// The keeper of the connection, which ends with this.
    #[cfg(feature = "redis")]
    _keeper: Option<crate::redis::RedisKeeper>,
}

/// The reason why nothing can be shared.
#[derive(Debug, thiserror::Error)]
pub enum SharingError {
    /// The key that servers have in common cannot be read.
    #[error(transparent)]
    Key(#[from] SessionKeyError),
    /// The keeper of the connection cannot be started.
    #[error("Redis cannot be asked: {0}")]
    Redis(std::io::Error),
}

impl SharedWithOthers {
    /// Shares rates in this Redis, which may be away, and answers, if any are kept, with those who have the key in this file.
    #[cfg(feature = "redis")]
    pub(super) fn start(
        settings: Option<&RedisSettings>,
        keys: Option<&SessionKeyFiles>,
        keeps_answers: bool,
    ) -> Result<Self, SharingError> {
        use crate::redis::RedisKeeper;

        let Some(settings) = settings else { return Ok(Self::default()) };
        let seal = keys.map(SessionKeyFiles::answers).transpose()?.flatten();
        let keeper = RedisKeeper::start(settings.clone()).map_err(SharingError::Redis)?;
        if seal.is_none() && keeps_answers {
            tracing::info!(
                "kept answers are not shared by way of Redis: servers that share them have a key in common, \
                 `session_key_file` under [http]"
            );
        }
        let answers = seal.map(|seal| SealedAnswers::new(keeper.bytes(), seal));
        Ok(Self {
            rates: SharedRates::new(keeper.buckets()),
            answers,
            state: Some(keeper.state()),
            _keeper: Some(keeper),
        })
    }

    /// Shares nothing: this toolrack was built without Redis, and no configuration names one.
    #[cfg(not(feature = "redis"))]
    pub(super) fn start(
        _: Option<&RedisSettings>,
        _: Option<&SessionKeyFiles>,
        _: bool,
    ) -> Result<Self, SharingError> {
        Ok(Self::default())
    }
}
