#[toolrack_sdk::plugin]
mod descriptions {
    pub fn missing() {}

    ///
    pub fn empty() {}

    // No doc comment.
    #[tool(read_only)]
    pub fn comment() {}

    /// a description that says far more than any model would ever want to read
    /// a description that says far more than any model would ever want to read
    /// a description that says far more than any model would ever want to read
    /// a description that says far more than any model would ever want to read
    /// a description that says far more than any model would ever want to read
    /// a description that says far more than any model would ever want to read
    /// a description that says far more than any model would ever want to read
    /// a description that says far more than any model would ever want to read
    /// a description that says far more than any model would ever want to read
    /// a description that says far more than any model would ever want to read
    /// a description that says far more than any model would ever want to read
    /// a description that says far more than any model would ever want to read
    /// a description that says far more than any model would ever want to read
    /// a description that says far more than any model would ever want to read
    /// a description that says far more than any model would ever want to read
    /// a description that says far more than any model would ever want to read
    /// a description that says far more than any model would ever want to read
    /// a description that says far more than any model would ever want to read
    /// a description that says far more than any model would ever want to read
    /// a description that says far more than any model would ever want to read
    /// a description that says far more than any model would ever want to read
    /// a description that says far more than any model would ever want to read
    /// a description that says far more than any model would ever want to read
    /// a description that says far more than any model would ever want to read
    /// a description that says far more than any model would ever want to read
    /// a description that says far more than any model would ever want to read
    /// a description that says far more than any model would ever want to read
    /// a description that says far more than any model would ever want to read
    /// a description that says far more than any model would ever want to read
    pub fn long() {}
}

fn main() {}
