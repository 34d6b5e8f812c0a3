//! A value during evaluation: exact as long as it can be, otherwise enclosed between two bounds.
//! Knows how to present itself to an operation, and no operation.

use crate::bounds::Budget;
use crate::decimal;
use crate::fault::{Wrong, refused};
use crate::interval::Interval;
use dashu_int::IBig;
use dashu_ratio::RBig;

/// Never a number that is merely close: what is not exact carries its bounds.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Exact(RBig),
    /// So many times pi, other than none.
    Angle {
        times: RBig,
        near: Interval,
    },
    Near(Interval),
}

/// The means of one evaluation: the precision of enclosures, and the work that is left.
pub struct Effort {
    pub precision: usize,
    pub budget: Budget,
}

impl Value {
    /// The value between bounds, whether it is exact or not.
    pub fn near(&self, effort: &Effort) -> Result<Interval, Wrong> {
        match self {
            Value::Exact(x) => Interval::enclosing(x, effort.precision),
            Value::Angle { near, .. } | Value::Near(near) => Ok(near.clone()),
        }
    }

    /// The whole number that `what` needs.
    pub fn whole(&self, what: &str) -> Result<&IBig, Wrong> {
        match self {
            Value::Exact(x) if x.is_int() => Ok(x.numerator()),
            other => refused(format!("{what} needs whole numbers, got {}", other.brief())),
        }
    }

    /// The small whole number that `what` needs.
    pub fn small(&self, what: &str, least: i64, most: i64) -> Result<i64, Wrong> {
        match i64::try_from(self.whole(what)?) {
            Ok(n) if (least..=most).contains(&n) => Ok(n),
            _ => refused(format!(
                "{what} needs a whole number from {least} to {most}, got {}",
                self.brief()
            )),
        }
    }

    /// Enough of the value to recognise it in a message.
    pub fn brief(&self) -> String {
        match self {
            Value::Exact(x) => decimal::brief(x),
            Value::Angle { near, .. } | Value::Near(near) => {
                format!("about {}", decimal::brief(&near.bounds().0))
            }
        }
    }
}

impl From<RBig> for Value {
    fn from(x: RBig) -> Value {
        Value::Exact(x)
    }
}

impl From<IBig> for Value {
    fn from(n: IBig) -> Value {
        Value::Exact(n.into())
    }
}

impl From<Interval> for Value {
    fn from(interval: Interval) -> Value {
        Value::Near(interval)
    }
}
