//! Abbreviations of zones as people write them after a time: `PST` is eight hours behind UTC whatever the date, as in RFC 5322
//! and for GNU date. Those that several zones share stand here with all of them.

use jiff::tz::{Offset, TimeZone};

/// The meaning of an abbreviation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Meaning {
    /// So many minutes ahead of UTC, in this zone.
    One(i32, &'static str),
    /// Zones that share it.
    Several(&'static [&'static str]),
}

use Meaning::{One, Several};

const TABLE: &[(&str, Meaning)] = &[
    ("ACDT", One(630, "Australia/Adelaide")),
    ("ACST", One(570, "Australia/Adelaide")),
    ("ADT", One(-180, "America/Halifax")),
    ("AEDT", One(660, "Australia/Sydney")),
    ("AEST", One(600, "Australia/Sydney")),
    ("AKDT", One(-480, "America/Anchorage")),
    ("AKST", One(-540, "America/Anchorage")),
    ("AMT", Several(&["America/Manaus", "Asia/Yerevan"])),
    ("ART", One(-180, "America/Argentina/Buenos_Aires")),
    ("AST", Several(&["America/Halifax", "Asia/Riyadh"])),
    ("AWST", One(480, "Australia/Perth")),
    ("BRT", One(-180, "America/Sao_Paulo")),
    ("BST", One(60, "Europe/London")),
    ("CAT", One(120, "Africa/Maputo")),
    ("CDT", One(-300, "America/Chicago")),
    ("CEST", One(120, "Europe/Berlin")),
    ("CET", One(60, "Europe/Berlin")),
    ("CST", Several(&["America/Chicago", "Asia/Shanghai", "America/Havana"])),
    ("EAT", One(180, "Africa/Nairobi")),
    ("EDT", One(-240, "America/New_York")),
    ("EEST", One(180, "Europe/Athens")),
    ("EET", One(120, "Europe/Athens")),
    ("EST", One(-300, "America/New_York")),
    ("GST", Several(&["Asia/Dubai", "Atlantic/South_Georgia"])),
    ("HKT", One(480, "Asia/Hong_Kong")),
    ("HST", One(-600, "Pacific/Honolulu")),
    ("ICT", One(420, "Asia/Bangkok")),
    ("IST", Several(&["Asia/Kolkata", "Europe/Dublin", "Asia/Jerusalem"])),
    ("JST", One(540, "Asia/Tokyo")),
    ("KST", One(540, "Asia/Seoul")),
    ("MDT", One(-360, "America/Denver")),
    ("MSK", One(180, "Europe/Moscow")),
    ("MST", One(-420, "America/Denver")),
    ("NDT", One(-150, "America/St_Johns")),
    ("NST", One(-210, "America/St_Johns")),
    ("NZDT", One(780, "Pacific/Auckland")),
    ("NZST", One(720, "Pacific/Auckland")),
    ("PDT", One(-420, "America/Los_Angeles")),
    ("PKT", One(300, "Asia/Karachi")),
    ("PST", One(-480, "America/Los_Angeles")),
    ("SAST", One(120, "Africa/Johannesburg")),
    ("SGT", One(480, "Asia/Singapore")),
    ("SST", Several(&["Pacific/Pago_Pago", "Asia/Singapore"])),
    ("TRT", One(180, "Europe/Istanbul")),
    ("WAT", One(60, "Africa/Lagos")),
    ("WEST", One(60, "Europe/Lisbon")),
    ("WET", One(0, "Europe/Lisbon")),
    ("WIB", One(420, "Asia/Jakarta")),
];

/// The names that people have for a zone's time in summer and winter alike.
const GENERIC: &[(&str, &str)] = &[
    ("PT", "America/Los_Angeles"),
    ("MT", "America/Denver"),
    ("CT", "America/Chicago"),
    ("ET", "America/New_York"),
    ("EASTERN", "America/New_York"),
    ("PACIFIC", "America/Los_Angeles"),
];

/// Abbreviations in other parts of the world, as mail programs write them behind an offset: Australia, the Philippines,
/// Malaysia, Myanmar, Bangladesh, Bougainville, the Solomon Islands, Guam, Cuba and Israel.
const ELSEWHERE: &[(&str, i32)] = &[
    ("EST", 600),
    ("EST", 660),
    ("EDT", 660),
    ("CST", 570),
    ("CST", 630),
    ("CDT", 630),
    ("CDT", -240),
    ("PST", 480),
    ("MST", 480),
    ("MST", 390),
    ("BST", 360),
    ("BST", 660),
    ("SST", 660),
    ("GST", 600),
    ("IST", 120),
];

/// True if an abbreviation stands for that offset in another part of the world than that which is meant by it alone.
pub fn is_elsewhere(text: &str, offset: Offset) -> bool {
    ELSEWHERE
        .iter()
        .any(|(name, minutes)| name.eq_ignore_ascii_case(text) && minutes * 60 == offset.seconds())
}

/// The meaning of `text`, in any case.
pub fn find(text: &str) -> Option<Meaning> {
    let row = TABLE.iter().find(|(name, _)| name.eq_ignore_ascii_case(text))?;
    Some(row.1)
}

/// The zone whose clocks `text` names, whatever the season.
pub fn generic(text: &str) -> Option<&'static str> {
    let row = GENERIC.iter().find(|(name, _)| name.eq_ignore_ascii_case(text))?;
    Some(row.1)
}

/// A zone that is always so far from UTC.
pub fn fixed(minutes: i32) -> TimeZone {
    Offset::from_seconds(minutes * 60).map_or(TimeZone::UTC, TimeZone::fixed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::zone;

    #[test]
    fn each_abbreviation_is_in_use_in_its_zone() {
        let year = "2026-01-15T12:00Z".parse::<jiff::Timestamp>().unwrap();
        for (name, meaning) in TABLE {
            let One(minutes, region) = meaning else { continue };
            let region = zone::find(region).unwrap().zone;
            let offsets = [0, 180].map(|days| {
                let time = year + jiff::SignedDuration::from_hours(24 * days);
                region.to_offset(time).seconds() / 60
            });
            assert!(offsets.contains(minutes), "{name}");
        }
        for zone in TABLE.iter().filter_map(|(_, meaning)| match meaning {
            Several(zones) => Some(zones),
            One(..) => None,
        }) {
            assert!(zone.iter().all(|zone| zone::find(zone).is_ok()));
        }
    }
}
