//! The facts known of a value before it is computed: whether it is a percentage, and which dimension it has. The rules by
//! which operations combine them; knows no numbers.

use crate::unit::{Dimension, Unit};

/// The kind of a value.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// In base units.
    Of(Dimension),
    /// `10%`: a hundredth each, and of what it is added to.
    Percent,
    /// A reading on a temperature scale, in its own degrees.
    Reading(Unit),
}

impl Kind {
    pub const PLAIN: Kind = Kind::Of(Dimension::NONE);

    /// The dimension of a value that may be reckoned with.
    pub fn dimension(&self) -> Result<Dimension, String> {
        match self {
            Kind::Of(dimension) => Ok(*dimension),
            Kind::Percent => Ok(Dimension::NONE),
            // So many kelvin are a difference, too.
            Kind::Reading(unit) if unit.is_absolute() => Ok(Dimension::TEMPERATURE),
            Kind::Reading(_) => Err(
                "a temperature can only be converted here, as in `72 °F to °C`; a difference is written in K"
                    .to_string(),
            ),
        }
    }

    pub fn is_plain(&self) -> bool {
        *self == Kind::Percent || *self == Kind::PLAIN
    }

    /// True if a circular function takes the value: a plain number is one of radians.
    pub fn is_angle(&self) -> bool {
        self.is_plain() || *self == Kind::Of(Dimension::ANGLE)
    }

    /// The kind of the value in parentheses, which is a number of its own: `200 + (10%)` is 200.1.
    pub fn enclosed(self) -> Kind {
        match self {
            Kind::Of(dimension) => Kind::Of(dimension.enclosed()),
            Kind::Percent => Kind::PLAIN,
            Kind::Reading(_) => self,
        }
    }

    /// Makes sure that no turn of the value is taken twice.
    pub fn check_turns(&self) -> Result<(), String> {
        match self {
            Kind::Of(dimension) if dimension.divides_turns() => Err(TURNS_BY_PI.to_string()),
            Kind::Of(dimension) if dimension.has_pi_twice() => Err(PI_TWICE.to_string()),
            _ => Ok(()),
        }
    }

    /// Describes the value for a message.
    pub fn shown(&self) -> String {
        match self {
            Kind::Reading(_) => "a temperature".to_string(),
            _ if self.is_plain() => "a number without a unit".to_string(),
            Kind::Percent => "a percentage".to_string(),
            Kind::Of(dimension) => format!("in {}", dimension.name()),
        }
    }
}

/// The message about a turn that is taken twice.
pub const PI_TWICE: &str = "2 pi is in a turn already, as in 500 N m * 3000 rpm to kW; leave pi out, or write `/ turn` behind the rotation; \
                        an area with pi in it goes into parentheses, as in (pi * (2 cm)^2) * 10 bar";

/// The message about turns that are divided by pi.
pub const TURNS_BY_PI: &str = "2 pi is in a turn already; a rotation becomes hertz without pi, as in 3000 rpm to Hz; of a speed by a \
                           circumference, `* turn` goes behind the whole, as in 60 km/h / (pi * 0.6 m) * turn to rpm";

/// The message about a ratio that is to be an angle.
const RATIO: &str = "; a ratio may count turns or radians, or be a slope; write `* turn` or `* rad` behind it, or atan(...) around a slope";

/// The message about what is divided by pi.
const BY_PI: &str = "; what is divided by pi counts turns, so write `* turn` behind it, as in 60 km/h / (pi * 0.6 m) * turn to rpm";

/// Of a sum, a difference, a remainder, or the least of several: all have the same dimension.
pub fn alike(left: &Kind, right: &Kind) -> Result<Kind, String> {
    let (a, b) = (left.dimension()?, right.dimension()?);
    left.check_turns()?;
    right.check_turns()?;
    if a.lacks_radian_of(b) || b.lacks_radian_of(a) {
        return Ok(Kind::Of(if a.lacks_radian_of(b) { b } else { a }));
    }
    if !a.fits(b) {
        let (left, right, advice) = (left.shown(), right.shown(), advice(a, b));
        return Err(format!("one side is {left}, the other {right}{advice}"));
    }
    Ok(match (left, right) {
        (Kind::Percent, Kind::Percent) => Kind::Percent,
        _ if a == b => Kind::Of(a.plus(b)),
        _ => Kind::Of(a.without_angle()),
    })
}

