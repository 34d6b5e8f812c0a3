//! The advice on how a server that other machines reach is closed to strangers: on a machine, and in a container.
//!
//! It does not know whether a server is closed.

use std::env;

use crate::home::Home;
use crate::suggestion::CommandName;
use crate::text::escape_path;
use crate::tokens::TokenFile;

/// The variable that engines and images set to say that a program runs in a container.
const CONTAINER: &str = "container";

/// Returns what to do, from the reason on. `home` is `None` where the server keeps nothing.
pub(super) fn closing_advice(home: Option<&Home>) -> String {
    let is_container = env::var_os(CONTAINER).is_some_and(|engine| !engine.is_empty());
    match home.filter(|_| is_container) {
        // Nobody can run a command in a container that has ended, and an address of its own is of no use there.
        Some(home) => format!(
            "{tokens} holds no token that they would have to show: run this image with the words `token add NAME` and the \
             same volume at {directory}, mount a file of tokens there, name an authorization server under [auth] in {config}, or \
             let everybody in with `allow_unauthenticated = true` under [http] in that file",
            tokens = escape_path(TokenFile::of(home).path()),
            directory = escape_path(home.path()),
            config = escape_path(&home.config()),
        ),
        None => format!(
            "there is no token that they would have to show: make one with `{add}`, name an authorization server under \
             [auth] in the configuration, listen on 127.0.0.1, or let everybody in with --allow-unauthenticated",
            add = CommandName::TokenAdd.alone().verbatim("NAME"),
        ),
    }
}
