//! Secrets: where their values are found, how a call keeps them, how they are kept out of what is shown.
//!
//! The use of a secret (a plugin's configuration, a request's header) is not known here.

mod spellings;
mod value;
mod dotenv;
mod files;
mod keyring;
mod redact;
mod keyring_timeout;
mod resolved;
mod lookup;

pub use files::{MAX_SECRET_VALUE, SecretFiles};
pub use keyring::{Keyring, KeyringError};
pub use keyring_timeout::PatientKeyring;
pub use lookup::{SecretSource, Secrets};
pub use redact::{MIN_REDACTED, Redactor};
pub use resolved::{MissingSecret, ResolvedSecrets};
pub use value::Secret;
