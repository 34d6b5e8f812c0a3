//! Bytes of a Wasm file to native code, with what was compiled before as far as that is of use.
//!
//! This module does not know how code is loaded and shared.

use super::super::cache::directory::{Cache, CacheEntry};
use super::super::compile::answer_wait::Lifeline;
use super::super::compile::compiler::Compiler;
use super::super::compile::error::CompileError;
use super::super::compile::function_cache::{self, MAX_CACHED_FUNCTIONS};
use super::super::compile::lanes::Priority;
use super::super::engine::setup::Tier;
use crate::manifest::Sha256Digest;

/// Native code, and how it was made.
pub(crate) struct Native {
    pub(crate) code: Vec<u8>,
    pub(crate) tier: Tier,
}

/// Native code for `bytes`, of this tier or a better one. Where most of it was compiled before, as that of an
/// interpreter with another script, optimized code takes no longer than baseline code.
pub(crate) fn native(
    compiler: &Compiler,
    cache: Option<&Cache>,
    bytes: &[u8],
    tier: Tier,
    priority: Priority,
    lifeline: &Lifeline,
) -> Result<Native, CompileError> {
    let family = cache.and_then(|cache| Some((cache, function_cache::family(bytes)?)));
    let known = family.and_then(|(cache, family)| cache.read(CacheEntry::Functions(&family)));
    let reuses = known.is_some() || tier == Tier::Optimized;
    if let Some((cache, family)) = family.filter(|_| reuses) {
        let made =
            compiler.recompile(bytes, known.as_deref().unwrap_or_default(), priority, lifeline);
        match made {
            Ok((code, functions)) => {
                keep_functions(cache, family, &functions);
                return Ok(Native { code, tier: Tier::Optimized });
            }
            Err(error @ (CompileError::Abandoned | CompileError::Unread(_))) => return Err(error),
            // Compiling by functions keeps more in memory, so that it may fail where the other way does not.
            Err(error) => {
                tracing::debug!("compiling it by functions is of no use: {error}");
                cache.forget(CacheEntry::Functions(&family));
            }
        }
    }
    let code = compiler.compile(bytes, tier, priority, lifeline)?;
    Ok(Native { code, tier })
}

fn keep_functions(cache: &Cache, family: Sha256Digest, functions: &[u8]) {
    if functions.len() as u64 <= MAX_CACHED_FUNCTIONS {
        cache.keep(CacheEntry::Functions(&family), functions);
    }
}
