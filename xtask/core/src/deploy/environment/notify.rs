//! Whom we tell of a change of an environment, and where the secrets for that are kept.

use super::coolify::refuse_open;
use super::{Environment, SecretSource, part, read_optional_source, read_source, read_url};
use crate::reader::Table;
use std::collections::BTreeMap;

/// GitHub itself, where nothing else is said.
const GITHUB: &str = "https://api.github.com";

/// Whom we tell; nobody by default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Notify {
    /// Where the address of a webhook of Discord is kept.
    pub discord: Option<SecretSource>,
    /// Where the address of a webhook of Slack is kept.
    pub slack: Option<SecretSource>,
    /// The repository whose deployments it is one of.
    pub github: Option<NotifyGitHub>,
    /// The organisation that hears of releases.
    pub sentry: Option<NotifySentry>,
}

/// A repository at GitHub.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotifyGitHub {
    /// Where its API is.
    pub url: String,
    /// `owner/name`.
    pub repository: String,
    /// Where the token is kept.
    pub token: SecretSource,
}

/// An organisation at Sentry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotifySentry {
    /// Where it is; an organisation lives in one region.
    pub url: String,
    /// Its name there.
    pub organisation: String,
    /// The projects that a release is of.
    pub projects: Vec<String>,
    /// Where the token is kept.
    pub token: SecretSource,
}

impl Environment {
    /// Where the secrets of whom we tell are kept, by the name that each has in the file. Without
    /// one of them a rollout goes on all the same.
    pub fn notify_sources(&self) -> BTreeMap<String, SecretSource> {
        let Notify { discord, slack, github, sentry } = &self.notify;
        let all = [
            ("notify.discord", discord.as_ref()),
            ("notify.slack", slack.as_ref()),
            ("notify.github.token", github.as_ref().map(|it| &it.token)),
            ("notify.sentry.token", sentry.as_ref().map(|it| &it.token)),
        ];
        let there = all.into_iter().filter_map(|(name, source)| Some((name, source?)));
        there.map(|(name, source)| (name.to_owned(), source.clone())).collect()
    }
}

/// Reads the table.
pub(super) fn read(table: &Table<'_>) -> Option<Notify> {
    let discord = optional_source(table, "discord");
    let slack = optional_source(table, "slack");
    let github = part(table, "github", read_github);
    let sentry = part(table, "sentry", read_sentry);
    table.refuse_unknown();
    Some(Notify { discord: discord?, slack: slack?, github: github?, sentry: sentry? })
}

/// A source that may be missing; the outer `None` is a mistake in it.
fn optional_source(table: &Table<'_>, key: &str) -> Option<Option<SecretSource>> {
    let is_there = table.keys().iter().any(|it| it == key);
    let source = read_optional_source(table, key);
    (is_there == source.is_some()).then_some(source)
}

fn read_github(table: &Table<'_>) -> Option<NotifyGitHub> {
    let url = address(table, Some(GITHUB));
    let repository = read_repository(table);
    let token = read_source(table, "token");
    table.refuse_unknown();
    Some(NotifyGitHub { url: url?, repository: repository?, token: token? })
}

fn read_repository(table: &Table<'_>) -> Option<String> {
    let text = table.text("repository")?;
    let is_name = |it: &str| {
        let is_legal = |it: char| it.is_ascii_alphanumeric() || "-_.".contains(it);
        !it.is_empty() && it.len() <= 100 && it.chars().all(is_legal) && it != "." && it != ".."
    };
    let parts: Vec<&str> = text.split('/').collect();
    if parts.len() != 2 || !parts.iter().all(|it| is_name(it)) {
        table.refuse("repository", format!("`{text}` is no repository: wanted `owner/name`"));
        return None;
    }
    Some(text)
}

fn read_sentry(table: &Table<'_>) -> Option<NotifySentry> {
    // None by default: which region an organisation is in decides where its data is kept.
    let url = address(table, None);
    let organisation = table.text("organisation").filter(|it| slug(table, "organisation", it));
    let projects = table.texts("projects");
    let are_projects = projects.iter().all(|it| slug(table, "projects", it));
    if projects.is_empty() {
        table.refuse("projects", "wanted the name of at least one project");
    }
    let token = read_source(table, "token");
    table.refuse_unknown();
    let is_whole = are_projects && !projects.is_empty();
    is_whole.then_some(NotifySentry {
        url: url?,
        organisation: organisation?,
        projects,
        token: token?,
    })
}

fn slug(table: &Table<'_>, key: &str, text: &str) -> bool {
    let is_legal = |it: char| it.is_ascii_lowercase() || it.is_ascii_digit() || "-_".contains(it);
    let fits = !text.is_empty() && text.len() <= 100 && text.chars().all(is_legal);
    if !fits {
        let wanted = "wanted lowercase letters, digits, `-`, `_`, as in its address";
        table.refuse(key, format!("`{text}` is no name there: {wanted}"));
    }
    fits
}

/// An address to which a token goes.
fn address(table: &Table<'_>, by_default: Option<&str>) -> Option<String> {
    table.know("url");
    let is_there = table.keys().iter().any(|it| it == "url");
    match by_default {
        Some(url) if !is_there => Some(url.to_owned()),
        _ => read_url(table, "url").and_then(|url| refuse_open(table, "url", url)),
    }
}
