//! The maintainer scripts of locked packages: which there are, and what a person said of them.

use crate::edge::{apt, files};
use crate::error::{Context as _, Result};
use crate::image::stage;
use crate::report::Phase;
use crate::world::World;
use std::collections::{BTreeMap, BTreeSet};
use xtask_core::image::lock::{Lock, LockedPackage};
use xtask_core::image::script_review::{SCRIPTS, Script, ScriptReviews};
use xtask_core::platform::Platform;
use xtask_image::deb::Deb;

/// Which maintainer scripts were read by a person, and what became of their effect.
pub const SCRIPTS_FILE: &str = "images/debian-scripts.toml";

/// A script of packages that locks name.
#[derive(Clone, Debug, Default)]
pub struct LockedScript {
    pub bytes: Vec<u8>,
    /// The versions of the package that have it.
    pub versions: BTreeSet<String>,
    /// The images whose locks name those.
    pub images: BTreeSet<String>,
    /// The platforms on which they do.
    pub platforms: BTreeSet<Platform>,
}

/// The scripts of `deb` that have an effect when it is unpacked for the first time.
/// `triggers` counts where the package waits for others: that is when its `postinst` runs again.
pub(super) fn install_scripts(deb: &Deb) -> Vec<(Script, &[u8])> {
    let waits = |bytes: &[u8]| String::from_utf8_lossy(bytes).contains("interest");
    let triggers = deb.extras.get_key_value("triggers").filter(|(_, bytes)| waits(bytes));
    let parts = deb.scripts.iter().chain(triggers);
    let parts = parts.filter(|(name, _)| SCRIPTS.contains(&name.as_str()));
    let (package, version) = (deb.control().package(), deb.control().version());
    let script = |name: &str, bytes: &[u8]| Script::of(package, version, name, bytes);
    parts.map(|(name, bytes)| (script(name, bytes), bytes.as_slice())).collect()
}

/// What people have said about scripts.
pub fn reviews(world: &World<'_>) -> Result<ScriptReviews> {
    let text = files::read(&world.places.file(SCRIPTS_FILE))?;
    ScriptReviews::parse(SCRIPTS_FILE, &text).or_usage(|| format!("cannot use `{SCRIPTS_FILE}`"))
}

/// Every script of the packages that the locks of `images` name; of `packages` only, if any are
/// named. What is not in the store is fetched.
pub fn locked_scripts(
    world: &World<'_>,
    images: &[String],
    packages: &[String],
    phase: &Phase<'_>,
) -> Result<BTreeMap<Script, LockedScript>> {
    let store = apt::DebStore::open(&world.places.cache)?;
    let fetching = |done, all| phase.doing(&format!("fetching package {done} of {all}"));
    let mut scripts = BTreeMap::new();
    for image in images {
        let lock = stage::lock(world, image)?;
        let files = wanted(&lock, packages);
        let every: Vec<LockedPackage> = files.iter().map(|(_, package)| package.clone()).collect();
        let archive_time = lock.archive_time;
        let order = apt::Order { image, packages: &every, archive_time };
        store.drop_damaged(order.packages)?;
        store.fetch(&world.shell, &order, fetching)?;
        for (platform, package) in &files {
            let deb = stage::open_deb(&store, package)?;
            for (script, bytes) in install_scripts(&deb) {
                note(scripts.entry(script).or_default(), bytes, image, *platform, package);
            }
        }
    }
    Ok(scripts)
}

fn wanted(lock: &Lock, packages: &[String]) -> BTreeSet<(Platform, LockedPackage)> {
    let platforms = lock.layers.values().flatten();
    let all = platforms.flat_map(|(platform, list)| list.iter().map(|it| (*platform, it.clone())));
    all.filter(|(_, it)| packages.is_empty() || packages.contains(&it.name)).collect()
}

fn note(
    script: &mut LockedScript,
    bytes: &[u8],
    image: &str,
    platform: Platform,
    package: &LockedPackage,
) {
    script.bytes = bytes.to_vec();
    script.versions.insert(package.version.clone());
    script.images.insert(image.to_owned());
    script.platforms.insert(platform);
}
