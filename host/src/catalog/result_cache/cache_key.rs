//! The key that an answer is kept under: everything that may make another answer of a call.

use std::fmt::Write as _;
use std::time::Duration;

use sha2::{Digest as _, Sha256};

use super::caller::Caller;
use crate::json::canonical;
use crate::manifest::{CacheScope, Manifest, Sha256Digest};

/// The version of a plugin, as far as its answers depend on it: the code, and all that its manifest and its local file say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct AnswerVersion(Sha256Digest);

/// The terms on which answers of a tool are kept.
#[derive(Clone, Debug)]
pub(crate) struct CacheTerms {
    /// The time for which an answer is kept.
    pub(crate) lifetime: Duration,
    /// The callers that one answer is given to.
    pub(crate) scope: CacheScope,
    /// The values, as JSON, that the host itself gives for arguments that lack.
    pub(crate) defaults: Vec<(Box<str>, Box<str>)>,
}

/// The key of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct CacheKey {
    /// The version of the plugin, by which its answers are forgotten.
    pub(super) version: AnswerVersion,
    call: Sha256Digest,
}

/// A hash of parts, each with its length before it, so that none runs into the next.
struct PartsDigest(Sha256);

impl PartsDigest {
    fn new() -> Self {
        Self(Sha256::new()).with(env!("CARGO_PKG_VERSION").as_bytes())
    }

    fn with(mut self, part: &[u8]) -> Self {
        self.0.update((part.len() as u64).to_le_bytes());
        self.0.update(part);
        self
    }

    fn digest(self) -> Sha256Digest {
        Sha256Digest::from_bytes(self.0.finalize().into())
    }
}

impl AnswerVersion {
    /// The version of the plugin of this file, with this code and this manifest, its local file included.
    pub(crate) fn of(file: &str, wasm: Sha256Digest, manifest: &Manifest) -> Self {
        // Its debug form shows every field, so that none that is added can be forgotten here.
        let mut said = String::new();
        _ = write!(said, "{manifest:?}");
        let parts = PartsDigest::new();
        Self(parts.with(file.as_bytes()).with(wasm.as_bytes()).with(said.as_bytes()).digest())
    }
}

impl CacheKey {
    /// Its bytes, from which servers that share answers make a name.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let Self { version: AnswerVersion(version), call } = self;
        [*version.as_bytes(), *call.as_bytes()].concat()
    }

    /// The key of a call of `tool`. `None` where the arguments are no object.
    pub(crate) fn of(
        version: AnswerVersion,
        tool: &str,
        terms: &CacheTerms,
        arguments: &str,
        caller: &Caller,
    ) -> Option<Self> {
        let arguments = canonical(arguments, &terms.defaults)?;
        let (kind, name) = match (terms.scope, caller) {
            (CacheScope::Public, _) => ("public", ""),
            (CacheScope::Caller, Caller::Operator) => ("operator", ""),
            (CacheScope::Caller, Caller::Principal(id)) => ("principal", &**id),
        };
        let parts = PartsDigest::new().with(tool.as_bytes()).with(arguments.as_bytes());
        let call = parts.with(kind.as_bytes()).with(name.as_bytes()).digest();
        Some(Self { version, call })
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// The key of a call of this number, of this version.
    pub(crate) fn key(version: u8, number: u8) -> CacheKey {
        let version = AnswerVersion(Sha256Digest::of(&[version]));
        CacheKey { version, call: Sha256Digest::of(&[number]) }
    }

    /// The key of a call of this number, one of many.
    pub(crate) fn numbered(number: u32) -> CacheKey {
        CacheKey { call: Sha256Digest::of(&number.to_le_bytes()), ..key(0, 0) }
    }

    fn terms(scope: CacheScope) -> CacheTerms {
        CacheTerms { lifetime: Duration::from_secs(1), scope, defaults: Vec::new() }
    }

    fn version(manifest: &str) -> AnswerVersion {
        let manifest = Manifest::parse("a.toml", manifest).expect("a manifest");
        AnswerVersion::of("a.toml", Sha256Digest::of(b"code"), &manifest)
    }

    #[test]
    fn whatever_may_change_an_answer_changes_the_key() {
        let all = [
            "",
            "[limits]\nfuel = 2000",
            "[grants]\nconfig = { units = \"metric\" }",
            "[grants]\nconfig = { units = \"imperial\" }",
            "[grants]\nenv = { TZ = \"UTC\" }",
            "[grants]\nfiles = [{ path = \"/a\", at = \"/a\" }]",
            "[[tools]]\nname = \"get\"\nstrict_arguments = true",
        ]
        .map(version);
        for (at, one) in all.iter().enumerate() {
            assert!(all[at + 1..].iter().all(|other| one != other), "{at}");
        }
        assert_eq!(version(""), all[0]);
        let manifest = Manifest::parse("a.toml", "").expect("a manifest");
        let other = AnswerVersion::of("a.toml", Sha256Digest::of(b"other"), &manifest);
        assert_ne!(other, all[0]);
        let local = Manifest::parse_with("a.toml", "", Some("[grants.config]\nunits = \"metric\""));
        let local = local.expect("a manifest");
        let decided = AnswerVersion::of("a.toml", Sha256Digest::of(b"code"), &local);
        assert!(!all.contains(&decided));
    }

    #[test]
    fn callers_share_answers_only_where_the_manifest_says_so() {
        let version = version("");
        let callers = [
            Caller::Operator,
            Caller::Principal("".into()),
            Caller::Principal("ada".into()),
            Caller::Principal("bob".into()),
        ];
        let key = |scope, caller, tool: &str, arguments: &str| {
            CacheKey::of(version, tool, &terms(scope), arguments, caller).expect("a key")
        };
        for (at, one) in callers.iter().enumerate() {
            for other in &callers[at + 1..] {
                let keys = |scope| (key(scope, one, "get", "{}"), key(scope, other, "get", "{}"));
                let (mine, yours) = keys(CacheScope::Caller);
                assert_ne!(mine, yours, "{one:?} {other:?}");
                let (mine, yours) = keys(CacheScope::Public);
                assert_eq!(mine, yours);
                assert_ne!(key(CacheScope::Caller, one, "get", "{}"), mine);
            }
        }
        let own = |tool, arguments| key(CacheScope::Caller, &callers[0], tool, arguments);
        assert_eq!(own("get", r#"{"a":1,"b":2}"#), own("get", r#"{ "b":2, "a":1 }"#));
        assert_ne!(own("get", "{}"), own("put", "{}"));
        assert_ne!(own("get", r#"{"a":1}"#), own("get", r#"{"a":2}"#));
    }
}
