//! The requests of one call: counted, allowed, given their secrets, sent.

use std::sync::Arc;

use http::{HeaderName, Method, Request, Response, request};
use http_body_util::BodyExt as _;
use tokio::sync::Semaphore;
use tracing::Instrument as _;
use wasmtime_wasi_http::{Error, ForbiddenHeaderFilter, RequestOptions, WasiBody, WasiHttpHooks};

use super::bounds::{BODY_CHUNK, MAX_OPEN_CONNECTIONS, MAX_REQUESTS};
use super::connection::body::{Inbound, Outbound, Tell};
use super::connection::network::{Network, RequestTimeouts};
use super::connection::send::{self, Order};
use super::failure::Failure;
use super::judge::allow::{Denied, RequestTarget};
use super::judge::bind::bind;
use super::judge::covered::{self, Covered};
use crate::manifest::{BoundSecret, Grants};
use crate::secret::{Redactor, ResolvedSecrets};
use crate::text::escape;
use crate::tool::{CallTrace, GrantUses, RequestEnd};

/// The network that a call sends requests over, and the grants that allow them.
pub struct Outgoing {
    /// The way to the network.
    pub network: Arc<Network>,
    /// The grants of the plugin.
    pub grants: Arc<Grants>,
    /// The plugin's name. `None` where it has none yet.
    pub plugin: Option<Arc<str>>,
}

/// The requests of one call.
pub struct Requests {
    /// The way out. `None` while a plugin lists its tools.
    outgoing: Option<Outgoing>,
    secrets: Arc<ResolvedSecrets>,
    tell: Tell,
    sent: u32,
    room: Arc<Semaphore>,
    /// The trace that the call leaves. `None` where nobody observes it.
    trace: Option<Arc<CallTrace>>,
}

impl Requests {
    /// Creates the requests of a call that has sent none. `tell` is given each refusal in words.
    pub fn new(
        outgoing: Option<Outgoing>,
        secrets: Arc<ResolvedSecrets>,
        tell: impl Fn(&str) + Send + Sync + 'static,
    ) -> Self {
        let room = Arc::new(Semaphore::new(MAX_OPEN_CONNECTIONS));
        Self { outgoing, secrets, tell: Arc::new(tell), sent: 0, room, trace: None }
    }

    /// The same, which note in this trace what they use.
    #[must_use]
    pub fn traced(self, trace: Option<Arc<CallTrace>>) -> Self {
        Self { trace, ..self }
    }

    /// Sends a request where a grant allows it. Dropping the future, or the body of the response, ends
    /// the connection.
    pub fn send(
        &mut self,
        request: Request<WasiBody>,
        options: RequestOptions,
    ) -> impl Future<Output = Result<Response<WasiBody>, Failure>> + Send + use<> {
        let order = self.order(request, options);
        let (tell, trace) = (self.tell.clone(), self.trace.clone());
        // One that was refused has not been sent, and its words are the guest's own.
        let sent = order.as_ref().ok().zip(trace.as_ref()).and_then(|((_, order, _), trace)| {
            let RequestTarget { host, port, .. } = &order.target;
            trace.note_request(order.head.method.as_str(), host, *port)
        });
        let work = async move {
            let answered = match order {
                Ok((network, order, secret)) => answer(network, order, secret, tell.clone()).await,
                Err(failure) => Err(failure),
            };
            if let Some(sent) = sent {
                sent.end(match &answered {
                    Ok(response) => RequestEnd::Status(response.status().as_u16()),
                    Err(failure) => RequestEnd::Failed(failure.kind_name()),
                });
            }
            if let Err(failure) = &answered {
                if failure.is_refusal() {
                    tell(&failure.to_string());
                    if let Some(trace) = trace {
                        trace.note(|uses| uses.refused.note(&failure.in_brief()));
                    }
                } else {
                    tracing::debug!("a request failed: {}", escape(&failure.to_string()));
                }
            }
            answered
        };
        // The task that waits for the answer is not inside the call's span.
        work.in_current_span()
    }

    fn order(
        &mut self,
        request: Request<WasiBody>,
        options: RequestOptions,
    ) -> Result<(Arc<Network>, Order, Option<Redactor>), Failure> {
        let Some(Outgoing { network, grants, plugin }) = &self.outgoing else {
            return Err(Failure::Listing);
        };
        if self.sent >= MAX_REQUESTS {
            return Err(Failure::TooMany);
        }
        self.sent += 1;
        let (mut head, body) = request.into_parts();
        if head.method == Method::CONNECT {
            return Err(Failure::Method);
        }
        let target = target(&head)?;
        let granted = target.granted(&grants.network);
        let grant = granted.map_err(|denied| denied.of(plugin.clone()))?.clone();
        self.note(|uses| uses.hosts.note(&target.to_string()));
        let secret = match &grant.secret {
            Some(bound) => self.bound(&mut head, bound)?,
            None => None,
        };
        let patience = shorter(network.patience, options);
        let (body, room) = (Outbound::new(body), self.room.clone());
        let plugin = plugin.clone();
        let order = Order { target, grant, head, body, patience, room, plugin };
        Ok((network.clone(), order, secret))
    }

