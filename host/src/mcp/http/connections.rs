//! The connections that are open: which of them ask for nothing, and whose clients have gone.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::{BTreeMap, HashMap};
use std::convert::Infallible;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use hyper::body::{Body, Bytes, Frame, SizeHint};
use tokio::sync::Notify;

use super::run::answer::AnswerBody;
use super::socket::client_socket::ClientSocket;
use super::socket::let_in::LetIn;
use crate::tokens::Principal;

/// The connections that are open.
#[derive(Clone, Default)]
pub(super) struct OpenConnections(Rc<RefCell<ConnectionLists>>);

#[derive(Default)]
struct ConnectionLists {
    all: HashMap<u64, Rc<OpenConnection>>,
    /// Those that ask for nothing, by the order in which they go. Among them may be some whose request was let in since.
    idle: BTreeMap<IdlePlace, Rc<OpenConnection>>,
    last: u64,
}

/// A place among the connections that ask for nothing. Those whose last request was refused go first, and then those that
/// began to ask for nothing first: many that are refused again and again leave their time to the others.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
struct IdlePlace {
    /// True if no request came yet, or the last one was served.
    is_in_order: bool,
    since: u64,
}

/// A connection.
pub(super) struct OpenConnection {
    lists: OpenConnections,
    number: u64,
    pub(super) socket: ClientSocket,
    /// Requests that are served on it. It is one at most, but an answer may outlive its request.
    requests: Cell<usize>,
    /// Its place among those that ask for nothing.
    place: Cell<IdlePlace>,
    /// True if its last request was refused.
    pub(super) is_refused: Cell<bool>,
    /// The signal that it is to be closed.
    close: Notify,
    /// The signal that its last answer was handed over.
    answered: Notify,
    /// True if a request came on it.
    pub(super) has_asked: Cell<bool>,
    /// The client that has made it, as its certificate proves.
    pub(super) principal: OnceCell<Principal>,
}

/// The reason why a connection is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CloseReason {
    /// Its client has gone.
    Gone,
    /// It asks for nothing, and makes room for another.
    Idle,
    /// Clients have sent too much that is no request yet, and it is its turn to give way.
    Unasked,
}

impl OpenConnections {
    /// Lists a connection whose bytes come by `socket`.
    pub(super) fn connect(&self, socket: ClientSocket) -> ListedConnection {
        let number = self.next();
        let connection = Rc::new(OpenConnection {
            lists: self.clone(),
            number,
            socket,
            requests: Cell::new(0),
            place: Cell::default(),
            is_refused: Cell::new(false),
            close: Notify::new(),
            answered: Notify::new(),
            has_asked: Cell::new(false),
            principal: OnceCell::new(),
        });
        self.0.borrow_mut().all.insert(number, connection.clone());
        self.add_idle(&connection);
        ListedConnection(connection)
    }

    fn next(&self) -> u64 {
        let mut lists = self.0.borrow_mut();
        lists.last += 1;
        lists.last
    }

    fn add_idle(&self, connection: &Rc<OpenConnection>) {
        let place = IdlePlace { is_in_order: !connection.is_refused.get(), since: self.next() };
        let before = connection.place.replace(place);
        let mut lists = self.0.borrow_mut();
        lists.idle.remove(&before);
        lists.idle.insert(place, connection.clone());
    }

    /// Closes the connections whose clients wait for something and have gone. What reads requests sees only the end of
    /// those that have sent nothing else since.
    pub(super) fn close_gone(&self) {
        for connection in self.0.borrow().all.values() {
            if connection.requests.get() > 0 && connection.socket.has_hung_up() {
                connection.close.notify_one();
            }
        }
    }

    /// Closes the connection whose turn it is of those that ask for nothing. False if all ask for something.
    pub(super) fn close_idle(&self) -> bool {
        let mut lists = self.0.borrow_mut();
        while let Some((_, oldest)) = lists.idle.pop_first() {
            // One that asks is listed again when it has its answer.
            if !oldest.asks() {
                oldest.close.notify_one();
                return true;
            }
        }
        false
    }
}

impl OpenConnection {
    /// True if a request that was let in is served on it.
    fn asks(&self) -> bool {
        self.requests.get() > 0 && self.let_in().get()
    }

