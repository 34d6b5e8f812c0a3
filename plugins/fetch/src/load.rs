//! From a URL to a body: redirects followed, each failure a sentence.

use std::io::{self, Read as _};

use toolrack_sdk::http::{self, Error, Response};
use url::Url;

use crate::invisible::Cleaned;
use crate::media::{Kind, Media};
use crate::packed::Packing;
use crate::refresh::Refresh;
use crate::settings::Settings;
use crate::{charset, gist};

/// Pages that are asked for on the way to one.
const MAX_HOPS: usize = 6;
/// The most bytes read of a body. The host lets 4 MiB through, and a page twice this size is no page to read.
const MAX_BODY: usize = 3 * 1024 * 1024;
/// The most bytes read of the body of a refusal.
const MAX_REFUSAL: usize = 64 * 1024;
/// The media types that servers are asked for; some give Markdown to those who ask for it.
const ACCEPT: &str = "text/markdown, text/html;q=0.9, application/xhtml+xml;q=0.9, text/plain;q=0.8, \
                      application/json;q=0.8, */*;q=0.5";

/// The page found at a URL.
#[derive(Debug)]
pub struct Page {
    /// The address where it was found in the end.
    pub url: Url,
    pub kind: Kind,
    pub charset: Option<String>,
    pub body: Vec<u8>,
    /// The page to go on to, by the header `Refresh`.
    pub refresh: Option<Refresh>,
    pub is_truncated: bool,
}

impl Page {
    /// A page that was found at once, for tests.
    #[cfg(test)]
    pub fn new(url: Url, kind: Kind, body: &str) -> Self {
        let (charset, refresh, is_truncated) = (None, None, false);
        Self { url, kind, charset, body: body.into(), refresh, is_truncated }
    }

    /// A note about a page that is too long.
    pub fn told(&self) -> Option<String> {
        self.is_truncated.then(|| format!("only the first {} were read.", size(MAX_BODY)))
    }
}

/// A way to a page, from the URL that was asked for.
pub struct Way {
    settings: Settings,
    start: Url,
    at: Url,
    hops: usize,
}

impl Way {
    pub fn new(start: Url, settings: Settings) -> Self {
        Self { settings, at: start.clone(), start, hops: 0 }
    }

    /// True if the page lies elsewhere than was asked for.
    pub fn is_redirected(&self) -> bool {
        self.at != self.start
    }

    /// Goes on to another URL.
    pub fn lead(&mut self, to: Url) {
        self.at = to;
    }

    /// The page, with redirects followed.
    pub fn page(&mut self) -> Result<Page, String> {
        loop {
            if self.hops == MAX_HOPS {
                let (start, at) = (&self.start, &self.at);
                return Err(format!(
                    "{start} redirects more than {} times, lastly to {at}; give another URL",
                    MAX_HOPS - 1
                ));
            }
            self.hops += 1;
            let response = self.response().map_err(|error| match self.is_redirected() {
                false => error,
                true => format!("{} redirects to {}: {error}", self.start, self.at),
            })?;
            match next(&self.at, &response)? {
                Some(next) => self.at = next,
                None => return page(self.at.clone(), response),
            }
        }
    }

    fn response(&mut self) -> Result<Response, String> {
        self.settings.check(&self.at)?;
        send(&self.at, &self.settings.user_agent).map_err(|error| explained(&error))
    }
}

/// Asks for what is at a URL.
pub fn send(url: &Url, user_agent: &str) -> Result<Response, Error> {
    http::get(url.as_str())
        .header("accept", ACCEPT)
        .header("accept-encoding", "identity")
        .header("user-agent", user_agent)
        .send()
}

/// Puts an error into words. The host does not know what a plugin is called where it says how to grant something to it.
pub fn explained(error: &Error) -> String {
    const COMMAND: &str = concat!("toolrack grant ", env!("CARGO_PKG_NAME"), " ");
    error.to_string().replace("toolrack grant NAME ", COMMAND)
}

