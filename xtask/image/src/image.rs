//! The documents of an image: config, manifest and index, in the key order of image-spec.

use crate::error::{Error, Result};
use crate::json_v1;
use crate::layer::LayerBlob;
use crate::layout::Layout;
use oci_spec::image::ImageManifest;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::time::SystemTime;
use xtask_core::descriptor::{Descriptor, Skipped, media_type};
use xtask_core::platform::Platform;

mod config;
mod document;

pub use config::{Healthcheck, ImageConfig, ReadConfig, config_bytes};
pub use document::ManifestError;

/// A layer and what its definition calls it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageLayer {
    pub name: String,
    pub blob: LayerBlob,
}

/// One image for one platform, or one artifact; read and written as oci-spec's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "ImageManifest", into = "ImageManifest")]
pub struct Manifest {
    pub schema_version: u32,
    /// Always the manifest's own media type.
    pub media_type: String,
    /// What an artifact is; none for images.
    pub artifact_type: Option<String>,
    pub config: Descriptor,
    /// The layers, lowest first.
    pub layers: Vec<Descriptor>,
    /// What an artifact is about; none for images.
    pub subject: Option<Descriptor>,
    /// Notes, sorted by key.
    pub annotations: BTreeMap<String, String>,
}

/// Manifests by platform; also the table of contents of a layout.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Index {
    pub schema_version: u32,
    /// Always the index's own media type; older layouts leave it out.
    #[serde(default = "index_media_type")]
    pub media_type: String,
    /// What it lists.
    pub manifests: Vec<Descriptor>,
    /// Notes, sorted by key.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

fn index_media_type() -> String {
    media_type::INDEX.to_owned()
}

impl Manifest {
    /// The manifest of an image.
    pub fn of_image(config: Descriptor, layers: &[ImageLayer]) -> Self {
        Self {
            schema_version: 2,
            media_type: media_type::MANIFEST.to_owned(),
            artifact_type: None,
            config,
            layers: layers.iter().map(|layer| layer.blob.descriptor.clone()).collect(),
            subject: None,
            annotations: BTreeMap::new(),
        }
    }
}

impl Default for Index {
    fn default() -> Self {
        Self {
            schema_version: 2,
            media_type: index_media_type(),
            manifests: Vec::new(),
            annotations: BTreeMap::new(),
        }
    }
}

/// What an index lists, told apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entries {
    /// Images for platforms of ours, and those that do not say for which they are.
    pub images: Vec<Descriptor>,
    /// Everything else, with the reason.
    pub skipped: Vec<Skipped>,
}

impl Index {
    /// Tells images from what is none of ours. An index without any such image is refused, and so
    /// is one with two for the same platform.
    pub fn entries(&self) -> Result<Entries> {
        let skipped: Vec<Skipped> = self.manifests.iter().filter_map(Descriptor::skipped).collect();
        let images = self.manifests.iter().filter(|it| it.skipped().is_none());
        let images: Vec<Descriptor> = images.cloned().collect();
        if images.is_empty() {
            return Err(Error::Index(no_image(&skipped)));
        }
        let mut platforms = BTreeSet::new();
        let mut listed = images.iter().filter_map(Descriptor::our_platform);
        match listed.find(|platform| !platforms.insert(*platform)) {
            Some(twice) => Err(Error::Index(format!("it lists `{twice}` twice"))),
            None => Ok(Entries { images, skipped }),
        }
    }
}

fn no_image(skipped: &[Skipped]) -> String {
    let listed: Vec<String> = skipped.iter().map(ToString::to_string).collect();
    let listed = if listed.is_empty() { "nothing".to_owned() } else { listed.join("; ") };
    format!("it lists no image for a platform that we build for; it lists {listed}")
}

/// Writes config and manifest of an image whose layers are in `layout`, and describes the
/// manifest. `created` is written in whole seconds; which moment it is, the caller decides
/// (docs/decisions/0004-created-is-the-archives-time.md).
pub fn write_image(
    layout: &Layout,
    layers: &[ImageLayer],
    config: &ImageConfig,
    platform: Platform,
    created: SystemTime,
) -> Result<Descriptor> {
    if let Some(missing) = layers.iter().find(|layer| !layout.holds(&layer.blob.descriptor)) {
        let digest = missing.blob.descriptor.digest;
        return Err(Error::Image(format!("its layer `{digest}` is not in the layout")));
    }
    let named: Vec<_> =
        layers.iter().map(|layer| (layer.name.as_str(), layer.blob.diff_id)).collect();
    let config = config_bytes(config, &named, platform, created)?;
    let config = layout.write_blob(media_type::CONFIG, &config)?;
    let manifest = json_v1::to_bytes(&Manifest::of_image(config, layers))?;
    layout.write_blob(media_type::MANIFEST, &manifest)
}

/// Writes the index over one manifest a platform, amd64 first, and describes it.
pub fn write_index(layout: &Layout, manifests: &[(Platform, Descriptor)]) -> Result<Descriptor> {
    layout.write_blob(media_type::INDEX, &index_bytes(manifests)?)
}

/// The bytes of that index.
pub fn index_bytes(manifests: &[(Platform, Descriptor)]) -> Result<Vec<u8>> {
    let by_platform: BTreeMap<_, _> = manifests.iter().cloned().collect();
    if by_platform.len() != manifests.len() {
        return Err(Error::Image("a platform is there twice".to_owned()));
    }
    let describe = |(platform, mut descriptor): (Platform, Descriptor)| {
        descriptor.platform = Some(platform.into());
        descriptor
    };
    let manifests = by_platform.into_iter().map(describe).collect();
    Ok(json_v1::to_bytes(&Index { manifests, ..Index::default() })?)
}

#[cfg(test)]
mod tests;
