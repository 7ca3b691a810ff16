//! The buckets that Coolify keeps backups in. From version 4.3 on.

use super::application_change::exposed;
use super::client::{Act, Coolify, Made};
use super::error::Error;
use super::path::piece;
use super::read::{flag, optional_secret, optional_text, text};
use super::said::Said;
use super::version::Capability;
use serde::{Deserialize, Serialize};
use xtask_core::secret::Secret;

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct S3 {
    /// Its name in the API.
    #[serde(deserialize_with = "text")]
    pub uuid: String,
    /// What people call it.
    #[serde(deserialize_with = "text")]
    pub name: String,
    /// What people say of it.
    #[serde(default, deserialize_with = "optional_text")]
    pub description: Option<String>,
    /// Whose bucket it is.
    #[serde(default, deserialize_with = "optional_text")]
    pub endpoint: Option<String>,
    /// Its name there.
    #[serde(default, deserialize_with = "optional_text")]
    pub bucket: Option<String>,
    #[serde(default, deserialize_with = "optional_text")]
    pub region: Option<String>,
    /// Whether Coolify could last use it.
    #[serde(default, deserialize_with = "flag")]
    pub is_usable: bool,
    /// Hidden from most tokens.
    #[serde(default, deserialize_with = "optional_secret")]
    pub key: Option<Secret>,
    /// Hidden from most tokens.
    #[serde(default, deserialize_with = "optional_secret")]
    pub secret: Option<Secret>,
}

/// A bucket that Coolify is to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewS3 {
    /// At least 3 characters.
    pub name: String,
    /// What people say of it.
    pub description: Option<String>,
    /// Coolify resolves it at once, and takes no private address.
    pub endpoint: String,
    /// Its name there.
    pub bucket: String,
    pub region: String,
    /// Who reads and writes it.
    pub key: Secret,
    /// And with what.
    pub secret: Secret,
}

/// What is to be set of a bucket.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct S3Change {
    /// What people call it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What people say of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Whose bucket it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// Its name there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bucket: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Who reads and writes it.
    #[serde(serialize_with = "exposed", skip_serializing_if = "Option::is_none")]
    pub key: Option<Secret>,
    /// And with what.
    #[serde(serialize_with = "exposed", skip_serializing_if = "Option::is_none")]
    pub secret: Option<Secret>,
}

/// Whether Coolify can use a bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Validity {
    /// Whether it can.
    pub is_valid: bool,
    /// What it says of it, for people.
    pub message: Said,
}

#[derive(Deserialize)]
struct Validated {
    #[serde(deserialize_with = "flag")]
    valid: bool,
    #[serde(default, deserialize_with = "optional_text")]
    message: Option<String>,
}

impl Coolify {
    /// Every bucket of the token's team.
    pub async fn s3_storages(&self) -> Result<Vec<S3>, Error> {
        self.needs(Capability::S3).await?;
        self.read_list("s3-storages").await
    }

    /// Tells Coolify of a bucket. Its uuid.
    pub async fn create_s3(&self, new: &NewS3) -> Result<String, Error> {
        self.needs(Capability::S3).await?;
        let body = S3Change {
            name: Some(new.name.clone()),
            description: new.description.clone(),
            endpoint: Some(new.endpoint.clone()),
            bucket: Some(new.bucket.clone()),
            region: Some(new.region.clone()),
            key: Some(new.key.clone()),
            secret: Some(new.secret.clone()),
        };
        let secrets = [&new.key, &new.secret];
        Ok(self.create_secretly::<Made>("s3-storages", &body, &secrets).await?.uuid)
    }

    /// Changes what Coolify knows of a bucket.
    pub async fn patch_s3(&self, uuid: &str, change: &S3Change) -> Result<(), Error> {
        self.needs(Capability::S3).await?;
        let secrets: Vec<&Secret> = change.key.iter().chain(&change.secret).collect();
        self.change_secretly(&format!("s3-storages/{}", piece(uuid)), change, &secrets).await
    }

    /// Makes Coolify forget a bucket.
    pub async fn delete_s3(&self, uuid: &str) -> Result<(), Error> {
        self.needs(Capability::S3).await?;
        self.delete(&format!("s3-storages/{}", piece(uuid))).await
    }

    /// Makes Coolify try a bucket.
    pub async fn validate_s3(&self, uuid: &str) -> Result<Validity, Error> {
        self.needs(Capability::S3).await?;
        let path = format!("s3-storages/{}/validate", piece(uuid));
        let Validated { valid, message } = self.act(&path, Act::Idempotent).await?;
        Ok(Validity { is_valid: valid, message: Said::of(&message.unwrap_or_default(), &[]) })
    }
}
