//! `toolrack::fuzz::lines` under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(init: toolrack::fuzz::write_seeds("lines"), |bytes: &[u8]| {
    toolrack::fuzz::lines(bytes);
});
