//! The form in which a review is shown.

/// The extent and the form of a review that is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReviewForm {
    /// Of a new plugin what it may reach, and the first sentence of each tool; of a changed one all that differs.
    Summary,
    /// All that a model reads of the tools.
    Full,
    /// JSON.
    Json,
}
