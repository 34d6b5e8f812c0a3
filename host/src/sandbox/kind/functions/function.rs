//! One exported function made ready to be a tool.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::super::contract::corrected;
use super::schema;
use super::types::exports::Export;
use super::types::form::FunctionType;
use super::types::shape::{Room, Shape, Unfit};
use super::words::describe::sentence;
use super::words::package_docs::Docs;
use super::words::wit_notes::Notes;
use crate::manifest::Grants;
use crate::text::escape;
use crate::tool::{Annotations, ToolSpec};

/// The types of a function's values.
pub(super) struct Typed {
    pub(super) parameters: Vec<(String, Shape)>,
    pub(super) result: Option<Shape>,
}

/// A function as a client is told of it.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct Description {
    /// Its interface and its own name.
    place: (Option<String>, String),
    /// A sentence made of its types.
    sentence: String,
    input_schema: Box<RawValue>,
    output_schema: Option<Box<RawValue>>,
}

impl Typed {
    /// Returns the types of `export`, or the reason why it cannot be a tool, as the end of a
    /// sentence about it.
    pub(super) fn of(export: &Export<impl FunctionType>) -> Result<Self, String> {
        if let Some(("[constructor" | "[method" | "[static", _)) = export.name.split_once(']') {
            return Err("belongs to a resource, which lives no longer than one call".into());
        }
        let unfit = |error: Unfit| error.to_string();
        let mut room = Room::new();
        let parameters = export.signature.parameters();
        let parameters = parameters.map(|(name, of)| Ok((room.name(&name)?, room.shape(&of)?)));
        let parameters = parameters.collect::<Result<Vec<_>, _>>().map_err(unfit)?;
        let mut results = export.signature.results();
        let result = results.next().map(|of| room.shape(&of)).transpose().map_err(unfit)?;
        if results.next().is_some() {
            return Err("returns more than one value".into());
        }
        Ok(Self { parameters, result })
    }
}

impl Description {
    /// Returns the description of `export`, which has these types, or the reason why it cannot be a
    /// tool, as the end of a sentence about it.
    pub(super) fn of<S: FunctionType>(export: &Export<S>, typed: &Typed) -> Result<Self, String> {
        let Typed { parameters, result } = typed;
        let unfit = |error: Unfit| error.to_string();
        let raw = |text| RawValue::from_string(text).map_err(|error| escape(&error.to_string()));
        let input = schema::arguments(parameters).map_err(unfit)?;
        let output = result.as_ref().map(schema::answer).transpose().map_err(unfit)?;
        Ok(Self {
            place: (export.interface().map(str::to_owned), export.name.clone()),
            sentence: sentence(&export.path, &export.name, parameters, result.as_ref()),
            input_schema: raw(input)?,
            output_schema: output.map(raw).transpose()?,
        })
    }

    /// Bytes of the sentence and the schemas.
    pub(super) fn size(&self) -> usize {
        let output = self.output_schema.as_ref().map_or(0, |schema| schema.get().len());
        self.sentence.len() + self.input_schema.get().len() + output
    }

    /// Returns the tool of this `name`. Only the grants tell what it may reach.
    pub(super) fn spec(&self, name: &str, grants: &Grants, docs: &Docs, notes: &Notes) -> ToolSpec {
        let (interface, own) = &self.place;
        let noted = || notes.function(interface.as_deref(), own);
        let description = docs.function(interface.as_deref(), own).or_else(noted);
        ToolSpec {
            name: name.to_owned(),
            title: None,
            description: description.unwrap_or_else(|| self.sentence.clone()),
            input_schema: self.input_schema.clone(),
            output_schema: self.output_schema.clone(),
            annotations: corrected(Annotations::default(), grants),
            meta: None,
        }
    }
}
