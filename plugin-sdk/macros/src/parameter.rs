//! One parameter of a tool: what it becomes in the struct of arguments, and in the call.

use proc_macro2::{TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Attribute, FnArg, Ident, Pat, Type};

/// A checked parameter.
pub(crate) struct Parameter {
    name: Ident,
    /// The text of its doc comment and its serde and schemars attributes.
    attributes: Vec<Attribute>,
    ty: Type,
    /// The function borrows the text that the struct of arguments owns.
    borrowed: bool,
}

impl Parameter {
    /// Checks a parameter and takes the attributes that rustc refuses on one.
    pub(crate) fn take(parameter: &mut FnArg) -> syn::Result<Self> {
        let typed = match parameter {
            FnArg::Typed(typed) => typed,
            FnArg::Receiver(receiver) => return Err(refuse(receiver, SELF)),
        };
        let moved = |attribute: &mut Attribute| {
            ["doc", "serde", "schemars"].iter().any(|name| attribute.path().is_ident(name))
        };
        let attributes = typed.attrs.extract_if(.., moved).collect();
        let name = match &*typed.pat {
            Pat::Ident(plain) if plain.by_ref.is_none() && plain.subpat.is_none() => {
                plain.ident.clone()
            }
            other => return Err(refuse(other, PATTERN)),
        };
        let (ty, borrowed) = match &*typed.ty {
            Type::Reference(reference) if is_str(reference) => (owned_text(reference), true),
            other => (other.clone(), false),
        };
        match (has(&ty, "&"), has(&ty, "impl")) {
            (true, _) => Err(refuse(&typed.ty, REFERENCE)),
            (_, true) => Err(refuse(&typed.ty, GENERIC)),
            (false, false) => Ok(Self { name, attributes, ty, borrowed }),
        }
    }

    /// The field in the struct of arguments.
    pub(crate) fn field(&self) -> TokenStream {
        let Self { name, attributes, ty, .. } = self;
        quote!(#(#attributes)* #name: #ty)
    }

    /// True if its fields are arguments themselves.
    pub(crate) fn is_flattened(&self) -> bool {
        let serde = |attribute: &&Attribute| attribute.path().is_ident("serde");
        self.attributes.iter().filter(serde).any(|attribute| has(attribute, "flatten"))
    }

    /// The value in the call of the function.
    pub(crate) fn value(&self) -> TokenStream {
        let name = &self.name;
        if self.borrowed { quote!(&self.#name) } else { quote!(self.#name) }
    }
}

const SELF: &str = "a tool is a plain function without `self`; every call runs in a fresh instance, \
                    so there is no state to hold";
const PATTERN: &str = "give the parameter a plain name, which becomes the argument's name, and take \
                       the value apart inside the function";
const REFERENCE: &str = "arguments are owned: write `String`, `Vec<T>` or `Option<String>`; the one \
                         reference a tool can take is `&str`";
const GENERIC: &str = "the arguments' types must be known: write a concrete type";

fn refuse(place: impl ToTokens, message: &str) -> syn::Error {
    syn::Error::new_spanned(place, message)
}

fn is_str(reference: &syn::TypeReference) -> bool {
    let plain = reference.mutability.is_none() && reference.lifetime.is_none();
    plain && matches!(&*reference.elem, Type::Path(path) if path.path.is_ident("str"))
}

fn owned_text(reference: &syn::TypeReference) -> Type {
    Type::Verbatim(quote_spanned!(reference.span()=> ::std::string::String))
}

/// True if a token stands anywhere in a piece of code.
pub(crate) fn has(code: &impl ToTokens, token: &str) -> bool {
    fn find(tokens: TokenStream, token: &str) -> bool {
        tokens.into_iter().any(|tree| match tree {
            TokenTree::Group(group) => find(group.stream(), token),
            TokenTree::Punct(_) | TokenTree::Ident(_) => tree.to_string() == token,
            TokenTree::Literal(_) => false,
        })
    }
    find(code.to_token_stream(), token)
}
