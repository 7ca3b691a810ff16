//! Artifacts: some bytes with a type, kept in a registry beside images (OCI 1.1).

use super::client::Registry;
use super::error::RegistryError;
use super::push::Push;
use super::stream::Blobs;
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::{self, Cursor, Read};
use xtask_core::descriptor::{Descriptor, media_type};
use xtask_core::digest::Digest;
use xtask_core::reference::{Repository, Tag};

const EMPTY_CONFIG: &[u8] = b"{}";

/// The manifest of an artifact. Field order is the order of writing.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ArtifactManifest<'a> {
    schema_version: u8,
    media_type: &'a str,
    artifact_type: &'a str,
    config: Descriptor,
    layers: [&'a Descriptor; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<Descriptor>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    annotations: &'a BTreeMap<String, String>,
}

/// Blobs that are in memory already.
struct InMemory(BTreeMap<Digest, Vec<u8>>);

impl Blobs for InMemory {
    fn open(&self, digest: &Digest) -> io::Result<Box<dyn Read + Send>> {
        let bytes = self.0.get(digest).ok_or(io::ErrorKind::NotFound)?;
        Ok(Box::new(Cursor::new(bytes.clone())))
    }
}

/// Some bytes and what they are.
#[derive(Clone, Copy, Debug)]
pub struct Artifact<'a> {
    /// What the whole is for.
    pub artifact_type: &'a str,
    /// What the bytes are.
    pub media_type: &'a str,
    pub bytes: &'a [u8],
    /// Notes in the manifest.
    pub annotations: &'a BTreeMap<String, String>,
}

/// An artifact on its way to a registry.
pub(super) struct Parcel {
    pub(super) push: Push,
    blobs: InMemory,
}

impl Parcel {
    /// Makes the manifest of an artifact, which may be about a `subject`.
    pub(super) fn new(artifact: Artifact<'_>, subject: Option<&Descriptor>) -> Self {
        let Artifact { artifact_type, media_type, bytes, annotations } = artifact;
        let config = Descriptor::of(media_type::EMPTY, EMPTY_CONFIG);
        let layer = Descriptor::of(media_type, bytes);
        let manifest = ArtifactManifest {
            schema_version: 2,
            media_type: media_type::MANIFEST,
            artifact_type,
            config: config.clone(),
            layers: [&layer],
            subject: subject.map(bare),
            annotations,
        };
        let manifest = serde_json::to_vec(&manifest).expect("strings and numbers are JSON");
        let root = Descriptor::of(media_type::MANIFEST, &manifest);
        let pairs = [(config.digest, EMPTY_CONFIG.to_vec()), (layer.digest, bytes.to_vec())];
        let push = Push {
            root: root.clone(),
            manifests: vec![(root, manifest)],
            blobs: vec![config, layer],
            tags: Vec::new(),
            mount_from: BTreeMap::new(),
        };
        Self { push, blobs: InMemory(BTreeMap::from(pairs)) }
    }
}

/// Only what a subject needs to be found by: its platform is its own affair.
fn bare(subject: &Descriptor) -> Descriptor {
    Descriptor::new(&subject.media_type, subject.digest, subject.size)
}

impl Registry {
    /// Keeps `bytes` as an artifact, and names it by `tags`. The same call gives the same
    /// digest. The descriptor is that of the manifest.
    pub async fn push_artifact(
        &self,
        repository: &Repository,
        artifact_type: &str,
        media_type: &str,
        bytes: &[u8],
        tags: &[Tag],
        annotations: &BTreeMap<String, String>,
    ) -> Result<Descriptor, RegistryError> {
        let artifact = Artifact { artifact_type, media_type, bytes, annotations };
        let mut parcel = Parcel::new(artifact, None);
        parcel.push.tags = tags.to_vec();
        self.push_parcel(repository, parcel).await
    }

    pub(super) async fn push_parcel(
        &self,
        repository: &Repository,
        parcel: Parcel,
    ) -> Result<Descriptor, RegistryError> {
        let Parcel { push, blobs } = parcel;
        self.push_image(repository, &push, &blobs, |_| {}).await?;
        Ok(push.root)
    }
}
