//! The order in which an image becomes visible: blobs, children, root, read back, tags. Nothing
//! has a name before all of it is there, and what is there already is not sent.

use super::auth::Scope;
use super::client::Registry;
use super::error::RegistryError;
use super::event::{PushEvent, PushReceipt};
use super::manifest::Place;
use super::parallel::in_parallel;
use super::session::Session;
use super::stream::Blobs;
use super::upload::{Arrival, Uploader};
use futures_util::FutureExt as _;
use std::collections::{BTreeMap, BTreeSet};
use std::pin::pin;
use std::sync::atomic::Ordering;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use xtask_core::descriptor::Descriptor;
use xtask_core::digest::Digest;
use xtask_core::reference::{Name, Repository, Tag};

/// What is to be pushed.
#[derive(Clone, Debug)]
pub struct Push {
    /// The index or manifest that is the image.
    pub root: Descriptor,
    /// Every manifest with its bytes: children before parents, the root last.
    pub manifests: Vec<(Descriptor, Vec<u8>)>,
    /// Every blob that the manifests name.
    pub blobs: Vec<Descriptor>,
    /// What shall name the root.
    pub tags: Vec<Tag>,
    /// Repositories of the same registry that may have a blob.
    pub mount_from: Mounts,
}

impl Registry {
    /// Pushes an image. `progress` hears of everything, in order and in the task of the caller.
    pub async fn push_image(
        &self,
        repository: &Repository,
        image: &Push,
        blobs: &dyn Blobs,
        mut progress: impl FnMut(PushEvent),
    ) -> Result<PushReceipt, RegistryError> {
        let (voice, mut events) = unbounded_channel();
        let mut work = pin!(self.push_speaking(repository, image, blobs, voice));
        let outcome = loop {
            tokio::select! {
                biased;
                Some(event) = events.recv() => progress(event),
                outcome = &mut work => break outcome,
            }
        };
        while let Ok(event) = events.try_recv() {
            progress(event);
        }
        outcome
    }

    async fn push_speaking(
        &self,
        repository: &Repository,
        image: &Push,
        blobs: &dyn Blobs,
        voice: UnboundedSender<PushEvent>,
    ) -> Result<PushReceipt, RegistryError> {
        check(image)?;
        let session = Session::new(self, voice);
        let scope = Scope::push(repository);
        let place = Place { session: &session, scope: &scope, repository };
        let pusher = Pusher { place, image, blobs };
        let arrivals = pusher.run().await?;
        Ok(receipt(image, &arrivals, &session))
    }
}

/// Refuses a push whose parts do not make a whole, before anything is sent.
fn check(image: &Push) -> Result<(), RegistryError> {
    let root = image.root.digest;
    let incomplete = |why: String| Err(RegistryError::Incomplete { root, why });
    let last = image.manifests.last().map(|(descriptor, _)| descriptor.digest);
    if last != Some(root) {
        return incomplete("it is not the last of its manifests".to_owned());
    }
    for (descriptor, bytes) in &image.manifests {
        let found = Digest::of(bytes);
        if found != descriptor.digest {
            return incomplete(format!("manifest `{}` has bytes `{found}`", descriptor.digest));
        }
    }
    Ok(())
}

fn receipt(image: &Push, arrivals: &[(Descriptor, Arrival)], session: &Session<'_>) -> PushReceipt {
    let which = |wanted: fn(&Arrival) -> bool| {
        let chosen = arrivals.iter().filter(|(_, arrival)| wanted(arrival));
        chosen.map(|(descriptor, _)| descriptor.clone()).collect()
    };
    PushReceipt {
        root: image.root.digest,
        uploaded: which(|arrival| *arrival == Arrival::Uploaded),
        mounted: which(|arrival| matches!(arrival, Arrival::Mounted(_))),
        present: which(|arrival| *arrival == Arrival::Present),
        requests: session.requests.load(Ordering::Relaxed),
        bytes_sent: session.meter.bytes_sent(),
    }
}

type Arrivals = Vec<(Descriptor, Arrival)>;
/// Where else each blob may be.
pub type Mounts = BTreeMap<Digest, Vec<Repository>>;

struct Pusher<'a> {
    place: Place<'a>,
    image: &'a Push,
    blobs: &'a dyn Blobs,
}

