//! The image configuration, with Docker's health check where Docker and Coolify look for it.

use crate::error::{Error, Result};
use crate::json_v1;
use oci_spec::image::{Arch, Config, History, ImageConfiguration, Os, RootFs};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::{Duration, SystemTime};
use xtask_core::digest::{Digest, DigestError};
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

/// A config document, in the order of image-spec. Its parts are oci-spec's, but for what an engine
/// runs: there the health check is one field more.
#[derive(Serialize)]
struct Document {
    created: String,
    architecture: Arch,
    os: Os,
    config: Runtime,
    rootfs: RootFs,
    history: Vec<History>,
}

#[derive(Serialize)]
struct Runtime {
    #[serde(flatten)]
    config: Config,
    #[serde(rename = "Healthcheck", skip_serializing_if = "Option::is_none")]
    healthcheck: Option<HealthcheckDocument>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct HealthcheckDocument {
    test: Vec<String>,
    interval: u64,
    timeout: u64,
    start_period: u64,
    retries: u32,
}

/// The parts of a config document that a reader of ours wants back.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "ImageConfiguration")]
pub struct ReadConfig {
    diff_ids: Vec<Digest>,
    created_by: Vec<Option<String>>,
}

impl TryFrom<ImageConfiguration> for ReadConfig {
    type Error = DigestError;

    fn try_from(document: ImageConfiguration) -> Result<Self, DigestError> {
        let diff_ids = document.rootfs().diff_ids().iter().map(|it| it.parse());
        let history = document.history().iter().flatten();
        let created_by = history.map(|entry| entry.created_by().clone()).collect();
        Ok(Self { diff_ids: diff_ids.collect::<Result<_, _>>()?, created_by })
    }
}

impl ReadConfig {
    /// The digest of each layer before compression, lowest layer first.
    pub fn diff_ids(&self) -> &[Digest] {
        &self.diff_ids
    }

    /// The name of each layer, lowest first; none for an image that is not ours.
    pub fn layer_names(&self) -> Option<Vec<&str>> {
        let entries = self.created_by.iter().map(Option::as_deref);
        let names = entries.map(|entry| entry?.strip_prefix(CREATED_BY));
        let names = names.collect::<Option<Vec<&str>>>()?;
        (names.len() == self.diff_ids.len()).then_some(names)
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
    let created = rfc3339(created)?;
    let mut rootfs = RootFs::default();
    rootfs.set_diff_ids(layers.iter().map(|(_, diff_id)| diff_id.to_string()).collect());
    let document = Document {
        architecture: platform.architecture().into(),
        os: Os::Linux,
        config: Runtime {
            config: runtime(config),
            healthcheck: config.healthcheck.as_ref().map(healthcheck),
        },
        rootfs,
        history: layers.iter().map(|(name, _)| history(name, &created)).collect(),
        created,
    };
    Ok(json_v1::to_bytes(&document)?)
}

fn history(name: &str, created: &str) -> History {
    let mut entry = History::default();
    entry.set_created(Some(created.to_owned()));
    entry.set_created_by(Some(format!("{CREATED_BY}{name}")));
    entry
}

/// What is not set is not written.
fn runtime(config: &ImageConfig) -> Config {
    let text = |text: &String| Some(text.clone()).filter(|it| !it.is_empty());
    let list = |list: Vec<String>| Some(list).filter(|it| !it.is_empty());
    let env = config.env.iter().map(|(name, value)| format!("{name}={value}"));
    let labels: HashMap<_, _> = config.labels.clone().into_iter().collect();
    let mut runtime = Config::default();
    runtime.set_user(text(&config.user));
    runtime.set_exposed_ports(list(config.exposed_ports.iter().cloned().collect()));
    runtime.set_env(list(env.collect()));
    runtime.set_entrypoint(list(config.entrypoint.clone()));
    runtime.set_cmd(list(config.cmd.clone()));
    runtime.set_working_dir(text(&config.working_dir));
    runtime.set_labels(Some(labels).filter(|it| !it.is_empty()));
    runtime.set_stop_signal(config.stop_signal.clone());
    runtime
}

fn healthcheck(check: &Healthcheck) -> HealthcheckDocument {
    HealthcheckDocument {
        test: check.test.clone(),
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
