//! The types of a component that is not compiled, as wasmparser reads them from the file.

use wasmparser::PrimitiveValType;
use wasmparser::component_types::{
    ComponentDefinedType, ComponentEntityType, ComponentFuncTypeId, ComponentInstanceTypeId,
    ComponentValType,
};
use wasmparser::types::Types;

use super::form::Integer;
use super::form::{Exported, Exporter, FunctionType, TypeForm, ValueType};

/// A component, or an instance in it.
pub(crate) enum Outlined<'a> {
    /// Its types, and the names of its exports.
    Component(&'a Types, &'a [String]),
    Instance(&'a Types, ComponentInstanceTypeId),
}

/// The type of a function.
pub(crate) struct OutlinedFunction<'a>(&'a Types, ComponentFuncTypeId);

/// The type of a value.
pub(crate) struct OutlinedValue<'a>(&'a Types, ComponentValType);

impl<'a> Exporter for Outlined<'a> {
    type Signature = OutlinedFunction<'a>;

    fn exports(&self) -> impl Iterator<Item = (String, Exported<Self>)> {
        let (types, names, instance) = match self {
            Self::Component(types, names) => (*types, *names, None),
            Self::Instance(types, id) => (*types, &[][..], Some(*id)),
        };
        let of_component = names.iter().filter_map(move |name| {
            Some((name.clone(), types.component_item_for_export(name)?.ty))
        });
        let of_instance = instance.into_iter().flat_map(move |id| {
            types[id].exports.iter().map(|(name, item)| (name.clone(), item.ty))
        });
        of_component.chain(of_instance).map(move |(name, of)| {
            let exported = match of {
                ComponentEntityType::Func(id) => Exported::Function(OutlinedFunction(types, id)),
                ComponentEntityType::Instance(id) => Exported::Instance(Self::Instance(types, id)),
                ComponentEntityType::Module(_)
                | ComponentEntityType::Value(_)
                | ComponentEntityType::Type { .. }
                | ComponentEntityType::Component(_) => Exported::Other,
            };
            (name, exported)
        })
    }
}

impl<'a> FunctionType for OutlinedFunction<'a> {
    type Value = OutlinedValue<'a>;

    fn parameters(&self) -> impl Iterator<Item = (String, OutlinedValue<'a>)> {
        let Self(types, id) = *self;
        let parameters = types[id].params.iter();
        parameters.map(move |(name, of)| (name.to_string(), OutlinedValue(types, *of)))
    }

    fn results(&self) -> impl Iterator<Item = OutlinedValue<'a>> {
        let Self(types, id) = *self;
        types[id].result.iter().map(move |of| OutlinedValue(types, *of))
    }
}

impl ValueType for OutlinedValue<'_> {
    fn form(&self) -> TypeForm<Self> {
        let Self(types, of) = *self;
        let value = |of: &ComponentValType| Self(types, *of);
        let id = match of {
            ComponentValType::Primitive(primitive) => return self::primitive(primitive),
            ComponentValType::Type(id) => id,
        };
        match &types[id] {
            ComponentDefinedType::Primitive(primitive) => self::primitive(*primitive),
            ComponentDefinedType::Record(record) => {
                let fields = record.fields.iter();
                TypeForm::Record(fields.map(|(name, of)| (name.to_string(), value(of))).collect())
            }
            ComponentDefinedType::Variant(variant) => {
                let cases = variant.cases.iter();
                let cases =
                    cases.map(|(name, case)| (name.to_string(), case.ty.as_ref().map(value)));
                TypeForm::Variant(cases.collect())
            }
            ComponentDefinedType::List { element, .. } => TypeForm::List(value(element)),
            ComponentDefinedType::Map { key, value: of, .. } => {
                TypeForm::Map(value(key), value(of))
            }
            ComponentDefinedType::Tuple(tuple) => {
                TypeForm::Tuple(tuple.types.iter().map(value).collect())
            }
            ComponentDefinedType::Flags(names) => {
                TypeForm::Flags(names.iter().map(ToString::to_string).collect())
            }
            ComponentDefinedType::Enum(names) => {
                TypeForm::Enum(names.iter().map(ToString::to_string).collect())
            }
            ComponentDefinedType::Option { ty, .. } => TypeForm::Option(value(ty)),
            ComponentDefinedType::Result { ok, err, .. } => {
                TypeForm::Result(ok.as_ref().map(value), err.as_ref().map(value))
            }
            ComponentDefinedType::Own(_) | ComponentDefinedType::Borrow(_) => {
                TypeForm::Inexpressible("a resource")
            }
            ComponentDefinedType::Future { .. } => TypeForm::Inexpressible("a future"),
            ComponentDefinedType::Stream { .. } => TypeForm::Inexpressible("a stream"),
            ComponentDefinedType::FixedLengthList { .. } => {
                TypeForm::Inexpressible("a list of fixed length")
            }
        }
    }
}

fn primitive<T>(of: PrimitiveValType) -> TypeForm<T> {
    match of {
        PrimitiveValType::Bool => TypeForm::Bool,
        PrimitiveValType::S8 => TypeForm::Integer(Integer::S8),
        PrimitiveValType::U8 => TypeForm::Integer(Integer::U8),
        PrimitiveValType::S16 => TypeForm::Integer(Integer::S16),
        PrimitiveValType::U16 => TypeForm::Integer(Integer::U16),
        PrimitiveValType::S32 => TypeForm::Integer(Integer::S32),
        PrimitiveValType::U32 => TypeForm::Integer(Integer::U32),
        PrimitiveValType::S64 => TypeForm::Integer(Integer::S64),
        PrimitiveValType::U64 => TypeForm::Integer(Integer::U64),
        PrimitiveValType::F32 => TypeForm::F32,
        PrimitiveValType::F64 => TypeForm::F64,
        PrimitiveValType::Char => TypeForm::Char,
        PrimitiveValType::String => TypeForm::String,
        PrimitiveValType::ErrorContext => TypeForm::Inexpressible("an error context"),
    }
}
