//! The state of one unit: the version that serves, the version that lies there now, the reason that was told.
//!
//! The contents of a lock, and the choice of the times at which reasons are told, are not known here.

use std::collections::VecDeque;
use std::time::Instant;

use super::super::scan::scanned::Contents;
use super::failed_versions::{FailedVersion, LoadError};
use crate::lockfile::Verdict;

/// Versions that are remembered because they did not load.
const MAX_BAD: usize = 4;

/// The reason why a version is not served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The fault of it.
    Wrong(String),
    /// There is no room: as many are loaded as there can be.
    Full,
}

/// The state of a unit. `good` serves, or else `listed`; beside these stand at most the following, and
/// `superseded` only if nothing serves:
///
/// | what lies there | `now` | `good` | `listed` | `held` | `failed` | `superseded` |
/// |---|---|---|---|---|---|---|
/// | what serves | `Good` | it | - | - | - | - |
/// | a version being loaded | `Loading` | an older one | it, or an older one | - | it, tried again | an older one |
/// | one that loaded and is not accepted | `Bad` | an accepted one | - | it | - | - |
/// | one that this machine could not load | `Bad` | an older one | it, for a few times | - | it | - |
/// | one that is no plugin | `Bad` | an older one | an older one | - | - | an older one |
/// | nothing, or half of it | `Gone` | an older one | an older one | - | - | an older one |
#[derive(Debug)]
pub(crate) struct Tracked<P> {
    /// The last version that loaded. It serves even if another version, or none, lies there now.
    pub(crate) good: Option<(Contents, P)>,
    /// The last version whose tools are known and whose code is being made. Served where none loaded.
    listed: Option<(Contents, P)>,
    /// The reason why it would not be served any more if it came now.
    doubt: Option<String>,
    /// The version that lies there, is good, and is not accepted.
    held: Option<AwaitingApproval<P>>,
    pub(crate) now: CurrentVersion,
    /// The last versions that did not load, and why: the same bytes are not tried again.
    bad: VecDeque<(Contents, String)>,
    /// The last version that could not be loaded on this machine at that time.
    failed: Option<FailedVersion>,
    /// A version still loading although the files have changed since; it serves until they load.
    superseded: Option<Contents>,
    /// The time until which calls wait for a good version, if nothing serves. `None` if they do not wait for it.
    patient_until: Option<Instant>,
    /// The reason that is told.
    pub(crate) told: Option<Reason>,
    /// The time at which a reason was last told. `None` before the first.
    pub(crate) told_at: Option<Instant>,
}

/// A version that loaded and is not accepted.
#[derive(Debug)]
struct AwaitingApproval<P> {
    contents: Contents,
    plugin: P,
    /// The reason why it is not accepted; it may be so meanwhile.
    reason: Option<String>,
}

/// The version that lies there now.
#[derive(Debug)]
pub(crate) enum CurrentVersion {
    /// The good version.
    Good,
    /// Something that changes while it is looked at; nothing is known of it.
    Unknown,
    /// Something that is about to be read.
    Unread,
    /// A version on its way, and how far it has come.
    Loading(Contents, LoadStage),
    Bad {
        reason: Reason,
        tell_at: Instant,
    },
    /// Nothing, or half of it.
    Gone {
        reason: Reason,
        until: Instant,
        then: Then,
    },
}

/// The stage of a version that is being loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LoadStage {
    /// Nothing is known of its tools.
    Unknown,
    /// Its tools are known. It serves until its code is made, and then goes on.
    Serves,
    /// Its tools are known, and it waits: an older version serves, or it is not accepted.
    Waits,
}

/// The treatment of a unit that stays gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Then {
    /// It is refused: half of it is there.
    Refuse,
    /// It is forgotten.
    Forget,
}

/// The relation of a found version to the known ones.
#[derive(Debug)]
pub(crate) enum Comparison {
    /// The version that is served or being loaded.
    Known,
    /// The version that is served, though another was refused and told.
    Forgiven,
    /// A good version that is accepted since it was held.
    Accepted,
    /// A version that is known not to be served, and the reason.
    Refused(String),
    /// A version that is not known. It is to be loaded.
    New,
}

