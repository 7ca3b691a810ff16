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
pub fn found(observed: &Observed) -> Found {
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
    }
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
    Ok(document.to_string())
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
        }
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
