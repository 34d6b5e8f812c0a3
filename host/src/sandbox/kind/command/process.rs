//! The surroundings that a program is started with: arguments, variables, stdin and stdout.

use std::collections::BTreeMap;

use wasmtime_wasi::WasiCtxBuilder;
use wasmtime_wasi::p2::pipe::MemoryInputPipe;

use super::expand::ProgramInvocation;
use super::stdout::Stdout;
use crate::sandbox::run::guest_stream::GuestStream;

/// The arguments, variables, stdin and stdout that a program is started with.
pub(crate) struct Process {
    args: Vec<String>,
    env: Vec<(String, String)>,
    stdin: Vec<u8>,
    stdout: Stdout,
}

impl Process {
    /// Creates the surroundings of the program `name` for one invocation.
    pub(super) fn new(name: &str, invocation: ProgramInvocation, stdout: Stdout) -> Self {
        let ProgramInvocation { args, env, stdin } = invocation;
        let args = std::iter::once(name.to_owned()).chain(args).collect();
        Self { args, env, stdin, stdout }
    }

    /// Sets it up in `wasi`. Of a variable that is granted to all tools and given to this one, the
    /// tool's own counts.
    pub(crate) fn give_to(self, wasi: &mut WasiCtxBuilder, env: &mut BTreeMap<String, String>) {
        let Self { args, env: own, stdin, stdout } = self;
        env.extend(own);
        wasi.args(&args).stdin(MemoryInputPipe::new(stdin)).stdout(GuestStream::new(stdout));
    }
}
