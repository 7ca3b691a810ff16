//! A registry (OCI distribution 1.1) with all its state in memory. It checks what a real one
//! checks and answers in the same words; what goes wrong is told to it as `Fault`s. A second
//! server beside it plays the store on another host to which real ones send clients.

mod access;
mod fault;
mod routes;
mod store;

pub use access::{Access, IDENTITY_TOKEN, READING_PASSWORD};
pub use fault::{Fault, On, on};

use crate::http::{Admission, Handler, Request, Response, Server};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use store::State;

/// A running registry. It ends with its value.
#[derive(Debug)]
pub struct FakeRegistry {
    shared: Arc<Shared>,
    server: Server,
    store: Server,
}

/// One request that arrived, and how it was answered.
#[derive(Clone, Debug)]
pub struct Logged {
    /// The request, with the body's bytes.
    pub request: Request,
    /// The status; 0 if the connection was cut instead.
    pub status: u16,
    /// Whether it came to the store on the other host.
    pub is_foreign: bool,
}

impl Logged {
    /// Method and path, as in `PUT /v2/a/manifests/1`.
    pub fn line(&self) -> String {
        format!("{} {}", self.request.method, self.request.path)
    }
}

impl FakeRegistry {
    /// Starts one that is empty and open to all.
    ///
    /// # Panics
    /// If loopback has no free port.
    pub fn start() -> Self {
        Self::with_access(Access::Open)
    }

    /// Starts one that wants to know who asks.
    ///
    /// # Panics
    /// If loopback has no free port.
    pub fn with_access(access: Access) -> Self {
        let state = Mutex::new(State { access, ..State::default() });
        let shared = Arc::new(Shared { state, hosts: OnceLock::new() });
        let door = |is_foreign| Arc::new(Door { shared: Arc::clone(&shared), is_foreign });
        let server = Server::start(door(false)).expect("a free port on loopback");
        let store = Server::start(door(true)).expect("a free port on loopback");
        let hosts = Hosts { own: server.host(), foreign: store.host() };
        shared.hosts.set(hosts).expect("hosts are set once");
        Self { shared, server, store }
    }

    /// `127.0.0.1` and the port.
    pub fn host(&self) -> String {
        self.server.host()
    }

    /// The host of the store beside it.
    pub fn foreign_host(&self) -> String {
        self.store.host()
    }

    /// Lets something go wrong from now on.
    pub fn fault(&self, fault: Fault) {
        self.shared.lock().faults.push(fault);
    }

    /// Lets everything go well again.
    pub fn heal(&self) {
        self.shared.lock().faults.clear();
    }

    /// Every request so far.
    pub fn log(&self) -> Vec<Logged> {
        self.shared.lock().log.clone()
    }

    /// Forgets the requests so far.
    pub fn clear_log(&self) {
        self.shared.lock().log.clear();
    }

    /// The bytes of a blob.
    pub fn blob(&self, repository: &str, digest: &str) -> Option<Vec<u8>> {
        self.shared.lock().repositories.get(repository)?.blobs.get(digest).cloned()
    }

    /// Puts a blob there.
    pub fn put_blob(&self, repository: &str, bytes: &[u8]) {
        let mut state = self.shared.lock();
        let digest = store::digest_of(bytes);
        state.repository(repository).blobs.insert(digest, bytes.to_vec());
    }

    /// Removes a blob, as garbage collection would.
    pub fn remove_blob(&self, repository: &str, digest: &str) {
        self.shared.lock().repository(repository).blobs.remove(digest);
    }

    /// The digest that a tag names.
    pub fn tag(&self, repository: &str, tag: &str) -> Option<String> {
        self.shared.lock().repositories.get(repository)?.tags.get(tag).cloned()
    }

    /// How many upload sessions are open.
    pub fn open_uploads(&self) -> usize {
        self.shared.lock().uploads.len()
    }
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    hosts: OnceLock<Hosts>,
}

/// The addresses of both servers, known once both have started.
#[derive(Clone, Debug)]
struct Hosts {
    own: String,
    foreign: String,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One of the two servers.
struct Door {
    shared: Arc<Shared>,
    is_foreign: bool,
}

impl Door {
    fn log(&self, state: &mut State, request: &Request, status: u16) {
        let (request, is_foreign) = (request.clone(), self.is_foreign);
        state.log.push(Logged { request, status, is_foreign });
    }

