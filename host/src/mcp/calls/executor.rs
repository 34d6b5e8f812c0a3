//! The executor: one for the process, whatever the number of clients. It knows where guests run, how many calls are
//! there, and what all clients share.

use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::sync::mpsc;

use super::call_runner::Note;
use super::client_calls::ClientCalls;
use super::client_shares::{ClientShare, ClientShares};
use super::guest_threads::GuestThreads;
use super::observers::CallObservers;
use super::places::{ClientPlaces, Places};
use crate::catalog::{Caller, CallerResults, ResultCache, SharedRates};

/// Notes of progress of one client that wait to be told; further ones are dropped.
const MAX_WAITING_NOTES: usize = 256;

/// The process's means to run calls.
pub(crate) struct Executor {
    guests: Arc<GuestThreads>,
    places: Places,
    shares: ClientShares,
    observers: CallObservers,
    /// The answers that are kept.
    results: Arc<ResultCache>,
    /// The rates that servers share.
    rates: SharedRates,
}

/// One client's part of the executor, which its loop takes over.
pub(crate) struct ClientExecutor<C = ClientCalls> {
    pub(crate) calls: C,
    /// The progress that the calls note.
    pub(crate) progress: mpsc::Receiver<Note>,
    pub(crate) places: ClientPlaces,
}

impl Executor {
    /// An executor whose calls run on `guests`, shared out among clients over HTTP by `shares`. Answers are kept in
    /// `results`.
    pub(crate) fn new(guests: Handle, shares: ClientShares, results: Arc<ResultCache>) -> Self {
        let (guests, places) = (Arc::new(GuestThreads::new(guests)), Places::new());
        let (observers, rates) = (CallObservers::default(), SharedRates::default());
        Self { guests, places, shares, observers, results, rates }
    }

    /// The same, whose calls count for the rates that servers share, too.
    pub(crate) fn sharing(self, rates: SharedRates) -> Self {
        Self { rates, ..self }
    }

    /// The same, which tells these of each call that ends. Engines that are to tell of calls that they refuse have to be told
    /// so, too (`Settings::observed`).
    pub(crate) fn observed_by(self, observers: CallObservers) -> Self {
        Self { observers, ..self }
    }

    /// Those who are told of each call that ends.
    pub(crate) fn observers(&self) -> &CallObservers {
        &self.observers
    }

    /// The part of one more client, whose calls are apart from those of others.
    pub(crate) fn client(&self) -> ClientExecutor {
        self.part("".into(), ClientShare::whole(), Caller::Operator)
    }

    /// The same for a client that comes over HTTP, which the log knows by this text, if it is any.
    pub(crate) fn client_known_as(&self, client: &Arc<str>) -> ClientExecutor {
        let caller = Caller::Principal(client.clone());
        self.part(client.clone(), self.shares.of(client), caller)
    }

    fn part(&self, client: Arc<str>, share: ClientShare, caller: Caller) -> ClientExecutor {
        let (notes, progress) = mpsc::channel(MAX_WAITING_NOTES);
        let results = CallerResults::new(self.results.clone(), caller, self.rates.clone());
        let calls = ClientCalls::new(
            self.guests.clone(),
            notes,
            client,
            share,
            self.observers.clone(),
            results,
        );
        ClientExecutor { calls, progress, places: self.places.client() }
    }

    /// The number of calls on the guests' threads, and of places that no client holds.
    #[cfg(test)]
    pub(crate) fn load(&self) -> (usize, usize) {
        (self.guests.running(), self.places.free())
    }
}
