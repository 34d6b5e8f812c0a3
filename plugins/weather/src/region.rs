//! The one that is meant of several places with one name: by what people write after the comma, such as `UK`, `USA`, `OR` or `Île de France`.

use std::str::FromStr as _;

use celes::Country;
use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

use crate::place::{Place, joined};

/// Places that are named where none fits.
const MAX_NAMED: usize = 5;

/// A name as it was written, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    pub town: String,
    /// The regions that follow it, such as `OR` and `USA`.
    pub regions: Vec<String>,
}

/// A place that a service found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Found {
    pub name: String,
    /// From the largest to the smallest: state, county, municipality.
    pub regions: Vec<String>,
    pub country: Option<String>,
    /// By ISO 3166.
    pub country_code: Option<String>,
    pub latitude: f64,
    pub longitude: f64,
}

impl Asked {
    /// The meanings that the name can have, the likeliest first: `Portland OR` may be a town, or one in a region.
    pub fn readings(name: &str) -> Vec<Self> {
        let parts = name.split([',', ';', '(']).map(|part| part.trim_matches([' ', ')']).trim());
        let mut parts = parts.filter(|part| !part.is_empty()).map(str::to_owned);
        let town = parts.next().unwrap_or_else(|| name.trim().into());
        let whole = Self { town, regions: parts.collect() };
        let plain = Self { town: folded(&whole.town), ..whole.clone() };
        let apart = whole.town.rsplit_once(char::is_whitespace).map(|(town, region)| {
            let regions = [vec![region.to_owned()], whole.regions.clone()].concat();
            Self { town: town.trim().into(), regions }
        });
        let is_other = plain.town != folded_case(&whole.town) && !plain.town.is_empty();
        [Some(whole), is_other.then_some(plain), apart].into_iter().flatten().collect()
    }

    /// The country that one of the regions is, by ISO 3166.
    pub fn country_code(&self) -> Option<&'static str> {
        self.regions.iter().find_map(|region| country_code(region))
    }

    /// The state of the United States that one of the regions is.
    pub fn american_state(&self) -> Option<&'static str> {
        self.regions.iter().find_map(|region| subdivision("US", &folded(region)))
    }

    /// The first of those that fit best; services put the largest first. `None` if none fits.
    pub fn choose(&self, found: &[Found]) -> Option<Place> {
        let fitting =
            |found: &&Found| self.regions.iter().filter(|region| found.is_in(region)).count();
        let best = found.iter().rev().max_by_key(fitting)?;
        let unknown: Vec<_> =
            self.regions.iter().filter(|region| !best.is_in(region)).cloned().collect();
        if !self.regions.is_empty() && unknown.len() == self.regions.len() {
            return None;
        }
        let note = (!unknown.is_empty()).then(|| {
            format!("Not known as a region of {}: `{}`.", best.name, unknown.join("`, `"))
        });
        Some(Place { name: best.to_string(), note, ..Place::at(best.latitude, best.longitude) })
    }

    /// Says that there is no such place, and names those of the same name.
    pub fn unknown(&self, found: &[Found]) -> String {
        let town = &self.town;
        if found.is_empty() {
            return format!(
                "there is no place `{town}`; check the spelling, leave out all but the town and its country, \
                 or give coordinates as `48.85, 2.35`"
            );
        }
        let named: Vec<_> = found.iter().take(MAX_NAMED).map(Found::to_string).collect();
        format!(
            "there is no `{town}` in `{}`; there are: {}",
            self.regions.join(", "),
            named.join("; ")
        )
    }
}

impl Found {
    /// True if `region` is a name or a code of where it lies.
    fn is_in(&self, region: &str) -> bool {
        let wanted = folded(region);
        let names = self.regions.iter().chain(&self.country).chain(&self.country_code);
        let mut names = names.map(|name| folded(name));
        let is_code = |code: &String| {
            country_code(region).is_some_and(|country| code.eq_ignore_ascii_case(country))
        };
        let state = self.country_code.as_deref().and_then(|country| subdivision(country, &wanted));
        names.any(|name| name == wanted || state.is_some_and(|state| folded(state) == name))
            || self.country_code.as_ref().is_some_and(is_code)
    }
}

/// With region and country, as people write it.
impl std::fmt::Display for Found {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let region = self.regions.first().map(String::as_str);
        let country = self.country.as_deref().or(self.country_code.as_deref());
        f.write_str(&joined([Some(self.name.as_str()), region, country]))
    }
}

fn country_code(name: &str) -> Option<&'static str> {
    let name = folded(name).replace(' ', "");
    let own = OTHER_NAMES.iter().find(|(own, _)| *own == name).map(|(_, code)| *code);
    own.or_else(|| Country::from_str(&name).ok().map(|country| country.alpha2))
}

