//! `subscriptions/listen`, and the changes of lists that clients are told of.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::super::rpc::id::Id;
use super::super::rpc::reply::{RpcError, notification};
use super::super::version::Version;
use super::meta::{Common, SUBSCRIPTION_ID, read};
use crate::tool::FeatureKind;

/// The kinds of features of whose changes a subscription is told.
pub(crate) type ListenedTo = BTreeSet<FeatureKind>;

/// Reads the parameters of `subscriptions/listen`: the lists of whose changes it asks to be told.
pub(crate) fn listened_to(params: Option<&RawValue>) -> Result<ListenedTo, RpcError> {
    #[derive(Deserialize)]
    struct ListenParams<'a> {
        #[serde(borrow)]
        notifications: BTreeMap<Cow<'a, str>, &'a RawValue>,
    }
    let missing = || RpcError::invalid_params("`notifications`, an object, is missing");
    let params: ListenParams<'_> = read(params.ok_or_else(missing)?)?;
    let mut kinds = ListenedTo::new();
    for kind in FeatureKind::ALL {
        let wanted = params.notifications.get(&*wanted_key(kind));
        if wanted.map(|raw| read(raw)).transpose()?.unwrap_or(false) {
            kinds.insert(kind);
        }
    }
    Ok(kinds)
}

/// The key by which a client asks for the changes of a list.
fn wanted_key(kind: FeatureKind) -> String {
    format!("{}ListChanged", kind.mcp_name())
}

/// Returns the notification that a subscription is open, and which lists it is told of.
pub(crate) fn acknowledged(subscription: &Id, kinds: &ListenedTo) -> String {
    let granted: Map<_, _> = kinds.iter().map(|kind| (wanted_key(*kind), json!(true))).collect();
    let params = json!({ "_meta": meta_of(subscription), "notifications": granted });
    notification("notifications/subscriptions/acknowledged", Some(params))
}

/// Returns the notification that a list is another, to a subscription or to the whole session.
pub(crate) fn list_changed(kind: FeatureKind, subscription: Option<&Id>) -> String {
    let params = subscription.map(|subscription| json!({ "_meta": meta_of(subscription) }));
    notification(&format!("notifications/{}/list_changed", kind.mcp_name()), params)
}

/// The result of a subscription, when it ends.
pub(crate) fn listen_ended(version: Version, subscription: &Id) -> Value {
    let meta = Map::from_iter([(SUBSCRIPTION_ID.to_owned(), json!(subscription.as_json()))]);
    json!(Common::with(version, meta, None))
}

fn meta_of(subscription: &Id) -> Value {
    json!({ SUBSCRIPTION_ID: subscription.as_json() })
}
