//! The module that is a plugin: finding its tools.

use std::collections::HashSet;

use proc_macro2::{TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::{Item, ItemMod, Visibility};

use crate::expand;
use crate::faults::Faults;
use crate::tool::Tool;

const NOT_A_MODULE: &str = "`#[plugin]` stands on an inline module: write \
                            `#[toolrack_sdk::plugin] mod name { pub fn ... }`";
const NO_OPTIONS: &str = "`#[plugin]` takes no options; those of a tool stand on its function, as in \
                          `#[tool(read_only)]`";
const NO_TOOLS: &str = "there is no tool in this module: every `pub fn` directly in it becomes one";

/// Writes the module without what only this macro understands, followed by its export; and
/// `compile_error!` for all that is wrong.
pub(crate) fn plugin(options: TokenStream, input: TokenStream) -> TokenStream {
    let mut faults = Faults::default();
    if !options.is_empty() {
        faults.at(options, NO_OPTIONS);
    }
    let Ok(mut module) = syn::parse2::<ItemMod>(input.clone()) else {
        faults.at(first_word(&input), NOT_A_MODULE);
        return with_faults(faults, input);
    };
    let Some((_, items)) = &mut module.content else {
        faults.at(&module, NOT_A_MODULE);
        return faults.into_tokens();
    };
    let tools = take_tools(items, &mut faults);
    if faults.none() && tools.is_empty() {
        faults.at(&module.ident, NO_TOOLS);
    } else if faults.none() {
        items.push(Item::Verbatim(expand::table(&tools)));
        let export = expand::export(&module);
        // `pub` says here that a function is a tool, whoever can reach the module.
        return quote!(#[allow(unreachable_pub)] #module #export);
    }
    with_faults(faults, module.to_token_stream())
}

/// The tools among a module's items. A function that cannot be one is taken out, so that rustc adds
/// no error of its own to ours.
fn take_tools(items: &mut Vec<Item>, faults: &mut Faults) -> Vec<Tool> {
    let mut tools = Vec::new();
    let mut names = HashSet::new();
    items.retain_mut(|item| {
        let Item::Fn(function) = item else { return true };
        if !matches!(function.vis, Visibility::Public(_)) {
            return true;
        }
        let place = function.sig.ident.clone();
        match Tool::take(function) {
            Ok(tool) => {
                // Functions of one name under opposite conditions are one tool.
                if !names.insert(tool.name.clone()) && tool.conditions.is_empty() {
                    let message = format!("there is already a tool `{}` in this module", tool.name);
                    faults.at(&place, message + "; give each a name of its own");
                }
                tools.push(tool);
                true
            }
            Err(error) => {
                faults.add(error);
                false
            }
        }
    });
    tools
}

fn with_faults(faults: Faults, rest: TokenStream) -> TokenStream {
    let errors = faults.into_tokens();
    quote!(#errors #rest)
}

/// Returns the token at which the item itself begins, past its doc comment and attributes.
fn first_word(tokens: &TokenStream) -> Option<TokenTree> {
    tokens.clone().into_iter().find(|token| matches!(token, TokenTree::Ident(_)))
}
