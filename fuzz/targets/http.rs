//! `toolrack::fuzz::http` under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(init: toolrack::fuzz::write_seeds("http"), |bytes: &[u8]| {
    toolrack::fuzz::http(bytes);
});
