#[toolrack_sdk::plugin]
mod elsewhere;

fn main() {}
