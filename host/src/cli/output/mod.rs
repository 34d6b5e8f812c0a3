//! What every command prints with: colours, questions, differences, grants and local files in words.

pub(super) mod typed_words;
pub(super) mod print;
pub(super) mod consent;
pub(super) mod diff;
pub(super) mod grants;
pub(super) mod local;
pub(super) mod served;
