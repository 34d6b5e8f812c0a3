//! `toolrack::fuzz::cache` under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(init: toolrack::fuzz::write_seeds("cache"), |bytes: &[u8]| {
    toolrack::fuzz::cache(bytes);
});
