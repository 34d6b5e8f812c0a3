//! The units that values may carry: one exact table. Each is a number of base units (rad, m, kg, s, K, bit) and a dimension;
//! a temperature scale also has a zero of its own. Knows no expression.

use crate::token;
use dashu_ratio::RBig;

/// The power of each base unit in a unit: angle, length, mass, time, temperature, data. An angle is no plain number here,
/// since 60 turns a minute and 60 radians a minute would be the same frequency.
#[derive(Clone, Copy, Debug)]
pub struct Dimension {
    powers: [i32; 6],
    /// The power of what was written in turns, degrees or the like, and not in radians.
    turns: i32,
    /// The power of pi as it was written.
    pi: i32,
    /// The power of pi and of the angles that functions give: as numbers, they are of radians, and what is divided by them is
    /// of turns.
    radians: i32,
    /// True of a number of turns, as hertz are, and turns by the turn: it is none of radians.
    is_count: bool,
    /// True of what was reckoned from units other than angles, though they may be gone: a length by a length, a speed by a
    /// circumference. Such a ratio may count turns or radians, or be a slope.
    is_of_units: bool,
    /// True of what comes from a force times a length, which may be a torque.
    is_of_torque: bool,
}

/// Two dimensions are one whatever the angle was written in, and whatever a number counts.
impl PartialEq for Dimension {
    fn eq(&self, other: &Dimension) -> bool {
        self.powers == other.powers
    }
}

const BASES: [&str; 6] = ["rad", "m", "kg", "s", "K", "bit"];

impl Dimension {
    pub const NONE: Dimension = Dimension::of([0; 6]);
    pub const ANGLE: Dimension = Dimension::of([1, 0, 0, 0, 0, 0]);
    /// The number pi, beside an angle one of radians.
    pub const PI: Dimension = Dimension { pi: 1, ..Dimension::of_radians() };
    pub const TEMPERATURE: Dimension = Dimension::of([0, 0, 0, 0, 1, 0]);
    pub const FREQUENCY: Dimension = Dimension::of([0, 0, 0, -1, 0, 0]);
    /// The dimension of a speed of rotation.
    pub const ROTATION: Dimension = Dimension::of([1, 0, 0, -1, 0, 0]);

    const fn of(powers: [i32; 6]) -> Dimension {
        Dimension {
            powers,
            turns: 0,
            pi: 0,
            radians: 0,
            is_count: false,
            is_of_units: false,
            is_of_torque: false,
        }
    }

    /// The dimension of a unit that is so many turns.
    const fn counted(self) -> Dimension {
        Dimension { turns: 1, ..self }
    }

    /// The dimension of a unit that counts turns without the angle.
    const fn count(self) -> Dimension {
        Dimension { is_count: true, ..self }
    }

    /// A number without a unit that is one of radians where an angle is wanted.
    pub const fn of_radians() -> Dimension {
        Dimension { radians: 1, ..Dimension::NONE }
    }

    /// True if a value with pi in it has this dimension for want of the radian behind it: `2 * pi * 50 Hz`. Each power of pi
    /// may be one of a radian.
    pub fn lacks_radian_of(self, other: Dimension) -> bool {
        let lacked = other.powers[0].saturating_sub(self.powers[0]);
        (1..=self.radians).contains(&lacked) && self.times(ANGLE.power(lacked), 1) == other
    }

    /// True if a value without an angle is told in `other`, which has one: as the number of radians that it is. Turns are no
    /// number of radians, and neither is what is divided by pi. What comes of other units may be either where the unit is of
    /// turns, but for a power by a torque.
    pub fn is_number_of(self, other: Dimension) -> bool {
        let is_number = self.powers[0] == 0 && self == other.without_angle() && !self.is_count;
        let is_told = self == Dimension::NONE && other == ANGLE && !self.is_of_units
            || self.radians == 0 && (other.turns == 0 || self.is_bare_rotation());
        self.lacks_radian_of(other) || is_number && is_told
    }

