//! What Coolify makes of a variable: the text in the env file, and from it, by compose's reader,
//! what the container sees.

use super::dotenv;
use super::{EnvRow, Job};
use std::collections::BTreeMap;

/// A value as it is stored: without blanks around it; a blank one is none.
pub fn stored(sent: &str) -> Option<String> {
    Some(sent.trim()).filter(|it| !it.is_empty()).map(str::to_owned)
}

/// `real_value`: the text that stands in the env file.
pub fn real_value(row: &EnvRow) -> Option<String> {
    let value = row.value.as_deref()?;
    if is_json_container(value) {
        return Some(value.to_owned());
    }
    let quoted = row.literal || row.multiline;
    // A quote inside is not escaped: it ends the value, and what follows is read as a name.
    Some(if quoted { format!("'{value}'") } else { escaped(value) })
}

/// An object or a list goes out as it is, whatever the flags say.
fn is_json_container(value: &str) -> bool {
    value.starts_with(['{', '[']) && serde_json::from_str::<serde_json::Value>(value).is_ok()
}

/// Written as for double quotes, though none are around it: compose leaves every backslash.
fn escaped(value: &str) -> String {
    let escape = |text: &mut String, letter: char| {
        match letter {
            '\\' => text.push_str("\\\\"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            '\0' => text.push_str("\\0"),
            '"' => text.push_str("\\\""),
            '\'' => text.push_str("\\'"),
            other => text.push(other),
        };
    };
    value.chars().fold(String::with_capacity(value.len()), |mut text, letter| {
        escape(&mut text, letter);
        text
    })
}

/// The env file of a deployment: what Coolify injects, the variables, then the port and the host.
pub fn env_file(job: &Job, container: &str) -> String {
    let is_set = |key: &str| job.env.iter().any(|row| row.runtime && row.key == key);
    let unset =
        |(key, value): (&'static str, String)| (!is_set(key)).then(|| format!("{key}={value}"));
    let before = injected(job, container).into_iter().filter_map(unset);
    let own = job.env.iter().filter(|row| row.runtime);
    let own = own.map(|row| format!("{}={}", row.key, real_value(row).unwrap_or_default()));
    let after = listening(job).into_iter().filter_map(unset);
    before.chain(own).chain(after).collect::<Vec<_>>().join("\n") + "\n"
}

fn injected(job: &Job, container: &str) -> [(&'static str, String); 6] {
    let domains = job.app.domains.clone().unwrap_or_default();
    let hosts = domains.replace("http://", "").replace("https://", "");
    [
        ("SOURCE_COMMIT", "HEAD".to_owned()),
        ("COOLIFY_URL", domains),
        ("COOLIFY_FQDN", hosts),
        ("COOLIFY_BRANCH", String::new()),
        ("COOLIFY_RESOURCE_UUID", job.app.uuid.clone()),
        ("COOLIFY_CONTAINER_NAME", container.to_owned()),
    ]
}

fn listening(job: &Job) -> Vec<(&'static str, String)> {
    let port = job.app.first_exposed().map(|port| ("PORT", port.to_owned()));
    port.into_iter().chain([("HOST", "0.0.0.0".to_owned())]).collect()
}

/// What the container sees; the fault in compose's words when the file cannot be read.
///
/// Compose reads it twice: for itself, with its own environment (that of the helper container),
/// and for the container, where every name of the first reading is known as well.
pub fn seen(file: &str) -> Result<BTreeMap<String, String>, String> {
    let helper = |name: &str| helper_environment(name).map(str::to_owned);
    let first = dotenv::read(file, &helper)?;
    dotenv::read(file, &|name| helper(name).or_else(|| first.get(name).cloned()))
}

/// What `$NAME` is expanded with: not the server's environment, and not the container's.
fn helper_environment(name: &str) -> Option<&'static str> {
    match name {
        "HOME" => Some("/root"),
        "PATH" => Some("/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
