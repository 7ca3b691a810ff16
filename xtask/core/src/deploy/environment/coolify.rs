//! Where in a Coolify an environment is, and what of that Coolify is ours to set.

use super::{SecretSource, part, read_source, read_url, read_url_with_path};
use crate::reader::Table;
use url::Url;

/// The network that Coolify makes on each server.
const NETWORK: &str = "coolify";
/// Coolify's own default is two.
const IMAGES_TO_KEEP: u64 = 5;

/// Where in a Coolify an environment is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coolify {
    /// Where its panel and API are reached.
    pub url: String,
    /// Where the token of its API is kept.
    pub token: SecretSource,
    pub project: String,
    /// The project's environment.
    pub environment: String,
    /// The server, by name or uuid.
    pub server: String,
    /// The Docker network on that server.
    pub destination: String,
    /// How many images of each service its clean-up leaves on the server.
    pub images_to_keep: u64,
    /// When it cleans up after Docker, if that is ours to say.
    pub cleanup: Option<Cleanup>,
    /// A storage for its back-ups, if there is one.
    pub storage: Option<Storage>,
    /// Whom it tells about deployments, if anybody.
    pub notifications: Option<Notifications>,
}

/// When the server is cleaned up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cleanup {
    /// When, as cron has it.
    pub frequency: String,
    /// From which use of the disk on, in percent.
    pub threshold: u64,
}

/// An S3 storage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Storage {
    /// By this name it is found again.
    pub name: String,
    /// Where it is.
    pub endpoint: String,
    pub bucket: String,
    pub region: String,
    /// Where the id of the key is kept.
    pub key: SecretSource,
    /// Where the key itself is kept.
    pub secret: SecretSource,
}

/// Whom Coolify tells about deployments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notifications {
    /// Where the address is kept that it posts to: who knows it may post there.
    pub webhook: SecretSource,
}

/// Reads the table of the environment called `name`.
pub(super) fn read(name: &str, table: &Table<'_>) -> Option<Coolify> {
    let url = read_url(table, "url").and_then(|url| refuse_open(table, "url", url));
    let token = read_source(table, "token");
    let project = read_label(table, "project");
    let environment = optional(table, "environment", read_label);
    let server = read_line(table, "server");
    let destination = optional(table, "destination", read_network);
    let images_to_keep = optional(table, "images_to_keep", |it, key| it.number(key, 1..=100));
    let cleanup = part(table, "cleanup", read_cleanup);
    let storage = part(table, "storage", read_storage);
    let notifications = part(table, "notifications", read_notifications);
    table.refuse_unknown();
    Some(Coolify {
        url: url?,
        token: token?,
        project: project?,
        environment: environment?.unwrap_or_else(|| name.to_owned()),
        server: server?,
        destination: destination?.unwrap_or_else(|| NETWORK.to_owned()),
        images_to_keep: images_to_keep?.unwrap_or(IMAGES_TO_KEEP),
        cleanup: cleanup?,
        storage: storage?,
        notifications: notifications?,
    })
}

/// What may be missing; the outer `None` is a mistake in it.
pub(super) fn optional<T>(
    table: &Table<'_>,
    key: &str,
    read: impl FnOnce(&Table<'_>, &str) -> Option<T>,
) -> Option<Option<T>> {
    // A key that is there has been asked for; one that is not is known all the same.
    table.know(key);
    if !table.keys().iter().any(|it| it == key) {
        return Some(None);
    }
    read(table, key).map(Some)
}

/// A token goes to this address with every request: in the open only where nobody listens.
pub(super) fn refuse_open(table: &Table<'_>, key: &str, url: String) -> Option<String> {
    let host = Url::parse(&url).ok().and_then(|it| it.host_str().map(ToOwned::to_owned));
    let host = host.unwrap_or_default();
    let is_loopback = ["127.0.0.1", "localhost", "[::1]"].contains(&host.as_str());
    if url.starts_with("http://") && !is_loopback {
        table.refuse(key, format!("`{url}` would carry secrets in the open; wanted `https://`"));
        return None;
    }
    Some(url)
}

fn refuse_shape(table: &Table<'_>, key: &str, text: &str, wanted: &str) {
    table.refuse(key, format!("`{text}` cannot be used; wanted {wanted}"));
}

/// A name as Coolify takes it for projects and environments.
fn read_label(table: &Table<'_>, key: &str) -> Option<String> {
    let text = table.text(key)?;
    let is_legal = |it: char| it.is_alphanumeric() || "-_. ".contains(it);
    let fits = (3..=255).contains(&text.chars().count()) && text.chars().all(is_legal);
    if !fits || text.trim() != text {
        let wanted = "3 to 255 letters, digits, blanks, `-`, `_` or `.`";
        refuse_shape(table, key, &text, wanted);
        return None;
    }
    Some(text)
}

fn read_line(table: &Table<'_>, key: &str) -> Option<String> {
    let text = table.text(key)?;
    if text.is_empty() || text.len() > 255 || text.trim() != text || text.contains('\n') {
        refuse_shape(table, key, &text, "a line of text without blanks around it");
        return None;
    }
    Some(text)
}

/// A network as Docker takes it.
fn read_network(table: &Table<'_>, key: &str) -> Option<String> {
    let text = table.text(key)?;
    let legal = |it: char| it.is_ascii_alphanumeric() || "._-".contains(it);
    let starts = text.starts_with(|it: char| it.is_ascii_alphanumeric());
    if !starts || text.len() > 255 || !text.chars().all(legal) {
        refuse_shape(table, key, &text, "a network's name: letters, digits, `.`, `_`, `-`");
        return None;
    }
    Some(text)
}

fn read_cleanup(table: &Table<'_>) -> Option<Cleanup> {
    let frequency = read_cron(table, "frequency");
    let threshold = table.number("threshold", 1..=99);
    table.refuse_unknown();
    Some(Cleanup { frequency: frequency?, threshold: threshold? })
}

/// Words such as `daily` are stored as five fields, so that only five fields stay as they are.
fn read_cron(table: &Table<'_>, key: &str) -> Option<String> {
    let text = table.text(key)?;
    let legal = |it: char| it.is_ascii_digit() || "*/,- ".contains(it);
    if text.split(' ').filter(|field| !field.is_empty()).count() != 5
        || text.split(' ').count() != 5
        || !text.chars().all(legal)
    {
        refuse_shape(table, key, &text, "five fields as cron has them, such as `0 3 * * *`");
        return None;
    }
    Some(text)
}

fn read_storage(table: &Table<'_>) -> Option<Storage> {
    let name = read_label(table, "name");
    let endpoint =
        read_url_with_path(table, "endpoint").and_then(|it| refuse_open(table, "endpoint", it));
    let bucket = read_line(table, "bucket");
    let region = read_line(table, "region");
    let key = read_source(table, "key");
    let secret = read_source(table, "secret");
    table.refuse_unknown();
    Some(Storage {
        name: name?,
        endpoint: endpoint?,
        bucket: bucket?,
        region: region?,
        key: key?,
        secret: secret?,
    })
}

fn read_notifications(table: &Table<'_>) -> Option<Notifications> {
    let webhook = read_source(table, "webhook");
    table.refuse_unknown();
    Some(Notifications { webhook: webhook? })
}
