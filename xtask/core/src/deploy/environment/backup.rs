//! Where back-ups of an environment are kept, for how long, and when to worry.

use super::{Environment, SecretSource, part, read_optional_source, read_source};
use crate::backup::alarm::Limits;
use crate::backup::retention::Keep;
use crate::reader::Table;
use std::collections::BTreeMap;
use url::Url;

/// Where back-ups of an environment are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backup {
    /// restic's name for the repository.
    pub repository: Repository,
    /// Where its password is kept.
    pub password: SecretSource,
    /// The key of who adds to it.
    pub access: Option<Access>,
    /// The key of who deletes from it; the job that backs up has none that can.
    pub prune: Option<Access>,
    /// The schemas of the services; ours is always with them. None named are all that there are.
    pub schemas: Vec<String>,
    /// Schemas that are known not to be kept.
    pub without_schemas: Vec<String>,
    pub keep: Keep,
    pub alarm: Limits,
    /// The address that hears of each back-up that is whole.
    pub heartbeat: Option<SecretSource>,
    /// The address that hears of each drill that passed.
    pub drill_heartbeat: Option<SecretSource>,
    /// What a drill asks of the services on the restored database.
    pub drill_asks: Option<String>,
}

/// Where a repository is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Repository {
    /// A folder, by its whole path.
    Folder(String),
    /// A bucket, with its endpoint.
    Bucket(Bucket),
}

/// A bucket of a storage that speaks S3.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// `https://host`, without a slash at its end.
    pub endpoint: String,
    pub bucket: String,
    /// The folder in it, without slashes at its ends; empty for the bucket itself.
    pub prefix: String,
}

/// A key of a storage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    pub key: SecretSource,
    pub secret: SecretSource,
}

impl Repository {
    /// As restic names it.
    pub fn name(&self) -> String {
        match self {
            Self::Folder(path) => path.clone(),
            Self::Bucket(Bucket { endpoint, bucket, prefix }) if prefix.is_empty() => {
                format!("s3:{endpoint}/{bucket}")
            }
            Self::Bucket(Bucket { endpoint, bucket, prefix }) => {
                format!("s3:{endpoint}/{bucket}/{prefix}")
            }
        }
    }
}

impl Environment {
    /// Where the secrets of its back-ups are kept, by the name that each has in the file. Only what
    /// backs up, restores or prunes reads them.
    pub fn backup_sources(&self) -> BTreeMap<String, SecretSource> {
        let Some(backup) = &self.backup else { return BTreeMap::new() };
        let access =
            |it: &Option<Access>| it.as_ref().map(|it| (it.key.clone(), it.secret.clone()));
        let (access, prune) = (access(&backup.access).unzip(), access(&backup.prune).unzip());
        let all = [
            ("backup.password", Some(backup.password.clone())),
            ("backup.key", access.0),
            ("backup.secret", access.1),
            ("backup.prune.key", prune.0),
            ("backup.prune.secret", prune.1),
            ("backup.heartbeat", backup.heartbeat.clone()),
            ("backup.drill_heartbeat", backup.drill_heartbeat.clone()),
        ];
        let there = all.into_iter().filter_map(|(name, source)| Some((name.to_owned(), source?)));
        there.collect()
    }
}

/// Reads the table.
pub(super) fn read(table: &Table<'_>) -> Option<Backup> {
    let repository = read_repository(table);
    let password = read_source(table, "password");
    let access = read_access(table);
    let prune = part(table, "prune", read_whole_access);
    let schemas = read_schemas(table, "schemas");
    let without_schemas = read_schemas(table, "without_schemas");
    let keep = part(table, "keep", read_keep);
    let alarm = part(table, "alarm", read_alarm);
    let heartbeat = read_optional_source(table, "heartbeat");
    let drill_heartbeat = read_optional_source(table, "drill_heartbeat");
    let drill_asks = read_path(table, "drill_asks");
    table.refuse_unknown();
    let backup = Backup {
        repository: repository?,
        password: password?,
        access: access?,
        prune: prune?,
        schemas: schemas?,
        without_schemas: without_schemas?,
        keep: keep?.unwrap_or_default(),
        alarm: alarm?.unwrap_or_default(),
        heartbeat,
        drill_heartbeat,
        drill_asks,
    };
    check_keys(table, &backup).then_some(backup)
}

