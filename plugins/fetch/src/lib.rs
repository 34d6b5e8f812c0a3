//! The plugin `fetch`: what is at a URL, as text that a model reads. This file is what the host sees;
//! the modules below know nothing of it.

mod address;
mod charset;
mod document;
mod links;
mod load;
mod media;
mod part;

#[toolrack_sdk::plugin]
mod fetch {
    use crate::document::{self, Extract};
    use crate::{address, load, part};

    /// Characters that are given where nothing is said, and at most.
    const DEFAULT_LENGTH: usize = 20_000;
    const MAX_LENGTH: usize = 100_000;

    /// Reads what is at a URL: a web page as Markdown, without menus, scripts and advertisements; JSON,
    /// XML and plain text as they are. Use it whenever something on the web has to be read, such as
    /// documentation or an article. A long text comes in parts: its end says how to get the next one.
    ///
    /// Example: url `https://doc.rust-lang.org/std/index.html`.
    #[tool(title = "Read a web page", read_only, idempotent, open_world)]
    pub fn page(
        /// The whole URL, such as `https://example.org/page`; http and https are known.
        url: &str,
        /// What of a web page is wanted; default `main`.
        #[serde(default)]
        extract: Extract,
        /// Where to go on in a long text, in characters: what the end of the part before says.
        #[serde(default)]
        start_index: usize,
        /// Characters of the text to give; default 20000.
        #[schemars(range(min = 1, max = 100000))]
        max_length: Option<usize>,
    ) -> Result<String, String> {
        let found = load::load(address::read(url)?)?;
        let most = max_length.unwrap_or(DEFAULT_LENGTH).clamp(1, MAX_LENGTH);
        let head = found.head();
        let document = document::read(found, extract);
        let part = part::cut(&document.text, start_index, most)?;
        let title = document.title.map(|title| format!("Title: {title}\n")).unwrap_or_default();
        Ok(format!("{title}{head}\n{part}"))
    }
}
