//! JSON to the types of authors; where it is something else, the place.

use serde::Deserialize;
use serde_json::Deserializer;
use serde_json::de::Read;

use crate::integers::Integers;

/// The reason why a text is not the JSON that is expected.
pub(crate) struct Misread {
    /// The place in it; absent where it is wrong as a whole.
    pub(crate) place: Option<String>,
    pub(crate) reason: serde_json::Error,
}

/// One value, and nothing after it.
pub(crate) fn read<'a, T: Deserialize<'a>>(
    mut json: Deserializer<impl Read<'a>>,
) -> Result<T, Misread> {
    let value = serde_path_to_error::deserialize(Integers(&mut json)).map_err(|error| {
        let place = Some(error.path().to_string()).filter(|place| place != ".");
        Misread { place, reason: error.into_inner() }
    })?;
    json.end().map(|()| value).map_err(|reason| Misread { place: None, reason })
}
