//! A page of what is listed, and the cursor to the next: the same for features of every kind.
//!
//! A cursor is a name, so it holds whatever is published between two pages.

use std::num::NonZeroUsize;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::super::rpc::message::present;
use super::super::rpc::reply::RpcError;
use super::meta::{read, text};
use crate::catalog::{Feature, FeatureName as _, Served};

/// The beginning of a cursor; the rest is the last name of the page before.
const CURSOR: &str = "after:";

/// Returns the cursor that the parameters of a list hold. `None` for its beginning.
pub(crate) fn cursor(params: Option<&RawValue>) -> Result<Option<String>, RpcError> {
    #[derive(Deserialize)]
    struct ListParams<'a> {
        #[serde(borrow, default, deserialize_with = "present")]
        cursor: Option<&'a RawValue>,
    }
    let Some(params) = params else { return Ok(None) };
    read::<ListParams<'_>>(params)?
        .cursor
        .map(|raw| text(raw).map_err(|_| RpcError::invalid_params("`cursor` is not a string")))
        .transpose()
}

/// A page.
pub(crate) struct Page<'a, F> {
    pub(crate) features: Vec<&'a F>,
    /// The cursor to the next, if there is one.
    pub(crate) next: Option<String>,
}

impl<'a, F: Feature> Page<'a, F> {
    /// The page of at most `size` features behind `cursor`.
    pub(crate) fn of(
        served: &'a Served<F>,
        size: Option<NonZeroUsize>,
        cursor: Option<&str>,
    ) -> Result<Self, RpcError> {
        let size = size.map_or(usize::MAX, NonZeroUsize::get);
        let and_one = size.saturating_add(1);
        let mut features: Vec<&F> = match cursor.map(last_name::<F>).transpose()? {
            Some(name) => served.after(&name).take(and_one).map(|feature| &**feature).collect(),
            None => served.all().take(and_one).map(|feature| &**feature).collect(),
        };
        let mut next = None;
        if features.len() > size {
            features.truncate(size);
            next = features.last().map(|feature| format!("{CURSOR}{}", feature.name()));
        }
        Ok(Self { features, next })
    }
}

fn last_name<F: Feature>(cursor: &str) -> Result<F::Name, RpcError> {
    cursor.strip_prefix(CURSOR).and_then(F::Name::parse).ok_or_else(|| {
        RpcError::invalid_params(
            "`cursor` is not one that this server gave; list from the beginning",
        )
    })
}
