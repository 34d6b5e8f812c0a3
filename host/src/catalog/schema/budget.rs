//! A bound on what one validation may cost.
//!
//! A schema is the plugin's and a value is anybody's, and both may be hostile. Whatever the validator reads of a value
//! goes through [`metered`](super::metered), which spends of this budget: of steps, of time, of stack, and of memory for
//! problems. When one of them is used up, the validation ends.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::{Duration, Instant};

/// Steps that one validation may take: looks at a value. A megabyte of small items needs a tenth of it.
const MAX_STEPS: u32 = 20_000_000;
/// The steps between two looks at the clock.
const STEPS_PER_LOOK: u32 = 64;
/// The longest time that one validation may take.
const MAX_VALIDATION_TIME: Duration = Duration::from_millis(500);
/// The steps and the time of a validation that is over before another thread could be asked.
const QUICK_STEPS: u32 = 10_000;
const QUICK_TIME: Duration = Duration::from_millis(1);
/// Bytes of stack that one validation may use: a quarter of what a thread has.
const MAX_VALIDATION_STACK: usize = 512 * 1024;
/// The most memory that the problems of one value may take beside a few copies of it, in bytes. They are found all at
/// once, and few are told.
const MAX_PROBLEM_MEMORY: usize = 16 * 1024 * 1024;
/// The memory of one problem without the texts in it, in bytes.
const PROBLEM_SIZE: usize = 512;
/// The copies of a value that its problems may hold: a problem of an alternative holds one of what it is about.
const MAX_COPIES: usize = 4;
/// The memory of a name without its text, in bytes.
const NAME_SIZE: usize = 64;

thread_local! {
    static LEFT: Cell<Option<Left>> = const { Cell::new(None) };
}

#[derive(Clone, Copy)]
struct Left {
    steps: u32,
    /// The number of steps that are left at the next look at the clock.
    next_look: u32,
    until: Instant,
    /// The longest text that may be searched, in bytes.
    longest_text: usize,
    /// The address of something on the stack when the validation began.
    stack: usize,
    /// The budget of problems, while they are collected.
    problems: Option<Problems>,
}

#[derive(Clone, Copy)]
struct Problems {
    memory: usize,
    /// The memory that each problem takes.
    each: usize,
}

/// The sign that a validation was ended because its budget was spent.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BudgetSpent {
    /// Its time, its steps or its stack.
    #[error("checking them against the schema takes too long")]
    Time,
    /// A text would be searched for too long.
    #[error(
        "checking them against the schema takes too long: a text of {length} bytes is searched with a pattern; the most is \
         {most} for patterns as large as those of the schema"
    )]
    Text {
        /// The length of the text, in bytes.
        length: usize,
        /// The length of the longest text that may be searched.
        most: usize,
    },
}

/// The sign that problems were no longer collected because they take too much memory.
struct ProblemsFull;

/// Runs `validate` within the budget.
pub(crate) fn within<T>(validate: impl FnOnce() -> T) -> Result<T, BudgetSpent> {
    limited(MAX_STEPS, MAX_VALIDATION_TIME, validate)
}

/// Runs `validate` within what a thread can spare that has something else to do. `None` if it would take longer.
pub(crate) fn at_once<T>(validate: impl FnOnce() -> T) -> Option<T> {
    limited(QUICK_STEPS, QUICK_TIME, validate).ok()
}

fn limited<T>(steps: u32, time: Duration, validate: impl FnOnce() -> T) -> Result<T, BudgetSpent> {
    LEFT.set(Some(Left {
        steps,
        next_look: steps,
        until: Instant::now() + time,
        longest_text: usize::MAX,
        stack: stack_address(),
        problems: None,
    }));
    let _cleared = ClearedAtEnd;
    caught(validate)
}

/// Leaves no budget behind, also where `validate` panics: what is read later is not counted.
struct ClearedAtEnd;

impl Drop for ClearedAtEnd {
    fn drop(&mut self) {
        LEFT.set(None);
    }
}

/// Sets the length of the longest text that may be searched from here on, in bytes: a search is one step.
pub(crate) fn search_up_to(longest_text: usize) {
    LEFT.set(LEFT.get().map(|left| Left { longest_text, ..left }));
}

/// The size of what problems hold.
#[derive(Clone, Copy)]
pub(crate) struct ProblemSize {
    /// The memory of the value that they are problems of, in bytes.
    pub(crate) value: usize,
    /// The length of the longest path within it, in bytes.
    pub(crate) path: usize,
}

/// Runs `collect`, which collects problems. `None` if they are too many to keep.
pub(crate) fn collecting<T>(size: ProblemSize, collect: impl FnOnce() -> T) -> Option<T> {
    let memory = MAX_PROBLEM_MEMORY.saturating_add(MAX_COPIES.saturating_mul(size.value));
    let problems = Problems { memory, each: PROBLEM_SIZE + size.path };
    set_problems(Some(problems));
    let collected = caught::<ProblemsFull, _>(collect);
    set_problems(None);
    collected.ok()
}

