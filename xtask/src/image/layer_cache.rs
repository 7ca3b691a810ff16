//! The cache of layers: what a layer became, by everything that it was made from.
//!
//! With an entry nothing is fetched, installed, unpacked or packed. Losing it costs
//! time, never correctness: the blob is looked up in the layout as well.

use super::layer_build::PackedLayer;
use crate::edge::files;
use crate::error::{Context as _, Result};
use std::path::PathBuf;
use xtask_core::digest::Digest;
use xtask_image::layer::LayerBlob;
use xtask_image::layout::Layout;
use xtask_image::shape::Shape;

pub(super) struct LayerCache {
    folder: PathBuf,
}

impl LayerCache {
    pub(super) fn open(folder: PathBuf) -> Result<Self> {
        files::make_folder(&folder)?;
        Ok(Self { folder })
    }

    /// The layers made from `key`, if all their blobs are in `layout`.
    pub(super) fn recall(&self, key: &Digest, layout: &Layout) -> Option<Vec<PackedLayer>> {
        let text = files::read_if_there(&self.path(key)).ok()??;
        let layers: Vec<PackedLayer> = serde_json::from_str(&text).ok()?;
        layers.iter().all(|it| layout.holds(&it.blob.descriptor)).then_some(layers)
    }

    pub(super) fn remember(&self, key: &Digest, layers: &[PackedLayer]) -> Result<()> {
        let text = serde_json::to_string(layers).expect("a layer has only texts and numbers");
        files::write(&self.path(key), text.as_bytes())
    }

    /// The shape of a layer, remembered or read from its blob.
    pub(super) fn shape(&self, layer: &LayerBlob, layout: &Layout) -> Result<Shape> {
        let path = self.folder.join(format!("{}.shape", layer.diff_id.hex()));
        let known = files::read_if_there(&path)?;
        if let Some(shape) = known.and_then(|text| serde_json::from_str(&text).ok()) {
            return Ok(shape);
        }
        let shape = Shape::of_layer(layout, &layer.descriptor);
        let shape = shape.or_outside(|| format!("failed to list layer `{}`", layer.diff_id))?;
        self.remember_shape(layer, &shape)?;
        Ok(shape)
    }

    pub(super) fn remember_shape(&self, layer: &LayerBlob, shape: &Shape) -> Result<()> {
        let text = serde_json::to_string(shape).expect("a shape has only texts and numbers");
        files::write(&self.folder.join(format!("{}.shape", layer.diff_id.hex())), text.as_bytes())
    }

    /// Whether layers of this digest were found to fit each other.
    pub(super) fn is_proved(&self, proof: &Digest) -> Result<bool> {
        files::is_file(&self.proof_path(proof))
    }

    pub(super) fn remember_proof(&self, proof: &Digest) -> Result<()> {
        files::write(&self.proof_path(proof), b"")
    }

    fn proof_path(&self, proof: &Digest) -> PathBuf {
        self.folder.join(format!("{}.proved", proof.hex()))
    }

    fn path(&self, key: &Digest) -> PathBuf {
        self.folder.join(format!("{}.json", key.hex()))
    }
}
