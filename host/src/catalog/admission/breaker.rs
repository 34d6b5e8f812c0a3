//! The calls of a plugin under its circuit: which are let through, what counts as a crash, what the log says.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard};
use std::time::Instant;

use super::circuit::{Circuit, CircuitChange, CountedEnd, FIRST_PAUSE, Pass, Pause};
use crate::name::PluginName;
use crate::sandbox::CallOutcome;
use crate::sync::lock;
use crate::text::{clip, escape};
use crate::tool::{CallError, in_a_row, whole_seconds};

/// The most bytes of a crash's reason that are repeated.
const MAX_CRASH_REASON: usize = 400;

/// The counter of the crashes of one version of a plugin.
#[derive(Debug)]
pub(crate) struct Breaker {
    plugin: PluginName,
    /// The number of crashes in a row after which the plugin is left alone.
    most: u32,
    /// True while nothing is remembered: as long as nothing crashes, calls do not even look further.
    is_calm: AtomicBool,
    // This is a lock, since calls count one after the other; nothing is awaited under it.
    known: Mutex<CrashRecord>,
}

#[derive(Debug, Default)]
struct CrashRecord {
    circuit: Circuit,
    /// The reason for the last crash, escaped.
    reason: String,
}

/// A plugin that is left alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paused {
    /// The number of crashes in a row.
    pub crashes: u32,
    /// The time at which it is tried again. `None` while a call tries it.
    pub until: Option<Instant>,
    /// The reason for the last crash, escaped.
    pub reason: String,
}

/// A call that is let through. If it is dropped before its end is told, the call was cancelled.
pub(crate) struct Attempt<'a> {
    breaker: &'a Breaker,
    pass: Option<Pass>,
    /// True once the call is made: what is dropped before was none.
    is_made: bool,
}

impl Breaker {
    pub(crate) fn new(plugin: PluginName, most: u32) -> Self {
        Self { plugin, most, is_calm: AtomicBool::new(true), known: Mutex::default() }
    }

    /// Lets a call through, or says why not.
    pub(crate) fn begin(&self) -> Result<Attempt<'_>, CallError> {
        if self.is_calm.load(Relaxed) {
            return Ok(Attempt { breaker: self, pass: Some(Pass::Usual), is_made: false });
        }
        let mut known = self.known();
        let pass = known.circuit.begin(Instant::now());
        let pass = pass.map_err(|pause| known.refusal(pause))?;
        Ok(Attempt { breaker: self, pass: Some(pass), is_made: false })
    }

    /// Says why a call would not be let through now, if so.
    pub(crate) fn look(&self) -> Result<(), CallError> {
        if self.is_calm.load(Relaxed) {
            return Ok(());
        }
        let known = self.known();
        known.circuit.look(Instant::now()).map_err(|pause| known.refusal(pause))
    }

    /// Returns how the plugin is left alone. `None` if it is not.
    pub(crate) fn paused(&self) -> Option<Paused> {
        if self.is_calm.load(Relaxed) {
            return None;
        }
        let known = self.known();
        let until = known.circuit.until()?;
        let (crashes, reason) = (known.circuit.crashes(), known.reason.clone());
        Some(Paused { crashes, until, reason })
    }

    fn end(&self, pass: Pass, end: CountedEnd, reason: impl FnOnce() -> String) {
        if end != CountedEnd::Crash && self.is_calm.load(Relaxed) {
            return;
        }
        let mut known = self.known();
        if end == CountedEnd::Crash {
            known.reason = reason();
        }
        let change = known.circuit.end(pass, end, self.most, Instant::now());
        self.is_calm.store(known.circuit.is_calm(), Relaxed);
        let (crashes, reason) = (in_a_row(known.circuit.crashes()), known.reason.clone());
        drop(known);
        let plugin = self.plugin.as_str();
        match change {
            Some(CircuitChange::Opened) => tracing::warn!(
                plugin,
                "it crashed {crashes} and is left alone for {FIRST_PAUSE:?}, then tried by one call, \
                 and after each further crash left alone for twice as long; the last time: {reason}"
            ),
            Some(CircuitChange::Closed) => {
                tracing::info!(plugin, "it answers again after its crashes")
            }
            None => {}
        }
    }

    fn known(&self) -> MutexGuard<'_, CrashRecord> {
        lock(&self.known)
    }
}

