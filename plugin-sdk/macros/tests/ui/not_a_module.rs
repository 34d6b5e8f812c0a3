#[toolrack_sdk::plugin]
/// Greets.
pub fn greet(name: String) -> String {
    name
}

fn main() {}
