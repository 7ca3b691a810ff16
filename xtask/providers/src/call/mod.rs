//! One request to a provider, until it has an answer: what is asked again and when, and what is said
//! of a refusal. `error` says why a call came to nothing; how each provider refuses is its own, as
//! `told` has it for those that are told something, with `pause` for how long is waited.

mod error;
mod pause;
mod told;

pub use error::{Failed, Unanswered, Words};
pub(crate) use told::Told;
pub use told::{Error, Kind};

use error::Inner;
use serde::de::DeserializeOwned;
use std::borrow::Cow;
use std::time::Duration;
use xtask_core::secret::Secret;
use xtask_http::header::CONTENT_TYPE;
use xtask_http::{Client, HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode};

/// How somebody who is asked refuses, and what is asked again.
pub(crate) trait Provider {
    type Kind: From<Unanswered>;
    /// The most of an answer that is read.
    const ANSWER_MAX: u64;

    /// What is tried there: `tell Slack`.
    fn doing(&self) -> String;

    /// What an answer that is no success says, and in which words; none of `secrets` is in them.
    fn refused(
        &self,
        answer: (StatusCode, &HeaderMap, &[u8]),
        secrets: &[&str],
    ) -> (Self::Kind, Option<Words>);

    /// How long to wait after `tries` of them, if there is to be another.
    fn before_next(&self, kind: &Self::Kind, act: Act, tries: u32) -> Option<Duration>;
}

/// What a second request of the same kind does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    Idempotent,
    /// It makes a second thing, or tells the same thing twice.
    Once,
}

/// Who is asked, and with which secrets, which are struck out of everything that is said.
#[derive(Debug)]
pub(crate) struct Caller<P = Told> {
    pub(crate) provider: P,
    pub(crate) client: Client,
    pub(crate) secrets: Vec<Secret>,
}

/// A request, as often as it is sent.
pub(crate) struct Call<'a> {
    method: Method,
    url: Cow<'a, str>,
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
    pub(crate) fn once(method: Method, url: impl Into<Cow<'a, str>>) -> Self {
        let url = url.into();
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
            Some(shown) => Request::to_secret(self.method.clone(), &self.url, shown),
            None => Request::to(self.method.clone(), &self.url),
        }?;
        let headers = self.headers.iter().cloned();
        let request = headers.fold(request, |request, (name, value)| request.header(name, value));
        Ok(self.body.iter().fold(request, |request, body| request.bytes(body.clone())))
    }

    /// What is said of where it goes.
    fn path(&self) -> String {
        let after = self.url.split_once("://").map_or(&*self.url, |(_, after)| after);
        let path = after.find('/').map_or("/", |at| &after[at..]);
        let plain = path.split(['?', '#']).next().unwrap_or_default();
        self.shown.unwrap_or(plain).to_owned()
    }
}

impl<P: Provider> Caller<P> {
    /// Asks until there is an answer that is a success, or no use in asking again.
    pub(crate) async fn call(&self, call: &Call<'_>) -> Result<Reply, Failed<P::Kind>> {
        self.refuse_open(call)?;
        let mut tries = 1;
        loop {
            let error = match self.ask(call).await {
                Ok(reply) => return Ok(reply),
                Err(error) => error,
            };
            match self.provider.before_next(error.kind(), call.act, tries) {
                Some(pause) => tokio::time::sleep(pause).await,
                None => return Err(error),
            }
            tries += 1;
        }
    }

    /// Reads what a success says; what else is in it does not matter.
    pub(crate) async fn read<T>(&self, call: &Call<'_>) -> Result<T, Failed<P::Kind>>
    where
        T: DeserializeOwned,
    {
        let reply = self.call(call).await?;
        let read = serde_json::from_slice(&reply.body);
        read.map_err(|_| self.failed(call, Unanswered::NotUnderstood, Some(reply.status)))
    }

    /// An error about this call.
    pub(crate) fn failed(
        &self,
        call: &Call<'_>,
        kind: impl Into<P::Kind>,
        status: Option<StatusCode>,
    ) -> Failed<P::Kind> {
        Failed(Box::new(Inner {
            doing: self.provider.doing(),
            method: call.method.clone(),
            path: call.path(),
            kind: kind.into(),
            status,
            words: None,
            http: None,
        }))
    }

    async fn ask(&self, call: &Call<'_>) -> Result<Reply, Failed<P::Kind>> {
        let sent = async {
            let answer = self.client.send(call.request()?).await?;
            let (status, headers) = (answer.status(), answer.headers().clone());
            Ok((status, headers, answer.beginning(P::ANSWER_MAX).await?))
        };
        let (status, headers, body) = sent.await.map_err(|http: xtask_http::Error| {
            let mut error = self.failed(call, Unanswered::from(&http), None);
            error.0.http = Some(http);
            error
        })?;
        if status.is_success() {
            return Ok(Reply { status, body });
        }
        let secrets: Vec<&str> = self.secrets.iter().map(Secret::expose).collect();
        let (kind, words) = self.provider.refused((status, &headers, &body), &secrets);
        let mut error = self.failed(call, kind, Some(status));
        error.0.words = words;
        Err(error)
    }

    /// A secret goes out with every call: in the open only where nobody listens.
    fn refuse_open(&self, call: &Call<'_>) -> Result<(), Failed<P::Kind>> {
        let Some(rest) = call.url.strip_prefix("http://") else { return Ok(()) };
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        match xtask_http::is_loopback(host) {
            true => Ok(()),
            false => Err(self.failed(call, Unanswered::InTheOpen, None)),
        }
    }
}

/// A limit on each exchange, below that on the whole.
pub const EXCHANGE_LIMIT: Duration = Duration::from_secs(10);
