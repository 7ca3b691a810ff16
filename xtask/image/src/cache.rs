//! What need not be made again: input key → layer, and file → digest without reading it.
//!
//! A layer's key names everything that its bytes depend on. A file's digest is remembered by
//! what `stat` says, under git's rule: a file that changed within the clock's grain of being
//! read is not trusted, because a second change could leave the same times behind.

use crate::content::Content;
use crate::error::{Error, Result};
use crate::layer::{LayerBlob, LayerOptions, write_layer};
use crate::layout::Layout;
use crate::tree::Tree;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use xtask_core::descriptor::Descriptor;
use xtask_core::digest::Digest;

mod contents;
mod key;
mod stat;
mod store;

pub use key::layer_key;
use stat::Stat;
use store::Store;

/// Whether a layer had to be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Its tar was written and compressed now.
    Made,
    /// It was in the layout already.
    Reused,
}

pub use Origin::{Made, Reused};

/// A memory on disk. Losing it costs time, never correctness.
#[derive(Debug)]
pub struct Cache {
    layers: Mutex<Store<Digest, LayerBlob>>,
    contents: Mutex<Store<Stat, Digest>>,
}

impl Cache {
    /// Opens the cache in `dir`, making it if it is missing; unreadable lines are forgotten.
    pub fn open(dir: impl AsRef<Path>) -> Result<Self> {
        let dir = dir.as_ref();
        std::fs::create_dir_all(dir).map_err(Error::disk("make", dir))?;
        let layers = Mutex::new(Store::open(dir.join("layers.jsonl"))?);
        let contents = Mutex::new(Store::open(dir.join("contents.jsonl"))?);
        Ok(Self { layers, contents })
    }

    /// Writes what was learnt, together with what other builders wrote meanwhile.
    pub fn save(&self) -> Result<()> {
        locked(&self.contents).save()?;
        locked(&self.layers).save()
    }

    /// Whether `layout` holds what `descriptor` promises, byte for byte. A blob is read only if
    /// its file has changed since it was last read.
    pub fn verifies(&self, layout: &Layout, descriptor: &Descriptor) -> Result<bool> {
        if !layout.holds(descriptor) {
            return Ok(false);
        }
        let path = layout.blob_path(&descriptor.digest);
        let content = Content::Disk { path, size: descriptor.size };
        let known = contents::look(&[&content], self)?;
        Ok(known.iter().all(|known| known.digest == descriptor.digest))
    }

    fn layer(&self, key: &Digest) -> Option<LayerBlob> {
        locked(&self.layers).get(key)
    }
}

/// The layer of `tree` in `layout`, made at the default level only if it is not there yet.
pub fn cached_layer(tree: &Tree, layout: &Layout, cache: &Cache) -> Result<(LayerBlob, Origin)> {
    cached_layer_with(tree, layout, cache, LayerOptions::default())
}

/// As `cached_layer`, with other options; of these only the level is a part of the key.
pub fn cached_layer_with(
    tree: &Tree,
    layout: &Layout,
    cache: &Cache,
    options: impl Into<LayerOptions>,
) -> Result<(LayerBlob, Origin)> {
    let options = options.into();
    let contents = key::contents(tree);
    let known = contents::look(&contents, cache)?;
    let key = key::key_of(tree, options.gzip.level.encoder_id(), &known);
    if let Some(layer) = cache.layer(&key)
        && cache.verifies(layout, &layer.descriptor)?
    {
        cache.save()?;
        return Ok((layer, Reused));
    }
    let layer = write_layer(tree, layout, options)?;
    // A file that changed since it was looked at is in the layer, but its digest not in the key.
    if contents::unchanged(&contents, &known)? {
        locked(&cache.layers).put(key, layer.clone());
    }
    cache.save()?;
    Ok((layer, Made))
}

/// A store is whole after every call, so a panic elsewhere does not spoil it.
fn locked<T>(store: &Mutex<T>) -> MutexGuard<'_, T> {
    store.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
