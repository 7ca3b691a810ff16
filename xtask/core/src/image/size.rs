//! What weighs in an image: its files by layer, by package and by type, heaviest first.

mod kind;
mod package;
mod page;
mod treemap;

pub use kind::kind_of;
pub use package::{Family, Package, is_record};
pub use page::{Page, page};

use package::Owners;
use serde::Serialize;
use std::collections::BTreeMap;
use std::ops::AddAssign;

/// One file of a layer, as it stands in the layer's blob.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Its path, relative to the root of the image.
    pub path: String,
    /// Bytes of its content, without its header in the tar.
    pub unpacked: u64,
    /// How many bytes of the blob were read while it and its header were unpacked.
    pub packed: u64,
    /// What it is, as `kind_of` tells.
    pub kind: String,
}

/// The files of one layer, before anybody told whose they are.
#[derive(Clone, Debug, Default)]
pub struct LayerFiles {
    /// What the definition calls the layer.
    pub name: String,
    /// The size of its blob.
    pub packed: u64,
    /// Whether it holds what is written in this repository.
    pub own: bool,
    /// Its files, in any order.
    pub files: Vec<File>,
    /// Path and text of the files that `is_record` asks for.
    pub records: Vec<(String, String)>,
}

/// How much something weighs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Weight {
    /// Bytes once unpacked.
    pub unpacked: u64,
    /// Bytes inside the blobs.
    pub packed: u64,
    /// How many files.
    pub files: usize,
}

/// What an image weighs on one platform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Size {
    /// All of it.
    pub weight: Weight,
    /// Its layers, lowest first.
    pub layers: Vec<LayerSize>,
    /// Types of files, heaviest first.
    pub kinds: Vec<(String, Weight)>,
}

/// What a layer weighs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerSize {
    /// What the definition calls it.
    pub name: String,
    /// All of it.
    pub weight: Weight,
    /// What is in it, heaviest first.
    pub packages: Vec<PackageSize>,
}

/// What a package weighs in one layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackageSize {
    pub package: Package,
    /// All of it.
    pub weight: Weight,
    /// Its files, heaviest first.
    pub files: Vec<File>,
}

/// What a package weighs in the whole image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PackageTotal {
    #[serde(flatten)]
    pub package: Package,
    /// All of it.
    #[serde(flatten)]
    pub weight: Weight,
    /// The layers that hold some of it, lowest first.
    pub layers: Vec<String>,
}

impl Size {
    /// The account of an image whose layers are `layers`, lowest first.
    pub fn of(layers: Vec<LayerFiles>) -> Self {
        let mut kinds = BTreeMap::<String, Weight>::new();
        for file in layers.iter().flat_map(|layer| &layer.files) {
            *kinds.entry(file.kind.clone()).or_default() += Weight::of(file);
        }
        let layers: Vec<LayerSize> = layers.into_iter().map(LayerSize::of).collect();
        let weight = sum(layers.iter().map(|layer| layer.weight));
        let mut kinds: Vec<(String, Weight)> = kinds.into_iter().collect();
        kinds.sort_by_key(|(_, weight)| heaviest_first(*weight));
        Self { weight, layers, kinds }
    }

    /// What the weight comes from: every package, heaviest first.
    pub fn packages(&self) -> Vec<PackageTotal> {
        let mut packages = BTreeMap::<&Package, PackageTotal>::new();
        for layer in &self.layers {
            for PackageSize { package, weight, .. } in &layer.packages {
                let nothing = || PackageTotal {
                    package: package.clone(),
                    weight: Weight::default(),
                    layers: Vec::new(),
                };
                let total = packages.entry(package).or_insert_with(nothing);
                total.weight += *weight;
                total.layers.push(layer.name.clone());
            }
        }
        let mut packages: Vec<PackageTotal> = packages.into_values().collect();
        packages.sort_by_key(|total| heaviest_first(total.weight));
        packages
    }
}

impl LayerSize {
    fn of(layer: LayerFiles) -> Self {
        let owners = Owners::of(&layer);
        let mut packages = BTreeMap::<Package, Vec<File>>::new();
        for file in layer.files {
            packages.entry(owners.owner(&file.path)).or_default().push(file);
        }
        let mut packages: Vec<PackageSize> = packages.into_iter().map(PackageSize::of).collect();
        packages.sort_by_key(|package| heaviest_first(package.weight));
        let files = sum(packages.iter().map(|package| package.weight));
        // The blob also holds folders, links and the end of the tar.
        Self { name: layer.name, weight: Weight { packed: layer.packed, ..files }, packages }
    }
}

impl PackageSize {
    fn of((package, mut files): (Package, Vec<File>)) -> Self {
        files.sort_by(|left, right| {
            right.unpacked.cmp(&left.unpacked).then_with(|| left.path.cmp(&right.path))
        });
        let weight = sum(files.iter().map(Weight::of));
        Self { package, weight, files }
    }
}

impl Weight {
    fn of(file: &File) -> Self {
        Self { unpacked: file.unpacked, packed: file.packed, files: 1 }
    }
}

impl AddAssign for Weight {
    fn add_assign(&mut self, other: Self) {
        self.unpacked += other.unpacked;
        self.packed += other.packed;
        self.files += other.files;
    }
}

fn sum(weights: impl Iterator<Item = Weight>) -> Weight {
    weights.fold(Weight::default(), |mut sum, weight| {
        sum += weight;
        sum
    })
}

/// Sorting is stable, so what weighs the same stays in the order of its name.
fn heaviest_first(weight: Weight) -> std::cmp::Reverse<u64> {
    std::cmp::Reverse(weight.unpacked)
}

/// `12.3 MB`, in millions of bytes as budgets are; below 0.1 MB in kB.
pub fn megabytes(bytes: u64) -> String {
    let tenths = |unit: u64| (bytes + unit / 20) / (unit / 10);
    let (unit, name) = if bytes < 100_000 { (1_000, "kB") } else { (1_000_000, "MB") };
    format!("{}.{} {name}", tenths(unit) / 10, tenths(unit) % 10)
}

#[cfg(test)]
mod tests;
