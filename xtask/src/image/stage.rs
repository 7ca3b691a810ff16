//! From a layer of a definition to the tree of its files, split into native and neutral.

mod debian;
mod idle;
mod place;
mod promises;

pub(super) use debian::open as open_deb;
pub(super) use idle::Idle;
pub(super) use promises::glibc;

use super::folder::{self, Folder};
use super::{key, locks};
use crate::edge::installed::Installed;
use crate::edge::npm::Wanted;
use crate::edge::{apt, npm, service_build, uv};
use crate::error::{Context as _, Failure, Result};
use crate::world::{World, lock_file};
use place::Placed;
use std::collections::BTreeSet;
use std::path::PathBuf;
use xtask_core::digest::Digest;
use xtask_core::image::definition::{Addition, Copy, Definition, Layer, Stuff};
use xtask_core::image::lock::{Lock, LockedPackage};
use xtask_core::platform::Platform;
use xtask_image::split::{SplitTree, split};
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

/// A lock, and whose it is.
#[derive(Clone, Copy)]
pub(super) struct LockOf<'a> {
    pub(super) definition: &'a Definition,
    pub(super) lock: &'a Lock,
}

/// The split tree of a layer, and what of its definition came to nothing.
pub(super) struct Staged {
    pub(super) trees: SplitTree,
    pub(super) idle: Vec<Idle>,
}

/// Makes `layer`.
pub(super) fn trees(
    world: &World<'_>,
    layer: &Layer,
    of: LockOf<'_>,
    platform: Platform,
    doing: &dyn Fn(&str),
) -> Result<Staged> {
    let (for_each, layer) = (layer.differs(), &layer.on(platform));
    let one = One { world, layer, of, platform, for_each, doing };
    match &layer.stuff {
        Stuff::Debian(_) => one.debian(),
        Stuff::Npm { path, optional, scripts, copy } => one.npm(path, *optional, scripts, copy),
        Stuff::Wheels { requirements, copy } => one.wheels(requirements, copy),
        Stuff::Build { path, run, copy } => one.build(path, run, copy),
        Stuff::Files { path, copy } => {
            one.split_by_file(place::copies(&Folder::sources(world, path)?, copy)?)
        }
    }
}

/// One layer that is being made for one platform.
struct One<'a> {
    world: &'a World<'a>,
    layer: &'a Layer,
    of: LockOf<'a>,
    platform: Platform,
    /// Whether it may be another one on each platform.
    for_each: bool,
    doing: &'a dyn Fn(&str),
}

impl One<'_> {
    fn debian(&self) -> Result<Staged> {
        let Self { world, layer, of, platform, doing, .. } = self;
        let packages = locked(layer, of.lock, *platform)?;
        let store = apt::DebStore::open(&world.places.cache)?;
        let fetching = |done, all| doing(&format!("fetching package {done} of {all}"));
        let order =
            apt::Order { image: &of.definition.name, packages, archive_time: of.lock.archive_time };
        for damaged in store.drop_damaged(packages)? {
            let line =
                format!("package `{damaged}` in the cache is not the locked one: fetched anew");
            world.report.warning(&line);
        }
        store.fetch(&world.shell, &order, fetching)?;
        debian_trees(world, layer, &store, (packages, &of.lock.neutral(layer)), *platform)
    }

    fn npm(
        &self,
        path: &str,
        optional: bool,
        scripts: &[(String, String)],
        copy: &[Copy],
    ) -> Result<Staged> {
        let Self { world, platform, .. } = self;
        let npm_lock = locks::npm_lock(world, path)?;
        promises::check_scripts(&format!("{path}/{}", npm::LOCK), &npm_lock, optional, scripts)?;
        (self.doing)(&format!("installing the packages of {path} for {platform}"));
        let wanted = if optional {
            Wanted::ProductionWithOptional(*platform)
        } else {
            Wanted::Production(*platform)
        };
        let own = locks::own_folders(world, path, &npm_lock)?;
        let packages = npm::Locked { packages: &npm_lock, own: &own };
        let (cache, folder) = (&world.places.cache, world.places.file(path));
        let installed = npm::install(&world.shell, cache, &folder, wanted, packages)?;
        let folder = Folder::installed(&folder_of(world, path, installed), path)?;
        self.split_by_file(place::copies(&folder, copy)?)
    }

    fn wheels(&self, requirements: &str, copy: &[Copy]) -> Result<Staged> {
        let Self { world, of, platform, .. } = self;
        (self.doing)(&format!("installing {requirements} for {platform}"));
        let list = locks::requirements(world, requirements)?;
        let environment = locks::environment(of.definition, of.lock, *platform)?;
        let wheels = locks::fitting(requirements, &list, &environment)?;
        let wheels = uv::Wheels { file: requirements, wanted: &wheels, environment: &environment };
        let installed = uv::install(&world.shell, &world.places.cache, &wheels)?;
        let folder = folder_of(world, requirements, installed);
        promises::check_wheels(&folder, glibc(of.lock, *platform), *platform)?;
        self.split_by_file(place::copies(&Folder::installed(&folder, requirements)?, copy)?)
    }

    fn build(&self, path: &str, run: &[String], copy: &[Copy]) -> Result<Staged> {
        (self.doing)(&format!("building {path}"));
        let folder = Folder::installed(&service_build(self.world, path, run)?, path)?;
        let placed = place::copies(&folder, copy)?;
        if self.for_each {
            return self.split_by_file(placed);
        }
        let (tree, idle) = finished(self.layer, placed, self.platform)?;
        Ok(Staged { trees: SplitTree::neutral(tree), idle })
    }

    fn split_by_file(&self, placed: Placed) -> Result<Staged> {
        let Self { layer, platform, .. } = self;
        let (tree, mut idle) = finished(layer, placed, *platform)?;
        idle.extend(idle::patterns(layer, "native", &layer.native, &[&tree], *platform)?);
        let trees = split(&tree, &layer.native);
        let trees = trees.or_usage(|| format!("cannot split layer `{}`", layer.name))?;
        Ok(Staged { trees, idle })
    }
}

