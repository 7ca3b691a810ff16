//! `image lock`: chooses the Debian packages of an image and writes them down by hash.

use super::scripts;
use crate::edge::{apt, files};
use crate::error::{Context as _, Failure, Result};
use crate::exit::Exit;
use crate::flags::ImageLock;
use crate::world::{World, lock_file};
use std::collections::{BTreeMap, BTreeSet};
use xtask_core::debian;
use xtask_core::definition::Definition;
use xtask_core::lock::{Lock, LockedPackage};
use xtask_core::plan::Count;
use xtask_core::platform::Platform;
use xtask_image::gzip_v1::ENCODER_ID;

const SUITE: &str = "bookworm";

pub(super) fn run(flags: &ImageLock, world: &World<'_>) -> Result<Exit> {
    let names = if flags.images.is_empty() { world.definitions()? } else { flags.images.clone() };
    lock(flags, world, &names)?;
    if flags.accept_scripts {
        scripts::accept_unread(world, &names)?;
    }
    Ok(Exit::Done)
}

fn lock(flags: &ImageLock, world: &World<'_>, names: &[String]) -> Result<()> {
    let definitions =
        names.iter().map(|name| world.definition(name)).collect::<Result<Vec<_>>>()?;
    let wanted = |definition: &&Definition| flags.update || !is_locked(world, definition);
    let wanted: Vec<&Definition> = definitions.iter().filter(wanted).collect();
    if wanted.is_empty() {
        world.report.status("every image is locked; `--update` takes newer packages");
        return Ok(());
    }
    let phase = world.report.phase("indexes");
    phase.doing("fetching Debian's signed indexes");
    let indexes = apt::indexes(&world.shell, &world.places.cache, SUITE)?;
    phase.done("fetched, signatures checked by apt");
    wanted.iter().try_for_each(|definition| relock(world, definition, &indexes))
}

/// A lock is whole when it holds what every Debian layer asks for, on every platform.
fn is_locked(world: &World<'_>, definition: &Definition) -> bool {
    let Ok(Some(lock)) = world.lock(&definition.name) else { return false };
    definition.debian_layers().all(|(layer, _)| {
        Platform::ALL.iter().all(|platform| lock.packages(layer, *platform).is_some())
    })
}

fn relock(world: &World<'_>, definition: &Definition, indexes: &apt::Indexes) -> Result<()> {
    let name = &definition.name;
    let layers = choose(definition, indexes).or_usage(|| format!("cannot lock image `{name}`"))?;
    let lock = Lock {
        encoder: ENCODER_ID.to_owned(),
        suite: SUITE.to_owned(),
        archive_time: indexes.signed_at,
        wanted: definition
            .debian_layers()
            .map(|(it, debian)| (it.name.clone(), debian.digest()))
            .collect(),
        layers,
    };
    let before = world.lock(name).unwrap_or(None);
    if before.as_ref().is_some_and(|before| {
        before.layers == lock.layers
            && before.wanted == lock.wanted
            && before.encoder == lock.encoder
    }) {
        world.report.status(&format!("{name}: nothing newer"));
        return Ok(());
    }
    show(world, name, before.as_ref(), &lock);
    let file = lock_file(name);
    files::write(&world.places.file(&file), lock.to_text().as_bytes())
        .map_err(|failure: Failure| failure.during(format!("failed to lock image `{name}`")))
}

type Layers = BTreeMap<String, BTreeMap<Platform, Vec<LockedPackage>>>;

/// Each layer's closure on each platform, less what lower layers hold already.
fn choose(definition: &Definition, indexes: &apt::Indexes) -> Result<Layers, debian::ClosureError> {
    let mut layers = Layers::new();
    for (platform, index) in &indexes.platforms {
        let mut below = BTreeSet::new();
        for (layer, wanted) in definition.debian_layers() {
            let without: Vec<String> =
                wanted.without.iter().map(|(name, _)| name.clone()).collect();
            let closed = debian::close(index, &wanted.packages, &without, &below)?;
            below.extend(closed.iter().map(|package| package.file.name.clone()));
            let packages = closed.into_iter().map(|package| package.file.clone()).collect();
            layers.entry(layer.name.clone()).or_default().insert(*platform, packages);
        }
    }
    Ok(layers)
}

/// A readable difference: package, version before, version after.
fn show(world: &World<'_>, name: &str, before: Option<&Lock>, after: &Lock) {
    let nothing = Lock { layers: BTreeMap::new(), ..after.clone() };
    let changes = after.changes_since(before.unwrap_or(&nothing));
    world.report.status(&format!("{name}: {}", Count(changes.len(), "package change")));
    if before.is_none() {
        return;
    }
    for change in &changes {
        let shown = |version: &Option<String>| version.clone().unwrap_or_else(|| "absent".into());
        let line =
            format!("  {}: {} -> {}", change.name, shown(&change.before), shown(&change.after));
        world.report.status(&line);
    }
}
