//! Completions for shells, and manual pages: made from the command line's own definition.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, ensure};
use clap_complete::Shell;

use super::super::arguments::command;
use super::super::output::print::{print, println};
use super::super::shown;

/// Prints the completions for a shell.
pub(crate) fn completions(shell: Shell) -> anyhow::Result<ExitCode> {
    let mut bytes = Vec::new();
    clap_complete::generate(shell, &mut command(), "toolrack", &mut bytes);
    print!("{}", String::from_utf8(bytes)?);
    Ok(ExitCode::SUCCESS)
}

/// Prints the page of the program itself, or writes those of all commands into `directory`.
pub(crate) fn man(directory: Option<&Path>) -> anyhow::Result<ExitCode> {
    let Some(directory) = directory else {
        let mut bytes = Vec::new();
        clap_mangen::Man::new(command()).render(&mut bytes)?;
        print!("{}", String::from_utf8(bytes)?);
        return Ok(ExitCode::SUCCESS);
    };
    let place = || shown(&[directory.to_owned()]);
    ensure!(directory.is_dir(), "{}: there is no such directory; make it first", place());
    clap_mangen::generate_to(command(), directory).with_context(place)?;
    println!("a page for each command is in {}", place());
    Ok(ExitCode::SUCCESS)
}
