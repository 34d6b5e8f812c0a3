//! `Accept` and `Content-Type`: which forms of an answer a client takes, and whether it sent JSON.

use http::HeaderMap;
use http::header::{ACCEPT, CONTENT_ENCODING, CONTENT_TYPE};

/// The media types of the protocol.
pub(crate) const JSON_TYPE: &str = "application/json";
pub(crate) const EVENTS_TYPE: &str = "text/event-stream";

/// The forms of an answer that a client takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Accepted {
    pub(crate) json: bool,
    pub(crate) events: bool,
}

impl Accepted {
    /// The forms that the headers allow: both, where they say nothing.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let ranges: Vec<_> = headers
            .get_all(ACCEPT)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .map(str::trim)
            .filter(|range| !range.is_empty())
            .collect();
        let takes =
            |wanted: &str| ranges.is_empty() || ranges.iter().any(|range| covers(range, wanted));
        Self { json: takes(JSON_TYPE), events: takes(EVENTS_TYPE) }
    }

    /// True if it takes neither.
    pub(crate) fn is_nothing(self) -> bool {
        !self.json && !self.events
    }
}

/// True if a media range covers a type. A weight of zero excludes it.
fn covers(range: &str, wanted: &str) -> bool {
    let mut parts = range.split(';').map(str::trim);
    let name = parts.next().unwrap_or_default();
    let weight = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
    if weight.and_then(|weight| weight.parse::<f32>().ok()) == Some(0.0) {
        return false;
    }
    let (kind, _) = wanted.split_once('/').unwrap_or_default();
    name == "*/*"
        || name.eq_ignore_ascii_case(wanted)
        || name.strip_suffix("/*").is_some_and(|range| range.eq_ignore_ascii_case(kind))
}

/// True if the body is JSON, as its header says. A page of another origin cannot say so without being asked first.
pub(crate) fn is_json(headers: &HeaderMap) -> bool {
    let mut values = headers.get_all(CONTENT_TYPE).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return false };
    let name = value.to_str().unwrap_or_default().split(';').next().unwrap_or_default();
    name.trim().eq_ignore_ascii_case(JSON_TYPE)
}

/// True if the body comes as it is, and not compressed.
pub(crate) fn is_plain(headers: &HeaderMap) -> bool {
    let mut values = headers.get_all(CONTENT_ENCODING).iter();
    values.all(|value| value.as_bytes().trim_ascii().eq_ignore_ascii_case(b"identity"))
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    fn headers(name: &HeaderName, values: &[&str]) -> HeaderMap {
        let values = values.iter().map(|value| HeaderValue::from_str(value).expect("a value"));
        values.map(|value| (name.clone(), value)).collect()
    }

    #[test]
    fn a_client_takes_what_its_ranges_cover_and_everything_where_it_says_nothing() {
        for (values, json, events) in [
            (&[][..], true, true),
            (&[""], true, true),
            (&["*/*"], true, true),
            (&["application/json, text/event-stream"], true, true),
            (&["application/json", "text/event-stream"], true, true),
            (&["Application/JSON;charset=utf-8"], true, false),
            (&["text/event-stream"], false, true),
            (&["text/*;q=0.5"], false, true),
            (&["application/json;q=0, text/event-stream"], false, true),
            (&["text/html,application/xhtml+xml"], false, false),
            (&["application/jsonx"], false, false),
        ] {
            assert_eq!(
                Accepted::of(&headers(&ACCEPT, values)),
                Accepted { json, events },
                "{values:?}"
            );
        }
    }

    #[test]
    fn a_body_is_plain_unless_a_header_says_how_it_is_encoded() {
        for (values, expected) in [
            (&[][..], true),
            (&["identity"], true),
            (&["Identity "], true),
            (&["gzip"], false),
            (&["identity, gzip"], false),
            (&["identity", "br"], false),
        ] {
            assert_eq!(is_plain(&headers(&CONTENT_ENCODING, values)), expected, "{values:?}");
        }
    }

    #[test]
    fn a_body_is_json_where_its_one_header_says_so() {
        for (values, expected) in [
            (&["application/json"][..], true),
            (&["application/json; charset=utf-8"], true),
            (&["APPLICATION/JSON"], true),
            (&[], false),
            (&["text/plain"], false),
            (&["text/plain; application/json"], false),
            (&["application/json", "text/plain"], false),
            (&["application/json-seq"], false),
        ] {
            assert_eq!(is_json(&headers(&CONTENT_TYPE, values)), expected, "{values:?}");
        }
    }
}
