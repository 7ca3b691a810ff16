//! push: blobs first, tags last; what the registry has is not sent.

use super::site::Site;
use crate::error::{Context as _, Result};
use crate::image::{Built, Pushing};
use std::collections::BTreeMap;
use xtask_core::plan::Count;
use xtask_core::reference::{Repository, Tag};
use xtask_core::ship::release::{LATEST, ReleasedImage};
use xtask_image::layout::Layout;

/// Pushes every image under the tag `version`.
pub fn services(
    site: &Site<'_>,
    built: &BTreeMap<String, Built>,
    version: &Tag,
) -> Result<BTreeMap<String, ReleasedImage>> {
    let phase = site.world.report.phase("push");
    let failed = || "failed to open the image layout".to_owned();
    let layout = Layout::open_or_create(site.world.places.layout()).or_outside(failed)?;
    let tags = [version.clone(), LATEST.parse().expect("a tag")];
    let registry = site.registry()?;
    let mut pushing = Pushing::new(&registry, layout, &tags);
    let mut released = BTreeMap::new();
    let (mut uploaded, mut sent, mut requests) = (0, 0, 0);
    for (service, image) in built {
        let repository = repository(site, service)?;
        let receipt = pushing.push(image, &repository, &phase)?;
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
