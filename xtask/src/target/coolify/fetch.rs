//! Whether an image can be pulled: it is in the registry, for the server's platform.

use crate::error::{Context as _, Failure, Result, code};
use crate::runtime;
use serde::Deserialize;
use xtask_core::reference::Reference;
use xtask_registry::Registry;

const PLATFORM: (&str, &str) = ("linux", "amd64");

#[derive(Deserialize)]
struct Index {
    #[serde(default)]
    manifests: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    platform: Option<Platform>,
}

#[derive(Deserialize)]
struct Platform {
    os: String,
    architecture: String,
}

/// Refuses an image that Coolify could not pull.
pub(super) fn check(image: &Reference) -> Result<()> {
    let looking = || format!("failed to look for `{image}` in its registry");
    let registry = runtime::wait(Registry::of(&image.repository)).or_refused(looking)?;
    let found = runtime::wait(registry.manifest(image)).or_outside(looking)?;
    let Some((_, bytes)) = found else {
        return Err(refused(image, "the registry does not have it"));
    };
    let index: Index = serde_json::from_slice(&bytes).or_outside(looking)?;
    let is_for = |it: &Entry| {
        it.platform
            .as_ref()
            .is_some_and(|it| (it.os.as_str(), it.architecture.as_str()) == PLATFORM)
    };
    // A manifest that is no index is of one platform, which its build has chosen.
    if index.manifests.is_empty() || index.manifests.iter().any(is_for) {
        return Ok(());
    }
    Err(refused(image, "it is not for `linux/amd64`"))
}

fn refused(image: &Reference, why: &str) -> Failure {
    Failure::refused(format!("cannot deploy `{image}`: {why}"))
        .code(&code::DEPLOYMENT)
        .hint("build, push and release it for `linux/amd64`, then roll out that release")
}