/// The address that a redirect leads to.
pub fn next(at: &Url, response: &Response) -> Result<Option<Url>, String> {
    let status = response.status();
    if !matches!(status, 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    let Some(location) = response.header("location") else {
        return Err(format!("{at} redirects (status {status}) without saying where to"));
    };
    let mut next = at
        .join(location)
        .map_err(|error| format!("{at} redirects to `{}`: {error}", shortened(location)))?;
    next.set_fragment(None);
    Ok(Some(next))
}

fn page(url: Url, response: Response) -> Result<Page, String> {
    let media = Media::parse(response.header("content-type").unwrap_or_default());
    if !response.is_success() {
        return Err(refusal(&url, &media, response));
    }
    let packing = packing(&response).map_err(|encoding| {
        format!("{url} is compressed ({encoding}) though that was not asked for")
    })?;
    let refresh = response.header("refresh").and_then(|text| Refresh::parse(text, &url));
    let announced = response.header("content-length").and_then(|length| length.parse().ok());
    let unreadable = |length: Option<usize>| {
        let length = length.map(|length| format!(", {}", size(length))).unwrap_or_default();
        let name = if media.name.is_empty() { "of an unknown type" } else { &media.name };
        Err(format!(
            "{url} is {name}{length}; only text can be read: HTML, Markdown, JSON, XML and the like"
        ))
    };
    // What is no text whatever it holds is not waited for.
    if media.kind(b"").is_none() {
        return unreadable(announced);
    }
    let body = read(response, packing, MAX_BODY).map_err(|error| match packing {
        Packing::Plain => Error::from(error).to_string(),
        _ => format!("{url} is compressed, and cannot be unpacked: {error}"),
    })?;
    // The limit may end the reading, and the body not go on after it.
    let is_truncated = body.len() == MAX_BODY;
    match media.kind(&body) {
        Some(kind) => Ok(Page { url, kind, charset: media.charset, body, refresh, is_truncated }),
        None => unreadable(announced.or(Some(body.len()))),
    }
}

/// The packing of the body of a response. Fails on one that cannot be undone.
pub fn packing(response: &Response) -> Result<Packing, String> {
    let header = response.header("content-encoding").unwrap_or_default();
    Packing::parse(header).map_err(str::to_owned)
}

/// At most so many bytes of a body, unpacked.
pub fn read(response: Response, packing: Packing, most: usize) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    packing.open(response.reader())?.take(most as u64).read_to_end(&mut body)?;
    Ok(body)
}

/// The meaning of a status, and what to do about it.
fn refusal(url: &Url, media: &Media, response: Response) -> String {
    let status = response.status();
    let advice = match status {
        401 | 407 => "it wants a login, which this tool has not".into(),
        403 => "it refuses; it may want a login, or no programs as readers".into(),
        404 | 410 => {
            "there is no such page; check the URL, or look for it from the site's start".into()
        }
        429 => format!("too many requests; try again {}", response.try_again()),
        500.. => format!("it is out of order; try again {}", response.try_again()),
        _ => "it refuses the request".into(),
    };
    let told = told(media, response);
    let told =
        if told.trim().is_empty() { String::new() } else { format!(": {}", shortened(&told)) };
    format!("{url} answers with status {status}: {advice}{told}")
}

/// The message in the body of a refusal; the status may be all that is read of it.
fn told(media: &Media, response: Response) -> String {
    let Ok(packing) = packing(&response) else { return String::new() };
    let kind = media.kind(b"").filter(|_| !media.name.is_empty());
    let body = || read(response, packing, MAX_REFUSAL).unwrap_or_default();
    let text = |is_markup| charset::decode(&body(), media.charset.as_deref(), is_markup);
    match kind {
        Some(Kind::Text) => text(false),
        Some(Kind::Html | Kind::Xhtml) => gist::of(&text(true)),
        None => String::new(),
    }
}

fn shortened(text: &str) -> String {
    let text = Cleaned::of(text).text;
    text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(300).collect()
}

fn size(bytes: usize) -> String {
    match bytes {
        0..1024 => format!("{bytes} bytes"),
        1024..1_048_576 => format!("{} KiB", bytes / 1024),
        _ => format!("{:.1} MiB", bytes as f64 / 1_048_576.0),
    }
}

#[cfg(test)]
mod tests;