    /// True of a number of turns where an angle may be wanted.
    pub fn is_number_of_turns(self) -> bool {
        self == Dimension::NONE && self.is_count
    }

    /// True of a number of turns that stands where a number of radians is wanted, without the 2 pi that makes it one.
    pub fn lacks_two_pi(self) -> bool {
        self.is_number_of_turns() && self.radians <= 0
    }

    /// True of a value without an angle that was divided by pi, as a speed is by a circumference: it counts turns.
    pub fn is_by_pi(self) -> bool {
        self.powers[0] == 0 && self.radians < 0
    }

    /// True of a ratio of two values with units, which does not say what it counts.
    pub fn is_ratio(self) -> bool {
        self == Dimension::NONE && self.is_of_units
    }

    /// True of radians by the second that were divided by pi, as in `3 rad/s / (2 * pi)`.
    pub fn are_turns_of_radians(self) -> bool {
        self.radians < 0 && self.turns == 0
    }

    /// True if pi divides a rotation in turns, as it makes turns of radians: a turn here is 2 pi already.
    pub fn divides_turns(self) -> bool {
        self == Dimension::ROTATION && self.pi < 0 && self.turns > 0
    }

    /// True if pi stands beside turns as it does in a formula for their number, `2 * pi * n * T`.
    pub fn has_pi_twice(self) -> bool {
        self.pi.signum() * self.turns.signum() > 0
    }

    /// The dimension of a value in parentheses. Pi in an area, a volume or a moment of inertia is of the circle, and of no turn.
    pub fn enclosed(self) -> Dimension {
        let [angle, length, _, time, ..] = self.powers;
        let is_of_circle = angle == 0 && self.turns == 0 && length > 1 && time == 0;
        match is_of_circle {
            true => Dimension { pi: 0, radians: self.radians.saturating_sub(self.pi), ..self },
            false => self,
        }
    }

    /// That of a product, or of a quotient where `sign` is -1.
    pub fn times(self, other: Dimension, sign: i32) -> Dimension {
        let sum = |a: i32, b: i32| a.saturating_add(b.saturating_mul(sign));
        let product = self.map(other, sum);
        let turns = sum(self.turns, other.turns);
        let (pi, radians) = match self.is_counted_by(other, sign) {
            true => (0, 0),
            false => (sum(self.pi, other.pi), sum(self.radians, other.radians)),
        };
        let is_torque = sign > 0 && [(FORCE, LENGTH), (LENGTH, FORCE)].contains(&(self, other));
        let may_be_of_it = [ENERGY, POWER, FREQUENCY].contains(&product.without_angle());
        // Turns by the turn.
        let is_by_turn = self.turns != 0 && turns == 0 && product.powers[0] == 0;
        let is_count = match sign {
            1 => self.is_count || other.is_count,
            _ => self.is_count != other.is_count,
        };
        Dimension {
            turns,
            pi,
            radians,
            is_count: is_count || is_by_turn,
            is_of_units: [self, other].iter().any(|one| one.has_units()),
            is_of_torque: (is_torque || self.is_of_torque || other.is_of_torque) && may_be_of_it,
            ..product
        }
    }

    /// True if `turn` says what a value counts that pi divides, or by what a circumference is: `60 km/h / (pi * 0.6 m) * turn`
    /// and `pi * 0.6 m / turn`. Pi is then of the circle, and of no turn.
    fn is_counted_by(self, turn: Dimension, sign: i32) -> bool {
        let is_turn = turn == ANGLE && turn.turns == 1 && turn.pi == 0;
        is_turn
            && self.powers[0] == 0
            && self.turns == 0
            && self.pi.signum() == -sign
            && !self.is_count
    }

    /// True if units other than angles are in it, or were.
    fn has_units(self) -> bool {
        self.is_of_units || self.without_angle() != Dimension::NONE
    }