/// A bucket is opened with a key, and a folder without one.
fn check_keys(table: &Table<'_>, backup: &Backup) -> bool {
    match (&backup.repository, &backup.access) {
        (Repository::Bucket(_), None) => {
            table.refuse("key", "missing; a bucket is opened with `key` and `secret`");
            false
        }
        (Repository::Folder(_), Some(_)) => {
            table.refuse("key", "a folder of this machine is opened without a key");
            false
        }
        _ if backup.prune.is_some() && backup.prune == backup.access => {
            table.refuse(
                "prune",
                "it is the key of the job: who backs up must not be able to delete",
            );
            false
        }
        _ => true,
    }
}

fn read_repository(table: &Table<'_>) -> Option<Repository> {
    let text = table.text("repository")?;
    let read = repository(&text);
    if read.is_none() {
        // What stands there is not repeated: it may hold a password.
        table.refuse(
            "repository",
            "cannot be used; wanted `s3:https://HOST/BUCKET/FOLDER` without a user, or a whole path",
        );
    }
    read
}

fn repository(text: &str) -> Option<Repository> {
    let is_plain =
        |it: &str| !it.is_empty() && it != "." && it != ".." && !it.contains(char::is_control);
    if let Some(path) = text.strip_prefix('/') {
        let fits = path.split('/').all(is_plain);
        return fits.then(|| Repository::Folder(text.to_owned()));
    }
    let url = Url::parse(text.strip_prefix("s3:")?).ok()?;
    let host = url.host_str()?;
    let is_loopback = ["127.0.0.1", "localhost", "[::1]"].contains(&host);
    let is_safe = url.scheme() == "https" || (url.scheme() == "http" && is_loopback);
    let is_bare = url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    let path = url.path().strip_prefix('/')?;
    let (bucket, prefix) = path.split_once('/').unwrap_or((path, ""));
    let fits = is_plain(bucket) && (prefix.is_empty() || prefix.split('/').all(is_plain));
    if !(is_safe && is_bare && fits) {
        return None;
    }
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    Some(Repository::Bucket(Bucket {
        endpoint: format!("{}://{host}{port}", url.scheme()),
        bucket: bucket.to_owned(),
        prefix: prefix.to_owned(),
    }))
}

/// Both halves of a key, or none; the outer `None` is a mistake.
fn read_access(table: &Table<'_>) -> Option<Option<Access>> {
    let is_there = |name: &str| table.keys().iter().any(|key| key == name);
    ["key", "secret"].iter().for_each(|key| table.know(key));
    if !is_there("key") && !is_there("secret") {
        return Some(None);
    }
    let (key, secret) = (read_source(table, "key"), read_source(table, "secret"));
    Some(Some(Access { key: key?, secret: secret? }))
}

fn read_whole_access(table: &Table<'_>) -> Option<Access> {
    let (key, secret) = (read_source(table, "key"), read_source(table, "secret"));
    table.refuse_unknown();
    Some(Access { key: key?, secret: secret? })
}

/// A name that needs no quoting anywhere: it reaches `pg_dump` as a pattern.
fn read_schemas(table: &Table<'_>, key: &str) -> Option<Vec<String>> {
    let schemas = table.texts(key);
    let is_name = |it: &String| {
        let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        it.len() <= 63 && it.bytes().all(fits) && it.starts_with(|it: char| it.is_ascii_lowercase())
    };
    if let Some(strange) = schemas.iter().find(|it| !is_name(it)) {
        table.refuse(key, format!("`{strange}` is no name: wanted lowercase letters, digits, `_`"));
        return None;
    }
    Some(schemas)
}

fn read_keep(table: &Table<'_>) -> Option<Keep> {
    let daily = table.number("daily", 1..=366);
    let weekly = table.number("weekly", 0..=520);
    let monthly = table.number("monthly", 0..=240);
    table.refuse_unknown();
    Some(Keep { daily: daily?, weekly: weekly?, monthly: monthly? })
}

fn read_alarm(table: &Table<'_>) -> Option<Limits> {
    let by_default = Limits::default();
    let number = |key, range, value| match table.keys().iter().any(|it| it == key) {
        true => table.number(key, range),
        false => {
            table.know(key);
            Some(value)
        }
    };
    let max_age_hours = number("max_age_hours", 1..=8784, by_default.max_age_hours);
    let min_count = number("min_count", 1..=1000, by_default.min_count);
    let size_drop_percent = number("size_drop_percent", 1..=100, by_default.size_drop_percent);
    table.refuse_unknown();
    Some(Limits {
        max_age_hours: max_age_hours?,
        min_count: min_count?,
        size_drop_percent: size_drop_percent?,
    })
}

