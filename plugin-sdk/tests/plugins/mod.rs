//! Plugins that use all that an author may write, as ordinary modules of a native test.
//!
//! `listing` hides the standard types on purpose: what the macro writes must not depend on what an
//! author's names mean.

#[toolrack_sdk::plugin]
pub mod parameters {
    use super::Point;

    #[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
    #[serde(rename_all = "lowercase")]
    pub enum Shape {
        Round,
        Square,
    }

    /// Takes nothing.
    pub fn nothing() -> &'static str {
        "nothing"
    }

    /// Takes text.
    pub fn text(
        /// It owns this.
        ///
        /// - one
        ///   - two
        owned: String,
        lent: &str,
    ) -> String {
        owned + lent
    }

    /// Takes numbers.
    pub fn numbers(small: u8, large: i64, real: f64) -> f64 {
        f64::from(small) + large as f64 + real
    }

    /// Takes what need not be there.
    pub fn optional(
        maybe: Option<String>,
        #[serde(default = "ten")]
        #[schemars(range(min = 1, max = 100))]
        mut often: u32,
    ) -> String {
        often += 0;
        format!("{maybe:?} {often}")
    }

    fn ten() -> u32 {
        10
    }

    /// Takes names that Rust keeps for itself.
    pub fn renamed(#[serde(rename = "type")] kind: &str, r#match: bool) -> String {
        format!("{kind} {}", r#match)
    }

    /// Takes types of its own.
    pub fn own_types(shape: Shape, points: Vec<Point>) -> String {
        let _ = Shape::Square;
        format!("{shape:?} {}", points[0].x.min(points[0].y))
    }

    /// Takes the fields of a type.
    pub fn flat(#[serde(flatten)] point: Point) -> i32 {
        point.x + point.y
    }

    const FREE: &str = r#"{ "type": "object", "properties": { "free": {} } }"#;

    /// Takes more than it names.
    #[tool(input_schema = FREE)]
    pub fn by_hand(free: u8) -> u8 {
        free
    }
}

/// A place.
#[derive(serde::Deserialize, serde::Serialize, schemars::JsonSchema)]
pub(crate) struct Point {
    pub x: i32,
    pub y: i32,
}

#[toolrack_sdk::plugin]
pub mod returns {
    use super::{Failure, Point};
    use toolrack_sdk::{Content, Json, Output, ToolError};

    /// Returns nothing.
    pub fn unit() {}

    /// Returns a number.
    pub fn number() -> f64 {
        0.5
    }

    /// Returns a constant.
    pub fn fixed() -> &'static str {
        "fixed"
    }

    /// Returns blocks.
    pub fn blocks() -> Vec<Content> {
        vec![Content::text("a"), Content::image("image/png", [1])]
    }

    /// Returns a typed result.
    pub fn point() -> Json<Point> {
        Json(Point { x: 1, y: 2 })
    }

    /// Returns a typed result, or not.
    pub fn perhaps_point() -> Result<Json<Point>, String> {
        Ok(point())
    }

    /// Describes its result by hand.
    #[tool(output_schema = r#"{"type":"object"}"#)]
    pub fn by_hand() -> Result<Output, ToolError> {
        Output::text("{}").structured(&super::Empty {})
    }

    /// Fails with an error that shows its sources.
    pub fn chained() -> Result<(), Failure> {
        Err(Failure)
    }

    /// Fails by `?`.
    pub fn parsed() -> Result<u8, ToolError> {
        Ok("x".parse::<u8>()?)
    }

    /// Refuses its arguments.
    pub fn refused() -> Result<(), ToolError> {
        Err(ToolError::invalid_arguments("no"))
    }
}

#[derive(serde::Serialize)]
pub(crate) struct Empty {}

/// Shows its source in the alternate form, as `anyhow::Error` does.
pub(crate) struct Failure;

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if f.alternate() { "outer: inner" } else { "outer" })
    }
}

#[toolrack_sdk::plugin]
pub mod listing {
    #![allow(dead_code)]

    type String = ();
    type Option = ();
    type Vec = ();
    type Result = ();
    struct Some;
    struct Arguments;
    struct Tool;

    const TEXT: &str = "From a constant.";

    /// First line.
    /// Second line.
    ///
    ///     indented
    pub fn plain(_text: &str) {}

    #[tool(name = "full-name", title = "Full", description = TEXT, meta = r#"{"a":1}"#)]
    #[tool(read_only, destructive = false, idempotent = true, open_world = false)]
    pub fn full() {}

    #[doc = include_str!("description.md")]
    #[tool(requires = ["files:write", "secret:KEY"], meta = r#"{"b":2}"#)]
    pub fn r#match() {}

    #[cfg(any())]
    /// Is not compiled.
    pub fn absent(value: Missing) {}

    fn private(_value: Tool) {}

    pub(crate) fn internal() {}
}
