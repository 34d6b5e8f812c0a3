//! A JSON number's text to a whole number, exact to the last digit.
//!
//! A double holds 53 bits; `9007199254740993.0` would lose its last digit on the way.

/// No integer type has more digits.
const MAX_DIGITS: usize = 20;

/// The whole number that `text`, a JSON number, says: `300`, `-1`, `1.0`, `25e1`, `250e-1`. `None` if it has a
/// fraction, or more digits than any type here.
pub(crate) fn whole(text: &str) -> Option<i128> {
    let (negative, text) = match text.strip_prefix('-') {
        Some(text) => (true, text),
        None => (false, text),
    };
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (units, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{units}{fraction}");
    let significant = digits.trim_start_matches('0').trim_end_matches('0');
    if significant.is_empty() {
        return Some(0);
    }
    // The place of the last significant digit: how many zeros follow it, or how far behind the point
    // it stands. An exponent beyond i64 is farther away than any text is long.
    let trailing = digits.len() - digits.trim_end_matches('0').len();
    let beyond = if exponent.starts_with('-') { i64::MIN } else { i64::MAX };
    let exponent: i64 = exponent.parse().unwrap_or(beyond);
    let zeros = exponent.saturating_add(trailing as i64).saturating_sub(fraction.len() as i64);
    let zeros = usize::try_from(zeros).ok()?;
    if significant.len().saturating_add(zeros) > MAX_DIGITS {
        return None;
    }
    let value = format!("{significant}{}", "0".repeat(zeros));
    let value: i128 = value.parse().ok()?;
    Some(if negative { -value } else { value })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<i128>) {
        assert_eq!(whole(text), expected, "{text}");
    }

    #[test]
    fn whole_numbers_are_exact_however_they_are_written() {
        check("0", Some(0));
        check("-0.0e5", Some(0));
        check("0e99999999999999999999", Some(0));
        check("300", Some(300));
        check("1.0", Some(1));
        check("25e1", Some(250));
        check("2.5E+1", Some(25));
        check("2500e-2", Some(25));
        check("-0.0120e3", Some(-12));
        check("9007199254740993.0", Some(9_007_199_254_740_993));
        check("18446744073709551615", Some(u64::MAX.into()));
        check("1844674407370955161.50e1", Some(18_446_744_073_709_551_615));
        check("-9223372036854775808", Some(i64::MIN.into()));
    }

    #[test]
    fn what_is_no_whole_number_is_told_apart() {
        check("0.5", None);
        check("1e-1", None);
        check("1.0000000000000000000000001", None);
        check("1e-99999999999999999999", None);
        check("1e21", None);
        check("-1e99999999999999999999", None);
        check("123456789012345678901", None);
    }
}
