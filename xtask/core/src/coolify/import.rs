//! From a running instance to `deploy.toml`: the table of one environment is edited in place, and
//! nothing else of the file is touched. Secrets and addresses stay as a person wrote them.

use super::observed::{Fields, Observed};
use super::plan::text;
use toml_edit::{DocumentMut, Item, Table, value};

/// What of an instance `deploy.toml` can say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// The server's name.
    pub server: String,
    /// The network of the applications, if they are on one.
    pub destination: Option<String>,
    /// How many images a clean-up leaves, if all applications agree.
    pub images_to_keep: Option<i64>,
    /// When the server is cleaned up, and from which use of the disk on.
    pub cleanup: Option<(String, i64)>,
    /// The storage that is named already, else the only one of the team.
    pub storage: Option<FoundStorage>,
    /// Whether the team's webhook is told of deployments.
    pub tells: bool,
}

/// A storage, without its keys: nobody is shown them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundStorage {
    pub name: String,
    /// Address, bucket and region, by their keys in `deploy.toml`.
    pub fields: Vec<(&'static str, String)>,
}

/// Why a text cannot be edited.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// It is no TOML.
    #[error("it is not TOML")]
    Syntax(#[from] toml_edit::TomlError),
    /// The table is not there.
    #[error(
        "it has no table `environments.{0}.coolify`: write `url`, `token`, `project` and `server`"
    )]
    NoTable(String),
}

/// What of `observed` can be said.
pub fn found(observed: &Observed, storage: Option<&str>) -> Found {
    let applications = observed.applications.iter();
    let networks = applications.clone().map(|it| it.network.clone());
    let kept = applications.map(|it| number(&it.fields, "docker_images_to_keep"));
    let cleanup = observed.cleanup.as_ref().ok().and_then(|fields| {
        let frequency = text(fields.get("docker_cleanup_frequency")?);
        Some((frequency, number(fields, "docker_cleanup_threshold")?))
    });
    Found {
        server: observed.server.name.clone(),
        destination: agreed(networks),
        images_to_keep: agreed(kept),
        cleanup,
        storage: found_storage(observed, storage),
        tells: tells(observed),
    }
}

fn found_storage(observed: &Observed, wanted: Option<&str>) -> Option<FoundStorage> {
    let all = observed.storages.as_ref().ok()?;
    let found = match (wanted, all.as_slice()) {
        (Some(name), _) => all.iter().find(|it| it.name == name)?,
        (None, [only]) => only,
        (None, _) => return None,
    };
    let field = |key| Some((key, text(found.fields.get(key)?)));
    let fields = ["endpoint", "bucket", "region"].into_iter().filter_map(field).collect();
    Some(FoundStorage { name: found.name.clone(), fields })
}

fn tells(observed: &Observed) -> bool {
    let Ok(found) = &observed.notifications else { return false };
    let is_on = |key: &str| found.fields.get(key).map(text).as_deref() == Some("true");
    is_on("webhook_enabled") && is_on("deployment_failure_webhook_notifications")
}

fn number(fields: &Fields, name: &str) -> Option<i64> {
    text(fields.get(name)?).parse().ok()
}

/// What all of them say; none if they differ, or one says nothing.
fn agreed<T: PartialEq>(mut all: impl Iterator<Item = Option<T>>) -> Option<T> {
    let first = all.next()??;
    all.all(|it| it.as_ref() == Some(&first)).then_some(first)
}

/// `text` with the table of `environment` as `found`.
pub fn edited(text: &str, environment: &str, found: &Found) -> Result<String, ImportError> {
    let mut document: DocumentMut = text.parse()?;
    let missing = || ImportError::NoTable(environment.to_owned());
    let table = document
        .get_mut("environments")
        .and_then(|it| it.get_mut(environment))
        .and_then(|it| it.get_mut("coolify"))
        .and_then(Item::as_table_mut)
        .ok_or_else(missing)?;
    set(table, "server", found.server.as_str().into());
    if let Some(destination) = &found.destination {
        set(table, "destination", destination.as_str().into());
    }
    if let Some(count) = found.images_to_keep {
        set(table, "images_to_keep", count.into());
    }
    if let Some((frequency, threshold)) = &found.cleanup {
        let cleanup = table.entry("cleanup").or_insert_with(|| Item::Table(Table::new()));
        if let Some(cleanup) = cleanup.as_table_mut() {
            set(cleanup, "frequency", frequency.as_str().into());
            set(cleanup, "threshold", (*threshold).into());
        }
    }
    if let Some(storage) = &found.storage {
        set_storage(table, environment, storage);
    }
    if found.tells && !table.contains_key("notifications") {
        let mut notifications = Table::new();
        notifications.insert("webhook", value(source(environment, "WEBHOOK_URL")));
        table.insert("notifications", Item::Table(notifications));
    }
    Ok(document.to_string())
}

