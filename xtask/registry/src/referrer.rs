//! What is said about an image beside it: SBOMs, provenance. The image's digest never depends
//! on them. A registry that keeps such lists itself says so; for the others (GHCR among them)
//! the list is an index under the tag `sha256-<hex>`, kept by whoever adds to it.

use super::artifact::{Artifact, Parcel};
use super::auth::Scope;
use super::client::Registry;
use super::error::RegistryError;
use super::manifest::Place;
use super::session::Session;
use serde_json::{Value, json};
use xtask_core::descriptor::{Descriptor, media_type};
use xtask_core::digest::Digest;
use xtask_core::reference::{Name, Repository, Tag};

/// Two writers of one list may overwrite each other; each looks whether it was the one.
const TRIES: u32 = 5;

impl Registry {
    /// Attaches an artifact to `subject`, a manifest of the same repository. Attaching the same
    /// twice is attaching it once.
    pub async fn push_referrer(
        &self,
        repository: &Repository,
        subject: &Descriptor,
        artifact: Artifact<'_>,
    ) -> Result<Descriptor, RegistryError> {
        let parcel = Parcel::new(artifact, Some(subject));
        let (own, own_bytes) = parcel.push.manifests[0].clone();
        self.push_parcel(repository, parcel).await?;

        let (session, scope) = (&Session::quiet(self), &Scope::push(repository));
        let place = Place { session, scope, repository };
        let list = List { place, subject };
        if !list.is_kept_by_registry(&own, &own_bytes).await? {
            list.add(&entry(&own, artifact)).await?;
        }
        Ok(own)
    }

    /// The tag under which the list about `subject` is kept where the registry keeps none.
    pub fn referrers_tag(subject: &Digest) -> Tag {
        format!("sha256-{}", subject.hex()).parse().expect("hex digits are legal in a tag")
    }
}

/// The list of what is said about one subject.
struct List<'a> {
    place: Place<'a>,
    subject: &'a Descriptor,
}

impl List<'_> {
    /// Only `OCI-Subject` in the answer to a write can be trusted: some registries answer the
    /// query for referrers with a list that stays empty. Writing the same again changes nothing.
    async fn is_kept_by_registry(
        &self,
        own: &Descriptor,
        bytes: &[u8],
    ) -> Result<bool, RegistryError> {
        let name = Name::Digest(own.digest);
        let answer = self.place.put(&name, &own.media_type, bytes).await?;
        Ok(answer.header("oci-subject") == Some(self.subject.digest.to_string().as_str()))
    }

    async fn add(&self, entry: &Value) -> Result<(), RegistryError> {
        let name = Name::Tag(Registry::referrers_tag(&self.subject.digest));
        for _ in 0..TRIES {
            let mut entries = self.read(&name).await?;
            if entries.iter().any(|known| known["digest"] == entry["digest"]) {
                return Ok(());
            }
            entries.push(entry.clone());
            let index = json!({
                "schemaVersion": 2, "mediaType": media_type::INDEX, "manifests": entries,
            });
            let bytes = index.to_string().into_bytes();
            self.place.put(&name, media_type::INDEX, &bytes).await?;
        }
        let what = format!("the list `{name}`");
        let (wanted, found) = (entry["digest"].to_string(), "nothing of it".to_owned());
        let host = self.place.repository.registry().to_owned();
        Err(RegistryError::Mismatch { host, what, wanted, found })
    }

    async fn read(&self, name: &Name) -> Result<Vec<Value>, RegistryError> {
        let Some((_, bytes)) = self.place.get(name).await? else {
            return Ok(Vec::new());
        };
        let index: Value = serde_json::from_slice(&bytes).unwrap_or_default();
        index["manifests"].as_array().cloned().ok_or_else(|| RegistryError::Malformed {
            host: self.place.repository.registry().to_owned(),
            what: format!("the list `{name}`"),
            why: "it is no index".to_owned(),
        })
    }
}

fn entry(own: &Descriptor, artifact: Artifact<'_>) -> Value {
    let mut entry = json!({
        "mediaType": own.media_type, "digest": own.digest, "size": own.size,
        "artifactType": artifact.artifact_type,
    });
    if !artifact.annotations.is_empty() {
        entry["annotations"] = json!(artifact.annotations);
    }
    entry
}
