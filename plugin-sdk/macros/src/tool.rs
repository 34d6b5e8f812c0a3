//! One function that is a tool: checking that it can be one, and taking it apart.

use proc_macro2::TokenStream;
use syn::{Attribute, Expr, ExprLit, Ident, ItemFn, Lit, ReturnType, Type};

use crate::docs;
use crate::faults::Faults;
use crate::options::Options;
use crate::parameter::{Parameter, has};

/// The host shows a model no more.
const MAX_DESCRIPTION: usize = 2048;

/// A checked tool.
pub(crate) struct Tool {
    pub(crate) function: Ident,
    pub(crate) name: String,
    pub(crate) description: TokenStream,
    pub(crate) options: Options,
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) output: ReturnType,
    /// Its entry in the table is there when the function is.
    pub(crate) conditions: Vec<Attribute>,
}

impl Tool {
    /// Checks a function and takes what only the macro understands out of it.
    pub(crate) fn take(function: &mut ItemFn) -> syn::Result<Self> {
        let mut faults = Faults::default();
        let options = Options::take(&mut function.attrs).unwrap_or_else(|error| {
            faults.add(error);
            Options::default()
        });
        check_signature(function, &mut faults);
        let mut parameters = Vec::new();
        for parameter in &mut function.sig.inputs {
            match Parameter::take(parameter) {
                Ok(parameter) => parameters.push(parameter),
                Err(error) => faults.add(error),
            }
        }
        let name = name(function, &options, &mut faults);
        let description = description(function, &options, &mut faults);
        let is_condition = |attribute: &&Attribute| attribute.path().is_ident("cfg");
        faults.or(Self {
            function: function.sig.ident.clone(),
            name,
            description,
            options,
            parameters,
            output: function.sig.output.clone(),
            conditions: function.attrs.iter().filter(is_condition).cloned().collect(),
        })
    }
}

fn check_signature(function: &ItemFn, faults: &mut Faults) {
    let sig = &function.sig;
    if let Some(token) = &sig.asyncness {
        faults.at(token, "a tool is not `async`: a call runs alone in its instance, so just block");
    }
    if !matches!(sig.safety, syn::Safety::Default) {
        faults.at(&sig.safety, "a tool must be safe to call: the model writes its arguments");
    }
    if let Some(abi) = &sig.abi {
        faults.at(abi, "a tool is a plain Rust function: remove `extern`");
    }
    if let Some(first) = sig.generics.params.first() {
        faults.at(first, "a tool is not generic: its schema needs concrete types");
    }
    if let Some(variadic) = &sig.variadic {
        faults.at(variadic, "a tool takes a fixed list of parameters: take a `Vec` instead");
    }
    if let ReturnType::Type(_, ty) = &sig.output {
        if has(ty, "impl") {
            faults.at(ty, "name the type: `impl Trait` does not say what the answer is");
        }
        if matches!(&**ty, Type::Reference(reference) if reference.lifetime.is_none()) {
            faults.at(ty, "an answer outlives the call: write `String` or `&'static str`");
        }
    }
}

fn name(function: &ItemFn, options: &Options, faults: &mut Faults) -> String {
    let ident = &function.sig.ident;
    let name = options.name.as_ref().map_or_else(|| unraw(ident), syn::LitStr::value);
    let starts_well = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
    let other = |rest: char| !(rest.is_ascii_alphanumeric() || rest == '_' || rest == '-');
    if !starts_well || name.contains(other) {
        let message = format!(
            "`{name}` is no tool name: MCP clients take ASCII letters, digits, `_` and `-`, and a \
             letter or `_` first"
        );
        match &options.name {
            Some(literal) => faults.at(literal, message),
            None => faults.at(ident, message + "; write `#[tool(name = \"...\")]`"),
        }
    }
    name
}

fn unraw(ident: &Ident) -> String {
    let name = ident.to_string();
    name.strip_prefix("r#").map_or(name.clone(), Into::into)
}

fn description(function: &ItemFn, options: &Options, faults: &mut Faults) -> TokenStream {
    let text = options
        .description
        .as_ref()
        .map(quote::ToTokens::to_token_stream)
        .or_else(|| docs::description(&function.attrs));
    let Some(text) = text else {
        faults.at(&function.sig.ident, "write a doc comment: models choose tools by it");
        return TokenStream::new();
    };
    if let Ok(Expr::Lit(ExprLit { lit: Lit::Str(literal), .. })) = syn::parse2(text.clone())
        && literal.value().len() > MAX_DESCRIPTION
    {
        let bytes = literal.value().len();
        let message = format!(
            "the description has {bytes} bytes, and the host takes {MAX_DESCRIPTION}: shorten it"
        );
        faults.at(&function.sig.ident, message);
    }
    text
}