/// Runs `work`, which may be ended with the sign `S`.
fn caught<S: 'static, T>(work: impl FnOnce() -> T) -> Result<T, S> {
    // The validator keeps no state between validations that an unwound one could leave broken.
    catch_unwind(AssertUnwindSafe(work))
        .map_err(|cause| *cause.downcast::<S>().unwrap_or_else(|cause| resume_unwind(cause)))
}

fn set_problems(problems: Option<Problems>) {
    LEFT.set(LEFT.get().map(|left| Left { problems, ..left }));
}

/// Counts one look at a value, and `bytes` that are looked at in it; ends the validation where that is too much.
pub(crate) fn spend(bytes: usize) {
    let Some(mut left) = LEFT.get() else { return };
    let steps = u32::try_from(1 + bytes / 64).unwrap_or(u32::MAX);
    left.steps = left.steps.saturating_sub(steps);
    let deep = left.stack.abs_diff(stack_address()) > MAX_VALIDATION_STACK;
    let mut spent = left.steps == 0 || deep;
    if left.steps <= left.next_look {
        left.next_look = left.steps.saturating_sub(STEPS_PER_LOOK);
        spent |= Instant::now() > left.until;
    }
    LEFT.set(Some(left));
    if spent {
        end();
    }
}

/// Ends the validation as one that costs too much.
pub(crate) fn end() -> ! {
    // This is not a panic: nothing is wrong here, and no message is due.
    resume_unwind(Box::new(BudgetSpent::Time));
}

/// Counts a text that may be searched; ends the validation where it is too long for that.
pub(crate) fn spend_search(text: &str) {
    spend(text.len());
    let most = LEFT.get().map_or(usize::MAX, |left| left.longest_text);
    if text.len() > most {
        resume_unwind(Box::new(BudgetSpent::Text { length: text.len(), most }));
    }
}

/// Counts a problem that is kept, with a copy of what it is about, which takes `copy` bytes.
pub(crate) fn keep_problem(copy: impl FnOnce() -> usize) {
    if let Some(problems) = LEFT.get().and_then(|left| left.problems) {
        let copy = copy();
        keep(problems, problems.each.saturating_add(copy));
    }
}

/// Counts a name that a problem may keep.
pub(crate) fn keep_name(name: &str) {
    if let Some(problems) = LEFT.get().and_then(|left| left.problems) {
        keep(problems, NAME_SIZE + name.len());
    }
}

fn keep(problems: Problems, bytes: usize) {
    let Some(memory) = problems.memory.checked_sub(bytes) else {
        // This is not a panic either.
        resume_unwind(Box::new(ProblemsFull));
    };
    set_problems(Some(Problems { memory, ..problems }));
}

#[inline(never)]
fn stack_address() -> usize {
    let here = 0_u8;
    std::ptr::from_ref(std::hint::black_box(&here)).addr()
}

/// The number of steps that `work` takes.
#[cfg(test)]
pub(super) fn steps_of(work: impl FnOnce()) -> u32 {
    let left = || LEFT.get().map_or(0, |left| left.steps);
    let left = within(|| {
        work();
        left()
    });
    MAX_STEPS - left.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_end_by_itself_is_ended() {
        assert!(
            within(|| loop {
                spend(0)
            })
            .is_err()
        );
        assert!(within(|| spend(usize::MAX)).is_err());
        assert!(within(|| dig(0)).is_err(), "the stack is bounded");
        assert!(within(|| search_up_to(3)).is_ok());
        assert!(within(|| (search_up_to(3), spend_search("abc"))).is_ok());
        assert!(within(|| (search_up_to(3), spend_search("abcd"))).is_err());
        // What one validation may not do, the next one may.
        assert!(within(|| spend_search("abcd")).is_ok());
    }

    fn dig(depth: usize) -> usize {
        spend(0);
        if depth == usize::MAX { 0 } else { dig(depth + 1) + std::hint::black_box(depth) }
    }

    #[test]
    fn problems_are_kept_as_long_as_there_is_memory() {
        let kept = |path, problems| {
            let keep = || (0..problems).for_each(|_| keep_problem(|| 0));
            within(|| collecting(ProblemSize { value: 0, path }, keep).is_some()).expect("a moment")
        };
        assert!(kept(0, 30_000) && !kept(0, 40_000));
        assert!(kept(1_000_000, 16) && !kept(1_000_000, 17));
        let copies = |copies| {
            let size = ProblemSize { value: 100 << 20, path: 0 };
            let keep = || (0..copies).for_each(|_| keep_problem(|| size.value));
            within(|| collecting(size, keep).is_some()).expect("a moment")
        };
        assert!(copies(4) && !copies(5));
        let names = || (0..300).for_each(|_| keep_name(&"n".repeat(65_536)));
        assert!(
            within(|| collecting(ProblemSize { value: 0, path: 0 }, names))
                .expect("a moment")
                .is_none()
        );
        assert!(within(names).is_ok(), "they are kept only while problems are collected");
    }
}
