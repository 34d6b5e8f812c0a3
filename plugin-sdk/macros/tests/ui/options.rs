#[toolrack_sdk::plugin]
mod options {
    /// Misspelt.
    #[tool(readonly)]
    pub fn unknown() {}

    /// Twice.
    #[tool(read_only, read_only = false)]
    pub fn twice() {}

    /// Not a flag.
    #[tool(read_only = "yes")]
    pub fn not_a_flag() {}

    /// Without a value.
    #[tool(title)]
    pub fn no_value() {}
}

fn main() {}
