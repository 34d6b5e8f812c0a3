//! The code that the macro writes: the table of tools inside the module, and its export beside it.
//!
//! Every path is absolute, and what an author's names could collide with stands in a block of its
//! own: a plugin may define its own `Result`, `String` or `Arguments`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{ItemMod, ReturnType};

use crate::options::optional;
use crate::parameter::Parameter;
use crate::tool::Tool;

/// The table, as a constant of the module: there it sees the types that the functions name.
pub(crate) fn table(tools: &[Tool]) -> TokenStream {
    let entries = tools.iter().map(entry);
    quote! {
        #[doc(hidden)]
        #[allow(non_camel_case_types, non_snake_case)]
        pub const __TOOLS: &[::toolrack_sdk::__private::Tool] = &[#(#entries),*];
    }
}

/// The export of the module's table.
pub(crate) fn export(module: &ItemMod) -> TokenStream {
    let name = &module.ident;
    let conditions = module.attrs.iter().filter(|attribute| attribute.path().is_ident("cfg"));
    quote! {
        #(#conditions)*
        const _: () = {
            // A native build has tests only: without this every tool would count as unused.
            const _: &[::toolrack_sdk::__private::Tool] = #name::__TOOLS;
            #[cfg(target_family = "wasm")]
            ::toolrack_sdk::__export!(#name::__TOOLS);
        };
    }
}

fn entry(tool: &Tool) -> TokenStream {
    let Tool { name, description, options, conditions, .. } = tool;
    let title = optional(options.title.as_ref());
    let meta = optional(options.meta.as_ref());
    let requires = options.requires.as_ref().map_or_else(|| quote!([]), |list| quote!(#list));
    let annotations = options.annotations();
    let arguments = arguments(tool);
    let input_schema = match &options.input_schema {
        Some(text) => quote!(Text(#text)),
        None => quote!(Derived(::toolrack_sdk::__private::of_arguments::<__Arguments>)),
    };
    let output_schema = match &options.output_schema {
        Some(text) => quote!(Text(#text)),
        None => quote!(Derived(::toolrack_sdk::__private::of_answer::<__Arguments>)),
    };
    quote! {
        #(#conditions)*
        {
            #arguments
            ::toolrack_sdk::__private::Tool {
                name: #name,
                title: #title,
                description: #description,
                annotations: #annotations,
                input_schema: ::toolrack_sdk::__private::Schema::#input_schema,
                output_schema: ::toolrack_sdk::__private::Schema::#output_schema,
                meta: #meta,
                requires: &#requires,
                run: ::toolrack_sdk::__private::run::<__Arguments>,
            }
        }
    }
}

/// The struct that a call's arguments are parsed into, and the call.
fn arguments(tool: &Tool) -> TokenStream {
    let fields = tool.parameters.iter().map(|parameter| parameter.field());
    let values = tool.parameters.iter().map(|parameter| parameter.value());
    let function = &tool.function;
    let schema = tool.options.input_schema.is_none().then(|| {
        quote! {
            #[derive(::toolrack_sdk::__private::schemars::JsonSchema)]
            #[schemars(crate = "::toolrack_sdk::__private::schemars")]
        }
    });
    // A schema by hand says itself what it takes, and the struct need not know all of it. Fields that
    // are flattened are unknown to this struct: serde leaves refusing others to theirs.
    let is_open = schema.is_none() || tool.parameters.iter().any(Parameter::is_flattened);
    let closed = (!is_open).then(|| quote!(#[serde(deny_unknown_fields)]));
    let answer = match &tool.output {
        ReturnType::Default => quote!(()),
        ReturnType::Type(_, ty) => quote!(#ty),
    };
    quote! {
        #[derive(::toolrack_sdk::__private::serde::Deserialize)]
        #[serde(crate = "::toolrack_sdk::__private::serde")]
        #schema
        #closed
        struct __Arguments {
            #(#fields,)*
        }

        impl ::toolrack_sdk::__private::Arguments for __Arguments {
            type Answer = #answer;

            fn call(self) -> Self::Answer {
                #function(#(#values),*)
            }
        }
    }
}
