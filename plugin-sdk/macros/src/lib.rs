//! The macro of `toolrack-sdk`. That crate's page says how to use it.
//!
//! The way of a module: `module` finds the tools in it, `tool` and `parameter` check one
//! function each and take it apart, `expand` writes the table that the SDK serves.

mod docs;
mod expand;
mod faults;
mod module;
mod options;
mod parameter;
mod tool;

/// Makes every `pub fn` directly in an inline module a tool.
///
/// `toolrack_sdk`'s page explains it, with all that can stand on a function or a parameter. A plugin
/// has one such module.
#[proc_macro_attribute]
pub fn plugin(
    options: proc_macro::TokenStream,
    module: proc_macro::TokenStream,
) -> proc_macro::TokenStream {
    module::plugin(options.into(), module.into()).into()
}
