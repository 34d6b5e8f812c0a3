//! The types of a component in the words of WIT, whichever library read them.
//!
//! Two libraries do: wasmparser reads them from the file before anything is compiled (`outlined`), wasmtime has them
//! once the component is compiled (`compiled`). The code that asks for the [`TypeForm`] of a type decides, once for both,
//! what becomes of it.

/// A type of values, one level of it.
pub(crate) enum TypeForm<T> {
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
pub(crate) trait ValueType: Sized {
    /// Returns the kind of the type, with the types that it is made of.
    fn form(&self) -> TypeForm<Self>;
}

/// The type of a function.
pub(crate) trait FunctionType {
    /// The types of its values.
    type Value: ValueType;

    /// Its parameters, in order.
    fn parameters(&self) -> impl Iterator<Item = (String, Self::Value)>;

    /// Returns the types of its results: one, or none.
    fn results(&self) -> impl Iterator<Item = Self::Value>;
}

/// A thing that has exports: a component, or an instance in it.
pub(crate) trait Exporter: Sized {
    /// The types of its functions.
    type Signature: FunctionType;

    /// All exports, in order.
    fn exports(&self) -> impl Iterator<Item = (String, Exported<Self>)>;
}

/// The item that is exported under a name.
pub(crate) enum Exported<E: Exporter> {
    Function(E::Signature),
    Instance(E),
    /// A component, a module, a type: nothing that runs.
    Other,
}

/// A type of whole numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Integer {
    S8,
    U8,
    S16,
    U16,
    S32,
    U32,
    S64,
    U64,
}

impl Integer {
    #[cfg(any(test, fuzzing))]
    pub(crate) const ALL: [Self; 8] =
        [Self::S8, Self::U8, Self::S16, Self::U16, Self::S32, Self::U32, Self::S64, Self::U64];

    /// The smallest and the largest value.
    pub(crate) fn range(self) -> (i128, i128) {
        match self {
            Self::S8 => (i8::MIN.into(), i8::MAX.into()),
            Self::U8 => (0, u8::MAX.into()),
            Self::S16 => (i16::MIN.into(), i16::MAX.into()),
            Self::U16 => (0, u16::MAX.into()),
            Self::S32 => (i32::MIN.into(), i32::MAX.into()),
            Self::U32 => (0, u32::MAX.into()),
            Self::S64 => (i64::MIN.into(), i64::MAX.into()),
            Self::U64 => (0, u64::MAX.into()),
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::S8 => "s8",
            Self::U8 => "u8",
            Self::S16 => "s16",
            Self::U16 => "u16",
            Self::S32 => "s32",
            Self::U32 => "u32",
            Self::S64 => "s64",
            Self::U64 => "u64",
        }
    }
}
