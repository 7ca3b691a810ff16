//! One request to a provider that is told something, until it has an answer: what is asked again
//! and when, and what is said of a refusal. `error` says why a call came to nothing, `pause` how
//! long is waited before the next try.

mod error;
mod pause;

pub use error::{Error, Kind, Words};

use error::Inner;
use pause::Act;
use serde::de::DeserializeOwned;
use std::time::{Duration, SystemTime};
use xtask_core::secret::Secret;
use xtask_http::header::CONTENT_TYPE;
use xtask_http::{Client, HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode};

/// The most of an answer that is read.
const ANSWER_MAX: u64 = 1 << 20;
/// How often it is asked in all.
const TRIES: u32 = 3;

/// Who is asked, and with which secrets, which are struck out of everything that is said.
#[derive(Debug)]
pub(crate) struct Caller {
    pub(crate) provider: &'static str,
    pub(crate) client: Client,
    pub(crate) secrets: Vec<Secret>,
}

/// A request, as often as it is sent.
pub(crate) struct Call<'a> {
    method: Method,
    url: &'a str,
    /// What is said in place of the path, where that is a secret.
    shown: Option<&'static str>,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: Option<String>,
    act: Act,
}

/// An answer that is a success.
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) body: Vec<u8>,
}

impl<'a> Call<'a> {
    /// A request that makes something anew each time.
    pub(crate) fn once(method: Method, url: &'a str) -> Self {
        Self { method, url, shown: None, headers: Vec::new(), body: None, act: Act::Once }
    }

    /// The same, where a second one changes nothing.
    pub(crate) fn again(mut self) -> Self {
        self.act = Act::Idempotent;
        self
    }

    /// The same, where whoever knows the path may do it as well.
    pub(crate) fn into_secret(mut self, shown: &'static str) -> Self {
        self.shown = Some(shown);
        self
    }

    pub(crate) fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    pub(crate) fn json(mut self, body: &serde_json::Value) -> Self {
        self.body = Some(body.to_string());
        self.header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
    }

    fn request(&self) -> Result<Request, xtask_http::Error> {
        let request = match self.shown {
            Some(shown) => Request::to_secret(self.method.clone(), self.url, shown),
            None => Request::to(self.method.clone(), self.url),
        }?;
        let headers = self.headers.iter().cloned();
        let request = headers.fold(request, |request, (name, value)| request.header(name, value));
        Ok(self.body.iter().fold(request, |request, body| request.bytes(body.clone())))
    }

    /// What is said of where it goes.
    fn path(&self) -> String {
        let after = self.url.split_once("://").map_or(self.url, |(_, after)| after);
        let path = after.find('/').map_or("/", |at| &after[at..]);
        let plain = path.split(['?', '#']).next().unwrap_or_default();
        self.shown.unwrap_or(plain).to_owned()
    }
}

impl Caller {
    /// Asks until there is an answer that is a success, or no use in asking again.
    pub(crate) async fn call(&self, call: &Call<'_>) -> Result<Reply, Error> {
        self.refuse_open(call)?;
        let mut tries = 1;
        loop {
            let error = match self.ask(call).await {
                Ok(reply) => return Ok(reply),
                Err(error) => error,
            };
            match pause::before_next(error.kind(), call.act, tries, TRIES) {
                Some(pause) => tokio::time::sleep(pause).await,
                None => return Err(error),
            }
            tries += 1;
        }
    }

    /// Reads what a success says; what else is in it does not matter.
    pub(crate) async fn read<T: DeserializeOwned>(&self, call: &Call<'_>) -> Result<T, Error> {
        let reply = self.call(call).await?;
        let read = serde_json::from_slice(&reply.body);
        read.map_err(|_| self.failed(call, Kind::NotUnderstood, Some(reply.status)))
    }

    /// An error about this call.
    pub(crate) fn failed(&self, call: &Call<'_>, kind: Kind, status: Option<StatusCode>) -> Error {
        let (provider, method, path) = (self.provider, call.method.clone(), call.path());
        Error(Box::new(Inner { provider, method, path, kind, status, words: None, http: None }))
    }

    async fn ask(&self, call: &Call<'_>) -> Result<Reply, Error> {
        let sent = async {
            let answer = self.client.send(call.request()?).await?;
            let (status, headers) = (answer.status(), answer.headers().clone());
            Ok((status, headers, answer.beginning(ANSWER_MAX).await?))
        };
        let (status, headers, body) = sent.await.map_err(|http: xtask_http::Error| {
            let mut error = self.failed(call, error::kind_of(&http), None);
            error.0.http = Some(http);
            error
        })?;
        if status.is_success() {
            return Ok(Reply { status, body });
        }
        let kind = refused(status, &headers, &body, SystemTime::now());
        let mut error = self.failed(call, kind, Some(status));
        let secrets: Vec<&str> = self.secrets.iter().map(Secret::expose).collect();
        error.0.words = Words::of(self.provider, &body, &secrets);
        Err(error)
    }

    /// A secret goes out with every call: in the open only where nobody listens.
    fn refuse_open(&self, call: &Call<'_>) -> Result<(), Error> {
        let Some(rest) = call.url.strip_prefix("http://") else { return Ok(()) };
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        match xtask_http::is_loopback(host) {
            true => Ok(()),
            false => Err(self.failed(call, Kind::InTheOpen, None)),
        }
    }
}

fn refused(status: StatusCode, headers: &HeaderMap, body: &[u8], now: SystemTime) -> Kind {
    let retry_after = pause::asked_for(headers, body, now);
    // GitHub refuses too many requests with 403 as well, and then says when to come again.
    let is_limit = status == 429 || (status == 403 && pause::is_used_up(headers));
    match status.as_u16() {
        _ if is_limit => Kind::TooMany { retry_after },
        401 => Kind::Unauthenticated,
        403 => Kind::Forbidden,
        404 | 410 => Kind::NotFound,
        400 | 405..=499 => Kind::Invalid,
        500..=599 => Kind::ServerError { retry_after },
        _ => Kind::Unexpected,
    }
}

/// A limit on each exchange, below that on the whole.
pub const EXCHANGE_LIMIT: Duration = Duration::from_secs(10);
