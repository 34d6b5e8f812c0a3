//! The system's keyring: the Secret Service on Linux, the Keychain on macOS, the Credential Manager on
//! Windows. The only file that knows their crates.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use keyring_core::{CredentialStore, Entry, Error};

use super::Secret;
use crate::manifest::SecretName;
use crate::text::escape;

/// The service of all of toolrack's entries; their user is the secret's name.
const SERVICE: &str = "toolrack";

/// The keyring of the user who runs this process. Every question may wait for that user to unlock it.
pub struct Keyring(Arc<CredentialStore>);

/// The reason why a keyring cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyringError {
    /// There is none, or nothing that would unlock it.
    #[error("this machine has no keyring that can be reached")]
    Absent(String),
    /// It does not do what it is asked.
    #[error("the system's keyring fails: {0}")]
    Failed(String),
    /// It has been asked, and may be waiting for its owner.
    #[error("the system's keyring did not answer within {} s; unlock it and try again", .0.as_secs())]
    Silent(Duration),
}

impl Keyring {
    /// Connects to the keyring.
    pub fn open() -> Result<Self, KeyringError> {
        store().map(Self).map_err(|error| {
            tracing::debug!("the keyring cannot be reached: {error}");
            KeyringError::Absent(shown(&error))
        })
    }

    /// A keyring in memory, empty.
    #[cfg(test)]
    pub(super) fn in_memory() -> Self {
        Self(keyring_core::mock::Store::new().expect("a store"))
    }

    /// The value that is kept under `name`.
    pub fn get(&self, name: &SecretName) -> Result<Option<Secret>, KeyringError> {
        match self.entry(name)?.get_password() {
            Ok(value) => Ok(Some(Secret::new(value))),
            Err(error) => absent(&error).map(|()| None),
        }
    }

    /// Keeps `value` under `name`, in place of what was there.
    pub fn set(&self, name: &SecretName, value: &Secret) -> Result<(), KeyringError> {
        self.entry(name)?.set_password(value.expose()).map_err(|error| failed(&error))
    }

    /// Removes what is kept under `name`, and says whether anything was.
    pub fn remove(&self, name: &SecretName) -> Result<bool, KeyringError> {
        match self.entry(name)?.delete_credential() {
            Ok(()) => Ok(true),
            Err(error) => absent(&error).map(|()| false),
        }
    }

    /// Returns the names that something is kept under; none where the keyring cannot be searched, as on Windows.
    pub fn names(&self) -> Result<BTreeSet<SecretName>, KeyringError> {
        let ours = [("service", SERVICE)].into();
        let entries = match self.0.search(&ours) {
            Ok(entries) => entries,
            Err(Error::NotSupportedByStore(_) | Error::Invalid(..)) => Vec::new(),
            Err(error) => return Err(failed(&error)),
        };
        let users = entries.iter().filter_map(|entry| {
            let attributes = entry.get_attributes().unwrap_or_default();
            let user = entry.get_specifiers().map(|(_, user)| user);
            user.or_else(|| attributes.get("username").cloned())
        });
        Ok(users.filter_map(|user| SecretName::new(&user).ok()).collect())
    }

    fn entry(&self, name: &SecretName) -> Result<Entry, KeyringError> {
        self.0.build(SERVICE, name.as_str(), None).map_err(|error| failed(&error))
    }
}

#[cfg(all(unix, not(target_os = "macos")))]
fn store() -> keyring_core::Result<Arc<CredentialStore>> {
    Ok(zbus_secret_service_keyring_store::Store::new()?)
}

#[cfg(target_os = "macos")]
fn store() -> keyring_core::Result<Arc<CredentialStore>> {
    Ok(apple_native_keyring_store::keychain::Store::new()?)
}

#[cfg(windows)]
fn store() -> keyring_core::Result<Arc<CredentialStore>> {
    Ok(windows_native_keyring_store::Store::new()?)
}

/// Returns no error if `error` only says that there is no entry.
fn absent(error: &Error) -> Result<(), KeyringError> {
    match error {
        Error::NoEntry => Ok(()),
        error => Err(failed(error)),
    }
}

fn failed(error: &Error) -> KeyringError {
    KeyringError::Failed(match error {
        // These carry the value.
        Error::BadEncoding(_) | Error::BadDataFormat(..) => "the value is not UTF-8 text".into(),
        Error::Ambiguous(_) => "it has more than one entry of this name".into(),
        error => shown(error),
    })
}

fn shown(error: &Error) -> String {
    escape(error.to_string().lines().next().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_set_is_there_until_it_is_removed() {
        let keyring = Keyring::in_memory();
        let name = SecretName::new("A_KEY").expect("a name");
        assert_eq!(keyring.get(&name), Ok(None));
        assert_eq!(keyring.remove(&name), Ok(false));
        for value in ["first value", "second value"] {
            keyring.set(&name, &Secret::new(value.into())).expect("kept");
            assert_eq!(keyring.get(&name), Ok(Some(Secret::new(value.into()))));
        }
        assert_eq!(keyring.names(), Ok(BTreeSet::from([name.clone()])));
        assert_eq!(keyring.remove(&name), Ok(true));
        assert_eq!(keyring.get(&name), Ok(None));
    }
}
