//! Plugins of the kind `tools`: asked for their tools and called through the contract.

use wasmtime::Store;

use super::bindings::PluginPre;
use super::contract;
use super::guest::{Call, Guest, ListError};
use super::run::Ran;
use super::store::State;
use crate::tool::{CallError, Output, ToolSpec};

/// Bytes that a tool list may copy out of the guest: 512 tools with schemas of some size.
const MAX_LIST: u64 = 8 * 1024 * 1024;

/// The tools that the guest says it has, checked.
pub(super) async fn list(
    guest: &Guest,
    pre: &PluginPre<State>,
) -> Result<Vec<ToolSpec>, ListError> {
    let list = async |store: &mut Store<State>| {
        let plugin = pre.instantiate_async(&mut *store).await?;
        plugin.toolrack_plugin_tools().call_list_tools(store).await
    };
    let tools = guest.run(pre.engine(), MAX_LIST, guest.asked(), list).await.0?;
    Ok(contract::tools(tools, guest.grants())?)
}

/// What the guest answers.
pub(super) async fn call(
    guest: &Guest,
    pre: &PluginPre<State>,
    call: Call<'_>,
) -> (Result<Output, CallError>, Ran) {
    let Call { tool, arguments, terms } = call;
    let enter = async |store: &mut Store<State>| {
        let plugin = pre.instantiate_async(&mut *store).await?;
        plugin.toolrack_plugin_tools().call_call_tool(store, tool, arguments).await
    };
    let (outcome, ran) = guest.run(pre.engine(), guest.copied(), terms, enter).await;
    let outcome = outcome.and_then(|answer| match answer {
        Ok(output) => contract::output(output),
        Err(failure) => Err(contract::failure(failure)),
    });
    (outcome, ran)
}
