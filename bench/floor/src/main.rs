//! The floor: answers every request with the same few bytes, and so shows what carrying them costs.
//!
//! `bench-floor` answers lines on pipes; with a port as its argument, requests over HTTP.

mod http;

use std::io::{BufRead as _, Result, Write as _, stdin, stdout};

fn main() -> Result<()> {
    match std::env::args().nth(1) {
        Some(port) => http::serve(port.parse().map_err(std::io::Error::other)?),
        None => lines(),
    }
}

fn lines() -> Result<()> {
    let (mut input, mut output) = (stdin().lock(), stdout().lock());
    let mut line = String::new();
    while input.read_line(&mut line)? != 0 {
        // A notification has no id and gets no answer.
        if line.contains("\"id\"") {
            output.write_all(b"{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}\n")?;
            output.flush()?;
        }
        line.clear();
    }
    Ok(())
}