/// Short forms that no standard has, and what some countries call themselves; without spaces and accents.
const OTHER_NAMES: [(&str, &str); 29] = [
    ("belgie", "BE"),
    ("belgique", "BE"),
    ("brasil", "BR"),
    ("cesko", "CZ"),
    ("danmark", "DK"),
    ("deutschland", "DE"),
    ("eire", "IE"),
    ("espana", "ES"),
    ("greatbritain", "GB"),
    ("hellas", "GR"),
    ("hrvatska", "HR"),
    ("italia", "IT"),
    ("korea", "KR"),
    ("magyarorszag", "HU"),
    ("nederland", "NL"),
    ("nippon", "JP"),
    ("norge", "NO"),
    ("osterreich", "AT"),
    ("polska", "PL"),
    ("schweiz", "CH"),
    ("suisse", "CH"),
    ("suomi", "FI"),
    ("sverige", "SE"),
    ("svizzera", "CH"),
    ("turkey", "TR"),
    ("turkiye", "TR"),
    ("uae", "AE"),
    ("uk", "GB"),
    ("usofa", "US"),
];

/// The state that `code` stands for in a country, where people write its code; both folded.
fn subdivision(country: &str, code: &str) -> Option<&'static str> {
    let table: &[(&str, &str)] = match country {
        "US" => &AMERICAN_STATES,
        "CA" => &CANADIAN_PROVINCES,
        "AU" => &AUSTRALIAN_STATES,
        _ => return None,
    };
    let is_it = |(short, name): &&(&str, &'static str)| *short == code || folded(name) == code;
    table.iter().find(is_it).map(|(_, name)| *name)
}

const AMERICAN_STATES: [(&str, &str); 52] = [
    ("al", "Alabama"),
    ("ak", "Alaska"),
    ("az", "Arizona"),
    ("ar", "Arkansas"),
    ("ca", "California"),
    ("co", "Colorado"),
    ("ct", "Connecticut"),
    ("de", "Delaware"),
    ("dc", "Washington, D.C."),
    ("dc", "District of Columbia"),
    ("fl", "Florida"),
    ("ga", "Georgia"),
    ("hi", "Hawaii"),
    ("id", "Idaho"),
    ("il", "Illinois"),
    ("in", "Indiana"),
    ("ia", "Iowa"),
    ("ks", "Kansas"),
    ("ky", "Kentucky"),
    ("la", "Louisiana"),
    ("me", "Maine"),
    ("md", "Maryland"),
    ("ma", "Massachusetts"),
    ("mi", "Michigan"),
    ("mn", "Minnesota"),
    ("ms", "Mississippi"),
    ("mo", "Missouri"),
    ("mt", "Montana"),
    ("ne", "Nebraska"),
    ("nv", "Nevada"),
    ("nh", "New Hampshire"),
    ("nj", "New Jersey"),
    ("nm", "New Mexico"),
    ("ny", "New York"),
    ("nc", "North Carolina"),
    ("nd", "North Dakota"),
    ("oh", "Ohio"),
    ("ok", "Oklahoma"),
    ("or", "Oregon"),
    ("pa", "Pennsylvania"),
    ("ri", "Rhode Island"),
    ("sc", "South Carolina"),
    ("sd", "South Dakota"),
    ("tn", "Tennessee"),
    ("tx", "Texas"),
    ("ut", "Utah"),
    ("vt", "Vermont"),
    ("va", "Virginia"),
    ("wa", "Washington"),
    ("wv", "West Virginia"),
    ("wi", "Wisconsin"),
    ("wy", "Wyoming"),
];

const CANADIAN_PROVINCES: [(&str, &str); 13] = [
    ("ab", "Alberta"),
    ("bc", "British Columbia"),
    ("mb", "Manitoba"),
    ("nb", "New Brunswick"),
    ("nl", "Newfoundland and Labrador"),
    ("ns", "Nova Scotia"),
    ("nt", "Northwest Territories"),
    ("nu", "Nunavut"),
    ("on", "Ontario"),
    ("pe", "Prince Edward Island"),
    ("qc", "Quebec"),
    ("sk", "Saskatchewan"),
    ("yt", "Yukon"),
];

const AUSTRALIAN_STATES: [(&str, &str); 8] = [
    ("act", "Australian Capital Territory"),
    ("nsw", "New South Wales"),
    ("nt", "Northern Territory"),
    ("qld", "Queensland"),
    ("sa", "South Australia"),
    ("tas", "Tasmania"),
    ("vic", "Victoria"),
    ("wa", "Western Australia"),
];

