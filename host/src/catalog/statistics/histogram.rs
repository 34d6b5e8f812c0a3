//! A histogram of fixed size: the one store of how long calls take and how much memory they need.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Counts of values, by the bounds between which they lie. It takes its memory at the first value.
#[derive(Debug)]
pub(crate) struct Histogram {
    /// The upper bounds of the buckets, in ascending order; each belongs to its bucket. Above the last is one more bucket.
    bounds: &'static [u64],
    counts: OnceLock<Box<[AtomicU64]>>,
    sum: AtomicU64,
}

/// The values of a [`Histogram`] at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HistogramSnapshot {
    bounds: &'static [u64],
    counts: Vec<u64>,
    sum: u64,
}

impl Histogram {
    /// An empty one with these bounds.
    #[must_use]
    pub(super) const fn new(bounds: &'static [u64]) -> Self {
        Self { bounds, counts: OnceLock::new(), sum: AtomicU64::new(0) }
    }

    pub(super) fn record(&self, value: u64) {
        let make = || (0..=self.bounds.len()).map(|_| AtomicU64::new(0)).collect();
        let counts = self.counts.get_or_init(make);
        let bucket = self.bounds.partition_point(|bound| *bound < value);
        counts[bucket].fetch_add(1, Relaxed);
        self.sum.fetch_add(value, Relaxed);
    }

    /// Returns the values at this moment.
    #[must_use]
    pub(crate) fn snapshot(&self) -> HistogramSnapshot {
        let counts = self.counts.get().into_iter().flatten();
        HistogramSnapshot {
            bounds: self.bounds,
            counts: counts.map(|count| count.load(Relaxed)).collect(),
            sum: self.sum.load(Relaxed),
        }
    }
}

impl HistogramSnapshot {
    /// Returns the values of both. They must have the same bounds.
    #[must_use]
    pub(crate) fn with(mut self, other: &Self) -> Self {
        debug_assert_eq!(self.bounds, other.bounds);
        self.counts.resize(self.counts.len().max(other.counts.len()), 0);
        for (count, more) in self.counts.iter_mut().zip(&other.counts) {
            *count += more;
        }
        self.sum += other.sum;
        self
    }

    /// Returns the values that were not there yet in `earlier`, which must have the same bounds. Where some have gone since,
    /// as many are missed.
    #[must_use]
    pub(crate) fn since(mut self, earlier: &Self) -> Self {
        debug_assert_eq!(self.bounds, earlier.bounds);
        for (count, before) in self.counts.iter_mut().zip(&earlier.counts) {
            *count = count.saturating_sub(*before);
        }
        self.sum = self.sum.saturating_sub(earlier.sum);
        self
    }

    /// Returns the number of values.
    #[must_use]
    pub(crate) fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// Returns the mean of the values. `None` if there are none.
    #[must_use]
    pub(crate) fn mean(&self) -> Option<u64> {
        self.sum.checked_div(self.count())
    }

    /// Returns the value below which `share` of the values lie, which is between 0 and 1; as exact as a bucket is narrow,
    /// and at most the highest bound. `None` if there are no values.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a quantile is an estimate")]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it is between two bounds"
    )]
    pub(crate) fn quantile(&self, share: f64) -> Option<u64> {
        let wanted = share * self.count() as f64;
        let mut below = 0;
        for (at, count) in self.counts.iter().enumerate().filter(|(_, count)| **count > 0) {
            let from = at.checked_sub(1).map_or(0, |before| self.bounds[before]);
            // Of the values above the highest bound nothing else is known.
            let to = self.bounds.get(at).copied().unwrap_or(from);
            if (below + count) as f64 >= wanted {
                let within = (wanted - below as f64) / *count as f64;
                return Some(from + ((to - from) as f64 * within).round() as u64);
            }
            below += count;
        }
        None
    }

    /// Returns the number of values up to `bound`, which must be one of the histogram's own bounds.
    pub(crate) fn up_to(&self, bound: u64) -> u64 {
        let buckets = self.bounds.partition_point(|own| *own <= bound);
        self.counts.iter().take(buckets).sum()
    }

    /// Returns the sum of the values.
    pub(crate) fn sum(&self) -> u64 {
        self.sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: [u64; 3] = [10, 20, 40];

    fn of(values: &[u64]) -> HistogramSnapshot {
        let histogram = Histogram::new(&BOUNDS);
        values.iter().for_each(|value| histogram.record(*value));
        histogram.snapshot()
    }

    #[test]
    fn a_bound_belongs_to_the_bucket_below_it() {
        let values = of(&[0, 10, 11, 20, 40, 41, u64::MAX >> 8]);
        let up_to: Vec<u64> = BOUNDS.iter().map(|bound| values.up_to(*bound)).collect();
        assert_eq!(up_to, [2, 4, 5]);
        assert_eq!(values.count(), 7);
    }

    #[test]
    fn a_quantile_lies_where_so_many_values_are_below_it() {
        assert_eq!(of(&[]).quantile(0.5), None);
        assert_eq!((of(&[]).mean(), of(&[4, 6]).mean()), (None, Some(5)));
        let values = of(&[5, 15, 15, 15, 30, 30, 30, 30, 30, 30]);
        for (share, expected) in [(0.1, 10), (0.25, 15), (0.4, 20), (0.7, 30), (1.0, 40)] {
            assert_eq!(values.quantile(share), Some(expected), "{share}");
        }
        assert_eq!(of(&[1_000]).quantile(0.5), Some(40), "above the last bound");
    }

    #[test]
    fn two_are_added_even_if_one_is_empty() {
        let (one, none) = (of(&[5, 50]), of(&[]));
        for sum in [one.clone().with(&none), none.with(&one)] {
            assert_eq!((sum.count(), sum.mean(), sum.quantile(0.5)), (2, Some(27), Some(10)));
        }
    }

    #[test]
    fn what_came_since_is_told_apart_from_what_was_there() {
        let (before, after) = (of(&[5, 15]), of(&[5, 15, 15, 30]));
        let since = after.clone().since(&before);
        assert_eq!((since.count(), since.sum()), (2, 45));
        assert_eq!(before.clone().since(&after).count(), 0, "some have gone");
        assert_eq!(after.clone().since(&of(&[])), after);
        assert_eq!(of(&[]).since(&before).count(), 0);
    }
}
