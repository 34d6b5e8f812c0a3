//! The circuit of a plugin: it decides when a plugin that keeps crashing is left alone, and when it is tried again.
//!
//! Pure: it is told the time and how calls end. What a crash is, and who is told, is not known here.

use std::time::{Duration, Instant};

/// The first time that it is left alone; each next one is twice as long.
pub(crate) const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// The longest time that it is left alone.
const LAST_PAUSE: Duration = Duration::from_secs(60);

/// The state of a plugin after its last calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Circuit {
    crashes: u32,
    state: CircuitState,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum CircuitState {
    /// The plugin is called.
    #[default]
    Closed,
    /// The plugin is not called until the time `until`.
    Open { until: Instant, pause: Duration },
    /// One call tries the plugin.
    Trying { pause: Duration },
}

/// A call that may be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pass {
    /// A call like any other.
    Usual,
    /// The call that tries the plugin again.
    Trial,
}

/// The reason why a call is not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pause {
    /// The plugin is left alone for so long.
    For(Duration),
    /// Another call tries the plugin.
    Trial,
}

/// The end of a call, as the circuit sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CountedEnd {
    /// The plugin answered.
    Well,
    /// The plugin crashed.
    Crash,
    /// The plugin did neither: the call was stopped, or its caller did not wait any more.
    Neither,
    /// The call was not made after all.
    NotMade,
}

/// The change that the end of a call made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CircuitChange {
    /// The plugin is left alone from now on.
    Opened,
    /// The plugin is called again.
    Closed,
}

impl Circuit {
    /// Says why a call would not be let through at `now`, if so.
    pub(crate) fn look(&self, now: Instant) -> Result<(), Pause> {
        match self.state {
            CircuitState::Open { until, .. } if until > now => Err(Pause::For(until - now)),
            CircuitState::Trying { .. } => Err(Pause::Trial),
            CircuitState::Closed | CircuitState::Open { .. } => Ok(()),
        }
    }

    /// Lets a call be made at `now`, or says why not.
    pub(crate) fn begin(&mut self, now: Instant) -> Result<Pass, Pause> {
        self.look(now)?;
        let CircuitState::Open { pause, .. } = self.state else { return Ok(Pass::Usual) };
        self.state = CircuitState::Trying { pause };
        Ok(Pass::Trial)
    }

    /// Takes in how a call with this pass ended. After `most` crashes in a row the plugin is left alone.
    pub(crate) fn end(
        &mut self,
        pass: Pass,
        end: CountedEnd,
        most: u32,
        now: Instant,
    ) -> Option<CircuitChange> {
        match (self.state, pass) {
            (CircuitState::Closed, Pass::Usual) => self.ended(end, most, now),
            (CircuitState::Trying { pause }, Pass::Trial) => self.tried(pause, end, now),
            // The call was begun before the plugin was left alone, and says nothing that is not known.
            (CircuitState::Open { .. } | CircuitState::Trying { .. }, Pass::Usual)
            | (CircuitState::Open { .. } | CircuitState::Closed, Pass::Trial) => None,
        }
    }

    fn ended(&mut self, end: CountedEnd, most: u32, now: Instant) -> Option<CircuitChange> {
        match end {
            CountedEnd::Well => self.crashes = 0,
            CountedEnd::Crash => self.crashes = self.crashes.saturating_add(1),
            CountedEnd::Neither | CountedEnd::NotMade => {}
        }
        (self.crashes >= most).then(|| {
            self.open(FIRST_PAUSE, now);
            CircuitChange::Opened
        })
    }

    fn tried(&mut self, pause: Duration, end: CountedEnd, now: Instant) -> Option<CircuitChange> {
        match end {
            CountedEnd::Well => {
                *self = Self::default();
                return Some(CircuitChange::Closed);
            }
            CountedEnd::Crash => {
                self.crashes = self.crashes.saturating_add(1);
                self.open((pause * 2).min(LAST_PAUSE), now);
            }
            CountedEnd::Neither => self.open(pause, now),
            CountedEnd::NotMade => self.state = CircuitState::Open { until: now, pause },
        }
        None
    }

    fn open(&mut self, pause: Duration, now: Instant) {
        self.state = CircuitState::Open { until: now + pause, pause };
    }

    /// True if nothing is remembered.
    pub(crate) fn is_calm(&self) -> bool {
        *self == Self::default()
    }

    /// Returns the number of crashes in a row.
    pub(crate) fn crashes(&self) -> u32 {
        self.crashes
    }