    fn note(&self, note: impl FnOnce(&mut GrantUses)) {
        if let Some(trace) = &self.trace {
            trace.note(note);
        }
    }

    /// Puts a secret into a request. Returns the redactor that keeps it from coming back; `None` where it is optional
    /// and has no value.
    fn bound(
        &self,
        head: &mut request::Parts,
        bound: &BoundSecret,
    ) -> Result<Option<Redactor>, Failure> {
        if head.method == Method::TRACE {
            return Err(Failure::Trace);
        }
        let Some(secret) = bind(head, bound, &self.secrets)? else { return Ok(None) };
        self.note(|uses| uses.secrets.note(bound.name.as_str()));
        covered::ask_for_plain(head);
        Ok(Some(Redactor::new([(&bound.name, secret)])))
    }
}

async fn answer(
    network: Arc<Network>,
    order: Order,
    secret: Option<Redactor>,
    tell: Tell,
) -> Result<Response<WasiBody>, Failure> {
    let patience = order.patience.between_bytes;
    let exchange = network.thread()?.spawn(send::exchange(network.ways.clone(), order));
    let ended = exchange.await.ok_or_else(|| Failure::Host("its thread has ended".into()))?;
    let (response, connection) = ended?;
    let (mut head, body) = response.into_parts();
    let body = Inbound::new(body, patience, tell, connection);
    let body = match secret {
        Some(secret) => {
            covered::cover_head(&mut head, &secret)?;
            Covered::new(body, secret).boxed_unsync()
        }
        None => body.boxed_unsync(),
    };
    Ok(Response::from_parts(head, body))
}

fn target(head: &request::Parts) -> Result<RequestTarget, Denied> {
    let scheme = head.uri.scheme_str().unwrap_or_default();
    RequestTarget::parse(scheme, head.uri.authority().map_or("", |authority| authority.as_str()))
}

/// Returns the host's patience, or the guest's where that is less.
fn shorter(host: RequestTimeouts, guest: RequestOptions) -> RequestTimeouts {
    let RequestOptions { connect_timeout, first_byte_timeout, between_bytes_timeout } = guest;
    RequestTimeouts {
        connect: connect_timeout.unwrap_or(host.connect).min(host.connect),
        first_byte: first_byte_timeout.unwrap_or(host.first_byte).min(host.first_byte),
        between_bytes: between_bytes_timeout.unwrap_or(host.between_bytes).min(host.between_bytes),
    }
}

type Ending = Box<dyn Future<Output = Result<(), Error>> + Send>;
type Sending = Box<dyn Future<Output = Result<(Response<WasiBody>, Ending), Error>> + Send>;

impl WasiHttpHooks for Requests {
    fn forbidden_header_filter(&mut self) -> ForbiddenHeaderFilter {
        Arc::new(|name: &HeaderName| send::is_of_the_host(name))
    }

    fn set_host_header(&mut self) -> bool {
        false
    }

    fn send_request(
        &mut self,
        request: Request<WasiBody>,
        options: Option<RequestOptions>,
        _consumed: Ending,
    ) -> Sending {
        let answer = self.send(request, options.unwrap_or_default());
        Box::new(async move {
            let response = answer.await.map_err(Failure::code)?;
            // The body owns the connection, so nothing is left to be driven from here.
            Ok((response, Box::new(std::future::ready(Ok(()))) as Ending))
        })
    }

    fn p2_outgoing_body_chunk_size(&mut self) -> usize {
        BODY_CHUNK
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_guest_never_has_more_patience_than_the_host() {
        let seconds = Duration::from_secs;
        let host = RequestTimeouts {
            connect: seconds(5),
            first_byte: seconds(15),
            between_bytes: seconds(10),
        };
        let wishes = |wish| RequestOptions {
            connect_timeout: wish,
            first_byte_timeout: wish,
            between_bytes_timeout: wish,
        };
        for (wish, expected) in [
            (None, [5, 15, 10]),
            (Some(seconds(1)), [1, 1, 1]),
            (Some(seconds(10)), [5, 10, 10]),
            (Some(Duration::MAX), [5, 15, 10]),
        ] {
            let found = shorter(host, wishes(wish));
            let found = [found.connect, found.first_byte, found.between_bytes];
            assert_eq!(found, expected.map(seconds), "{wish:?}");
        }
    }
}
