//! Manifests broken at random, the same way on every run: none may make the parser panic.

use std::fs;

use toolrack::manifest::Manifest;
use toolrack::text::forbidden_char;

use super::{files, folder};

/// Mutates the manifests beside this file: parsing always ends in a manifest
/// or in an error that points into the text and is safe and small enough to show.
#[test]
fn noise_never_panics() {
    let seeds = [files(&folder(""), "toml"), files(&folder("good"), "toml")].concat();
    let seeds: Vec<_> = seeds.into_iter().map(|file| fs::read(file).expect("a manifest")).collect();
    let mut noise = Noise(0x5eed);
    let mut refused = 0;
    for round in 0..20_000 {
        let mut bytes = seeds[round % seeds.len()].clone();
        for _ in 0..=noise.below(4) {
            noise.mutate(&mut bytes, &seeds);
        }
        let text = String::from_utf8_lossy(&bytes);
        if let Err(error) = Manifest::parse("noise.toml", &text) {
            refused += 1;
            let shown = error.to_string();
            assert!((1..=text.matches('\n').count() + 1).contains(&error.line()), "{shown}");
            assert!(shown.len() < 2000, "{} bytes: {shown}", shown.len());
            let hidden = |c: char| c != '\n' && forbidden_char(&c.to_string()).is_some();
            assert!(!shown.contains(hidden), "{shown:?}");
            assert!(!error.one_line().contains('\n'), "{shown}");
        }
    }
    assert!(
        (10_000..20_000).contains(&refused),
        "the noise tests one side only: {refused} refused"
    );
}

/// Xorshift: the same numbers on every run.
struct Noise(u64);

impl Noise {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound.max(1) as u64) as usize
    }

    fn mutate(&mut self, bytes: &mut Vec<u8>, seeds: &[Vec<u8>]) {
        const BITS: [&[u8]; 12] = [
            b"\"",
            b"[",
            b"]]",
            b"=",
            b"\n",
            b"'''",
            b".",
            b"\xe2\x80\xae",
            b"\xef\xbb\xbf",
            b"\r",
            b"{",
            b"-9e9",
        ];
        let at = self.below(bytes.len() + 1);
        let to = (at + self.below(12)).min(bytes.len());
        match self.below(5) {
            0 => drop(bytes.drain(at..to)),
            1 => bytes.insert(at, self.below(256) as u8),
            2 => drop(bytes.splice(at..to, BITS[self.below(BITS.len())].iter().copied())),
            3 => bytes.truncate(at),
            _ => {
                let other = &seeds[self.below(seeds.len())];
                let from = self.below(other.len());
                drop(bytes.splice(at..at, other[from..].iter().copied()));
            }
        }
    }
}