/// Its keys are nobody's to show: where there is no source of them yet, a variable is named.
fn set_storage(table: &mut Table, environment: &str, storage: &FoundStorage) {
    let inner = table.entry("storage").or_insert_with(|| Item::Table(Table::new()));
    let Some(inner) = inner.as_table_mut() else { return };
    set(inner, "name", storage.name.as_str().into());
    for (key, text) in &storage.fields {
        set(inner, key, text.as_str().into());
    }
    for (key, variable) in [("key", "S3_KEY"), ("secret", "S3_SECRET")] {
        if !inner.contains_key(key) {
            inner.insert(key, value(source(environment, variable)));
        }
    }
}

fn source(environment: &str, variable: &str) -> String {
    format!("env:{}_{variable}", environment.to_uppercase().replace('-', "_"))
}

/// Sets a value and keeps what stands around it.
fn set(table: &mut Table, key: &str, new: toml_edit::Value) {
    match table.get_mut(key).and_then(Item::as_value_mut) {
        Some(old) if same(old, &new) => {}
        Some(old) => {
            let decor = old.decor().clone();
            *old = new;
            *old.decor_mut() = decor;
        }
        None => {
            table.insert(key, value(new));
        }
    }
}

fn same(old: &toml_edit::Value, new: &toml_edit::Value) -> bool {
    match (old.as_str(), new.as_str()) {
        (Some(old), Some(new)) => old == new,
        _ => old.as_integer().is_some() && old.as_integer() == new.as_integer(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deploy::Deploy;

    fn committed() -> String {
        include_str!("../../../../deploy.toml").to_owned()
    }

    fn live() -> Found {
        Found {
            server: "hetzner-1".into(),
            destination: Some("apps".into()),
            images_to_keep: Some(3),
            cleanup: Some(("0 0 * * *".into(), 80)),
            storage: None,
            tells: false,
        }
    }

    #[test]
    fn storage_and_notifications_are_written_with_names_of_variables_in_place_of_their_secrets() {
        let field = |key, text: &str| (key, text.to_owned());
        let fields = vec![
            field("endpoint", "https://s3.example.org"),
            field("bucket", "nutri"),
            field("region", "eu"),
        ];
        let storage = Some(FoundStorage { name: "backups".into(), fields });
        let found = Found { storage, tells: true, ..live() };
        let after = edited(&committed(), "production", &found).unwrap();
        let coolify = Deploy::parse(&after).unwrap().environments["production"].coolify.clone();
        let coolify = coolify.unwrap();
        let storage = coolify.storage.unwrap();
        assert_eq!((storage.name.as_str(), storage.bucket.as_str()), ("backups", "nutri"));
        assert_eq!(storage.secret, "env:PRODUCTION_S3_SECRET".parse().unwrap());
        let webhook = coolify.notifications.unwrap().webhook;
        assert_eq!(webhook, "env:PRODUCTION_WEBHOOK_URL".parse().unwrap());
        let mine = after.replace("env:PRODUCTION_S3_KEY", "env:MINE");
        assert_eq!(edited(&mine, "production", &found).unwrap(), mine, "a person's source stays");
    }

    #[test]
    fn one_table_is_edited_and_comments_and_all_else_stay() {
        let before = committed();
        let after = edited(&before, "production", &live()).unwrap();
        let changed: Vec<&str> =
            after.lines().filter(|line| !before.lines().any(|it| it == *line)).collect();
        assert_eq!(
            changed,
            [
                "server = \"hetzner-1\"",
                "destination = \"apps\"",
                "images_to_keep = 3",
                "frequency = \"0 0 * * *\"",
            ]
        );
        let deploy = Deploy::parse(&after).unwrap();
        let coolify = deploy.environments["production"].coolify.clone().unwrap();
        assert_eq!((coolify.server.as_str(), coolify.images_to_keep), ("hetzner-1", 3));
        let staging = deploy.environments["staging"].coolify.clone().unwrap();
        assert_eq!(staging.server, "localhost");
        assert_eq!(edited(&after, "production", &live()).unwrap(), after);
    }

    #[test]
    fn a_table_that_is_not_there_is_made_below_its_own() {
        let after = edited(&committed(), "staging", &live()).unwrap();
        let cleanup = Deploy::parse(&after).unwrap().environments["staging"].coolify.clone();
        assert_eq!(cleanup.unwrap().cleanup.unwrap().frequency, "0 0 * * *");
    }

    #[test]
    fn what_cannot_be_edited_is_refused() {
        assert!(matches!(edited("a = ", "production", &live()), Err(ImportError::Syntax(_))));
        let said = edited(&committed(), "local", &live()).unwrap_err().to_string();
        assert!(said.contains("has no table `environments.local.coolify`"), "{said}");
    }

    #[test]
    fn what_applications_do_not_agree_on_is_not_said() {
        assert_eq!(agreed([Some(1), Some(1)].into_iter()), Some(1));
        for differ in [vec![Some(1), Some(2)], vec![Some(1), None], vec![None, Some(1)], vec![]] {
            assert_eq!(agreed(differ.into_iter()), None);
        }
    }
}
