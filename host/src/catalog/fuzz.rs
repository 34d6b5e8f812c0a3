//! Any text as a plugin's schema, and any value against it: it ends, soon, with words that can be shown.

use std::time::{Duration, Instant};

use super::schema::compiled::Schema;
use crate::fuzz::Seen;
use crate::sandbox::{self, Side};
use crate::text::forbidden_char;

/// The longest time that an input may take: the budget's half a second, on a machine that is busy.
const SOON: Duration = Duration::from_secs(10);

/// Takes the last line of `bytes` for a value, and what is before it for a schema.
pub fn schema(bytes: &[u8]) -> Seen {
    let text = String::from_utf8_lossy(bytes);
    let Some((schema, value)) = text.trim_end().rsplit_once('\n') else { return Seen::Refused };
    // The sandbox passes only texts that a plugin may give for a schema.
    let Ok(raw) = sandbox::schema(Side::Output, schema) else { return Seen::Refused };
    let begun = Instant::now();
    let compiled = match Schema::compile(&raw) {
        Ok(compiled) => compiled,
        Err(refused) => {
            assert!(forbidden_char(&refused).is_none(), "{refused:?}");
            return Seen::Refused;
        }
    };
    if let Ok(value) = serde_json::from_str(value)
        && let Err(problem) = compiled.check_here(&value)
    {
        assert!(forbidden_char(&problem).is_none(), "{problem:?}");
    }
    assert!(begun.elapsed() < SOON, "it took {:?}", begun.elapsed());
    Seen::Accepted
}
