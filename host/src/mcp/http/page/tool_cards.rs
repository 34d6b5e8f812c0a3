//! The tools as the page shows them, in JSON: made once for all who see the same catalog, since their schemas may be large.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use hyper::body::Bytes;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::catalog::{Catalog, RepeatedArgument, Tool};
use crate::mcp::http::run::byte_budget::{ByteBudget, TakenBytes};
use crate::tool::Annotations;

/// The catalogs whose tools are kept as JSON. Those who may call some tools alone have one each.
pub(crate) const MAX_KEPT_CARDS: usize = 8;
/// The time for which they are kept after their last use.
const KEPT_TIME: Duration = Duration::from_secs(10);

/// The tools of the catalogs that pages asked for last.
#[derive(Default)]
pub(crate) struct ToolCards(RefCell<Vec<KeptCards>>);

struct KeptCards {
    catalog: Weak<Catalog>,
    cards: Rc<CardsJson>,
    used: Instant,
}

/// The tools of a catalog, as a JSON array. Its bytes count among the answers that clients have not read.
pub(crate) struct CardsJson {
    pub(crate) json: Bytes,
    _taken: TakenBytes,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ToolCard<'a> {
    name: &'a str,
    plugin: &'a str,
    title: Option<&'a str>,
    description: &'a str,
    input_schema: &'a RawValue,
    output_schema: Option<&'a RawValue>,
    annotations: Annotations,
    repeated: Vec<RepeatedHeader<'a>>,
}

/// An argument that a caller repeats in a header.
#[derive(Serialize)]
struct RepeatedHeader<'a> {
    header: &'a str,
    path: &'a [String],
}

impl ToolCards {
    /// The tools of `seen`. `None` where too many bytes wait to be read already.
    pub(crate) fn of(
        &self,
        seen: Option<&Arc<Catalog>>,
        answers: &ByteBudget,
        now: Instant,
    ) -> Option<Rc<CardsJson>> {
        let catalog = seen.map(Arc::downgrade).unwrap_or_default();
        let mut kept = self.0.borrow_mut();
        if let Some(found) = kept.iter_mut().find(|kept| kept.catalog.ptr_eq(&catalog)) {
            found.used = now;
            return Some(found.cards.clone());
        }
        let tools = seen.into_iter().flat_map(|catalog| catalog.tools().all());
        let cards: Vec<_> = tools.map(|tool| ToolCard::of(tool)).collect();
        // Names, texts and the JSON of schemas are always JSON.
        let json = serde_json::to_vec(&cards).unwrap_or_default();
        if kept.len() >= MAX_KEPT_CARDS
            && let Some(oldest) = (0..kept.len()).min_by_key(|&at| kept[at].used)
        {
            kept.swap_remove(oldest);
        }
        let taken = answers.try_take(json.len())?;
        let cards = Rc::new(CardsJson { json: json.into(), _taken: taken });
        kept.push(KeptCards { catalog, cards: cards.clone(), used: now });
        Some(cards)
    }

    /// Lets go of what was not asked for lately.
    pub(crate) fn forget_unused(&self, now: Instant) {
        self.0.borrow_mut().retain(|kept| now.saturating_duration_since(kept.used) < KEPT_TIME);
    }
}

impl<'a> ToolCard<'a> {
    fn of(tool: &'a Tool) -> Self {
        let spec = &tool.spec;
        let repeated = |repeated: &'a RepeatedArgument| RepeatedHeader {
            header: &repeated.header,
            path: repeated.path(),
        };
        Self {
            name: tool.name.as_str(),
            plugin: tool.plugin.name.as_str(),
            title: spec.title.as_deref(),
            description: &spec.description,
            input_schema: &spec.input_schema,
            output_schema: spec.output_schema.as_deref(),
            annotations: spec.annotations,
            repeated: tool.repeated.iter().map(repeated).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tools_are_made_once_for_one_catalog_and_count_among_the_answers() {
        let (cards, now) = (ToolCards::default(), Instant::now());
        let answers = ByteBudget::new(1024);
        let catalogs: Vec<_> = (0..2).map(|_| Arc::new(Catalog::default())).collect();
        let one = cards.of(Some(&catalogs[0]), &answers, now).expect("room");
        assert_eq!(&*one.json, b"[]");
        let again = cards.of(Some(&catalogs[0]), &answers, now).expect("room");
        assert!(Rc::ptr_eq(&one, &again), "it takes no room again");
        assert!(cards.of(Some(&catalogs[1]), &answers, now).is_none(), "there is none left");
        cards.forget_unused(now + KEPT_TIME);
        assert!(cards.of(Some(&catalogs[1]), &answers, now).is_none(), "it is not read yet");
        drop((one, again));
        assert!(cards.of(Some(&catalogs[1]), &answers, now).is_some());
    }

    #[test]
    fn the_tools_of_a_few_catalogs_are_kept() {
        let (cards, now) = (ToolCards::default(), Instant::now());
        let answers = ByteBudget::new(1 << 20);
        let catalogs: Vec<_> = (0..20).map(|_| Arc::new(Catalog::default())).collect();
        for catalog in &catalogs {
            cards.of(Some(catalog), &answers, now).expect("room");
        }
        assert_eq!(cards.0.borrow().len(), MAX_KEPT_CARDS);
    }
}
