//! From a URL to the text of what is there, with each step that a page itself asks for.

use std::fmt::Write as _;

use url::Url;

use crate::document::{self, Document, Extract};
use crate::load::Way;
use crate::refresh::Refresh;
use crate::settings::Settings;

/// A page that shows itself for longer than this is there to be read.
const SOON: u64 = 1;
/// One with hardly any text may wait longer.
const LATER: u64 = 30;

/// The text found at a URL.
#[derive(Debug)]
pub struct Answer {
    /// Notes that a reader should have beforehand, in lines.
    pub head: String,
    pub text: String,
}

/// Reads what is at `url`: of a web page what is wanted, of that only what `selector` finds if there is one.
pub fn read(
    url: Url,
    settings: Settings,
    extract: Extract,
    selector: Option<&str>,
) -> Result<Answer, String> {
    let mut way = Way::new(url, settings);
    loop {
        let page = way.page()?;
        let mut document = document::read(&page, extract, selector);
        let refresh = document
            .as_ref()
            .map_or_else(|_| page.refresh.clone(), |document| document.refresh.clone());
        if let Some(refresh) =
            refresh.filter(|refresh| extract != Extract::Source && is_due(refresh, &document))
        {
            way.lead(refresh.target);
            continue;
        }
        if let Ok(document) = &mut document {
            document.notes.extend(page.told());
        }
        return document.map(|document| answer(&page.url, way.is_redirected(), document));
    }
}

/// True if the page is there to lead on.
fn is_due(refresh: &Refresh, document: &Result<Document, String>) -> bool {
    let is_short = document.as_ref().map_or(0, |document| document.text.len()) < document::SHORT;
    refresh.delay <= if is_short { LATER } else { SOON }
}

fn answer(url: &Url, is_redirected: bool, document: Document) -> Answer {
    let mut head = String::new();
    if let Some(title) = document.title {
        let _ = writeln!(head, "Title: {title}");
    }
    let _ = writeln!(head, "URL: {url}{}", if is_redirected { " (redirected)" } else { "" });
    for note in document.notes {
        let _ = writeln!(head, "Note: {note}");
    }
    if let Some(Refresh { delay, target }) = document.refresh {
        let _ = writeln!(head, "Note: after {delay} s the page leads on to {target}");
    }
    Answer { head, text: document.text }
}

#[cfg(test)]
mod tests;
