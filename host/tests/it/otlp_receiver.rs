//! A collector on loopback: it takes OTLP over HTTP in one of several manners, and reads protobuf by the numbers of the
//! specification, not by the host's own messages.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::client::HANG;
use crate::person::eventually;

/// What a collector does with a request.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    /// Reads it, and answers with this status.
    Answers(u16),
    /// Takes all but one span, and says so.
    TakesInPart,
    /// Reads it, and answers nothing.
    Silent,
    /// Reads nothing.
    Deaf,
}

/// A collector. Its threads end with the test.
pub(crate) struct Receiver {
    pub(crate) port: u16,
    requests: Arc<Mutex<Vec<Received>>>,
    manner: Arc<Mutex<Manner>>,
}

/// A request that came.
#[derive(Clone)]
pub(crate) struct Received {
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

/// A value in a message, by how it is written.
#[derive(Clone, Debug, PartialEq)]
enum WireField {
    Number(u64),
    Bytes(Vec<u8>),
}

/// A message: its fields in order.
#[derive(Clone, Debug)]
struct WireMessage(Vec<(u64, WireField)>);

/// A span that came.
#[derive(Clone, Debug)]
pub(crate) struct ReceivedSpan {
    pub(crate) trace: String,
    pub(crate) id: String,
    pub(crate) parent: String,
    pub(crate) state: String,
    pub(crate) name: String,
    pub(crate) kind: u64,
    pub(crate) times: [u64; 2],
    pub(crate) attributes: BTreeMap<String, String>,
    pub(crate) links: Vec<[String; 2]>,
    /// The code of its status; 2 is an error.
    pub(crate) status: u64,
    pub(crate) flags: u64,
    pub(crate) resource: BTreeMap<String, String>,
}

impl Receiver {
    pub(crate) fn start(manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let (requests, manner) = (Arc::<Mutex<Vec<_>>>::default(), Arc::new(Mutex::new(manner)));
        let receiver = Self { port, requests: requests.clone(), manner: manner.clone() };
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (requests, manner) = (requests.clone(), manner.clone());
                std::thread::spawn(move || receive(stream, &requests, &manner));
            }
        });
        receiver
    }

    /// Its URL for all signals.
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub(crate) fn becomes(&self, manner: Manner) {
        *self.manner.lock().expect("no panic") = manner;
    }

    pub(crate) fn requests(&self) -> Vec<Received> {
        self.requests.lock().expect("no panic").clone()
    }

    /// The spans of all requests but for so many of the first.
    pub(crate) fn spans_since(&self, request: usize) -> Vec<ReceivedSpan> {
        self.requests()[request..].iter().flat_map(|request| spans(&request.body)).collect()
    }

    pub(crate) fn spans(&self) -> Vec<ReceivedSpan> {
        self.spans_since(0)
    }

    /// The spans of calls, once there are so many.
    pub(crate) fn spans_when(&self, count: usize) -> Vec<ReceivedSpan> {
        let of_calls = || {
            let is_other =
                |span: &ReceivedSpan| ["initialize", "tools/list"].contains(&&*span.name);
            let spans = self.spans();
            spans.into_iter().filter(|span| !is_other(span)).collect::<Vec<_>>()
        };
        eventually("spans", || Some(of_calls()).filter(|spans| spans.len() >= count))
    }

    /// True if these bytes came anywhere, in a head or a body.
    pub(crate) fn has_seen(&self, marker: &str) -> bool {
        let holds =
            |bytes: &[u8]| bytes.windows(marker.len()).any(|part| part == marker.as_bytes());
        self.requests().iter().any(|request| holds(&request.body) || holds(request.head.as_bytes()))
    }
}

fn receive(
    mut stream: TcpStream,
    requests: &Mutex<Vec<Received>>,
    manner: &Mutex<Manner>,
) -> Option<()> {
    stream.set_read_timeout(Some(HANG)).ok()?;
    let manner = *manner.lock().expect("no panic");
    if manner == Manner::Deaf {
        std::thread::sleep(HANG);
        return None;
    }
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).ok()?;
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).expect("ASCII");
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
    });
    let mut body = vec![0; length.expect("a length")];
    stream.read_exact(&mut body).ok()?;
    let (status, answer) = match manner {
        Manner::Answers(status) => (status, Vec::new()),
        // `partial_success`: one rejected span, and a message.
        Manner::TakesInPart => (200, b"\x0a\x0c\x08\x01\x12\x08no\x1b[2Jno".to_vec()),
        Manner::Silent => {
            requests.lock().expect("no panic").push(Received { head, body });
            std::thread::sleep(HANG);
            return None;
        }
        Manner::Deaf => return None,
    };
    requests.lock().expect("no panic").push(Received { head, body });
    let length = answer.len();
    let head = format!(
        "HTTP/1.1 {status} Any\r\ncontent-type: application/x-protobuf\r\ncontent-length: {length}\r\n\r\n"
    );
    stream.write_all(&[head.as_bytes(), &answer].concat()).ok()?;
    // Who closes with a body unread breaks the answer off.
    std::thread::sleep(Duration::from_millis(10));
    Some(())
}

