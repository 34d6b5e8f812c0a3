//! `toolrack::fuzz::network` under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(init: toolrack::fuzz::write_seeds("network"), |bytes: &[u8]| {
    toolrack::fuzz::network(bytes);
});
