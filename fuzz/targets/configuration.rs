//! `toolrack::fuzz::configuration` under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(init: toolrack::fuzz::write_seeds("configuration"), |bytes: &[u8]| {
    toolrack::fuzz::configuration(bytes);
});
