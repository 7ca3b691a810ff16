//! What `docker inspect` answers, as far as we read it. A field that we rely on and that is not
//! there is an error: an engine that does not tell whether a container runs has not said that it
//! does not.

use crate::edge::clock;
use serde::Deserialize;
use std::collections::BTreeMap;
use xtask_core::ship::instance::{
    self, LABEL_DIGEST, LABEL_RELEASE, LABEL_SERVICE, LABEL_SETTINGS, Observed,
};
use xtask_core::ship::same_image::or_default;

/// Labels by name.
pub(super) type Labels = BTreeMap<String, String>;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Container {
    name: String,
    created: String,
    /// The digest of the image that it was started from.
    pub image: String,
    /// How its process is.
    pub state: State,
    /// How often the engine started it again.
    #[serde(default)]
    pub restart_count: i64,
    config: Labelled,
    network_settings: NetworkSettings,
}

/// How the process of a container is.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct State {
    /// Whether it runs, or waits for being started again.
    pub running: bool,
    /// Whether it waits for that.
    #[serde(default)]
    pub restarting: bool,
    /// How it ended, if it did.
    pub exit_code: i64,
    /// When it was started, RFC 3339.
    pub started_at: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Labelled {
    #[serde(deserialize_with = "or_default")]
    labels: Labels,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct NetworkSettings {
    #[serde(default, deserialize_with = "or_default")]
    ports: BTreeMap<String, Option<Vec<Binding>>>,
    #[serde(default, deserialize_with = "or_default")]
    networks: BTreeMap<String, Attachment>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Attachment {
    #[serde(default, rename = "IPAddress")]
    ip_address: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Binding {
    host_port: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Volume {
    #[serde(default)]
    created_at: String,
    #[serde(default, deserialize_with = "or_default")]
    labels: Labels,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Network {
    #[serde(default)]
    created: String,
    #[serde(default, deserialize_with = "or_default")]
    labels: Labels,
    #[serde(default, deserialize_with = "or_default")]
    containers: BTreeMap<String, Attached>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Attached {
    name: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Image {
    /// The digest that the engine knows it by.
    pub id: String,
    #[serde(default)]
    created: String,
    #[serde(default, deserialize_with = "or_default")]
    config: Labelled,
}

/// What every kind has in common: whose it is, and when it was made.
pub(super) trait Marked {
    /// Its labels, and when it was made (RFC 3339).
    fn marks(self) -> (Labels, String);
}

impl Marked for Container {
    fn marks(self) -> (Labels, String) {
        (self.config.labels, self.created)
    }
}

impl Marked for Volume {
    fn marks(self) -> (Labels, String) {
        (self.labels, self.created_at)
    }
}

impl Marked for Network {
    fn marks(self) -> (Labels, String) {
        (self.labels, self.created)
    }
}

impl Marked for Image {
    fn marks(self) -> (Labels, String) {
        (self.config.labels, self.created)
    }
}

impl Container {
    pub(super) fn labels(&self) -> &Labels {
        &self.config.labels
    }

    /// It as an instance of a service.
    pub(super) fn observed(&self) -> Observed {
        let label = |name: &str| self.labels().get(name).cloned().unwrap_or_default();
        Observed {
            container: self.name.trim_start_matches('/').to_owned(),
            service: label(LABEL_SERVICE),
            release: label(LABEL_RELEASE),
            digest: label(LABEL_DIGEST),
            settings: label(LABEL_SETTINGS),
            running: self.state.running,
            crashing: self.crashing(),
            restarts: self.restarts(),
            started_at: self.state.started_at.clone(),
            port: self.published_port(),
        }
    }

    /// How often it was started again, if it keeps on ending.
    fn crashing(&self) -> Option<u64> {
        let lives_since = clock::seconds_since(&self.state.started_at);
        let restarts = self.restarts();
        instance::is_crashing(self.state.restarting, restarts, lives_since).then_some(restarts)
    }

    fn restarts(&self) -> u64 {
        u64::try_from(self.restart_count).unwrap_or(0)
    }

    /// Its addresses on the networks that it is attached to.
    pub(super) fn addresses(self) -> Vec<String> {
        let all = self.network_settings.networks.into_values().map(|it| it.ip_address);
        all.filter(|address| !address.is_empty()).collect()
    }

    /// The loopback port that leads into it, if exactly that was published.
    fn published_port(&self) -> Option<u16> {
        let bindings = self.network_settings.ports.values().flatten().flatten();
        bindings.filter_map(|binding| binding.host_port.parse().ok()).next()
    }
}

impl Network {
    /// The names of the containers that are attached to it.
    pub(super) fn attached(self) -> impl Iterator<Item = String> {
        self.containers.into_values().map(|it| it.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn nothing_is_written_in_several_ways_and_a_missing_answer_is_none_of_them() {
        let mut found = json!({
            "Name": "/nutri-backend", "Created": "2026-11-23T00:00:00Z", "Image": "sha256:a",
            "State": { "Running": true, "ExitCode": 0, "StartedAt": "2026-11-23T00:00:01Z" },
            "Config": { "Labels": null }, "NetworkSettings": { "Ports": { "3000/tcp": null } },
        });
        let read = |found: &serde_json::Value| serde_json::from_value::<Container>(found.clone());
        let observed = read(&found).unwrap().observed();
        assert_eq!((observed.container.as_str(), observed.port), ("nutri-backend", None));
        found["State"] = json!({ "ExitCode": 0, "StartedAt": "" });
        let error = read(&found).unwrap_err().to_string();
        assert!(error.contains("missing field `Running`"), "{error}");
    }
}
