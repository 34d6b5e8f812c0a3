//! Write a Toolrack tool as a plain Rust function.
//!
//! Every `pub fn` of a module under [`#[plugin]`](plugin) is a tool. Its doc comment tells a model
//! when to use it, its parameters become the JSON Schema of its arguments, and what it returns
//! becomes the answer:
//!
//! ```
//! //! Looks after a shopping list.
//!
//! #[toolrack_sdk::plugin]
//! mod shopping {
//!     use toolrack_sdk::ToolError;
//!
//!     /// Adds up what the given goods cost, in cents.
//!     #[tool(read_only, idempotent)]
//!     pub fn total(
//!         /// What to buy, such as `["milk", "bread"]`.
//!         goods: Vec<String>,
//!         /// How many of each.
//!         #[serde(default = "one")]
//!         #[schemars(range(min = 1, max = 100))]
//!         amount: u32,
//!     ) -> Result<u32, ToolError> {
//!         let prices = goods.iter().map(|good| price(good));
//!         Ok(prices.sum::<Result<u32, ToolError>>()? * amount)
//!     }
//!
//!     fn one() -> u32 {
//!         1
//!     }
//!
//!     fn price(good: &str) -> Result<u32, ToolError> {
//!         match good {
//!             "milk" => Ok(119),
//!             "bread" => Ok(250),
//!             _ => Err(ToolError::invalid_arguments(format_args!(
//!                 "there is no `{good}`; there is milk and bread"
//!             ))),
//!         }
//!     }
//! }
//!
//! // A tool is still a function, and an ordinary test calls it.
//! # fn main() {
//! assert_eq!(shopping::total(vec!["milk".into(), "milk".into()], 2), Ok(476));
//! assert!(shopping::total(vec!["gold".into()], 1).is_err());
//! # }
//! ```
//!
//! Clients see a tool with the plugin's name before it: `total` of `shopping.toml` is `shopping_total`.
//!
//! The crate is a `cdylib` that depends on `toolrack-sdk`. Build it with `cargo build --release
//! --target wasm32-wasip2` (or `wasm32-wasip1`), and copy the `.wasm` file with a manifest, which may
//! be empty, into a plugin directory. A crate has one such module.
//!
//! # Parameters
//!
//! | type | argument |
//! |---|---|
//! | `String`, `&str` | text |
//! | integers, floats, `bool` | number, boolean |
//! | `Option<T>` | may be missing or `null` |
//! | `Vec<T>`, `HashMap<String, T>`, tuples, arrays | array, object |
//! | a type that derives `serde::Deserialize` and `schemars::JsonSchema` | what serde makes of it |
//!
//! A parameter takes a doc comment, which the model reads, and the attributes of serde and schemars:
//! `#[serde(default)]`, `#[serde(rename = "...")]`, `#[schemars(range(...))]`. A struct under
//! `#[serde(flatten)]` makes its fields arguments. The function need not
//! check what the schema says: the host does before it calls. An argument that no parameter names is
//! refused, so that a model notices its typing error. Types of your own need `serde` and `schemars`
//! 1 among the plugin's dependencies; everything else comes with this crate.
//!
//! # Results
//!
//! | type | answer |
//! |---|---|
//! | `String`, `&'static str`, numbers, `bool`, `char` | one text block |
//! | `()` | the text `done` |
//! | [`Content`], `Vec<Content>` | text, images, audio, resources, links |
//! | [`Json<T>`](Json) | structured content with its output schema, and the same JSON as text |
//! | [`Output`] | blocks, structured content and `_meta` |
//! | `Result<T, E>` | one of these, or an error the model reads: [`ToolError`], or any `E: Display` |
//!
//! There is no `Option`: a model that gets nothing cannot know why. Return an error that says it.
//!
//! # Options of a tool
//!
//! | in `#[tool(...)]` | meaning | in MCP |
//! |---|---|---|
//! | `read_only` | it changes nothing outside itself | `readOnlyHint` |
//! | `destructive` | it may destroy something | `destructiveHint` |
//! | `idempotent` | calling it again changes nothing more | `idempotentHint` |
//! | `open_world` | it talks to an open world, such as the web | `openWorldHint` |
//! | `name = "..."` | its name, where the function's will not do | `name` |
//! | `title = "..."` | a name for people | `title` |
//! | `description = ...` | replaces the doc comment | `description` |
//! | `input_schema = ...` | JSON text that replaces the derived schema | `inputSchema` |
//! | `output_schema = ...` | JSON text, for a tool that returns [`Output`] | `outputSchema` |
//! | `meta = ...` | a JSON object as text | `_meta` |
//! | `requires = [...]` | what it can only fail without, such as `["files:write", "secret:API_TOKEN"]`, in the words of `requires` in the manifest, which has the last word: without that it is not listed | |
//!
//! A flag alone means `= true`; `= false` says the contrary, which is more than saying nothing. The
//! host corrects a claim that contradicts what the manifest grants. Values may be constants.
//!
//! # While a tool runs
//!
//! [`Progress`] tells the client how far it is (`Progress::of(9).report(1, "read")`), [`log`] tells the
//! operator what happens, [`config`] reads what the operator set. None of them is a parameter. Each
//! call runs in a fresh instance under the manifest's limits: nothing is left of a `static` afterwards.
//! A panic ends the call. Its message goes to the log, and to the model as the plugin's last words on
//! stderr (at most 1 KiB).
//!
//! # Beyond the sandbox
//!
//! A plugin has what `[grants]` in its manifest gives, and nothing else:
//!
//! | the plugin wants | in the manifest | in the code |
//! |---|---|---|
//! | to send requests | `network = ["https://api.example.com"]` | `http`, with the feature `http` |
//! | a secret in them | `network = [{ url = "...", secret = "NAME", header = "..." }]` | nothing: the host adds it |
//! | a secret itself | `secrets = ["NAME"]` | [`secret`] |
//! | files | `files = [{ path = "~/notes", at = "/notes", access = "read" }]` | `std::fs`, and `files` with the feature `files` |
//! | settings | `config = { units = "metric" }` | [`config`] |
//!
//! Bytes that come from outside become text by `text` (feature `text`); a tool that takes a text or the path of a granted file
//! reads both by `input` (feature `input`).
//!
//! A request that is not granted is an error that names the line to add; `files::explain` says the same
//! of a file. Without a grant, [`config`] and [`secret`] give `None`.