    /// The dimension of a sum of both.
    pub fn plus(self, other: Dimension) -> Dimension {
        let known = |a: i32, b: i32| if a == 0 { b } else { a };
        let turns = known(self.turns, other.turns);
        Dimension {
            turns,
            // Pi radians and 30 degrees are an angle like any other.
            pi: if turns == 0 { known(self.pi, other.pi) } else { 0 },
            radians: if turns == 0 { known(self.radians, other.radians) } else { 0 },
            is_count: self.is_count || other.is_count,
            is_of_units: self.is_of_units || other.is_of_units,
            ..self
        }
    }

    pub fn power(self, exponent: i32) -> Dimension {
        let power = |a: i32| a.saturating_mul(exponent);
        let changed = self.map(self, |a, _| power(a));
        let is_count = self.is_count && exponent != 0;
        let (turns, pi, radians) = (power(self.turns), power(self.pi), power(self.radians));
        Dimension { turns, pi, radians, is_count, ..changed }
    }

    /// That of a root, if there is one. The root of what is by the square of a second, such as of a stiffness by a mass, is a
    /// rotation without its radian, unless it is of hertz.
    pub fn root(self, degree: i32) -> Option<Dimension> {
        let root = |a: i32| if a % degree == 0 { a / degree } else { a.signum() };
        let changed = self.map(self, |a, _| a / degree);
        let is_of_torque = changed == FREQUENCY && !self.is_count && self.radians == 0;
        let (turns, pi, radians) = (root(self.turns), root(self.pi), root(self.radians));
        let changed = Dimension { turns, pi, radians, is_of_torque, ..changed };
        self.powers.iter().all(|n| n % degree == 0).then_some(changed)
    }

    /// The same without its angle.
    pub fn without_angle(self) -> Dimension {
        let [_, length, mass, time, temperature, data] = self.powers;
        let powers = [0, length, mass, time, temperature, data];
        Dimension { powers, turns: 0, ..self }
    }

    /// True if a value of this dimension can be told in units of `other`. A radian counts as 1 where it turns a radius
    /// or a torque: into a length, a speed, an energy, a power. What is left by itself or by a time may be turns as well,
    /// and so may turns of what is no torque: a lead of 5 mm, a pump of 20 cm³.
    pub fn fits(self, other: Dimension) -> bool {
        let is_of_torque = self.is_of_torque || other.is_of_torque;
        let is_by_turn = [self, other].iter().any(|one| one.may_be_by_turn(is_of_torque));
        self == other
            || self.without_angle() == other.without_angle() && self.has_lever() && !is_by_turn
    }

    /// True of a power by a torque: radians by the second, of which nobody wrote the radian. Divided by pi, they are turns.
    pub fn is_bare_rotation(self) -> bool {
        self == FREQUENCY && self.is_of_torque && self.radians == 0
    }

    /// True if there are turns in it, and something that moves by the turn or by the radian. A torque, and a moment of inertia,
    /// take radians.
    pub fn may_be_by_turn(self, is_of_torque: bool) -> bool {
        let [angle, ..] = self.powers;
        let is_energy = [ENERGY, POWER].contains(&self.without_angle());
        let takes_radians = is_energy && (is_of_torque || angle.abs() > 1);
        self.turns != 0 && angle != 0 && self.has_lever() && !takes_radians
    }

    /// True if a torque or a moment of inertia is turned, so that a value told in `other` has no angle.
    pub fn loses_turns(self, other: Dimension) -> bool {
        let is_counted = |one: Dimension| one.turns != 0 && one.powers[0] != 0;
        self != other && (is_counted(self) || is_counted(other)) && self.has_lever()
    }

    /// True if there is a mass or a length that an angle moves.
    fn has_lever(self) -> bool {
        let [_, length, mass, ..] = self.powers;
        length > 0 || mass != 0
    }

    fn map(self, other: Dimension, change: impl Fn(i32, i32) -> i32) -> Dimension {
        let mut changed = self;
        for (n, m) in changed.powers.iter_mut().zip(other.powers) {
            *n = change(*n, m);
        }
        changed
    }

