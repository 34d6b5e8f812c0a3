//! JSON Schema: arguments and answers checked, and read or explained where they do not fit.

pub(super) mod budget;
pub(super) mod metered;
pub(super) mod graph;
pub(super) mod cost;
pub(super) mod checker;
pub(super) mod problem_place;
pub(super) mod words;
pub(super) mod explain;
pub(super) mod lenient;
pub(super) mod repeated_arguments;
pub(super) mod compiled;
