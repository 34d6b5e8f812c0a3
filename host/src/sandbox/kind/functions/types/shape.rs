//! A WIT type as this kind of plugin needs it: a bounded tree, read from the component once.
//!
//! A component's types are a graph that may share, so that a small file describes a huge tree. A type that is too large
//! or too deep, or that holds what JSON cannot carry, is refused here, for one function at a time.

use std::fmt;

use super::form::{Integer, TypeForm, ValueType};
use crate::sandbox::kind::contract::MAX_SCHEMA;

/// The most levels that types nest.
const MAX_TYPE_DEPTH: usize = 16;
/// Types and names of one function together: more than a JSON Schema can say.
const MAX_SIZE: usize = MAX_SCHEMA;

/// The type of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    Bool,
    Integer(Integer),
    F32,
    F64,
    Char,
    String,
    /// `list<u8>`.
    Bytes,
    List(Box<Self>),
    Map(Box<Self>, Box<Self>),
    Record(Vec<(String, Self)>),
    Tuple(Vec<Self>),
    Variant(Vec<(String, Option<Self>)>),
    Enum(Vec<String>),
    Option(Box<Self>),
    Result(Option<Box<Self>>, Option<Box<Self>>),
    Flags(Vec<String>),
}

/// The reason why a type has no shape.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unfit {
    #[error("takes or gives {0}, which JSON cannot carry")]
    NotJson(&'static str),
    #[error("has types that nest deeper than {MAX_TYPE_DEPTH} levels")]
    TooDeep,
    #[error("has types that are too large to describe")]
    TooLarge,
}

impl Shape {
    /// True if JSON's `null` is a value of this shape, so that an option around it must say which of the two it means.
    pub(crate) fn is_option(&self) -> bool {
        matches!(self, Self::Option(_))
    }
}

/// The bytes that the types of one function may still take.
pub(crate) struct Room(usize);

impl Room {
    pub(crate) fn new() -> Self {
        Self(MAX_SIZE)
    }

    fn take(&mut self, bytes: usize) -> Result<(), Unfit> {
        self.0 = self.0.checked_sub(bytes).ok_or(Unfit::TooLarge)?;
        Ok(())
    }

    /// A name that the component chose.
    pub(crate) fn name(&mut self, name: &str) -> Result<String, Unfit> {
        self.take(name.len())?;
        Ok(name.to_owned())
    }

    /// The shape of `of`.
    pub(crate) fn shape(&mut self, of: &impl ValueType) -> Result<Shape, Unfit> {
        self.nested(of, 1)
    }

    fn nested(&mut self, of: &impl ValueType, depth: usize) -> Result<Shape, Unfit> {
        if depth > MAX_TYPE_DEPTH {
            return Err(Unfit::TooDeep);
        }
        // The least that a schema says of a type.
        self.take(16)?;
        let inner = depth + 1;
        Ok(match of.form() {
            TypeForm::Bool => Shape::Bool,
            TypeForm::Integer(integer) => Shape::Integer(integer),
            TypeForm::F32 => Shape::F32,
            TypeForm::F64 => Shape::F64,
            TypeForm::Char => Shape::Char,
            TypeForm::String => Shape::String,
            TypeForm::List(item) => match item.form() {
                TypeForm::Integer(Integer::U8) => Shape::Bytes,
                _ => Shape::List(Box::new(self.nested(&item, inner)?)),
            },
            TypeForm::Map(key, value) => Shape::Map(
                Box::new(self.nested(&key, inner)?),
                Box::new(self.nested(&value, inner)?),
            ),
            TypeForm::Record(fields) => Shape::Record(
                fields
                    .iter()
                    .map(|(name, of)| Ok((self.name(name)?, self.nested(of, inner)?)))
                    .collect::<Result<_, _>>()?,
            ),
            TypeForm::Tuple(items) => Shape::Tuple(
                items.iter().map(|of| self.nested(of, inner)).collect::<Result<_, _>>()?,
            ),
            TypeForm::Variant(cases) => Shape::Variant(
                cases
                    .iter()
                    .map(|(name, of)| Ok((self.name(name)?, self.optional(of.as_ref(), inner)?)))
                    .collect::<Result<_, _>>()?,
            ),
            TypeForm::Enum(names) => Shape::Enum(self.names(names)?),
            TypeForm::Option(some) => Shape::Option(Box::new(self.nested(&some, inner)?)),
            TypeForm::Result(ok, err) => Shape::Result(
                self.optional(ok.as_ref(), inner)?.map(Box::new),
                self.optional(err.as_ref(), inner)?.map(Box::new),
            ),
            TypeForm::Flags(names) => Shape::Flags(self.names(names)?),
            TypeForm::Inexpressible(what) => return Err(Unfit::NotJson(what)),
        })
    }

