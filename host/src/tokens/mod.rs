//! Tokens of clients that come over HTTP: who may use the server, and which tools each may call.
//!
//! A token is shown once, when it is made. Only its digest is kept, in a file that this user alone can read.

mod tool_pattern;
mod access_token;
mod token;
mod file;

pub(crate) use access_token::{AccessToken, TokenText};
pub(crate) use file::{TokenFile, TokenFileError};
pub(crate) use token::{
    AllowedTools, NewToken, Principal, Proof, TOKEN_PREFIX, Token, TokenName, now, with_text,
};
pub(crate) use tool_pattern::ToolPattern;
