//! `toolrack::fuzz::references` under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(init: toolrack::fuzz::write_seeds("references"), |bytes: &[u8]| {
    toolrack::fuzz::references(bytes);
});
