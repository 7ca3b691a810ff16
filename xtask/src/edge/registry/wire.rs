//! One exchange: a request as data goes out, a whole answer comes back. No repetition, no
//! redirect, no credentials of its own.

use super::error::RegistryError;
use super::said::Said;
use super::stream::Outgoing;
use http::header::{CONTENT_LENGTH, EXPECT, HeaderMap, HeaderName, HeaderValue};
use http::{Method, Request, StatusCode, Uri};
use std::io::Read;
use std::sync::Arc;
use std::time::Duration;
use ureq::SendBody;
use ureq::tls::{RootCerts, TlsConfig};

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
    /// Whether a long body waits for `100 Continue`.
    pub(super) expects: bool,
    /// Whether a redirect may lead to another host.
    pub(super) leaves: bool,
}

/// What a request carries.
#[derive(Clone, Copy)]
pub(super) enum Body<'a> {
    None,
    Bytes(&'a [u8]),
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

    fn size(&self) -> Option<u64> {
        match self.body {
            Body::None if matches!(self.method, Method::GET | Method::HEAD) => None,
            Body::None => Some(0),
            Body::Bytes(bytes) => Some(bytes.len() as u64),
            Body::Blob(blob) => Some(blob.descriptor.size),
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
    pub(super) fn said(&self) -> Said {
        Said::of(&self.body)
    }

    /// This answer as an error.
    pub(super) fn refusal(self) -> RegistryError {
        RegistryError::Answered {
            method: self.method.clone(),
            host: super::error::host(&self.url),
            path: self.url.path().to_owned(),
            status: self.status,
            said: Box::new(self.said()),
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

/// An agent for one host. Loopback never goes through a proxy.
pub(super) fn agent(is_loopback: bool) -> ureq::Agent {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = TlsConfig::builder()
        .root_certs(RootCerts::PlatformVerifier)
        .unversioned_rustls_crypto_provider(provider);
    let mut config = ureq::Agent::config_builder()
        .tls_config(tls.build())
        .user_agent(concat!("nutri-xtask/", env!("CARGO_PKG_VERSION")))
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .max_idle_connections_per_host(8)
        .timeout_connect(Some(Duration::from_secs(15)))
        // No limit on a whole upload: what counts is that bytes move.
        .timeout_per_write(Some(Duration::from_secs(60)))
        .timeout_await_100(Some(Duration::from_millis(500)))
        // A registry may digest gigabytes before it answers a commit.
        .timeout_recv_response(Some(Duration::from_secs(300)))
        .timeout_recv_body(Some(Duration::from_secs(120)));
    if is_loopback {
        config = config.proxy(None);
    }
    config.build().new_agent()
}

/// Sends `ask` once, with `authorization` if there is one.
pub(super) fn exchange(
    agent: &ureq::Agent,
    ask: &Ask<'_>,
    authorization: Option<&HeaderValue>,
) -> Result<Answer, RegistryError> {
    let request = head(ask, authorization)?;
    let fail = |cause| RegistryError::of_wire(&ask.method, &ask.url, cause);
    let mut empty = std::io::empty();
    let response = match ask.body {
        Body::None if ask.size().is_none() => agent.run(request.map(|()| SendBody::none())),
        Body::None => agent.run(request.map(|()| SendBody::from_reader(&mut empty))),
        Body::Bytes(mut bytes) => agent.run(request.map(|()| SendBody::from_reader(&mut bytes))),
        Body::Blob(blob) => {
            let mut reader = blob.open()?;
            let response = agent.run(request.map(|()| SendBody::from_reader(&mut reader)));
            reader.verdict()?;
            response
        }
    };
    let (parts, body) = response.map_err(fail)?.into_parts();
    let body = whole(ask, parts.status, body)?;
    let (method, url) = (ask.method.clone(), ask.url.clone());
    Ok(Answer { method, url, status: parts.status, headers: parts.headers, body })
}

fn head(ask: &Ask<'_>, authorization: Option<&HeaderValue>) -> Result<Request<()>, RegistryError> {
    let malformed = |error: http::Error| RegistryError::malformed(&ask.url, "a request", &error);
    let mut request = Request::builder().method(&ask.method).uri(&ask.url);
    for (name, value) in &ask.headers {
        request = request.header(name, value);
    }
    if let Some(value) = authorization {
        request = request.header(http::header::AUTHORIZATION, value);
    }
    if let Some(size) = ask.size() {
        request = request.header(CONTENT_LENGTH, size);
        if ask.expects && size >= EXPECT_FROM && matches!(ask.body, Body::Blob(_)) {
            request = request.header(EXPECT, "100-continue");
        }
    }
    request.body(()).map_err(malformed)
}

/// Reads the whole body, but no more of it than is wanted.
fn whole(ask: &Ask<'_>, status: StatusCode, body: ureq::Body) -> Result<Vec<u8>, RegistryError> {
    let limit = if status.is_success() { ask.limit } else { REFUSAL_LIMIT };
    let mut bytes = Vec::new();
    let fail = |cause| RegistryError::of_wire(&ask.method, &ask.url, ureq::Error::Io(cause));
    body.into_reader().take(limit + 1).read_to_end(&mut bytes).map_err(fail)?;
    if status.is_success() && bytes.len() as u64 > limit {
        let why = format!("it is larger than {limit} bytes");
        return Err(RegistryError::malformed(&ask.url, "an answer", &why));
    }
    bytes.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok(bytes)
}
