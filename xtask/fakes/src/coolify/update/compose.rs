//! What Coolify writes for compose: the container of a deployment.

use super::options::{self, honoured};
use super::{AppSpec, Delays, HealthKind, Job, Limits, NewContainer};
use std::collections::BTreeMap;
use std::time::Duration;

/// The check that Coolify writes; the seconds are ours already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// For a shell in the container.
    pub command: String,
    /// Between two runs.
    pub interval: Duration,
    /// For one run.
    pub timeout: Duration,
    /// Failures until `unhealthy`.
    pub retries: i64,
    /// During which failures do not count.
    pub start_period: Duration,
}

/// The name of the new container.
pub(super) fn container_name(job: &Job) -> String {
    let app = &job.app;
    match app.internal_name.as_deref().filter(|name| !name.is_empty()) {
        _ if app.consistent_name => app.uuid.clone(),
        Some(name) => name.to_owned(),
        None => format!("{}-{}", app.uuid, job.handed),
    }
}

/// The image that is deployed. `sha256-` before the tag stands for a digest, and so does a name
/// that ends with `@sha256`.
pub fn image(app: &AppSpec) -> String {
    let tag = app.tag.as_deref().filter(|tag| !tag.is_empty()).unwrap_or("latest");
    match tag.strip_prefix("sha256-") {
        Some(hex) => format!("{}@sha256:{hex}", app.image),
        None => format!("{}:{tag}", app.image),
    }
}

/// Why an old container must go before the new one comes, in Coolify's words.
pub(super) fn not_rolling(app: &AppSpec) -> Option<&'static str> {
    let given = |text: &Option<String>| text.as_deref().is_some_and(|it| !it.is_empty());
    if given(&app.ports_mappings) {
        return Some(
            "Application has ports mapped to the host system, rolling update is not supported.",
        );
    }
    if app.consistent_name {
        return Some("Consistent container name feature enabled, rolling update is not supported.");
    }
    if given(&app.internal_name) {
        return Some("Custom internal name is set, rolling update is not supported.");
    }
    // `--ipc` has it in it as well.
    let fixed = app.run_options.as_deref().is_some_and(|options| options.contains("--ip"));
    fixed.then_some("Custom IP address is set, rolling update is not supported.")
}

/// The check's text in the log, and for a shell.
pub(super) struct CheckSource {
    pub(super) said: String,
    command: String,
}

/// What is checked. None when the check is off, and when no port is known: then Coolify writes
/// no check and still waits, for the image's own.
pub(super) fn check_source(app: &AppSpec) -> Option<CheckSource> {
    let health = &app.health;
    if !health.enabled {
        return None;
    }
    let command = health.command.as_deref().filter(|it| !it.is_empty());
    if let (HealthKind::Command, Some(command)) = (health.kind, command) {
        let said = format!("Healthcheck command (inside the container): {command}");
        return Some(CheckSource { said, command: command.to_owned() });
    }
    let port = health.port.as_deref().or_else(|| app.first_exposed())?;
    let url = format!("{}://{}:{port}{}", health.scheme, health.host, health.path);
    let method = &health.method;
    let said = format!("Healthcheck URL (inside the container): {method}: {url}");
    let curl = format!("curl -s -X {method} -f {url} > /dev/null");
    let command = format!("{curl} || wget -q -O- {url} > /dev/null || exit 1");
    Some(CheckSource { said, command })
}

/// The container that compose is told to make.
pub(super) fn container(
    job: &Job,
    delays: &Delays,
    env: BTreeMap<String, String>,
) -> Result<NewContainer, String> {
    let app = &job.app;
    let run_options = honoured(app.run_options.as_deref().unwrap_or_default());
    if let Some(refusal) = options::refused(&run_options) {
        return Err(refusal);
    }
    let written = |it: &options::RunOption| match &it.value {
        Some(value) => format!("{}={value}", it.name),
        None => it.name.clone(),
    };
    Ok(NewContainer {
        name: container_name(job),
        app: app.uuid.clone(),
        image: image(app),
        network: app.network.clone(),
        aliases: list(app.aliases.as_deref()),
        labels: labels(job),
        env,
        check: check_source(app).map(|source| check(source, app, delays)),
        ports: list(app.ports_mappings.as_deref()),
        limits: limits(&app.limits),
        options: run_options.iter().map(written).collect(),
    })
}

