//! What is said about an image, read: from the registry's own list where it keeps one, and from
//! the tag that stands for it.
//!
//! Both are always asked: some registries answer with a list that stays empty although there is
//! the tag. Both are only hints: what each entry is, its own manifest says.

use super::auth::Scope;
use super::client::Registry;
use super::error::RegistryError;
use super::location::same_origin;
use super::manifest::Place;
use super::session::Session;
use super::tags::next_link;
use super::wire::{Answer, Ask};
use http::{Method, Uri};
use serde::Deserialize;
use xtask_core::descriptor::Descriptor;
use xtask_core::digest::Digest;
use xtask_core::reference::{Name, Repository};

/// More referrers than this are somebody's mischief.
const ENTRIES_MAX: usize = 1000;

/// An entry of another digest algorithm, or no entry at all, is skipped.
#[derive(Deserialize)]
#[serde(untagged)]
enum Entry {
    Known(Descriptor),
    Unknown(serde::de::IgnoredAny),
}

#[derive(Deserialize)]
struct List {
    manifests: Vec<Entry>,
}

impl Registry {
    /// The manifests that say something about `subject`, without those that are listed twice.
    pub async fn referrers(
        &self,
        repository: &Repository,
        subject: &Digest,
    ) -> Result<Vec<Descriptor>, RegistryError> {
        let session = Session::quiet(self);
        let scope = Scope::pull(repository);
        let mut found = kept(&session, &scope, repository, subject).await?;
        let place = Place { session: &session, scope: &scope, repository };
        let tag = Name::Tag(Self::referrers_tag(subject));
        if let Some((_, bytes)) = place.get(&tag).await? {
            found.extend(read(&bytes).unwrap_or_default());
        }
        let mut digests = std::collections::BTreeSet::new();
        found.retain(|entry| digests.insert(entry.digest));
        found.truncate(ENTRIES_MAX);
        Ok(found)
    }
}

/// The registry's own list, page by page; none if it keeps none or will not say.
async fn kept(
    session: &Session<'_>,
    scope: &Scope,
    repository: &Repository,
    subject: &Digest,
) -> Result<Vec<Descriptor>, RegistryError> {
    let mut url = session.url(&format!("/v2/{}/referrers/{subject}", repository.path()))?;
    let mut found = Vec::new();
    while found.len() < ENTRIES_MAX {
        let answer = session.send_home(scope, &Ask::new(Method::GET, url)).await?;
        let Some(entries) = page(&answer) else { break };
        let is_empty = entries.is_empty();
        found.extend(entries);
        match next(session, &answer)? {
            Some(next) if !is_empty => url = next,
            _ => break,
        }
    }
    Ok(found)
}

/// The entries of one answer, if it is such a list: there are registries that answer with a page
/// for people, or send us to one.
fn page(answer: &Answer) -> Option<Vec<Descriptor>> {
    if answer.status.as_u16() == 200 { read(&answer.body) } else { None }
}

fn read(bytes: &[u8]) -> Option<Vec<Descriptor>> {
    let list: List = serde_json::from_slice(bytes).ok()?;
    let known = list.manifests.into_iter().filter_map(|entry| match entry {
        Entry::Known(descriptor) => Some(descriptor),
        Entry::Unknown(_) => None,
    });
    Some(known.collect())
}

fn next(session: &Session<'_>, answer: &Answer) -> Result<Option<Uri>, RegistryError> {
    let Some(next_page) = answer.header_all("link").find_map(next_link) else { return Ok(None) };
    let next = session.resolve(&answer.url, next_page)?;
    if same_origin(&next, &answer.url) {
        return Ok(Some(next));
    }
    let why = "its next page is on another host";
    Err(RegistryError::malformed(&answer.url, "a list of referrers", &why))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_that_we_cannot_name_are_skipped() {
        let digest = Digest::of(b"x");
        let text = format!(
            r#"{{"manifests": [{{"mediaType": "m", "digest": "sha512:00", "size": 1}}, 7,
                {{"mediaType": "m", "digest": "{digest}", "size": 1, "artifactType": "a"}}]}}"#
        );
        let found = read(text.as_bytes()).unwrap();
        assert_eq!(found, [Descriptor::new("m", digest, 1)]);
        assert_eq!(read(b"<html>"), None);
    }
}
