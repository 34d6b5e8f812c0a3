//! `[auth]`: the authorization servers whose tokens count, and the tools that scopes stand for.

use std::ops::Range;
use std::sync::Arc;

use toml::Spanned;
use toml::de::DeValue;

use super::section_reader::{SectionReader, path, secret_path};
use crate::fs::stated::Stated;
use crate::manifest::syntax::error::{Diagnostic, quote};
use crate::manifest::syntax::keys::Section;
use crate::manifest::syntax::table::{SpannedText, wrong};
use crate::oauth::{
    ClientSecret, IssuerSettings, OauthSettings, ScopeName, ScopeRules, ServiceUrl, TokenCheck,
};
use crate::token_shape::is_variable_name;

const SCOPES_EXAMPLE: &str = r#"scopes = { "tools:read" = ["hello_*"] }"#;

/// `[auth]`
#[derive(Clone, Debug)]
pub struct AuthSection {
    /// Its values, but for those that are in files.
    pub settings: OauthSettings,
    /// The files of each issuer, in the order of the issuers.
    pub files: Vec<IssuerFiles>,
    /// The place as messages write it: `FILE:LINE`.
    pub place: Arc<str>,
}

/// The files of an issuer, as written, and the variable with its secret.
#[derive(Clone, Debug, Default)]
pub struct IssuerFiles {
    /// The secret of this server at the issuer, where it is asked about tokens.
    pub client_secret: Option<Stated<ClientSecretPlace>>,
    /// The authorities that its certificate may come from.
    pub authorities: Option<Stated<Box<str>>>,
}

/// The place of a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientSecretPlace {
    /// A file.
    File(Box<str>),
    /// A variable of the environment.
    Variable(Box<str>),
}

/// Reads `[auth]`, which stands in `top`.
pub(super) fn read_auth<P: Fn(Range<usize>) -> Arc<str>>(
    section: &SectionReader<'_, '_, P>,
    top: &SectionReader<'_, '_, P>,
) -> Result<AuthSection, Diagnostic> {
    let own = top.table.get(Section::Auth.key()).map(Spanned::span).unwrap_or_default();
    let lacks = |key: &str, example: &str| {
        let message = format!("{} has no `{key}`", Section::Auth.label());
        Diagnostic::new(own.clone(), message).help(format!("add {example}"))
    };
    let resource = section.text(
        "resource",
        r#""https://tools.example.org/mcp""#,
        |text| -> Result<ServiceUrl, _> { section.parsed("resource", text) },
    )?;
    let resource = resource.ok_or_else(|| {
        lacks("resource", "the URL that clients know the server by: `resource = \"https://tools.example.org/mcp\"`")
    })?;
    let (mut issuers, mut files) = (Vec::new(), Vec::new());
    for item in section.table.list(Section::AuthIssuer)? {
        let span = item.span();
        let issuer = SectionReader {
            author: section.author,
            table: item.into_inner(),
            section: Section::AuthIssuer,
            place: section.place,
        };
        let (settings, own_files) = read_issuer(&issuer, &span)?;
        issuers.push(settings);
        files.push(own_files);
    }
    if issuers.is_empty() {
        return Err(lacks(
            Section::AuthIssuer.key(),
            "two lines, `[[auth.issuers]]` and `issuer = \"https://login.example.org\"`",
        ));
    }
    let scopes = read_scopes(section)?;
    let settings = OauthSettings::new(resource.value, issuers, scopes).map_err(|error| {
        Diagnostic::new(own.clone(), format!("{}: {error}", Section::Auth.label()))
    })?;
    Ok(AuthSection { settings, files, place: (section.place)(own) })
}

