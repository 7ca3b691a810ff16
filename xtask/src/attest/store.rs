//! Where images and what is said about them are kept: a repository of a registry, or a layout on
//! this disk, for which no network is needed. Both keep referrers in the same form (OCI 1.1).

use super::in_layout;
use crate::error::{Context as _, Failure, Result};
use crate::image::{StoredImage, refused};
use crate::runtime;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::{fmt, io};
use xtask_core::descriptor::{Descriptor, media_type};
use xtask_core::digest::Digest;
use xtask_core::reference::{Name, Repository};
use xtask_core::trust::attestation::BUNDLE_TYPE;
use xtask_image::image::{Index, Manifest};
use xtask_image::layout::Layout;
use xtask_registry::{Artifact, Registry, RegistryError};

/// More would be no statement.
const BUNDLE_MAX: u64 = 64 << 20;

/// Where images and what is said about them are kept.
pub enum AttestationStore {
    /// A repository of a registry.
    Registry(Box<Registry>, Repository),
    /// A layout on this disk.
    Layout(Layout),
}

impl AttestationStore {
    /// The repository, with the credentials that are kept for it.
    pub fn of_repository(repository: &Repository) -> Result<Self> {
        let failed = || format!("failed to find the credentials for `{repository}`");
        let registry = runtime::wait(Registry::of(repository)).or_outside(failed)?;
        Ok(Self::Registry(Box::new(registry), repository.clone()))
    }

    /// The image called `name`, if it is there.
    pub fn resolve(&self, name: &Name) -> Result<Option<Descriptor>> {
        match (self, name) {
            (Self::Registry(registry, repository), _) => {
                let reference = match name {
                    Name::Tag(tag) => repository.tag(tag.clone()),
                    Name::Digest(digest) => repository.pin(*digest),
                };
                runtime::wait(registry.head_manifest(&reference))
                    .map_err(|error| self.failed(&error))
            }
            (Self::Layout(layout), Name::Tag(tag)) => {
                layout.resolve(tag.as_str()).or_outside(|| self.reading())
            }
            (Self::Layout(layout), Name::Digest(digest)) => self.described(layout, digest),
        }
    }

    /// The document of that digest in the layout: held to it, and of the type that it says itself.
    fn described(&self, layout: &Layout, digest: &Digest) -> Result<Option<Descriptor>> {
        let size = match std::fs::metadata(layout.blob_path(digest)) {
            Ok(metadata) => metadata.len(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).or_outside(|| self.reading()),
        };
        let found = Descriptor::new(media_type::MANIFEST, *digest, size);
        let bytes = layout.read_blob(&found).or_outside(|| self.reading())?;
        let spelled: Spelled = serde_json::from_slice(&bytes).or_outside(|| self.reading())?;
        Ok(Some(Descriptor { media_type: spelled.media_type, ..found }))
    }

    /// What the index called `descriptor` lists; nothing if it is one manifest.
    pub fn entries(&self, descriptor: &Descriptor) -> Result<Vec<Descriptor>> {
        let absent = || {
            Failure::outside(self.reading())
                .reason(format!("`{}` is named and not there", descriptor.digest))
        };
        let bytes = self.document(descriptor)?.ok_or_else(absent)?;
        let what = || format!("failed to read `{}`", descriptor.digest);
        let spelled: Spelled = serde_json::from_slice(&bytes).or_outside(what)?;
        if !media_type::is_index(&spelled.media_type) {
            return Ok(Vec::new());
        }
        Ok(serde_json::from_slice::<Index>(&bytes).or_outside(what)?.manifests)
    }

    /// Every bundle about `subject`, whatever it is worth, with the artifact that carries it.
    pub fn bundles(&self, subject: &Descriptor) -> Result<Vec<(Digest, Vec<u8>)>> {
        let mut bundles = Vec::new();
        for referrer in self.referrers(subject)? {
            // A list may name what is gone, or no artifact: then that says nothing.
            let Some(bytes) = self.document(&referrer)? else { continue };
            let Ok(manifest) = serde_json::from_slice::<Manifest>(&bytes) else { continue };
            let is_bundle = manifest.artifact_type.as_deref() == Some(BUNDLE_TYPE);
            let layer = manifest.layers.first().filter(|it| is_bundle && it.size <= BUNDLE_MAX);
            if let Some(layer) = layer {
                bundles.push((referrer.digest, self.blob(layer)?));
            }
        }
        Ok(bundles)
    }

    /// The artifacts that are listed about `subject`.
    pub fn listed(&self, subject: &Descriptor) -> Result<BTreeSet<Digest>> {
        Ok(self.referrers(subject)?.into_iter().map(|it| it.digest).collect())
    }

