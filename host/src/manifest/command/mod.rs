//! The part of a `[[tools]]` that describes a program: the parameters of the tool, and how a call
//! becomes arguments, input and environment.
//!
//! This module does not know how a program is run. A template is expanded in the sandbox.

mod spec;
mod raw;
mod types;
mod parameters;
mod schema;
mod template;
mod args;
mod output;
mod read;

pub(super) use raw::RawCommand;
pub(super) use read::read;
pub use spec::{
    Argument, Group, Parameter, ParameterShape, ProgramSpec, StdoutForm, Template, TemplatePiece,
};
