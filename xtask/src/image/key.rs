//! The key of a layer: the digest of everything that its bytes depend on.

use super::{locks, scripts, stage};
use crate::edge::{files, git, npm};
use crate::error::{Context as _, Result};
use crate::world::World;
use sha2::{Digest as _, Sha256};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::Path;
use xtask_core::definition::{Layer, Stuff};
use xtask_core::digest::Digest;
use xtask_core::lock::Lock;
use xtask_core::platform::Platform;
use xtask_image::gzip_v1::ENCODER_ID;

/// Raised when the way from inputs to a tree changes, so that no old memory is believed.
const FORM: &str = "layer-2";

/// The digests of sources that were read already: they are the same for every platform.
pub(super) type Sources = RefCell<BTreeMap<String, Digest>>;

/// The key of `layer` on `platform`.
pub(super) fn layer_key(
    world: &World<'_>,
    layer: &Layer,
    lock: &Lock,
    platform: Platform,
    sources: &Sources,
) -> Result<Digest> {
    let inputs = inputs(world, layer, lock, platform, sources)?;
    let platform = match &layer.stuff {
        // What a service builds is the same for all platforms.
        Stuff::Build { .. } => "any".to_owned(),
        _ => platform.to_string(),
    };
    let text = format!("{FORM}\n{ENCODER_ID}\n{platform}\n{layer:?}\n{inputs}");
    Ok(Digest::of(text.as_bytes()))
}

fn inputs(
    world: &World<'_>,
    layer: &Layer,
    lock: &Lock,
    platform: Platform,
    sources: &Sources,
) -> Result<String> {
    let root = &world.places.root;
    match &layer.stuff {
        Stuff::Debian(_) => {
            let scripts = digest_of(&root.join(scripts::SCRIPTS_FILE))?;
            let packages = stage::locked(layer, lock, platform)?;
            // What the lock says of other platforms decides into which half a package goes.
            Ok(format!("{scripts}\n{packages:?}\n{:?}", lock.neutral(layer)))
        }
        Stuff::Npm { path, .. } => {
            let own = locks::own_folders(world, path, &locks::npm_lock(world, path)?)?;
            let own: String = own.iter().map(|it| format!("{} {}\n", it.link, it.digest)).collect();
            let folder = root.join(path);
            let inputs = npm::INPUTS.iter().map(|input| digest_of_any(&folder.join(input)));
            Ok(inputs.collect::<Result<String>>()? + &own)
        }
        Stuff::Wheels { requirements, .. } => {
            let files = locks::requirements(world, requirements)?.files;
            let (glibc, on) = (stage::glibc(lock, platform), locks::environment(lock, platform));
            Ok(format!("{files:?}\n{glibc:?}\n{on}"))
        }
        Stuff::Build { path, .. } | Stuff::Files { path, .. } => {
            if let Stuff::Build { .. } = &layer.stuff {
                let _usable = locks::npm_lock(world, path)?;
            }
            if let Some(known) = sources.borrow().get(path) {
                return Ok(known.to_string());
            }
            let (digest, _) = source_key(world, path)?;
            sources.borrow_mut().insert(path.clone(), digest);
            Ok(digest.to_string())
        }
    }
}

fn digest_of(path: &Path) -> Result<String> {
    Ok(Digest::of(files::read(path)?.as_bytes()).to_string())
}

/// The digest of a file, or of nothing where there is none.
fn digest_of_any(path: &Path) -> Result<String> {
    let text = files::read_if_there(path)?.unwrap_or_default();
    Ok(format!("{}\n", Digest::of(text.as_bytes())))
}

/// However large the file, only a piece of it is in memory.
fn digest_of_file(path: &Path) -> std::io::Result<Digest> {
    let mut hasher = Sha256::new();
    std::io::copy(&mut std::fs::File::open(path)?, &mut hasher)?;
    Ok(Digest::from_bytes(hasher.finalize().into()))
}

/// The digest of every source file below `path`, and their paths relative to it.
pub(super) fn source_key(world: &World<'_>, path: &str) -> Result<(Digest, Vec<String>)> {
    let mut text = String::new();
    let mut sources = Vec::new();
    for file in git::files(&world.shell, path)? {
        let full = world.places.file(&file);
        // A file that git knows and that was removed from the tree is no source any more.
        if !files::is_file(&full)? {
            continue;
        }
        let digest = digest_of_file(&full).or_outside(|| format!("failed to read `{file}`"))?;
        let relative = file.strip_prefix(path).unwrap_or(&file).trim_start_matches('/').to_owned();
        let runs = files::is_executable(&full)?;
        text.push_str(&format!("{relative} {runs} {digest}\n"));
        sources.push(relative);
    }
    Ok((Digest::of(text.as_bytes()), sources))
}
