//! `toolrack::fuzz::component` under libFuzzer, on components and modules that wasm-smith invents.
#![no_main]

use arbitrary::{Arbitrary as _, Unstructured};
use libfuzzer_sys::{Corpus, fuzz_target};

fuzz_target!(|bytes: &[u8]| -> Corpus {
    let mut bytes = Unstructured::new(bytes);
    let wasm = match bool::arbitrary(&mut bytes) {
        Ok(true) => wasm_smith::Component::arbitrary(&mut bytes).map(|made| made.to_bytes()),
        Ok(false) => wasm_smith::Module::arbitrary(&mut bytes).map(|made| made.to_bytes()),
        Err(error) => Err(error),
    };
    let Ok(wasm) = wasm else { return Corpus::Reject };
    toolrack::fuzz::component(&wasm);
    Corpus::Keep
});
