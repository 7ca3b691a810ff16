//! Where an application is: its network and server, its environment and project.

use super::client::Coolify;
use super::error::Error;
use super::path::piece;
use super::read::{optional_text, text};
use super::version::Capability;
use serde::Deserialize;
use serde_json::json;

/// A Docker network of a server.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Destination {
    /// Its name in the API.
    #[serde(deserialize_with = "text")]
    pub uuid: String,
    /// What people call it.
    #[serde(default, deserialize_with = "optional_text")]
    pub name: Option<String>,
    /// What Docker calls it.
    #[serde(deserialize_with = "text")]
    pub network: String,
    /// `standalone` or `swarm`.
    #[serde(default, rename = "type", deserialize_with = "optional_text")]
    pub kind: Option<String>,
    /// The server that it is on.
    #[serde(default, deserialize_with = "optional_text")]
    pub server_uuid: Option<String>,
}

/// The network that an application is on.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct PlacedDestination {
    /// Its name in the API.
    #[serde(deserialize_with = "text")]
    pub uuid: String,
    /// What Docker calls it.
    #[serde(default, deserialize_with = "optional_text")]
    pub network: Option<String>,
    /// The server that it is on.
    #[serde(default)]
    pub server: Option<PlacedServer>,
}

/// The server that an application is on.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct PlacedServer {
    /// Its name in the API.
    #[serde(deserialize_with = "text")]
    pub uuid: String,
    /// What people call it.
    #[serde(default, deserialize_with = "optional_text")]
    pub name: Option<String>,
}

/// The environment that an application is in.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct PlacedEnvironment {
    /// Its name in the API.
    #[serde(deserialize_with = "text")]
    pub uuid: String,
    /// What people call it.
    #[serde(default, deserialize_with = "optional_text")]
    pub name: Option<String>,
    /// The project that it is in.
    #[serde(default)]
    pub project: Option<PlacedProject>,
}

/// The project that an application is in.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct PlacedProject {
    /// Its name in the API.
    #[serde(deserialize_with = "text")]
    pub uuid: String,
    /// What people call it.
    #[serde(default, deserialize_with = "optional_text")]
    pub name: Option<String>,
}

impl Coolify {
    /// The networks of a server. From version 4.2 on.
    pub async fn destinations(&self, server: &str) -> Result<Vec<Destination>, Error> {
        self.needs(Capability::Destinations).await?;
        self.read_list(&format!("servers/{}/destinations", piece(server))).await
    }

    /// Makes a network on a server.
    pub async fn create_destination(
        &self,
        server: &str,
        name: &str,
        network: &str,
    ) -> Result<Destination, Error> {
        self.needs(Capability::Destinations).await?;
        let new = json!({ "name": name, "network": network });
        self.create(&format!("servers/{}/destinations", piece(server)), &new).await
    }
}
