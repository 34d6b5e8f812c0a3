//! Any text as the configuration, and any manifest under its policy: nothing is given that the policy withholds.

use super::Seen;
use super::manifest::{amount, is_fit_to_be_shown};
use crate::configuration::Configuration;
use crate::manifest::{LIMIT_RULES, Manifest};

/// The line between the configuration and a manifest.
pub(super) const ABOVE: &str = "\n# manifest\n";

/// Reads `bytes` as the configuration, and what follows [`ABOVE`] as a manifest.
pub fn configuration(bytes: &[u8]) -> Seen {
    let text = String::from_utf8_lossy(bytes);
    let (own, manifest) = text.split_once(ABOVE).unwrap_or((&text, ""));
    let read = match Configuration::parse("noise.toml", own) {
        Ok(read) => read,
        Err(error) => {
            is_fit_to_be_shown(&error, own);
            return Seen::Refused;
        }
    };
    assert!(read.keys.iter().all(|key| !key.value.contains('\n')), "{:?}", read.keys);
    let policy = &read.policy;
    // With what it says twice, it says the same.
    let twice = policy.clone().and(policy.clone());
    let under = |policy| Manifest::parse_under("noise.toml", manifest, None, policy);
    match under(policy) {
        Ok(given) => {
            for rule in LIMIT_RULES {
                let most = policy.ceiling(&rule).map_or(rule.max, |most| most.value);
                let found = amount(&given.limits, rule.key);
                assert!((rule.min.min(most)..=most).contains(&found), "{} is {found}", rule.key);
            }
            assert_eq!(under(&twice).map(|twice| twice.limits), Ok(given.limits));
            assert!(
                Manifest::parse("noise.toml", manifest).is_ok(),
                "more is given than asked for"
            );
        }
        Err(error) => is_fit_to_be_shown(&error, manifest),
    }
    Seen::Accepted
}
