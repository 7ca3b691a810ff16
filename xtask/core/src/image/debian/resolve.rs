//! What every Debian layer of a definition comes to, on every platform, and who asked for what.

use super::closure::{Asker, ClosureError, close};
use super::index::Index;
use crate::image::definition::Definition;
use crate::image::lock::LockedPackage;
use crate::platform::Platform;
use std::collections::{BTreeMap, BTreeSet};

/// The closures of a definition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resolved {
    /// The packages by layer and platform, each list ordered by name.
    pub layers: BTreeMap<String, BTreeMap<Platform, Vec<LockedPackage>>>,
    /// Who asked for each of them, on any platform.
    pub askers: BTreeMap<String, BTreeSet<Asker>>,
    /// The names that some layer leaves out.
    pub left_out: BTreeSet<String>,
}

/// A layer that has no closure.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("cannot choose the packages of layer `{layer}` for {platform}")]
pub struct ResolveError {
    layer: String,
    platform: Platform,
    #[source]
    pub cause: Box<ClosureError>,
}

/// Each layer's closure on each platform of the definition, less what lower layers hold already.
pub fn resolve(
    definition: &Definition,
    indexes: &BTreeMap<Platform, Index>,
) -> Result<Resolved, ResolveError> {
    let mut resolved = Resolved::default();
    for (platform, index) in indexes.iter().filter(|(it, _)| definition.platforms.contains(it)) {
        let mut below = BTreeSet::new();
        for (layer, wanted) in definition.debian_layers() {
            let without: Vec<String> =
                wanted.without.iter().map(|(name, _)| name.clone()).collect();
            let trouble = |cause| ResolveError {
                layer: layer.name.clone(),
                platform: *platform,
                cause: Box::new(cause),
            };
            let closed = close(index, &wanted.packages, &without, &below).map_err(trouble)?;
            resolved.left_out.extend(without);
            let files = resolved.layers.entry(layer.name.clone()).or_default();
            let files = files.entry(*platform).or_default();
            for chosen in closed {
                let file = &chosen.package.file;
                below.insert(file.name.clone());
                files.push(file.clone());
                resolved.askers.entry(file.name.clone()).or_default().extend(chosen.wanted_by);
            }
        }
    }
    Ok(resolved)
}