/// A path of a service's API, if there is one.
fn read_path(table: &Table<'_>, key: &str) -> Option<String> {
    let path = table.optional_text(key)?;
    if !path.starts_with('/') || path.contains(char::is_whitespace) {
        table.refuse(key, format!("`{path}` is not a path; wanted `/…`"));
        return None;
    }
    Some(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deploy::Deploy;

    fn with(table: &str) -> Result<Option<Backup>, String> {
        let text = include_str!("../../../../../deploy.toml");
        let (before, rest) = text.split_once("[environments.production.backup]").unwrap();
        let (_, after) = rest.split_once("[environments.production.coolify]").unwrap();
        let text = format!("{before}[environments.production.coolify]{after}");
        let text = format!("{text}\n[environments.production.backup]\n{table}");
        let deploy = Deploy::parse(&text).map_err(|it| it.to_string())?;
        Ok(deploy.environments["production"].backup.clone())
    }

    const BUCKET: &str = "repository = \"s3:https://s3.eu-central-003.example.org/backups/nutri\"\n\
        password = \"env:PASSWORD\"\nkey = \"env:KEY\"\nsecret = \"env:SECRET\"\n";

    #[test]
    fn a_bucket_is_read_with_what_is_usual() {
        let backup = with(BUCKET).unwrap().unwrap();
        assert_eq!(
            backup.repository.name(),
            "s3:https://s3.eu-central-003.example.org/backups/nutri"
        );
        assert_eq!((backup.keep, backup.alarm), (Keep::default(), Limits::default()));
        assert_eq!(backup.schemas, [""; 0], "all of them");
        let folder =
            with("repository = \"/srv/backups\"\npassword = \"env:P\"\n").unwrap().unwrap();
        assert_eq!(folder.repository, Repository::Folder("/srv/backups".into()));
    }

    #[test]
    fn every_mistake_is_named_and_no_password_is_repeated() {
        let text = "repository = \"s3:https://ann:hunter2@s3.example.org/b\"\npassword = \"generate\"\n\
            schemas = [\"a b\"]\ndrill_asks = \"foods\"\n\
            [environments.production.backup.keep]\ndaily = 0\n\
            [environments.production.backup.alarm]\nsize_drop_percent = 101\nage = 1\n";
        let said = with(text).unwrap_err();
        assert!(!said.contains("hunter2"), "{said}");
        for wanted in [
            "backup.repository`: cannot be used",
            "backup.password`",
            "`a b` is no name",
            "`foods` is not a path",
            "keep.daily`: wanted a whole number from 1 to 366",
            "keep.weekly`: missing",
            "alarm.size_drop_percent`",
            "alarm.age`: unknown key",
        ] {
            assert!(said.contains(wanted), "{wanted} in {said}");
        }
        for repository in [
            "s3:http://s3.example.org/b",
            "s3:https://s3.example.org",
            "../x",
            "/a/../b",
            "sftp:x:/y",
        ] {
            let said = with(
                &BUCKET
                    .replace("s3:https://s3.eu-central-003.example.org/backups/nutri", repository),
            );
            assert!(said.is_err(), "{repository}");
        }
    }

    #[test]
    fn who_backs_up_has_no_key_that_deletes() {
        let prune = |key: &str| {
            format!(
                "{BUCKET}[environments.production.backup.prune]\nkey = \"env:{key}\"\nsecret = \"env:SECRET\"\n"
            )
        };
        assert!(with(&prune("OTHER")).is_ok());
        let said = with(&prune("KEY")).unwrap_err();
        assert!(said.contains("must not be able to delete"), "{said}");
        let said = with(
            "repository = \"/srv/b\"\npassword = \"env:P\"\nkey = \"env:K\"\nsecret = \"env:S\"\n",
        );
        assert!(said.unwrap_err().contains("opened without a key"));
        let said = with(&BUCKET.replace("key = \"env:KEY\"\nsecret = \"env:SECRET\"\n", ""));
        assert!(said.unwrap_err().contains("a bucket is opened with"));
    }
}
