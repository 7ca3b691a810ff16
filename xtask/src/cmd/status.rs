//! `status`: what runs, which release, since when, healthy or not.

use crate::edge::docker::Docker;
use crate::edge::{clock, docker, http, secrets};
use crate::error::Result;
use crate::exit::Exit;
use crate::flags::Environment;
use crate::report::table;
use crate::road::site::Site;
use crate::world::World;
use serde::Serialize;
use serde_json::json;
use std::time::Duration;
use xtask_core::backing::parts;
use xtask_core::instance::Observed;
use xtask_core::proxy;

const ANSWER_LIMIT: Duration = Duration::from_secs(3);

/// One container, as a person asks after it.
#[derive(Serialize)]
struct Line {
    name: String,
    release: Option<String>,
    state: String,
    since: Option<String>,
    healthy: bool,
}

pub(super) fn run(flags: &Environment, world: &World<'_>) -> Result<Exit> {
    world.docker_environment(&flags.environment)?;
    if !docker::answers(&world.shell)? {
        return Ok(nothing_runs(world, "no Docker engine answers: nothing runs"));
    }
    if nobody_brought_it_up(flags, world)? {
        return Ok(nothing_runs(
            world,
            "nothing runs: this user never brought it up; `./x up` does",
        ));
    }
    let site = Site::look(world, &flags.environment)?;
    let observed = site.docker().containers(&site.owner)?;
    let lines = lines(&site, &observed);
    let healthy = lines.iter().all(|line| line.healthy);
    let value = json!({ "running": !observed.is_empty(), "healthy": healthy, "url": site.environment.url, "lines": lines });
    world.report.data(&value, &shown(&site, &lines));
    Ok(if healthy { Exit::Done } else { Exit::Planned })
}

/// Without secrets and without containers; where containers run, the secrets are lost.
fn nobody_brought_it_up(flags: &Environment, world: &World<'_>) -> Result<bool> {
    let (environment, _) = world.docker_environment(&flags.environment)?;
    let missing = secrets::missing(&world.state(&flags.environment), &environment.secrets)?;
    let docker = Docker::new(&world.shell);
    Ok(missing.is_all && docker.containers(&world.owner(&flags.environment))?.is_empty())
}

fn nothing_runs(world: &World<'_>, why: &str) -> Exit {
    world.report.data(&json!({ "running": false, "healthy": false, "lines": [] }), why);
    Exit::Planned
}

fn lines(site: &Site<'_>, observed: &[Observed]) -> Vec<Line> {
    let serving = site.proxy().config().map(|config| proxy::serving(&config)).unwrap_or_default();
    let find = |name: &str| observed.iter().find(|it| it.container == name);
    let services = site.world.deploy.services.iter().map(|service| {
        let found = serving.get(&service.name).and_then(|name| find(name));
        let state =
            found.map_or_else(|| "not rolled out".to_owned(), |it| ask(it, &service.health.status));
        line(&service.name, found, state)
    });
    let parts = parts(site.backing).into_iter().map(|part| {
        let found = find(&part.container(site.project()));
        let state = found.map_or("absent", |it| if it.running { "running" } else { "stopped" });
        line(part.name(), found, state.to_owned())
    });
    services.chain(parts).collect()
}

fn line(name: &str, found: Option<&Observed>, state: String) -> Line {
    let healthy = matches!(state.as_str(), "healthy" | "degraded" | "running");
    let release = found.map(|it| it.release.clone()).filter(|release| !release.is_empty());
    let since = found.filter(|it| it.running).map(|it| it.started_at.clone());
    Line { name: name.to_owned(), release, state, since, healthy }
}

/// What the service says of itself.
fn ask(found: &Observed, path: &str) -> String {
    let Some(port) = found.port.filter(|_| found.running) else { return "stopped".to_owned() };
    match http::get(&format!("http://127.0.0.1:{port}{path}"), ANSWER_LIMIT) {
        Ok(answer) => {
            let body: serde_json::Value = serde_json::from_str(&answer.body).unwrap_or_default();
            body["status"].as_str().unwrap_or("no status").to_owned()
        }
        Err(_) => "no answer".to_owned(),
    }
}

fn shown(site: &Site<'_>, lines: &[Line]) -> String {
    let mut rows = vec![["WHAT", "STATE", "RELEASE", "SINCE"].map(ToOwned::to_owned).to_vec()];
    for line in lines {
        let release = line.release.clone().unwrap_or_else(|| "-".to_owned());
        let since = line.since.as_deref().and_then(clock::seconds_since).map(age);
        rows.push(vec![
            line.name.clone(),
            line.state.clone(),
            release,
            since.unwrap_or_else(|| "-".into()),
        ]);
    }
    format!("{}\nurl: {}", table(&rows), site.environment.url)
}

/// `3 min`, `2 h 5 min`, `4 d 1 h`: the two units that matter.
fn age(seconds: u64) -> String {
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, minutes) => format!("{minutes} min"),
        (0, hours, minutes) => format!("{hours} h {} min", minutes % 60),
        (days, hours, _) => format!("{days} d {} h", hours % 24),
    }
}