    /// The base units, such as `kg m^2 s^-2`; without the radian where that counts as 1.
    pub fn name(self) -> String {
        let is_lost = self.has_lever() && !self.may_be_by_turn(self.is_of_torque);
        let shown = if is_lost { self.without_angle() } else { self };
        let powers = BASES.iter().zip(shown.powers).filter(|(_, power)| *power != 0);
        let named = powers.map(|(base, power)| match power {
            1 => base.to_string(),
            power => format!("{base}^{power}"),
        });
        named.collect::<Vec<_>>().join(" ")
    }
}

/// A unit as it is used.
#[derive(Clone, Debug, PartialEq)]
pub struct Unit {
    /// Its size in base units; with `pi`, in as many times pi.
    pub factor: RBig,
    /// The place of its zero, in units of its own above that of the base unit: for temperatures.
    pub zero: Option<RBig>,
    pub pi: bool,
    pub dimension: Dimension,
}

/// Names, how many base units that is (a decimal, or one by another), and the dimension. Sources: the SI brochure and NIST Special Publication 811, appendix B, whose factors are exact by definition.
type Row = (&'static str, &'static str, Dimension);

const ANGLE: Dimension = Dimension::ANGLE;
const LENGTH: Dimension = Dimension::of([0, 1, 0, 0, 0, 0]);
const AREA: Dimension = Dimension::of([0, 2, 0, 0, 0, 0]);
const VOLUME: Dimension = Dimension::of([0, 3, 0, 0, 0, 0]);
const MASS: Dimension = Dimension::of([0, 0, 1, 0, 0, 0]);
const TIME: Dimension = Dimension::of([0, 0, 0, 1, 0, 0]);
const DATA: Dimension = Dimension::of([0, 0, 0, 0, 0, 1]);
const SPEED: Dimension = Dimension::of([0, 1, 0, -1, 0, 0]);
const FREQUENCY: Dimension = Dimension::FREQUENCY;
const CYCLES: Dimension = FREQUENCY.count();
const TURNS: Dimension = Dimension::ANGLE.counted();
const TURNS_BY_TIME: Dimension = Dimension::ROTATION.counted();
const FORCE: Dimension = Dimension::of([0, 1, 1, -2, 0, 0]);
const ENERGY: Dimension = Dimension::of([0, 2, 1, -2, 0, 0]);
const POWER: Dimension = Dimension::of([0, 2, 1, -3, 0, 0]);
const PRESSURE: Dimension = Dimension::of([0, -1, 1, -2, 0, 0]);
const RATE: Dimension = Dimension::of([0, 0, 0, -1, 0, 1]);

