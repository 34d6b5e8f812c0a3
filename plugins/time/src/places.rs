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

/// Big cities, and countries and states, of which the database has no zone by that name: with the zones of their clocks.
const OUTSIDE: &[(&str, &str)] = &[
    ("Africa/Abidjan", "Ivory_Coast"),
    ("Africa/Addis_Ababa", "Ethiopia"),
    ("Africa/Algiers", "Algeria Oran"),
    ("Africa/Cairo", "Alexandria Giza"),
    ("Africa/Casablanca", "Marrakesh Marrakech Morocco Rabat"),
    ("Africa/Dar_es_Salaam", "Tanzania Zanzibar"),
    ("Africa/Johannesburg", "Cape_Town Durban Pretoria South_Africa Soweto"),
    ("Africa/Lagos", "Abuja Kano Nigeria"),
    ("Africa/Nairobi", "Kenya Mombasa"),
    ("Africa/Tunis", "Tunisia"),
    ("Africa/Accra", "Ghana"),
    ("America/Bogota", "Cali Colombia Medellin"),
    ("America/Caracas", "Maracaibo Venezuela"),
    (
        "America/Chicago",
        "Austin Dallas Fort_Worth Houston Kansas_City Memphis Milwaukee Minneapolis Minnesota Nashville New_Orleans Oklahoma_City San_Antonio St_Louis Texas Illinois",
    ),
    ("America/Denver", "Albuquerque Colorado Salt_Lake_City Utah"),
    ("America/Edmonton", "Alberta Calgary"),
    ("America/Guatemala", "Guatemala_City"),
    ("America/Lima", "Peru"),
    (
        "America/Los_Angeles",
        "California Las_Vegas Oakland Oregon Sacramento San_Diego San_Francisco San_Jose Seattle Silicon_Valley Nevada",
    ),
    ("America/Mexico_City", "Guadalajara Puebla"),
    (
        "America/New_York",
        "Atlanta Baltimore Boston Brooklyn Charlotte Cleveland Columbus Manhattan Massachusetts Miami Ohio Orlando Philadelphia Pittsburgh Washington_DC Washington,_DC Washington_D.C. Pennsylvania Virginia NYC",
    ),
    ("America/Phoenix", "Tucson"),
    ("America/Sao_Paulo", "Belo_Horizonte Brasilia Curitiba Porto_Alegre Rio Rio_de_Janeiro"),
    ("America/Toronto", "Ontario Ottawa Quebec Quebec_City"),
    ("America/Vancouver", "British_Columbia"),
    ("Asia/Baghdad", "Iraq"),
    ("Asia/Bangkok", "Chiang_Mai Thailand"),
    ("Asia/Dhaka", "Bangladesh Chittagong"),
    ("Asia/Dubai", "Abu_Dhabi UAE United_Arab_Emirates"),
    ("Asia/Ho_Chi_Minh", "Hanoi Vietnam"),
    ("Asia/Jakarta", "Bandung Surabaya"),
    ("Asia/Jerusalem", "Haifa"),
    ("Asia/Karachi", "Islamabad Lahore Pakistan"),
    ("Asia/Kathmandu", "Nepal"),
    (
        "Asia/Kolkata",
        "Ahmedabad Bangalore Bengaluru Bombay Chennai Delhi Goa India Jaipur Madras Mumbai New_Delhi Pune",
    ),
    ("Asia/Kuala_Lumpur", "Malaysia"),
    ("Asia/Manila", "Cebu Philippines Quezon_City"),
    ("Asia/Riyadh", "Jeddah Mecca Saudi_Arabia"),
    ("Asia/Seoul", "Busan Korea South_Korea"),
    (
        "Asia/Shanghai",
        "Beijing Chengdu China Guangzhou Hangzhou Nanjing Peking Shenzhen Tianjin Wuhan Xian",
    ),
    ("Asia/Tashkent", "Uzbekistan"),
    ("Asia/Tbilisi America/New_York", "Georgia"),
    ("Asia/Tehran", "Isfahan Mashhad"),
    ("Asia/Tokyo", "Fukuoka Hiroshima Kobe Kyoto Nagoya Okinawa Osaka Sapporo Yokohama"),
    ("Australia/Brisbane", "Gold_Coast"),
    ("Europe/Amsterdam", "Holland Netherlands Rotterdam The_Hague Utrecht"),
    ("Europe/Athens", "Greece Thessaloniki"),
    ("Europe/Belgrade", "Serbia"),
    (
        "Europe/Berlin",
        "Bonn Cologne Dresden Dusseldorf Frankfurt Germany Hamburg Hanover Koln Leipzig Munchen Munich Nuremberg Stuttgart",
    ),
    ("Europe/Brussels", "Antwerp Belgium Ghent"),
    ("Europe/Bucharest", "Romania"),
    ("Europe/Budapest", "Hungary"),
    ("Europe/Copenhagen", "Aarhus Denmark"),
    ("Europe/Dublin", "Cork Ireland"),
    ("Europe/Helsinki", "Finland"),
    ("Europe/Istanbul", "Ankara Izmir"),
    ("Europe/Kyiv", "Kharkiv Lviv Odesa Odessa Ukraine"),
    ("Europe/Lisbon", "Porto"),
    (
        "Europe/London",
        "Bristol Cardiff Edinburgh England Glasgow Great_Britain Leeds Liverpool Manchester Scotland UK United_Kingdom Wales",
    ),
    ("Europe/Madrid", "Barcelona Bilbao Seville Spain"),
    ("Europe/Moscow", "Kazan Saint_Petersburg St_Petersburg"),
    ("Europe/Oslo", "Bergen Norway"),
    ("Europe/Paris", "Bordeaux France Lyon Marseille Nice Strasbourg Toulouse"),
    ("Europe/Prague", "Brno Czechia Czech_Republic"),
    ("Europe/Rome", "Florence Italy Milan Naples Turin Venice"),
    ("Europe/Sofia", "Bulgaria"),
    ("Europe/Stockholm", "Gothenburg Malmo Sweden"),
    ("Europe/Vienna", "Austria Graz Linz Salzburg"),
    ("Europe/Warsaw", "Gdansk Krakow Wroclaw"),
    ("Europe/Zurich", "Basel Bern Geneva Lausanne Switzerland"),
    ("America/New_York America/Los_Angeles", "Washington"),
    ("America/New_York Europe/London", "Cambridge"),
    ("America/Chicago Europe/London", "Birmingham"),
    ("Pacific/Auckland", "Christchurch New_Zealand Wellington"),
    (
        "Australia/Sydney Australia/Perth Australia/Brisbane Australia/Adelaide Australia/Darwin",
        "Australia",
    ),
    (
        "America/New_York America/Chicago America/Denver America/Los_Angeles",
        "America United_States US USA",
    ),
    (
        "America/Toronto America/Winnipeg America/Edmonton America/Vancouver America/Halifax",
        "Canada",
    ),
    ("America/Sao_Paulo America/Manaus America/Rio_Branco", "Brazil"),
    ("America/Mexico_City America/Tijuana America/Cancun", "Mexico"),
    ("Europe/Moscow Asia/Yekaterinburg Asia/Novosibirsk Asia/Vladivostok", "Russia"),
    ("Asia/Jakarta Asia/Makassar Asia/Jayapura", "Indonesia"),
    ("Asia/Makassar", "Bali"),
];

/// The zones of a place outside of the database, by its name as the database writes names.
pub fn outside(name: &str) -> Vec<&'static str> {
    let is_named = |names: &str| names.split(' ').any(|known| known.eq_ignore_ascii_case(name));
    let row = OUTSIDE.iter().find(|(_, names)| is_named(names));
    row.map_or_else(Vec::new, |(zones, _)| zones.split(' ').collect())
}

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
        for zone in OUTSIDE.iter().flat_map(|(zones, _)| zones.split(' ')) {
            assert!(zone::find(zone).is_ok(), "{zone}");
        }
    }

    #[test]
    fn a_place_outside_of_the_database_stands_here_once() {
        let mut names: Vec<&str> = OUTSIDE.iter().flat_map(|(_, names)| names.split(' ')).collect();
        for name in &names {
            let message =
                zone::find(name).err().unwrap_or_else(|| panic!("{name} is in the database"));
            let zones = outside(name);
            assert!(message.ends_with(&format!("write {}", zones.join(" or "))), "{message}");
        }
        names.sort_unstable();
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}
