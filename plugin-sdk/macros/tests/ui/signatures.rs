#[toolrack_sdk::plugin]
mod signatures {
    /// Has a receiver.
    pub fn receiver(&self) {}

    /// Is generic.
    pub fn generic<T>(value: T) {}

    /// Is generic in disguise.
    pub fn disguised(value: impl Into<String>) {}

    /// Is generic over lifetimes.
    pub fn lifetime<'a>(value: &'a str) {}

    /// Is async.
    pub async fn waiting() {}

    /// Takes its argument apart.
    pub fn pattern((x, y): (i32, i32)) {}

    /// Is unsafe.
    pub unsafe fn dangerous() {}

    /// Has an ABI.
    pub extern "C" fn foreign() {}

    /// Borrows a struct, a list, and text that may be missing.
    pub fn borrowing(owned: &String, list: &[u8], maybe: Option<&str>) {}

    /// Borrows text for good.
    pub fn forever(text: &'static str) {}

    /// Lends its answer.
    pub fn lent(text: &str) -> &str {
        text
    }

    /// Hides its answer.
    pub fn hidden() -> impl std::fmt::Display {
        1
    }
}

fn main() {}
