//! The variables of an application. Coolify forgets what an update leaves out, so all of a variable
//! is sent each time.

use super::client::{Coolify, Made};
use super::error::Error;
use super::path::piece;
use super::read::{flag, optional_secret, optional_text, text};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::json;
use std::collections::BTreeSet;
use xtask_core::secret::Secret;
use xtask_http::Method;

/// A variable as Coolify shows it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Variable {
    /// Its name in the API.
    #[serde(deserialize_with = "text")]
    pub uuid: String,
    /// Its name in the container.
    #[serde(deserialize_with = "text")]
    pub key: String,
    /// What was stored. `None` where it is hidden or empty: Coolify does not say which.
    #[serde(default, deserialize_with = "optional_secret")]
    pub value: Option<Secret>,
    /// What is written into the file for the container, quotes included.
    #[serde(default, deserialize_with = "optional_secret")]
    pub real_value: Option<Secret>,
    /// Whether it is the twin for previews.
    #[serde(default, deserialize_with = "flag")]
    pub is_preview: bool,
    /// Whether it is written between single quotes.
    #[serde(default, deserialize_with = "flag")]
    pub is_literal: bool,
    /// Whether it has several lines; quoted as well.
    #[serde(default, deserialize_with = "flag")]
    pub is_multiline: bool,
    /// Whether its value is never shown again.
    #[serde(default, deserialize_with = "flag")]
    pub is_shown_once: bool,
    /// Whether the container gets it.
    #[serde(default, deserialize_with = "flag")]
    pub is_runtime: bool,
    /// Whether a build gets it.
    #[serde(default, deserialize_with = "flag")]
    pub is_buildtime: bool,
    /// Whether Coolify made it.
    #[serde(default, deserialize_with = "flag")]
    pub is_coolify: bool,
    /// What somebody wrote beside it.
    #[serde(default, deserialize_with = "optional_text")]
    pub comment: Option<String>,
    /// When it was changed last (RFC 3339).
    #[serde(default, deserialize_with = "optional_text")]
    pub updated_at: Option<String>,
}

/// A variable that is to be, with everything that Coolify wants to hear each time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NewVariable {
    /// Its name in the container.
    pub key: String,
    /// What Coolify is sent, which is not always what the container is to see.
    #[serde(serialize_with = "exposed")]
    pub value: Secret,
    /// Whether it is the twin for previews.
    pub is_preview: bool,
    /// Whether it is written between single quotes.
    pub is_literal: bool,
    /// Whether it has several lines.
    pub is_multiline: bool,
    /// Whether its value is never shown again.
    pub is_shown_once: bool,
    /// Whether the container gets it.
    pub is_runtime: bool,
    /// Whether a build gets it.
    pub is_buildtime: bool,
    /// What stands beside it; at most 256 characters.
    pub comment: String,
}

impl NewVariable {
    /// A variable for the container alone, as `sent` says it must be written.
    pub fn new(key: &str, sent: &xtask_core::coolify::value::Sent, comment: &str) -> Self {
        Self {
            key: key.to_owned(),
            value: sent.text.clone(),
            is_preview: false,
            is_literal: sent.is_literal,
            is_multiline: sent.is_multiline,
            is_shown_once: false,
            is_runtime: true,
            is_buildtime: false,
            comment: comment.to_owned(),
        }
    }
}

impl Coolify {
    /// The variables of an application, those for previews too.
    pub async fn variables(&self, application: &str) -> Result<Vec<Variable>, Error> {
        self.read_list(&format!("applications/{}/envs", piece(application))).await
    }

    /// Makes a variable that is not there, and its twin for previews. Its uuid.
    pub async fn create_variable(
        &self,
        application: &str,
        new: &NewVariable,
    ) -> Result<String, Error> {
        let path = format!("applications/{}/envs", piece(application));
        Ok(self.create_secretly::<Made>(&path, new, &[&new.value]).await?.uuid)
    }

    /// Makes or changes variables, one after the other: those before a refused one stay. Others
    /// are left alone. The same key twice would make two rows: it is refused here.
    pub async fn update_variables(
        &self,
        application: &str,
        all: &[NewVariable],
    ) -> Result<(), Error> {
        let path = format!("applications/{}/envs/bulk", piece(application));
        let mut seen = BTreeSet::new();
        if let Some(twice) = all.iter().find(|one| !seen.insert((&one.key, one.is_preview))) {
            let why = format!("the variable `{}` stands in one request twice", twice.key);
            return Err(self.unusable(Method::PATCH, &path, why));
        }
        if all.is_empty() {
            return Ok(());
        }
        let secrets: Vec<&Secret> = all.iter().map(|one| &one.value).collect();
        self.change_secretly(&path, &json!({ "data": all }), &secrets).await
    }

    /// Removes a variable; its twin for previews stays.
    pub async fn delete_variable(&self, application: &str, uuid: &str) -> Result<(), Error> {
        self.delete(&format!("applications/{}/envs/{}", piece(application), piece(uuid))).await
    }
}

fn exposed<S: Serializer>(secret: &Secret, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(secret.expose())
}
