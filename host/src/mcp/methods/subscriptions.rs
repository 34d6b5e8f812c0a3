//! `subscriptions/listen`, and the changes of the list of tools that clients are told of.

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::super::rpc::id::Id;
use super::super::rpc::reply::{RpcError, notification};
use super::super::version::Version;
use super::meta::{Common, SUBSCRIPTION_ID, read};

/// Reads the parameters of `subscriptions/listen`: true if it asks for changes of the tool list.
pub(crate) fn listens_to_tools(params: Option<&RawValue>) -> Result<bool, RpcError> {
    #[derive(Deserialize)]
    struct ListenParams {
        notifications: ListenedTo,
    }
    #[derive(Deserialize)]
    struct ListenedTo {
        #[serde(default, rename = "toolsListChanged")]
        tools_list_changed: bool,
    }
    let missing = || RpcError::invalid_params("`notifications`, an object, is missing");
    let params: ListenParams = read(params.ok_or_else(missing)?)?;
    Ok(params.notifications.tools_list_changed)
}

/// Returns the notification that a subscription is open, and whether it is told of tools.
pub(crate) fn acknowledged(subscription: &Id, tools: bool) -> String {
    let granted = if tools { json!({ "toolsListChanged": true }) } else { json!({}) };
    let params = json!({ "_meta": meta_of(subscription), "notifications": granted });
    notification("notifications/subscriptions/acknowledged", Some(params))
}

/// Returns the notification that the tools are others, to a subscription or to the whole session.
pub(crate) fn list_changed(subscription: Option<&Id>) -> String {
    let params = subscription.map(|subscription| json!({ "_meta": meta_of(subscription) }));
    notification("notifications/tools/list_changed", params)
}

/// The result of a subscription, when it ends.
pub(crate) fn listen_ended(version: Version, subscription: &Id) -> Value {
    let meta = Map::from_iter([(SUBSCRIPTION_ID.to_owned(), json!(subscription.as_json()))]);
    json!(Common::with(version, meta, None))
}

fn meta_of(subscription: &Id) -> Value {
    json!({ SUBSCRIPTION_ID: subscription.as_json() })
}
