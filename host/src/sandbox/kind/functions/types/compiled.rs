//! The types of a compiled component, as wasmtime has them.

use wasmtime::Engine;
use wasmtime::component::types::{self, ComponentFunc, ComponentItem};
use wasmtime::component::{Component, ComponentExportIndex, Type};

use super::form::Integer;
use super::form::{Exported, Exporter, FunctionType, TypeForm, ValueType};

/// A component, or an instance in it.
pub(crate) enum ExportScope<'a> {
    Component(types::Component, &'a Engine),
    Instance(types::ComponentInstance, &'a Engine),
}

impl<'a> ExportScope<'a> {
    pub(crate) fn new(component: &'a Component) -> Self {
        Self::Component(component.component_type(), component.engine())
    }
}

/// The export that is called `name` in the instances of `path`, from the outermost.
pub(crate) fn index(
    component: &Component,
    path: &[String],
    name: &str,
) -> Option<ComponentExportIndex> {
    let mut instances = path.iter();
    let within = instances.try_fold(None, |within: Option<ComponentExportIndex>, instance| {
        component.get_export_index(within.as_ref(), instance).map(Some)
    });
    component.get_export_index(within?.as_ref(), name)
}

impl<'a> Exporter for ExportScope<'a> {
    type Signature = ComponentFunc;

    fn exports(&self) -> impl Iterator<Item = (String, Exported<Self>)> {
        let (component, instance, engine) = match self {
            Self::Component(component, engine) => (Some(component), None, *engine),
            Self::Instance(instance, engine) => (None, Some(instance), *engine),
        };
        let of_component = component.into_iter().flat_map(move |it| it.exports(engine));
        let of_instance = instance.into_iter().flat_map(move |it| it.exports(engine));
        of_component.chain(of_instance).map(move |(name, item)| {
            let exported = match item.ty {
                ComponentItem::ComponentFunc(function) => Exported::Function(function),
                ComponentItem::ComponentInstance(instance) => {
                    Exported::Instance(Self::Instance(instance, engine))
                }
                ComponentItem::Component(_)
                | ComponentItem::Module(_)
                | ComponentItem::CoreFunc(_)
                | ComponentItem::Type(_)
                | ComponentItem::Resource(_) => Exported::Other,
            };
            (name.to_owned(), exported)
        })
    }
}

impl FunctionType for ComponentFunc {
    type Value = Type;

    fn parameters(&self) -> impl Iterator<Item = (String, Type)> {
        self.params().map(|(name, of)| (name.to_owned(), of))
    }

    fn results(&self) -> impl Iterator<Item = Type> {
        self.results()
    }
}

impl ValueType for Type {
    fn form(&self) -> TypeForm<Self> {
        let owned = |names: &mut dyn Iterator<Item = &str>| names.map(str::to_owned).collect();
        match self {
            Self::Bool => TypeForm::Bool,
            Self::S8 => TypeForm::Integer(Integer::S8),
            Self::U8 => TypeForm::Integer(Integer::U8),
            Self::S16 => TypeForm::Integer(Integer::S16),
            Self::U16 => TypeForm::Integer(Integer::U16),
            Self::S32 => TypeForm::Integer(Integer::S32),
            Self::U32 => TypeForm::Integer(Integer::U32),
            Self::S64 => TypeForm::Integer(Integer::S64),
            Self::U64 => TypeForm::Integer(Integer::U64),
            Self::Float32 => TypeForm::F32,
            Self::Float64 => TypeForm::F64,
            Self::Char => TypeForm::Char,
            Self::String => TypeForm::String,
            Self::List(list) => TypeForm::List(list.ty()),
            Self::Map(map) => TypeForm::Map(map.key(), map.value()),
            Self::Record(record) => {
                let fields = record.fields();
                TypeForm::Record(fields.map(|field| (field.name.to_owned(), field.ty)).collect())
            }
            Self::Tuple(tuple) => TypeForm::Tuple(tuple.types().collect()),
            Self::Variant(variant) => {
                let cases = variant.cases();
                TypeForm::Variant(cases.map(|case| (case.name.to_owned(), case.ty)).collect())
            }
            Self::Enum(cases) => TypeForm::Enum(owned(&mut cases.names())),
            Self::Option(option) => TypeForm::Option(option.ty()),
            Self::Result(result) => TypeForm::Result(result.ok(), result.err()),
            Self::Flags(flags) => TypeForm::Flags(owned(&mut flags.names())),
            Self::Own(_) | Self::Borrow(_) => TypeForm::Inexpressible("a resource"),
            Self::Future(_) => TypeForm::Inexpressible("a future"),
            Self::Stream(_) => TypeForm::Inexpressible("a stream"),
            Self::ErrorContext => TypeForm::Inexpressible("an error context"),
            Self::FixedLengthList(_) => TypeForm::Inexpressible("a list of fixed length"),
        }
    }
}
