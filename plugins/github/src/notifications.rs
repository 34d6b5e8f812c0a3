//! The notifications that GitHub sends the owner of the token.

use lenient::Field;

use crate::api::{Api, Page};
use crate::entry::{Entry, List};

pub fn list(api: &Api, all: bool, page: Page) -> Result<List<Entry>, String> {
    let request = api.get("/notifications").query("all", all);
    api.list("notifications", request, page, None, notification)
}

fn notification(notification: Field<'_>) -> Entry {
    let text = |name| notification.at(name).text();
    let kind = text("subject.type").unwrap_or_default();
    let reason = text("reason").map(|reason| reason.replace('_', " ")).unwrap_or_default();
    let read = if notification.at("unread").flag() == Some(false) { ", read" } else { "" };
    let number = text("subject.url").and_then(|url| url.rsplit_once('/')?.1.parse().ok());
    Entry {
        name: text("subject.title"),
        repository: text("repository.full_name"),
        number,
        id: notification.at("id").count(),
        state: Some(format!("{kind}, {reason}{read}")),
        date: text("updated_at"),
        ..Entry::default()
    }
}

pub fn mark_read(api: &Api, id: u64) -> Result<String, String> {
    let request = api.request("PATCH", &format!("/notifications/threads/{id}"));
    api.ask(&format!("notification {id}"), request)?;
    Ok(format!("notification {id} is read"))
}
