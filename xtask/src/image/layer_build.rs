//! The layers that one of a definition became: how they are called, and the proof that what is shared by
//! all platforms is the same on all of them.

use super::build::PlatformBuild;
use crate::error::{Context as _, Failure, Result};
use serde::{Deserialize, Serialize};
use std::io::BufReader;
use xtask_core::finding::Finding;
use xtask_core::image::definition::{Layer, NATIVE_SUFFIX};
use xtask_core::platform::Platform;
use xtask_image::cache::Origin;
use xtask_image::image::ImageLayer;
use xtask_image::layer::LayerBlob;
use xtask_image::layout::Layout;
use xtask_image::split::Portability;
use xtask_image::tree::Tree;
use xtask_image::{difference, elf};

/// As many paths as a person wants to read.
const SHOWN_MAX: usize = 5;

/// A native or a neutral layer, in the layout.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct PackedLayer {
    pub(super) portability: Portability,
    pub(super) blob: LayerBlob,
}

/// What a layer of a definition became on one platform: those that hold something.
pub(super) struct LayerBuild {
    pub(super) name: String,
    pub(super) layers: Vec<(PackedLayer, Origin)>,
    /// What of its definition came to nothing.
    pub(super) findings: Vec<Finding>,
}

impl LayerBuild {
    /// Its layers in the image. A layer that is not split keeps its name, and so does the
    /// neutral layer of one that is.
    pub(super) fn images(&self) -> impl Iterator<Item = ImageLayer> {
        let is_split = self.layers.len() > 1;
        self.layers.iter().map(move |(it, _)| {
            let suffix =
                if is_split && it.portability == Portability::Native { NATIVE_SUFFIX } else { "" };
            ImageLayer { name: format!("{}{suffix}", self.name), blob: it.blob.clone() }
        })
    }

    fn neutral(&self) -> Option<&LayerBlob> {
        let neutral = self.layers.iter().find(|(it, _)| it.portability == Portability::Neutral);
        neutral.map(|(it, _)| &it.blob)
    }
}

/// A binary for another machine starts nowhere, and says so only at run time; and what every
/// platform shares has no binaries at all.
pub(super) fn check_machine(
    layer: &Layer,
    portability: Portability,
    tree: &Tree,
    platform: Platform,
) -> Result<()> {
    let name = &layer.name;
    match portability {
        Portability::Native => elf::check_tree(tree, platform).map_err(|mismatches| {
            let shown: Vec<String> = mismatches.iter().map(ToString::to_string).collect();
            Failure::refused(format!("layer `{name}` holds files that do not fit {platform}"))
                .reason(some(&shown, "; "))
        }),
        Portability::Neutral => {
            let failed = || format!("failed to look for binaries in layer `{name}`");
            let binaries = elf::binaries(tree).or_outside(failed)?;
            if binaries.is_empty() {
                return Ok(());
            }
            Err(Failure::refused(format!(
                "layer `{name}` is for every platform, and holds binaries for one"
            ))
            .reason(some(&ticked(&binaries), ", "))
            .hint(
                "binaries belong into layers of kind `debian`, `npm`, `wheels` or `files`; a `build` \
                 that makes them names the platform in its `run` or `copy`: `{arch}` or \
                 `{machine}`",
            ))
        }
    }
}

/// Refuses neutral layers that should be one blob for all platforms and are not. Only a build for all
/// platforms can see this; it is what CI and a release build.
pub(super) fn check_neutral(layout: &Layout, builds: &[PlatformBuild]) -> Result<()> {
    let Some((first, others)) = builds.split_first() else { return Ok(()) };
    for other in others {
        for (left, right) in first.layers.iter().zip(&other.layers) {
            if left.neutral().map(|it| it.diff_id) != right.neutral().map(|it| it.diff_id) {
                return Err(not_neutral(layout, left, right, [first.platform, other.platform]));
            }
        }
    }
    Ok(())
}

fn not_neutral(
    layout: &Layout,
    left: &LayerBuild,
    right: &LayerBuild,
    [one, other]: [Platform; 2],
) -> Failure {
    let message = format!("layer `{}` is not the same on {one} and {other}", left.name);
    let (Some(left), Some(right)) = (left.neutral(), right.neutral()) else {
        let alone = if left.neutral().is_some() { one } else { other };
        return Failure::refused(message)
            .reason(format!("only {alone} has files in it that are for every platform"));
    };
    let differing = match differing(layout, left, right) {
        Ok(differing) => differing,
        Err(failure) => return failure.during(message),
    };
    let quoted: Vec<String> =
        differing.iter().take(SHOWN_MAX).map(|it| format!("\"{it}\"")).collect();
    Failure::refused(message)
        .reason(format!("they differ in {}", some(&ticked(&differing), ", ")))
        .hint(format!(
            "name what is for one platform in the layer: native = [{}]",
            quoted.join(", ")
        ))
}

/// The paths of the files in which two layers differ.
fn differing(layout: &Layout, left: &LayerBlob, right: &LayerBlob) -> Result<Vec<String>> {
    let failed = || "failed to compare the layers".to_owned();
    let open = |it: &LayerBlob| layout.open_blob(&it.descriptor.digest).map(BufReader::new);
    let (left, right) = (open(left).or_outside(failed)?, open(right).or_outside(failed)?);
    let found = difference::layers(left, right).or_outside(failed)?.found;
    let mut paths: Vec<String> = found.into_iter().map(|it| it.path).collect();
    paths.dedup();
    Ok(paths)
}

fn ticked(paths: &[String]) -> Vec<String> {
    paths.iter().map(|path| format!("`{path}`")).collect()
}

/// The first few, and how many more there are.
fn some(texts: &[String], separator: &str) -> String {
    let shown = texts.iter().take(SHOWN_MAX).cloned().collect::<Vec<_>>().join(separator);
    match texts.len().saturating_sub(SHOWN_MAX) {
        0 => shown,
        more => format!("{shown}{separator}and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use xtask_core::descriptor::Descriptor;
    use xtask_core::digest::Digest;

    #[test]
    fn only_the_native_layer_of_a_split_one_has_another_name() {
        let packed = |portability| {
            let descriptor = Descriptor::new("x", Digest::of(b""), 0);
            let blob = LayerBlob { descriptor, diff_id: Digest::of(b""), unpacked_size: 0 };
            (PackedLayer { portability, blob }, Origin::Made)
        };
        let names = |layers: &[Portability]| {
            let layers = layers.iter().copied().map(packed).collect();
            let build = LayerBuild { name: "x".into(), layers, findings: Vec::new() };
            build.images().map(|it| it.name).collect::<Vec<_>>()
        };
        assert_eq!(names(&[Portability::Native, Portability::Neutral]), ["x-native", "x"]);
        assert_eq!(names(&[Portability::Native]), ["x"]);
        assert_eq!(names(&[Portability::Neutral]), ["x"]);
    }
}
