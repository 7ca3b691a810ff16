//! What lies in the layout under a name, held against what was just built: byte for byte, because
//! a blob that was damaged still has the right name.

use super::compare::{Compared, without};
use super::stored::{StoredImage, StoredLayer, StoredPlatform};
use crate::error::{Context as _, Failure, Result};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader};
use xtask_core::descriptor::{Descriptor, media_type};
use xtask_core::digest::Digest;
use xtask_core::platform::Platform;
use xtask_image::Error;
use xtask_image::difference::{self, Differences};
use xtask_image::image::{Entries, Index, Manifest, index_bytes};
use xtask_image::layout::Layout;

/// An image of the layout, compared with what was built.
#[derive(Clone, Debug, Serialize)]
pub struct InLayout {
    /// What was built, and what lies there.
    #[serde(flatten)]
    pub compared: Compared,
    /// Platforms that lie there and were not built now, so that nothing is known of them.
    pub unchecked: Vec<Platform>,
}

/// Compares `built` with what its name names in `layout`; none if it names nothing. Platforms that
/// were built and do not lie there are no difference: `up` builds for one platform.
pub fn in_layout(built: &StoredImage, layout: &Layout) -> Result<Option<InLayout>> {
    let failed = || format!("failed to read image `{}` in the layout", built.name);
    let Some(named) = layout.resolve(&built.name).or_outside(failed)? else { return Ok(None) };
    let compared = Compared::new(&built.name, built.index.digest, named.digest);
    let mut reader = Reader { built, layout, result: InLayout { compared, unchecked: Vec::new() } };
    reader.image(&named).map_err(|failure| failure.during(failed()))?;
    Ok(Some(reader.result))
}

struct Reader<'a> {
    built: &'a StoredImage,
    layout: &'a Layout,
    result: InLayout,
}

