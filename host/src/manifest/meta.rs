//! `meta` in `[[tools]]`: what clients are told of a tool under `_meta`.
//!
//! Only clients know the meaning of the keys.

use serde_json::{Map, Value as Json};

use super::syntax::error::{Diagnostic, quote};
use super::syntax::json;
use super::syntax::keys::Section::Tool;
use super::syntax::table::{SpannedText, SpannedValue};

/// The largest `meta` of one tool, in bytes of JSON.
const MAX_META: usize = 4 * 1024;
/// The prefixes of the keys of the protocol and of this host: these keys state what is so.
const RESERVED: [&str; 2] = ["io.modelcontextprotocol/", "toolrack/"];

/// The members by their keys.
pub(super) fn read(
    raw: &[(SpannedText<'_>, SpannedValue<'_>)],
) -> Result<Map<String, Json>, Diagnostic> {
    let mut meta = Map::new();
    for (key, value) in raw {
        let name = *key.get_ref();
        let place = Tool.place("meta");
        if let Some(reserved) = RESERVED.iter().find(|reserved| name.starts_with(**reserved)) {
            let message = format!("{place}: {} is not a manifest's to say", quote(name));
            let help = format!("remove it: what begins with `{reserved}` is the host's");
            return Err(Diagnostic::new(key.span(), message).help(help));
        }
        meta.insert(name.to_owned(), json::of(&format!("{} in {place}", quote(name)), value)?);
        let length = serde_json::to_string(&meta).map_or(0, |text| text.len());
        if length > MAX_META {
            let message = format!("{place}: it is {length} bytes of JSON, more than {MAX_META}");
            return Err(Diagnostic::new(key.span(), message).help("say less of the tool"));
        }
    }
    Ok(meta)
}
