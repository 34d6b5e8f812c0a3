//! The targets that take any bytes as a component, and as the files of the cache.

use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use tempfile::TempDir;
use tokio::runtime::Runtime;

use super::cache::directory::{Cache, CacheEntry};
use super::compile::error::COMPILER_PANICKED;
use super::verify::TWO_WAYS;
use super::{Compiler, Guest, Sandbox, Tier};
use crate::fuzz::Seen;
use crate::manifest::{Bytes, Grants, Limits, Sha256Digest};
use crate::sandbox::Wasm;
use crate::text::forbidden_char;

pub use super::capability::http::properties::network;
pub use super::kind::functions::properties::values;

/// Loads `bytes` as a component, lists its tools, has its code made and compared with them, and calls the first few.
pub fn component(bytes: &[u8]) -> Seen {
    static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().expect("a runtime"));
    static SANDBOX: LazyLock<Arc<Sandbox>> =
        LazyLock::new(|| Arc::new(Sandbox::new(Compiler::in_process()).expect("a sandbox")));
    let limits = Limits {
        fuel: 1_000_000,
        cpu: Duration::from_millis(100),
        timeout: Duration::from_millis(100),
        ..Limits::default()
    };
    RUNTIME.block_on(async {
        let guest = Guest::load(SANDBOX.clone(), Wasm::of(bytes), limits, Grants::default());
        let guest = match guest.await {
            Ok(guest) => guest,
            Err(error) => {
                let error = error.to_string();
                assert!(forbidden_char(&error).is_none(), "{error:?}");
                assert!(error != COMPILER_PANICKED, "{error}");
                return Seen::Refused;
            }
        };
        let tools = guest.tools().await;
        if let Err(error) = guest.verify().await {
            let reason = error.to_string();
            assert!(forbidden_char(&reason).is_none() && reason != COMPILER_PANICKED, "{reason:?}");
            // Types have one meaning, whichever library reads them.
            assert!(reason != TWO_WAYS, "{reason}");
            return Seen::Refused;
        }
        match tools {
            Err(error) => assert!(forbidden_char(&error.to_string()).is_none(), "{error:?}"),
            Ok(listed) => {
                for tool in listed.tools.iter().take(4) {
                    // The call ends, in whichever way.
                    let _ = guest.call(&tool.name, "{}", None).await.outcome;
                }
            }
        }
        Seen::Accepted
    })
}

/// The content of the cache before it is damaged.
const CODE: &[u8] = b"what stands for compiled code, of some length, and is sealed as that is";

/// Puts `bytes` where code or a key was. The first byte says where and how.
pub fn cache(bytes: &[u8]) -> Seen {
    static ROOT: LazyLock<TempDir> = LazyLock::new(|| TempDir::new().expect("a directory"));
    let Some((&how, bytes)) = bytes.split_first() else { return Seen::Refused };
    // Several threads may run this target.
    let directory = ROOT.path().join(format!("{:?}", std::thread::current().id()));
    let open = || Cache::open(&directory, "", Bytes::new(1 << 20)).expect("a cache");
    let wasm = Sha256Digest::of(b"wasm");
    let code = CacheEntry::Code(&wasm, Tier::Optimized);
    open().keep(code, CODE);
    let (entry, key) = (entry(&directory), directory.join("key"));
    match how % 4 {
        0 => fs::write(&entry, bytes).expect("an entry"),
        1 => fs::write(&entry, damaged(fs::read(&entry).expect("an entry"), bytes)).expect("one"),
        2 => fs::write(&key, bytes).expect("a key"),
        _ => fs::write(&key, damaged(fs::read(&key).expect("a key"), bytes)).expect("a key"),
    }
    let cache = open();
    let found = cache.read(code);
    assert!(found.as_deref().is_none_or(|code| code == CODE), "{found:?}");
    cache.keep(code, CODE);
    assert_eq!(cache.read(code).as_deref(), Some(CODE), "it was not mended");
    if found.is_some() { Seen::Accepted } else { Seen::Refused }
}

/// Returns the path of the one file with code.
fn entry(directory: &std::path::Path) -> PathBuf {
    let mut entries =
        fs::read_dir(directory).expect("a directory").map(|entry| entry.expect("one"));
    let entry = entries.find(|entry| entry.path().extension().is_some()).expect("an entry");
    entry.path()
}

/// Returns `whole`, damaged as pairs of bytes say: the place, and the bits that are wrong there. A place past its end
/// cuts it.
fn damaged(mut whole: Vec<u8>, by: &[u8]) -> Vec<u8> {
    for pair in by.chunks_exact(2) {
        match whole.get_mut(usize::from(pair[0])) {
            Some(byte) => *byte ^= pair[1],
            None => whole.truncate(usize::from(pair[1])),
        }
    }
    whole
}
