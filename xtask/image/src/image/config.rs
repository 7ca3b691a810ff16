//! The image configuration, with Docker's health check where Docker and Coolify look for it.

use crate::error::{Error, Result};
use crate::json_v1;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime};
use xtask_core::digest::Digest;
use xtask_core::moment::Moment;
use xtask_core::platform::Platform;

/// What stands before a layer's name in the history; the rest of how it was made is in its
/// release, not in its digest.
const CREATED_BY: &str = "xtask image: ";

/// How a container of the image starts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImageConfig {
    /// User, or `uid:gid`.
    pub user: String,
    /// Ports such as `3000/tcp`.
    pub exposed_ports: BTreeSet<String>,
    /// Environment, in the given order.
    pub env: Vec<(String, String)>,
    /// The program and its fixed arguments.
    pub entrypoint: Vec<String>,
    /// Arguments that a caller may replace.
    pub cmd: Vec<String>,
    /// Where it starts.
    pub working_dir: String,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// The signal that asks it to stop.
    pub stop_signal: Option<String>,
    /// How Docker asks whether it is well.
    pub healthcheck: Option<Healthcheck>,
}

/// How Docker asks a container whether it is well. Not a part of OCI, but of every engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Healthcheck {
    /// `CMD` and a program, or `CMD-SHELL` and a line.
    pub test: Vec<String>,
    /// Between two checks.
    pub interval: Duration,
    /// For one check.
    pub timeout: Duration,
    /// At the start, while failures do not count.
    pub start_period: Duration,
    /// How many failures in a row mean unwell.
    pub retries: u32,
}

#[derive(Serialize)]
struct Document<'a> {
    created: &'a str,
    architecture: &'a str,
    os: &'a str,
    config: Runtime<'a>,
    rootfs: RootFs<'a>,
    history: Vec<History<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Runtime<'a> {
    #[serde(skip_serializing_if = "str::is_empty")]
    user: &'a str,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    exposed_ports: BTreeMap<&'a str, Nothing>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    env: Vec<String>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    entrypoint: &'a [String],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    cmd: &'a [String],
    #[serde(skip_serializing_if = "str::is_empty")]
    working_dir: &'a str,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    labels: &'a BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stop_signal: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    healthcheck: Option<HealthcheckDocument<'a>>,
}

/// `{}`: the image spec writes a set as a map to nothing.
#[derive(Serialize)]
struct Nothing {}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct HealthcheckDocument<'a> {
    test: &'a [String],
    interval: u64,
    timeout: u64,
    start_period: u64,
    retries: u32,
}

#[derive(Serialize)]
struct RootFs<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    diff_ids: &'a [Digest],
}

#[derive(Serialize)]
struct History<'a> {
    created: &'a str,
    created_by: String,
}

/// The parts of a config document that a reader of ours wants back.
#[derive(Clone, Debug, Deserialize)]
pub struct ReadConfig {
    rootfs: ReadRootFs,
    #[serde(default)]
    history: Vec<ReadHistory>,
}

#[derive(Clone, Debug, Deserialize)]
struct ReadRootFs {
    diff_ids: Vec<Digest>,
}

#[derive(Clone, Debug, Deserialize)]
struct ReadHistory {
    #[serde(default)]
    created_by: String,
}

impl ReadConfig {
    /// The digest of each layer before compression, lowest layer first.
    pub fn diff_ids(&self) -> &[Digest] {
        &self.rootfs.diff_ids
    }

    /// The name of each layer, lowest first; none for an image that is not ours.
    pub fn layer_names(&self) -> Option<Vec<&str>> {
        let names = self.history.iter().map(|entry| entry.created_by.strip_prefix(CREATED_BY));
        let names = names.collect::<Option<Vec<&str>>>()?;
        (names.len() == self.rootfs.diff_ids.len()).then_some(names)
    }
}

/// The bytes of the config document of an image of these layers, each a name and a diff id.
pub fn config_bytes(
    config: &ImageConfig,
    layers: &[(&str, Digest)],
    platform: Platform,
    created: SystemTime,
) -> Result<Vec<u8>> {
    check_env(&config.env)?;
    let created = &rfc3339(created)?;
    let entry = |name: &str| History { created, created_by: format!("{CREATED_BY}{name}") };
    let diff_ids: Vec<Digest> = layers.iter().map(|(_, diff_id)| *diff_id).collect();
    let document = Document {
        created,
        architecture: platform.architecture(),
        os: "linux",
        config: runtime(config),
        rootfs: RootFs { kind: "layers", diff_ids: &diff_ids },
        history: layers.iter().map(|(name, _)| entry(name)).collect(),
    };
    Ok(json_v1::to_bytes(&document)?)
}

fn runtime(config: &ImageConfig) -> Runtime<'_> {
    Runtime {
        user: &config.user,
        exposed_ports: config
            .exposed_ports
            .iter()
            .map(|port| (port.as_str(), Nothing {}))
            .collect(),
        env: config.env.iter().map(|(name, value)| format!("{name}={value}")).collect(),
        entrypoint: &config.entrypoint,
        cmd: &config.cmd,
        working_dir: &config.working_dir,
        labels: &config.labels,
        stop_signal: config.stop_signal.as_deref(),
        healthcheck: config.healthcheck.as_ref().map(healthcheck),
    }
}

fn healthcheck(check: &Healthcheck) -> HealthcheckDocument<'_> {
    HealthcheckDocument {
        test: &check.test,
        interval: nanos(check.interval),
        timeout: nanos(check.timeout),
        start_period: nanos(check.start_period),
        retries: check.retries,
    }
}

/// Docker counts in nanoseconds; beyond 584 years it is as good as for ever.
fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// A name twice would mean whatever the engine makes of it.
fn check_env(env: &[(String, String)]) -> Result<()> {
    let mut seen = BTreeSet::new();
    for (name, _) in env {
        if name.is_empty() || name.contains(['=', '\0']) {
            return Err(Error::Image(format!("`{name}` is not the name of a variable")));
        }
        if !seen.insert(name) {
            return Err(Error::Image(format!("variable `{name}` is set twice")));
        }
    }
    Ok(())
}

/// Whole seconds in UTC: what git knows of a commit.
fn rfc3339(at: SystemTime) -> Result<String> {
    let since_epoch = at.duration_since(SystemTime::UNIX_EPOCH).ok();
    let seconds = since_epoch.and_then(|since| i64::try_from(since.as_secs()).ok());
    let moment = seconds.and_then(Moment::from_seconds);
    let moment = moment
        .ok_or_else(|| Error::Image("it was created before 1970 or after 9999".to_owned()))?;
    Ok(moment.to_string())
}
