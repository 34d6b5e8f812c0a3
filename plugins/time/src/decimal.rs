//! Decimal numbers, exactly.

/// A decimal as a whole number of its `10^-scale`, exactly.
pub fn decimal(text: &str, scale: usize) -> Option<i128> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let all = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty()
        || !all(whole)
        || !all(fraction)
        || fraction.len() > scale
        || whole.len() > 25
    {
        return None;
    }
    let shifted = format!("{whole}{fraction:0<scale$}");
    Some(sign * shifted.parse::<i128>().ok()?)
}
