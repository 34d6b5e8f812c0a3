//! The known word that a mistyped one most likely stands for.

/// The nearest of `known` to `word`, unless all are too far to be a slip.
pub(crate) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // The comparison takes time and memory by the product of the lengths; a slip is not that long.
    if word.len() > 48 {
        return None;
    }
    let folded = word.to_lowercase().replace('-', "_");
    known
        .into_iter()
        .map(|candidate| (strsim::osa_distance(&folded, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= (candidate.len() / 3).max(1))
        // All of a word replaced is another word.
        .filter(|(distance, candidate)| *distance < candidate.len().max(folded.len()))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(word: &str, expected: Option<&str>) {
        let known = ["fuel", "memory", "timeout", "cpu"];
        assert_eq!(nearest(word, known), expected, "{word}");
    }

    #[test]
    fn a_slip_finds_its_word_and_a_stranger_finds_none() {
        check("memroy", Some("memory"));
        check("Memory", Some("memory"));
        check("time-out", Some("timeout"));
        check("fule", Some("fuel"));
        check("cpus", Some("cpu"));
        check("ram", None);
        check("", None);
        assert_eq!(nearest("3", ["1", "2"]), None);
        check(&"memory".repeat(1000), None);
    }
}
