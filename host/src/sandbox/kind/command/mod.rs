//! Plugins of the kind `command`: WASI programs, run once for each call.
//!
//! A program says nothing of itself. Its tools are what the manifest declares: how a call becomes
//! arguments, stdin and environment, and what stdout and the exit code mean.

mod exit;
mod imports;
mod module;
mod expand;
mod declared;
mod answer;
mod stdout;
mod process;

use wasmtime::Store;
use wasmtime_wasi::I32Exit;
use wasmtime_wasi::p2::bindings::CommandPre;

use super::super::engine::setup::MAX_READ_AT_ONCE;
use super::super::run::invocation::GuestCall;
use super::super::run::log::MAX_SAID;
use super::super::run::runner::{Ran, Runner};
use super::super::run::store::StoreState;
use crate::tool::{CallError, Output};

pub(crate) use declared::list;
pub use declared::{DeclaredError, ProgramDeclarations};
pub(crate) use module::{ModuleError, component};
pub(crate) use process::Process;

/// The first import of a core module that nothing here provides, with what to do. `None` if there is none.
pub(crate) fn foreign_import(module: &[u8]) -> Option<String> {
    imports::check(module).err()
}

/// Runs the program for one call and returns its answer.
pub(crate) async fn call(
    runner: Runner<'_>,
    pre: &CommandPre<StoreState>,
    declared: &ProgramDeclarations,
    call: GuestCall<'_>,
) -> (Result<Output, CallError>, Ran) {
    let GuestCall { tool, arguments, mut terms } = call;
    let Some(tool) = declared.tools.iter().find(|declared| declared.name == tool) else {
        let lost = CallError::Host("the tool is not in its manifest".into());
        return (Err(lost), Ran::default());
    };
    let invocation = match expand::invocation(&tool.command, arguments) {
        Ok(invocation) => invocation,
        Err(problem) => return (Err(CallError::InvalidArguments(problem)), Ran::default()),
    };
    let secrets = terms.reach.secrets.clone();
    let limit = runner.limits.output;
    let stdout = stdout::Stdout::new(limit);
    let process = Process::new(&declared.name, invocation, stdout.clone());
    terms.reach.process = Some(process);
    let enter = async |store: &mut Store<StoreState>| {
        let code = exit_code(run(store, pre).await)?;
        let StoreState { log, meter, .. } = store.data();
        Ok((code, log.said(MAX_SAID), meter.memory_hit()))
    };
    let (outcome, ran) = runner.run(pre.engine(), runner.copied(), terms, enter).await;
    let stdout = stdout.written();
    if stdout.len() > MAX_READ_AT_ONCE {
        tokio::task::yield_now().await;
    }
    let outcome = outcome.and_then(|(code, stderr, refused)| {
        let ended = answer::ProgramEnd { code, stdout, stderr, refused };
        answer::answer(ended, &tool.command, declared, limit, secrets.redactor())
    });
    (outcome, ran)
}

async fn run(
    store: &mut Store<StoreState>,
    pre: &CommandPre<StoreState>,
) -> wasmtime::Result<Result<(), ()>> {
    let command = pre.instantiate_async(&mut *store).await?;
    command.wasi_cli_run().call_run(store).await
}

/// The code with which a program ended, by returning or by exiting.
fn exit_code(ended: wasmtime::Result<Result<(), ()>>) -> wasmtime::Result<i32> {
    match ended {
        Ok(Ok(())) => Ok(0),
        Ok(Err(())) => Ok(1),
        Err(error) => match error.downcast_ref::<I32Exit>() {
            Some(I32Exit(code)) => Ok(*code),
            None => Err(error),
        },
    }
}