/// The change that the passing of time brought.
#[derive(Debug)]
pub(crate) enum Due {
    Nothing,
    /// Something else is to be served or told.
    Changed,
    /// It has been gone for long enough.
    Forgotten,
}

impl<P> Tracked<P> {
    /// Nothing is known of it.
    pub(crate) fn new() -> Self {
        Self {
            good: None,
            listed: None,
            doubt: None,
            held: None,
            now: CurrentVersion::Unknown,
            bad: VecDeque::new(),
            failed: None,
            superseded: None,
            patient_until: None,
            told: None,
            told_at: None,
        }
    }

    /// True if it is a plugin, or about to be one.
    pub(crate) fn is_occupied(&self) -> bool {
        self.good.is_some()
            || self.listed.is_some()
            || self.held.is_some()
            || self.superseded.is_some()
            || matches!(self.now, CurrentVersion::Loading(..) | CurrentVersion::Unread)
    }

    /// Lets the version that lies there serve, which is good and accepted.
    pub(crate) fn serve(&mut self, contents: Contents, plugin: P) {
        (self.good, self.listed, self.doubt, self.held) =
            (Some((contents, plugin)), None, None, None);
        (self.superseded, self.patient_until) = (None, None);
        (self.now, self.told, self.failed) = (CurrentVersion::Good, None, None);
    }

    /// Lets the reason of a version that is refused be told from now on.
    pub(crate) fn tell_now(&mut self, now: Instant) {
        if let CurrentVersion::Bad { tell_at, .. } = &mut self.now {
            *tell_at = now.min(*tell_at);
        }
    }

    /// True if this version is being loaded.
    pub(crate) fn is_loading(&self, contents: &Contents) -> bool {
        matches!(&self.now, CurrentVersion::Loading(wanted, _) if wanted == contents)
    }

    /// True if a version is being loaded, or is about to be, that will change what is served: nothing is known of its
    /// tools, or an older one serves until its code is made.
    pub(crate) fn is_awaited(&self) -> bool {
        match &self.now {
            CurrentVersion::Loading(_, LoadStage::Unknown) => true,
            CurrentVersion::Unread => self.serving().is_none(),
            CurrentVersion::Loading(_, LoadStage::Waits) => self.good.is_some(),
            CurrentVersion::Loading(_, LoadStage::Serves) => false,
            CurrentVersion::Good
            | CurrentVersion::Unknown
            | CurrentVersion::Bad { .. }
            | CurrentVersion::Gone { .. } => false,
        }
    }

    /// The plugin that serves: the last version that loaded, or else the last whose tools are known.
    pub(crate) fn serving(&self) -> Option<&P> {
        self.serving_version().map(|(_, plugin)| plugin)
    }

    /// The plugin that serves, with its version.
    pub(crate) fn serving_version(&self) -> Option<&(Contents, P)> {
        self.good.as_ref().or(self.listed.as_ref())
    }

    /// True if the code of this version is being made although another may have taken its place: it serves.
    pub(crate) fn is_listed(&self, contents: &Contents) -> bool {
        self.listed.as_ref().is_some_and(|(listed, _)| listed == contents)
    }

    /// The tools of a version on its way are known. True if it serves from now on.
    pub(crate) fn lists(&mut self, contents: Contents, plugin: P, is_accepted: bool) -> bool {
        let serves = is_accepted && self.good.is_none();
        let CurrentVersion::Loading(wanted, progress) = &mut self.now else { return false };
        if *wanted != contents {
            return false;
        }
        *progress = if serves { LoadStage::Serves } else { LoadStage::Waits };
        if serves {
            self.listed = Some((contents, plugin));
            (self.superseded, self.patient_until) = (None, None);
            // Unless the same could not be loaded before.
            if self.failed.as_ref().is_none_or(|failed| failed.contents != contents) {
                self.told = None;
            }
        }
        serves
    }

    /// The version that serves by its tools alone turned out to be none, or not to be accepted. True if one did.
    pub(crate) fn unlists(&mut self) -> bool {
        self.listed.take().is_some()
    }