fn list(text: Option<&str>) -> Vec<String> {
    let parts = text.unwrap_or_default().split(',').map(str::trim);
    parts.filter(|it| !it.is_empty()).map(str::to_owned).collect()
}

/// Docker takes zero for its own values: 30 seconds, and three failures.
fn check(source: CheckSource, app: &AppSpec, delays: &Delays) -> Check {
    let health = &app.health;
    let seconds = |value: i64| delays.configured(if value == 0 { 30 } else { value });
    Check {
        command: source.command,
        interval: seconds(health.interval),
        timeout: seconds(health.timeout),
        retries: if health.retries == 0 { 3 } else { health.retries },
        start_period: delays.configured(health.start_period),
    }
}

/// Coolify's own labels, and the lines that are the user's; a line of theirs that begins with
/// `coolify.` is dropped.
fn labels(job: &Job) -> BTreeMap<String, String> {
    let lines = job.app.labels.lines().map(str::trim);
    let pairs = lines.filter_map(|line| line.split_once('='));
    let theirs = pairs.filter(|(key, _)| !key.starts_with("coolify."));
    let theirs = theirs.map(|(key, value)| (key.to_owned(), value.to_owned()));
    own_labels(job).into_iter().chain(theirs).collect()
}

fn own_labels(job: &Job) -> Vec<(String, String)> {
    let app = &job.app;
    let named = [
        ("managed", "true".to_owned()),
        ("version", app.version.clone()),
        ("applicationId", app.id.to_string()),
        ("type", "application".to_owned()),
        ("name", container_name(job)),
        ("resourceName", slug(&app.name)),
        ("projectName", slug(&app.project)),
        ("serviceName", slug(&app.name)),
        ("environmentName", slug(&app.environment)),
        ("pullRequestId", "0".to_owned()),
    ];
    let own = named.into_iter().map(|(key, value)| (format!("coolify.{key}"), value));
    own.chain([("com.docker.compose.project".to_owned(), app.uuid.clone())]).collect()
}

fn slug(name: &str) -> String {
    let lower = name.to_lowercase();
    let words = lower.split(|it: char| !it.is_alphanumeric()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("-")
}

/// As arguments of `docker run`; `0` is no limit. A share that is no number counts as 0.
fn limits(limits: &Limits) -> Vec<String> {
    let size = |name: &str, value: &str| {
        (!value.is_empty() && value != "0").then(|| format!("--{name}={value}"))
    };
    let cpus: String =
        limits.cpus.chars().take_while(|it| it.is_ascii_digit() || *it == '.').collect();
    let cpus = cpus.parse::<f64>().ok().filter(|it| *it > 0.0);
    let set = limits.cpuset.as_deref().unwrap_or_default();
    let arguments = [
        size("memory", &limits.memory),
        size("memory-swap", &limits.memory_swap),
        size("memory-reservation", &limits.memory_reservation),
        size("cpuset-cpus", set),
        cpus.map(|it| format!("--cpus={it}")),
        limits.swappiness.map(|it| format!("--memory-swappiness={it}")),
        limits.cpu_shares.filter(|it| *it > 0).map(|it| format!("--cpu-shares={it}")),
    ];
    arguments.into_iter().flatten().collect()
}

/// Why compose cannot read the file: sizes are looked at before anything is pulled.
pub(super) fn unreadable(job: &Job) -> Option<String> {
    let limits = &job.app.limits;
    let sizes = [
        ("mem_limit", &limits.memory),
        ("memswap_limit", &limits.memory_swap),
        ("mem_reservation", &limits.memory_reservation),
    ];
    let (key, size) = sizes.into_iter().find(|(_, size)| !is_size(size))?;
    let service = container_name(job);
    Some(format!(
        "decoding failed due to the following error(s):\n\nerror decoding \
         'services[{service}].{key}': invalid size: '{size}'"
    ))
}

/// A number with an optional unit, as compose reads sizes.
fn is_size(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let unit = lower.trim_start_matches(|it: char| it.is_ascii_digit() || ".-".contains(it));
    let number = &lower[..lower.len() - unit.len()];
    let units = ["", "b", "k", "kb", "kib", "m", "mb", "mib", "g", "gb", "gib", "t", "tb", "tib"];
    text.is_empty() || (number.parse::<f64>().is_ok() && units.contains(&unit.trim_start()))
}
