//! `toolrack::fuzz::schema` under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(init: toolrack::fuzz::write_seeds("schema"), |bytes: &[u8]| {
    toolrack::fuzz::schema(bytes);
});
