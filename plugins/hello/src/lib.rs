//! The tutorial plugin.

#[toolrack_sdk::plugin]
mod hello {
    /// Greets someone by name.
    pub fn greet(
        /// Whom to greet.
        #[schemars(length(max = 200))]
        name: String,
    ) -> String {
        format!("Hello, {name}!")
    }
}

#[cfg(test)]
#[test]
fn greets_by_name() {
    assert_eq!(hello::greet("Ada".into()), "Hello, Ada!");
}
