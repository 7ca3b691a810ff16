//! An image of the layout into a repository: what the registry has is not sent, tags come last.

use super::build::Built;
use super::stored::StoredImage;
use crate::error::{Context as _, Failure, Result, code};
use crate::report::Phase;
use crate::runtime;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::Read;
use xtask_core::descriptor::Descriptor;
use xtask_core::digest::Digest;
use xtask_core::reference::{Repository, Tag};
use xtask_image::image::Manifest;
use xtask_image::layout::Layout;
use xtask_registry::{Blobs, Mounts, Push, PushEvent, PushReceipt, Registry, RegistryError};

/// Images on their way from one layout to one registry.
pub struct Pushing<'a> {
    registry: &'a Registry,
    layout: Layout,
    tags: &'a [Tag],
    /// Where each blob is, or may be: what one image has brought, the next need not send.
    places: Mounts,
}

impl<'a> Pushing<'a> {
    /// Nothing is sent yet.
    pub fn new(registry: &'a Registry, layout: Layout, tags: &'a [Tag]) -> Self {
        Self { registry, layout, tags, places: Mounts::new() }
    }

    /// Says that an earlier push may have brought the layers of `image` to `repository`.
    pub fn may_be_there(&mut self, image: &StoredImage, repository: &Repository) {
        let layers = image.platforms.iter().flat_map(|platform| &platform.layers);
        layers.for_each(|layer| self.note(&layer.descriptor, repository));
    }

    /// Pushes `image`, and says so in `phase`.
    pub fn push(
        &mut self,
        image: &Built,
        repository: &Repository,
        phase: &Phase<'_>,
    ) -> Result<PushReceipt> {
        let push = self.gather(image)?;
        let progress = RefCell::new(Progress::of(&push));
        let hear = |event: PushEvent| progress.borrow_mut().hear(&image.name, phase, event);
        let blobs = FromLayout(&self.layout);
        let pushed = runtime::wait(self.registry.push_image(repository, &push, &blobs, hear));
        let receipt = pushed.map_err(|error| not_pushed(repository, &error))?;
        push.blobs.iter().for_each(|blob| self.note(blob, repository));
        Ok(receipt)
    }

    fn note(&mut self, blob: &Descriptor, repository: &Repository) {
        let known = self.places.entry(blob.digest).or_default();
        if !known.contains(repository) {
            known.push(repository.clone());
        }
    }

    /// Every document and blob of the image, children before parents.
    fn gather(&self, image: &Built) -> Result<Push> {
        let read = |descriptor: &Descriptor| {
            let failed = || format!("failed to read `{}` from the layout", descriptor.digest);
            self.layout.read_blob(descriptor).or_outside(failed)
        };
        let (mut manifests, mut blobs) = (Vec::new(), Vec::new());
        for (_, descriptor) in &image.manifests {
            let bytes = read(descriptor)?;
            let manifest: Manifest = serde_json::from_slice(&bytes)
                .or_outside(|| format!("failed to read manifest `{}`", descriptor.digest))?;
            blobs.push(manifest.config);
            blobs.extend(manifest.layers);
            manifests.push((descriptor.clone(), bytes));
        }
        blobs.sort_by_key(|blob: &Descriptor| blob.digest);
        blobs.dedup_by_key(|blob| blob.digest);
        manifests.push((image.index.clone(), read(&image.index)?));
        let (root, tags) = (image.index.clone(), self.tags.to_vec());
        Ok(Push { root, manifests, blobs, tags, mount_from: self.places.clone() })
    }
}

/// That a push failed, with its cure.
pub fn not_pushed(repository: &Repository, error: &RegistryError) -> Failure {
    refused(format!("failed to push to `{repository}`"), error)
}

/// That a registry refused, or could not be asked, while `line` was done; with its cure.
pub fn refused(line: impl Into<String>, error: &RegistryError) -> Failure {
    let failure = Failure::outside(line).because(error).code(&code::REGISTRY_REFUSED);
    match error.hint() {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}

/// Where blobs are read from when they are sent.
struct FromLayout<'a>(&'a Layout);

impl Blobs for FromLayout<'_> {
    fn open(&self, digest: &Digest) -> std::io::Result<Box<dyn Read + Send>> {
        let file = self.0.open_blob(digest).map_err(std::io::Error::other)?;
        Ok(Box::new(file))
    }
}

/// How much of an image has left, of what has to.
struct Progress {
    /// Bytes of blobs that are not known to be there.
    due: u64,
    sent: BTreeMap<Digest, u64>,
}

impl Progress {
    fn of(push: &Push) -> Self {
        let due = push.blobs.iter().map(|blob| blob.size).sum();
        Self { due, sent: BTreeMap::new() }
    }

    fn hear(&mut self, image: &str, phase: &Phase<'_>, event: PushEvent) {
        match event {
            PushEvent::Present(blob) | PushEvent::Mounted(blob, _) => {
                self.due = self.due.saturating_sub(blob.size);
            }
            PushEvent::Sending(blob) => drop(self.sent.insert(blob.digest, 0)),
            PushEvent::Sent(digest, bytes) => {
                *self.sent.entry(digest).or_default() += bytes;
                phase.doing(&format!("{image}: {self}"));
            }
            PushEvent::Waiting(why, pause) => {
                phase.note(&format!("{why}; trying again in {:.1} s", pause.as_secs_f64()));
            }
            PushEvent::Warning(text) => phase.note(&format!("the registry says: {text}")),
            PushEvent::Chunked(_, why) => phase.note(&format!("sending in chunks: {why}")),
            PushEvent::Uploaded(_) | PushEvent::Manifest(_) | PushEvent::Tagged(_) => {}
        }
    }
}

impl std::fmt::Display for Progress {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let megabytes = |bytes: u64| bytes as f64 / 1e6;
        let sent = self.sent.values().sum();
        write!(formatter, "{:.1} of {:.1} MB sent", megabytes(sent), megabytes(self.due))
    }
}
