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
    use serde_json::{Map, Value};

    /// Runs a jq filter over JSON text: selects, searches, counts, sorts, groups, joins and reshapes.
    /// Use it to answer a question about JSON without reading all of it, or to turn it into another
    /// form, exactly. It also reads YAML, TOML, XML, CSV and TSV, and writes them with `toyaml`,
    /// `totoml`, `toxml`, `@csv` and `@tsv`. The language is jq's, with its standard library (map,
    /// select, group_by, sort_by, to_entries, paths, test, sub, fromdate and so on); no modules, no
    /// files.
    ///
    /// Example: filter `.items | map(select(.price > 10) | .name)` over
    /// `{"items": [{"name": "a", "price": 12}]}` gives `["a"]`.
    #[tool(title = "Query JSON", read_only, open_world = false)]
    pub fn query(
        /// The jq filter, e.g. `.users[] | {name, age}`.
        filter: &str,
        /// The JSON text; several values may follow one another (JSON Lines), and the filter runs on
        /// each. Without it the filter runs once, on null.
        input: Option<String>,
        /// What `input` is written in; default `json`. A row of `csv` or `tsv` is an array, `text` is
        /// one string.
        #[serde(default)]
        format: Format,
        /// Write strings as they are, without quotes and escapes: for text, CSV, one name a line.
        #[serde(default)]
        raw: bool,
        /// Take all values of `input` as one array.
        #[serde(default)]
        slurp: bool,
        /// Indent the results; default is one line each.
        #[serde(default)]
        pretty: bool,
        /// Values the filter can use as `$name`: safer than pasting them into the filter.
        #[serde(default)]
        variables: Map<String, Value>,
    ) -> Result<String, String> {
        forward_debug();
        let mut bound = Vec::new();
        for (name, value) in variables {
            // Values cross as text: both sides read JSON.
            let values = Format::Json.read(&value.to_string())?;
            bound.extend(values.into_iter().map(|value| (format!("${name}"), value)));
        }
        let options = Options { format, slurp, style: Style { raw, pretty } };
        query::query(filter, input.as_deref(), bound, &options)
    }

    /// Sends what a filter says with `debug` to the host's log.
    fn forward_debug() {
        struct Forward;
        impl log::Log for Forward {
            fn enabled(&self, _: &log::Metadata<'_>) -> bool {
                true
            }
            fn log(&self, record: &log::Record<'_>) {
                toolrack_sdk::log::debug(record.args());
            }
            fn flush(&self) {}
        }
        // It fails where a logger is set already, which is then this one.
        if log::set_logger(&Forward).is_ok() {
            log::set_max_level(log::LevelFilter::Debug);
        }
    }
}
