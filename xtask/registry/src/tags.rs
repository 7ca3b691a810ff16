//! Which tags a repository has, page by page.

use super::auth::Scope;
use super::client::Registry;
use super::error::RegistryError;
use super::location::same_origin;
use super::session::Session;
use super::wire::{Answer, Ask};
use http::Method;
use serde::Deserialize;
use xtask_core::reference::Repository;

/// A registry that goes on beyond this many pages goes round in circles.
const PAGES: usize = 1000;

impl Registry {
    /// The tags of a repository, as the registry orders them; none if it knows no such one.
    pub async fn tags(&self, repository: &Repository) -> Result<Vec<String>, RegistryError> {
        let session = Session::quiet(self);
        let scope = Scope::pull(repository);
        let mut url = session.url(&format!("/v2/{}/tags/list?n=1000", repository.path()))?;
        let mut tags = Vec::new();
        for _ in 0..PAGES {
            let ask = Ask::new(Method::GET, url);
            let answer = session.send(&scope, &ask).await?.wanted(&[200, 404])?;
            if answer.status.as_u16() == 404 {
                break;
            }
            tags.extend(page(&answer)?);
            let Some(next) = answer.header_all("link").find_map(next_link) else {
                break;
            };
            url = session.resolve(&answer.url, next)?;
            if !same_origin(&url, &answer.url) {
                let why = "its next page is on another host";
                return Err(RegistryError::malformed(&answer.url, "a list of tags", &why));
            }
        }
        Ok(tags)
    }
}

pub(super) fn page(answer: &Answer) -> Result<Vec<String>, RegistryError> {
    #[derive(Deserialize)]
    struct Spelled {
        // Some registries write `null` for none.
        tags: Option<Vec<String>>,
    }
    let malformed = |error| RegistryError::malformed(&answer.url, "a list of tags", &error);
    let spelled: Spelled = serde_json::from_slice(&answer.body).map_err(malformed)?;
    Ok(spelled.tags.unwrap_or_default())
}

/// The target of `<…>; rel="next"`, which may stand among other links.
pub(super) fn next_link(header: &str) -> Option<&str> {
    header.split('<').skip(1).find_map(|link| {
        let (target, parameters) = link.split_once('>')?;
        let is_next = |parameter: &str| matches!(parameter.trim(), "rel=\"next\"" | "rel=next");
        parameters.split([';', ',']).any(is_next).then_some(target)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_next_page_among_other_links() {
        let header = "</v2/a?x=1,2>; rel=\"first\", </v2/a?last=b&n=2>; rel=\"next\"";
        assert_eq!(next_link(header), Some("/v2/a?last=b&n=2"));
        assert_eq!(next_link("</v2/a>; rel=next"), Some("/v2/a"));
        assert_eq!(next_link("</v2/a>; rel=\"prev\""), None);
        assert_eq!(next_link(""), None);
    }
}