    /// Refuses an image that is not here as a whole, every document held to its digest.
    pub fn check(&self, image: &StoredImage) -> Result<()> {
        let absent = |what: &str, digest: &Digest| {
            Failure::refused(format!("cannot attest image `{}` in `{self}`", image.name))
                .reason(format!("{what} `{digest}` is not there"))
                .hint("push first, of this very tree; `image build` says what it makes")
        };
        let manifests = image.platforms.iter().map(|on| ("manifest", &on.manifest));
        for (what, document) in [("index", &image.index)].into_iter().chain(manifests) {
            self.document(document)?.ok_or_else(|| absent(what, &document.digest))?;
        }
        for on in &image.platforms {
            let layers = on.layers.iter().map(|layer| ("layer", &layer.descriptor));
            for (what, blob) in [("config", &on.config)].into_iter().chain(layers) {
                if !self.has_blob(blob)? {
                    return Err(absent(what, &blob.digest));
                }
            }
            self.blob(&on.config)?;
        }
        Ok(())
    }

    /// Which blobs of `manifest`, which is here, are not.
    pub fn missing_blobs(&self, manifest: &Descriptor) -> Result<Vec<Digest>> {
        let what = || format!("failed to read `{}`", manifest.digest);
        let bytes = self
            .document(manifest)?
            .ok_or_else(|| Failure::outside(what()).reason("it was there, and is not any more"))?;
        let manifest: Manifest = serde_json::from_slice(&bytes).or_outside(what)?;
        let mut missing = Vec::new();
        for blob in manifest.layers.iter().chain([&manifest.config]) {
            if !self.has_blob(blob)? {
                missing.push(blob.digest);
            }
        }
        Ok(missing)
    }

    fn has_blob(&self, blob: &Descriptor) -> Result<bool> {
        match self {
            Self::Registry(registry, repository) => {
                runtime::wait(registry.has_blob(repository, &blob.digest))
                    .map_err(|error| self.failed(&error))
            }
            Self::Layout(layout) => Ok(layout.holds(blob)),
        }
    }

    fn referrers(&self, subject: &Descriptor) -> Result<Vec<Descriptor>> {
        match self {
            Self::Registry(registry, repository) => {
                runtime::wait(registry.referrers(repository, &subject.digest))
                    .map_err(|error| self.failed(&error))
            }
            Self::Layout(layout) => {
                let tag = Registry::referrers_tag(&subject.digest);
                let list = layout.resolve(tag.as_str()).or_outside(|| self.reading())?;
                list.map_or(Ok(Vec::new()), |list| self.entries(&list))
            }
        }
    }

    /// Attaches `bundle` to `subject`, which must be here. Gives back the artifact that carries it.
    pub fn attach(
        &self,
        subject: &Descriptor,
        bundle: &[u8],
        predicate_type: &str,
    ) -> Result<Digest> {
        let annotations = BTreeMap::from([
            ("dev.sigstore.bundle.content".to_owned(), "dsse-envelope".to_owned()),
            ("dev.sigstore.bundle.predicateType".to_owned(), predicate_type.to_owned()),
        ]);
        let artifact = Artifact {
            artifact_type: BUNDLE_TYPE,
            media_type: BUNDLE_TYPE,
            bytes: bundle,
            annotations: &annotations,
        };
        match self {
            Self::Registry(registry, repository) => {
                let attached = runtime::wait(registry.push_referrer(repository, subject, artifact));
                attached.map(|own| own.digest).map_err(|error| self.failed(&error))
            }
            Self::Layout(layout) => in_layout::attach(layout, subject, artifact)
                .or_outside(|| format!("failed to write to `{}`", layout.dir().display())),
        }
    }

    /// A manifest or an index, if it is there.
    fn document(&self, descriptor: &Descriptor) -> Result<Option<Vec<u8>>> {
        match self {
            Self::Registry(registry, repository) => {
                let found = runtime::wait(registry.manifest(&repository.pin(descriptor.digest)));
                let found = found.map_err(|error| self.failed(&error))?;
                Ok(found.map(|(_, bytes)| bytes))
            }
            Self::Layout(layout) if !layout.has(&descriptor.digest) => Ok(None),
            Self::Layout(layout) => {
                layout.read_blob(descriptor).or_outside(|| self.reading()).map(Some)
            }
        }
    }

    fn blob(&self, descriptor: &Descriptor) -> Result<Vec<u8>> {
        match self {
            Self::Registry(registry, repository) => {
                runtime::wait(registry.blob(repository, descriptor))
                    .map_err(|error| self.failed(&error))
            }
            Self::Layout(layout) => layout.read_blob(descriptor).or_outside(|| self.reading()),
        }
    }

    fn failed(&self, error: &RegistryError) -> Failure {
        refused(self.reading(), error)
    }

    fn reading(&self) -> String {
        format!("failed to use `{self}`")
    }
}

/// Its place, for people.
impl fmt::Display for AttestationStore {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Registry(_, repository) => repository.fmt(formatter),
            Self::Layout(layout) => layout.dir().display().fmt(formatter),
        }
    }
}

/// What a document says that it is.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Spelled {
    #[serde(default)]
    media_type: String,
}
