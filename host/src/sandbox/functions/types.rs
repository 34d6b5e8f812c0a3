//! The types of a component in the words of WIT, whichever library read them.
//!
//! Two do: wasmparser reads them from the file before anything is compiled (`outlined`), wasmtime has them once it is
//! (`compiled`). What becomes of a type is decided once, for both, by who asks for its [`Form`].

use super::shape::Integer;

/// A type of values, one level of it.
pub(in super::super) enum Form<T> {
    Bool,
    Integer(Integer),
    F32,
    F64,
    Char,
    String,
    List(T),
    Map(T, T),
    Record(Vec<(String, T)>),
    Tuple(Vec<T>),
    Variant(Vec<(String, Option<T>)>),
    Enum(Vec<String>),
    Option(T),
    Result(Option<T>, Option<T>),
    Flags(Vec<String>),
    /// A type whose values JSON cannot carry, by its name.
    Inexpressible(&'static str),
}

/// A type of values.
pub(in super::super) trait ValueType: Sized {
    /// What kind of type it is, and of which others it is made.
    fn form(&self) -> Form<Self>;
}

/// The type of a function.
pub(in super::super) trait Signature {
    /// The types of its values.
    type Value: ValueType;

    /// Its parameters, in order.
    fn parameters(&self) -> impl Iterator<Item = (String, Self::Value)>;

    /// What it returns: one value, or none.
    fn results(&self) -> impl Iterator<Item = Self::Value>;
}

/// What exports: a component, or an instance in it.
pub(in super::super) trait Exporter: Sized {
    /// The types of its functions.
    type Signature: Signature;

    /// All exports, in order.
    fn exports(&self) -> impl Iterator<Item = (String, Exported<Self>)>;
}

/// What is exported under a name.
pub(in super::super) enum Exported<E: Exporter> {
    Function(E::Signature),
    Instance(E),
    /// A component, a module, a type: nothing that runs.
    Other,
}
