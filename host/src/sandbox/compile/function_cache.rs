//! Functions that were compiled before, for a component that differs in little: an interpreter with another script.
//!
//! Cranelift can look for a function's code under a digest of all that the code follows from. The process that compiles
//! gets the functions that its parent keeps, and gives back those that it has used and made; the parent keeps them
//! sealed like all compiled code. The cache pays for large components alone, so that others are compiled without it.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use wasmparser::BinaryReader;
use wasmtime::CacheStore;

use super::super::kind::wasm_sections::{CORE_MODULE, MODULE_CODE, leb128, sections};
use crate::manifest::Sha256Digest;
use crate::sync::lock;

/// The least code of a component, in bytes, for which functions are kept: more than a plugin in Rust has, less than an
/// interpreter.
const MIN_CODE: usize = 4 * 1024 * 1024;
/// The most bytes of functions that are kept for one component.
pub(crate) const MAX_CACHED_FUNCTIONS: u64 = 256 * 1024 * 1024;

/// Returns the digest of a component's code, in which its data have no part. `None` if it has too little code.
pub(crate) fn family(wasm: &[u8]) -> Option<Sha256Digest> {
    let modules = sections(wasm).filter(|section| section.id == CORE_MODULE);
    let code = modules.flat_map(|module| sections(module.content));
    let code: Vec<&[u8]> =
        code.filter(|section| section.id == MODULE_CODE).map(|section| section.content).collect();
    let length: usize = code.iter().map(|section| section.len()).sum();
    (length >= MIN_CODE).then(|| Sha256Digest::of(&code.concat()))
}

/// The functions that a compilation finds and leaves.
#[derive(Debug, Default)]
pub(crate) struct CachedFunctions {
    known: HashMap<Vec<u8>, Vec<u8>>,
    // This is a lock and not a snapshot: the threads that compile write here while others read.
    used: Mutex<HashMap<Vec<u8>, Vec<u8>>>,
}

impl CachedFunctions {
    /// Reads the functions that [`to_bytes`](Self::to_bytes) wrote, up to the first that cannot be read.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Arc<Self> {
        let mut known = HashMap::new();
        let mut reader = BinaryReader::new(bytes, 0);
        let mut next = || -> wasmparser::Result<(Vec<u8>, Vec<u8>)> {
            let mut piece = || {
                let length = reader.read_var_u32()?;
                reader.read_bytes(length as usize).map(<[u8]>::to_vec)
            };
            Ok((piece()?, piece()?))
        };
        while let Ok((key, function)) = next() {
            known.insert(key, function);
        }
        Arc::new(Self { known, used: Mutex::default() })
    }

    /// Returns the functions that were used or made, as bytes.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let used = lock(&self.used);
        let mut bytes = Vec::new();
        for (key, function) in used.iter() {
            for piece in [key, function] {
                bytes.extend(leb128(piece.len()));
                bytes.extend_from_slice(piece);
            }
        }
        bytes
    }

    fn uses(&self, key: &[u8], function: Vec<u8>) {
        let mut used = lock(&self.used);
        used.insert(key.to_vec(), function);
    }
}

impl CacheStore for CachedFunctions {
    fn get(&self, key: &[u8]) -> Option<Cow<'_, [u8]>> {
        let function = self.known.get(key)?;
        self.uses(key, function.clone());
        Some(Cow::Borrowed(function))
    }

    fn insert(&self, key: &[u8], function: Vec<u8>) -> bool {
        self.uses(key, function);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_used_or_made_is_kept_and_nothing_else() {
        let functions = CachedFunctions::default();
        for (key, function) in [("a", "one"), ("b", ""), ("c", "three")] {
            assert!(functions.insert(key.as_bytes(), function.into()));
        }
        let next = CachedFunctions::from_bytes(&functions.to_bytes());
        assert_eq!(next.get(b"a").as_deref(), Some(&b"one"[..]));
        assert_eq!(next.get(b"b").as_deref(), Some(&b""[..]));
        assert_eq!(next.get(b"d"), None);
        next.insert(b"d", vec![0; 300]);
        let last = CachedFunctions::from_bytes(&next.to_bytes());
        assert_eq!(last.get(b"d").map(|function| function.len()), Some(300));
        assert!(last.get(b"a").is_some() && last.get(b"c").is_none());
    }

    #[test]
    fn what_is_damaged_ends_where_it_is() {
        let functions = CachedFunctions::default();
        functions.insert(b"a", b"one".to_vec());
        let whole = functions.to_bytes();
        for end in 0..whole.len() {
            assert!(CachedFunctions::from_bytes(&whole[..end]).get(b"a").is_none(), "{end}");
        }
    }
}