    fn refusal(&self, state: &mut State, head: &Request) -> Option<Response> {
        let by_fault = state.take_fault(|fault| match fault {
            Fault::Status { on, status, body, headers, .. } if on.meets(head) => {
                let response = Response::new(*status).body(body.clone());
                Some(
                    headers
                        .iter()
                        .fold(response, |response, (name, value)| response.with(name, value)),
                )
            }
            Fault::RefuseMonolithic(status, code) if is_monolithic(head) => {
                Some(fault::errors(*status, code, "send it in chunks"))
            }
            _ => None,
        });
        let expired = state.take_fault(|fault| match fault {
            Fault::ExpireTokens { on, .. } if on.meets(head) => Some(()),
            _ => None,
        });
        if expired.is_some() {
            state.tokens.expire();
        }
        let is_open = self.is_foreign || head.path == "/token";
        by_fault.or_else(|| if is_open { None } else { self.challenge(state, head) })
    }

    fn challenge(&self, state: &mut State, head: &Request) -> Option<Response> {
        let host = &self.shared.hosts.get()?.own;
        let State { access, tokens, .. } = state;
        tokens.admit(access, head, host)
    }
}

impl Handler for Door {
    fn admit(&self, head: &Request) -> Admission {
        let mut state = self.shared.lock();
        if let Some(response) = self.refusal(&mut state, head) {
            self.log(&mut state, head, response.status);
            return Admission::Refuse(response);
        }
        let cut = state.take_fault(|fault| match fault {
            Fault::CloseAfterBytes { on, bytes, .. } if on.meets(head) => Some(*bytes),
            _ => None,
        });
        cut.map_or(Admission::Read, Admission::CutAfter)
    }

    fn answer(&self, request: &Request) -> Response {
        let mut state = self.shared.lock();
        let hosts = self.shared.hosts.get().cloned();
        let hosts = hosts.unwrap_or(Hosts { own: String::new(), foreign: String::new() });
        move_tag(&mut state, request);
        let response = routes::answer(&mut state, &hosts, request);
        let response = spoil(&mut state, request, response);
        self.log(&mut state, request, response.status);
        response
    }

    fn cut(&self, part: &Request) {
        let mut state = self.shared.lock();
        routes::keep_part(&mut state, part);
        self.log(&mut state, part, 0);
    }
}

/// What another client does in between.
fn move_tag(state: &mut State, request: &Request) {
    let moved = state.take_fault(|fault| match fault {
        Fault::MovesTag { on, repository, tag, digest, .. } if on.meets(request) => {
            Some((repository.clone(), tag.clone(), digest.clone()))
        }
        _ => None,
    });
    if let Some((repository, tag, digest)) = moved {
        state.repository(&repository).tags.insert(tag, digest);
    }
}

/// Whether a request carries a whole blob.
fn is_monolithic(head: &Request) -> bool {
    let is_upload = head.method == "PUT" && head.path.contains("/blobs/uploads/");
    is_upload && head.header("content-length").is_some_and(|length| length != "0")
}

/// What goes wrong after the right thing was done.
fn spoil(state: &mut State, request: &Request, mut response: Response) -> Response {
    for fault in &state.faults {
        match fault {
            Fault::Header { on, name, value } if on.meets(request) => {
                response = response.with(name, value);
            }
            Fault::NoContentDigest => {
                response.headers.retain(|(name, _)| name != "Docker-Content-Digest");
            }
            Fault::WrongContentDigest => {
                for (name, value) in &mut response.headers {
                    if name == "Docker-Content-Digest" {
                        *value = store::digest_of(b"something else");
                    }
                }
            }
            Fault::WrongBytes if request.method == "GET" && response.status == 200 => {
                if let Some(byte) = response.body.last_mut() {
                    *byte ^= 1;
                }
            }
            _ => {}
        }
    }
    response.cut_after = state.take_fault(|fault| match fault {
        Fault::CutAnswer { on, bytes, .. } if on.meets(request) => Some(*bytes),
        _ => None,
    });
    let failed = state.take_fault(|fault| match fault {
        Fault::CommitThenFail { on, .. } if on.meets(request) => Some(Response::new(500)),
        _ => None,
    });
    failed.unwrap_or(response)
}
