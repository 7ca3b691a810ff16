//! Two images held against each other: the platform, the layer, the file, the field, the byte.

use super::stored::{StoredImage, StoredLayer, StoredPlatform};
use crate::error::{Context as _, Result};
use serde::Serialize;
use serde_json::Value;
use std::io::BufReader;
use xtask_core::descriptor::{Descriptor, Skipped};
use xtask_core::digest::Digest;
use xtask_core::platform::Platform;
use xtask_image::difference::{self, Difference, Differences};
use xtask_image::layout::Layout;

/// Two images of one name.
#[derive(Clone, Debug, Serialize)]
pub struct Compared {
    /// The name of their definition.
    pub image: String,
    /// The first one's index.
    pub first: Digest,
    /// The second one's.
    pub second: Digest,
    /// In what they differ, causes only: a digest that follows from a named difference is not
    /// one of its own.
    pub differences: Vec<Found>,
    /// How many differences there are, those that are not listed included.
    pub count: usize,
    /// What the second one lists beside images of ours: it is not compared.
    pub skipped: Vec<Skipped>,
}

/// One difference and where it is.
#[derive(Clone, Debug, Serialize)]
pub struct Found {
    /// On which platform; none for the index.
    pub platform: Option<Platform>,
    /// `layer app`, `config`, `manifest` or `index`.
    pub part: String,
    /// What it is.
    #[serde(flatten)]
    pub difference: Difference,
}

impl Compared {
    /// Nothing is compared yet.
    pub(super) fn new(image: &str, first: Digest, second: Digest) -> Self {
        let (image, differences, skipped) = (image.to_owned(), Vec::new(), Vec::new());
        Self { image, first, second, differences, count: 0, skipped }
    }

    /// Whether both are the same bytes, what is skipped left aside.
    pub fn is_same(&self) -> bool {
        self.count == 0 && (self.first == self.second || !self.skipped.is_empty())
    }

    pub(super) fn add(&mut self, platform: Option<Platform>, part: &str, differences: Differences) {
        self.count += differences.count;
        let found = |difference| Found { platform, part: part.to_owned(), difference };
        self.differences.extend(differences.found.into_iter().map(found));
    }
}

/// The layers of `second` whose bytes must be there for `compare` to read.
pub fn differing_layers(first: &StoredImage, second: &StoredImage) -> Vec<Descriptor> {
    let mut differing = Vec::new();
    for (left, right) in pairs(first, second) {
        let both = left.layers.iter().zip(&right.layers);
        let both = both.filter(|(left, right)| left.descriptor.digest != right.descriptor.digest);
        differing.extend(both.map(|(_, right)| right.descriptor.clone()));
    }
    differing
}

/// Compares the platforms that both have; one that is missing is in the index.
pub fn compare(first: &StoredImage, second: &StoredImage) -> Result<Compared> {
    let mut compared = Compared::new(&first.name, first.index.digest, second.index.digest);
    compared.skipped.clone_from(&second.skipped);
    for (left, right) in pairs(first, second) {
        if left.manifest.digest != right.manifest.digest {
            platform(&mut compared, (first, left), (second, right))?;
        }
    }
    if compared.count == 0 && compared.first != compared.second {
        compared.add(None, "index", indexes(first, second)?);
    }
    Ok(compared)
}

/// In what two indexes differ, without the entries of the second one that are skipped.
fn indexes(first: &StoredImage, second: &StoredImage) -> Result<Differences> {
    if second.skipped.is_empty() {
        return documents((&first.layout, &first.index), (&second.layout, &second.index));
    }
    let failed = || format!("failed to compare index `{}`", second.index.digest);
    let read = |image: &StoredImage| -> Result<Value> {
        let bytes = image.layout.read_blob(&image.index).or_outside(failed)?;
        serde_json::from_slice(&bytes).or_outside(failed)
    };
    let (left, mut right) = (read(first)?, read(second)?);
    if let Some(entries) = right["manifests"].as_array_mut() {
        let is_skipped = |entry: &Value| {
            second.skipped.iter().any(|it| entry["digest"] == it.digest.to_string())
        };
        entries.retain(|entry| !is_skipped(entry));
    }
    Ok(difference::documents(left.to_string().as_bytes(), right.to_string().as_bytes()))
}

fn pairs<'a>(
    first: &'a StoredImage,
    second: &'a StoredImage,
) -> impl Iterator<Item = (&'a StoredPlatform, &'a StoredPlatform)> {
    first.platforms.iter().filter_map(|left| {
        Some((left, second.platforms.iter().find(|right| right.platform == left.platform)?))
    })
}

/// From the bottom up: what a layer explains is not said again of config and manifest.
fn platform(
    compared: &mut Compared,
    (first, left): (&StoredImage, &StoredPlatform),
    (second, right): (&StoredImage, &StoredPlatform),
) -> Result<()> {
    let on = Some(left.platform);
    let before = compared.count;
    for (one, other) in left.layers.iter().zip(&right.layers) {
        if one.descriptor.digest != other.descriptor.digest {
            let part = format!("layer {}", one.name);
            compared.add(on, &part, layers((first, one), (second, other))?);
        }
    }
    let explained = compared.count > before;
    let config = documents((&first.layout, &left.config), (&second.layout, &right.config))?;
    let config = without(config, explained, "rootfs.diff_ids[");
    compared.add(on, "config", config);
    if compared.count == before {
        let manifest =
            documents((&first.layout, &left.manifest), (&second.layout, &right.manifest))?;
        compared.add(on, "manifest", manifest);
    }
    Ok(())
}

/// Leaves out what follows from something `explained`.
pub(super) fn without(differences: Differences, explained: bool, consequence: &str) -> Differences {
    let Differences { mut found, count } = differences;
    let all = found.len();
    found.retain(|it| !explained || !it.path.starts_with(consequence));
    let count = count - (all - found.len());
    Differences { found, count }
}

fn layers(
    first: (&StoredImage, &StoredLayer),
    second: (&StoredImage, &StoredLayer),
) -> Result<Differences> {
    let failed = || format!("failed to compare layer `{}`", first.1.name);
    let open = |(image, layer): (&StoredImage, &StoredLayer)| {
        image.layout.open_blob(&layer.descriptor.digest).map(BufReader::new).or_outside(failed)
    };
    let differences = difference::layers(open(first)?, open(second)?).or_outside(failed)?;
    if !differences.is_empty() {
        return Ok(differences);
    }
    let packed = difference::gzips(open(first)?, open(second)?).or_outside(failed)?;
    let found: Vec<Difference> = packed.into_iter().collect();
    let count = found.len();
    Ok(Differences { found, count })
}

fn documents(first: (&Layout, &Descriptor), second: (&Layout, &Descriptor)) -> Result<Differences> {
    let read = |(layout, descriptor): (&Layout, &Descriptor)| {
        let failed = || format!("failed to read `{}`", descriptor.digest);
        layout.read_blob(descriptor).or_outside(failed)
    };
    Ok(difference::documents(&read(first)?, &read(second)?))
}
