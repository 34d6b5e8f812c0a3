//! A call's wait for its plugin's code: how long, and what it is told where there is none.

use std::time::Duration;

use super::guest::Guest;
use super::known_tools::lost;
use crate::manifest::show_duration;
use crate::tool::CallError;

/// The most time that a call waits for its plugin, in all: a little less than clients wait for an answer.
pub const CALL_WAIT: Duration = Duration::from_secs(50);
/// The time that code takes to be loaded from the cache, or a little more: code that is not there by then is being
/// made.
const LOADED: Duration = Duration::from_millis(200);

/// Returns the error of a call that has waited for its plugin's code as long as calls do.
#[must_use]
pub fn still_compiling() -> CallError {
    let wait = show_duration(CALL_WAIT);
    CallError::Unready(format!(
        "the plugin's code is still being compiled after {wait}; call it again in a while"
    ))
}

impl Guest {
    /// Waits for the plugin's code, compared, for a call: its code is made before that of plugins which no call waits
    /// for. Waits [`CALL_WAIT`] at most.
    pub async fn await_code(&self) -> Result<(), CallError> {
        if self.is_verified() {
            return self.code_again().await;
        }
        let _wanted = self.code.want(&self.sandbox.codes);
        match tokio::time::timeout(CALL_WAIT, self.verify()).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) if error.may_pass() => Err(CallError::Host(format!(
                "{error}; the plugin is loaded again before long: call it again in a while"
            ))),
            // The plugin itself is at fault.
            Ok(Err(error)) => Err(CallError::Unfit(error.to_string())),
            Err(_) => Err(still_compiling()),
        }
    }

    /// Brings the code of a plugin that has been compared into memory: mostly loads it from the cache, and has it made
    /// anew where the cache has lost it.
    async fn code_again(&self) -> Result<(), CallError> {
        if self.code.now().is_some() {
            return Ok(());
        }
        if !self.code.is_being_remade() {
            let loaded = tokio::time::timeout(LOADED, self.code.get(&self.sandbox.codes)).await;
            if let Ok(loaded) = loaded {
                return loaded.map(drop).map_err(|error| lost(&error));
            }
        }
        let _wanted = self.code.want(&self.sandbox.codes);
        match tokio::time::timeout(CALL_WAIT, self.code.remade(&self.sandbox.codes)).await {
            Ok(made) => made.map_err(|error| lost(&error)),
            Err(_) => Err(still_compiling()),
        }
    }
}
