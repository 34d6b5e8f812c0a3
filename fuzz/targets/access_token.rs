//! `toolrack::fuzz::access_token` under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(init: toolrack::fuzz::write_seeds("access_token"), |bytes: &[u8]| {
    toolrack::fuzz::access_token(bytes);
});