fn read_issuer<P: Fn(Range<usize>) -> Arc<str>>(
    table: &SectionReader<'_, '_, P>,
    span: &Range<usize>,
) -> Result<(IssuerSettings, IssuerFiles), Diagnostic> {
    let url = |key, example| {
        table.text(key, example, |text| -> Result<ServiceUrl, _> { table.parsed(key, text) })
    };
    let label = Section::AuthIssuer.label();
    let issuer = url("issuer", r#""https://login.example.org""#)?.ok_or_else(|| {
        Diagnostic::new(span.clone(), format!("{label} has no `issuer`"))
            .help("add the URL that its tokens name: `issuer = \"https://login.example.org\"`")
    })?;
    let audiences = table.list("audience", r#"["https://tools.example.org/mcp"]"#, |text| {
        Ok((*text.get_ref()).to_owned())
    })?;
    let scope_prefix = table.text("scope_prefix", r#""api://tools/""#, |text| {
        // The name of a scope follows.
        let name = format!("{}x", text.get_ref()).parse::<ScopeName>();
        name.map(|_| (*text.get_ref()).to_owned()).map_err(|error| {
            let found = quote(text.get_ref());
            let place = table.section.place("scope_prefix");
            Diagnostic::new(text.span(), format!("{place}: {error}, found {found}"))
        })
    })?;
    let jwks = url("jwks", r#""https://login.example.org/keys""#)?;
    let algorithms = table
        .list("algorithms", r#"["RS256", "ES256"]"#, |text| table.parsed("algorithms", text))?;
    let introspection = url("introspection", r#""https://login.example.org/introspect""#)?;
    let client_id =
        table.text("client_id", r#""toolrack""#, |text| Ok((*text.get_ref()).to_owned()))?;
    let in_file = table.text("client_secret_file", r#""/run/secrets/toolrack""#, |text| {
        secret_path(table, "client_secret_file", text).map(ClientSecretPlace::File)
    })?;
    let in_variable = table.text("client_secret_env", r#""TOOLRACK_CLIENT_SECRET""#, |text| {
        variable(table, "client_secret_env", text).map(ClientSecretPlace::Variable)
    })?;
    let authorities =
        table.text("ca_file", r#""/etc/ssl/company.pem""#, |text| path(table, "ca_file", text))?;
    let refuse = |key: &'static str, message: &str, help: &str| {
        let place = table.table.get(key).map_or(span.clone(), Spanned::span);
        Err(Diagnostic::new(place, format!("`{key}` in {label} {message}")).help(help))
    };
    let check = match introspection {
        None => {
            let stray = ["client_id", "client_secret_file", "client_secret_env"];
            if let Some(key) = table.table.first_of(&stray) {
                return refuse(
                    key.get_ref(),
                    "is for `introspection`, which is not there",
                    "leave it out, or add `introspection`: the URL to ask about tokens",
                );
            }
            let algorithms = algorithms.map(|stated| stated.value).unwrap_or_default();
            TokenCheck::Keys { url: jwks.map(|stated| stated.value), algorithms }
        }
        Some(url) => {
            if let Some(key) = table.table.first_of(&["jwks", "algorithms"]) {
                return refuse(
                    key.get_ref(),
                    "is for tokens that keys check, and those of this issuer are asked about",
                    "leave one of it and `introspection` out",
                );
            }
            let Some(client_id) = client_id else {
                return refuse(
                    "introspection",
                    "needs `client_id` beside it",
                    "add the name by which the issuer knows this server: `client_id = \"toolrack\"`",
                );
            };
            match (&in_file, &in_variable) {
                (None, None) => {
                    return refuse(
                        "introspection",
                        "needs the secret of the client beside it",
                        "add `client_secret_file = \"/run/secrets/toolrack\"`, or `client_secret_env = \"NAME\"` for a variable",
                    );
                }
                (Some(_), Some(_)) => {
                    return refuse(
                        "client_secret_env",
                        "stands beside `client_secret_file`",
                        "leave one of them out",
                    );
                }
                (Some(_), None) | (None, Some(_)) => {}
            }
            TokenCheck::Introspection {
                url: url.value,
                client_id: client_id.value,
                // It is read when a server starts.
                client_secret: ClientSecret::new(String::new()),
            }
        }
    };
    let settings = IssuerSettings {
        issuer: issuer.value,
        audiences: audiences.map(|stated| stated.value).unwrap_or_default(),
        scope_prefix: scope_prefix.map(|stated| stated.value).unwrap_or_default(),
        check,
        authorities: Vec::new(),
    };
    Ok((settings, IssuerFiles { client_secret: in_file.or(in_variable), authorities }))
}

/// The name of a variable of the environment, which holds a secret.
pub(super) fn variable<P: Fn(Range<usize>) -> Arc<str>>(
    table: &SectionReader<'_, '_, P>,
    key: &str,
    text: &SpannedText<'_>,
) -> Result<Box<str>, Diagnostic> {
    let name = *text.get_ref();
    match is_variable_name(name) {
        true => Ok(name.into()),
        // The secret itself may stand there.
        false => Err(Diagnostic::new(
            text.span(),
            format!(
                "{}: expected the name of a variable in capitals, as in TOOLRACK_CLIENT_SECRET",
                table.section.place(key)
            ),
        )
        .secret()),
    }
}

fn read_scopes<P: Fn(Range<usize>) -> Arc<str>>(
    section: &SectionReader<'_, '_, P>,
) -> Result<ScopeRules, Diagnostic> {
    let scope = |text: &SpannedText<'_>, place: &str| {
        text.get_ref().parse::<ScopeName>().map_err(|error| {
            let found = quote(text.get_ref());
            Diagnostic::new(text.span(), format!("{place}: {error}, found {found}"))
        })
    };
    let mut scopes = Vec::new();
    if let Some(table) = section.table.get("scopes")
        && table.get_ref().as_table().is_some_and(|table| table.is_empty())
    {
        let message =
            "[auth.scopes] names no scope, and without it every valid token calls every tool";
        return Err(Diagnostic::new(table.span(), message).help(
            "add a scope, as in `\"tools:read\" = [\"hello_*\"]`, or leave [auth.scopes] out",
        ));
    }
    for (name, value) in section.table.entries("scopes", SCOPES_EXAMPLE)? {
        let place = format!("{} in [auth.scopes]", quote(name.get_ref()));
        let scope = scope(&name, "a key of [auth.scopes]")?;
        let DeValue::Array(items) = value.get_ref() else {
            return Err(wrong(&place, "a list of tools, as in `[\"hello_*\"]`", value));
        };
        let mut patterns = Vec::new();
        for item in items {
            let Some(text) = item.get_ref().as_str() else {
                return Err(wrong(&place, "texts, as in `[\"hello_*\"]`", item));
            };
            let rule = ScopeRules::new(vec![(scope.clone(), vec![text.to_owned()])]);
            rule.map_err(|error| {
                Diagnostic::new(item.span(), format!("{place}: {error}, found {}", quote(text)))
            })?;
            patterns.push(text.to_owned());
        }
        scopes.push((scope, patterns));
    }
    let own = section.table.get("scopes").map(Spanned::span).unwrap_or_default();
    let rules = ScopeRules::new(scopes)
        .map_err(|error| Diagnostic::new(own, format!("[auth.scopes]: {error}")))?;
    let first = section.list("first_scopes", r#"["tools:read"]"#, |text| {
        scope(text, &section.section.place("first_scopes"))
    })?;
    let Some(first) = first else { return Ok(rules) };
    let span = section.table.get("first_scopes").map(Spanned::span).unwrap_or_default();
    rules.asking_first_for(first.value).map_err(|error| {
        Diagnostic::new(span, format!("{}: {error}", section.section.place("first_scopes")))
            .help("name some of the keys of [auth.scopes]")
    })
}
