//! `advisories`: what is known against our dependencies, judged by `[scan]` of `deploy.toml`.
//!
//! Silence is never success: a tool that is not there, a source that does not answer, and one
//! that knows nothing against a notorious package all end as *not checked*.

use crate::edge::pip_audit::List;
use crate::edge::shell::Output;
use crate::edge::{cargo_deny, clock, files, npm_audit, pip_audit};
use crate::error::{Failure, Result};
use crate::exit::Exit;
use crate::flags::Advisories;
use crate::image::{fitting, npm_lock, python_of, requirements};
use crate::report::table;
use crate::world::World;
use serde_json::json;
use std::path::PathBuf;
use xtask_core::check::advisories::{
    self, Answer, Ecosystem, Judged, NoAnswer, Outcome, Sighting, judge, npm,
};
use xtask_core::image::requirements::{Environment, list};
use xtask_core::plan::Count;
use xtask_core::platform::Platform;

type Asked = Result<Answer, NoAnswer>;

pub(super) fn run(flags: &Advisories, world: &World<'_>) -> Result<Exit> {
    let now = clock::now().parse().expect("our own clock speaks RFC 3339");
    let all = flags.ecosystems.is_empty();
    let wanted = Ecosystem::ALL.into_iter().filter(|it| all || flags.ecosystems.contains(it));
    let look = |ecosystem: Ecosystem| {
        let phase = world.report.phase(&ecosystem.to_string());
        let answer = ask(world, ecosystem);
        let sighting = judge(ecosystem, answer, &world.deploy.scan, now);
        phase.done(&outcome(&sighting));
        sighting
    };
    let sightings: Vec<Sighting> = wanted.map(look).collect();
    world.report.data(&json!({ "ecosystems": sightings }), &text(&sightings));
    let worst = sightings.iter().map(Sighting::outcome).min().unwrap_or(Outcome::Clean);
    Ok(match worst {
        Outcome::Blocked => Exit::Refused,
        Outcome::NotChecked => Exit::NotChecked,
        Outcome::Clean => Exit::Done,
    })
}

fn ask(world: &World<'_>, ecosystem: Ecosystem) -> Asked {
    match ecosystem {
        Ecosystem::Rust => {
            let output = cargo_deny::advisories(&world.shell).map_err(|it| unasked(&it))?;
            advisories::cargo_deny::read(&output)
        }
        Ecosystem::Npm => together(world, "package-lock.json", ask_npm),
        Ecosystem::Python => together(world, "requirements.txt", ask_python),
    }
}

/// What every service was answered whose folder holds `marker`. That one had no answer takes nothing
/// from what the others had.
fn together(world: &World<'_>, marker: &str, ask: impl Fn(&World<'_>, &str) -> Asked) -> Asked {
    let folders = world.deploy.services.iter().map(|it| it.path.as_str());
    let mut all = Answer::default();
    for folder in folders {
        let lock = world.places.file(folder).join(marker);
        if !files::is_file(&lock).map_err(|failure| unread(&failure))? {
            continue;
        }
        match ask(world, folder) {
            Ok(answer) => {
                all.advisories.extend(answer.advisories);
                all.unasked.extend(answer.unasked);
            }
            Err(why) => all.unanswered.push(why),
        }
    }
    Ok(all)
}

fn ask_npm(world: &World<'_>, folder: &str) -> Asked {
    npm_lock(world, folder).map_err(|it| unread(&it))?;
    let read = |output: Result<Output>| {
        let output = output.map_err(|it| unasked(&it))?;
        npm::read(&output.text(), &output.stderr)
    };
    let answer = read(npm_audit::lock(&world.shell, folder))?;
    believe(answer, || read(npm_audit::sample(&world.shell)))
}

fn ask_python(world: &World<'_>, folder: &str) -> Asked {
    let read = |output: Result<Output>| {
        let output = output.map_err(|it| unasked(&it))?;
        advisories::pip_audit::read(&output.text(), &output.stderr)
    };
    let place = world.places.file(folder);
    let names = files::names(&place).map_err(|it| unasked(&it))?;
    let mut lists = Vec::new();
    for name in names.into_iter().filter(|it| is_list(it)) {
        lists.extend(platform_lists(world, folder, &name).map_err(|it| unread(&it))?);
    }
    if lists.iter().all(|list| list.text.trim().is_empty()) {
        return Ok(Answer::default());
    }
    let home = home_of_pip_audit(world, folder).map_err(|it| unasked(&it))?;
    let answer = read(pip_audit::lists(&world.shell, &home, &lists))?;
    believe(answer, || read(pip_audit::sample(&world.shell, &home)))
}

