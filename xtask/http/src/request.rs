//! What goes out.

use crate::error::Error;
use crate::upload::Upload;
use bytes::Bytes;
use http::header::{CONTENT_LENGTH, HeaderName, HeaderValue};
use http::{HeaderMap, Method, Uri};
use std::fmt;
use std::time::Duration;

/// A request, until it is sent.
pub struct Request {
    pub(crate) method: Method,
    pub(crate) url: Uri,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Body,
    pub(crate) total: Option<Duration>,
    /// What errors and traces say instead of the path, where the path is a secret.
    pub(crate) shown: Option<&'static str>,
}

#[derive(Debug)]
pub(crate) enum Body {
    None,
    Bytes(Bytes),
    Upload(Upload),
}

impl Request {
    /// A request without a body. The address is kept as it is written, query included.
    pub fn new(method: Method, url: Uri) -> Self {
        Self { method, url, headers: HeaderMap::new(), body: Body::None, total: None, shown: None }
    }

    /// The same for an address that nobody has read yet.
    pub fn to(method: Method, url: &str) -> Result<Self, Error> {
        let failed = |why: String| {
            let url = url.split(['?', '#']).next().unwrap_or_default().to_owned();
            Error::Url { url, why }
        };
        let url: Uri =
            url.parse().map_err(|error: http::uri::InvalidUri| failed(error.to_string()))?;
        match url.scheme_str() {
            Some("http" | "https") => Ok(Self::new(method, url)),
            _ => Err(failed("it begins neither with `http://` nor with `https://`".to_owned())),
        }
    }

    /// The same for an address whose path lets in whoever knows it: errors and traces say `shown`
    /// in its place, and of an address that is none nothing at all.
    pub fn to_secret(method: Method, url: &str, shown: &'static str) -> Result<Self, Error> {
        let refused = |error: Error| match error {
            Error::Url { why, .. } => Error::Url { url: shown.to_owned(), why },
            other => other,
        };
        Self::to(method, url).map_err(refused).map(|it| Self { shown: Some(shown), ..it })
    }

    /// The path as errors and traces say it.
    pub(crate) fn path(&self) -> &str {
        self.shown.unwrap_or_else(|| self.url.path())
    }

    /// Reads `url`.
    pub fn get(url: &str) -> Result<Self, Error> {
        Self::to(Method::GET, url)
    }

    /// The same with a header more.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.append(name, value);
        self
    }

    /// The same with a limit of its own on the whole exchange.
    #[must_use]
    pub fn within(mut self, total: Duration) -> Self {
        self.total = Some(total);
        self
    }

    /// The same with this body.
    #[must_use]
    pub fn bytes(mut self, bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        self.headers.insert(CONTENT_LENGTH, bytes.len().into());
        self.body = Body::Bytes(bytes);
        self
    }

    /// The same with a body that streams.
    #[must_use]
    pub fn upload(mut self, upload: Upload) -> Self {
        self.headers.insert(CONTENT_LENGTH, upload.size.into());
        self.body = Body::Upload(upload);
        self
    }
}

impl fmt::Debug for Request {
    /// As much as errors say: a header, a query or a body may hold a secret.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Request({} {})", self.method, self.path())
    }
}
