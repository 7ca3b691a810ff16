//! Manifests and indexes: asked for, read and put, and never believed without their digest.

use super::auth::Scope;
use super::client::Registry;
use super::error::{RegistryError, host};
use super::session::Session;
use super::wire::{Answer, Ask, Body};
use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_LENGTH, CONTENT_TYPE};
use http::{Method, Uri};
use serde::Deserialize;
use xtask_core::descriptor::{Descriptor, media_type};
use xtask_core::digest::Digest;
use xtask_core::reference::{Name, Reference, Repository};

/// Every kind of manifest that we can make something of, Docker's own included.
const ACCEPTED: &str = "application/vnd.oci.image.index.v1+json, \
    application/vnd.oci.image.manifest.v1+json, \
    application/vnd.docker.distribution.manifest.list.v2+json, \
    application/vnd.docker.distribution.manifest.v2+json";

/// One repository, as one session with one scope may use it.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) session: &'a Session<'a>,
    pub(super) scope: &'a Scope,
    pub(super) repository: &'a Repository,
}

impl Registry {
    /// Reads a manifest; `None` if there is none of that name.
    pub async fn manifest(
        &self,
        reference: &Reference,
    ) -> Result<Option<(Descriptor, Vec<u8>)>, RegistryError> {
        let (session, repository) = (&Session::quiet(self), &reference.repository);
        let scope = &Scope::pull(repository);
        Place { session, scope, repository }.get(&reference.name).await
    }

    /// Asks which manifest has that name, without reading it where the registry allows.
    pub async fn head_manifest(
        &self,
        reference: &Reference,
    ) -> Result<Option<Descriptor>, RegistryError> {
        let (session, repository) = (&Session::quiet(self), &reference.repository);
        let scope = &Scope::pull(repository);
        Place { session, scope, repository }.head(&reference.name).await
    }

    /// Writes a manifest. What it names must be there already.
    pub async fn put_manifest(
        &self,
        repository: &Repository,
        name: &Name,
        media_type: &str,
        bytes: &[u8],
    ) -> Result<Digest, RegistryError> {
        let (session, scope) = (&Session::quiet(self), &Scope::push(repository));
        Place { session, scope, repository }.put(name, media_type, bytes).await?;
        Ok(Digest::of(bytes))
    }

    /// Reads a blob into memory: a config, an artifact; never a layer.
    pub async fn blob(
        &self,
        repository: &Repository,
        descriptor: &Descriptor,
    ) -> Result<Vec<u8>, RegistryError> {
        let session = Session::quiet(self);
        let url = session.url(&format!("/v2/{}/blobs/{}", repository.path(), descriptor.digest))?;
        let ask = Ask::new(Method::GET, url).limit(descriptor.size);
        let answer = session.send(&Scope::pull(repository), &ask).await?.wanted(&[200])?;
        same(&answer.url, "a blob", &descriptor.digest, &Digest::of(&answer.body))?;
        Ok(answer.body)
    }

    /// Whether the registry says that it has a blob of that name.
    pub async fn has_blob(
        &self,
        repository: &Repository,
        digest: &Digest,
    ) -> Result<bool, RegistryError> {
        let session = Session::quiet(self);
        let url = session.url(&format!("/v2/{}/blobs/{digest}", repository.path()))?;
        let ask = Ask::new(Method::HEAD, url);
        let answer = session.send(&Scope::pull(repository), &ask).await?;
        Ok(answer.wanted(&[200, 404])?.status.as_u16() == 200)
    }
}

