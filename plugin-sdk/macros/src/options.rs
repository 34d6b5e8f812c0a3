//! The options in `#[tool(...)]` of a function.

use proc_macro2::TokenStream;
use quote::quote;
use syn::meta::ParseNestedMeta;
use syn::parse::Parse;
use syn::{Attribute, Expr, LitBool, LitStr, Token};

const KNOWN: &str = "`name`, `title`, `description`, `read_only`, `destructive`, `idempotent`, \
                     `open_world`, `requires`, `input_schema`, `output_schema` or `meta`";

/// The options of one tool.
#[derive(Default)]
pub(crate) struct Options {
    pub(crate) name: Option<LitStr>,
    pub(crate) title: Option<Expr>,
    pub(crate) description: Option<Expr>,
    pub(crate) input_schema: Option<Expr>,
    pub(crate) output_schema: Option<Expr>,
    pub(crate) meta: Option<Expr>,
    pub(crate) requires: Option<Expr>,
    read_only: Option<bool>,
    destructive: Option<bool>,
    idempotent: Option<bool>,
    open_world: Option<bool>,
}

impl Options {
    /// Takes the `#[tool(...)]` attributes out of a function's attributes and reads them.
    pub(crate) fn take(attributes: &mut Vec<Attribute>) -> syn::Result<Self> {
        let mut options = Self::default();
        for attribute in attributes.extract_if(.., |attribute| is_tool(attribute)) {
            attribute.parse_nested_meta(|option| options.read(option))?;
        }
        Ok(options)
    }

    fn read(&mut self, option: ParseNestedMeta<'_>) -> syn::Result<()> {
        let name = option.path.get_ident().map(ToString::to_string).unwrap_or_default();
        let twice = match name.as_str() {
            "name" => self.name.replace(value(&option)?).is_some(),
            "title" => self.title.replace(value(&option)?).is_some(),
            "description" => self.description.replace(value(&option)?).is_some(),
            "input_schema" => self.input_schema.replace(value(&option)?).is_some(),
            "output_schema" => self.output_schema.replace(value(&option)?).is_some(),
            "meta" => self.meta.replace(value(&option)?).is_some(),
            "requires" => self.requires.replace(value(&option)?).is_some(),
            "read_only" => self.read_only.replace(flag(&option)?).is_some(),
            "destructive" => self.destructive.replace(flag(&option)?).is_some(),
            "idempotent" => self.idempotent.replace(flag(&option)?).is_some(),
            "open_world" => self.open_world.replace(flag(&option)?).is_some(),
            _ => return Err(option.error(format!("unknown option; write {KNOWN}"))),
        };
        if twice { Err(option.error("stands here twice; keep one")) } else { Ok(()) }
    }

    /// The annotations, as the SDK's type.
    pub(crate) fn annotations(&self) -> TokenStream {
        let [read_only, destructive, idempotent, open_world] =
            [self.read_only, self.destructive, self.idempotent, self.open_world].map(optional);
        quote! {
            ::toolrack_sdk::__private::Annotations {
                read_only: #read_only,
                destructive: #destructive,
                idempotent: #idempotent,
                open_world: #open_world,
            }
        }
    }
}

/// An optional value as an expression.
pub(crate) fn optional<T: quote::ToTokens>(value: Option<T>) -> TokenStream {
    match value {
        Some(value) => quote!(::core::option::Option::Some(#value)),
        None => quote!(::core::option::Option::None),
    }
}

/// `#[tool(...)]`, also by its path.
fn is_tool(attribute: &Attribute) -> bool {
    attribute.path().segments.last().is_some_and(|last| last.ident == "tool")
}

/// Reads the value behind the `=`.
fn value<T: Parse>(option: &ParseNestedMeta<'_>) -> syn::Result<T> {
    if !option.input.peek(Token![=]) {
        return Err(option.error("needs a value: write `= \"...\"` behind it"));
    }
    option.value()?.parse()
}

/// A flag stands alone, or says `= true` or `= false`.
fn flag(option: &ParseNestedMeta<'_>) -> syn::Result<bool> {
    if !option.input.peek(Token![=]) {
        return Ok(true);
    }
    let place = option.value()?.span();
    let value = option.input.parse::<LitBool>();
    let message = "is a flag: write it alone, or `= true` or `= false`";
    value.map(|flag| flag.value).map_err(|_| syn::Error::new(place, message))
}
