//! The proof that the layers of an image fit each other, and what its definition promises. It is
//! remembered by the layers' digests and the promises, and so is the shape of each layer: an
//! unchanged image reads none of them.

use super::form::form;
use super::layer_cache::LayerCache;
use crate::error::{Failure, Result};
use xtask_core::digest::Digest;
use xtask_core::finding::{Finding, Findings};
use xtask_core::image::definition::Definition;
use xtask_image::image::ImageLayer;
use xtask_image::judge::judge;
use xtask_image::layout::Layout;
use xtask_image::shape::Shape;
use xtask_image::union::clashes;

/// Raised when the rules change, so that no old proof is believed.
const RULES: &str = "union-2";

/// Refuses layers that clash, all clashes at once; then a definition that promises what they do
/// not hold. `found` are mistakes of it that were found while its layers were made.
pub(super) fn check(
    layer_cache: &LayerCache,
    layout: &Layout,
    definition: &Definition,
    layers: &[ImageLayer],
    found: Vec<Finding>,
) -> Result<()> {
    let proof = proof(definition, layers);
    if found.is_empty() && layer_cache.is_proved(&proof)? {
        return Ok(());
    }
    let shape = |layer: &ImageLayer| layer_cache.shape(&layer.blob, layout);
    let shapes = layers.iter().map(shape).collect::<Result<Vec<_>>>()?;
    let names = layers.iter().map(|layer| layer.name.as_str());
    let layers: Vec<(&str, Shape)> = names.zip(shapes).collect();
    refuse_clashes(&layers)?;
    refuse_promises(definition, [found, judge(definition, &layers)].concat())?;
    layer_cache.remember_proof(&proof)
}

/// All that is judged: what is in each layer, and what a definition says of all of them.
fn proof(definition: &Definition, layers: &[ImageLayer]) -> Digest {
    let line = |layer: &ImageLayer| format!("{} {}\n", layer.name, layer.blob.diff_id);
    let digests = layers.iter().map(line).collect::<String>();
    let promised = form(&(&definition.config, &definition.layers));
    Digest::of(format!("{RULES}\n{digests}{promised}").as_bytes())
}

fn refuse_clashes(layers: &[(&str, Shape)]) -> Result<()> {
    let clashes = clashes(layers);
    if clashes.is_empty() {
        return Ok(());
    }
    let message = "a layer would break one below it";
    let reasons = clashes.iter().map(ToString::to_string);
    Err(reasons
        .fold(Failure::refused(message), Failure::reason)
        .hint("copy to the path that the link leads to, or declare the directory alike in both"))
}

fn refuse_promises(definition: &Definition, mut found: Vec<Finding>) -> Result<()> {
    if found.is_empty() {
        return Ok(());
    }
    found.sort_by(|left, right| (&left.file, left.line).cmp(&(&right.file, right.line)));
    found.dedup();
    let message = "its definition does not fit its files";
    let image = &definition.name;
    Err(Failure::usage(message).because(&Findings(found)).hint(format!(
        "edit the lines named above, then run `cargo xtask image build {image}` again"
    )))
}
