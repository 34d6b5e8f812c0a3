//! The page for people: what runs, what it costs, and a form for each tool. It shows what the principal that looks at it may
//! see, and calls tools as every other client does, by the endpoint.

pub(super) mod told_reason;
pub(super) mod load_history;
pub(super) mod recent_calls;
pub(super) mod page_numbers;
pub(super) mod tool_cards;
mod page_state;
pub(super) mod page_files;
pub(super) mod page_events;
pub(super) mod web_page;
