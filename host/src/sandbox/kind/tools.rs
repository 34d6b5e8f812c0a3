//! Plugins of the kind `tools`: asked for their tools and called through the contract.

use wasmtime::Store;
use wasmtime::component::{Component, ComponentExportIndex, InstancePre};

use super::super::engine::setup::MAX_READ_AT_ONCE;
use super::super::run::invocation::{GuestCall, Invocation};
use super::super::run::runner::{Ran, Runner};
use super::super::run::store::StoreState;
use super::bindings::PluginPre;
use super::bindings::exports::toolrack::plugin::tools::{self as wit, Failure, Output as Answer};
use super::contract;
use crate::tool::{CallError, Output};

/// Bytes that a tool list may copy out of the guest: 512 tools with schemas of some size.
const MAX_LIST: u64 = 8 * 1024 * 1024;

/// A component of this kind, with everything it imports.
#[derive(Clone)]
pub(crate) struct Tools {
    plugin: PluginPre<StoreState>,
    /// The function that answers calls: each call looks up this one alone, of all exports.
    call: ComponentExportIndex,
}

impl Tools {
    /// Looks for the functions of `interface`, the contract's.
    pub(crate) fn of(pre: InstancePre<StoreState>, interface: &str) -> wasmtime::Result<Self> {
        let plugin = PluginPre::new(pre)?;
        let component = plugin.instance_pre().component();
        let interface = component.get_export_index(None, interface);
        let call = interface.and_then(|it| component.get_export_index(Some(&it), "call-tool"));
        let call =
            call.ok_or_else(|| wasmtime::format_err!("it exports no function `call-tool`"))?;
        Ok(Self { plugin, call })
    }

    pub(crate) fn component(&self) -> &Component {
        self.plugin.instance_pre().component()
    }
}

/// The tools that the guest says it has, as it says it. That its functions have the contract's types is found out
/// here. It reaches nothing meanwhile, whatever it is granted.
/// The caller has a place among those that are asked, so that there is room for all in the pool.
pub(crate) async fn ask(runner: Runner<'_>, tools: &Tools) -> Result<Vec<wit::Tool>, CallError> {
    let plugin = &tools.plugin;
    let list = async |store: &mut Store<StoreState>| {
        let plugin = plugin.instantiate_async(&mut *store).await?;
        plugin.toolrack_plugin_tools().call_list_tools(store).await
    };
    runner.run(plugin.engine(), MAX_LIST, Invocation::asked(), list).await.0
}

/// Calls a tool of the guest and returns its answer.
pub(crate) async fn call(
    runner: Runner<'_>,
    tools: &Tools,
    call: GuestCall<'_>,
) -> (Result<Output, CallError>, Ran) {
    let GuestCall { tool, arguments, terms } = call;
    let pre = tools.plugin.instance_pre();
    let enter = async |store: &mut Store<StoreState>| {
        let instance = pre.instantiate_async(&mut *store).await?;
        let function = instance
            .get_typed_func::<(&str, &str), (Result<Answer, Failure>,)>(&mut *store, &tools.call)?;
        function.call_async(store, (tool, arguments)).await.map(|(answer,)| answer)
    };
    let (outcome, ran) = runner.run(pre.engine(), runner.copied(), terms, enter).await;
    if outcome.as_ref().is_ok_and(|answer| contract::json_bytes(answer) > MAX_READ_AT_ONCE) {
        tokio::task::yield_now().await;
    }
    let outcome = outcome.and_then(|answer| match answer {
        Ok(output) => contract::output(output),
        Err(failure) => Err(contract::failure(failure)),
    });
    (outcome, ran)
}