/// Returns what to write where two dimensions differ in an angle alone, behind the message that they differ.
pub fn advice(a: Dimension, b: Dimension) -> &'static str {
    if a.without_angle() != b.without_angle() {
        return "";
    }
    if [a, b].iter().any(|one| one.is_number_of_turns()) {
        return "; this is a number of turns, so write `* turn` behind it";
    }
    if [a, b].iter().any(|one| one.is_by_pi()) {
        return BY_PI;
    }
    if [a, b].iter().any(|one| one.is_ratio()) {
        return RATIO;
    }
    if a.without_angle() == Dimension::NONE {
        return "; write rad or deg behind a number that is an angle";
    }
    if [a, b].iter().any(|one| one.may_be_by_turn(false)) {
        return "; what turns may move so much by the turn or by the radian; write `/ turn` or `/ rad` behind the rotation, \
                as in 5 mm * 600 rpm / turn to mm/s, or 0.3 m * 300 rpm / rad to m/s for an arc";
    }
    "; write `* turn` or `* rad` behind a frequency, `/ turn` or `/ rad` behind a rotation, as in 50 Hz * turn to rpm"
}

/// Of a product, or of a quotient where `sign` is -1.
pub fn product(left: &Kind, right: &Kind, sign: i32) -> Result<Kind, String> {
    Ok(Kind::Of(left.dimension()?.times(right.dimension()?, sign)))
}

/// The functions whose value is one of radians where it is used as an angle, as that of `pi` and `tau` is.
const OF_RADIANS: [&str; 5] = ["asin", "acos", "atan", "atan2", "radians"];

/// The functions whose value is of the same sort as their first argument.
const OF_ITS_NUMBER: [&str; 5] = ["ceil", "floor", "pow", "round", "trunc"];

/// Of a function's value, by what it does to units.
pub fn value(name: &str, keeps: Keeps, arguments: &[Kind]) -> Result<Kind, String> {
    match keeps {
        Keeps::Nothing => match arguments.iter().find(|kind| !kind.is_plain()) {
            Some(kind) => {
                Err(format!("`{name}` takes numbers without a unit, got one {}", kind.shown()))
            }
            None if matches!(name, "pi" | "tau") => Ok(Kind::Of(Dimension::PI)),
            None if OF_RADIANS.contains(&name) => Ok(Kind::Of(Dimension::of_radians())),
            // A number with pi in it keeps that.
            None if OF_ITS_NUMBER.contains(&name) => Ok(arguments[0].clone().enclosed()),
            None => Ok(Kind::PLAIN),
        },
        Keeps::Angle => match arguments.iter().find(|kind| !kind.is_angle()) {
            Some(kind) => Err(format!(
                "`{name}` takes an angle or a number without a unit, got one {}",
                kind.shown()
            )),
            None => arguments.iter().try_for_each(Kind::check_turns).and_then(|()| {
                let lacks = |kind: &Kind| matches!(kind, Kind::Of(one) if one.lacks_two_pi());
                match arguments.iter().any(lacks) {
                    true => Err(format!(
                        "`{name}` takes an angle, and this is a number of turns; write `* turn` behind it"
                    )),
                    false => Ok(Kind::PLAIN),
                }
            }),
        },
        Keeps::Unit => {
            let mut kinds = arguments.iter();
            let first = kinds.next().cloned().unwrap_or(Kind::PLAIN);
            kinds
                .try_fold(first, |a, b| alike(&a, b))
                .and_then(|kind| Ok(Kind::Of(kind.dimension()?)))
        }
        Keeps::Root(degree) => {
            let dimension = arguments.first().unwrap_or(&Kind::PLAIN).dimension()?;
            let message = || format!("`{name}` of {} has no unit", dimension.name());
            dimension.root(degree).map(Kind::Of).ok_or_else(message)
        }
    }
}

/// The effect of a function on the units of its arguments.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Keeps {
    /// It takes none.
    Nothing,
    /// It takes an angle, and gives a number.
    Angle,
    /// All arguments have one dimension, and so has the value.
    Unit,
    /// The dimension is that of a root.
    Root(i32),
}
