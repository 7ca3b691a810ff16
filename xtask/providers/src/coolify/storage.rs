//! What an application keeps on its server.

use super::client::Coolify;
use super::error::Error;
use super::path::piece;
use super::read::{list, optional_text, text};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

/// The storages of an application.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Storages {
    /// Volumes and folders.
    #[serde(default, deserialize_with = "list")]
    pub persistent_storages: Vec<PersistentStorage>,
    /// Files that Coolify writes.
    #[serde(default, deserialize_with = "list")]
    pub file_storages: Vec<FileStorage>,
}

/// A volume, or a folder of the host.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct PersistentStorage {
    /// Its name in the API.
    #[serde(deserialize_with = "text")]
    pub uuid: String,
    /// The name of the volume, with the application's uuid before it.
    #[serde(default, deserialize_with = "optional_text")]
    pub name: Option<String>,
    /// Where it is in the container.
    #[serde(deserialize_with = "text")]
    pub mount_path: String,
    /// Where it is on the host, if it is a folder.
    #[serde(default, deserialize_with = "optional_text")]
    pub host_path: Option<String>,
}

/// A file that Coolify writes. Its content is not read.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct FileStorage {
    /// Its name in the API.
    #[serde(deserialize_with = "text")]
    pub uuid: String,
    /// Where it is in the container.
    #[serde(default, deserialize_with = "optional_text")]
    pub mount_path: Option<String>,
    /// Where it is on the host.
    #[serde(default, deserialize_with = "optional_text")]
    pub fs_path: Option<String>,
}

/// A volume, or a folder of the host, that is to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NewStorage {
    #[serde(rename = "type")]
    kind: &'static str,
    name: String,
    mount_path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    host_path: Option<String>,
}

impl NewStorage {
    /// A volume at a place in the container. A name that is there already is a server error.
    pub fn volume(name: &str, mount_path: &str) -> Self {
        let (name, mount_path) = (name.to_owned(), mount_path.to_owned());
        Self { kind: "persistent", name, mount_path, host_path: None }
    }

    /// A folder of the host.
    pub fn folder(name: &str, mount_path: &str, host_path: &str) -> Self {
        Self { host_path: Some(host_path.to_owned()), ..Self::volume(name, mount_path) }
    }
}

impl Coolify {
    /// What an application keeps.
    pub async fn storages(&self, application: &str) -> Result<Storages, Error> {
        self.read(&format!("applications/{}/storages", piece(application))).await
    }

    /// Gives an application a storage.
    pub async fn create_storage(&self, application: &str, new: &NewStorage) -> Result<(), Error> {
        let path = format!("applications/{}/storages", piece(application));
        self.create::<IgnoredAny>(&path, new).await.map(drop)
    }

    /// Takes a storage from an application.
    pub async fn delete_storage(&self, application: &str, uuid: &str) -> Result<(), Error> {
        self.delete(&format!("applications/{}/storages/{}", piece(application), piece(uuid))).await
    }
}