    /// The version that serves by its tools has its code, or has none, although something else lies there by now.
    pub(crate) fn loaded_listed(&mut self, contents: Contents, loaded: Result<P, LoadError>) {
        match loaded {
            Ok(plugin) => self.stays_good(contents, plugin),
            Err(LoadError::Bad(_)) => _ = self.unlists(),
            Err(LoadError::Failed(_) | LoadError::Changed) => {}
        }
    }

    /// A version loaded that is not what lies there any more: it serves until that does.
    pub(crate) fn stays_good(&mut self, contents: Contents, plugin: P) {
        (self.good, self.listed, self.superseded) = (Some((contents, plugin)), None, None);
    }

    /// Something else than `there` has been found in the place of a version on its way, if there is one. Where nothing
    /// serves, that version goes on.
    pub(crate) fn supersedes(&mut self, there: Option<&Contents>) {
        if let CurrentVersion::Loading(contents, LoadStage::Unknown) = &self.now
            && there != Some(contents)
            && self.serving().is_none()
        {
            self.superseded = Some(*contents);
        }
    }

    /// True if this version goes on although something else has taken its place.
    pub(crate) fn is_superseded(&self, contents: &Contents) -> bool {
        self.superseded.as_ref() == Some(contents)
    }

    /// The version that went on did not become a plugin.
    pub(crate) fn ends_superseded(&mut self) {
        self.superseded = None;
    }

    /// True if calls wait for it: it is on its way, is loaded again before long, or may be about to become right.
    pub(crate) fn is_coming(&self) -> bool {
        match self.serving() {
            Some(_) => self.is_awaited(),
            None => {
                let is_retried = self.is_coming_again();
                matches!(
                    self.now,
                    CurrentVersion::Loading(..) | CurrentVersion::Unknown | CurrentVersion::Unread
                ) || self.superseded.is_some()
                    || self.patient_until.is_some()
                    || is_retried
            }
        }
    }

    /// This version lies there.
    pub(crate) fn lies_there(&mut self, contents: Contents) -> Comparison {
        let held = self.held.take().filter(|held| held.contents == contents);
        if self.good.as_ref().is_some_and(|(good, _)| *good == contents) {
            if let Some(reason) = self.doubt.clone() {
                return Comparison::Refused(reason);
            }
            self.now = CurrentVersion::Good;
            return if self.told.take().is_some() {
                Comparison::Forgiven
            } else {
                Comparison::Known
            };
        }
        let waits =
            |failed: &&FailedVersion| failed.contents == contents && failed.retry_at.is_some();
        let failed = self.failed.as_ref().filter(waits).map(|failed| &failed.reason);
        match (held, self.why_bad(&contents).or(failed)) {
            (Some(AwaitingApproval { contents, plugin, reason: None }), _) => {
                self.serve(contents, plugin);
                Comparison::Accepted
            }
            (Some(AwaitingApproval { contents, plugin, reason: Some(reason) }), _) => {
                self.hold(contents, plugin, reason.clone());
                Comparison::Refused(reason)
            }
            (None, Some(reason)) => Comparison::Refused(reason.clone()),
            (None, None) if self.is_loading(&contents) => Comparison::Known,
            (None, None) => Comparison::New,
        }
    }

    /// Holds back a version that is good and not accepted.
    pub(crate) fn hold(&mut self, contents: Contents, plugin: P, reason: String) {
        self.held = Some(AwaitingApproval { contents, plugin, reason: Some(reason) });
    }

    /// Forgets the version that was held back.
    pub(crate) fn lets_go(&mut self) {
        self.held = None;
    }

