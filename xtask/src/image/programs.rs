//! What is in an image although no package database of the image says so.

use crate::edge::files;
use crate::error::{Context as _, Result};
use crate::world::World;
use serde_json::Value;
use xtask_core::definition::Stuff;
use xtask_core::platform::Platform;
use xtask_core::scan::inventory;

/// A CycloneDX document of the programs that the image called `name` is given for `platform`
/// without a package manager, if there are any: today Node.js, from the lock that names it.
pub fn programs(world: &World<'_>, name: &str, platform: Platform) -> Result<Option<Value>> {
    let mut programs = Vec::new();
    for layer in &world.definition(name)?.layers {
        let Stuff::Npm { path, .. } = &layer.stuff else { continue };
        let file = world.places.file(path).join("package-lock.json");
        let text = files::read(&file)?;
        let lock = serde_json::from_str(&text)
            .or_usage(|| format!("cannot use `{path}/package-lock.json`"))?;
        programs.extend(inventory::node(&lock, platform));
    }
    Ok((!programs.is_empty()).then(|| inventory::document(&programs)))
}
