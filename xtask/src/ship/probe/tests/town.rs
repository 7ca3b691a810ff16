//! Servers for a probe: one that serves a release, and others that do what none should.

use crate::ship::probe::ask::CLIENT;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use xtask_core::ship::proof::Kind;
use xtask_fakes::http::{Admission, Handler, Request, Response, Server};

/// A service at a URL of its own.
pub(super) struct Town {
    mind: Arc<Mind>,
    server: Server,
}

struct Mind {
    seen: Mutex<Seen>,
    changed: Condvar,
    answer: Option<Response>,
    cut_uploads: Option<usize>,
    /// The request, counted from one, whose connection ends without an answer.
    swallowed: Option<usize>,
}

#[derive(Default)]
struct Seen {
    release: String,
    /// Every request, with the kind of client that sent it.
    requests: Vec<(Kind, Request)>,
    /// Nobody is answered before so many of the same kind have asked.
    hold: u64,
}

impl Seen {
    fn of(&self, kind: Kind) -> u64 {
        self.requests.iter().filter(|(own, _)| *own == kind).count() as u64
    }
}

impl Town {
    fn new(mind: Mind) -> Self {
        let mind = Arc::new(mind);
        let server = Server::start(Arc::new(Ears(Arc::clone(&mind)))).unwrap();
        Self { mind, server }
    }

    pub(super) fn serving(release: &str) -> Self {
        Self::with(Seen { release: release.to_owned(), ..Seen::default() }, None)
    }

    /// One that takes that request, counted from one, and ends its connection.
    pub(super) fn swallowing(request: usize) -> Self {
        let (seen, changed) = (Mutex::new(Seen::default()), Condvar::new());
        let swallowed = Some(request);
        Self::new(Mind { seen, changed, answer: None, cut_uploads: None, swallowed })
    }

    /// One that answers nobody before so many of a kind have asked.
    pub(super) fn holding_until(hold: u64) -> Self {
        Self::with(Seen { release: "r1".to_owned(), hold, ..Seen::default() }, None)
    }

    pub(super) fn answering(answer: Response) -> Self {
        Self::with(Seen::default(), Some(answer))
    }

    pub(super) fn cutting_uploads(after: usize) -> Self {
        let seen = Mutex::new(Seen::default());
        let (changed, cut_uploads) = (Condvar::new(), Some(after));
        Self::new(Mind { seen, changed, answer: None, cut_uploads, swallowed: None })
    }

    fn with(seen: Seen, answer: Option<Response>) -> Self {
        let (seen, changed) = (Mutex::new(seen), Condvar::new());
        Self::new(Mind { seen, changed, answer, cut_uploads: None, swallowed: None })
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.server.host())
    }

    /// Waits until it has seen so many more requests of that kind.
    pub(super) fn sees(&self, kind: Kind, more: u64) {
        let seen = self.mind.seen.lock().unwrap();
        let wanted = seen.of(kind) + more;
        drop(self.mind.changed.wait_while(seen, |seen| seen.of(kind) < wanted).unwrap());
    }

    /// Serves another release from now on.
    pub(super) fn serve(&self, release: &str) {
        self.mind.seen.lock().unwrap().release = release.to_owned();
    }

    /// Answers everybody from now on.
    pub(super) fn release(&self) {
        self.mind.seen.lock().unwrap().hold = 0;
        self.mind.changed.notify_all();
    }

    pub(super) fn requests(&self) -> u64 {
        self.mind.seen.lock().unwrap().requests.len() as u64
    }

    pub(super) fn last(&self) -> Request {
        self.mind.seen.lock().unwrap().requests.last().unwrap().1.clone()
    }
}

struct Ears(Arc<Mind>);

impl Handler for Ears {
    fn admit(&self, head: &Request) -> Admission {
        match self.0.cut_uploads.filter(|_| head.method == "POST") {
            Some(bytes) => Admission::CutAfter(bytes),
            None => Admission::Read,
        }
    }

    fn answer(&self, request: &Request) -> Response {
        let kind = kind(request);
        let mut seen = self.0.seen.lock().unwrap();
        seen.requests.push((kind, request.clone()));
        self.0.changed.notify_all();
        let seen = self.0.changed.wait_while(seen, |seen| seen.of(kind) < seen.hold).unwrap();
        let whole = Response::new(200).with("X-App-Version", &seen.release).body("fine");
        match self.0.swallowed {
            Some(number) if number == seen.requests.len() => {
                Response { cut_after: Some(0), ..whole }
            }
            _ => self.0.answer.clone().unwrap_or(whole),
        }
    }
}

/// The kind of client that sends such a request.
fn kind(request: &Request) -> Kind {
    let name = request.header(CLIENT).unwrap();
    Kind::ALL.into_iter().find(|kind| kind.name() == name).unwrap()
}

/// Where nobody listens.
pub(super) fn refused() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

/// A server that resets its one connection once a request has come.
pub(super) struct Reset {
    pub(super) url: String,
    server: Option<JoinHandle<()>>,
}

pub(super) fn reset() -> Reset {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = std::thread::spawn(move || {
        let (wire, _) = listener.accept().unwrap();
        // What has come and was not read makes the end of a connection a reset.
        wire.peek(&mut [0]).unwrap();
    });
    Reset { url, server: Some(server) }
}

impl Drop for Reset {
    fn drop(&mut self) {
        self.server.take().unwrap().join().unwrap();
    }
}

/// Takes one connection, answers one request on it, and keeps it.
pub(super) fn answer_once(listener: &TcpListener) -> TcpStream {
    let (mut wire, _) = listener.accept().unwrap();
    read_head(&mut wire);
    wire.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nfine").unwrap();
    wire
}

pub(super) fn read_head(wire: &mut TcpStream) {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        wire.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
}