/// A name without case, accents, dots and hyphens, to be compared.
fn folded(name: &str) -> String {
    let mut folded = String::new();
    for c in name.nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase) {
        match c {
            'ß' => folded.push_str("ss"),
            'ø' => folded.push('o'),
            'ł' => folded.push('l'),
            'đ' => folded.push('d'),
            'ı' => folded.push('i'),
            'æ' => folded.push_str("ae"),
            'œ' => folded.push_str("oe"),
            '.' | '\'' | '’' => {}
            c if c.is_alphanumeric() => folded.push(c),
            _ => folded.push(' '),
        }
    }
    folded.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn folded_case(name: &str) -> String {
    name.to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(name: &str, region: &str, country: &str, code: &str) -> Found {
        Found {
            name: name.into(),
            regions: vec![region.into()],
            country: Some(country.into()),
            country_code: Some(code.into()),
            ..Found::default()
        }
    }

    #[test]
    fn names_that_people_write_are_read() {
        let all = [
            found("London", "England", "United Kingdom", "GB"),
            found("London", "Ontario", "Canada", "CA"),
            found("Portland", "Oregon", "United States", "US"),
            found("Portland", "Maine", "United States", "US"),
            found("São Paulo", "São Paulo", "Brazil", "BR"),
            found("Saint-Denis", "Île-de-France", "France", "FR"),
            found("Den Haag", "South Holland", "Netherlands", "NL"),
            found("Sydney", "New South Wales", "Australia", "AU"),
            found("Washington", "Washington, D.C.", "United States", "US"),
            found("Tbilisi", "Tbilisi", "Georgia", "GE"),
            found("Atlanta", "Georgia", "United States", "US"),
            found("Seoul", "Seoul", "South Korea", "KR"),
            found("Praha", "Prague", "Czechia", "CZ"),
            found("Wien", "Vienna", "Austria", "AT"),
        ];
        let check = |name: &str, expected: Option<&str>| {
            let [asked, ..] = &Asked::readings(name)[..] else { panic!("{name}") };
            let named =
                all.iter().filter(|found| folded(&found.name) == folded(&asked.town)).cloned();
            let named: Vec<_> = named.collect();
            let chosen = asked.choose(&named);
            assert_eq!(chosen.as_ref().map(|place| place.name.as_str()), expected, "{name}");
        };
        for name in [
            "London",
            "London, UK",
            "London, U.K.",
            "london , GB",
            "London, Great Britain",
            "London (England)",
            "London, England, UK",
            "London, gbr",
            "London; United Kingdom",
        ] {
            check(name, Some("London, England, United Kingdom"));
        }
        for name in [
            "London, Ontario",
            "London, ON",
            "London, Canada",
            "London, ON, Canada",
            "London, CA",
            "London, CAN",
        ] {
            check(name, Some("London, Ontario, Canada"));
        }
        for name in [
            "Portland",
            "Portland, OR",
            "Portland, Oregon",
            "Portland, OR, USA",
            "Portland, or, us",
            "Portland, United States of America",
        ] {
            check(name, Some("Portland, Oregon, United States"));
        }
        check("Portland, ME", Some("Portland, Maine, United States"));
        check("Sao Paulo, Brasil", Some("São Paulo, Brazil"));
        check("saint denis, ile de france", Some("Saint-Denis, Île-de-France, France"));
        check("Den Haag, Holland", Some("Den Haag, South Holland, Netherlands"));
        check("Sydney, NSW", Some("Sydney, New South Wales, Australia"));
        check("Washington, DC", Some("Washington, Washington, D.C., United States"));
        check("Washington, D.C., USA", Some("Washington, Washington, D.C., United States"));
        check("Tbilisi, Georgia", Some("Tbilisi, Georgia"));
        check("Atlanta, GA", Some("Atlanta, Georgia, United States"));
        check("Seoul, Korea", Some("Seoul, South Korea"));
        check("Praha, Czech Republic", Some("Praha, Prague, Czechia"));
        check("Wien, Österreich", Some("Wien, Vienna, Austria"));
        check("Portland, Mars", None);
        check("London, OR", None);
    }

    #[test]
    fn a_region_nobody_knows_is_told() {
        let all = [found("London", "England", "United Kingdom", "GB")];
        let [asked, ..] = &Asked::readings("London, Nowhere, UK")[..] else { panic!("one") };
        let note = asked.choose(&all).and_then(|place| place.note);
        assert_eq!(note.as_deref(), Some("Not known as a region of London: `Nowhere`."));
        let [asked, ..] = &Asked::readings("London, Mars")[..] else { panic!("one") };
        assert_eq!(
            asked.unknown(&all),
            "there is no `London` in `Mars`; there are: London, England, United Kingdom"
        );
    }

    #[test]
    fn a_name_can_be_meant_in_several_ways() {
        let check = |name: &str, expected: &[(&str, &[&str])]| {
            let readings = Asked::readings(name);
            let found: Vec<(&str, Vec<&str>)> = readings
                .iter()
                .map(|one| (one.town.as_str(), one.regions.iter().map(String::as_str).collect()))
                .collect();
            let expected: Vec<_> =
                expected.iter().map(|(town, regions)| (*town, regions.to_vec())).collect();
            assert_eq!(found, expected, "{name}");
        };
        check("Paris", &[("Paris", &[])]);
        check("München", &[("München", &[]), ("munchen", &[])]);
        check("Portland OR", &[("Portland OR", &[]), ("Portland", &["OR"])]);
        check("New York, USA", &[("New York", &["USA"]), ("New", &["York", "USA"])]);
        check(",", &[(",", &[])]);
    }
}
