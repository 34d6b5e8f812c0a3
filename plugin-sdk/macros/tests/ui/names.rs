#[toolrack_sdk::plugin]
mod names {
    /// The first.
    pub fn search() {}

    /// The second.
    #[tool(name = "search")]
    pub fn find() {}

    /// Has a space.
    #[tool(name = "two words")]
    pub fn two_words() {}

    /// Begins with a digit.
    #[tool(name = "2d")]
    pub fn flat() {}

    /// Is not ASCII.
    pub fn größe() {}
}

fn main() {}