// The generated code and the macro's output name this crate from outside.
extern crate self as toolrack_sdk;

mod content;
mod output;

mod answer;
mod error;

mod host;
pub mod log;

#[cfg(feature = "files")]
pub mod files;
#[cfg(feature = "http")]
pub mod http;
#[cfg(feature = "input")]
pub mod input;
#[cfg(feature = "text")]
pub mod text;

mod integers;
mod json;
mod schema;
mod table;
mod wire;

#[cfg(not(target_family = "wasm"))]
mod native;

#[rustfmt::skip]
#[doc(hidden)]
#[allow(
    unsafe_code,
    missing_docs,
    unreachable_pub,
    rust_2018_idioms,
    clippy::all,
    clippy::undocumented_unsafe_blocks,
    clippy::unwrap_used,
    reason = "generated: passing values over the border of the sandbox is pointer work"
)]
pub mod bindings;

#[cfg(target_family = "wasm")]
use bindings::toolrack::plugin::host as imports;
#[cfg(not(target_family = "wasm"))]
use native as imports;

pub use answer::IntoOutput;
pub use content::{Content, ResourceLink};
pub use error::ToolError;
pub use host::{Amount, Progress, config, host_zone, secret};
pub use output::{Json, Output};
pub use toolrack_sdk_macros::plugin;

/// The names that the macro's output uses. Not for people: it changes without notice.
#[doc(hidden)]
pub mod __private {
    pub use crate::bindings;
    pub use crate::schema::of_arguments;
    pub use crate::table::{Annotations, Arguments, Schema, Tool, call, of_answer, run};
    pub use crate::wire::{answer, list};
    pub use schemars;
    pub use serde;
    pub use wit_bindgen::rt;
}

/// Exports the table of tools as the contract says. The macro writes the call, for Wasm only.
#[doc(hidden)]
#[macro_export]
macro_rules! __export {
    ($tools:path) => {
        struct __Plugin;

        impl $crate::__private::bindings::exports::toolrack::plugin::tools::Guest for __Plugin {
            fn list_tools()
            -> ::std::vec::Vec<$crate::__private::bindings::exports::toolrack::plugin::tools::Tool>
            {
                $crate::__private::list($tools)
            }

            fn call_tool(
                name: ::std::string::String,
                arguments: ::std::string::String,
            ) -> ::std::result::Result<
                $crate::__private::bindings::exports::toolrack::plugin::tools::Output,
                $crate::__private::bindings::exports::toolrack::plugin::tools::Failure,
            > {
                $crate::__private::answer($tools, &name, &arguments)
            }
        }

        $crate::__private::bindings::export!(__Plugin);
    };
}
