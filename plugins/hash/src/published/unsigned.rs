//! Texts that are signed, without the signature.

/// The lines of a text without the signature around them.
pub fn unsigned(text: &str) -> impl Iterator<Item = &str> {
    let mut in_signature = false;
    text.lines().filter(move |line| {
        let armor = line.trim_start().starts_with("-----");
        if armor {
            in_signature = line.contains("BEGIN PGP SIGNATURE");
        }
        !(armor || in_signature)
    })
}