const TABLE: &[Row] = &[
    ("m meter meters metre metres", "1", LENGTH),
    ("in inch inches", "0.0254", LENGTH),
    ("ft foot feet", "0.3048", LENGTH),
    ("yd yard yards", "0.9144", LENGTH),
    ("mi mile miles", "1609.344", LENGTH),
    ("nmi", "1852", LENGTH),
    ("ha hectare hectares", "10000", AREA),
    ("acre acres", "4046.8564224", AREA),
    ("sqft", "0.09290304", AREA),
    ("sqm", "1", AREA),
    ("L l liter liters litre litres", "0.001", VOLUME),
    ("gal gallon gallons", "0.003785411784", VOLUME),
    ("qt quart quarts", "0.000946352946", VOLUME),
    ("pt pint pints", "0.000473176473", VOLUME),
    ("cup cups", "0.0002365882365", VOLUME),
    ("floz", "0.0000295735295625", VOLUME),
    ("tbsp tablespoon tablespoons", "0.00001478676478125", VOLUME),
    ("tsp teaspoon teaspoons", "0.00000492892159375", VOLUME),
    ("impgal", "0.00454609", VOLUME),
    ("imppt", "0.00056826125", VOLUME),
    ("g gram grams", "0.001", MASS),
    ("t tonne tonnes", "1000", MASS),
    ("lb lbs pound pounds", "0.45359237", MASS),
    ("oz ounce ounces", "0.028349523125", MASS),
    ("st stone", "6.35029318", MASS),
    ("s sec second seconds", "1", TIME),
    ("min minute minutes", "60", TIME),
    ("h hr hour hours", "3600", TIME),
    ("d day days", "86400", TIME),
    ("week weeks", "604800", TIME),
    ("Hz hertz", "1", CYCLES),
    ("mph", "0.44704", SPEED),
    ("kph kmh", "1/3.6", SPEED),
    ("kn knot knots", "1852/3600", SPEED),
    ("N newton newtons", "1", FORCE),
    ("lbf", "4.4482216152605", FORCE),
    ("J joule joules", "1", ENERGY),
    ("cal calorie calories", "4.184", ENERGY),
    ("Wh", "3600", ENERGY),
    ("BTU", "1055.05585262", ENERGY),
    ("eV", "1.602176634e-19", ENERGY),
    ("W watt watts", "1", POWER),
    ("hp horsepower", "745.69987158227022", POWER),
    ("PS", "735.49875", POWER),
    ("Pa pascal pascals", "1", PRESSURE),
    ("bar bars", "100000", PRESSURE),
    ("atm", "101325", PRESSURE),
    ("psi", "4.4482216152605/0.00064516", PRESSURE),
    ("mmHg", "133.322387415", PRESSURE),
    ("torr", "101325/760", PRESSURE),
    ("b bit bits", "1", DATA),
    ("B byte bytes", "8", DATA),
    ("bps", "1", RATE),
    ("rad radian radians", "1", ANGLE),
];

/// Those that are so many times pi.
const ANGLES: &[Row] = &[
    ("deg degree degrees °", "1/180", TURNS),
    ("grad gon", "1/200", TURNS),
    ("turn turns", "2", TURNS),
    ("arcmin", "1/10800", TURNS),
    ("arcsec", "1/648000", TURNS),
    ("rpm", "1/30", TURNS_BY_TIME),
];

/// Names, the factor, and the zero in units of its own.
const SCALES: &[(&str, &str, &str)] = &[
    ("K kelvin", "1", "0"),
    ("C °C degC celsius", "1", "273.15"),
    ("F °F degF fahrenheit", "5/9", "459.67"),
];

/// Units that take the prefixes below.
const PREFIXED: &str = "m meter meters metre metres L l liter liters litre litres g gram grams s Hz hertz N J joule \
                        joules cal Wh eV W watt watts Pa bar b bit bits B byte bytes bps";

/// Short before short names, long before long ones.
const PREFIXES: &[(&str, &str, &str)] = &[
    ("n", "nano", "1e-9"),
    ("u", "micro", "1e-6"),
    ("µ", "micro", "1e-6"),
    ("μ", "micro", "1e-6"),
    ("m", "milli", "1e-3"),
    ("c", "centi", "1e-2"),
    ("d", "deci", "1e-1"),
    ("h", "hecto", "1e2"),
    ("k", "kilo", "1e3"),
    ("K", "kilo", "1e3"),
    ("M", "mega", "1e6"),
    ("G", "giga", "1e9"),
    ("T", "tera", "1e12"),
    ("P", "peta", "1e15"),
    ("Ki", "kibi", "1024"),
    ("Mi", "mebi", "1048576"),
    ("Gi", "gibi", "1073741824"),
    ("Ti", "tebi", "1099511627776"),
    ("Pi", "pebi", "1125899906842624"),
];

/// The unit called `name`. Case counts where it has to: Mb is not MB, mW not MW.
pub fn find(name: &str) -> Option<Unit> {
    // `L` before the rest: what is written exactly so comes first.
    plain(|known| known == name)
        .or_else(|| prefixed(name))
        .or_else(|| plain(|known| known.chars().count() > 1 && known.eq_ignore_ascii_case(name)))
        .or_else(|| prefixed(&name.to_ascii_lowercase()).filter(|_| is_long(name)))
}

