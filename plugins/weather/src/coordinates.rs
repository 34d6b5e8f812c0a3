//! Latitude and longitude as people and programs write them: `48.85, 2.35`, `48°51'24"N 2°21'E`, `S33.9 W70`, `geo:48.85,2.35`.

/// One number with what was written beside it.
#[derive(Clone, Copy, Debug, Default)]
struct Angle {
    degrees: f64,
    /// N, S, E or W.
    side: Option<char>,
    /// The number of parts given: degrees, minutes and seconds.
    parts: usize,
    is_negative: bool,
}

/// A latitude and a longitude in degrees, if that is all that `text` is. They may lie outside of what there is on Earth.
pub fn parse(text: &str) -> Option<(f64, f64)> {
    let plain = plain(text);
    let angles = angles(&plain)?;
    let [first, second] = angles[..] else { return None };
    match (first.side, second.side) {
        (None, None) => Some((first.signed()?, second.signed()?)),
        (Some('N' | 'S'), Some('E' | 'W')) => Some((first.signed()?, second.signed()?)),
        (Some('E' | 'W'), Some('N' | 'S')) => Some((second.signed()?, first.signed()?)),
        _ => None,
    }
}

impl Angle {
    /// South and west are negative, and not twice so.
    fn signed(self) -> Option<f64> {
        let is_south_or_west = matches!(self.side, Some('S' | 'W'));
        (!(self.is_negative && self.side.is_some())).then_some(
            if self.is_negative || is_south_or_west { -self.degrees } else { self.degrees },
        )
    }
}

/// Labels, brackets and the like taken away, signs and marks written in one way.
fn plain(text: &str) -> String {
    let mut plain = text.to_uppercase();
    for label in ["GEO:", "LATITUDE", "LONGITUDE", "LAT", "LONG", "LON", "LNG"] {
        plain = plain.replace(label, " ");
    }
    let plain: String = plain
        .chars()
        .map(|c| match c {
            '−' | '–' => '-',
            '′' | '’' | '‘' => '\'',
            '″' | '”' | '“' => '"',
            'º' | '˚' | '°' => '°',
            '(' | ')' | '[' | ']' | '{' | '}' | ':' | '=' => ' ',
            c => c,
        })
        .collect();
    // Decimal commas: `48,85; 2,35`.
    if plain.contains(';') && plain.contains(',') && !plain.contains('.') {
        plain.replace(',', ".")
    } else {
        plain
    }
}

/// The angles in `text`; `None` if there is anything else in it.
fn angles(text: &str) -> Option<Vec<Angle>> {
    let mut angles: Vec<Angle> = Vec::new();
    let mut side_ahead = None;
    let mut rest = text.trim_start();
    while let Some(c) = rest.chars().next() {
        if matches!(c, 'N' | 'S' | 'E' | 'W') {
            rest = &rest[1..];
            // A side follows its angle, or goes before it.
            match angles.last_mut().filter(|last| last.side.is_none() && side_ahead.is_none()) {
                Some(last) => last.side = Some(c),
                None if side_ahead.is_none() => side_ahead = Some(c),
                None => return None,
            }
        } else if matches!(c, ',' | ';') {
            rest = &rest[1..];
            (!angles.is_empty()).then_some(())?;
        } else {
            let (angle, after) = angle(rest)?;
            angles.push(Angle { side: side_ahead.take(), ..angle });
            rest = after;
            (angles.len() <= 2).then_some(())?;
        }
        rest = rest.trim_start();
    }
    side_ahead.is_none().then_some(angles)
}

/// Degrees, and minutes and seconds where marks say so.
fn angle(text: &str) -> Option<(Angle, &str)> {
    let mut angle = Angle { is_negative: text.starts_with('-'), ..Angle::default() };
    let mut rest = text.strip_prefix(['-', '+']).unwrap_or(text);
    for (mark, divisor) in [('°', 1.0), ('\'', 60.0), ('"', 3600.0)] {
        let length = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        if length == 0 && angle.parts > 0 {
            break;
        }
        let number: f64 = rest.get(..length)?.parse().ok()?;
        let after = rest[length..].trim_start();
        match after.strip_prefix(mark) {
            Some(after) => {
                (angle.parts == 0 || number < 60.0).then_some(())?;
                angle.degrees += number / divisor;
                angle.parts += 1;
                rest = after.trim_start();
            }
            // A bare number is a whole angle.
            None if angle.parts == 0 => {
                let rest = &rest[length..];
                return Some((Angle { degrees: number, parts: 1, ..angle }, rest));
            }
            None => break,
        }
    }
    Some((angle, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coordinates_are_read_in_the_forms_that_are_written() {
        let check = |text: &str, latitude: f64, longitude: f64| {
            let (found_latitude, found_longitude) = parse(text).unwrap_or_else(|| panic!("{text}"));
            let is_near = |a: f64, b: f64| (a - b).abs() < 1e-9;
            assert!(
                is_near(found_latitude, latitude) && is_near(found_longitude, longitude),
                "{text}: {found_latitude}, {found_longitude}"
            );
        };
        for text in [
            "48.85,2.35",
            " 48.85 , 2.35 ",
            "48.85 2.35",
            "48.85; 2.35",
            "48,85; 2,35",
            "(48.85, 2.35)",
            "[48.85,2.35]",
            "geo:48.85,2.35",
            "lat 48.85, lon 2.35",
            "latitude: 48.85, longitude: 2.35",
            "lat=48.85 lng=2.35",
            "48.85N 2.35E",
            "48.85° N, 2.35° E",
            "N48.85 E2.35",
            "N 48.85, E 2.35",
            "2.35E, 48.85N",
            "48°51'N 2°21'E",
            "48° 51′ N, 2° 21′ E",
            "48°51'0\"N 2°21'0\"E",
            "+48.85, +2.35",
            "48.85°, 2.35°",
        ] {
            check(text, 48.85, 2.35);
        }
        check("-33.9 , -70", -33.9, -70.0);
        check("−33.9, −70", -33.9, -70.0);
        check("33.9S 70W", -33.9, -70.0);
        check(
            "40°42'46\"N 74°0'22\"W",
            40.0 + 42.0 / 60.0 + 46.0 / 3600.0,
            -(74.0 + 22.0 / 3600.0),
        );
        check("91, 0", 91.0, 0.0);
    }

    #[test]
    fn what_is_no_pair_of_angles_is_a_name() {
        for text in [
            "",
            "Paris",
            "10115",
            "10, Downing Street",
            "1,2,3",
            "48.85",
            "N",
            "48.85N 2.35N",
            "-48.85S 2E",
            "48°61'N 2°E",
            "NaN, 1",
            "inf, 0",
            "1e3, 2",
            "..., 1",
            "N E",
            "E S",
            ", 1 2 3",
            "Lonlat",
            "№ 5",
            "48.85N N 2E",
            "é, 1",
            "Ñ1 2",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
