//! `secrets list`: names, sources and ages.

use super::vault;
use crate::edge::{clock, secrets};
use crate::error::Result;
use crate::exit::Exit;
use crate::flags::SecretsOf;
use crate::report::table;
use crate::world::World;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use xtask_core::deploy::SecretSource;
use xtask_core::moment::Moment;
use xtask_core::plan::Count;
use xtask_core::secrets::check::asked_of;
use xtask_core::secrets::document::Document;

pub(super) fn run(flags: &SecretsOf, world: &World<'_>) -> Result<Exit> {
    let name = &flags.environment;
    let sources = world.environment(name)?.sources();
    let vault = vault(world, name)?;
    let document = vault.read()?.unwrap_or_default();
    let generated = secrets::kept_names(&world.state(name))?;
    let now = clock::moment();
    let mut rows: Vec<[Value; 4]> = Vec::new();
    for (secret, source) in &sources {
        let state = state(secret, source, &document, &generated, name)?;
        let changed = age_of(source, &document, name);
        rows.push([
            json!(secret),
            json!(source.to_string()),
            json!(state),
            json!(changed.map(|it| it.to_string())),
        ]);
    }
    let asked = asked_of(&world.deploy, name);
    for (idle, entry) in document.entries().iter().filter(|(it, _)| !asked.contains(*it)) {
        let changed = entry.changed.map(|it| it.to_string());
        rows.push([
            Value::Null,
            json!(format!("age:{name}/{idle}")),
            json!("unused"),
            json!(changed),
        ]);
    }
    let lines: Vec<Vec<String>> = rows.iter().map(|row| line(row, now)).collect();
    let value: Vec<Value> = rows.into_iter().map(|[secret, source, state, changed]| {
        json!({ "secret": secret, "source": source, "state": state, "changed": changed })
    }).collect();
    world.report.data(&json!(value), &table(&lines));
    Ok(Exit::Done)
}

fn line([secret, source, state, changed]: &[Value; 4], now: Moment) -> Vec<String> {
    let text = |it: &Value| it.as_str().unwrap_or("-").to_owned();
    let age = changed.as_str().and_then(|it| it.parse::<Moment>().ok());
    let age = age.map(|at| Count(usize::try_from(now.hours_since(at) / 24).unwrap_or(0), "day"));
    let age = age.map_or("age unknown".to_owned(), |days| format!("{days} old"));
    let age = if state.as_str() == Some("there") || secret.is_null() { age } else { String::new() };
    vec![text(secret), text(source), text(state), age]
}

fn state(
    secret: &str,
    source: &SecretSource,
    document: &Document,
    generated: &BTreeSet<String>,
    own: &str,
) -> Result<&'static str> {
    let is_there = match source {
        SecretSource::Generate => generated.contains(secret.trim_start_matches("secrets.")),
        SecretSource::Age(it) if it.file == own => document.get(&it.name).is_some(),
        source => secrets::read_if_there(source)?.is_some(),
    };
    Ok(match (is_there, source.is_optional()) {
        (true, _) => "there",
        (false, true) => "left out",
        (false, false) => "not there",
    })
}

fn age_of(source: &SecretSource, document: &Document, own: &str) -> Option<Moment> {
    let name = source.age().filter(|it| it.file == own)?;
    document.entries().get(&name.name)?.changed
}
