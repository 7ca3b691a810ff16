//! From a layer of a definition to the tree of its files.

mod debian;
mod place;

pub(super) use debian::SCRIPTS_FILE;

use super::key;
use crate::edge::npm::Wanted;
use crate::edge::{apt, npm, uv};
use crate::error::{Context as _, Failure, Result};
use crate::world::{World, lock_file};
use std::path::PathBuf;
use xtask_core::definition::{Addition, Layer, Stuff};
use xtask_core::lock::{Lock, LockedPackage};
use xtask_core::platform::Platform;
use xtask_image::tree::{Node, Owner, Tree};

/// The locked packages of `layer`, or how to lock them.
pub(super) fn locked<'a>(
    layer: &Layer,
    lock: &'a Lock,
    platform: Platform,
) -> Result<&'a [LockedPackage]> {
    lock.packages(layer, platform).ok_or_else(|| {
        Failure::usage(format!(
            "cannot build layer `{}` for {platform}: the lock does not hold what it asks for",
            layer.name
        ))
        .hint("`cargo xtask image lock` brings the lock up to it")
    })
}

/// The tree of `layer`.
pub(super) fn tree(
    world: &World<'_>,
    layer: &Layer,
    lock: &Lock,
    platform: Platform,
    doing: &dyn Fn(&str),
) -> Result<Tree> {
    let mut tree = stuff(world, layer, lock, platform, doing)?;
    let dropped = tree.remove_matching(&layer.drop);
    dropped.or_usage(|| format!("cannot leave files out of layer `{}`", layer.name))?;
    for addition in &layer.additions {
        add(&mut tree, addition)
            .map_err(|failure| failure.during(format!("cannot make layer `{}`", layer.name)))?;
    }
    Ok(tree)
}

fn stuff(
    world: &World<'_>,
    layer: &Layer,
    lock: &Lock,
    platform: Platform,
    doing: &dyn Fn(&str),
) -> Result<Tree> {
    let root = &world.places.root;
    let cache = &world.places.cache;
    match &layer.stuff {
        Stuff::Debian(_) => {
            let packages = locked(layer, lock, platform)?;
            let store = apt::DebStore::open(cache)?;
            let fetching = |done, all| doing(&format!("fetching package {done} of {all}"));
            store.fetch(&world.shell, packages, lock.archive_time, fetching)?;
            debian::unpack(world, &store, packages)
        }
        Stuff::Npm { path, optional, copy } => {
            doing(&format!("installing the packages of {path} for {platform}"));
            let wanted = if *optional {
                Wanted::ProductionWithOptional(platform)
            } else {
                Wanted::Production(platform)
            };
            let folder = npm::install(&world.shell, cache, &root.join(path), wanted)?;
            place::copies(&folder, copy)
        }
        Stuff::Wheels { requirements, copy } => {
            doing(&format!("installing {requirements} for {platform}"));
            let folder = uv::install(&world.shell, cache, &root.join(requirements), platform)?;
            place::copies(&folder, copy)
        }
        Stuff::Build { path, copy } => {
            doing(&format!("building {path}"));
            place::copies(&service_build(world, path)?, copy)
        }
        Stuff::Files { path, copy } => {
            let (_, sources) = key::source_key(world, path)?;
            place::listed(&root.join(path), &sources, copy)
        }
    }
}

fn service_build(world: &World<'_>, path: &str) -> Result<PathBuf> {
    let (key, sources) = key::source_key(world, path)?;
    let folder = world.places.file(path);
    npm::build(&world.shell, &world.places.cache, &folder, &sources, &key)
}

fn add(tree: &mut Tree, addition: &Addition) -> Result<()> {
    let node = match addition {
        Addition::Directory(_, it) => {
            Node::Directory { mode: it.mode, owner: Owner { uid: it.uid, gid: it.gid } }
        }
        Addition::Link(_, target) => Node::symlink(target.as_bytes()),
        Addition::File(_, content) => Node::file(0o644, content.as_bytes()),
        Addition::Collect(_, glob) => Node::file(0o644, place::collect(tree, glob)?),
    };
    let path = addition.path();
    tree.insert_over(path, node).or_usage(|| format!("cannot add `{path}`"))
}

/// The lock of an image, or how to make it.
pub(super) fn lock(world: &World<'_>, name: &str) -> Result<Lock> {
    world.lock(name)?.ok_or_else(|| {
        Failure::usage(format!("cannot build image `{name}`: `{}` is not there", lock_file(name)))
            .hint(format!("`cargo xtask image lock {name}` writes it"))
    })
}
