//! What some bytes are, what they are called, and how many there are.

use crate::digest::Digest;
use crate::platform::Platform;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Media types that we write (OCI image-spec 1.1).
pub mod media_type {
    /// One image for one platform, or one artifact.
    pub const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
    /// Manifests by platform.
    pub const INDEX: &str = "application/vnd.oci.image.index.v1+json";
    /// The image configuration.
    pub const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
    /// A gzip-compressed layer.
    pub const LAYER_GZIP: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
    /// The two bytes `{}`, where a config is required and none is meant.
    pub const EMPTY: &str = "application/vnd.oci.empty.v1+json";
}

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
    pub platform: Option<Platform>,
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
}
