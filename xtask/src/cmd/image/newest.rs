//! `image newest`: which images `latest` names, and from which commit they were made. The registry
//! is asked what, and only signatures are believed on where from.

use super::build::service_images;
use crate::attest::{AttestationStore, Believed, PublicKey, public_keys, verify};
use crate::edge::actions;
use crate::error::{Context as _, Failure, Result};
use crate::exit::Exit;
use crate::flags::ImageNewest;
use crate::world::World;
use serde_json::{Value, json};
use xtask_core::check::workflow::newest::{Origin, common};
use xtask_core::digest::Digest;
use xtask_core::reference::{Name, Repository};
use xtask_core::ship::release::{LATEST, version_of};

/// An image that `latest` names.
struct Latest {
    name: String,
    repository: Repository,
    digest: Digest,
    believed: Vec<Believed>,
}

pub(super) fn run(flags: &ImageNewest, world: &World<'_>) -> Result<Exit> {
    let keys = public_keys(world, &flags.key)?;
    let names = service_images(world).into_iter();
    let images = names.map(|name| latest(&flags.from, name, &keys)).collect::<Result<Vec<_>>>()?;
    let origins: Vec<Origin> = images.iter().map(Latest::origin).collect();
    let failed =
        || format!("cannot tell what the newest images in `{}` were made from", flags.from);
    let commit = common(&origins).or_refused(failed)?;
    let version = version_of(&commit, None);
    actions::output("commit", &commit)?;
    actions::output("version", &version)?;
    actions::page(&page(&commit, &images))?;
    let pins: Vec<String> = images.iter().map(Latest::pin).collect();
    let value = json!({
        "commit": commit, "version": version,
        "images": images.iter().map(Latest::value).collect::<Vec<Value>>(),
    });
    world.report.data(&value, &format!("{commit}\n{}", pins.join("\n")));
    Ok(Exit::Done)
}

fn latest(from: &Repository, name: String, keys: &[PublicKey]) -> Result<Latest> {
    let repository =
        from.join(&name).or_usage(|| format!("cannot name the repository of `{name}`"))?;
    let store = AttestationStore::of_repository(&repository)?;
    let tag = Name::Tag(LATEST.parse().expect("a tag"));
    let shown = format!("{repository}:{LATEST}");
    let image = store.resolve(&tag)?.ok_or_else(|| {
        Failure::refused(format!("cannot find `{shown}`: nothing has been pushed there"))
            .hint(format!("cargo xtask image push --to {from}"))
    })?;
    let believed = verify(&store, &shown, &name, &image, keys)?.believed;
    Ok(Latest { name, repository, digest: image.digest, believed })
}

impl Latest {
    fn pin(&self) -> String {
        self.repository.pin(self.digest).to_string()
    }

    /// The commits that are believed to make exactly this image.
    fn origin(&self) -> Origin {
        let about_it = self.believed.iter().filter(|it| it.subject == self.digest);
        (self.name.clone(), about_it.filter_map(|it| it.commit.clone()).collect())
    }

    fn value(&self) -> Value {
        json!({ "name": self.name, "reference": self.pin(), "digest": self.digest })
    }
}

/// What people see of a run that found them.
fn page(commit: &str, images: &[Latest]) -> String {
    let rows = images.iter().map(|it| format!("| {} | `{}` |\n", it.name, it.pin()));
    format!(
        "## Images of {commit}\n\n| image | reference |\n|---|---|\n{}\n",
        rows.collect::<String>()
    )
}
