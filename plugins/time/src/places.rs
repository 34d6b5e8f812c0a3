//! Names of places that lie in several zones, of which the database has one that is not meant as a rule: San Juan, Norfolk. They
//! stand here with the zones that may be meant. Whose best known place is the database's, such as London, is not here.

const SEVERAL: &[(&str, &[&str])] = &[
    ("Center", &["America/North_Dakota/Center", "America/Chicago", "America/Denver"]),
    ("Chatham", &["Pacific/Chatham", "Europe/London"]),
    ("Christmas", &["Indian/Christmas", "Pacific/Kiritimati"]),
    ("Continental", &["America/Santiago"]),
    ("Cordoba", &["Europe/Madrid", "America/Argentina/Cordoba"]),
    ("East", &["America/New_York", "America/Sao_Paulo", "Australia/Sydney"]),
    ("General", &["America/Mexico_City"]),
    ("La_Rioja", &["Europe/Madrid", "America/Argentina/La_Rioja"]),
    ("Marengo", &["Europe/Rome", "America/Indiana/Marengo"]),
    ("Merida", &["America/Merida", "Europe/Madrid", "America/Caracas"]),
    ("Midway", &["Pacific/Midway", "America/Chicago"]),
    ("Monticello", &["America/New_York", "America/Kentucky/Monticello"]),
    ("Norfolk", &["America/New_York", "Pacific/Norfolk", "Europe/London"]),
    ("North", &["Australia/Darwin"]),
    ("Petersburg", &["Europe/Moscow", "America/New_York", "America/Indiana/Petersburg"]),
    ("San_Juan", &["America/Puerto_Rico", "America/Argentina/San_Juan"]),
    ("San_Luis", &["America/Argentina/San_Luis", "America/Mexico_City"]),
    ("Santarem", &["Europe/Lisbon", "America/Santarem"]),
    ("South", &["Australia/Adelaide"]),
    ("St_Johns", &["America/St_Johns", "America/Antigua"]),
    ("Victoria", &["America/Vancouver", "Australia/Melbourne", "Indian/Mahe"]),
    ("Vincennes", &["Europe/Paris", "America/Indiana/Vincennes"]),
    ("West", &["America/Los_Angeles", "America/Manaus", "Australia/Perth"]),
];

/// The zones that a place may lie in, by its name as the database writes names. `None` if it is in one.
pub fn zones(name: &str) -> Option<&'static [&'static str]> {
    let row = SEVERAL.iter().find(|(known, _)| known.eq_ignore_ascii_case(name))?;
    Some(row.1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::zone;

    #[test]
    fn each_zone_is_known() {
        for zone in SEVERAL.iter().flat_map(|(_, zones)| *zones) {
            assert!(zone::find(zone).is_ok(), "{zone}");
        }
    }
}
