//! The plugin `fetch`: what is at a URL, as text that a model reads. This file is what the host sees;
//! the modules below know nothing of it.

mod address;
mod charset;
mod document;
mod gist;
mod invisible;
mod links;
mod load;
mod media;
mod packed;
mod part;
mod read;
mod refresh;
mod robots;
mod settings;

#[toolrack_sdk::plugin]
mod fetch {
    use crate::document::Extract;
    use crate::settings::Settings;
    use crate::{address, part, read};

    /// Characters that are given where nothing is said, and at most.
    const DEFAULT_LENGTH: usize = 20_000;
    const MAX_LENGTH: usize = 100_000;

    /// Reads what is at a URL: a web page as Markdown without menus and scripts; JSON, XML and plain text as they are. Use
    /// it for documentation, articles, anything on the web. A long text comes in parts; each says how to get the next one.
    ///
    /// Example: url `https://doc.rust-lang.org/std/index.html`.
    #[tool(title = "Read a web page", read_only, idempotent, open_world)]
    pub fn page(
        /// `https://example.org/page`, or http.
        url: &str,
        /// What of a web page to give; default `main`.
        #[serde(default)]
        extract: Extract,
        /// Of a web page only what this CSS selector finds, such as `#install pre`.
        selector: Option<String>,
        /// Where to go on, in characters: what the end of the part before says.
        #[serde(default)]
        start_index: usize,
        /// Characters to give.
        #[schemars(range(min = 1, max = 100000), extend("default" = 20000))]
        max_length: Option<usize>,
    ) -> Result<String, String> {
        let settings = Settings::read(toolrack_sdk::config)?;
        let found = read::read(address::read(url)?, settings, extract, selector.as_deref())?;
        let most = max_length.unwrap_or(DEFAULT_LENGTH).clamp(1, MAX_LENGTH);
        let part = part::cut(&found.text, start_index, most)?;
        Ok(format!("{}\n{part}", found.head))
    }
}
