//! The keys of one authorization server, kept fresh by a task of the server's: requests use those that are there.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use serde::Deserialize;
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep_until, timeout};

use super::super::settings::OauthTimes;
use super::super::url::ServiceUrl;
use super::issuer_client::{IssuerWay, NoAnswer};
use super::key_set::{KeySet, KeySetError, shown};
use super::nearness::Nearness;
use crate::text::{clip, escape};

/// The keys of one authorization server.
pub(in crate::oauth) struct KeySource {
    issuer: ServiceUrl,
    /// The place of the keys. `None` where the issuer's metadata say it.
    url: Option<ServiceUrl>,
    way: IssuerWay,
    times: OauthTimes,
    known: watch::Sender<KnownKeys>,
    /// The signal that a token names a key that is not known.
    asked: Notify,
    /// The last time that keys were asked for.
    last: Cell<Option<Instant>>,
}

#[derive(Default)]
struct KnownKeys {
    /// The keys, and when they were had.
    keys: Option<(Rc<KeySet>, Instant)>,
    /// True while newer ones are on the way.
    is_fetching: bool,
    /// True if nobody answered when they were asked for last.
    is_lost: bool,
}

/// The reason why no newer keys are there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::oauth) enum NotNewer {
    /// The issuer publishes no others, as far as is known.
    Same,
    /// The issuer does not answer.
    Lost,
}

/// The reason why there are no newer keys.
#[derive(Debug, thiserror::Error)]
enum NoKeys {
    #[error("{url}: {error}")]
    Asked { url: String, error: NoAnswer },
    #[error("{url}: {error}")]
    Read { url: String, error: KeySetError },
    #[error("{url}: it is no metadata of an authorization server: {error}")]
    Metadata { url: String, error: String },
    #[error("{url}: it is of the issuer `{found}`; write `issuer` in the same way")]
    OtherIssuer { url: String, found: String },
    #[error("{url}: `jwks_uri`: {error}")]
    KeysUrl { url: String, error: String },
}

impl KeySource {
    pub(in crate::oauth) fn new(
        issuer: ServiceUrl,
        url: Option<ServiceUrl>,
        way: IssuerWay,
        times: OauthTimes,
    ) -> Self {
        // The first are on the way as soon as the task runs.
        let known = KnownKeys { keys: None, is_fetching: true, is_lost: false };
        Self {
            issuer,
            url,
            way,
            times,
            known: watch::Sender::new(known),
            asked: Notify::new(),
            last: Cell::new(None),
        }
    }

    /// True if these are the keys that count.
    pub(in crate::oauth) fn are_current(&self, keys: &Rc<KeySet>) -> bool {
        self.known.borrow().keys.as_ref().is_some_and(|(current, _)| Rc::ptr_eq(current, keys))
    }

    /// The keys. The first are waited for, a while.
    pub(in crate::oauth) async fn keys(&self) -> Option<Rc<KeySet>> {
        if let Some((keys, _)) = &self.known.borrow().keys {
            return Some(keys.clone());
        }
        self.fetched().await
    }

    /// Newer keys than these: they are asked for where that was not done lately.
    pub(in crate::oauth) async fn newer(&self, than: &Rc<KeySet>) -> Result<Rc<KeySet>, NotNewer> {
        let is_due = self.last.get().is_none_or(|last| last.elapsed() >= self.times.ask_again);
        self.asked.notify_one();
        if is_due {
            self.known.send_if_modified(|known| !std::mem::replace(&mut known.is_fetching, true));
        }
        let newer = self.fetched().await.ok_or(NotNewer::Lost)?;
        match (Rc::ptr_eq(&newer, than), self.known.borrow().is_lost) {
            (false, _) => Ok(newer),
            (true, false) => Err(NotNewer::Same),
            (true, true) => Err(NotNewer::Lost),
        }
    }

    /// The keys, after those that are on the way have come.
    async fn fetched(&self) -> Option<Rc<KeySet>> {
        let mut known = self.known.subscribe();
        let come = timeout(self.times.wait, known.wait_for(|known| !known.is_fetching));
        let keys = come.await.ok()?.ok()?.keys.clone();
        keys.map(|(keys, _)| keys)
    }

