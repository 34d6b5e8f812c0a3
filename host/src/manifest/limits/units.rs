//! Sizes (`64MiB`) and durations (`30s`) as manifests write them and as people read them.
//!
//! The sizes and durations that a limit allows are not known here.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use super::notation::{Notation, NotationUnit, UnitError};

/// A size. Shown in the largest unit that divides it: `64 MiB`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bytes(u64);

impl Bytes {
    /// A size of so many bytes.
    #[must_use]
    pub const fn new(bytes: u64) -> Self {
        Self(bytes)
    }

    /// The number of bytes.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }
}

impl FromStr for Bytes {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        SIZE_NOTATION.parse(text).map(Self)
    }
}

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (count, unit) = SIZE_NOTATION.split(self.0);
        write!(f, "{count} {unit}")
    }
}

/// Reads a duration such as `30s`, `500ms` or `2m`.
pub(crate) fn parse_duration(text: &str) -> Result<Duration, UnitError> {
    TIMES.parse(text).map(Duration::from_millis)
}

/// Shows a duration in the form that a manifest writes it in, down to milliseconds.
#[must_use]
pub fn show_duration(duration: Duration) -> String {
    let (count, unit) = TIMES.split(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX));
    format!("{count}{unit}")
}

pub(crate) const SIZE_NOTATION: Notation = Notation {
    expected: r#"a size such as "64MiB" (B, KiB, MiB, GiB)"#,
    units: &[
        NotationUnit { name: "GiB", worth: 1 << 30, slips: &["g", "gb", "gib"] },
        NotationUnit { name: "MiB", worth: 1 << 20, slips: &["m", "mb", "mib"] },
        NotationUnit { name: "KiB", worth: 1 << 10, slips: &["k", "kb", "kib"] },
        NotationUnit { name: "B", worth: 1, slips: &["", "b", "byte", "bytes"] },
    ],
};

pub(crate) const TIMES: Notation = Notation {
    expected: r#"a duration such as "30s" (ms, s, m)"#,
    units: &[
        NotationUnit {
            name: "m",
            worth: 60_000,
            slips: &["m", "min", "mins", "minute", "minutes"],
        },
        NotationUnit {
            name: "s",
            worth: 1000,
            slips: &["", "s", "sec", "secs", "second", "seconds"],
        },
        NotationUnit { name: "ms", worth: 1, slips: &["ms", "msec", "millis", "milliseconds"] },
    ],
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_and_shown() {
        for (text, bytes, shown) in [
            ("64MiB", 64 << 20, "64 MiB"),
            ("64 MiB", 64 << 20, "64 MiB"),
            ("1024KiB", 1 << 20, "1 MiB"),
            ("1GiB", 1 << 30, "1 GiB"),
            ("512B", 512, "512 B"),
            ("1025B", 1025, "1025 B"),
            ("0B", 0, "0 B"),
            ("99999999999999999999GiB", u64::MAX, "18446744073709551615 B"),
        ] {
            let size: Bytes = text.parse().expect(text);
            assert_eq!((size.get(), size.to_string().as_str()), (bytes, shown));
        }
    }

    #[test]
    fn durations_are_read_and_shown() {
        for (text, millis, shown) in [
            ("30s", 30_000, "30s"),
            ("500ms", 500, "500ms"),
            ("2m", 120_000, "2m"),
            ("90s", 90_000, "90s"),
            ("1500ms", 1500, "1500ms"),
            ("0s", 0, "0ms"),
        ] {
            let duration = parse_duration(text).expect(text);
            assert_eq!(duration, Duration::from_millis(millis));
            assert_eq!(show_duration(duration), shown);
        }
    }

    #[test]
    fn a_slip_in_a_size_is_corrected() {
        for (text, suggestion) in [
            ("64MB", Some("64MiB")),
            ("64mb", Some("64MiB")),
            ("64 M", Some("64MiB")),
            ("64  MiB", Some("64MiB")),
            ("0.5GiB", Some("512MiB")),
            ("1_024KiB", Some("1MiB")),
            ("65536", Some("64KiB")),
            ("-1MiB", None),
            ("1e30GiB", None),
            ("nan", None),
            ("MiB", None),
            ("64 parsecs", None),
            ("", None),
        ] {
            let error = text.parse::<Bytes>().expect_err(text);
            assert_eq!(error.suggestion(), suggestion, "{text}");
            assert_eq!(error.to_string(), r#"expected a size such as "64MiB" (B, KiB, MiB, GiB)"#);
        }
    }

    #[test]
    fn a_slip_in_a_duration_is_corrected() {
        for (text, suggestion) in [
            ("30", Some("30s")),
            ("30 seconds", Some("30s")),
            ("1.5s", Some("1500ms")),
            ("2min", Some("2m")),
            ("30S", Some("30s")),
            ("1h", None),
            ("soon", None),
        ] {
            let error = parse_duration(text).expect_err(text);
            assert_eq!(error.suggestion(), suggestion, "{text}");
        }
    }
}
