//! `secrets check`: what is missing, unused or weak, in all environments at once.

use super::vault;
use crate::edge::{files, secrets};
use crate::error::{Context as _, Result};
use crate::exit::Exit;
use crate::flags::SecretsCheck;
use crate::report::table;
use crate::world::World;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use xtask_core::deploy::{Environment, SecretSource};
use xtask_core::plan::Count;
use xtask_core::secret::Secret;
use xtask_core::secrets::check::{self, Line, State};
use xtask_core::secrets::weak::{Weakness, weakness};

pub(super) fn run(flags: &SecretsCheck, world: &World<'_>) -> Result<Exit> {
    let all = || world.deploy.environments.keys().cloned().collect();
    let names = if flags.environments.is_empty() { all() } else { flags.environments.clone() };
    let mut lines = contradictions(world)?;
    let mut seen = Seen::default();
    for name in &names {
        lines.extend(of_environment(world, name, world.environment(name)?, &mut seen)?);
    }
    lines.extend(idle(world, &names)?);
    let wrong = lines.iter().filter(|it| it.is_wrong()).count();
    let unknown = lines.iter().filter(|it| it.is_unknown()).count();
    let mut said = table(&lines.iter().map(row).collect::<Vec<_>>());
    said.push_str(&format!(
        "\n{}: {wrong} to be mended, {unknown} that cannot be told here",
        Count(lines.len(), "line")
    ));
    world.report.data(&json!(lines), &said);
    Ok(match (wrong, unknown) {
        (0, 0) => Exit::Done,
        (0, _) => Exit::NotChecked,
        _ => Exit::Planned,
    })
}

/// Who has which value, to find one that two environments share.
#[derive(Default)]
struct Seen(BTreeMap<String, (String, Secret)>);

impl Seen {
    /// The environment that has the same value already.
    fn other(&mut self, environment: &str, reference: &str, value: &Secret) -> Option<String> {
        let same = |(of, it): &&(String, Secret)| of != environment && it == value;
        let found = self.0.values().find(same).map(|(of, _)| of.clone());
        let key = format!("{environment} {reference}");
        self.0.insert(key, (environment.to_owned(), value.clone()));
        found
    }
}

fn row(line: &Line) -> Vec<String> {
    let or_none = |it: &Option<String>| it.clone().unwrap_or_else(|| "-".to_owned());
    vec![
        line.environment.clone(),
        or_none(&line.variable),
        line.secret.clone(),
        or_none(&line.source),
        line.state.to_owned(),
        line.why.clone().unwrap_or_default(),
    ]
}

fn line(
    environment: &str,
    variable: Option<String>,
    secret: &str,
    source: Option<&SecretSource>,
    state: &State,
) -> Line {
    let (word, why) = state.said();
    Line {
        environment: environment.to_owned(),
        variable,
        secret: secret.to_owned(),
        source: source.map(ToString::to_string),
        state: word,
        why,
    }
}

fn of_environment(
    world: &World<'_>,
    name: &str,
    environment: &Environment,
    seen: &mut Seen,
) -> Result<Vec<Line>> {
    let sources = environment.sources();
    let generated = secrets::kept_names(&world.state(name))?;
    let mut lines = Vec::new();
    for need in check::needs(&world.deploy) {
        let source = sources.get(&need.reference);
        let own = need.reference.trim_start_matches("secrets.");
        let state = match source {
            None if need.is_optional => State::LeftOut,
            None => State::Made,
            Some(SecretSource::Generate) if generated.contains(own) => State::There(None),
            Some(SecretSource::Generate) => State::Made,
            Some(source) => state(name, &need.reference, source, seen),
        };
        let variable = Some(format!("{}/{}", need.service, need.setting));
        lines.push(line(name, variable, &need.reference, source, &state));
    }
    for (secret, source) in check::unused(&world.deploy, environment) {
        lines.push(line(name, None, &secret, Some(&source), &State::Unused));
    }
    Ok(lines)
}

/// A variable that is not set here may be set where it is used, so that is not known; in an
/// encrypted file everything is that there is.
fn state(environment: &str, reference: &str, source: &SecretSource, seen: &mut Seen) -> State {
    match secrets::read_if_there(source) {
        Ok(Some(value)) => State::There(weak(environment, reference, &value, seen)),
        Ok(None) if source.is_optional() => State::LeftOut,
        Ok(None) => absent(source),
        Err(failure) => State::Unknown(failure.first_line().to_owned()),
    }
}

fn absent(source: &SecretSource) -> State {
    match source {
        SecretSource::Variable(name) => State::Unknown(format!("`{name}` is not set here")),
        SecretSource::Age(it) => {
            State::Missing(format!("`cargo xtask secrets set {} {}` sets it", it.file, it.name))
        }
        source => State::Missing(format!("`{source}` is not there")),
    }
}

/// Each environment has secrets of its own: who reads one of them must not have the next.
fn weak(environment: &str, reference: &str, value: &Secret, seen: &mut Seen) -> Option<Weakness> {
    let other = seen.other(environment, reference, value);
    weakness(value).or_else(|| other.map(Weakness::Shared))
}

/// What the encrypted files of these environments hold and nothing asks for.
fn idle(world: &World<'_>, names: &[String]) -> Result<Vec<Line>> {
    let mut lines = Vec::new();
    for file in check::files(&world.deploy).into_iter().filter(|it| names.contains(it)) {
        let asked = check::asked_of(&world.deploy, &file);
        // A file that cannot be opened is told by those who want something of it.
        let Ok(Some(document)) = vault(world, &file)?.read() else { continue };
        for name in document.entries().keys().filter(|it| !asked.contains(*it)) {
            lines.push(line(&file, None, &format!("age:{file}/{name}"), None, &State::Unused));
        }
    }
    Ok(lines)
}

/// What a service says of its own variables, against what `deploy.toml` gives it.
fn contradictions(world: &World<'_>) -> Result<Vec<Line>> {
    let mut lines = Vec::new();
    for service in &world.deploy.services {
        let file = format!("{}/settings.json", service.path);
        let Some(text) = files::read_if_there(&world.places.file(&file))? else { continue };
        let declared = check::declared(&text).or_usage(|| format!("cannot use `{file}`"))?;
        let given = service.settings.iter().map(|(name, _)| name.as_str());
        let given: BTreeSet<&str> = given.chain(["PORT"]).collect();
        for (name, why) in check::contradictions(&given, &declared) {
            let variable = Some(format!("{}/{name}", service.name));
            lines.push(line("every", variable, "-", None, &State::Missing(why)));
        }
    }
    Ok(lines)
}
