//! `toolrack::fuzz::values` under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(init: toolrack::fuzz::write_seeds("values"), |bytes: &[u8]| {
    toolrack::fuzz::values(bytes);
});