    /// Resolves when it is to be closed, and says why.
    pub(super) async fn closes(&self) -> CloseReason {
        loop {
            tokio::select! {
                () = self.close.notified() => {}
                () = self.socket.unasked().gives_way() => return CloseReason::Unasked,
            }
            if self.socket.has_hung_up() {
                return CloseReason::Gone;
            }
            // A request may have come since.
            if !self.asks() {
                return CloseReason::Idle;
            }
        }
    }

    /// The sign that its request was let in: until then it asks for nothing, whoever sent that.
    pub(super) fn let_in(&self) -> &LetIn {
        self.socket.unasked().let_in()
    }

    /// True if the first byte that its client sent is this one.
    pub(super) fn began_with(&self, byte: u8) -> bool {
        self.socket.first_byte() == Some(byte)
    }

    /// Resolves when no request is served on it.
    pub(super) async fn is_idle(&self) {
        while self.requests.get() > 0 {
            self.answered.notified().await;
        }
    }
}

/// A connection that is open, until it is dropped.
pub(super) struct ListedConnection(pub(super) Rc<OpenConnection>);

impl Drop for ListedConnection {
    fn drop(&mut self) {
        let Self(connection) = self;
        let mut lists = connection.lists.0.borrow_mut();
        lists.idle.remove(&connection.place.get());
        lists.all.remove(&connection.number);
    }
}

/// A request of a connection, until its answer has been handed over.
pub(super) struct Busy(Rc<OpenConnection>);

impl Busy {
    pub(super) fn begin(connection: Rc<OpenConnection>) -> Self {
        connection.has_asked.set(true);
        if connection.requests.replace(connection.requests.get() + 1) == 0 {
            connection.socket.unasked().asks(true);
        }
        Self(connection)
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        let Self(connection) = self;
        connection.requests.set(connection.requests.get() - 1);
        if connection.requests.get() == 0 {
            connection.socket.unasked().asks(false);
            connection.let_in().set(false);
            connection.lists.add_idle(connection);
            connection.answered.notify_one();
        }
    }
}

/// A body whose connection is busy until it is written.
pub(super) struct BusyBody {
    body: AnswerBody,
    _busy: Busy,
}

impl BusyBody {
    pub(super) fn new(body: AnswerBody, busy: Busy) -> Self {
        Self { body, _busy: busy }
    }
}

impl Body for BusyBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::{TcpListener, TcpStream};

    use super::*;
    use crate::mcp::http::socket::unasked::UnaskedBudget;

    #[tokio::test]
    async fn a_connection_asks_for_something_once_its_request_is_let_in() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("one");
        let budget = UnaskedBudget::new(0);
        for is_let_in in [true, false] {
            let client = TcpStream::connect(address).await.expect("open");
            let connections = OpenConnections::default();
            let listed = connections.connect(ClientSocket::new(client.into(), &budget));
            let busy = Busy::begin(listed.0.clone());
            assert!(!listed.0.asks(), "nobody has let it in");
            listed.0.let_in().set(is_let_in);
            assert_eq!(connections.close_idle(), !is_let_in);
            drop(busy);
            assert!(connections.close_idle(), "it has its answer");
            assert!(!connections.close_idle(), "it is closed already");
        }
    }

    #[tokio::test]
    async fn a_connection_whose_request_was_refused_goes_before_those_that_are_new_or_were_served()
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("one");
        let budget = UnaskedBudget::new(0);
        let connections = OpenConnections::default();
        let mut listed = Vec::new();
        for _ in 0..3 {
            let client = TcpStream::connect(address).await.expect("open");
            listed.push(connections.connect(ClientSocket::new(client.into(), &budget)));
        }
        for (asked, is_refused) in [(1, false), (2, true)] {
            let busy = Busy::begin(listed[asked].0.clone());
            listed[asked].0.is_refused.set(is_refused);
            drop(busy);
        }
        for first in [2, 0, 1] {
            assert!(connections.close_idle());
            let closes = listed[first].0.closes();
            let closed = tokio::time::timeout(std::time::Duration::from_secs(10), closes).await;
            assert_eq!(closed.ok(), Some(CloseReason::Idle), "{first}");
        }
        assert!(!connections.close_idle());
    }
}
