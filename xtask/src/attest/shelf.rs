//! Where images and what is said about them are kept: a repository of a registry, or a layout on
//! this disk, for which no network is needed. Both keep referrers in the same form (OCI 1.1).

use crate::edge::registry::{Artifact, Registry, RegistryError};
use crate::error::{Context as _, Failure, Result};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use xtask_core::attestation::BUNDLE_TYPE;
use xtask_core::descriptor::{Descriptor, media_type};
use xtask_core::reference::{Name, Repository};
use xtask_image::image::{Index, Manifest};
use xtask_image::json_v1;
use xtask_image::layout::Layout;

/// More would be no statement.
const BUNDLE_MAX: u64 = 64 << 20;

/// Where images and what is said about them are kept.
pub enum Shelf {
    /// A repository of a registry.
    Registry(Box<Registry>, Repository),
    /// A layout on this disk.
    Layout(Layout),
}

impl Shelf {
    /// The repository, with the credentials that are kept for it.
    pub fn of_repository(repository: &Repository) -> Result<Self> {
        let failed = || format!("failed to find the credentials for `{repository}`");
        let registry = Registry::of(repository).or_outside(failed)?;
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
                registry.head_manifest(&reference).map_err(|error| self.failed(&error))
            }
            (Self::Layout(layout), Name::Tag(tag)) => {
                layout.resolve(tag.as_str()).or_outside(|| self.reading())
            }
            (Self::Layout(layout), Name::Digest(digest)) => {
                let size = std::fs::metadata(layout.blob_path(digest)).ok().map(|it| it.len());
                Ok(size.map(|size| Descriptor::new(media_type::INDEX, *digest, size)))
            }
        }
    }

    /// The manifests by platform in the index called `descriptor`; none if it is a manifest.
    pub fn children(&self, descriptor: &Descriptor) -> Result<Vec<Descriptor>> {
        let absent = || {
            Failure::outside(self.reading())
                .reason(format!("`{}` is named and not there", descriptor.digest))
        };
        let bytes = self.document(descriptor)?.ok_or_else(absent)?;
        Ok(serde_json::from_slice::<Index>(&bytes).map(|it| it.manifests).unwrap_or_default())
    }

    /// Every bundle about `subject`, whatever it is worth.
    pub fn bundles(&self, subject: &Descriptor) -> Result<Vec<Vec<u8>>> {
        let mut bundles = Vec::new();
        for referrer in self.referrers(subject)? {
            // A list may name what is gone, or no artifact: then that says nothing.
            let Some(bytes) = self.document(&referrer)? else { continue };
            let Ok(manifest) = serde_json::from_slice::<Manifest>(&bytes) else { continue };
            let is_bundle = manifest.artifact_type.as_deref() == Some(BUNDLE_TYPE);
            let layer = manifest.layers.first().filter(|it| is_bundle && it.size <= BUNDLE_MAX);
            if let Some(layer) = layer {
                bundles.push(self.blob(layer)?);
            }
        }
        Ok(bundles)
    }

    fn referrers(&self, subject: &Descriptor) -> Result<Vec<Descriptor>> {
        match self {
            Self::Registry(registry, repository) => {
                registry.referrers(repository, &subject.digest).map_err(|error| self.failed(&error))
            }
            Self::Layout(layout) => {
                let tag = Registry::referrers_tag(&subject.digest);
                let list = layout.resolve(tag.as_str()).or_outside(|| self.reading())?;
                list.map_or(Ok(Vec::new()), |list| self.children(&list))
            }
        }
    }

    /// Attaches `bundle` to `subject`, which must be here.
    pub fn attach(&self, subject: &Descriptor, bundle: &[u8], predicate_type: &str) -> Result<()> {
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
                let attached = registry.push_referrer(repository, subject, artifact);
                attached.map(drop).map_err(|error| self.failed(&error))
            }
            Self::Layout(layout) => attach(layout, subject, artifact)
                .or_outside(|| format!("failed to write to `{}`", layout.dir().display())),
        }
    }

    /// A manifest or an index, if it is there.
    fn document(&self, descriptor: &Descriptor) -> Result<Option<Vec<u8>>> {
        match self {
            Self::Registry(registry, repository) => {
                let found = registry.manifest(&repository.pin(descriptor.digest));
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
                registry.blob(repository, descriptor).map_err(|error| self.failed(&error))
            }
            Self::Layout(layout) => layout.read_blob(descriptor).or_outside(|| self.reading()),
        }
    }

    fn failed(&self, error: &RegistryError) -> Failure {
        let failure = Failure::outside(self.reading()).because(error);
        error.hint().into_iter().fold(failure, Failure::hint)
    }

    fn reading(&self) -> String {
        match self {
            Self::Registry(_, repository) => format!("failed to use `{repository}`"),
            Self::Layout(layout) => format!("failed to use `{}`", layout.dir().display()),
        }
    }
}

/// As a registry without lists of its own keeps it: an index under the tag of the subject.
fn attach(
    layout: &Layout,
    subject: &Descriptor,
    artifact: Artifact<'_>,
) -> xtask_image::Result<()> {
    let manifest = Manifest {
        schema_version: 2,
        media_type: media_type::MANIFEST.to_owned(),
        artifact_type: Some(artifact.artifact_type.to_owned()),
        config: layout.write_blob(media_type::EMPTY, b"{}")?,
        layers: vec![layout.write_blob(artifact.media_type, artifact.bytes)?],
        subject: Some(Descriptor::new(&subject.media_type, subject.digest, subject.size)),
        annotations: artifact.annotations.clone(),
    };
    let own = layout.write_blob(media_type::MANIFEST, &json_v1::to_bytes(&manifest)?)?;
    let tag = Registry::referrers_tag(&subject.digest);
    let known = layout.resolve(tag.as_str())?.map(|list| layout.read_blob(&list)).transpose()?;
    let known: Value = known.and_then(|it| serde_json::from_slice(&it).ok()).unwrap_or_default();
    let mut entries = known["manifests"].as_array().cloned().unwrap_or_default();
    if entries.iter().all(|entry| entry["digest"] != json!(own.digest)) {
        entries.push(json!({
            "mediaType": own.media_type, "digest": own.digest, "size": own.size,
            "artifactType": artifact.artifact_type, "annotations": artifact.annotations,
        }));
    }
    let list = json!({
        "schemaVersion": 2, "mediaType": media_type::INDEX, "manifests": entries,
    });
    let list = layout.write_blob(media_type::INDEX, &json_v1::to_bytes(&list)?)?;
    layout.set_name(tag.as_str(), &list)
}
