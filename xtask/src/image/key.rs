//! The key of a layer: the digest of everything that its bytes depend on.

use super::form::form;
use super::stage::LockOf;
use super::{locks, scripts, sources, stage};
use crate::edge::{files, npm};
use crate::error::Result;
use crate::world::World;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::rc::Rc;
use xtask_core::digest::Digest;
use xtask_core::image::definition::{Layer, Stuff};
use xtask_core::image::npm::NpmLock;
use xtask_core::platform::Platform;
use xtask_image::gzip_v1::ENCODER_ID;

/// Raised when the way from inputs to a tree changes, so that no old memory is believed.
const FORM: &str = "layer-4";

/// What was read already for this build: it is the same for every layer and platform.
#[derive(Default)]
pub(super) struct Known {
    /// The digests of sources, by folder.
    sources: RefCell<BTreeMap<String, Digest>>,
    /// The locks of npm, by folder. To read one is most of the time of an unchanged build.
    npm: RefCell<BTreeMap<String, Rc<NpmLock>>>,
    /// Files beside sources that git knows.
    inputs: RefCell<BTreeSet<String>>,
}

impl Known {
    /// Refuses files that no commit tells of; those of a layer are asked for at once.
    fn check_inputs<'f>(
        &self,
        world: &World<'_>,
        files: impl IntoIterator<Item = &'f str>,
    ) -> Result<()> {
        let mut known = self.inputs.borrow_mut();
        let new: Vec<&str> = files.into_iter().filter(|file| !known.contains(*file)).collect();
        sources::check_inputs(world, &new)?;
        known.extend(new.into_iter().map(ToOwned::to_owned));
        Ok(())
    }

    fn npm_lock(&self, world: &World<'_>, folder: &str) -> Result<Rc<NpmLock>> {
        if let Some(known) = self.npm.borrow().get(folder) {
            return Ok(Rc::clone(known));
        }
        let lock = Rc::new(locks::npm_lock(world, folder)?);
        self.npm.borrow_mut().insert(folder.to_owned(), Rc::clone(&lock));
        Ok(lock)
    }
}

/// The key of `layer` on `platform`.
pub(super) fn layer_key(
    world: &World<'_>,
    layer: &Layer,
    of: LockOf<'_>,
    platform: Platform,
    known: &Known,
) -> Result<Digest> {
    let inputs = inputs(world, layer, of, platform, known)?;
    let platform = if layer.differs() { platform.to_string() } else { "any".to_owned() };
    let text = format!("{FORM}\n{ENCODER_ID}\n{platform}\n{}\n{inputs}", form(layer));
    Ok(Digest::of(text.as_bytes()))
}

fn inputs(
    world: &World<'_>,
    layer: &Layer,
    of: LockOf<'_>,
    platform: Platform,
    known: &Known,
) -> Result<String> {
    let (root, lock) = (&world.places.root, of.lock);
    match &layer.stuff {
        Stuff::Debian(_) => {
            let scripts = digest_of(&root.join(scripts::SCRIPTS_FILE))?;
            let packages = stage::locked(layer, lock, platform)?;
            // What the lock says of other platforms decides into which layer a package goes.
            Ok(format!("{scripts}\n{}\n{}", form(packages), form(&lock.neutral(layer))))
        }
        Stuff::Npm { path, .. } => {
            let asked = [npm::MANIFEST, npm::LOCK].map(|file| format!("{path}/{file}"));
            known.check_inputs(world, asked.iter().map(String::as_str))?;
            let own = locks::own_folders(world, path, &*known.npm_lock(world, path)?)?;
            let own: String = own.iter().map(|it| format!("{} {}\n", it.link, it.digest)).collect();
            let folder = root.join(path);
            let inputs = npm::INPUTS.iter().map(|input| digest_of_any(&folder.join(input)));
            Ok(inputs.collect::<Result<String>>()? + &own)
        }
        Stuff::Wheels { requirements, .. } => {
            let files = locks::requirements(world, requirements)?.files;
            known.check_inputs(world, files.keys().map(String::as_str))?;
            let glibc = stage::glibc(lock, platform);
            let on = locks::environment(of.definition, lock, platform)?;
            Ok(format!("{}\n{}\n{on}", form(&files), form(&glibc)))
        }
        Stuff::Build { path, .. } | Stuff::Files { path, .. } => {
            let is_build = matches!(layer.stuff, Stuff::Build { .. });
            if is_build && locks::asks_npm(world, path)? {
                let _usable = known.npm_lock(world, path)?;
            }
            if let Some(digest) = known.sources.borrow().get(path) {
                return Ok(digest.to_string());
            }
            let sources = sources::sources(world, path);
            let digest = sources.map_err(|it| it.during(cannot_use(path)))?.digest;
            known.sources.borrow_mut().insert(path.clone(), digest);
            Ok(digest.to_string())
        }
    }
}

/// What a layer says of the folder that it is made of.
pub(super) fn cannot_use(path: &str) -> String {
    format!("cannot use `path = \"{path}\"`")
}

fn digest_of(path: &Path) -> Result<String> {
    Ok(Digest::of(files::read(path)?.as_bytes()).to_string())
}

/// The digest of a file, or of nothing where there is none.
fn digest_of_any(path: &Path) -> Result<String> {
    let text = files::read_if_there(path)?.unwrap_or_default();
    Ok(format!("{}\n", Digest::of(text.as_bytes())))
}
