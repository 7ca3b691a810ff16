//! `rollback-targets`: the releases that an environment can go back to, and why not to others.

use crate::edge::clock;
use crate::error::Result;
use crate::exit::Exit;
use crate::flags::Environment;
use crate::report::table;
use crate::ship::ledger::Ledger;
use crate::ship::site::Site;
use crate::ship::{migrate, release, serving};
use crate::world::World;
use serde::Serialize;
use serde_json::json;
use xtask_core::ship::ledger::{Action, Record};
use xtask_core::ship::machine::{Ended, Past, roll_back};
use xtask_core::ship::release::Release;

/// One release that served here, or was to.
#[derive(Serialize)]
struct Line {
    release: String,
    /// When it was made, if the registry still has it.
    made: Option<String>,
    commit: Option<String>,
    schema: Option<String>,
    verified: bool,
    /// Whether `rollback` goes there if none is named.
    next: bool,
    serves: bool,
    /// Why it is refused.
    refused: Option<String>,
}

pub(super) fn run(flags: &Environment, world: &World<'_>) -> Result<Exit> {
    let site = Site::look(world, &flags.environment)?;
    let ledger = Ledger::open(&site)?;
    let records = ledger.records()?;
    let mut versions = versions(&records);
    if !ledger.is_reached() {
        let listed = release::listed(&site)?;
        versions
            .extend(listed.into_iter().filter(|it| !records.iter().any(|known| known.to == *it)));
        let line = "without the ledger nobody tells which of them were verified here: behind those \
                    that this machine knows of stand all others of the registry";
        world.report.warning(line);
    }
    let past = Past::of(&records);
    let current = serving::release(&site, &records)?;
    let next = roll_back(&past, current.as_deref());
    let mut lines = Vec::new();
    for version in versions {
        let mut line = line(&site, &past, &version)?;
        line.next = next.as_ref() == Some(&version);
        line.serves = current.as_ref() == Some(&version);
        lines.push(line);
    }
    world.report.data(&json!({ "targets": lines }), &shown(&lines));
    Ok(Exit::Done)
}

/// Every release of the ledger, newest first, each once.
fn versions(records: &[Record]) -> Vec<String> {
    let mut versions: Vec<String> = Vec::new();
    for record in records.iter().rev().filter(|it| !it.to.is_empty()) {
        if !versions.contains(&record.to) {
            versions.push(record.to.clone());
        }
    }
    versions
}

fn line(site: &Site<'_>, past: &[Past], version: &str) -> Result<Line> {
    let found = release::find(site, version)?;
    let verified = past.iter().any(|it| it.to == *version && it.ended == Ended::Done);
    let refused = match &found {
        None => Some("the registry no longer has it".to_owned()),
        Some(release) => refusal(site, release),
    };
    Ok(Line {
        release: version.to_owned(),
        made: found.as_ref().map(|it| it.created_at.clone()),
        commit: found.as_ref().map(|it| it.commit.clone()),
        schema: found.as_ref().and_then(|it| it.schema_head().map(ToOwned::to_owned)),
        verified,
        next: false,
        serves: false,
        refused,
    })
}

/// Why the schema, or what is known of it, forbids a release that no signed trial shows to work.
fn refusal(site: &Site<'_>, release: &Release) -> Option<String> {
    match migrate::toward(site, release, Action::Rollback, &[]) {
        Ok(schema) => match release::forgiven(site, &release.version, &schema.skews) {
            Ok(Some(_)) => None,
            Ok(None) => schema.skews.first().map(ToString::to_string),
            Err(failure) => {
                let skew = schema.skews.first().map(ToString::to_string).unwrap_or_default();
                Some(format!("{skew}; no trial could be read: {}", failure.innermost_line()))
            }
        },
        Err(failure) => Some(failure.innermost_line().to_owned()),
    }
}

fn shown(lines: &[Line]) -> String {
    if lines.is_empty() {
        return "no release was rolled out yet".to_owned();
    }
    let head = ["RELEASE", "AGE", "COMMIT", "SCHEMA", "VERIFIED", ""];
    let mut rows = vec![head.map(ToOwned::to_owned).to_vec()];
    rows.extend(lines.iter().map(row));
    table(&rows)
}

fn row(line: &Line) -> Vec<String> {
    let or_none = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    let age = line.made.as_deref().and_then(clock::seconds_since).map(super::status::age);
    let said = match (&line.refused, line.serves, line.next) {
        (Some(why), ..) => format!("refused: {why}"),
        (None, true, _) => "serves".to_owned(),
        (None, false, true) => "`rollback` goes here".to_owned(),
        (None, false, false) => String::new(),
    };
    let commit = line.commit.as_deref().map(|it| it.chars().take(12).collect());
    let verified = if line.verified { "yes" } else { "no" }.to_owned();
    vec![
        line.release.clone(),
        or_none(age),
        or_none(commit),
        or_none(line.schema.clone()),
        verified,
        said,
    ]
}
