//! The known word that a mistyped one most likely stands for.

/// The nearest of `known` to `word`, unless all are too far to be a slip.
///
/// Paths, URLs and dotted keys are compared part by part: what they share in one part makes them no more alike in
/// another, so that `https://example.org` is not taken for `https://nodejs.org`.
pub(crate) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // The comparison takes time and memory by the product of the lengths; a slip is not that long.
    if word.len() > 48 {
        return None;
    }
    let word = folded(word);
    known
        .into_iter()
        .filter_map(|candidate| Some((distance(&word, &folded(candidate))?, candidate)))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

fn folded(word: &str) -> String {
    word.to_lowercase().replace('-', "_")
}

/// Returns how far two words are from each other, if that is no more than a slip.
fn distance(word: &str, candidate: &str) -> Option<usize> {
    let parts = |text: &str| text.split([':', '/', '.']).count();
    if parts(word) != parts(candidate) {
        // A dividing sign too many or too few is a slip like others, alone.
        return Some(strsim::osa_distance(word, candidate)).filter(|distance| *distance <= 1);
    }
    let pairs = word.split([':', '/', '.']).zip(candidate.split([':', '/', '.']));
    pairs.map(|(word, candidate)| distance_of_parts(word, candidate)).sum()
}

fn distance_of_parts(word: &str, candidate: &str) -> Option<usize> {
    if word == candidate {
        return Some(0);
    }
    let distance = strsim::osa_distance(word, candidate);
    // All of a word replaced is another word.
    let is_slip =
        distance <= (candidate.len() / 3).max(1) && distance < candidate.len().max(word.len());
    is_slip.then_some(distance)
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

    #[test]
    fn each_part_of_a_long_word_is_near_by_itself() {
        for (word, known, is_near) in [
            ("https://example.org", "https://nodejs.org", false),
            ("https://api.exmaple.org", "https://api.example.org", true),
            ("https://foo.example.org", "https://bar.example.org", false),
            ("/home/ada/docs", "/home/ada/notes", false),
            ("files:notes", "files:/notes", true),
            ("limitsmemory", "limits.memory", true),
            ("limits.fuel", "limits.cpu", false),
            ("limits.memroy", "limits.memory", true),
            ("github_tokn", "GITHUB_TOKEN", true),
        ] {
            let found = nearest(word, [known]).is_some();
            assert_eq!(found, is_near, "{word} {known}");
        }
    }
}
