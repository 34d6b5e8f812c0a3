//! The work that `cargo xtask bench` measures: the same as in its native server.
//!
//! It is not among the plugins to install.

#[toolrack_sdk::plugin]
mod bench {
    /// Gives back the text.
    pub fn echo(
        /// What comes back.
        text: String,
    ) -> String {
        text
    }

    /// Counts the primes below n, by division.
    pub fn primes(
        /// How much work it is.
        n: u32,
    ) -> String {
        bench_work::primes(n).to_string()
    }

    /// Counts the primes below n, by a sieve.
    pub fn sieve(
        /// How much work it is.
        n: u32,
    ) -> String {
        bench_work::sieve(n).to_string()
    }

    /// The SHA-256 of n KiB.
    pub fn sha256(
        /// How much work it is.
        n: u32,
    ) -> String {
        bench_work::sha256(n)
    }
}

#[cfg(test)]
mod tests {
    use super::bench;

    #[test]
    fn there_are_168_primes_below_a_thousand() {
        assert_eq!((bench::primes(1000), bench::sieve(1000)), ("168".into(), "168".into()));
    }

    #[test]
    fn the_digest_is_that_of_other_programs() {
        let known = "785b0751fc2c53dc14a4ce3d800e69ef9ce1009eb327ccf458afe09c242c26c9";
        assert_eq!(bench::sha256(1), known);
    }
}
