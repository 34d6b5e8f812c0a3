//! The time of day as a clock shows it, and as people write it.

use jiff::civil::Time;

/// A time of day before `pm` is known of.
#[derive(Clone, Copy)]
pub struct Clock {
    pub hour: i8,
    pub minute: i8,
    pub second: i8,
    pub nanosecond: i32,
}

impl Clock {
    pub fn at(hour: i8) -> Clock {
        Clock { hour, minute: 0, second: 0, nanosecond: 0 }
    }

    /// `14:30:15.5`; without colons only where it is known to be a time. `None` for what looks like none.
    pub fn parse(text: &str, is_time: bool) -> Result<Option<Clock>, String> {
        let (whole, fraction) = match text.find(['.', ',']) {
            Some(at) => (&text[..at], Some(&text[at + 1..])),
            None => (text, None),
        };
        let parts: Vec<&str> = match whole.contains(':') {
            true => whole.split(':').collect(),
            false if is_time && whole.len() <= 2 => vec![whole],
            false if is_time && (whole.len() == 4 || whole.len() == 6) => {
                (0..whole.len() / 2).map(|at| &whole[2 * at..2 * at + 2]).collect()
            }
            false => return Ok(None),
        };
        let sound = parts.len() <= 3 && parts.iter().all(|part| (1..=2).contains(&part.len()));
        if !sound || fraction.is_some() && parts.len() < 3 {
            return Err(format!(
                "`{text}` is not a time of day; expected for example 14:30 or 14:30:15.5"
            ));
        }
        let number = |at: usize| parts.get(at).map_or(0, |part| part.parse().unwrap_or(0));
        let nanosecond = match fraction {
            None => 0,
            Some(digits)
                if (1..=9).contains(&digits.len())
                    && digits.bytes().all(|b| b.is_ascii_digit()) =>
            {
                format!("{digits:0<9}").parse().unwrap_or(0)
            }
            Some(_) => return Err(format!("`{text}`: expected 1 to 9 digits of a second")),
        };
        let clock = Clock { hour: number(0), minute: number(1), second: number(2), nanosecond };
        let is_end = clock.is_end() && (clock.minute, clock.second, nanosecond) == (0, 0, 0);
        if clock.hour > 23 && !is_end || clock.minute > 59 || clock.second > 60 {
            return Err(format!("`{text}` is beyond the day; expected 00:00 to 24:00"));
        }
        Ok(Some(clock))
    }

    /// True of the end of the day, which is the beginning of the next one.
    pub fn is_end(self) -> bool {
        self.hour == 24
    }

    pub fn time(self) -> Result<Time, String> {
        let Clock { hour, minute, second, nanosecond } = self;
        Time::new(hour % 24, minute, second, nanosecond).map_err(|error| error.to_string())
    }
}
