//! push: blobs first, tags last; what the registry has is not sent.

use super::site::Site;
use crate::edge::registry::{Blobs, Push, PushEvent, PushReceipt, RegistryError};
use crate::error::{Context as _, Failure, Result};
use crate::image::Built;
use crate::report::Phase;
use std::collections::BTreeMap;
use std::io::Read;
use xtask_core::descriptor::Descriptor;
use xtask_core::digest::Digest;
use xtask_core::plan::Count;
use xtask_core::reference::{Repository, Tag};
use xtask_core::release::ReleasedImage;
use xtask_image::image::Manifest;
use xtask_image::layout::Layout;

/// Where blobs are read from when they are sent.
struct FromLayout<'a>(&'a Layout);

impl Blobs for FromLayout<'_> {
    fn open(&self, digest: &Digest) -> std::io::Result<Box<dyn Read + Send>> {
        let file = self.0.open_blob(digest).map_err(std::io::Error::other)?;
        Ok(Box::new(file))
    }
}

/// Pushes every image under the tag `version`.
pub fn services(
    site: &Site<'_>,
    built: &BTreeMap<String, Built>,
    version: &Tag,
) -> Result<BTreeMap<String, ReleasedImage>> {
    let phase = site.world.report.phase("push");
    let failed = || "failed to open the image layout".to_owned();
    let layout = Layout::open_or_create(site.world.places.layout()).or_outside(failed)?;
    let mut released = BTreeMap::new();
    let (mut uploaded, mut sent, mut requests) = (0, 0, 0);
    for (service, image) in built {
        let repository = repository(site, service)?;
        let receipt = push(site, &layout, &repository, image, version, &phase)?;
        uploaded += receipt.uploaded.len();
        sent += receipt.bytes_sent;
        requests += receipt.requests;
        let platforms =
            image.manifests.iter().map(|(platform, it)| (*platform, it.digest)).collect();
        let index = receipt.root;
        released.insert(service.clone(), ReleasedImage { repository, index, platforms });
    }
    phase.done(&format!(
        "{} sent, {:.1} MB, {}",
        Count(uploaded, "blob"),
        sent as f64 / 1e6,
        Count(requests as usize, "request")
    ));
    Ok(released)
}

/// The repository of `service` in the environment's registry.
pub fn repository(site: &Site<'_>, service: &str) -> Result<Repository> {
    let joined = site.environment.registry.join(service);
    joined.or_usage(|| format!("cannot name the repository of `{service}`"))
}

fn push(
    site: &Site<'_>,
    layout: &Layout,
    repository: &Repository,
    image: &Built,
    version: &Tag,
    phase: &Phase<'_>,
) -> Result<PushReceipt> {
    let push = gather(layout, image, version)?;
    let progress = |event: PushEvent| speak(phase, &image.name, event);
    let pushed = site.registry().push_image(repository, &push, &FromLayout(layout), &progress);
    pushed.map_err(|error| refused(repository, &error))
}

/// A registry's refusal with its cure.
pub fn refused(repository: &Repository, error: &RegistryError) -> Failure {
    let failure = Failure::outside(format!("failed to push to `{repository}`")).because(error);
    match error.hint() {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}

fn speak(phase: &Phase<'_>, image: &str, event: PushEvent) {
    match event {
        PushEvent::Sending(blob) => {
            phase.doing(&format!("{image}: sending {}", blob.digest.short()));
        }
        PushEvent::Waiting(why, pause) => {
            phase.note(&format!("{why}; trying again in {:.1} s", pause.as_secs_f64()));
        }
        PushEvent::Warning(text) => phase.note(&format!("the registry says: {text}")),
        PushEvent::Chunked(_, why) => phase.note(&format!("sending in chunks: {why}")),
        _ => {}
    }
}

/// Every document and blob of the image, children before parents.
fn gather(layout: &Layout, image: &Built, version: &Tag) -> Result<Push> {
    let read = |descriptor: &Descriptor| {
        let failed = || format!("failed to read `{}` from the layout", descriptor.digest);
        layout.read_blob(descriptor).or_outside(failed)
    };
    let (mut manifests, mut blobs) = (Vec::new(), Vec::new());
    for (_, descriptor) in &image.manifests {
        let bytes = read(descriptor)?;
        let manifest: Manifest = serde_json::from_slice(&bytes)
            .or_outside(|| format!("failed to read manifest `{}`", descriptor.digest))?;
        blobs.push(manifest.config);
        blobs.extend(manifest.layers);
        manifests.push((descriptor.clone(), bytes));
    }
    blobs.sort_by_key(|blob: &Descriptor| blob.digest);
    blobs.dedup_by_key(|blob| blob.digest);
    manifests.push((image.index.clone(), read(&image.index)?));
    let latest = "latest".parse().expect("a tag");
    let tags = vec![version.clone(), latest];
    Ok(Push { root: image.index.clone(), manifests, blobs, tags, mount_from: Vec::new() })
}
