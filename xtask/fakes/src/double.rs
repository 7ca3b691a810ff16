//! What every double of an HTTP API is: something with state that answers, bad days that are asked
//! for, and a server on a free port of loopback.

use crate::faults::{Fault, Faults};
use crate::http::{Admission, Handler, Request, Response, Server};
use std::sync::Arc;

/// What a double is a double of.
pub trait Answers: Send + Sync + 'static {
    /// The content type of a bad answer.
    const FAULTS: &'static str;

    /// What it answers on a good day.
    fn answer(&self, request: &Request) -> Response;
}

/// A running double. It ends with its value.
#[derive(Debug)]
pub struct Double<S> {
    shared: Arc<Shared<S>>,
    server: Server,
}

#[derive(Debug)]
struct Shared<S> {
    own: S,
    faults: Faults,
}

impl<S: Answers> Double<S> {
    /// Starts one.
    ///
    /// # Panics
    /// If loopback has no free port.
    pub(crate) fn of(own: S) -> Self {
        let shared = Arc::new(Shared { own, faults: Faults::default() });
        let server = Server::start(Arc::clone(&shared)).expect("a free port on loopback");
        Self { shared, server }
    }

    /// Where it is.
    pub fn url(&self) -> String {
        format!("http://{}", self.server.host())
    }

    /// The next requests are answered so.
    pub fn fail(&self, faults: impl IntoIterator<Item = Fault>) {
        self.shared.faults.add(faults);
    }

    pub(crate) fn own(&self) -> &S {
        &self.shared.own
    }
}

impl<S: Answers> Handler for Shared<S> {
    fn admit(&self, _head: &Request) -> Admission {
        Admission::Read
    }

    fn answer(&self, request: &Request) -> Response {
        match self.faults.next() {
            Some(fault) => fault.response(S::FAULTS),
            None => self.own.answer(request),
        }
    }
}
