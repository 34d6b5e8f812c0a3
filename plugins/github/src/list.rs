//! One page of things, and whether there are more.

/// One page of things.
#[derive(Debug, serde::Serialize, schemars::JsonSchema)]
pub struct List<T> {
    pub items: Vec<T>,
    /// How many there are on all pages, where GitHub says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<u64>,
    /// The `page` to ask for next; missing on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_page: Option<u32>,
}

impl<T> List<T> {
    /// The same page of other things.
    pub fn map<U>(self, of: impl FnMut(T) -> U) -> List<U> {
        let Self { items, total, next_page } = self;
        List { items: items.into_iter().map(of).collect(), total, next_page }
    }
}
