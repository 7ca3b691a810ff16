//! An image in a registry: its documents are fetched at once, its layers only where they are
//! wanted.

use super::push::refused;
use super::stored::{StoredImage, stored_image_in};
use crate::error::{Context as _, Failure, Result};
use crate::runtime;
use serde_json::Value;
use std::io::{BufWriter, Write as _};
use tempfile::TempDir;
use xtask_core::descriptor::{Descriptor, Skipped, media_type};
use xtask_core::platform::{AnyPlatform, Platform};
use xtask_core::reference::{Reference, Repository};
use xtask_image::image::{Index, Manifest, write_index};
use xtask_image::layout::Layout;
use xtask_registry::Registry;

const TITLE: &str = "org.opencontainers.image.title";
/// What it is called in a layout that holds nothing else.
const NAME: &str = "pulled";

/// An image of a registry, in a layout that goes with its value.
#[derive(Debug)]
pub struct Pulled {
    registry: Registry,
    repository: Repository,
    layout: Layout,
    /// What the reference names: an index or a manifest.
    pub root: Descriptor,
    /// What it calls itself.
    pub title: Option<String>,
    /// What its index lists beside, which is no image for a platform of ours.
    pub skipped: Vec<Skipped>,
    platforms: Vec<(Platform, Descriptor)>,
    _folder: TempDir,
}

impl Pulled {
    /// Fetches index, manifests and configs of `reference`.
    pub fn read(reference: &Reference) -> Result<Self> {
        let repository = reference.repository.clone();
        let failed = || format!("failed to read `{reference}`");
        let registry = runtime::wait(Registry::of(&repository)).or_usage(failed)?;
        let folder = tempfile::tempdir().or_outside(failed)?;
        let layout = Layout::open_or_create(folder.path()).or_outside(failed)?;
        let found = runtime::wait(registry.manifest(reference))
            .map_err(|error| refused(failed(), &error))?;
        let Some((root, bytes)) = found else {
            return Err(Failure::outside(failed())
                .reason(format!("registry `{}` has nothing of that name", repository.registry())));
        };
        let (title, skipped, platforms) = (None, Vec::new(), Vec::new());
        let mut pulled =
            Self { registry, repository, layout, root, title, skipped, platforms, _folder: folder };
        pulled.keep(&pulled.root.media_type, &bytes)?;
        let read = if pulled.is_index() {
            pulled.read_index(&bytes)
        } else {
            pulled.read_manifest(&pulled.root.clone(), &bytes, None)
        };
        read.map_err(|failure| failure.during(failed()))?;
        Ok(pulled)
    }

    /// Whether the reference names an index, and not one manifest.
    pub fn is_index(&self) -> bool {
        media_type::is_index(&self.root.media_type)
    }

    /// The platforms it is for.
    pub fn platforms(&self) -> Vec<Platform> {
        self.platforms.iter().map(|(platform, _)| *platform).collect()
    }

    /// The image as `stored_image` reads one of ours.
    pub fn stored(&self) -> Result<StoredImage> {
        let failed = || "failed to read a pulled image".to_owned();
        let index = if self.is_index() {
            self.root.clone()
        } else {
            write_index(&self.layout, &self.platforms).or_outside(failed)?
        };
        self.layout.set_name(NAME, &index).or_outside(failed)?;
        let mut image = stored_image_in(self.layout.clone(), NAME)?;
        image.index = self.root.clone();
        Ok(image)
    }

    /// Fetches layers that were not fetched yet.
    pub fn fetch(&self, layers: &[Descriptor]) -> Result<()> {
        layers.iter().filter(|layer| !self.layout.holds(layer)).try_for_each(|layer| {
            let failed = || format!("failed to fetch layer `{}`", layer.digest);
            let mut writer = BufWriter::new(self.layout.blob_writer().or_outside(failed)?);
            let fetched =
                runtime::wait(self.registry.download(&self.repository, layer, &mut writer));
            fetched.map_err(|error| refused(failed(), &error))?;
            writer.flush().or_outside(failed)?;
            let writer = writer.into_inner().map_err(std::io::IntoInnerError::into_error);
            writer.or_outside(failed)?.finish(&layer.media_type).or_outside(failed)?;
            Ok(())
        })
    }

    fn read_index(&mut self, bytes: &[u8]) -> Result<()> {
        let index: Index = parse("index", bytes)?;
        let entries = index.entries().or_outside(|| "there is no image in it".to_owned())?;
        self.skipped = entries.skipped;
        for manifest in entries.images {
            let reference = self.repository.pin(manifest.digest);
            let failed = || format!("failed to read manifest `{}`", manifest.digest);
            let found = runtime::wait(self.registry.manifest(&reference))
                .map_err(|it| refused(failed(), &it))?;
            let (_, bytes) = found.ok_or_else(|| Failure::outside(failed()))?;
            self.keep(&manifest.media_type, &bytes)?;
            self.read_manifest(&manifest, &bytes, manifest.our_platform())?;
        }
        Ok(())
    }

    fn read_manifest(
        &mut self,
        descriptor: &Descriptor,
        bytes: &[u8],
        platform: Option<Platform>,
    ) -> Result<()> {
        let manifest: Manifest = parse("manifest", bytes)?;
        let failed = || format!("failed to read config `{}`", manifest.config.digest);
        let config = runtime::wait(self.registry.blob(&self.repository, &manifest.config));
        let config = config.map_err(|error| refused(failed(), &error))?;
        self.keep(&manifest.config.media_type, &config)?;
        let document: Value = parse("config", &config)?;
        let title = document["config"]["Labels"][TITLE].as_str();
        self.title = self.title.take().or(title.map(ToOwned::to_owned));
        let platform = match platform {
            Some(platform) => platform,
            None => ours(&parse("config", &config)?)?,
        };
        self.platforms.push((platform, descriptor.clone()));
        Ok(())
    }

    fn keep(&self, media_type: &str, bytes: &[u8]) -> Result<()> {
        let kept = self.layout.write_blob(media_type, bytes);
        kept.map(drop).or_outside(|| "failed to keep a document of an image".to_owned())
    }
}

fn ours(platform: &AnyPlatform) -> Result<Platform> {
    let known = Platform::ALL.map(|it| it.to_string()).join("`, `");
    platform
        .ours()
        .ok_or_else(|| Failure::outside(format!("it is for `{platform}`; we build for `{known}`")))
}

fn parse<T: serde::de::DeserializeOwned>(what: &str, bytes: &[u8]) -> Result<T> {
    serde_json::from_slice(bytes).or_outside(|| format!("its {what} is not one of ours"))
}
