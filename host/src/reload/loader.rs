//! Plugins loaded side by side, as many at once as there are processors.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tracing::Instrument as _;

use super::scan::{Candidate, scan};
use crate::catalog::{Catalog, Plugin, Refusal};
use crate::sandbox::{Sandbox, Wasm};

type Loaded = Result<Arc<Plugin>, Refusal>;

/// Plugins that are being loaded. Dropping it gives up on those that are not done.
pub struct Loader {
    jobs: JoinSet<(usize, Loaded)>,
    /// What is done, by its place in the scan: the order of precedence.
    done: BTreeMap<usize, Loaded>,
    total: usize,
}

impl Loader {
    /// Scans `directories` and starts to load what they hold on `runtime`.
    #[must_use]
    pub fn start(sandbox: &Arc<Sandbox>, directories: &[PathBuf], runtime: &Handle) -> Self {
        let slots = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let slots = Arc::new(Semaphore::new(slots));
        let mut loader = Self { jobs: JoinSet::new(), done: BTreeMap::new(), total: 0 };
        for (place, found) in scan(directories).into_iter().enumerate() {
            loader.total += 1;
            match found {
                Err(refusal) => {
                    loader.done.insert(place, Err(refusal));
                }
                Ok(candidate) => {
                    let (sandbox, slots) = (sandbox.clone(), slots.clone());
                    let job = async move { (place, load(sandbox, slots, candidate).await) };
                    loader.jobs.spawn_on(job, runtime);
                }
            }
        }
        loader
    }

    /// Waits for one more plugin. `false` when all are done.
    pub async fn step(&mut self) -> bool {
        while let Some(ended) = self.jobs.join_next().await {
            // Only a fault of the host itself ends a job without a result; it is seen in the count.
            if let Ok((place, loaded)) = ended {
                self.done.insert(place, loaded);
                return true;
            }
        }
        false
    }

    /// How many are done, and of how many.
    #[must_use]
    pub fn progress(&self) -> (usize, usize) {
        (self.done.len(), self.total)
    }

    /// A catalog of what is done.
    #[must_use]
    pub fn catalog(&self) -> Catalog {
        let plugins = self.done.values().filter_map(|loaded| loaded.as_ref().ok().cloned());
        let refusals = self.done.values().filter_map(|loaded| loaded.as_ref().err().cloned());
        Catalog::build(plugins.collect(), refusals.collect(), None)
    }
}

async fn load(sandbox: Arc<Sandbox>, slots: Arc<Semaphore>, candidate: Candidate) -> Loaded {
    let _slot = slots.acquire().await;
    let file = candidate.file.clone();
    let span = tracing::info_span!("load", plugin = candidate.manifest.name.as_str());
    let read = tokio::task::spawn_blocking(move || {
        let wasm = candidate.read_wasm()?;
        Ok((Wasm::of(wasm), candidate.manifest))
    });
    let inside = |error: tokio::task::JoinError| {
        Refusal::plugin(&file, format!("loading it failed inside toolrack: {error}"))
    };
    let (wasm, manifest) = read.await.map_err(inside)??;
    let loaded = Plugin::load(sandbox, file.clone(), manifest, wasm).instrument(span).await;
    loaded.map(Arc::new).map_err(|error| Refusal::plugin(file, error.to_string()))
}
