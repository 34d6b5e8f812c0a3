//! `toolrack::fuzz::component` under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(init: toolrack::fuzz::write_seeds("component"), |bytes: &[u8]| {
    toolrack::fuzz::component(bytes);
});
