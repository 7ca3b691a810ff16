//! An image that is in the layout: its documents read, its layers by name.

use crate::error::{Context as _, Failure, Result};
use crate::world::World;
use serde::de::DeserializeOwned;
use xtask_core::descriptor::{Descriptor, Skipped};
use xtask_core::digest::Digest;
use xtask_core::platform::Platform;
use xtask_image::image::{Index, Manifest, ReadConfig};
use xtask_image::layout::Layout;

/// An image in the layout, every document of it verified by its digest.
#[derive(Clone, Debug)]
pub struct StoredImage {
    /// The name of its definition.
    pub name: String,
    /// Where its blobs are.
    pub layout: Layout,
    pub index: Descriptor,
    /// What it is on each platform, amd64 first.
    pub platforms: Vec<StoredPlatform>,
    /// What its index lists beside, which is no image for a platform of ours.
    pub skipped: Vec<Skipped>,
}

/// An image for one platform.
#[derive(Clone, Debug)]
pub struct StoredPlatform {
    pub platform: Platform,
    pub manifest: Descriptor,
    pub config: Descriptor,
    /// Its layers, lowest first.
    pub layers: Vec<StoredLayer>,
}

/// A layer of an image.
#[derive(Clone, Debug)]
pub struct StoredLayer {
    /// What the definition calls it.
    pub name: String,
    /// The compressed bytes.
    pub descriptor: Descriptor,
    /// The digest before compression.
    pub diff_id: Digest,
}

impl StoredImage {
    /// Reads every blob of it again, and refuses one that is not what its name says.
    pub fn check(&self) -> Result<()> {
        let documents = self.platforms.iter().flat_map(|on| [&on.manifest, &on.config]);
        let layers = self.platforms.iter().flat_map(|on| &on.layers).map(|it| &it.descriptor);
        let mut blobs: Vec<&Descriptor> =
            [&self.index].into_iter().chain(documents).chain(layers).collect();
        blobs.sort_by_key(|blob| blob.digest);
        blobs.dedup_by_key(|blob| blob.digest);
        blobs.into_iter().try_for_each(|blob| {
            let cannot = || format!("cannot use image `{}`: it is damaged", self.name);
            let checked = self.layout.verify(blob).or_refused(cannot);
            checked
                .map_err(|failure| failure.hint(format!("cargo xtask image build {}", self.name)))
        })
    }
}

/// The image called `name` as it was built last.
pub fn stored_image(world: &World<'_>, name: &str) -> Result<StoredImage> {
    world.definition(name)?;
    let failed = || format!("failed to read image `{name}` in the layout");
    match Layout::open(world.places.layout()).or_outside(failed)? {
        Some(layout) => stored_image_in(layout, name),
        None => Err(not_built(name)),
    }
}

fn not_built(name: &str) -> Failure {
    Failure::usage(format!("cannot read image `{name}`: it is not built"))
        .hint(format!("cargo xtask image build {name}"))
}

/// The image called `name` in `layout`.
pub fn stored_image_in(layout: Layout, name: &str) -> Result<StoredImage> {
    let failed = || format!("failed to read image `{name}` in the layout");
    let index = layout.resolve(name).or_outside(failed)?.ok_or_else(|| not_built(name))?;
    let read = || -> Result<(Vec<StoredPlatform>, Vec<Skipped>)> {
        let entries = parse::<Index>(&layout, &index)?.entries();
        let entries = entries.or_outside(|| format!("failed to read `{}`", index.digest))?;
        let platforms = entries.images.iter().map(|manifest| platform(&layout, manifest));
        Ok((platforms.collect::<Result<_>>()?, entries.skipped))
    };
    let (platforms, skipped) = read().map_err(|failure| failure.during(failed()))?;
    Ok(StoredImage { name: name.to_owned(), layout, index, platforms, skipped })
}

fn platform(layout: &Layout, descriptor: &Descriptor) -> Result<StoredPlatform> {
    let strange = || {
        Failure::outside(format!("manifest `{}` is not one of ours", descriptor.digest))
            .hint("`cargo xtask image build` makes it anew")
    };
    let manifest: Manifest = parse(layout, descriptor)?;
    let config: ReadConfig = parse(layout, &manifest.config)?;
    let names = config.layer_names().ok_or_else(strange)?;
    let layers = names.into_iter().zip(config.diff_ids()).zip(&manifest.layers);
    let layers = layers.map(|((name, diff_id), descriptor)| StoredLayer {
        name: name.to_owned(),
        descriptor: descriptor.clone(),
        diff_id: *diff_id,
    });
    Ok(StoredPlatform {
        platform: descriptor.our_platform().ok_or_else(strange)?,
        manifest: descriptor.clone(),
        config: manifest.config.clone(),
        layers: layers.collect(),
    })
}

fn parse<T: DeserializeOwned>(layout: &Layout, descriptor: &Descriptor) -> Result<T> {
    let failed = || format!("failed to read `{}`", descriptor.digest);
    serde_json::from_slice(&layout.read_blob(descriptor).or_outside(failed)?).or_outside(failed)
}
