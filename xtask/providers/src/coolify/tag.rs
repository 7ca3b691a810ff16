//! The words that an application is found by. Not the tags of images.

use super::client::{Act, Coolify};
use super::error::Error;
use super::path::piece;
use super::read::{List, text};
use super::version::Capability;
use serde::Deserialize;
use serde_json::json;

/// A word that applications are found by.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Tag {
    /// Its name in the API.
    #[serde(deserialize_with = "text")]
    pub uuid: String,
    /// The word, in lowercase.
    #[serde(deserialize_with = "text")]
    pub name: String,
}

impl Coolify {
    /// The tags of an application. From version 4.2 on.
    pub async fn tags(&self, application: &str) -> Result<Vec<Tag>, Error> {
        self.needs(Capability::Tags).await?;
        self.read_list(&format!("applications/{}/tags", piece(application))).await
    }

    /// Gives an application tags; those that it has already stay. All that it has then.
    pub async fn add_tags(&self, application: &str, names: &[&str]) -> Result<Vec<Tag>, Error> {
        self.needs(Capability::Tags).await?;
        let path = format!("applications/{}/tags", piece(application));
        let names = json!({ "tag_names": names });
        Ok(self.post::<List<Tag>>(&path, &names, Act::Idempotent).await?.0)
    }

    /// Takes a tag from an application.
    pub async fn remove_tag(&self, application: &str, tag: &str) -> Result<(), Error> {
        self.needs(Capability::Tags).await?;
        self.delete(&format!("applications/{}/tags/{}", piece(application), piece(tag))).await
    }
}
