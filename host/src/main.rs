//! The binary `toolrack`. Everything it does is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    toolrack::cli::main()
}
