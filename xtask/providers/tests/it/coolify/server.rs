//! A server that answers what a test tells it to, and keeps what it was asked.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use xtask_core::secret::Secret;
use xtask_fakes::http::{Admission, Handler, Request, Response, Server};
use xtask_http::Client;
use xtask_providers::coolify::{Coolify, Settings};

/// The token of all these tests. It must never be seen.
pub(crate) const TOKEN: &str = "7|canarytoken0123456789";

/// Answers in their order, the last one for ever. The version is answered aside.
pub(crate) struct Script {
    version: &'static str,
    answers: Mutex<VecDeque<Response>>,
    asked: Mutex<Vec<Request>>,
}

pub(crate) struct Scripted {
    script: Arc<Script>,
    server: Server,
}

impl Scripted {
    pub(crate) fn new(answers: impl IntoIterator<Item = Response>) -> Self {
        Self::of_version("4.3.11", answers)
    }

    pub(crate) fn of_version(
        version: &'static str,
        answers: impl IntoIterator<Item = Response>,
    ) -> Self {
        let answers = Mutex::new(answers.into_iter().collect());
        let script = Arc::new(Script { version, answers, asked: Mutex::default() });
        let server = Server::start(Arc::clone(&script)).unwrap();
        Self { script, server }
    }

    /// What comes next, when there is nothing else any more.
    pub(crate) fn answers(&self, response: Response) {
        *self.script.answers.lock().unwrap() = VecDeque::from([response]);
    }

    /// What was asked beside the version.
    pub(crate) fn asked(&self) -> Vec<Request> {
        self.script.asked.lock().unwrap().clone()
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.server.host())
    }

    pub(crate) fn client(&self) -> Coolify {
        self.client_with(quick())
    }

    pub(crate) fn client_with(&self, settings: Settings) -> Coolify {
        client(&self.url(), settings)
    }
}

impl Handler for Script {
    fn admit(&self, _head: &Request) -> Admission {
        Admission::Read
    }

    fn answer(&self, request: &Request) -> Response {
        if request.path == "/api/v1/version" {
            return Response::new(200).body(self.version);
        }
        self.asked.lock().unwrap().push(request.clone());
        let mut answers = self.answers.lock().unwrap();
        match answers.len() {
            0 => Response::new(599),
            1 => answers[0].clone(),
            _ => answers.pop_front().unwrap(),
        }
    }
}

pub(crate) fn client(url: &str, settings: Settings) -> Coolify {
    let client = Client::new(xtask_http::Settings::of(|_| None));
    Coolify::new(client, url, Secret::new(TOKEN), settings)
}

/// Patience without pauses.
pub(crate) fn quick() -> Settings {
    Settings { pause: Duration::ZERO, ..Settings::default() }
}

pub(crate) fn json(status: u16, body: impl Into<Vec<u8>>) -> Response {
    Response::new(status).with("Content-Type", "application/json").body(body)
}
