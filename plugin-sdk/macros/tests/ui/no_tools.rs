#[toolrack_sdk::plugin]
mod empty {
    pub(crate) fn helper() {}
}

#[toolrack_sdk::plugin(prefix = "x")]
mod with_options {
    /// Greets.
    pub fn greet() {}
}

fn main() {}
