//! What is said about a built image: how it was made, and what it is made of.

use crate::edge::clock;
use crate::edge::files;
use crate::edge::git::Checkout;
use crate::edge::npm;
use crate::error::Result;
use crate::image::{SOURCE_LABEL, StoredImage, inventory, list_files, locks};
use crate::world::{World, lock_file};
use std::collections::BTreeMap;
use xtask_core::descriptor::Descriptor;
use xtask_core::digest::Digest;
use xtask_core::image::definition::{Definition, Stuff};
use xtask_core::trust::attestation::provenance::{self, Provenance};
use xtask_core::trust::attestation::{Statement, Subject};
use xtask_core::trust::sbom::Format;
use xtask_image::gzip_v1::ENCODER_ID;

/// A statement, and the manifests that it is attached to.
#[derive(Clone, Debug)]
pub struct Claim {
    /// What it is about: each of these is among its subjects.
    pub subjects: Vec<Descriptor>,
    /// What is said.
    pub statement: Statement,
}

impl Claim {
    /// How many statements `claims` are, one for each subject.
    pub fn count(claims: &[Self]) -> usize {
        claims.iter().map(|claim| claim.subjects.len()).sum()
    }
}

/// Everything that is said about `image`, which was built from `checkout`: provenance about the
/// index and each manifest, and of each manifest what it is made of, in both formats.
pub fn claims(world: &World<'_>, image: &StoredImage, checkout: &Checkout) -> Result<Vec<Claim>> {
    let mut everything = vec![image.index.clone()];
    everything.extend(image.platforms.iter().map(|on| on.manifest.clone()));
    let predicate = provenance(world, image, checkout)?.predicate();
    let mut claims = vec![claim(image, everything, provenance::PREDICATE_TYPE, predicate)];
    for on in &image.platforms {
        let inventory = inventory(world, image, on)?;
        claims.extend(Format::ALL.map(|format| {
            let subjects = vec![on.manifest.clone()];
            claim(image, subjects, format.predicate_type(), format.document(&inventory))
        }));
    }
    Ok(claims)
}

fn claim(
    image: &StoredImage,
    subjects: Vec<Descriptor>,
    predicate_type: &str,
    predicate: serde_json::Value,
) -> Claim {
    let named = subjects.iter().map(|it| Subject::new(&image.name, &it.digest)).collect();
    Claim { subjects, statement: Statement::new(named, predicate_type, predicate) }
}

fn provenance(world: &World<'_>, image: &StoredImage, checkout: &Checkout) -> Result<Provenance> {
    let definition = world.definition(&image.name)?;
    let labels = &definition.config.labels;
    let repository = labels.iter().find(|(key, _)| key == SOURCE_LABEL).map(|(_, url)| url.clone());
    let lock = world.lock(&image.name)?;
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    Ok(Provenance {
        image: image.name.clone(),
        platforms: image.platforms.iter().map(|on| on.platform).collect(),
        builder: builder(repository.as_deref(), variable),
        repository,
        commit: checkout.commit.clone(),
        dirty_tree: checkout.dirty_tree.clone(),
        inputs: inputs(world, &definition)?,
        tool: concat!("xtask ", env!("CARGO_PKG_VERSION")).to_owned(),
        encoder: ENCODER_ID.to_owned(),
        archive_time: lock.map(|lock| lock.archive_time).unwrap_or_default(),
        invocation: invocation(variable),
        finished: clock::now(),
    })
}

/// Who builds the image called `name` here.
pub fn who_builds(world: &World<'_>, name: &str) -> Result<String> {
    let labels = world.definition(name)?.config.labels;
    let repository =
        labels.iter().find(|(key, _)| key.as_str() == SOURCE_LABEL).map(|(_, url)| url.as_str());
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    Ok(builder(repository, variable))
}

/// Who builds: the workflow that GitHub says it runs, or somebody's machine.
fn builder(repository: Option<&str>, variable: impl Fn(&str) -> Option<String>) -> String {
    match (variable("GITHUB_SERVER_URL"), variable("GITHUB_WORKFLOW_REF")) {
        (Some(server), Some(workflow)) => format!("{server}/{workflow}"),
        _ => format!("{}/builders/local", repository.unwrap_or("https://localhost")),
    }
}

/// Which run of the workflow it is.
fn invocation(variable: impl Fn(&str) -> Option<String>) -> Option<String> {
    let (server, repository) = (variable("GITHUB_SERVER_URL")?, variable("GITHUB_REPOSITORY")?);
    let (run, attempt) = (variable("GITHUB_RUN_ID")?, variable("GITHUB_RUN_ATTEMPT")?);
    Some(format!("{server}/{repository}/actions/runs/{run}/attempts/{attempt}"))
}

/// Every file that decides what goes into the image, by digest.
fn inputs(world: &World<'_>, definition: &Definition) -> Result<BTreeMap<String, Digest>> {
    let name = &definition.name;
    let mut paths = vec![
        format!("images/{name}.toml"),
        lock_file(name),
        "images/debian-scripts.toml".to_owned(),
    ];
    paths.extend(definition.base.iter().map(|base| format!("images/bases/{base}.toml")));
    for layer in &definition.layers {
        paths.extend(list_files(world, layer)?);
        if let Stuff::Build { path, .. } = &layer.stuff
            && locks::asks_npm(world, path)?
        {
            paths.push(format!("{path}/{}", npm::LOCK));
        }
    }
    let digest = |path: String| {
        let text = files::read(&world.places.file(&path))?;
        Ok((path, Digest::of(text.as_bytes())))
    };
    let digests: Result<_> = paths.into_iter().map(digest).collect();
    digests.map_err(|failure| failure.during(format!("failed to read what makes image `{name}`")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_workflow_is_named_where_there_is_one() {
        let variables = [
            ("GITHUB_SERVER_URL", "https://github.com"),
            ("GITHUB_WORKFLOW_REF", "a/b/.github/workflows/release.yml@refs/heads/main"),
            ("GITHUB_REPOSITORY", "a/b"),
            ("GITHUB_RUN_ID", "7"),
            ("GITHUB_RUN_ATTEMPT", "1"),
        ];
        let in_actions = |name: &str| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        let wanted = "https://github.com/a/b/.github/workflows/release.yml@refs/heads/main";
        assert_eq!(builder(None, in_actions), wanted);
        let run = invocation(in_actions);
        assert_eq!(run.as_deref(), Some("https://github.com/a/b/actions/runs/7/attempts/1"));
        assert_eq!(builder(Some("https://x/y"), |_| None), "https://x/y/builders/local");
        assert_eq!(invocation(|_| None), None);
    }
}
