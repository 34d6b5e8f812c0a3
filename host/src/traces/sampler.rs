//! The choice of the traces that are kept, and the bound on how many that are.
//!
//! Pure: it is told the time.

use std::sync::Mutex;
use std::time::Instant;

use crate::catalog::Bucket;
use crate::manifest::Rate;
use crate::sync::lock;
use crate::tool::TraceParent;

/// The traces that are kept at most, whoever asks: all of them at once, and then no more than that in any second.
const MAX_TRACES: u32 = 500;
/// Those of them that are kept because a client says that it keeps its own, where the sampler alone would not keep them.
const MAX_ASKED_TRACES: u32 = 50;

/// The sampler that the operator has chosen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Sampling {
    pub(super) root: RootSampling,
    /// True if a trace that somebody else has begun is kept where that one keeps it, and not elsewhere.
    pub(super) follows_parent: bool,
}

/// The choice for traces that begin here.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum RootSampling {
    All,
    None,
    /// This share of them, from 0 to 1, by their ids.
    Share(f64),
}

/// The sampler with what it has kept lately.
pub(super) struct Sampler {
    sampling: Sampling,
    rates: Option<SampledRates>,
    // A lock and not a snapshot: calls end on every thread. It is held to count one.
    buckets: Mutex<SampledBuckets>,
}

#[derive(Clone, Copy)]
struct SampledRates {
    all: Rate,
    asked: Rate,
}

#[derive(Default)]
struct SampledBuckets {
    all: Bucket,
    asked: Bucket,
}

/// The choice for one trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Choice {
    Kept,
    Left,
    /// It would be kept, but too many were lately.
    OverRate,
}

impl Default for Sampling {
    fn default() -> Self {
        Self { root: RootSampling::All, follows_parent: true }
    }
}

impl RootSampling {
    fn keeps(self, trace: &[u8; 16]) -> bool {
        match self {
            Self::All => true,
            Self::None => false,
            Self::Share(share) => {
                // As the SDKs of OpenTelemetry do, so that all who see the trace decide alike.
                let [.., a, b, c, d, e, f, g, h] = *trace;
                let number = u64::from_be_bytes([a, b, c, d, e, f, g, h]) >> 1;
                #[expect(
                    clippy::cast_precision_loss,
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "a share of a large number"
                )]
                let bound = (share.clamp(0.0, 1.0) * (1_u64 << 63) as f64) as u64;
                number < bound
            }
        }
    }
}

impl Sampler {
    pub(super) fn new(sampling: Sampling) -> Self {
        // Both are rates, which a test shows.
        let rate = |calls: u32| format!("{calls}/s").parse().ok();
        let rates = rate(MAX_TRACES)
            .zip(rate(MAX_ASKED_TRACES))
            .map(|(all, asked)| SampledRates { all, asked });
        Self { sampling, rates, buckets: Mutex::default() }
    }

    /// Chooses for a trace with this id, whose call names this parent.
    pub(super) fn choose(
        &self,
        trace: &[u8; 16],
        parent: Option<&TraceParent>,
        now: Instant,
    ) -> Choice {
        let Sampling { root, follows_parent } = self.sampling;
        let parent = parent.filter(|_| follows_parent);
        if parent.is_some_and(|parent| !parent.is_sampled) {
            return Choice::Left;
        }
        let is_own = root.keeps(trace);
        if !is_own && parent.is_none() {
            return Choice::Left;
        }
        let Some(SampledRates { all, asked }) = self.rates else { return Choice::OverRate };
        let mut buckets = lock(&self.buckets);
        // Beyond that it is as if nobody had asked: nothing is lost that the sampler wanted.
        if !is_own && buckets.asked.take(asked, now).is_err() {
            return Choice::Left;
        }
        match buckets.all.take(all, now) {
            Ok(()) => Choice::Kept,
            Err(_) => Choice::OverRate,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn parent(is_sampled: bool) -> TraceParent {
        TraceParent { trace: [1; 16], span: [1; 8], is_sampled, state: "".into() }
    }

    fn chosen(sampling: Sampling, trace: u8, parent: Option<&TraceParent>) -> Choice {
        Sampler::new(sampling).choose(&[trace; 16], parent, Instant::now())
    }

    #[test]
    fn a_parent_decides_where_the_sampler_follows_it() {
        let (kept, left) = (parent(true), parent(false));
        let of = |root, follows_parent| Sampling { root, follows_parent };
        for (sampling, by_none, by_kept, by_left) in [
            (of(RootSampling::All, true), Choice::Kept, Choice::Kept, Choice::Left),
            (of(RootSampling::None, true), Choice::Left, Choice::Kept, Choice::Left),
            (of(RootSampling::All, false), Choice::Kept, Choice::Kept, Choice::Kept),
            (of(RootSampling::None, false), Choice::Left, Choice::Left, Choice::Left),
            (of(RootSampling::Share(0.0), true), Choice::Left, Choice::Kept, Choice::Left),
            (of(RootSampling::Share(1.0), false), Choice::Kept, Choice::Kept, Choice::Kept),
        ] {
            for (parent, expected) in
                [(None, by_none), (Some(&kept), by_kept), (Some(&left), by_left)]
            {
                assert_eq!(chosen(sampling, 7, parent), expected, "{sampling:?} {parent:?}");
            }
        }
    }

    #[test]
    fn a_share_is_taken_by_the_id() {
        let half = Sampling { root: RootSampling::Share(0.5), follows_parent: true };
        let kept = (0..=255).filter(|&trace| chosen(half, trace, None) == Choice::Kept);
        assert_eq!(kept.collect::<Vec<_>>(), (0..128).collect::<Vec<_>>());
    }

    #[test]
    fn neither_clients_nor_the_sampler_have_more_kept_than_the_rates_allow() {
        let kept = |root, seconds: u32| {
            let sampler = Sampler::new(Sampling { root, follows_parent: true });
            let (start, sampled) = (Instant::now(), parent(true));
            let steps = 2000 * seconds;
            let at = |step: u32| start + Duration::from_micros(500) * step;
            let choices = (0..steps).map(|step| sampler.choose(&[9; 16], Some(&sampled), at(step)));
            choices.filter(|choice| *choice == Choice::Kept).count()
        };
        // The first second has what comes back in it, and what was there before.
        assert!((50..=100).contains(&kept(RootSampling::None, 1)));
        assert!((500..=1000).contains(&kept(RootSampling::All, 1)));
        assert!(
            (450..=550).contains(&kept(RootSampling::None, 10)),
            "{}",
            kept(RootSampling::None, 10)
        );
    }
}
