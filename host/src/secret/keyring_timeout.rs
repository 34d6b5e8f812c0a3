//! The keyring, asked by a server: it waits a little and not for ever.
//!
//! A locked keyring asks its owner for a password. The owner may be away, and a question that was asked
//! cannot be called back, so it is asked by a thread that can be left behind.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use super::Secret;
use super::keyring::{Keyring, KeyringError};
use crate::manifest::SecretName;
use crate::sync::lock;

/// The time that the keyring is waited for.
const KEYRING_TIMEOUT: Duration = Duration::from_secs(3);

/// A keyring that is opened when it is asked.
pub struct PatientKeyring {
    open: Arc<dyn Fn() -> Result<Keyring, KeyringError> + Send + Sync>,
    patience: Duration,
    /// A lock, so that calls that begin at once are answered one after the other: of several who wait,
    /// only one is left with a silent keyring.
    asking: Mutex<()>,
    /// True while a thread that was left behind is still there.
    is_silent: Arc<AtomicBool>,
}

type Values = BTreeMap<SecretName, Secret>;

impl PatientKeyring {
    /// The system's keyring.
    #[must_use]
    pub fn of_system() -> Self {
        Self::new(Keyring::open, KEYRING_TIMEOUT)
    }

    fn new(
        open: impl Fn() -> Result<Keyring, KeyringError> + Send + Sync + 'static,
        patience: Duration,
    ) -> Self {
        let is_silent = Arc::default();
        Self { open: Arc::new(open), patience, asking: Mutex::default(), is_silent }
    }

    /// Asks for no value: an error says why the keyring does not answer.
    pub fn check(&self) -> Result<(), KeyringError> {
        self.get(Vec::new()).map(drop)
    }

    /// Asks for the values of `names`; those that the keyring does not have are left out.
    pub(super) fn get(&self, names: Vec<SecretName>) -> Result<Values, KeyringError> {
        let _asking = lock(&self.asking);
        if self.is_silent.load(Ordering::Acquire) {
            return Err(KeyringError::Silent(self.patience));
        }
        let (answer, answered) = sync_channel(1);
        let (open, is_silent) = (self.open.clone(), self.is_silent.clone());
        self.is_silent.store(true, Ordering::Release);
        let asked = thread::Builder::new().name("keyring".into()).spawn(move || {
            let values = open().and_then(|keyring| values(&keyring, names));
            is_silent.store(false, Ordering::Release);
            // The asking thread may have left.
            let _ = answer.send(values);
        });
        if let Err(error) = asked {
            self.is_silent.store(false, Ordering::Release);
            return Err(KeyringError::Failed(error.to_string()));
        }
        answered.recv_timeout(self.patience).unwrap_or_else(|error| match error {
            RecvTimeoutError::Timeout => Err(KeyringError::Silent(self.patience)),
            RecvTimeoutError::Disconnected => {
                self.is_silent.store(false, Ordering::Release);
                Err(KeyringError::Failed("it panicked".into()))
            }
        })
    }
}

fn values(keyring: &Keyring, names: Vec<SecretName>) -> Result<Values, KeyringError> {
    let mut values = Values::new();
    for name in names {
        if let Some(secret) = keyring.get(&name)? {
            values.insert(name, secret);
        }
    }
    Ok(values)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    fn name() -> SecretName {
        SecretName::new("A_KEY").expect("a name")
    }

    #[test]
    fn what_a_keyring_has_is_given() {
        let open = || {
            let keyring = Keyring::in_memory();
            keyring.set(&name(), &Secret::new("a value".into())).expect("kept");
            Ok(keyring)
        };
        let keyring = PatientKeyring::new(open, KEYRING_TIMEOUT);
        let other = SecretName::new("ANOTHER").expect("a name");
        let values = keyring.get(vec![name(), other]).expect("answered");
        assert_eq!(values, BTreeMap::from([(name(), Secret::new("a value".into()))]));
    }

    #[test]
    fn a_keyring_that_waits_for_its_owner_keeps_nobody_waiting_twice() {
        let (unlock, locked) = channel::<()>();
        let locked = Mutex::new(locked);
        let open = move || {
            // Ends when it is unlocked for good.
            let _ = locked.lock().expect("not poisoned").recv();
            Ok(Keyring::in_memory())
        };
        let keyring = PatientKeyring::new(open, Duration::from_millis(50));
        assert!(matches!(keyring.get(vec![name()]), Err(KeyringError::Silent(_))));
        assert!(matches!(keyring.get(vec![name()]), Err(KeyringError::Silent(_))));
        drop(unlock);
        while keyring.is_silent.load(Ordering::Acquire) {
            thread::yield_now();
        }
        assert_eq!(keyring.get(vec![name()]), Ok(BTreeMap::new()));
    }

    #[test]
    fn a_keyring_that_is_absent_says_why() {
        let absent = || Err(KeyringError::Absent("no bus".into()));
        let keyring = PatientKeyring::new(absent, KEYRING_TIMEOUT);
        assert_eq!(keyring.get(vec![name()]), Err(KeyringError::Absent("no bus".into())));
    }
}
