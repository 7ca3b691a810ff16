//! What comes back: a head, and a body that is read up to a limit.

use crate::error::Error;
use crate::limit::Watch;
use crate::upload::Valve;
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use reqwest::Upgraded;

/// An answer whose body has not been read.
#[derive(Debug)]
pub struct Answer {
    pub(crate) response: reqwest::Response,
    pub(crate) watch: Watch,
    /// Holds what of an upload had not left when the answer came.
    pub(crate) _valve: Option<Valve>,
}

impl Answer {
    pub fn status(&self) -> StatusCode {
        self.response.status()
    }

    pub fn headers(&self) -> &HeaderMap {
        self.response.headers()
    }

    /// A header's value, if it is there and readable.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers().get(name)?.to_str().ok()
    }

    /// The whole body; one of more than `limit` bytes is an error.
    pub async fn bytes(self, limit: u64) -> Result<Vec<u8>, Error> {
        let too_large = self.watch.too_large(limit);
        let (bytes, is_whole) = self.read(limit).await?;
        if is_whole { Ok(bytes) } else { Err(too_large) }
    }

    /// The body as far as `limit`: enough for what is only repeated to people.
    pub async fn beginning(self, limit: u64) -> Result<Vec<u8>, Error> {
        Ok(self.read(limit).await?.0)
    }

    /// The whole body as text; what is no UTF-8 is replaced.
    pub async fn text(self, limit: u64) -> Result<String, Error> {
        Ok(String::from_utf8_lossy(&self.bytes(limit).await?).into_owned())
    }

    /// The next bytes of the body as they come, for who reads it at a pace of its own; `None` at
    /// its end.
    pub async fn piece(&mut self) -> Result<Option<Bytes>, Error> {
        self.watch.next(self.response.chunk()).await
    }

    /// The connection itself, where the answer is that it speaks something else from now on (101).
    /// No limit holds for it any more.
    pub async fn upgrade(self) -> Result<Upgraded, Error> {
        let upgraded = self.response.upgrade().await;
        upgraded.map_err(|error| self.watch.failed(error))
    }

    async fn read(mut self, limit: u64) -> Result<(Vec<u8>, bool), Error> {
        let mut bytes = Vec::new();
        while let Some(more) = self.piece().await? {
            let room = usize::try_from(limit - bytes.len() as u64).unwrap_or(usize::MAX);
            bytes.extend_from_slice(&more[..more.len().min(room)]);
            if more.len() > room {
                return Ok((bytes, false));
            }
        }
        Ok((bytes, true))
    }
}
