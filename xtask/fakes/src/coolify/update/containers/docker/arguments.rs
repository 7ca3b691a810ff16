//! `docker create` for a container as compose would make it.

use super::super::NewContainer;
use crate::coolify::update::Check;
use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::time::Duration;
use tempfile::NamedTempFile;

/// The variables: never among the arguments, where the whole machine could read them.
pub(super) struct Environment {
    /// For the client's `--env-file`, whose values end with their line.
    file: NamedTempFile,
    /// Those that no line can hold; the client passes them on from its own environment.
    pub(super) inherited: BTreeMap<String, String>,
}

/// The client reads no longer lines.
const LINE_MAX: usize = 60_000;

impl Environment {
    pub(super) fn of(env: &BTreeMap<String, String>) -> io::Result<Self> {
        let fits = |value: &str| value.len() < LINE_MAX && !value.contains(['\n', '\r']);
        let (lines, rest): (Vec<_>, Vec<_>) = env.iter().partition(|(_, value)| fits(value));
        let mut file = NamedTempFile::new()?;
        for (key, value) in lines {
            writeln!(file, "{key}={value}")?;
        }
        file.flush()?;
        let inherited = rest.into_iter().map(|(key, value)| (key.clone(), value.clone()));
        Ok(Self { file, inherited: inherited.collect() })
    }
}

pub(super) fn create(
    container: &NewContainer,
    run: &str,
    image: &str,
    environment: &Environment,
) -> Vec<String> {
    let mut arguments = vec!["create".to_owned()];
    let mut add = |name: &str, value: &str| arguments.push(format!("--{name}={value}"));
    add("name", &container.name);
    add("restart", "unless-stopped");
    add("network", &container.network);
    add("label", run);
    add("env-file", &environment.file.path().to_string_lossy());
    environment.inherited.keys().for_each(|key| add("env", key));
    container.labels.iter().for_each(|(key, value)| add("label", &format!("{key}={value}")));
    container.aliases.iter().for_each(|alias| add("network-alias", alias));
    container.ports.iter().for_each(|ports| add("publish", ports));
    container.check.iter().flat_map(check).for_each(|(name, value)| add(name, &value));
    arguments.extend(container.limits.iter().chain(&container.options).cloned());
    arguments.push(image.to_owned());
    arguments
}

fn check(check: &Check) -> [(&'static str, String); 5] {
    // Docker takes nothing shorter, and zero for its own value.
    let time = |it: Duration| format!("{}ms", it.as_millis().max(1));
    [
        ("health-cmd", check.command.clone()),
        ("health-interval", time(check.interval)),
        ("health-timeout", time(check.timeout)),
        ("health-retries", check.retries.to_string()),
        ("health-start-period", time(check.start_period)),
    ]
}
