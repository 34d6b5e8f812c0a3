//! `toolrack::fuzz::session` under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(init: toolrack::fuzz::write_seeds("session"), |bytes: &[u8]| {
    toolrack::fuzz::session(bytes);
});
