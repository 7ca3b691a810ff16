//! One blob's way into a repository: is it there, can it be mounted, else send it. One request
//! for all of it first; chunks when that is refused. Every try has a fresh upload session,
//! because a session whose request broke may still be alive on the other side.

use super::chunks::Chunks;
use super::error::RegistryError;
use super::event::PushEvent;
use super::location::with_query;
use super::manifest::Place;
use super::session::Trouble;
use super::stream::{Blobs, Outgoing};
use super::wire::{Answer, Ask, Body, OCTETS};
use http::header::CONTENT_TYPE;
use http::{Method, Uri};
use xtask_core::descriptor::Descriptor;
use xtask_core::reference::Repository;

/// Puts blobs into one repository.
pub(super) struct Uploader<'a> {
    pub(super) place: Place<'a>,
    pub(super) blobs: &'a dyn Blobs,
}

/// How a blob came to be in the repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Arrival {
    Present,
    Mounted(Repository),
    Uploaded,
}

/// What a mount came to.
enum Mount {
    Done(Repository),
    /// It did not, but opened an upload instead.
    Upload(Uri),
    Nothing,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Whole,
    Chunks,
}

impl Uploader<'_> {
    /// Sees to it that the repository has the blob.
    pub(super) async fn push(
        &self,
        descriptor: &Descriptor,
        sources: &[Repository],
    ) -> Result<Arrival, RegistryError> {
        let arrival = self.arrive(descriptor, sources).await.map_err(|error| {
            let cause = Box::new(error);
            RegistryError::Blob { digest: descriptor.digest, cause }
        })?;
        self.place.session.say(match &arrival {
            Arrival::Present => PushEvent::Present(descriptor.clone()),
            Arrival::Mounted(from) => PushEvent::Mounted(descriptor.clone(), from.clone()),
            Arrival::Uploaded => PushEvent::Uploaded(descriptor.clone()),
        });
        Ok(arrival)
    }

    async fn arrive(
        &self,
        descriptor: &Descriptor,
        sources: &[Repository],
    ) -> Result<Arrival, RegistryError> {
        if self.has(descriptor).await? {
            return Ok(Arrival::Present);
        }
        let location = match self.mount(descriptor, sources).await? {
            Mount::Done(source) => return Ok(Arrival::Mounted(source)),
            Mount::Upload(location) => Some(location),
            Mount::Nothing => None,
        };
        self.upload(descriptor, location).await?;
        Ok(Arrival::Uploaded)
    }

    /// Whether the blob is there. A refusal without words counts as no: the upload that
    /// follows is refused with them.
    async fn has(&self, descriptor: &Descriptor) -> Result<bool, RegistryError> {
        let path = format!("/v2/{}/blobs/{}", self.place.repository.path(), descriptor.digest);
        let ask = Ask::new(Method::HEAD, self.place.session.url(&path)?);
        let answer = self.place.session.send(self.place.scope, &ask).await?;
        Ok(answer.wanted(&[200, 401, 403, 404, 405])?.status.as_u16() == 200)
    }

    /// Asks for the blob to be taken over from one of `sources`. No refusal here is an error:
    /// the blob can always be sent.
    async fn mount(
        &self,
        descriptor: &Descriptor,
        sources: &[Repository],
    ) -> Result<Mount, RegistryError> {
        let mut left_over = Mount::Nothing;
        for source in sources.iter().filter(|source| *source != self.place.repository) {
            self.cancel(left_over).await;
            let uploads = self.uploads()?;
            let url = with_query(&uploads, "mount", &descriptor.digest.to_string())
                .and_then(|url| with_query(&url, "from", source.path()))
                .map_err(|error| RegistryError::malformed(&uploads, "a mount", &error))?;
            let scope = self.place.scope.and_pull(source);
            let answer = self.place.session.send(&scope, &Ask::new(Method::POST, url)).await;
            left_over = match answer {
                Ok(answer) if answer.status.as_u16() == 201 => {
                    return Ok(Mount::Done(source.clone()));
                }
                Ok(answer) if answer.status.as_u16() == 202 => {
                    self.location(&answer).map_or(Mount::Nothing, Mount::Upload)
                }
                _ => Mount::Nothing,
            };
        }
        Ok(left_over)
    }

    async fn cancel(&self, mount: Mount) {
        if let Mount::Upload(location) = mount {
            // Politeness only: a session that is left alone expires.
            let ask = Ask::new(Method::DELETE, location);
            self.place.session.once(self.place.scope, &ask).await.ok();
        }
    }

    /// Sends the blob until it is there, or until nothing is left to try.
    async fn upload(
        &self,
        descriptor: &Descriptor,
        mut location: Option<Uri>,
    ) -> Result<(), RegistryError> {
        let retry_policy = self.place.session.retry_policy();
        let is_whole = descriptor.size <= retry_policy.whole;
        let mut way = if is_whole { Way::Whole } else { Way::Chunks };
        let (mut failures, mut broken) = (0, 0);
        loop {
            let here = match location.take() {
                Some(location) => location,
                None => self.start().await?,
            };
            let outcome = self.send(descriptor, way, here).await;
            match &outcome {
                Ok(answer) if answer.status.is_success() => return Ok(()),
                Ok(answer) if way == Way::Whole && wants_chunks(answer) => {
                    way = self.in_chunks(descriptor, &format!("it answered {}", answer.status));
                    continue;
                }
                Ok(_) => {}
                Err(_) => broken += 1,
            }
            failures += 1;
            self.recover(failures, outcome).await?;
            if self.has(descriptor).await? {
                return Ok(());
            }
            if way == Way::Whole && broken >= 2 && descriptor.size > retry_policy.chunk {
                way = self.in_chunks(descriptor, "the connection broke twice");
            }
        }
    }

    async fn send(
        &self,
        descriptor: &Descriptor,
        way: Way,
        location: Uri,
    ) -> Result<Answer, RegistryError> {
        let Place { session, scope, .. } = self.place;
        session.say(PushEvent::Sending(descriptor.clone()));
        let outgoing = Outgoing { descriptor, blobs: self.blobs, meter: &session.meter };
        match way {
            Way::Whole => self.whole(&outgoing, &location).await,
            Way::Chunks => Chunks::new(session, scope, &outgoing, location).send().await,
        }
    }

    /// Waits where a fresh upload may cure what happened; anything else is final.
    async fn recover(
        &self,
        failures: u32,
        outcome: Result<Answer, RegistryError>,
    ) -> Result<(), RegistryError> {
        match self.lost(&outcome) {
            Some(trouble) => self.place.session.wait(failures, &trouble, outcome).await,
            None => Err(outcome.map_or_else(|error| error, Answer::refusal)),
        }
    }

    fn in_chunks(&self, descriptor: &Descriptor, why: &str) -> Way {
        self.place.session.say(PushEvent::Chunked(descriptor.digest, why.to_owned()));
        Way::Chunks
    }

    /// Trouble that a fresh upload session may cure.
    fn lost(&self, outcome: &Result<Answer, RegistryError>) -> Option<Trouble> {
        let is_lost = |answer: &Answer| {
            let refusal = answer.reason();
            matches!(answer.status.as_u16(), 404 | 416)
                || ["BLOB_UPLOAD_UNKNOWN", "BLOB_UPLOAD_INVALID", "DIGEST_INVALID"]
                    .iter()
                    .any(|code| refusal.has(code))
        };
        let trouble = self.place.session.trouble(outcome);
        trouble.or_else(|| match outcome {
            Ok(answer) if is_lost(answer) => Some(Trouble::lost(answer)),
            _ => None,
        })
    }

    fn uploads(&self) -> Result<Uri, RegistryError> {
        self.place.session.url(&format!("/v2/{}/blobs/uploads/", self.place.repository.path()))
    }

    /// Opens an upload session.
    async fn start(&self) -> Result<Uri, RegistryError> {
        let ask = Ask::new(Method::POST, self.uploads()?);
        let answer = self.place.session.send(self.place.scope, &ask).await?;
        self.location(&answer.wanted(&[202])?)
    }

    fn location(&self, answer: &Answer) -> Result<Uri, RegistryError> {
        let missing = || RegistryError::malformed(&answer.url, "an upload", &"it has no location");
        self.place.session.resolve(&answer.url, answer.header("location").ok_or_else(missing)?)
    }

    /// Sends the whole blob in one request.
    async fn whole(
        &self,
        outgoing: &Outgoing<'_>,
        location: &Uri,
    ) -> Result<Answer, RegistryError> {
        let url = with_query(location, "digest", &outgoing.descriptor.digest.to_string())
            .map_err(|error| RegistryError::malformed(location, "an upload", &error))?;
        let ask = Ask::new(Method::PUT, url).header(CONTENT_TYPE, OCTETS);
        self.place.session.once(self.place.scope, &ask.body(Body::Blob(outgoing))).await
    }
}

/// Whether a refusal means that the blob is too much for one request, rather than unwanted.
fn wants_chunks(answer: &Answer) -> bool {
    let refusal = answer.reason();
    let codes = ["SIZE_INVALID", "BLOB_UPLOAD_INVALID", "UNSUPPORTED"];
    match answer.status.as_u16() {
        405 | 411 | 413 | 416 => true,
        400 => codes.iter().any(|code| refusal.has(code)),
        _ => false,
    }
}
