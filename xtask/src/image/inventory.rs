//! The inventory of an image in the layout: its locks, held against what its layers hold.

use super::form::form;
use super::stored::{StoredImage, StoredPlatform};
use super::{locks, stage};
use crate::edge::{files, npm};
use crate::error::{Context as _, Failure, Result};
use crate::world::{World, lock_file};

use xtask_core::digest::Digest;
use xtask_core::image::definition::{Copy, Definition, Layer, Stuff};
use xtask_core::image::lock::Lock;
use xtask_core::moment::Moment;
use xtask_core::platform::Platform;
use xtask_core::trust::sbom::found::{Contents, is_telling};
use xtask_core::trust::sbom::inventory::{Origin, Sourced};
use xtask_core::trust::sbom::{Component, Inventory};
use xtask_image::listing::{Kind, Listed, Wanted, list};

/// The label that says where an image's sources are.
pub const SOURCE_LABEL: &str = "org.opencontainers.image.source";

/// Raised when other things are listed than before, so that no old list is believed.
const FORM: &str = "inventory-3";

/// The digest of everything that the inventory of `image` on one platform depends on.
pub fn inventory_key(
    world: &World<'_>,
    image: &StoredImage,
    on: &StoredPlatform,
) -> Result<Digest> {
    let definition = world.definition(&image.name)?;
    let text = |file: &str| files::read_if_there(&world.places.file(file));
    let mut locks = vec![text(&lock_file(&image.name))?];
    for layer in &definition.layers {
        for file in list_files(world, layer)? {
            locks.push(text(&file)?);
        }
    }
    let (version, manifest) = (env!("CARGO_PKG_VERSION"), on.manifest.digest);
    let inputs = format!("{FORM}\n{version}\n{manifest}\n{}\n{}", form(&definition), form(&locks));
    Ok(Digest::of(inputs.as_bytes()))
}

/// The files of the repository that name the packages of a layer.
pub fn list_files(world: &World<'_>, layer: &Layer) -> Result<Vec<String>> {
    Ok(match &layer.stuff {
        Stuff::Npm { path, .. } => vec![format!("{path}/{}", npm::LOCK)],
        Stuff::Wheels { requirements, .. } => {
            locks::requirements(world, requirements)?.files.into_keys().collect()
        }
        Stuff::Debian(_) | Stuff::Build { .. } | Stuff::Files { .. } => Vec::new(),
    })
}

/// Everything that `image` is made of on one platform.
pub fn inventory(world: &World<'_>, image: &StoredImage, on: &StoredPlatform) -> Result<Inventory> {
    let definition = world.definition(&image.name)?;
    let lock = stage::lock(world, &image.name)?;
    let mut components = Vec::new();
    let mut debian = None;
    check_known(&definition, on)?;
    for layer in &definition.layers {
        let layer = &layer.on(on.platform);
        let contents = contents(image, on, layer)?;
        let origin = origin(world, &definition, layer, &lock, on.platform)?;
        let sourced =
            Sourced { layer: &layer.name, platform: on.platform, origin, contents: &contents };
        components.extend(sourced.components().map_err(|gap| disagrees(&image.name, &gap))?);
        debian = debian.or(contents.release());
    }
    components.sort_by_key(Component::identity);
    let labels = &definition.config.labels;
    let source = labels.iter().find(|(key, _)| key == SOURCE_LABEL).map(|(_, url)| url.clone());
    let created = i64::try_from(lock.archive_time).ok().and_then(Moment::from_seconds);
    let created = created.ok_or_else(|| {
        Failure::usage(format!("cannot use the lock of `{}`: its time is no time", image.name))
    })?;
    Ok(Inventory {
        image: image.name.clone(),
        platform: on.platform,
        manifest: on.manifest.digest,
        source,
        created: created.to_string(),
        tool: concat!("xtask-", env!("CARGO_PKG_VERSION")).to_owned(),
        debian,
        components,
    })
}

fn disagrees(image: &str, gap: &xtask_core::trust::sbom::inventory::Gap) -> Failure {
    Failure::refused(format!("cannot list what image `{image}` is made of"))
        .because(gap)
        .hint(format!("`cargo xtask image build {image}` makes it as its lock says"))
}

/// A layer that the definition does not have any more was made from nobody knows what.
fn check_known(definition: &Definition, on: &StoredPlatform) -> Result<()> {
    let Some(unknown) = on.layers.iter().find(|it| definition.layer_called(&it.name).is_none())
    else {
        return Ok(());
    };
    let image = &definition.name;
    Err(Failure::refused(format!("cannot list what image `{image}` is made of"))
        .reason(format!("its definition has no layer `{}` any more", unknown.name))
        .hint(format!("cargo xtask image build {image}")))
}

/// What is in the layer, native and neutral together.
fn contents(image: &StoredImage, on: &StoredPlatform, layer: &Layer) -> Result<Contents> {
    let single: Vec<&str> = singles(layer).map(|copy| copy.to.as_str()).collect();
    let wants = |path: &str| match path {
        path if single.contains(&path) => Wanted::Digest,
        path if is_telling(path) => Wanted::Bytes,
        _ => Wanted::Nothing,
    };
    let mut contents = Contents::default();
    for stored in on.layers.iter().filter(|stored| layer.is_called(&stored.name)) {
        list(&image.layout, &stored.descriptor, wants, |listed| add(&mut contents, listed))
            .or_outside(|| format!("failed to read layer `{}` of `{}`", stored.name, image.name))?;
    }
    Ok(contents)
}

fn add(contents: &mut Contents, listed: Listed) {
    let Listed { path, kind: Kind::File(file), .. } = listed else { return };
    contents.digests.extend(file.digest.map(|digest| (path.clone(), digest)));
    let text = file.bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    contents.files.insert(path, text);
}

/// The single files that a layer takes out of packages.
fn singles(layer: &Layer) -> impl Iterator<Item = &Copy> {
    let copies = match &layer.stuff {
        Stuff::Npm { copy, .. } | Stuff::Wheels { copy, .. } => copy.as_slice(),
        _ => &[],
    };
    copies.iter().filter(|copy| copy.from != "node_modules" && copy.from != ".")
}

fn origin<'a>(
    world: &World<'_>,
    definition: &Definition,
    layer: &'a Layer,
    lock: &'a Lock,
    platform: Platform,
) -> Result<Origin<'a>> {
    Ok(match &layer.stuff {
        Stuff::Debian(_) => Origin::Debian(stage::locked(layer, lock, platform)?),
        Stuff::Npm { path, copy, .. } => Origin::Npm(locks::npm_lock(world, path)?, copy),
        Stuff::Wheels { requirements, copy } => {
            let list = locks::requirements(world, requirements)?;
            let environment = locks::environment(definition, lock, platform)?;
            let wheels = locks::fitting(requirements, &list, &environment)?;
            Origin::Wheels(wheels.into_iter().cloned().collect(), copy)
        }
        Stuff::Build { path, .. } | Stuff::Files { path, .. } => Origin::Own(path),
    })
}
