//! The server's notifications, as lines of JSON.

use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::super::rpc::id::Id;
use super::super::rpc::reply::line;
use super::result::SUBSCRIPTION_ID;
use crate::tool::Progress;

/// Returns the notification of a call's progress to the request with this token.
pub(crate) fn progress(token: &RawValue, progress: Progress) -> String {
    // The 2024-11-05 revision knows no message; it ignores the member.
    let Progress { value, total, message } = progress;
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct ProgressParams<'a> {
        progress_token: &'a RawValue,
        progress: f64,
        #[serde(skip_serializing_if = "Option::is_none")]
        total: Option<f64>,
        #[serde(skip_serializing_if = "Option::is_none")]
        message: Option<String>,
    }
    let params = ProgressParams { progress_token: token, progress: value, total, message };
    notification("notifications/progress", Some(params))
}

/// That a subscription is open, and whether it is told of tools.
pub(crate) fn acknowledged(subscription: &Id, tools: bool) -> String {
    let granted = if tools { json!({ "toolsListChanged": true }) } else { json!({}) };
    let params = json!({ "_meta": of(subscription), "notifications": granted });
    notification("notifications/subscriptions/acknowledged", Some(params))
}

/// That the tools are others, to a subscription or to the whole session.
pub(crate) fn list_changed(subscription: Option<&Id>) -> String {
    let params = subscription.map(|subscription| json!({ "_meta": of(subscription) }));
    notification("notifications/tools/list_changed", params)
}

fn of(subscription: &Id) -> Value {
    json!({ SUBSCRIPTION_ID: subscription.as_json() })
}

fn notification(method: &'static str, params: Option<impl Serialize>) -> String {
    #[derive(Serialize)]
    struct Notification<T> {
        jsonrpc: &'static str,
        method: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        params: Option<T>,
    }
    line(&Notification { jsonrpc: "2.0", method, params })
}
