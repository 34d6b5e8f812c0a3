//! A plugin that misbehaves on purpose, to show how the host stops it.
//!
//! `cargo xtask demo` serves it; it is not among the plugins to install.

use std::hint::black_box;

#[toolrack_sdk::plugin]
mod runaway {
    use super::black_box;

    /// Computes for ever.
    pub fn spin() -> String {
        let mut turns = 0_u64;
        loop {
            // Without this the compiler would see that nothing is computed.
            turns = black_box(turns.wrapping_add(1));
        }
    }

    /// Crashes at once.
    pub fn crash() -> String {
        panic!("on purpose")
    }

    /// Takes memory for ever.
    pub fn hoard() -> String {
        let mut hoard = Vec::new();
        loop {
            hoard.push(black_box(vec![1_u8; 64 * 1024]));
        }
    }
}
