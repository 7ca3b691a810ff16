//! One exchange: a request as data goes out, a whole answer comes back. No repetition, no
//! redirect, no credentials of its own.

use super::error::RegistryError;
use super::refusal::Refusal;
use super::stream::Outgoing;
use bytes::Bytes;
use http::header::{AUTHORIZATION, EXPECT, HeaderMap, HeaderName, HeaderValue, InvalidHeaderValue};
use http::{Method, StatusCode, Uri};
use std::time::Duration;
use xtask_http::{Client, Request};

/// How bytes without a name of their own are called.
pub(super) const OCTETS: &str = "application/octet-stream";

/// The most of a refusal's body that is read.
const REFUSAL_LIMIT: u64 = 64 << 10;
/// Answers are JSON unless a caller says how much more it can take. Registries are expected to
/// take manifests of 4 MiB, so that is what we can read, and as much again.
const ANSWER_LIMIT: u64 = 8 << 20;
/// From this size on we ask before sending: a refusal then costs a round trip, not the upload.
const EXPECT_FROM: u64 = 1 << 20;

/// A request as data: it can be sent any number of times.
#[derive(Clone)]
pub(super) struct Ask<'a> {
    pub(super) method: Method,
    pub(super) url: Uri,
    pub(super) headers: Vec<(HeaderName, String)>,
    pub(super) body: Body<'a>,
    /// The largest answer that is wanted.
    pub(super) limit: u64,
    /// Whether a long blob asks first, so that a refusal is heard before it is sent.
    pub(super) expects: bool,
    /// Whether a redirect may lead to another host.
    pub(super) leaves: bool,
}

/// What a request carries.
#[derive(Clone)]
pub(super) enum Body<'a> {
    None,
    Bytes(Bytes),
    /// A blob of this machine, opened anew each time.
    Blob(&'a Outgoing<'a>),
}

impl<'a> Ask<'a> {
    pub(super) fn new(method: Method, url: Uri) -> Self {
        Self {
            method,
            url,
            headers: Vec::new(),
            body: Body::None,
            limit: ANSWER_LIMIT,
            expects: true,
            leaves: true,
        }
    }

    pub(super) fn header(mut self, name: HeaderName, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(super) fn body(mut self, body: Body<'a>) -> Self {
        self.body = body;
        self
    }

    pub(super) fn limit(mut self, limit: u64) -> Self {
        self.limit = limit;
        self
    }

    fn asks_first(&self) -> bool {
        match &self.body {
            Body::Blob(blob) => self.expects && blob.descriptor.size >= EXPECT_FROM,
            _ => false,
        }
    }
}

/// An answer, whole.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) method: Method,
    /// Where it came from in the end.
    pub(super) url: Uri,
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

impl Answer {
    /// A header's value, if it is there and readable.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Every value of a header.
    pub(super) fn header_all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.headers.get_all(name).iter().filter_map(|value| value.to_str().ok())
    }

    /// What the registry said when it refused.
    pub(super) fn reason(&self) -> Refusal {
        Refusal::of(&self.body)
    }

    /// This answer as an error.
    pub(super) fn refusal(self) -> RegistryError {
        RegistryError::Answered {
            method: self.method.clone(),
            host: super::error::host(&self.url),
            path: self.url.path().to_owned(),
            status: self.status,
            refusal: Box::new(self.reason()),
        }
    }

    /// This answer if it has one of these statuses, else an error.
    pub(super) fn wanted(self, statuses: &[u16]) -> Result<Self, RegistryError> {
        match statuses.contains(&self.status.as_u16()) {
            true => Ok(self),
            false => Err(self.refusal()),
        }
    }
}

/// Sends `ask` once, with `authorization` if there is one. A long blob waits for `hold` before
/// its first byte.
pub(super) async fn exchange(
    client: &Client,
    ask: &Ask<'_>,
    authorization: Option<&HeaderValue>,
    hold: Duration,
) -> Result<Answer, RegistryError> {
    let request = head(ask, authorization)?;
    match &ask.body {
        Body::None if matches!(ask.method, Method::GET | Method::HEAD) => {
            answer(client, ask, request).await
        }
        Body::None => answer(client, ask, request.bytes(Bytes::new())).await,
        Body::Bytes(bytes) => answer(client, ask, request.bytes(bytes.clone())).await,
        Body::Blob(blob) => {
            let (upload, verdict) = blob.upload()?;
            let upload = if ask.asks_first() { upload.hold(hold) } else { upload };
            let outcome = answer(client, ask, request.upload(upload)).await;
            verdict.check()?;
            outcome
        }
    }
}

fn head(ask: &Ask<'_>, authorization: Option<&HeaderValue>) -> Result<Request, RegistryError> {
    let mut request = Request::new(ask.method.clone(), ask.url.clone());
    for (name, value) in &ask.headers {
        let malformed = |error| RegistryError::malformed(&ask.url, "a request", &error);
        let value: HeaderValue =
            value.parse().map_err(|error: InvalidHeaderValue| malformed(error))?;
        request = request.header(name.clone(), value);
    }
    if let Some(value) = authorization {
        request = request.header(AUTHORIZATION, value.clone());
    }
    if ask.asks_first() {
        request = request.header(EXPECT, HeaderValue::from_static("100-continue"));
    }
    Ok(request)
}

/// Reads the whole body, but no more of it than is wanted.
async fn answer(client: &Client, ask: &Ask<'_>, request: Request) -> Result<Answer, RegistryError> {
    let answer = client.send(request).await?;
    let (status, headers) = (answer.status(), answer.headers().clone());
    let body = match status.is_success() {
        true => answer.bytes(ask.limit).await?,
        false => answer.beginning(REFUSAL_LIMIT).await?,
    };
    let (method, url) = (ask.method.clone(), ask.url.clone());
    Ok(Answer { method, url, status, headers, body })
}
