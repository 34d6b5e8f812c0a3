//! Batches: arrays of messages that are answered by one array, once the last answer is there.
//!
//! Only revision 2025-03-26 has them. What the messages mean is not known here.

use std::collections::BTreeMap;

/// Messages of one batch.
pub(crate) const MAX_BATCH_MESSAGES: usize = 256;
/// Batches that are open at once: each holds its answers until the last is there.
const MAX_OPEN_BATCHES: usize = 4;
/// The bytes of answers that all open batches hold together at most. An answer beyond that is replaced by an error.
const MAX_BATCH_ANSWERS: usize = 8 * 1024 * 1024;

/// Names an open batch. Never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct BatchKey(u64);

/// The batches that are not answered yet.
#[derive(Default)]
pub(crate) struct Batches {
    open: BTreeMap<BatchKey, Batch>,
    last_key: u64,
}

#[derive(Default)]
struct Batch {
    /// Requests without an answer.
    due: usize,
    answers: Vec<String>,
    /// Of the answers together.
    bytes: usize,
}

impl Batches {
    /// Opens a batch of so many messages with one thing due: that it be read to its end. Or says why
    /// it is refused as a whole.
    pub(crate) fn open(&mut self, messages: usize) -> Result<BatchKey, String> {
        if messages == 0 {
            return Err("the batch is empty".into());
        }
        if messages > MAX_BATCH_MESSAGES {
            return Err(format!(
                "the batch has {messages} messages; the most is {MAX_BATCH_MESSAGES}"
            ));
        }
        if self.open.len() >= MAX_OPEN_BATCHES {
            return Err(format!("{MAX_OPEN_BATCHES} batches still run; wait for their answers"));
        }
        self.last_key += 1;
        let key = BatchKey(self.last_key);
        self.open.insert(key, Batch { due: 1, ..Batch::default() });
        Ok(key)
    }

    /// One more answer is due.
    pub(crate) fn expect(&mut self, key: BatchKey) {
        if let Some(batch) = self.open.get_mut(&key) {
            batch.due += 1;
        }
    }

    /// Keeps an answer. Where there is no room for it, it is `instead` that is kept.
    pub(crate) fn add(
        &mut self,
        key: BatchKey,
        answer: String,
        instead: impl FnOnce(&str) -> String,
    ) {
        let held: usize = self.open.values().map(|batch| batch.bytes).sum();
        let answer = match held + answer.len() > MAX_BATCH_ANSWERS {
            true => {
                instead("the answers of open batches are too large together; ask for this alone")
            }
            false => answer,
        };
        if let Some(batch) = self.open.get_mut(&key) {
            batch.bytes += answer.len();
            batch.answers.push(answer);
        }
    }

    /// One thing less is due. Gives the line that answers the batch, if it was the last and there is
    /// anything to say.
    pub(crate) fn one_less_due(&mut self, key: BatchKey) -> Option<String> {
        let batch = self.open.get_mut(&key)?;
        batch.due -= 1;
        if batch.due > 0 {
            return None;
        }
        let answers = self.open.remove(&key)?.answers;
        (!answers.is_empty()).then(|| format!("[{}]", answers.join(",")))
    }
}