    /// Another lock judges its versions. What it does not name any more is not served any more; what was accepted
    /// in another version than it names now serves on. Whether something else is to be served.
    pub(crate) fn judge_again(&mut self, judge: impl Fn(&Contents, &P) -> Verdict) -> bool {
        if let Some(held) = &mut self.held {
            held.reason = judge(&held.contents, &held.plugin).reason();
        }
        let judged =
            |(contents, plugin): &(Contents, P)| judge(contents, plugin).reason().is_some();
        let is_revoked = self.listed.take_if(|listed| judged(listed)).is_some();
        if is_revoked
            && let CurrentVersion::Loading(_, progress @ LoadStage::Serves) = &mut self.now
        {
            *progress = LoadStage::Waits;
        }
        let Some((contents, plugin)) = self.good.take() else { return is_revoked };
        match judge(&contents, &plugin) {
            Verdict::Unlisted(reason) => {
                self.doubt = None;
                self.held.get_or_insert(AwaitingApproval {
                    contents,
                    plugin,
                    reason: Some(reason),
                });
                true
            }
            verdict @ (Verdict::Accepted | Verdict::Differs(_)) => {
                self.good = Some((contents, plugin));
                self.doubt = verdict.reason();
                false
            }
        }
    }

    /// This version could not be loaded, and is loaded again after a while.
    pub(crate) fn fails(&mut self, contents: Contents, reason: String, now: Instant) {
        let before = self.failed.take().filter(|failed| failed.contents == contents);
        self.failed = Some(FailedVersion::again(before, contents, reason, now));
    }

    /// True if it is time to load again what could not be loaded; that is asked once.
    pub(crate) fn is_to_retry(&mut self, now: Instant) -> bool {
        self.failed.as_mut().is_some_and(|failed| failed.is_to_retry(now))
    }

    /// Gives up the version that could not be loaded, if another lies there: it is not loaded again. True if its tools
    /// were served.
    pub(crate) fn gives_up_failed(&mut self, there: Option<&Contents>) -> bool {
        let failed = self.failed.take_if(|failed| there != Some(&failed.contents));
        let is_failed = |(listed, _): &mut (Contents, P)| {
            failed.as_ref().is_some_and(|failed| failed.contents == *listed)
        };
        self.listed.take_if(is_failed).is_some()
    }

    /// True if what serves is an older version than what lies there and is refused.
    pub(crate) fn serves_older(&self) -> bool {
        let is_older = |(listed, _): &(Contents, P)| {
            self.failed.as_ref().is_none_or(|failed| failed.contents != *listed)
        };
        self.good.is_some() || self.listed.as_ref().is_some_and(is_older)
    }

    /// True if it could not be loaded, and calls wait until it is loaded again.
    pub(crate) fn is_coming_again(&self) -> bool {
        self.failed.as_ref().is_some_and(FailedVersion::is_coming_again)
    }

    /// True if calls of it wait no more from now on; that is asked once.
    pub(crate) fn loses_patience(&mut self, now: Instant) -> bool {
        self.patient_until.take_if(|until| *until <= now).is_some()
    }

    /// Lets happen what was waiting for its time.
    pub(crate) fn advance(&mut self, now: Instant) -> Due {
        let (told, is_gone) = match &self.now {
            CurrentVersion::Bad { reason, tell_at } if *tell_at <= now => (reason, false),
            CurrentVersion::Gone { until, then: Then::Forget, .. } if *until <= now => {
                return Due::Forgotten;
            }
            CurrentVersion::Gone { reason, until, .. } if *until <= now => (reason, true),
            CurrentVersion::Good
            | CurrentVersion::Unknown
            | CurrentVersion::Unread
            | CurrentVersion::Loading(..)
            | CurrentVersion::Bad { .. }
            | CurrentVersion::Gone { .. } => {
                return Due::Nothing;
            }
        };
        let mut changed = is_gone && (self.good.take().is_some() | self.listed.take().is_some());
        if self.told.as_ref() != Some(told) {
            self.told = Some(told.clone());
            self.told_at = Some(now);
            changed = true;
        }
        if changed { Due::Changed } else { Due::Nothing }
    }

    /// Notes that the unit is there, in a state not yet known: it is not waited for any more.
    pub(crate) fn stays(&mut self) {
        if matches!(self.now, CurrentVersion::Gone { .. }) {
            self.now = CurrentVersion::Unknown;
        }
    }

    /// Notes that the unit is there, and will be read before long.
    pub(crate) fn is_to_be_read(&mut self) {
        if matches!(self.now, CurrentVersion::Gone { .. } | CurrentVersion::Unknown) {
            self.now = CurrentVersion::Unread;
        }
    }

