//! Time zones by name: what a person types to a zone of the IANA database, or to what they may have
//! meant. Knows no times.

use jiff::tz::{Offset, TimeZone, TimeZoneDatabase};
use std::sync::LazyLock;

/// The zones inside the plugin. Never those of the system it runs on: an answer must not depend on
/// what a directory grant lets it see.
pub static DATABASE: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// The zone called `name`: an IANA name in any case, the city of one, `UTC`, or an offset.
pub fn find(name: &str) -> Result<TimeZone, String> {
    known(name).ok_or_else(|| unknown(name.trim()))
}

/// The same, for a text that need not be a zone.
pub fn known(name: &str) -> Option<TimeZone> {
    let name = name.trim();
    if ["utc", "gmt", "z"].contains(&name.to_ascii_lowercase().as_str()) {
        return Some(TimeZone::UTC);
    }
    if let Some(offset) = offset(name) {
        return Some(TimeZone::fixed(offset));
    }
    if let Ok(zone) = DATABASE.get(name) {
        return Some(zone);
    }
    match &cities(name)[..] {
        [only] => DATABASE.get(only).ok(),
        _ => None,
    }
}

/// What a zone is called in answers.
pub fn name(zone: &TimeZone, offset: Offset) -> String {
    zone.iana_name().map_or_else(|| offset.to_string(), str::to_string)
}

/// `+2`, `-05:30`, `+0530`, each also after `UTC` or `GMT`.
fn offset(text: &str) -> Option<Offset> {
    let bare = ["UTC", "GMT"].iter().find_map(|prefix| {
        let head = text.get(..prefix.len())?;
        head.eq_ignore_ascii_case(prefix).then(|| &text[prefix.len()..])
    });
    let text = bare.unwrap_or(text);
    let (sign, digits) = match text.strip_prefix('+') {
        Some(digits) => (1, digits),
        None => (-1, text.strip_prefix(['-', '−'])?),
    };
    let number = |digits: &str| digits.parse::<u8>().ok().map(i32::from);
    let (hours, minutes) = match (digits.split_once(':'), digits.len()) {
        (Some((hours, minutes)), _) => (number(hours)?, number(minutes)?),
        (None, 1 | 2) => (number(digits)?, 0),
        (None, 4) => (number(digits.get(..2)?)?, number(digits.get(2..)?)?),
        (None, _) => return None,
    };
    if minutes > 59 {
        return None;
    }
    Offset::from_seconds(sign * (hours * 3600 + minutes * 60)).ok()
}

/// Zones whose last part is `name`: `Tokyo` for `Asia/Tokyo`.
fn cities(name: &str) -> Vec<String> {
    let wanted = name.replace(' ', "_");
    let names = DATABASE.available().map(|name| name.to_string());
    names
        .filter(|zone| {
            zone.rsplit_once('/').is_some_and(|(_, city)| city.eq_ignore_ascii_case(&wanted))
        })
        .collect()
}

fn unknown(name: &str) -> String {
    const SUGGESTIONS: usize = 5;
    let shown: String = name.chars().take(60).collect();
    let mut near = cities(name);
    if near.is_empty() {
        near = similar(name);
    }
    near.truncate(SUGGESTIONS);
    let hint = if near.is_empty() {
        "expected a name such as Europe/Berlin, or an offset such as +05:30; abbreviations such as \
         PST are used by several zones"
            .to_string()
    } else {
        format!("did you mean {}?", near.join(", "))
    };
    format!("there is no time zone `{shown}`; {hint}")
}

/// Zones with the name in them, or else with a name a slip or two away.
fn similar(name: &str) -> Vec<String> {
    const SLIPS: usize = 2;
    let wanted = name.replace(' ', "_").to_ascii_lowercase();
    // A short fragment is in every other name, and a long one is in none.
    if !(4..=40).contains(&wanted.len()) {
        return Vec::new();
    }
    let names: Vec<String> = DATABASE.available().map(|name| name.to_string()).collect();
    let lower = |zone: &String| zone.to_ascii_lowercase();
    let within = names.iter().filter(|zone| lower(zone).contains(&wanted));
    let mut near: Vec<String> = within.cloned().collect();
    if near.is_empty() {
        let slips = |zone: &String| {
            let zone = lower(zone);
            let city = zone.rsplit('/').next().unwrap_or(&zone);
            strsim::osa_distance(&wanted, &zone).min(strsim::osa_distance(&wanted, city))
        };
        let mut ranked: Vec<(usize, &String)> =
            names.iter().map(|zone| (slips(zone), zone)).collect();
        ranked.sort();
        near = ranked
            .into_iter()
            .filter(|(slips, _)| *slips <= SLIPS)
            .map(|(_, z)| z.clone())
            .collect();
    }
    near
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_is_found_by_what_people_call_it() {
        let check = |text: &str, expected: &str| {
            let zone = find(text).unwrap();
            let at = zone.to_offset(jiff::Timestamp::UNIX_EPOCH);
            assert_eq!(name(&zone, at), expected, "{text}");
        };
        check("Europe/Berlin", "Europe/Berlin");
        check(" europe/berlin ", "Europe/Berlin");
        check("tokyo", "Asia/Tokyo");
        check("new york", "America/New_York");
        check("utc", "UTC");
        check("Z", "UTC");
        check("+05:30", "+05:30");
        check("-3", "-03");
        check("UTC+0545", "+05:45");
        check("gmt-11", "-11");
    }

    #[test]
    fn an_unknown_zone_comes_with_what_may_be_meant() {
        let check = |text: &str, expected: &str| {
            let message = find(text).unwrap_err();
            assert!(message.contains(expected), "{text}: {message}");
        };
        check("Berlni", "did you mean Europe/Berlin?");
        check("Europe/Berln", "did you mean Europe/Berlin?");
        check("argentina", "did you mean America/Argentina/");
        check("PST", "abbreviations such as PST are used by several zones");
        check("+25:99", "there is no time zone `+25:99`");
        check("+99", "there is no time zone");
        check("", "there is no time zone ``");
        check(&"x".repeat(1000), "expected a name such as");
    }
}