impl WireMessage {
    fn read(mut bytes: &[u8]) -> Self {
        let mut fields = Vec::new();
        while !bytes.is_empty() {
            let key = varint(&mut bytes);
            let field = match key & 7 {
                0 => WireField::Number(varint(&mut bytes)),
                1 => WireField::Number(u64::from_le_bytes(take(&mut bytes, 8).try_into().unwrap())),
                2 => {
                    let length = usize::try_from(varint(&mut bytes)).unwrap();
                    WireField::Bytes(take(&mut bytes, length).to_vec())
                }
                5 => {
                    let number = u32::from_le_bytes(take(&mut bytes, 4).try_into().unwrap());
                    WireField::Number(number.into())
                }
                other => panic!("no such type: {other}"),
            };
            fields.push((key >> 3, field));
        }
        Self(fields)
    }

    fn all(&self, number: u64) -> impl Iterator<Item = &WireField> {
        self.0.iter().filter(move |(other, _)| *other == number).map(|(_, field)| field)
    }

    fn messages(&self, number: u64) -> Vec<Self> {
        let bytes = self.all(number).map(|field| match field {
            WireField::Bytes(bytes) => Self::read(bytes),
            WireField::Number(_) => panic!("{number} is a number"),
        });
        bytes.collect()
    }

    fn bytes(&self, number: u64) -> Vec<u8> {
        match self.all(number).next() {
            Some(WireField::Bytes(bytes)) => bytes.clone(),
            None => Vec::new(),
            Some(WireField::Number(_)) => panic!("{number} is a number"),
        }
    }

    fn text(&self, number: u64) -> String {
        String::from_utf8(self.bytes(number)).expect("UTF-8")
    }

    fn hexadecimal(&self, number: u64) -> String {
        self.bytes(number).iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn number(&self, number: u64) -> u64 {
        match self.all(number).next() {
            Some(WireField::Number(number)) => *number,
            None => 0,
            Some(WireField::Bytes(_)) => panic!("{number} is no number"),
        }
    }

    /// Attributes in this field, each value as a text.
    fn attributes(&self, number: u64) -> BTreeMap<String, String> {
        let pair = |pair: &Self| {
            let value = pair.messages(2).remove(0);
            let shown = match value.0.first() {
                Some((1, WireField::Bytes(text))) => String::from_utf8_lossy(text).into_owned(),
                Some((2, WireField::Number(flag))) => (*flag == 1).to_string(),
                Some((3, WireField::Number(number))) => number.to_string(),
                Some((4, WireField::Number(bits))) => f64::from_bits(*bits).to_string(),
                other => panic!("no value: {other:?}"),
            };
            (pair.text(1), shown)
        };
        self.messages(number).iter().map(pair).collect()
    }
}

fn varint(bytes: &mut &[u8]) -> u64 {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let byte = take(bytes, 1)[0];
        number |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            break;
        }
    }
    number
}

fn take<'a>(bytes: &mut &'a [u8], count: usize) -> &'a [u8] {
    let (taken, rest) = bytes.split_at(count);
    *bytes = rest;
    taken
}

/// The spans of `ExportTraceServiceRequest`, by the numbers in `trace.proto`.
fn spans(body: &[u8]) -> Vec<ReceivedSpan> {
    let mut spans = Vec::new();
    for resource_spans in WireMessage::read(body).messages(1) {
        let resource = resource_spans.messages(1).remove(0).attributes(1);
        for scope_spans in resource_spans.messages(2) {
            assert_eq!(scope_spans.messages(1)[0].text(1), "toolrack");
            spans.extend(scope_spans.messages(2).iter().map(|span| {
                ReceivedSpan {
                    trace: span.hexadecimal(1),
                    id: span.hexadecimal(2),
                    state: span.text(3),
                    parent: span.hexadecimal(4),
                    name: span.text(5),
                    kind: span.number(6),
                    times: [span.number(7), span.number(8)],
                    attributes: span.attributes(9),
                    links: span
                        .messages(13)
                        .iter()
                        .map(|link| [link.hexadecimal(1), link.hexadecimal(2)])
                        .collect(),
                    status: span.messages(15).first().map_or(0, |status| status.number(3)),
                    flags: span.number(16),
                    resource: resource.clone(),
                }
            }));
        }
    }
    spans
}