    /// Returns the time until which the plugin is left alone: `None` if it is not, `Some(None)` while a call tries it.
    pub(crate) fn until(&self) -> Option<Option<Instant>> {
        match self.state {
            CircuitState::Closed => None,
            CircuitState::Open { until, .. } => Some(Some(until)),
            CircuitState::Trying { .. } => Some(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn after_so_many_crashes_pauses_double_until_an_answer() {
        let (mut now, mut circuit) = (Instant::now(), Circuit::default());
        for crash in 1..=5 {
            let pass = circuit.begin(now).expect("it is called");
            let opened = circuit.end(pass, CountedEnd::Crash, 5, now);
            assert_eq!(opened, (crash == 5).then_some(CircuitChange::Opened));
        }
        for seconds in [1, 2, 4, 8, 16, 32, 60, 60] {
            let pause = Duration::from_secs(seconds);
            assert_eq!(circuit.begin(now), Err(Pause::For(pause)));
            now += pause;
            assert_eq!(circuit.begin(now), Ok(Pass::Trial));
            assert_eq!(circuit.begin(now), Err(Pause::Trial));
            assert_eq!(circuit.end(Pass::Trial, CountedEnd::Crash, 5, now), None);
        }
        now += LAST_PAUSE;
        assert_eq!(circuit.begin(now), Ok(Pass::Trial));
        assert_eq!(circuit.end(Pass::Trial, CountedEnd::Well, 5, now), Some(CircuitChange::Closed));
        assert!(circuit.is_calm());
    }

    #[derive(Clone, Copy, Debug)]
    enum Event {
        Begin,
        /// One of the calls that run ends.
        End(usize, CountedEnd),
        Time(u64),
    }

    fn event() -> impl Strategy<Value = Event> {
        let end = prop_oneof![
            3 => Just(CountedEnd::Crash),
            1 => Just(CountedEnd::Well),
            1 => Just(CountedEnd::Neither),
            1 => Just(CountedEnd::NotMade),
        ];
        prop_oneof![
            4 => Just(Event::Begin),
            4 => (any::<usize>(), end).prop_map(|(which, end)| Event::End(which, end)),
            1 => (0..70_000u64).prop_map(Event::Time),
        ]
    }

    proptest! {
        /// In any order of calls and their ends, at most one call tries a plugin that is left alone, each wait passes
        /// within the longest pause, and an answer to a trial ends it all.
        #[test]
        fn whatever_happens_a_plugin_is_tried_again(
            most in 1..6u32,
            events in prop::collection::vec(event(), 1..200),
        ) {
            let (mut now, mut circuit) = (Instant::now(), Circuit::default());
            let mut running: Vec<Pass> = Vec::new();
            for event in events {
                match event {
                    Event::Time(millis) => now += Duration::from_millis(millis),
                    Event::Begin => match circuit.begin(now) {
                        Ok(pass) => running.push(pass),
                        Err(Pause::For(wait)) => {
                            prop_assert!(wait > Duration::ZERO && wait <= LAST_PAUSE);
                            prop_assert!(!running.contains(&Pass::Trial));
                        }
                        Err(Pause::Trial) => prop_assert!(running.contains(&Pass::Trial)),
                    },
                    Event::End(which, end) if !running.is_empty() => {
                        let pass = running.remove(which % running.len());
                        let (before, change) = (circuit, circuit.end(pass, end, most, now));
                        match change {
                            Some(CircuitChange::Closed) => {
                                prop_assert_eq!((pass, end), (Pass::Trial, CountedEnd::Well));
                                prop_assert!(circuit.is_calm());
                            }
                            Some(CircuitChange::Opened) => {
                                prop_assert!(before.until().is_none() && end == CountedEnd::Crash);
                                prop_assert_eq!(circuit.crashes(), most);
                            }
                            None => {
                                let is_open = circuit.until().is_some();
                                prop_assert_eq!(before.until().is_some(), is_open);
                                prop_assert!(is_open || circuit.crashes() < most);
                            }
                        }
                    }
                    Event::End(..) => {}
                }
                prop_assert!(running.iter().filter(|pass| **pass == Pass::Trial).count() <= 1);
            }
            running.retain(|pass| *pass == Pass::Trial);
            if let Some(pass) = running.pop() {
                circuit.end(pass, CountedEnd::Neither, most, now);
            }
            now += LAST_PAUSE;
            let pass = circuit.begin(now);
            prop_assert!(pass.is_ok());
            circuit.end(pass.unwrap_or(Pass::Usual), CountedEnd::Well, most, now);
            prop_assert!(circuit.is_calm());
        }
    }
}
