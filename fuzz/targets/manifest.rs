//! `toolrack::fuzz::manifest` under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(init: toolrack::fuzz::write_seeds("manifest"), |bytes: &[u8]| {
    toolrack::fuzz::manifest(bytes);
});
