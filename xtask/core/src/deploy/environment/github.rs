//! Where jobs on GitHub get the secrets of an environment from, and which of them are put there.

use super::coolify::{optional, refuse_open};
use super::{Environment, SecretSource, read_source, read_url};
use crate::reader::Table;
use std::collections::BTreeMap;

const API: &str = "https://api.github.com";

/// An environment of a repository on GitHub.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GitHub {
    /// Where its API is.
    pub url: String,
    /// `owner/name`.
    pub repository: String,
    /// The environment's name there.
    pub environment: String,
    /// Where the token is kept.
    pub token: SecretSource,
    /// The secrets that jobs are given, by their names there.
    pub secrets: BTreeMap<String, SecretSource>,
}

impl Environment {
    /// Every source that it names, also of what is put elsewhere.
    pub fn all_sources(&self) -> Vec<SecretSource> {
        let github = self.github.iter();
        let github = github.flat_map(|it| it.secrets.values().chain([&it.token]).cloned());
        let notify = self.notify_sources().into_values();
        self.sources().into_values().chain(github).chain(notify).collect()
    }
}

/// Reads the table of the environment called `name`.
pub(super) fn read(name: &str, table: &Table<'_>) -> Option<GitHub> {
    let url = optional(table, "url", read_url).map(|url| url.unwrap_or_else(|| API.to_owned()));
    let url = url.and_then(|url| refuse_open(table, "url", url));
    let repository = read_repository(table);
    let environment = optional(table, "environment", |table, key| table.text(key));
    let token = read_source(table, "token");
    let secrets = table.optional_table("secrets").map(|it| read_secrets(&it)).unwrap_or_default();
    table.refuse_unknown();
    Some(GitHub {
        url: url?,
        repository: repository?,
        environment: environment?.unwrap_or_else(|| name.to_owned()),
        token: token?,
        secrets,
    })
}

fn read_repository(table: &Table<'_>) -> Option<String> {
    let text = table.text("repository")?;
    let is_part = |part: &str| {
        let fits = |it: u8| it.is_ascii_alphanumeric() || b"-_.".contains(&it);
        !part.is_empty() && part != "." && part != ".." && part.bytes().all(fits)
    };
    let parts: Vec<&str> = text.split('/').collect();
    if parts.len() != 2 || !parts.iter().all(|part| is_part(part)) {
        table.refuse("repository", format!("`{text}` is no repository: wanted `OWNER/NAME`"));
        return None;
    }
    Some(text)
}

fn read_secrets(table: &Table<'_>) -> BTreeMap<String, SecretSource> {
    let mut secrets = BTreeMap::new();
    for name in table.keys() {
        if !is_name(&name) {
            let wanted = "wanted `A-Z`, `0-9` and `_`, no digit first and no `GITHUB_`";
            table.refuse(&name, format!("`{name}` is no name of a secret at GitHub: {wanted}"));
        }
        secrets.extend(read_source(table, &name).map(|source| (name, source)));
    }
    table.refuse_unknown();
    secrets
}

/// As GitHub takes it: it writes small letters large, so another spelling would be another name.
fn is_name(name: &str) -> bool {
    let fits = |it: u8| it.is_ascii_uppercase() || it.is_ascii_digit() || it == b'_';
    let starts = !name.starts_with(|it: char| it.is_ascii_digit());
    starts && !name.starts_with("GITHUB_") && name.len() <= 255 && name.bytes().all(fits)
}