/// The service whose pip-audit asks: its own, or that of any other, because lists say all that is
/// needed.
fn home_of_pip_audit(world: &World<'_>, folder: &str) -> Result<PathBuf> {
    let others = world.deploy.services.iter().map(|it| it.path.as_str());
    for place in [folder].into_iter().chain(others) {
        let home = world.places.file(place);
        if files::is_there(&pip_audit::program(&home))? {
            return Ok(home);
        }
    }
    Ok(world.places.file(folder))
}

/// What a list says for each platform; pip-audit itself would judge it for this machine only.
fn platform_lists(world: &World<'_>, folder: &str, name: &str) -> Result<Vec<List>> {
    let file = format!("{folder}/{name}");
    let read = requirements(world, &file)?;
    let python = python_of(world, folder)?;
    let mut lists: Vec<List> = Vec::new();
    for platform in Platform::ALL {
        let environment = Environment { platform, python: python.clone() };
        let text = list(&fitting(&file, &read, &environment)?);
        if lists.iter().all(|it| it.text != text) {
            let folder = platform.architecture().to_owned();
            lists.push(List { path: format!("{folder}/{name}"), text });
        }
    }
    Ok(lists)
}

/// `requirements-overrides.txt` loosens a resolution; nothing is installed from it.
fn is_list(name: &str) -> bool {
    let list = name.starts_with("requirements") && name.ends_with(".txt");
    list && name != "requirements-overrides.txt"
}

/// An answer without a finding counts if the source knows something against the sample.
fn believe(answer: Answer, sample: impl FnOnce() -> Asked) -> Asked {
    let silent = answer.advisories.is_empty() && answer.unasked.is_empty();
    if silent && sample()?.advisories.is_empty() {
        let why = "the source answers, and knows nothing against a notorious package either";
        return Err(NoAnswer(why.to_owned()));
    }
    Ok(answer)
}

/// A lock that cannot be used: which, and the first of what is wrong with it.
fn unread(failure: &Failure) -> NoAnswer {
    let why = failure.innermost_line().lines().next().unwrap_or_default();
    NoAnswer(format!("{}: {why}", failure.first_line()))
}

fn unasked(failure: &Failure) -> NoAnswer {
    NoAnswer(failure.first_line().to_owned())
}

fn outcome(sighting: &Sighting) -> String {
    let known = match sighting.advisories.len() {
        0 => "nothing known".to_owned(),
        some => format!("{} known", Count(some, "finding")),
    };
    match (&sighting.not_checked, sighting.outcome()) {
        (Some(_), Outcome::NotChecked) => "not checked".to_owned(),
        (Some(_), _) => format!("{known}; partly not checked"),
        (None, _) => known,
    }
}

/// What was not checked stands last: `ci` takes that line for the reason.
fn text(sightings: &[Sighting]) -> String {
    let heads = ["ECOSYSTEM", "SEVERITY", "KNOWN AS", "IN", "TO DO", "FATE"];
    let mut rows = vec![heads.map(ToOwned::to_owned).to_vec()];
    rows.extend(sightings.iter().flat_map(|it| it.advisories.iter().map(|one| row(it, one))));
    let mut lines = Vec::new();
    if rows.len() > 1 {
        lines.push(table(&rows));
    }
    let clean = sightings.iter().filter(|it| it.outcome() == Outcome::Clean);
    lines.extend(clean.map(|it| format!("{}: clean", it.ecosystem)));
    let blocked = sightings.iter().filter(|it| it.outcome() == Outcome::Blocked);
    lines.extend(blocked.map(|it| format!("{}: refused", it.ecosystem)));
    let reasons = sightings.iter().filter_map(|it| {
        let why = it.not_checked.as_ref()?;
        Some(format!("{}: {why}", it.ecosystem))
    });
    let reasons: Vec<String> = reasons.collect();
    if !reasons.is_empty() {
        lines.push(format!("not checked: {}", reasons.join("; ")));
    }
    lines.join("\n")
}

fn row(sighting: &Sighting, judged: &Judged) -> Vec<String> {
    let Judged { fate, advisory, allowance } = judged;
    let fate = match allowance {
        Some(allowance) => format!("{fate} ({allowance})"),
        None => fate.to_string(),
    };
    vec![
        sighting.ecosystem.to_string(),
        advisory.severity.to_string(),
        advisory.ids.join(" "),
        format!("{} {}", advisory.package, advisory.installed).trim_end().to_owned(),
        advisory.fixed.clone().unwrap_or_else(|| "-".to_owned()),
        fate,
    ]
}
