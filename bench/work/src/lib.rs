//! What every measured server computes: one source, compiled natively and to Wasm.
//!
//! No dependency and no instruction that only one of the two targets has: what is compared is the
//! sandbox, not a library's use of the processor. The tests are in `plugins/bench`.

mod sha256;

/// How many primes are below `limit`, by division.
#[must_use]
pub fn primes(limit: u32) -> u32 {
    let mut count = 0;
    for candidate in 2..limit {
        let divisors = (2..).take_while(|divisor| divisor * divisor <= candidate);
        count += u32::from(divisors.into_iter().all(|divisor| candidate % divisor != 0));
    }
    count
}

/// How many primes are below `limit`, by the sieve of Eratosthenes.
#[must_use]
pub fn sieve(limit: u32) -> u32 {
    let limit = limit as usize;
    let mut composite = vec![false; limit];
    let mut count = 0;
    for candidate in 2..limit {
        if composite[candidate] {
            continue;
        }
        count += 1;
        for multiple in (candidate * candidate..limit).step_by(candidate) {
            composite[multiple] = true;
        }
    }
    count
}

/// The SHA-256 of so many KiB of counted bytes, in hexadecimal digits.
#[must_use]
pub fn sha256(kib: u32) -> String {
    let bytes: Vec<u8> = (0..kib * 1024).map(|index| index as u8).collect();
    sha256::digest(&bytes).iter().map(|word| format!("{word:08x}")).collect()
}
