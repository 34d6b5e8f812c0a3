//! JSON text that others wrote: read in one way, edited in place, and written in one spelling.

mod value;
mod canonical;

pub(crate) use canonical::canonical;
pub(crate) use value::{Edit, Step, edited, members, readable, value};