/// True of names in whole words, which nobody tells apart by case.
fn is_long(name: &str) -> bool {
    name.len() > 4
}

fn plain(is: impl Fn(&str) -> bool) -> Option<Unit> {
    let named = |names: &str| names.split(' ').any(&is);
    let row = |table: &[Row], pi| {
        let (_, factor, dimension) = table.iter().find(|(names, _, _)| named(names))?;
        Some(Unit { factor: ratio(factor), zero: None, pi, dimension: *dimension })
    };
    let scale = || {
        let (_, factor, zero) = SCALES.iter().find(|(names, _, _)| named(names))?;
        let (factor, zero) = (ratio(factor), Some(ratio(zero)));
        Some(Unit { factor, zero, pi: false, dimension: Dimension::TEMPERATURE })
    };
    row(TABLE, false).or_else(|| row(ANGLES, true)).or_else(scale)
}

fn prefixed(name: &str) -> Option<Unit> {
    PREFIXES.iter().find_map(|(short, long, factor)| {
        let rest = |prefix: &str, of: fn(usize) -> bool| {
            let rest = name.strip_prefix(prefix)?;
            let known = PREFIXED.split_whitespace().any(|unit| unit == rest);
            (known && of(rest.len())).then(|| plain(|unit| unit == rest)).flatten()
        };
        let mut unit =
            rest(short, |length| length < 4).or_else(|| rest(long, |length| length > 2))?;
        unit.factor *= ratio(factor);
        // A part of a bit is a megabit written carelessly, or a megabyte.
        let is_data = unit.dimension == DATA || unit.dimension == RATE;
        (!is_data || unit.factor >= RBig::ONE).then_some(unit)
    })
}

impl Unit {
    /// True of kelvin, whose readings are so many kelvin, too.
    pub fn is_absolute(&self) -> bool {
        self.zero.as_ref().is_some_and(RBig::is_zero)
    }

    /// The unit of a difference between two readings on the scale; another unit is what it was.
    pub fn of_difference(self) -> Unit {
        Unit { zero: None, ..self }
    }

    /// A power of the unit, such as m^2; turns and temperatures have none that anybody uses.
    pub fn raised(self, exponent: i32) -> Option<Unit> {
        const MOST: i32 = 9;
        if self.pi || self.zero.is_some() || exponent.abs() > MOST {
            return None;
        }
        let dimension = self.dimension.power(exponent);
        Some(Unit { factor: self.factor.pow(exponent as isize), dimension, ..self })
    }
}

fn ratio(text: &str) -> RBig {
    let (over, under) = text.split_once('/').unwrap_or((text, "1"));
    token::exact(over) / token::exact(under)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_stands_for_one_unit() {
        let tables = TABLE.iter().chain(ANGLES).map(|(names, _, _)| *names);
        let scales = SCALES.iter().map(|(names, _, _)| *names);
        let mut names: Vec<&str> =
            tables.chain(scales).flat_map(|names| names.split(' ')).collect();
        names.sort_unstable();
        let mut once = names.clone();
        once.dedup();
        assert_eq!(names, once);
        for name in names {
            assert!(find(name).is_some(), "{name}");
        }
    }

    #[test]
    fn units_are_told_apart_as_people_write_them() {
        let check = |a: &str, b: &str, same| assert_eq!(find(a) == find(b), same, "{a} {b}");
        check("km", "kilometers", true);
        check("KM", "km", false);
        check("MB", "Mb", false);
        check("mW", "MW", false);
        check("KB", "kB", true);
        check("Miles", "mi", true);
        check("GHZ", "GHz", false);
        check("min", "minutes", true);
        assert!(find("parsec").is_none());
        assert!(find("").is_none());
    }
}