impl Reader<'_> {
    fn add(&mut self, on: Option<Platform>, part: &str, differences: Differences) {
        self.result.compared.add(on, part, differences);
    }

    fn count(&self) -> usize {
        self.result.compared.count
    }

    fn image(&mut self, named: &Descriptor) -> Result<()> {
        let Some(bytes) = self.bytes(&named.digest)? else {
            self.add(None, "index", Differences::absent());
            return Ok(());
        };
        let index = serde_json::from_slice::<Index>(&bytes).ok();
        let listed = index.and_then(|index| index.entries().ok()).map(by_platform);
        let listed = listed.unwrap_or_default();
        for (platform, theirs) in &listed {
            match self.built.platforms.iter().find(|on| on.platform == *platform) {
                Some(on) => self.platform(on, theirs)?,
                None => self.result.unchecked.push(*platform),
            }
        }
        let wanted = self.wanted(listed)?;
        self.result.compared.first = Digest::of(&wanted);
        if self.count() == 0 {
            self.add(None, "index", difference::documents(&wanted, &bytes));
        }
        if self.count() == 0 {
            let wanted = Descriptor::of(media_type::INDEX, &wanted);
            self.add(None, "name", named_differences(&wanted, named));
        }
        Ok(())
    }

    /// The index over the platforms that lie there: of what was built where it was.
    fn wanted(&self, listed: BTreeMap<Platform, Descriptor>) -> Result<Vec<u8>> {
        let built = |platform| self.built.platforms.iter().find(|on| on.platform == platform);
        let ours = listed.into_iter().map(|(platform, theirs)| {
            (platform, built(platform).map_or(theirs, |on| on.manifest.clone()))
        });
        let ours: Vec<(Platform, Descriptor)> = ours.collect();
        if ours.is_empty() {
            return read(self.built, &self.built.index);
        }
        index_bytes(&ours).or_outside(|| "failed to write an index".to_owned())
    }

    /// From the bottom up: what a layer explains is not said again of config and manifest.
    fn platform(&mut self, on: &StoredPlatform, theirs: &Descriptor) -> Result<()> {
        let (platform, before) = (Some(on.platform), self.count());
        let Some(bytes) = self.bytes(&theirs.digest)? else {
            self.add(platform, "manifest", Differences::absent());
            return Ok(());
        };
        if let Ok(manifest) = serde_json::from_slice::<Manifest>(&bytes) {
            self.layers(on, &manifest)?;
            let explained = self.count() > before;
            let config = self.document(&on.config, &manifest.config.digest)?;
            self.add(platform, "config", without(config, explained, "rootfs.diff_ids["));
        }
        if self.count() == before {
            let ours = read(self.built, &on.manifest)?;
            self.add(platform, "manifest", difference::documents(&ours, &bytes));
        }
        Ok(())
    }

    fn layers(&mut self, on: &StoredPlatform, manifest: &Manifest) -> Result<()> {
        for (ours, theirs) in on.layers.iter().zip(&manifest.layers) {
            let differences = self.layer(ours, theirs)?;
            self.add(Some(on.platform), &format!("layer {}", ours.name), differences);
        }
        Ok(())
    }

    fn layer(&self, ours: &StoredLayer, theirs: &Descriptor) -> Result<Differences> {
        let failed = || format!("failed to compare layer `{}`", ours.name);
        let Some(file) = open(self.layout, &theirs.digest)? else {
            return Ok(Differences::absent());
        };
        let is_named_alike = ours.descriptor.digest == theirs.digest;
        if is_named_alike && self.is_whole(&ours.descriptor)? {
            return Ok(Differences::default());
        }
        let wanted = self.built.layout.open_blob(&ours.descriptor.digest).or_outside(failed)?;
        let sides = (BufReader::new(wanted), BufReader::new(file));
        let mut found = difference::damaged_layers(sides.0, sides.1).or_outside(failed)?;
        if is_named_alike || found.is_empty() {
            found.extend(self.packed(ours, theirs)?);
        }
        Ok(found)
    }

    fn is_whole(&self, descriptor: &Descriptor) -> Result<bool> {
        match self.layout.verify(descriptor) {
            Ok(()) => Ok(true),
            Err(Error::Corrupt { .. }) => Ok(false),
            Err(error) => Err(Failure::outside("failed to read a blob").because(&error)),
        }
    }

    /// The first byte in which the blobs themselves differ.
    fn packed(&self, ours: &StoredLayer, theirs: &Descriptor) -> Result<Differences> {
        let failed = || format!("failed to compare layer `{}`", ours.name);
        let open = |layout: &Layout, digest| {
            layout.open_blob(digest).map(BufReader::new).or_outside(failed)
        };
        let ours = open(&self.built.layout, &ours.descriptor.digest)?;
        let theirs = open(self.layout, &theirs.digest)?;
        let found: Vec<_> =
            difference::gzips(ours, theirs).or_outside(failed)?.into_iter().collect();
        let count = found.len();
        Ok(Differences { found, count })
    }

    fn document(&self, ours: &Descriptor, theirs: &Digest) -> Result<Differences> {
        let ours = read(self.built, ours)?;
        let theirs = self.bytes(theirs)?;
        Ok(theirs.map_or_else(Differences::absent, |it| difference::documents(&ours, &it)))
    }

    /// The bytes in the file of that name, whatever they are.
    fn bytes(&self, digest: &Digest) -> Result<Option<Vec<u8>>> {
        let path = self.layout.blob_path(digest);
        there(std::fs::read(&path), digest)
    }
}

fn by_platform(entries: Entries) -> BTreeMap<Platform, Descriptor> {
    let of_ours = |it: Descriptor| Some((it.our_platform()?, it));
    entries.images.into_iter().filter_map(of_ours).collect()
}

/// In what the layout's own index describes an image otherwise than it is.
fn named_differences(wanted: &Descriptor, named: &Descriptor) -> Differences {
    let mut differences = Differences::default();
    let fields = [
        ("digest", wanted.digest.to_string(), named.digest.to_string()),
        ("size", wanted.size.to_string(), named.size.to_string()),
        ("media type", wanted.media_type.clone(), named.media_type.clone()),
    ];
    for (field, wanted, found) in fields {
        if wanted != found {
            differences.extend(Differences::values(field, wanted, found));
        }
    }
    differences
}

fn read(built: &StoredImage, descriptor: &Descriptor) -> Result<Vec<u8>> {
    let failed = || format!("failed to read `{}`", descriptor.digest);
    built.layout.read_blob(descriptor).or_outside(failed)
}

fn open(layout: &Layout, digest: &Digest) -> Result<Option<File>> {
    there(File::open(layout.blob_path(digest)), digest)
}

/// Only a file that is not there is absent; one that cannot be read is a failure.
fn there<T>(read: io::Result<T>, digest: &Digest) -> Result<Option<T>> {
    match read {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => {
            Err(Failure::outside(format!("failed to read blob `{digest}`")).because(&error))
        }
    }
}