impl Pusher<'_> {
    async fn run(&self) -> Result<Arrivals, RegistryError> {
        if let Some(missing) = self.missing_tags().await? {
            match self.tag(&missing).await {
                // Somebody has removed a child below the root; then we start from the bottom.
                Err(error) if names_missing_blob(&error) => {}
                result => return result.map(|()| self.all_present()),
            }
        }
        let mut arrivals = self.push_blobs(Some(&self.image.mount_from)).await?;
        match self.push_manifests().await {
            Err(error) if names_missing_blob(&error) => {
                // What was said to be there, or was mounted, is not. Once more, by bytes alone.
                merge(&mut arrivals, self.push_blobs(None).await?);
                self.push_manifests().await?;
            }
            result => result?,
        }
        self.read_back(&Name::Digest(self.image.root.digest)).await?;
        self.tag(&self.image.tags).await?;
        Ok(arrivals)
    }

    /// The tags that do not name the root yet, or `None` if the root is not there. One tag that
    /// names it proves that it is there, so that nothing more is asked of what is unchanged.
    async fn missing_tags(&self) -> Result<Option<Vec<Tag>>, RegistryError> {
        let (root, tags) = (self.image.root.digest, &self.image.tags);
        let names: Vec<Name> = tags.iter().cloned().map(Name::Tag).collect();
        let looks = names.iter().map(|name| self.look(name).boxed()).collect();
        let found = in_parallel(looks).await?;
        let is_missing = |found: &Option<Digest>| *found != Some(root);
        let pairs = tags.iter().zip(found);
        let missing = pairs.filter(|(_, found)| is_missing(found)).map(|(tag, _)| tag.clone());
        let missing: Vec<Tag> = missing.collect();
        let is_there =
            missing.len() < tags.len() || self.look(&Name::Digest(root)).await? == Some(root);
        Ok(is_there.then_some(missing))
    }

    /// What has that name. A refusal counts as nothing: what we send then is refused with words.
    async fn look(&self, name: &Name) -> Result<Option<Digest>, RegistryError> {
        match self.place.head(name).await {
            Ok(found) => Ok(found.map(|descriptor| descriptor.digest)),
            Err(error @ RegistryError::Answered { .. }) if is_wordless(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn all_present(&self) -> Arrivals {
        let blobs = once_each(&self.image.blobs).into_iter();
        blobs.map(|descriptor| (descriptor, Arrival::Present)).collect()
    }

    async fn push_blobs(&self, mounts: Option<&Mounts>) -> Result<Arrivals, RegistryError> {
        let uploader = Uploader { place: self.place, blobs: self.blobs };
        let mut descriptors = once_each(&self.image.blobs);
        // The longest first, so that no job is left alone with it at the end.
        descriptors.sort_by_key(|descriptor| std::cmp::Reverse(descriptor.size));
        let mut work = Vec::new();
        for blob in &descriptors {
            let sources = mounts.and_then(|mounts| mounts.get(&blob.digest));
            work.push(uploader.push(blob, sources.map_or(&[], Vec::as_slice)).boxed());
        }
        let arrivals = in_parallel(work).await?;
        Ok(descriptors.into_iter().zip(arrivals).collect())
    }

    async fn push_manifests(&self) -> Result<(), RegistryError> {
        for (descriptor, bytes) in &self.image.manifests {
            let name = Name::Digest(descriptor.digest);
            self.place.put(&name, &descriptor.media_type, bytes).await?;
            self.place.session.say(PushEvent::Manifest(descriptor.digest));
        }
        Ok(())
    }

    /// Names the root, tag by tag, and looks whether the registry agrees.
    async fn tag(&self, tags: &[Tag]) -> Result<(), RegistryError> {
        let Some((root, bytes)) = self.image.manifests.last() else {
            return Ok(());
        };
        for tag in tags {
            let name = Name::Tag(tag.clone());
            self.place.put(&name, &root.media_type, bytes).await?;
            self.read_back(&name).await?;
            self.place.session.say(PushEvent::Tagged(tag.clone()));
        }
        Ok(())
    }

    async fn read_back(&self, name: &Name) -> Result<(), RegistryError> {
        let wanted = self.image.root.digest;
        let found = self.place.head(name).await?;
        let found = found.map(|descriptor| descriptor.digest);
        if found == Some(wanted) {
            return Ok(());
        }
        Err(RegistryError::Mismatch {
            host: self.place.repository.registry().to_owned(),
            what: format!("`{name}`, read back,"),
            wanted: wanted.to_string(),
            found: found.map_or_else(|| "nothing".to_owned(), |digest| digest.to_string()),
        })
    }
}

fn is_wordless(error: &RegistryError) -> bool {
    error.answered().is_some_and(|(status, _)| matches!(status.as_u16(), 401 | 403))
}

fn names_missing_blob(error: &RegistryError) -> bool {
    let codes = ["MANIFEST_BLOB_UNKNOWN", "BLOB_UNKNOWN"];
    error.answered().is_some_and(|(_, refusal)| codes.iter().any(|code| refusal.has(code)))
}

/// Later arrivals replace earlier ones, unless they only found what those had brought.
fn merge(arrivals: &mut Arrivals, later: Arrivals) {
    for ((_, arrival), (_, newer)) in arrivals.iter_mut().zip(later) {
        if newer != Arrival::Present {
            *arrival = newer;
        }
    }
}

/// Layers shared by two platforms are one blob.
fn once_each(descriptors: &[Descriptor]) -> Vec<Descriptor> {
    let mut seen = BTreeSet::new();
    let first = descriptors.iter().filter(|descriptor| seen.insert(descriptor.digest));
    first.cloned().collect()
}
