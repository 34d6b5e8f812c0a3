pub struct Opaque;

#[toolrack_sdk::plugin]
mod types {
    use super::Opaque;

    /// Returns what MCP cannot carry.
    pub fn answer() -> Opaque {
        Opaque
    }

    /// Returns nothing, perhaps.
    pub fn perhaps() -> Option<String> {
        None
    }

    /// Fails with what cannot be shown.
    pub fn failure() -> Result<String, Opaque> {
        Err(Opaque)
    }
}

fn main() {}
