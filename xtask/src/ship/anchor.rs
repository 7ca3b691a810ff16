//! The head of a ledger in the registry, about the release that was moved to: where whoever may
//! edit the database may not edit it.

use super::site::Site;
use crate::error::{Context as _, Failure, Result};
use crate::image::refused;
use crate::runtime;
use std::collections::BTreeMap;
use std::time::Duration;
use xtask_core::descriptor::Descriptor;
use xtask_core::reference::{Repository, Tag};
use xtask_core::ship::ledger::{ANCHOR_TYPE, Anchor, Link};
use xtask_core::ship::release::{RELEASES_REPOSITORY, tag_of};
use xtask_image::image::Manifest;
use xtask_registry::{Artifact, Registry, RegistryError};

/// A registry that is slow does not hold a rollout up.
const LIMIT: Duration = Duration::from_secs(20);

/// What an anchor says, as annotations of its manifest.
const ENVIRONMENT: &str = "dev.xtask.ledger.environment";
const NUMBER: &str = "dev.xtask.ledger.number";
const DIGEST: &str = "dev.xtask.ledger.digest";

/// Puts `link`, the head of the ledger of `site`, beside the first of these releases that is there.
pub fn put(site: &Site<'_>, link: &Link, versions: &[&str]) -> Result<()> {
    let (registry, repository) = (site.registry()?, repository(site)?);
    let anchor = Anchor::of(site.name, link);
    let put = runtime::wait(async {
        tokio::time::timeout(LIMIT, attach(&registry, &repository, &anchor, versions)).await
    });
    put.or_outside(|| format!("failed to anchor the ledger in `{repository}`: no answer"))?
}

async fn attach(
    registry: &Registry,
    repository: &Repository,
    anchor: &Anchor,
    versions: &[&str],
) -> Result<()> {
    let failed = || format!("failed to anchor the ledger in `{repository}`");
    let mut subject = None;
    for version in versions {
        let tag = tag_of(version).or_outside(failed)?;
        let found = registry.head_manifest(&repository.tag(tag)).await;
        subject = found.map_err(|error| refused(failed(), &error))?;
        if subject.is_some() {
            break;
        }
    }
    let subject = subject.ok_or_else(|| {
        let named = versions.join("`, `");
        Failure::outside(failed()).reason(format!("no release of `{named}` is there"))
    })?;
    let annotations = BTreeMap::from([
        (ENVIRONMENT.to_owned(), anchor.environment.clone()),
        (NUMBER.to_owned(), anchor.number.to_string()),
        (DIGEST.to_owned(), anchor.digest.to_string()),
    ]);
    let bytes = serde_json::to_vec(anchor).expect("an anchor has only texts and numbers");
    let artifact = Artifact {
        artifact_type: ANCHOR_TYPE,
        media_type: ANCHOR_TYPE,
        bytes: &bytes,
        annotations: &annotations,
    };
    let pushed = registry.push_referrer(repository, &subject, artifact).await;
    pushed.map(drop).map_err(|error| refused(failed(), &error))
}

/// Every anchor in the registry of `site`. A registry that cannot be asked is a failure.
pub fn all(site: &Site<'_>) -> Result<Vec<Anchor>> {
    let (registry, repository) = (site.registry()?, repository(site)?);
    let failed = |error: &RegistryError| {
        refused(format!("failed to read the anchors in `{repository}`"), error)
    };
    let tags = runtime::wait(registry.tags(&repository)).map_err(|error| failed(&error))?;
    let parsed =
        tags.iter().map(|tag| tag.parse().or_outside(|| format!("failed to read tag `{tag}`")));
    about(site, parsed.collect::<Result<Vec<Tag>>>()?)
}

/// Those beside these releases, which is quick where there are many others.
pub fn of(site: &Site<'_>, versions: &[&str]) -> Result<Vec<Anchor>> {
    let failed = || "failed to name a release".to_owned();
    let tags = versions.iter().map(|version| tag_of(version).or_outside(failed));
    about(site, tags.collect::<Result<Vec<Tag>>>()?)
}

fn about(site: &Site<'_>, tags: Vec<Tag>) -> Result<Vec<Anchor>> {
    let (registry, repository) = (site.registry()?, repository(site)?);
    let failed = |error: &RegistryError| {
        refused(format!("failed to read the anchors in `{repository}`"), error)
    };
    let mut anchors = Vec::new();
    for tag in tags {
        let subject = runtime::wait(registry.head_manifest(&repository.tag(tag)));
        let Some(subject) = subject.map_err(|error| failed(&error))? else { continue };
        let listed = runtime::wait(registry.referrers(&repository, &subject.digest));
        for referrer in listed.map_err(|error| failed(&error))? {
            anchors.extend(read(&registry, &repository, &referrer, &failed)?);
        }
    }
    Ok(anchors)
}

/// What `referrer` says, if it is an anchor. One that is listed and gone says nothing.
fn read(
    registry: &Registry,
    repository: &Repository,
    referrer: &Descriptor,
    failed: &dyn Fn(&RegistryError) -> Failure,
) -> Result<Option<Anchor>> {
    let found = runtime::wait(registry.manifest(&repository.pin(referrer.digest)));
    let Some((_, bytes)) = found.map_err(|error| failed(&error))? else { return Ok(None) };
    let Ok(manifest) = serde_json::from_slice::<Manifest>(&bytes) else { return Ok(None) };
    if manifest.artifact_type.as_deref() != Some(ANCHOR_TYPE) {
        return Ok(None);
    }
    let unread = || format!("failed to read anchor `{}` in `{repository}`", referrer.digest);
    let value = |name: &str| {
        let found = manifest.annotations.get(name).cloned();
        found.ok_or_else(|| Failure::outside(unread()).reason(format!("it has no `{name}`")))
    };
    Ok(Some(Anchor {
        environment: value(ENVIRONMENT)?,
        number: value(NUMBER)?.parse().or_outside(unread)?,
        digest: value(DIGEST)?.parse().or_outside(unread)?,
    }))
}

fn repository(site: &Site<'_>) -> Result<Repository> {
    let joined = site.environment.registry.join(RELEASES_REPOSITORY);
    joined.or_usage(|| "cannot name the repository of releases".to_owned())
}
