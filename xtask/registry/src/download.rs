//! A blob on its way in, in parts: memory stays small, and a part that breaks is fetched again
//! without those before it.

use super::auth::Scope;
use super::client::Registry;
use super::error::RegistryError;
use super::session::Session;
use super::wire::{Answer, Ask};
use http::Method;
use http::header::RANGE;
use sha2::{Digest as _, Sha256};
use std::io::Write;
use xtask_core::descriptor::Descriptor;
use xtask_core::digest::Digest;
use xtask_core::reference::Repository;

/// How much is asked for at once.
const PART_LEN: u64 = 8 << 20;

impl Registry {
    /// Reads a blob of any size into `sink`, which must not be believed if this fails. A registry
    /// that knows no ranges sends all of it at once, at most the promised size.
    pub async fn download(
        &self,
        repository: &Repository,
        descriptor: &Descriptor,
        sink: &mut impl Write,
    ) -> Result<(), RegistryError> {
        let session = Session::quiet(self);
        let scope = Scope::pull(repository);
        let url = session.url(&format!("/v2/{}/blobs/{}", repository.path(), descriptor.digest))?;
        let (mut hasher, mut position) = (Sha256::new(), 0);
        while position < descriptor.size {
            let end = descriptor.size.min(position + PART_LEN);
            let ask = Ask::new(Method::GET, url.clone())
                .header(RANGE, format!("bytes={position}-{}", end - 1))
                .limit(descriptor.size);
            let answer = session.send(&scope, &ask).await?.wanted(&[200, 206])?;
            let bytes = part(&answer, position, end)?;
            hasher.update(bytes);
            sink.write_all(bytes)
                .map_err(|cause| RegistryError::Unwritable { digest: descriptor.digest, cause })?;
            position += bytes.len() as u64;
        }
        let found = Digest::from_bytes(hasher.finalize().into());
        super::manifest::same(&url, "a blob", &descriptor.digest, &found)
    }
}

/// The bytes from `position` that an answer holds: the part, or what of the whole comes then.
fn part(answer: &Answer, position: u64, end: u64) -> Result<&[u8], RegistryError> {
    let body = answer.body.as_slice();
    let is_part = answer.status.as_u16() == 206;
    let wanted = end - position;
    let bytes = if is_part {
        (body.len() as u64 == wanted).then_some(body)
    } else {
        usize::try_from(position).ok().and_then(|from| body.get(from..)).filter(|it| !it.is_empty())
    };
    bytes.ok_or_else(|| {
        let why = format!("wanted {wanted} bytes from {position}, found {}", body.len());
        RegistryError::malformed(&answer.url, "a blob", &why)
    })
}
