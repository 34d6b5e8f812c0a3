//! Texts of GitHub, as long as they help.

use serde::{Deserialize, Deserializer};

/// Characters of a description that are shown.
const MAX: usize = 8_000;
/// Of a comment or a patch, of which a page has many.
const MAX_MIDDLE: usize = 3_000;
/// Of an entry in a list.
const MAX_SHORT: usize = 600;

/// Reads a text that may be missing, shortened.
pub fn long<'de, D: Deserializer<'de>>(source: D) -> Result<String, D::Error> {
    Ok(shortened(Option::deserialize(source)?, MAX))
}

/// The same for a comment or a patch.
pub fn middle<'de, D: Deserializer<'de>>(source: D) -> Result<String, D::Error> {
    Ok(shortened(Option::deserialize(source)?, MAX_MIDDLE))
}

/// The same for an entry of a list.
pub fn short<'de, D: Deserializer<'de>>(source: D) -> Result<String, D::Error> {
    Ok(shortened(Option::deserialize(source)?, MAX_SHORT))
}

/// Reads the name out of a user, who may be gone.
pub fn login<'de, D: Deserializer<'de>>(source: D) -> Result<String, D::Error> {
    #[derive(Deserialize)]
    struct User {
        login: String,
    }
    Ok(Option::<User>::deserialize(source)?.map_or_else(|| "ghost".into(), |user| user.login))
}

/// Reads the names out of a list of labels.
pub fn names<'de, D: Deserializer<'de>>(source: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    struct Named {
        name: String,
    }
    Ok(Vec::<Named>::deserialize(source)?.into_iter().map(|named| named.name).collect())
}

fn shortened(text: Option<String>, most: usize) -> String {
    let text = text.unwrap_or_default();
    match text.char_indices().nth(most) {
        None => text,
        Some((end, _)) => {
            let more = text[end..].chars().count();
            format!("{}… ({more} more characters)", &text[..end])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut_and_says_so() {
        assert_eq!(shortened(None, 3), "");
        assert_eq!(shortened(Some("äöü".into()), 3), "äöü");
        assert_eq!(shortened(Some("äöüß!".into()), 3), "äöü… (2 more characters)");
    }
}