    fn optional(
        &mut self,
        of: Option<&impl ValueType>,
        depth: usize,
    ) -> Result<Option<Shape>, Unfit> {
        of.map(|of| self.nested(of, depth)).transpose()
    }

    fn names(&mut self, names: Vec<String>) -> Result<Vec<String>, Unfit> {
        // Each name stands in the schema between quotes.
        names.iter().map(|name| self.take(3).and_then(|()| self.name(name))).collect()
    }
}

/// As WIT writes it, but for the names of types, which a component does not keep.
impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let optional = |shape: &Option<Box<Self>>| match shape {
            Some(shape) => shape.to_string(),
            None => "_".into(),
        };
        match self {
            Self::Bool => f.write_str("bool"),
            Self::Integer(integer) => f.write_str(integer.name()),
            Self::F32 => f.write_str("f32"),
            Self::F64 => f.write_str("f64"),
            Self::Char => f.write_str("char"),
            Self::String => f.write_str("string"),
            Self::Bytes => f.write_str("list<u8>"),
            Self::List(item) => write!(f, "list<{item}>"),
            Self::Map(key, value) => write!(f, "map<{key}, {value}>"),
            Self::Record(fields) => {
                let fields = fields.iter().map(|(name, shape)| format!("{name}: {shape}"));
                write!(f, "record {{ {} }}", joined(fields))
            }
            Self::Tuple(items) => write!(f, "tuple<{}>", joined(items.iter().map(Self::to_string))),
            Self::Variant(cases) => {
                let cases = cases.iter().map(|(name, payload)| match payload {
                    Some(payload) => format!("{name}({payload})"),
                    None => name.clone(),
                });
                write!(f, "variant {{ {} }}", joined(cases))
            }
            Self::Enum(names) => write!(f, "enum {{ {} }}", names.join(", ")),
            Self::Option(some) => write!(f, "option<{some}>"),
            Self::Result(None, None) => f.write_str("result"),
            Self::Result(Some(ok), None) => write!(f, "result<{ok}>"),
            Self::Result(ok, err) => write!(f, "result<{}, {}>", optional(ok), optional(err)),
            Self::Flags(names) => write!(f, "flags {{ {} }}", names.join(", ")),
        }
    }
}

fn joined(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use wasmtime::Engine;
    use wasmtime::component::Component;
    use wasmtime::component::types::ComponentItem;

    use super::*;

    #[test]
    fn every_type_takes_room_so_that_what_is_shared_does_not_grow_without_end() {
        // Fifteen types in all: each level has twice as many as the one above it.
        let text = r#"(component
            (type $a (tuple u8 u8)) (type $b (tuple $a $a)) (type $c (tuple $b $b))
            (import "f" (func (param "p" $c))))"#;
        let engine = Engine::default();
        let bytes = wat::parse_str(text).expect("a component");
        let component = Component::new(&engine, bytes).expect("a component");
        let ty = component.component_type();
        let of = ty.imports(&engine).find_map(|(_, item)| match item.ty {
            ComponentItem::ComponentFunc(function) => function.params().next().map(|(_, of)| of),
            _ => None,
        });
        let of = of.expect("a parameter");
        for (room, fits) in [(15 * 16, true), (15 * 16 - 1, false)] {
            assert_eq!(Room(room).shape(&of).is_ok(), fits, "{room}");
        }
    }
}
