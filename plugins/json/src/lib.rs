//! The plugin `json`: jq filters over JSON text. This file is what the host sees; the modules below
//! know nothing of it.

mod filters;
mod format;
#[cfg(test)]
mod jq_tests;
mod json_text;
mod place;
mod program;
mod query;
mod results;
mod rewrite;
mod value;

#[toolrack_sdk::plugin]
mod json {
    use crate::format::Format;
    use crate::query::{self, Options};
    use crate::results::Style;
    use serde_json::value::RawValue;
    use std::collections::BTreeMap;
    use toolrack_sdk::ToolError;
    use toolrack_sdk::input::{self, Named};

    /// The largest file that is read, in bytes. What is read takes some thirty times that in memory.
    const MAX_FILE: u64 = 4 * 1024 * 1024;

    /// Runs a jq filter over JSON, YAML, TOML, XML, CSV or TSV: select, search, count, sort, group, reshape,
    /// convert. Use it to answer a question about data without reading all of it. The language is jq 1.8, without
    /// modules and `?//`; integers are exact at any size. Beside jq's there are `fromyaml`, `toyaml`, `fromtoml`,
    /// `totoml`, `fromxml`, `toxml`, `fromcsv`, `fromtsv`.
    ///
    /// Example: filter `.items | map(select(.price > 10) | .name)`, input
    /// `{"items": [{"name": "a", "price": 12}]}` gives `["a"]`.
    #[tool(title = "Query JSON", read_only, open_world = false)]
    #[allow(clippy::too_many_arguments, reason = "each is an argument of the tool")]
    pub fn query(
        /// The jq filter, e.g. `.users[] | {name, age}`.
        filter: &str,
        /// The text to read. Several values may follow one another (JSON Lines, rows, YAML documents): the filter
        /// runs on each. Without it and `path` it runs once, on null.
        input: Option<String>,
        /// A granted file in place of `input`.
        path: Option<String>,
        /// What it is written in. A row of `csv` or `tsv` is an array; its fields are texts, but for numbers as
        /// JSON writes them (`007`, `+1`, `1.0` are texts). `xml` is `{t: tag, a: {attributes}, c: [content]}`.
        /// `text` is one string.
        #[serde(default)]
        format: Format,
        /// Write strings without quotes and escapes.
        #[serde(default)]
        raw: bool,
        /// Take all values as one array.
        #[serde(default)]
        slurp: bool,
        /// Indent the results.
        #[serde(default)]
        pretty: bool,
        /// Values that the filter uses as `$name`.
        #[serde(default)]
        #[schemars(with = "serde_json::Map<String, serde_json::Value>")]
        variables: BTreeMap<String, Box<RawValue>>,
    ) -> Result<String, ToolError> {
        let mut bound = Vec::new();
        for (name, value) in variables {
            // Values cross as text, so that numbers keep all their digits.
            let values = Format::Json.read(value.get());
            let values = values
                .map_err(|error| ToolError::new(format_args!("`variables.{name}` is {error}")))?;
            bound.extend(values.into_iter().map(|value| (format!("${name}"), value)));
        }
        let path = input::path(path)?;
        let input = match (input, path.clone()) {
            (None, None) => None,
            (input, path) => {
                Some(input::text(Named("input", input), Named("path", path), MAX_FILE)?)
            }
        };
        let options = Options { path, format, slurp, style: Style { raw, pretty } };
        Ok(query::query(filter, input.as_deref(), bound, &options)?)
    }
}
