//! What some bytes are, what they are called, and how many there are.

use crate::digest::Digest;
use crate::platform::{AnyPlatform, Platform};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// Media types that we write (OCI image-spec 1.1).
pub mod media_type {
    /// One image for one platform, or one artifact.
    pub const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
    /// Manifests by platform.
    pub const INDEX: &str = "application/vnd.oci.image.index.v1+json";
    /// Manifests by platform, as Docker spells it.
    pub const DOCKER_LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
    /// The image configuration.
    pub const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
    /// A gzip-compressed layer.
    pub const LAYER_GZIP: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
    /// The two bytes `{}`, where a config is required and none is meant.
    pub const EMPTY: &str = "application/vnd.oci.empty.v1+json";

    /// Whether bytes of that type list manifests by platform.
    pub fn is_index(media_type: &str) -> bool {
        media_type == INDEX || media_type == DOCKER_LIST
    }
}

/// What buildx marks the manifest of an attestation with.
const REFERENCE_TYPE: &str = "vnd.docker.reference.type";

/// A reference to a blob inside a manifest or an index. Field order is the order of writing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    /// What the bytes are.
    pub media_type: String,
    /// What the bytes are called.
    pub digest: Digest,
    /// How many bytes there are.
    pub size: u64,
    /// The platform of a manifest inside an index.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<AnyPlatform>,
    /// Notes that are part of the parent's bytes; sorted by key.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

impl Descriptor {
    /// Describes `bytes` as a blob of `media_type`.
    pub fn of(media_type: &str, bytes: &[u8]) -> Self {
        Self::new(media_type, Digest::of(bytes), bytes.len() as u64)
    }

    /// A descriptor without platform or annotations.
    pub fn new(media_type: &str, digest: Digest, size: u64) -> Self {
        let media_type = media_type.to_owned();
        Self { media_type, digest, size, platform: None, annotations: BTreeMap::new() }
    }

    /// The platform, if it says one that we build for.
    pub fn our_platform(&self) -> Option<Platform> {
        self.platform.as_ref().and_then(AnyPlatform::ours)
    }

    /// Whether an entry of an index is an attestation and no image: buildx puts them there.
    pub fn is_attestation(&self) -> bool {
        let platform = self.platform.as_ref().map(ToString::to_string);
        self.annotations.contains_key(REFERENCE_TYPE)
            || platform.as_deref() == Some("unknown/unknown")
    }

    /// Why an entry of an index is no image that we could make; none if it may be one.
    pub fn skipped(&self) -> Option<Skipped> {
        let platform = self.platform.as_ref().map(ToString::to_string);
        let platform = platform.unwrap_or_else(|| "no platform".to_owned());
        let is_attestation = self.is_attestation();
        let is_other = self.platform.as_ref().is_some_and(|it| it.ours().is_none());
        (is_attestation || is_other).then_some(Skipped {
            digest: self.digest,
            platform,
            is_attestation,
        })
    }
}

/// An entry of an index that is no image for a platform of ours.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Skipped {
    /// What it is called.
    pub digest: Digest,
    /// The platform that it says.
    pub platform: String,
    /// Whether it is an attestation of buildx, and no image at all.
    pub is_attestation: bool,
}

impl fmt::Display for Skipped {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let why = match self.is_attestation {
            true => "it is an attestation of buildx, no image",
            false => "we do not build for it",
        };
        write!(formatter, "`{}` ({}): {why}", self.platform, self.digest.short())
    }
}
