//! The options of `toolrack register` for a server over HTTP: its URL, and what proves who asks.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};
use clap::Args;

use crate::cli::output::print::eprintln;
use crate::cli::{ERROR, paint};
use crate::clients::{ClientHeader, ClientToken, HttpEntry, Scope, ServerUrl};
use crate::fs::bounded_read::read_at_most;
use crate::fs::others_rights::everybody_reaches;
use crate::text::{escape_path, shell_word};
use crate::token_shape::looks_like_token;

/// The largest file of a token, in bytes.
const MAX_TOKEN_FILE: usize = 64 * 1024;
/// The name that stands for stdin.
const STDIN: &str = "-";

#[derive(Args)]
pub(super) struct HttpEntryArguments {
    /// Make clients reach the server at this URL, as in http://127.0.0.1:8787/mcp, and start none
    #[arg(long, value_name = "URL", conflicts_with_all = ["plugins", "locked"])]
    http: Option<ServerUrl>,
    /// Variable from which the client reads its token
    #[arg(long, value_name = "VARIABLE", requires = "http", conflicts_with = "token_file", value_parser = variable)]
    token_env: Option<ClientToken>,
    /// File with the token, which is written into the client's file; - is stdin
    #[arg(long, value_name = "FILE", requires = "http")]
    token_file: Option<PathBuf>,
    /// A further header that the client sends; a token would stay in the shell's history [repeatable]
    #[arg(long, value_name = "NAME=VALUE", requires = "http")]
    header: Vec<ClientHeader>,
}

impl HttpEntryArguments {
    /// Takes the token that is asked for out, and reads it where a file holds it.
    pub(super) fn take_token(&mut self) -> anyhow::Result<Option<ClientToken>> {
        match self.token_file.take() {
            Some(file) => read_token(&file).map(Some),
            None => Ok(self.token_env.take()),
        }
    }

    /// Returns the server that is asked for, which gets this token. `None` if clients are to start this program.
    pub(super) fn entry(
        self,
        token: Option<ClientToken>,
        scope: Scope,
    ) -> anyhow::Result<Option<HttpEntry>> {
        let Self { http, header, .. } = self;
        let Some(url) = http else { return Ok(None) };
        refuse_twins(&header)?;
        let is_shown = header.iter().find(|header| is_credential(header));
        if scope == Scope::Project {
            const PUBLIC: &str = "a project's file is read by everybody who works on it, and is no place for a token; --token-env names the variable in which each keeps one";
            ensure!(!matches!(token, Some(ClientToken::Text(_))), "{PUBLIC}");
            ensure!(!url.holds_token(), "the URL seems to hold a token: {PUBLIC}");
            if let Some(header) = header.iter().find(|header| header.may_be_secret()) {
                bail!(
                    "the value of {} may be a secret: {PUBLIC}; a header names one as ${{NAME}} or ${{env:NAME}}",
                    header.name
                );
            }
        }
        ensure!(
            token.is_none() || !header.iter().any(ClientHeader::is_authorization),
            "a token is sent in the header Authorization; leave out one of the two"
        );
        if let Some(header) = is_shown {
            warn(&format!(
                "the value of {} stands in the shell's history now; --token-file and --token-env keep a token out of it",
                header.name
            ));
        }
        if url.is_plain() && !url.is_loopback() && (token.is_some() || is_shown.is_some()) {
            warn("requests to http:// show the token to whoever carries them; use https://");
        }
        Ok(Some(HttpEntry { url, token, headers: header }))
    }
}

/// Refuses headers of which a client could keep one alone: by a name in other letters, or by one that is the same variable
/// for a client that only starts programs.
fn refuse_twins(headers: &[ClientHeader]) -> anyhow::Result<()> {
    let variable = |header: &ClientHeader| header.name.to_ascii_lowercase().replace('-', "_");
    for (at, header) in headers.iter().enumerate() {
        let twin = headers[..at].iter().find(|other| variable(other) == variable(header));
        let Some(ClientHeader { name: other, .. }) = twin else { continue };
        let name = &header.name;
        ensure!(
            !other.eq_ignore_ascii_case(name),
            "--header: `{name}` is given twice; a client sends one value for each name"
        );
        bail!(
            "--header: `{other}` and `{name}` are one variable for mcp-remote; leave out one of the two"
        );
    }
    Ok(())
}

fn warn(text: &str) {
    eprintln!("{} {text}", paint(ERROR, "warning:"));
}

/// True if the header proves who asks, as far as can be told.
fn is_credential(header: &ClientHeader) -> bool {
    header.is_authorization() || header.value.split_whitespace().any(looks_like_token)
}

fn read_token(file: &Path) -> anyhow::Result<ClientToken> {
    let is_stdin = file == Path::new(STDIN);
    let name = if is_stdin { "stdin".into() } else { escape_path(file) };
    let bytes = match is_stdin {
        true => {
            let mut bytes = Vec::new();
            let at_most = u64::try_from(MAX_TOKEN_FILE).unwrap_or(u64::MAX);
            std::io::stdin().take(at_most).read_to_end(&mut bytes).context("stdin")?;
            bytes
        }
        false => read_at_most(file, MAX_TOKEN_FILE)
            .map_err(|error| anyhow::anyhow!("--token-file: {name}: it {error}"))?,
    };
    if is_stdin && bytes.is_empty() {
        bail!(
            "--token-file: stdin: nothing came; a command before `|` printed no token, and its error says why"
        );
    }
    let token = std::str::from_utf8(&bytes).ok().and_then(ClientToken::from_text);
    if !is_stdin && everybody_reaches(file) {
        let word = shell_word(&file.to_string_lossy());
        warn(&format!(
            "every user of this machine can read the token in {name}; `chmod go-r {word}` ends that"
        ));
    }
    let Some(token) = token else {
        bail!(
            "--token-file: {name}: expected a token on one line, as `toolrack token add` prints it"
        )
    };
    Ok(token)
}

fn variable(name: &str) -> Result<ClientToken, String> {
    let expected = "expected the name of a variable in capitals, such as TOOLRACK_TOKEN";
    ClientToken::from_variable(name).ok_or_else(|| expected.to_owned())
}