    /// Remembers that these bytes are no plugin, wanted or not: they may come back.
    pub(crate) fn is_bad(&mut self, contents: Contents, reason: String) {
        self.bad.truncate(MAX_BAD - 1);
        self.bad.push_front((contents, reason));
    }

    /// Returns the reason why these bytes are no plugin, if that is known.
    pub(crate) fn why_bad(&self, contents: &Contents) -> Option<&String> {
        self.bad.iter().find(|(bad, _)| bad == contents).map(|(_, reason)| reason)
    }

    /// Refuses the version that lies there for `reason`, which is told from `tell_at` on. Where no version serves,
    /// calls wait for a better one until `patient_until`.
    pub(crate) fn refuse(&mut self, reason: Reason, tell_at: Instant, patient_until: Instant) {
        match &mut self.now {
            CurrentVersion::Bad { reason: known, .. } if *known == reason => {}
            other => {
                *other = CurrentVersion::Bad { reason, tell_at };
                self.patient_until.get_or_insert(patient_until);
            }
        }
    }

    /// Notes that the unit is not there, and is waited for until `until`. Where nothing serves, calls wait until
    /// `patient_until`.
    pub(crate) fn gone(
        &mut self,
        reason: String,
        until: Instant,
        then: Then,
        patient_until: Instant,
    ) {
        let reason = Reason::Wrong(reason);
        match &mut self.now {
            CurrentVersion::Gone { reason: known, then: planned, .. }
                if *known == reason && *planned == then => {}
            other => {
                *other = CurrentVersion::Gone { reason, until, then };
                self.patient_until.get_or_insert(patient_until);
            }
        }
    }

    /// Returns the time at which the unit next has a reason to tell, is loaded again, or lets calls wait no more.
    /// `None` if no time is set.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let tell_at = match &self.now {
            CurrentVersion::Bad { reason, tell_at: at }
            | CurrentVersion::Gone { reason, until: at, .. } => {
                (self.told.as_ref() != Some(reason)).then_some(*at)
            }
            CurrentVersion::Good
            | CurrentVersion::Unknown
            | CurrentVersion::Unread
            | CurrentVersion::Loading(..) => None,
        };
        let retry_at = self.failed.as_ref().and_then(|failed| failed.retry_at);
        tell_at.into_iter().chain(retry_at).chain(self.patient_until).min()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::manifest::Sha256Digest;

    #[test]
    fn the_last_versions_that_did_not_load_are_remembered_and_no_more() {
        let version = |at: u8| Contents {
            manifest: Sha256Digest::of(&[at]),
            wasm: Sha256Digest::of(b"wasm"),
            wit: None,
            local: None,
            missing: None,
        };
        let mut unit = Tracked::<()>::new();
        for at in 0..10 {
            unit.is_bad(version(at), at.to_string());
        }
        let known: Vec<_> = (0..10).filter_map(|at| unit.why_bad(&version(at))).collect();
        assert_eq!(known, ["6", "7", "8", "9"]);
    }

    #[test]
    fn a_version_that_is_held_back_takes_a_place_until_it_is_let_go() {
        let digest = Sha256Digest::of(b"");
        let contents =
            Contents { manifest: digest, wasm: digest, wit: None, local: None, missing: None };
        let mut unit = Tracked::new();
        assert!(!unit.is_occupied());
        unit.hold(contents, (), "not approved".into());
        assert!(unit.is_occupied());
        unit.lets_go();
        assert!(!unit.is_occupied());
        unit.serve(contents, ());
        assert!(unit.is_occupied());
    }

    #[test]
    fn what_is_gone_keeps_its_time_until_something_else_is_to_follow() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut unit = Tracked::<()>::new();
        unit.gone("why".into(), at(1), Then::Refuse, at(9));
        unit.gone("why".into(), at(2), Then::Refuse, at(9));
        assert_eq!(unit.deadline(), Some(at(1)));
        unit.gone("why".into(), at(3), Then::Forget, at(9));
        assert!(matches!(unit.advance(at(2)), Due::Nothing));
        assert!(matches!(unit.advance(at(3)), Due::Forgotten));
    }
}