/// Packages are never divided: a scanner asks the layer that holds a package's files who owns
/// them. What is declared goes with the native packages where there are any.
fn debian_trees(
    world: &World<'_>,
    layer: &Layer,
    store: &apt::DebStore,
    (packages, shared): (&[LockedPackage], &BTreeSet<Digest>),
    platform: Platform,
) -> Result<Staged> {
    let is_shared = |package: &LockedPackage| shared.contains(&package.digest);
    let (neutral, native): (Vec<_>, Vec<_>) = packages.iter().cloned().partition(is_shared);
    let (native_tree, mut set_ids) = debian::unpack(world, store, &native)?;
    let (neutral_tree, of_neutral) = debian::unpack(world, store, &neutral)?;
    set_ids.extend(of_neutral);
    let mut trees = SplitTree { native: native_tree, neutral: neutral_tree };
    let both = [&trees.native, &trees.neutral];
    let mut idle = idle::patterns(layer, "drop", &layer.drop, &both, platform)?;
    leave_out(layer, &mut trees.native)?;
    leave_out(layer, &mut trees.neutral)?;
    idle.extend(idle::set_ids(layer, &set_ids, [&trees.native, &trees.neutral]));
    let mut whole = trees.native.clone();
    let joined = whole.merge(trees.neutral.clone());
    joined.or_usage(|| format!("cannot make layer `{}`", layer.name))?;
    let home = if native.is_empty() { &mut trees.neutral } else { &mut trees.native };
    add_all(layer, &mut whole, Some(home))?;
    Ok(Staged { trees, idle })
}

/// The tree less what is left out, with what is declared.
fn finished(layer: &Layer, placed: Placed, platform: Platform) -> Result<(Tree, Vec<Idle>)> {
    let idle = idle::patterns(layer, "drop", &layer.drop, &[placed.tree()], platform)?;
    let mut tree = placed.without(&layer.drop)?;
    add_all(layer, &mut tree, None)?;
    Ok((tree, idle))
}

fn leave_out(layer: &Layer, tree: &mut Tree) -> Result<()> {
    let dropped = tree.remove_matching(&layer.drop);
    dropped.or_usage(|| format!("cannot leave files out of layer `{}`", layer.name))?;
    Ok(())
}

fn service_build(world: &World<'_>, path: &str, run: &[String]) -> Result<PathBuf> {
    let read = folder::read_whole(world, path).map_err(|it| it.during(key::cannot_use(path)))?;
    let (folder, sources, key) = (&world.places.file(path), &read.entries, read.digest);
    let packages = match locks::asks_npm(world, path)? {
        true => Some(locks::npm_lock(world, path)?),
        false => None,
    };
    let own = packages.as_ref().map(|lock| locks::own_folders(world, path, lock)).transpose()?;
    let own = own.unwrap_or_default();
    let lock = packages.as_ref().map(|packages| npm::Locked { packages, own: &own });
    let build = service_build::Build { folder, sources, key, run, lock };
    Ok(folder_of(world, path, service_build::run(&world.shell, &world.places.cache, &build)?))
}

/// The folder of an installation. That a bad one was in its place is said.
fn folder_of(world: &World<'_>, of: &str, installed: Installed) -> PathBuf {
    if installed.made_anew {
        world.report.warning(&format!(
            "what the cache held of `{of}` was not as it was installed: made anew"
        ));
    }
    installed.folder
}

/// Adds what is declared to the whole tree of the layer, and to the side of the split that holds it.
fn add_all(layer: &Layer, whole: &mut Tree, mut home: Option<&mut Tree>) -> Result<()> {
    for addition in &layer.additions {
        let mut add = || -> Result<()> {
            let node = declared(whole, addition)?;
            let path = addition.path();
            let failed = || format!("cannot add `{path}`");
            if let Some(home) = home.as_deref_mut() {
                home.insert_over(path, node.clone()).or_usage(failed)?;
            }
            whole.insert_over(path, node).or_usage(failed)
        };
        add().map_err(|failure| failure.during(format!("cannot make layer `{}`", layer.name)))?;
    }
    Ok(())
}

fn declared(tree: &Tree, addition: &Addition) -> Result<Node> {
    Ok(match addition {
        Addition::Directory(_, it) => {
            Node::Directory { mode: it.mode, owner: Owner { uid: it.uid, gid: it.gid } }
        }
        Addition::Link(_, target) => Node::symlink(target.as_bytes()),
        Addition::File(_, content) => Node::file(0o644, content.as_bytes()),
        Addition::Collect(_, glob) => Node::file(0o644, place::collect(tree, glob)?),
    })
}

/// The lock of an image, or how to make it.
pub(super) fn lock(world: &World<'_>, name: &str) -> Result<Lock> {
    world.lock(name)?.ok_or_else(|| {
        Failure::usage(format!("cannot build image `{name}`: `{}` is not there", lock_file(name)))
            .hint(format!("`cargo xtask image lock {name}` writes it"))
    })
}
