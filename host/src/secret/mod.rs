//! Secrets: where their values are found, how a call keeps them, how they are kept out of what is shown.
//!
//! What a secret is for (a plugin's configuration, a request's header) is not known here.

mod dotenv;
mod keyring;
mod known;
mod lookup;
mod patience;
mod redact;

use std::fmt;

pub use keyring::{Keyring, KeyringError};
pub use known::{Known, MissingSecret};
pub use lookup::{Secrets, Source};
pub use patience::PatientKeyring;
pub use redact::{MIN_REDACTED, Redactor};

/// The value of a secret. It is not shown, and its bytes are overwritten when it is dropped.
///
/// Overwriting is as thorough as safe code allows: copies that others make (a header on its way, a
/// guest's memory) are not reached.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Keeps `value`.
    #[must_use]
    pub fn new(value: String) -> Self {
        Self(value)
    }

    /// The value itself. Whoever asks decides where it goes.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        let mut bytes = std::mem::take(&mut self.0).into_bytes();
        bytes.fill(0);
        // The bytes are never read again, so the compiler could leave the filling out.
        std::hint::black_box(&bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_not_shown() {
        let secret = Secret::new("hunter2hunter2".into());
        assert_eq!(format!("{secret:?} {:?}", Some(&secret)), "Secret(..) Some(Secret(..))");
    }
}
