//! Plugins of the kind `functions`: a component's own functions, each a tool.
//!
//! The component knows nothing of tools. Names, schemas and descriptions follow from what it exports;
//! arguments become values by their types, and the value it returns becomes the answer.

mod number;
#[cfg(test)]
mod properties;
mod read;
mod schema;
mod shape;
mod write;
