//! The types that a tool may return: [`IntoOutput`].

use crate::{Content, Output, ToolError};

/// A type that a tool may return. The crate's page lists them.
///
/// Implement it for a type of your own when many of your tools return it:
///
/// ```
/// use toolrack_sdk::{IntoOutput, Output, ToolError};
///
/// struct Celsius(f64);
///
/// impl IntoOutput for Celsius {
///     fn into_output(self) -> Result<Output, ToolError> {
///         Ok(Output::text(format!("{} °C", self.0)))
///     }
/// }
/// assert_eq!(Celsius(20.5).into_output().unwrap(), Output::text("20.5 °C"));
/// ```
#[diagnostic::on_unimplemented(
    message = "a tool cannot return `{Self}`",
    label = "not an answer MCP can carry",
    note = "return a `String`, a number, `Content`, `Vec<Content>` or `Output`; `Json<T>` for a type \
            that derives `serde::Serialize` and `schemars::JsonSchema`; or a `Result` of one of these"
)]
pub trait IntoOutput: Sized {
    /// The answer, or why there is none.
    ///
    /// # Errors
    ///
    /// Whatever the tool itself reports, or a value that cannot be written as JSON.
    fn into_output(self) -> Result<Output, ToolError>;

    /// JSON Schema of the structured content, for types that always have some.
    fn output_schema() -> Option<String> {
        None
    }
}

impl IntoOutput for Output {
    fn into_output(self) -> Result<Output, ToolError> {
        Ok(self)
    }
}

impl IntoOutput for Content {
    fn into_output(self) -> Result<Output, ToolError> {
        Ok(vec![self].into())
    }
}

impl IntoOutput for Vec<Content> {
    fn into_output(self) -> Result<Output, ToolError> {
        Ok(self.into())
    }
}

// A model that gets an empty answer wonders whether the call worked.
impl IntoOutput for () {
    fn into_output(self) -> Result<Output, ToolError> {
        Ok(Output::text("done"))
    }
}

impl<T: IntoOutput, E: Into<ToolError>> IntoOutput for Result<T, E> {
    fn into_output(self) -> Result<Output, ToolError> {
        self.map_err(Into::into)?.into_output()
    }

    fn output_schema() -> Option<String> {
        T::output_schema()
    }
}

macro_rules! as_text {
    ($($type:ty),*) => {$(
        impl IntoOutput for $type {
            fn into_output(self) -> Result<Output, ToolError> {
                Ok(Output::text(self.to_string()))
            }
        }
    )*};
}

as_text!(&str, std::borrow::Cow<'_, str>, bool, char, f32, f64);
as_text!(u8, u16, u32, u64, u128, usize, i8, i16, i32, i64, i128, isize);

// Not in the list above, which would copy it.
impl IntoOutput for String {
    fn into_output(self) -> Result<Output, ToolError> {
        Ok(Output::text(self))
    }
}
