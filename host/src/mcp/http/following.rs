//! The things that change while the server runs, followed from its start to its end: tokens, the files of TLS, the catalog.

use std::convert::Infallible;
use std::rc::Rc;
use std::sync::Arc;

use tokio::sync::watch;
use tokio::time::MissedTickBehavior;

use super::endpoint::Endpoint;
use super::followed::{Followed, LOOK_INTERVAL, LookEnd};
use super::legacy_session::session_id::now;
use super::request::authentication::TokensInForce;
use super::socket::tls::{TlsBytes, TlsError, TlsInForce};
use crate::catalog::Catalog;
use crate::tokens::{Token, TokenFileError};

pub(super) type FollowedTokens = Followed<TokensInForce, Option<Vec<Token>>, TokenFileError>;
pub(super) type FollowedTls = Followed<TlsInForce, TlsBytes, TlsError>;

/// All that is followed.
pub(super) struct Following {
    pub(super) tokens: FollowedTokens,
    /// `None` where there is no TLS.
    pub(super) tls: Option<FollowedTls>,
    pub(super) catalog: watch::Receiver<Option<Arc<Catalog>>>,
    pub(super) endpoint: Rc<Endpoint>,
}

impl Following {
    /// Follows all of it until `other` has ended.
    pub(super) async fn beside<T>(&mut self, other: impl Future<Output = T>) -> T {
        tokio::select! {
            ended = other => ended,
            never = self.follow() => match never {},
        }
    }

    async fn follow(&mut self) -> Infallible {
        let mut look = tokio::time::interval(LOOK_INTERVAL);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let is_ready = |catalog: &watch::Receiver<Option<Arc<Catalog>>>| {
            catalog.borrow().as_ref().is_some_and(|catalog| catalog.is_ready())
        };
        // No client knows of anything before the first whole list: they all wait for it.
        let mut was_listed = is_ready(&self.catalog);
        loop {
            tokio::select! {
                Ok(()) = self.catalog.changed() => {
                    if was_listed {
                        self.endpoint.checks.published.set(now());
                    }
                    was_listed = is_ready(&self.catalog);
                    self.endpoint.checks.views.refresh();
                }
                _ = look.tick() => {
                    self.endpoint.refusals.write_due(std::time::Instant::now());
                    self.endpoint.page.iter().for_each(|page| page.look());
                    self.tokens.look();
                    self.tls.iter_mut().for_each(Followed::look);
                }
                looked = self.tokens.looked() => match looked {
                    LookEnd::Same => {}
                    LookEnd::Changed => {
                        let tokens = self.tokens.subscribe();
                        let in_force = tokens.borrow();
                        let principal = |id: &str| in_force.of_id(id).next().map(Token::principal);
                        self.endpoint.checks.views.follow(principal);
                    }
                    LookEnd::Problem(problem) => {
                        tracing::warn!("the tokens that were read last count on: {problem}");
                    }
                },
                looked = tls_looked(&mut self.tls) => match looked {
                    LookEnd::Same | LookEnd::Changed => {}
                    LookEnd::Problem(problem) => {
                        tracing::warn!("the certificate that was read last counts on: {problem}");
                    }
                },
            }
        }
    }
}

/// Waits for a look at the files of TLS, where there are any.
async fn tls_looked(tls: &mut Option<FollowedTls>) -> LookEnd {
    match tls {
        Some(tls) => tls.looked().await,
        None => std::future::pending().await,
    }
}