impl Place<'_> {
    /// What has that name, by its headers, or by its bytes where they say too little.
    pub(super) async fn head(&self, name: &Name) -> Result<Option<Descriptor>, RegistryError> {
        let ask = Ask::new(Method::HEAD, self.url(name)?).header(ACCEPT, ACCEPTED);
        let answer = self.session.send(self.scope, &ask).await?.wanted(&[200, 404, 405])?;
        if answer.status.as_u16() == 404 {
            return Ok(None);
        }
        let Some(found) = described(&answer) else {
            return Ok(self.get(name).await?.map(|(found, _)| found));
        };
        is_named(&answer.url, name, &found.digest)?;
        Ok(Some(found))
    }

    /// The bytes that have that name, if they are what they are called.
    pub(super) async fn get(
        &self,
        name: &Name,
    ) -> Result<Option<(Descriptor, Vec<u8>)>, RegistryError> {
        let ask = Ask::new(Method::GET, self.url(name)?).header(ACCEPT, ACCEPTED);
        let answer = self.session.send(self.scope, &ask).await?.wanted(&[200, 404])?;
        if answer.status.as_u16() == 404 {
            return Ok(None);
        }
        let found = Descriptor::of(&media_type_of(&answer), &answer.body);
        is_named(&answer.url, name, &found.digest)?;
        if let Some(claimed) = claimed_digest(&answer)? {
            same(&answer.url, "a manifest", &claimed, &found.digest)?;
        }
        Ok(Some((found, answer.body)))
    }

    /// Gives bytes a name; what the registry says it has got must be them.
    pub(super) async fn put(
        &self,
        name: &Name,
        media_type: &str,
        bytes: &[u8],
    ) -> Result<Answer, RegistryError> {
        let ask = Ask::new(Method::PUT, self.url(name)?)
            .header(CONTENT_TYPE, media_type)
            .body(Body::Bytes(Bytes::copy_from_slice(bytes)));
        let answer = self.session.send(self.scope, &ask).await?.wanted(&[200, 201, 202])?;
        if let Some(claimed) = claimed_digest(&answer)? {
            same(&answer.url, "a manifest", &Digest::of(bytes), &claimed)?;
        }
        Ok(answer)
    }

    fn url(&self, name: &Name) -> Result<Uri, RegistryError> {
        let path = format!("/v2/{}/manifests/{name}", self.repository.path());
        self.session.url(&path)
    }
}

/// What the headers of an answer say about the manifest, if they say all of it.
pub(super) fn described(answer: &Answer) -> Option<Descriptor> {
    let digest = claimed_digest(answer).ok()??;
    let size = answer.header(CONTENT_LENGTH.as_str())?.parse().ok()?;
    let is_whole = answer.status.as_u16() == 200;
    is_whole.then(|| Descriptor::new(&media_type_of(answer), digest, size))
}

/// The digest a registry claims. One of another algorithm is none to us.
fn claimed_digest(answer: &Answer) -> Result<Option<Digest>, RegistryError> {
    let Some(claimed) = answer.header("docker-content-digest") else {
        return Ok(None);
    };
    if !claimed.starts_with("sha256:") {
        return Ok(None);
    }
    let malformed = |error| RegistryError::malformed(&answer.url, "a digest", &error);
    claimed.parse().map(Some).map_err(malformed)
}

/// The media type without parameters: as the header says it, or as the bytes do.
fn media_type_of(answer: &Answer) -> String {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Spelled {
        media_type: Option<String>,
    }
    let header = answer.header(CONTENT_TYPE.as_str()).unwrap_or_default();
    let plain = header.split(';').next().unwrap_or_default().trim();
    if plain.starts_with("application/vnd.") {
        return plain.to_owned();
    }
    let spelled = serde_json::from_slice::<Spelled>(&answer.body).ok();
    let own = spelled.and_then(|spelled| spelled.media_type);
    own.unwrap_or_else(|| media_type::MANIFEST.to_owned())
}

fn is_named(url: &Uri, name: &Name, found: &Digest) -> Result<(), RegistryError> {
    match name {
        Name::Digest(wanted) => same(url, "a manifest", wanted, found),
        Name::Tag(_) => Ok(()),
    }
}

pub(super) fn same(
    url: &Uri,
    what: &str,
    wanted: &Digest,
    found: &Digest,
) -> Result<(), RegistryError> {
    if wanted == found {
        return Ok(());
    }
    let (wanted, found) = (wanted.to_string(), found.to_string());
    Err(RegistryError::Mismatch { host: host(url), what: what.to_owned(), wanted, found })
}
