//! A Debian mirror, or a snapshot archive: paths and what is there. What is not there is a 404,
//! as when a mirror has dropped a version.

use crate::http::{Admission, Handler, Request, Response, Server};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// A running archive. It ends with its value.
#[derive(Debug)]
pub struct FakeArchive {
    shelf: Arc<Shelf>,
    server: Server,
}

#[derive(Debug, Default)]
struct Shelf {
    files: Mutex<BTreeMap<String, Vec<u8>>>,
    asked: Mutex<Vec<String>>,
}

impl FakeArchive {
    /// Starts one that holds nothing.
    ///
    /// # Panics
    /// If loopback has no free port.
    pub fn start() -> Self {
        let shelf = Arc::new(Shelf::default());
        let server = Server::start(Arc::clone(&shelf)).expect("a free port on loopback");
        Self { shelf, server }
    }

    /// Puts a file where `path` (with its leading slash) asks for it.
    pub fn put(&self, path: &str, bytes: &[u8]) {
        locked(&self.shelf.files).insert(path.to_owned(), bytes.to_vec());
    }

    /// Its address, without a slash at its end.
    pub fn url(&self) -> String {
        format!("http://{}", self.server.host())
    }

    /// Every path that was asked for, in order.
    pub fn asked(&self) -> Vec<String> {
        locked(&self.shelf.asked).clone()
    }
}

impl Handler for Shelf {
    fn admit(&self, _head: &Request) -> Admission {
        Admission::Read
    }

    fn answer(&self, request: &Request) -> Response {
        locked(&self.asked).push(request.path.clone());
        let found = locked(&self.files).get(&request.path).cloned();
        let status = if found.is_some() { 200 } else { 404 };
        let body = found.unwrap_or_else(|| b"not here".to_vec());
        Response { status, headers: Vec::new(), body, cut_after: None }
    }
}

/// A panic in another test's thread does not spoil a map.
fn locked<T>(value: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    value.lock().unwrap_or_else(PoisonError::into_inner)
}