impl CrashRecord {
    fn refusal(&self, pause: Pause) -> CallError {
        let next = match pause {
            Pause::For(wait) => format!("it is tried again in {} s", whole_seconds(wait)),
            Pause::Trial => "another call tries it right now".into(),
        };
        let (crashes, reason) = (self.circuit.crashes(), self.reason.clone());
        CallError::Paused { crashes, next, reason, local: None }
    }
}

impl Attempt<'_> {
    /// Takes in how the call ended.
    pub(crate) fn ended(mut self, ended: &CallOutcome) {
        let reason = || {
            let text = ended.outcome.as_ref().err().map(ToString::to_string).unwrap_or_default();
            escape(clip(&text, MAX_CRASH_REASON))
        };
        if let Some(pass) = self.pass.take() {
            self.breaker.end(pass, end(ended), reason);
        }
    }

    /// Notes that the call is made now.
    pub(crate) fn made(&mut self) {
        self.is_made = true;
    }

    /// Takes the call back, since it was not made after all.
    pub(crate) fn not_made(mut self) {
        if let Some(pass) = self.pass.take() {
            self.breaker.end(pass, CountedEnd::NotMade, String::new);
        }
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        if let Some(pass) = self.pass.take() {
            let end = if self.is_made { CountedEnd::Neither } else { CountedEnd::NotMade };
            self.breaker.end(pass, end, String::new);
        }
    }
}

/// Returns what the end of a call says of the plugin. A limit that is hit, or an answer that breaks a schema, may be
/// due to the arguments of one call; a fault of the host to many calls at once, or to a machine that is short of
/// memory.
fn end(ended: &CallOutcome) -> CountedEnd {
    match &ended.outcome {
        Ok(_) | Err(CallError::Failed(_) | CallError::InvalidArguments(_)) => CountedEnd::Well,
        Err(CallError::Trapped { .. }) => CountedEnd::Crash,
        Err(
            CallError::Host(_)
            | CallError::Unready(_)
            | CallError::Limit(_)
            | CallError::Broken(_)
            | CallError::Unfit(_)
            | CallError::Paused { .. },
        ) => CountedEnd::Neither,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tool::Usage;

    #[test]
    fn a_crash_counts_and_what_never_reached_the_guest_does_not() {
        let breaker = Breaker::new(PluginName::new("p").expect("a name"), 1);
        let call = |error: CallError| {
            let attempt = breaker.begin().map_err(|error| error.to_string())?;
            let outcome = Err(error);
            attempt.ended(&CallOutcome { outcome, usage: Usage::default(), slot: None });
            Ok::<_, String>(breaker.paused().is_some())
        };
        assert_eq!(call(CallError::Host("it is shutting down".into())), Ok(false));
        assert_eq!(call(CallError::Broken("nonsense".into())), Ok(false));
        let trapped = || CallError::Trapped {
            reason: "\u{1b}[31m".into(),
            last_words: Some("x".repeat(900)),
        };
        assert_eq!(call(trapped()), Ok(true));
        let refused = call(trapped()).expect_err("it is left alone");
        assert!(
            refused.contains("its plugin crashed once, and it is tried again in 1 s"),
            "{refused}"
        );
        assert!(!refused.contains('\u{1b}') && refused.len() < 700, "{refused}");
    }

    /// Returns a breaker whose plugin was left alone for long enough.
    fn due() -> Breaker {
        let mut circuit = Circuit::default();
        let start = Instant::now() - FIRST_PAUSE;
        let pass = circuit.begin(start).expect("it is called");
        circuit.end(pass, CountedEnd::Crash, 1, start);
        let known = Mutex::new(CrashRecord { circuit, reason: String::new() });
        let plugin = PluginName::new("p").expect("a name");
        Breaker { plugin, most: 1, is_calm: AtomicBool::new(false), known }
    }

    #[test]
    fn a_trial_that_is_dropped_is_followed_by_another() {
        let breaker = due();
        let mut trial = breaker.begin().expect("it is tried");
        trial.made();
        assert!(breaker.paused().is_some_and(|paused| paused.until.is_none()));
        drop(trial);
        assert!(breaker.paused().is_some_and(|paused| paused.until.is_some()));
    }

    #[test]
    fn a_trial_that_was_not_made_is_followed_by_another_at_once() {
        let breaker = due();
        breaker.begin().expect("it is tried").not_made();
        let trial = breaker.begin().expect("it is tried");
        // Its client has gone while it waited for the rate.
        drop(trial);
        assert!(breaker.begin().is_ok());
    }
}
