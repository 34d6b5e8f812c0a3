//! The plugin `{name}`. Every `pub fn` in the module below is a tool.

#[toolrack_sdk::plugin]
mod tools {
    /// Counts the words of a text. A model reads this comment: say what the tool does and when to use it.
    pub fn count_words(
        /// The text, such as `to be or not to be`.
        text: &str,
        /// Count a word once, however often it stands there.
        #[serde(default)]
        distinct: bool,
    ) -> Result<usize, String> {
        let mut words: Vec<&str> = text.split_whitespace().collect();
        if words.is_empty() {
            return Err("`text` has no words in it".into());
        }
        if distinct {
            words.sort_unstable();
            words.dedup();
        }
        Ok(words.len())
    }
}

#[cfg(test)]
#[test]
fn counts_words() {
    assert_eq!(tools::count_words("to be or not to be", false), Ok(6));
    assert_eq!(tools::count_words("to be or not to be", true), Ok(4));
    assert!(tools::count_words(" ", false).is_err());
}