    /// Asks for keys again and again, one time after the other. It never ends.
    pub(in crate::oauth) async fn keep(&self) {
        let (mut was_lost, mut was_empty) = (false, false);
        loop {
            let begun = Instant::now();
            self.last.set(Some(begun));
            self.known.send_modify(|known| known.is_fetching = true);
            let fetched = self.fetch().await;
            let is_empty = matches!(&fetched, Ok(keys) if keys.len() == 0);
            match &fetched {
                // It is told once.
                Ok(_) if is_empty && was_empty => {}
                Ok(_) if is_empty => tracing::warn!(
                    "{}: it publishes no key that can check a signature of a known kind, so none of its tokens counts",
                    self.issuer
                ),
                Ok(keys) if was_lost || was_empty || self.known.borrow().keys.is_none() => {
                    tracing::info!("{}: keys for tokens are there: {}", self.issuer, keys.len());
                }
                Ok(_) => {}
                // It is told once.
                Err(error) if !was_lost => {
                    let rest = match self.known.borrow().keys {
                        Some(_) => "the keys that were had last count on",
                        None => "none of its tokens counts until there are keys",
                    };
                    tracing::warn!("{}: no keys can be had, and {rest}: {error}", self.issuer);
                }
                Err(error) => tracing::debug!("{}: no keys can be had: {error}", self.issuer),
            }
            was_lost = fetched.is_err();
            // As long as nobody answers, what was last said counts.
            was_empty = is_empty || (was_lost && was_empty);
            let has_none = self.take_over(fetched.ok());
            let (pause, least) = match (was_lost, has_none) {
                (false, _) => (self.times.refresh, self.times.ask_again),
                (true, true) => (self.times.first_keys, self.times.first_keys),
                (true, false) => (self.times.ask_again, self.times.ask_again),
            };
            self.rest(begun, pause, least).await;
        }
    }

    /// Takes over newer keys. True if there are none at all.
    fn take_over(&self, newer: Option<KeySet>) -> bool {
        let (mut has_none, is_lost) = (false, newer.is_none());
        self.known.send_modify(|known| {
            match newer {
                Some(keys) => known.keys = Some((Rc::new(keys), Instant::now())),
                None => {
                    known.keys =
                        known.keys.take().filter(|(_, had)| had.elapsed() < self.times.stale);
                }
            }
            known.is_fetching = false;
            known.is_lost = is_lost;
            has_none = known.keys.is_none();
        });
        has_none
    }

    /// Waits for `pause`, or for a token with a key that is not known, but for `least` in any case.
    async fn rest(&self, begun: Instant, pause: Duration, least: Duration) {
        tokio::select! {
            () = sleep_until(begun + pause) => {}
            () = self.asked.notified() => sleep_until(begun + least.min(pause)).await,
        }
    }

    async fn fetch(&self) -> Result<KeySet, NoKeys> {
        let (url, by) = match &self.url {
            Some(url) => (url.clone(), Nearness::Machine),
            None => self.discovered().await?,
        };
        let text = self.way.get_named(&url, by).await;
        let (text, _) = text.map_err(|error| NoKeys::Asked { url: url.to_string(), error })?;
        KeySet::parse(&text).map_err(|error| NoKeys::Read { url: url.to_string(), error })
    }

    /// The place of the keys as the issuer's metadata say it, in either of the two places that these may have, and how near
    /// the server is that gave them.
    async fn discovered(&self) -> Result<(ServiceUrl, Nearness), NoKeys> {
        #[derive(Deserialize)]
        struct IssuerMetadata {
            issuer: String,
            jwks_uri: String,
        }
        let path = self.issuer.trimmed_path();
        let openid = self.issuer.with_path(&format!("{path}/.well-known/openid-configuration"));
        let oauth =
            self.issuer.with_path(&format!("/.well-known/oauth-authorization-server{path}"));
        let (url, (text, by)) = match self.way.get(&openid).await {
            Ok(answer) => (openid.to_string(), answer),
            Err(first) => match self.way.get(&oauth).await {
                Ok(answer) => (oauth.to_string(), answer),
                Err(_) => return Err(NoKeys::Asked { url: openid.to_string(), error: first }),
            },
        };
        let metadata: IssuerMetadata = match serde_json::from_slice(&text) {
            Ok(metadata) => metadata,
            Err(error) => return Err(NoKeys::Metadata { url, error: shown(&error) }),
        };
        if metadata.issuer != self.issuer.as_str() {
            return Err(NoKeys::OtherIssuer { url, found: escape(clip(&metadata.issuer, 200)) });
        }
        let keys = self.issuer.named(&metadata.jwks_uri);
        Ok((keys.map_err(|error| NoKeys::KeysUrl { url, error })?, by))
    }
}
