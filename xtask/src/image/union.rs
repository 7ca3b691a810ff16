//! The proof that no layer of an image breaks one below it. It is remembered by the layers'
//! digests, and so is the shape of each layer: an unchanged image reads none of them.

use super::memo::Memo;
use crate::error::{Failure, Result};
use xtask_core::digest::Digest;
use xtask_image::image::ImageLayer;
use xtask_image::layout::Layout;
use xtask_image::union::clashes;

/// Raised when the rules change, so that no old proof is believed.
const RULES: &str = "union-1";

/// Refuses layers that clash, all clashes at once.
pub(super) fn check(memo: &Memo, layout: &Layout, layers: &[ImageLayer]) -> Result<()> {
    let line = |layer: &ImageLayer| format!("{}\n", layer.blob.diff_id);
    let proof = layers.iter().map(line).collect::<String>();
    let proof = Digest::of(format!("{RULES}\n{proof}").as_bytes());
    if memo.is_proved(&proof)? {
        return Ok(());
    }
    let shape = |layer: &ImageLayer| memo.shape(&layer.blob, layout);
    let shapes = layers.iter().map(shape).collect::<Result<Vec<_>>>()?;
    let names = layers.iter().map(|layer| layer.name.as_str());
    let clashes = clashes(&names.zip(shapes).collect::<Vec<_>>());
    if clashes.is_empty() {
        return memo.remember_proof(&proof);
    }
    let said = "a layer would break one below it";
    let reasons = clashes.iter().map(ToString::to_string);
    Err(reasons
        .fold(Failure::refused(said), Failure::reason)
        .hint("copy to the path that the link leads to, or declare the directory alike in both"))
}
