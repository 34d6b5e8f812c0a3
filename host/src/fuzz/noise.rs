//! Input broken at random, the same way for the same number to begin with.

/// The most bytes of an input that is made.
const MAX_INPUT: usize = 64 * 1024;

/// The pieces that borders are made of: quotes, brackets, ends of lines, characters that hide text, text that is no
/// number.
const BITS: [&[u8]; 22] = [
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
    b"}",
    b"-9e9",
    b":",
    b"@",
    b"%00",
    b"\\u0000",
    b"null",
    b"\0",
    b"\xff\xff\xff\xff\x0f",
    b"\x7f",
    b"18446744073709551616",
];

/// Xorshift: the same numbers for the same beginning, which is not 0.
pub(crate) struct Noise(pub(crate) u64);

impl Noise {
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound.max(1) as u64) as usize
    }

    /// True in one of so many cases.
    pub(crate) fn is_one_in(&mut self, cases: usize) -> bool {
        self.below(cases) == 0
    }

    /// Returns one of `choices`.
    pub(crate) fn one_of<T: Copy, const N: usize>(&mut self, choices: [T; N]) -> T {
        choices[self.below(N)]
    }

    pub(super) fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.below(256) as u8).collect()
    }

    /// Returns one of `seeds`, changed in a few places.
    pub(super) fn of(&mut self, seeds: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = seeds[self.below(seeds.len())].clone();
        for _ in 0..=self.below(4) {
            self.mutate(&mut bytes, seeds);
        }
        bytes.truncate(MAX_INPUT);
        bytes
    }

    fn mutate(&mut self, bytes: &mut Vec<u8>, seeds: &[Vec<u8>]) {
        let at = self.below(bytes.len() + 1);
        let to = (at + self.below(12)).min(bytes.len());
        match self.below(8) {
            0 => drop(bytes.drain(at..to)),
            1 => bytes.insert(at, self.below(256) as u8),
            2 => drop(bytes.splice(at..to, BITS[self.below(BITS.len())].iter().copied())),
            3 => bytes.truncate(at),
            4 => bytes[at..to].iter_mut().for_each(|byte| *byte = self.below(256) as u8),
            5 => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= 1 << self.below(8);
                }
            }
            6 => {
                let again = bytes[at..to].repeat(1 + self.below(64));
                drop(bytes.splice(at..at, again));
            }
            _ => {
                let other = &seeds[self.below(seeds.len())];
                let from = self.below(other.len());
                drop(bytes.splice(at..at, other[from..].iter().copied()));
            }
        }
    }
}
