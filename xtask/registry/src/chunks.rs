//! A blob in chunks, in order. After anything unclear the registry is asked how far it has
//! come, and sending goes on from there.

use super::auth::Scope;
use super::error::RegistryError;
use super::event::PushEvent;
use super::location::with_query;
use super::session::Session;
use super::stream::Outgoing;
use super::wire::{Answer, Ask, Body, OCTETS};
use bytes::Bytes;
use http::header::{CONTENT_RANGE, CONTENT_TYPE};
use http::{Method, Uri};

/// No chunk is made smaller than this when a registry refuses larger ones.
const SMALLEST: u64 = 256 << 10;
/// No chunk is made larger than this, whatever a registry asks for: it is held in memory.
const CHUNK_MAX: u64 = 64 << 20;

/// An upload session that is being filled.
pub(super) struct Chunks<'a> {
    session: &'a Session<'a>,
    scope: &'a Scope,
    outgoing: &'a Outgoing<'a>,
    /// Where the next request goes; every answer may move it.
    location: Uri,
    offset: u64,
    chunk: u64,
    failures: u32,
}

/// The refusal that ends an upload session; `None` to go on.
type End = Option<Answer>;

impl<'a> Chunks<'a> {
    pub(super) fn new(
        session: &'a Session<'a>,
        scope: &'a Scope,
        outgoing: &'a Outgoing<'a>,
        location: Uri,
    ) -> Self {
        let chunk = session.retry_policy().chunk.min(outgoing.descriptor.size).max(1);
        Self { session, scope, outgoing, location, offset: 0, chunk, failures: 0 }
    }

    /// Sends everything and commits. The answer is the commit's, or the refusal that ended it.
    pub(super) async fn send(mut self) -> Result<Answer, RegistryError> {
        let mut reader = self.outgoing.open()?;
        while self.offset < self.outgoing.descriptor.size {
            if reader.position() != self.offset {
                reader = self.outgoing.open()?.skip_to(self.offset).await?;
            }
            let chunk;
            (reader, chunk) = reader.next(self.chunk).await?;
            let count = chunk.len() as u64;
            let outcome = self.patch(chunk).await;
            if let Some(refusal) = self.after(outcome, count).await? {
                return Ok(refusal);
            }
        }
        self.commit().await
    }

    async fn patch(&self, bytes: Bytes) -> Result<Answer, RegistryError> {
        let count = bytes.len() as u64;
        let last = self.offset + count - 1;
        let ask = Ask::new(Method::PATCH, self.location.clone())
            .header(CONTENT_TYPE, OCTETS)
            .header(CONTENT_RANGE, format!("{}-{last}", self.offset))
            .body(Body::Bytes(bytes));
        let answer = self.session.once(self.scope, &ask).await;
        let digest = self.outgoing.descriptor.digest;
        self.session.say(PushEvent::Sent(digest, count));
        answer
    }

    async fn after(
        &mut self,
        outcome: Result<Answer, RegistryError>,
        count: u64,
    ) -> Result<End, RegistryError> {
        let trouble = self.session.trouble(&outcome);
        match (outcome, trouble) {
            (outcome, Some(trouble)) => {
                self.failures += 1;
                self.session.wait(self.failures, &trouble, outcome).await?;
                self.ask_how_far().await
            }
            (Ok(answer), None) if answer.status.is_success() => self.accepted(&answer, count),
            (Ok(answer), None) if answer.status.as_u16() == 416 => self.out_of_step(answer).await,
            (outcome, None) => outcome.map(Some),
        }
    }

    /// The registry expected another place, or another size: it says which.
    async fn out_of_step(&mut self, refusal: Answer) -> Result<End, RegistryError> {
        let before = self.offset;
        let end = self.ask_how_far().await?;
        self.failures += 1;
        let is_moved = self.offset != before && self.failures < self.session.retry_policy().tries;
        if end.is_some() || is_moved {
            return Ok(end);
        }
        if self.chunk <= SMALLEST || self.offset != before {
            return Ok(Some(refusal));
        }
        self.chunk = (self.chunk / 2).max(SMALLEST);
        Ok(None)
    }

    fn accepted(&mut self, answer: &Answer, count: u64) -> Result<End, RegistryError> {
        self.failures = 0;
        self.follow(answer)?;
        let end = self.offset + count;
        self.chunk = chunk_after(answer, self.chunk, self.outgoing.descriptor.size);
        // A part may have been taken. ECR repeats an old range; one that would lead back is such.
        let taken = end_of_range(answer).filter(|taken| (self.offset + 1..end).contains(taken));
        self.offset = taken.unwrap_or(end);
        Ok(None)
    }

    /// Asks where the upload stands. A session that is gone ends this one.
    async fn ask_how_far(&mut self) -> Result<End, RegistryError> {
        let ask = Ask::new(Method::GET, self.location.clone());
        let answer = self.session.send(self.scope, &ask).await?;
        if !answer.status.is_success() {
            return Ok(Some(answer));
        }
        self.follow(&answer)?;
        self.offset = end_of_range(&answer).unwrap_or(0).min(self.outgoing.descriptor.size);
        Ok(None)
    }

    fn follow(&mut self, answer: &Answer) -> Result<(), RegistryError> {
        if let Some(location) = answer.header("location") {
            self.location = self.session.resolve(&answer.url, location)?;
        }
        Ok(())
    }

    async fn commit(&self) -> Result<Answer, RegistryError> {
        let digest = self.outgoing.descriptor.digest.to_string();
        let url = with_query(&self.location, "digest", &digest)
            .map_err(|error| RegistryError::malformed(&self.location, "an upload", &error))?;
        self.session.once(self.scope, &Ask::new(Method::PUT, url)).await
    }
}

/// The size of the next chunk of a blob of `size` bytes: a registry may want larger ones.
pub(super) fn chunk_after(answer: &Answer, chunk: u64, size: u64) -> u64 {
    let least = answer.header("oci-chunk-min-length").and_then(|value| value.parse().ok());
    chunk.max(least.unwrap_or(0)).min(CHUNK_MAX.max(chunk)).min(size.max(1))
}

/// How many bytes a `Range: 0-b` stands for. `0-0` is what an empty upload is called in
/// practice; the specification would have it mean one byte.
pub(super) fn end_of_range(answer: &Answer) -> Option<u64> {
    let range = answer.header("range")?;
    let last: u64 = range.trim_start_matches("bytes=").split_once('-')?.1.trim().parse().ok()?;
    if last == 0 { Some(0) } else { last.checked_add(1) }
}
