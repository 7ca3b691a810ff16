//! `status`: what runs, which release, since when, healthy or not.

use crate::edge::{clock, http};
use crate::error::{Failure, Result, code};
use crate::exit::Exit;
use crate::flags::Environment;
use crate::report::table;
use crate::ship::ledger::Ledger;
use crate::ship::site::{Seen, Site};
use crate::ship::{lease, serving};
use crate::target::{Answers, Beside, BesideState, Serving};
use crate::world::World;
use serde::Serialize;
use serde_json::json;
use std::collections::BTreeMap;
use std::time::Duration;
use xtask_core::deploy::{Access, Service};
use xtask_core::plan::Count;
use xtask_core::ship::lease::Holder;
use xtask_core::ship::ledger::{Action, Record};
use xtask_core::ship::machine::{Past, interrupted};

const ANSWER_LIMIT: Duration = Duration::from_secs(3);

/// One service, or something beside the services, as a person asks after it.
#[derive(Serialize)]
struct Line {
    name: String,
    release: Option<String>,
    state: String,
    since: Option<String>,
    healthy: bool,
}

pub(super) fn run(flags: &Environment, world: &World<'_>) -> Result<Exit> {
    let site = match Site::see(world, &flags.environment)? {
        Seen::Site(site) => site,
        Seen::Nothing(why) => return Ok(nothing_runs(world, &why)),
    };
    let (lines, running) = lines(&site);
    let healthy = lines.iter().all(|line| line.healthy);
    let url = &site.environment.url;
    // That nobody tells them is in the lines already.
    let mut remarks = site.target.remarks().unwrap_or_else(|failure| next_step(&failure));
    let (whole, records) = told_by_ledger(&site);
    let is_whole = !whole.as_ref().is_err_and(|it| it.name() == code::LEDGER_BROKEN.name);
    remarks.extend(whole.err().map(|failure| told(&failure)));
    let (run, release) =
        (run_of(&site, &records), serving::release(&site, &records).ok().flatten());
    let value = json!({
        "running": running, "healthy": healthy, "url": url, "lines": lines, "remarks": remarks,
        "release": release,
        "foreign": site.target.foreign().unwrap_or_default(), "run": run,
    });
    let release = release.map(|it| format!("\nrelease: {it}")).unwrap_or_default();
    let said = run.map(|run| format!("\n{}", run.said(site.name))).unwrap_or_default();
    world.report.data(&value, &format!("{}{release}{said}", shown(&site, &lines, &remarks)));
    Ok(if healthy && is_whole { Exit::Done } else { Exit::Planned })
}

/// Whether the ledger is whole and could be read, and what of it can be; the rest is told all the
/// same.
fn told_by_ledger(site: &Site<'_>) -> (Result<()>, Vec<Record>) {
    let ledger = match Ledger::open(site) {
        Ok(ledger) => ledger,
        Err(failure) => return (Err(failure), Vec::new()),
    };
    let whole = ledger.records().map(drop);
    (whole, ledger.records_as_they_stand().unwrap_or_default())
}

/// A run that has begun and not ended.
#[derive(Serialize)]
struct Open {
    action: Action,
    from: Option<String>,
    to: String,
    who: String,
    since: String,
    /// Whether somebody holds the lease for it; else it was interrupted. `None` where nobody tells.
    under_way: Option<bool>,
}

impl Open {
    fn said(&self, environment: &str) -> String {
        let Self { action, to, who, since, .. } = self;
        let run = format!("{action} to `{to}` of {who}, begun {since}");
        match self.under_way {
            Some(true) => format!("run: {run}, is under way"),
            Some(false) => format!(
                "run: {run}, was interrupted\n  go on with it: `cargo xtask resume {environment} --apply`\n  \
                 or go back: `cargo xtask rollback {environment} --apply`"
            ),
            None => format!(
                "run: {run}, has no end; whether it is under way could not be told: ask again"
            ),
        }
    }
}

/// The last run in the ledger, if it has no end there.
fn run_of(site: &Site<'_>, records: &[Record]) -> Option<Open> {
    let past = Past::of(records);
    let open = interrupted(&past).last()?;
    let record = records.iter().rfind(|it| it.run.as_ref() == Some(&open.run))?;
    let is_its = |holder: Option<Holder>| holder.is_some_and(|it| Some(it.fence) == record.fence);
    Some(Open {
        action: open.action,
        from: open.from.clone(),
        to: open.to.clone(),
        who: record.who.clone(),
        since: record.at.clone(),
        under_way: lease::holder(site).ok().map(is_its),
    })
}

fn nothing_runs(world: &World<'_>, why: &str) -> Exit {
    world.report.data(&json!({ "running": false, "healthy": false, "lines": [] }), why);
    Exit::Planned
}

/// A line for everything, and whether anything of it is there.
fn lines(site: &Site<'_>) -> (Vec<Line>, bool) {
    let beside = site.target.beside();
    let serving = site.target.serving();
    let there =
        beside.as_ref().map_or(true, |it| it.iter().any(|it| it.state != BesideState::Absent));
    let running = there || serving.as_ref().map_or(true, |it| !it.is_empty());
    let services = site.world.deploy.services.iter().map(|service| match &serving {
        Ok(serving) => service_line(service, serving),
        // That nobody could be asked is not that nothing is rolled out.
        Err(failure) => unknown(site, service, failure),
    });
    let mut lines: Vec<Line> = services.collect();
    match &beside {
        Ok(beside) => lines.extend(beside.iter().map(beside_line)),
        Err(failure) => lines.push(line("beside", None, None, untold(failure))),
    }
    (lines, running)
}

/// The target does not tell. Where a service is reached by everybody it tells of itself.
fn unknown(site: &Site<'_>, service: &Service, failure: &Failure) -> Line {
    let state = untold(failure);
    if service.access != Access::Public {
        return line(&service.name, None, None, state);
    }
    let url = format!("{}{}", site.environment.url, service.health.status);
    match http::get(&url, ANSWER_LIMIT) {
        Ok(answer) => {
            let state = format!("answers {}; {state}", answer.status);
            line(&service.name, answer.release(), None, state)
        }
        Err(_) => line(&service.name, None, None, format!("no answer; {state}")),
    }
}

/// What helps where the target does not tell.
fn next_step(failure: &Failure) -> Vec<String> {
    failure.to_json()["hint"].as_str().map(ToOwned::to_owned).into_iter().collect()
}

fn untold(failure: &Failure) -> String {
    format!("unknown: {}", told(failure))
}

fn told(failure: &Failure) -> String {
    let (first, last) = (failure.first_line(), failure.innermost_line());
    if first == last { first.to_owned() } else { format!("{first}: {last}") }
}

fn service_line(service: &Service, serving: &BTreeMap<String, Serving>) -> Line {
    let Some(found) = serving.get(&service.name) else {
        return line(&service.name, None, None, "not rolled out".to_owned());
    };
    let state = ask(found, &service.health.status);
    line(&service.name, Some(found.release.clone()), found.since.clone(), state)
}

fn beside_line(beside: &Beside) -> Line {
    line(&beside.name, None, beside.since.clone(), beside.state.word().to_owned())
}

fn line(name: &str, release: Option<String>, since: Option<String>, state: String) -> Line {
    let healthy = matches!(state.as_str(), "healthy" | "degraded" | "running");
    let release = release.filter(|release| !release.is_empty());
    Line { name: name.to_owned(), release, state, since, healthy }
}

/// What the service says of itself.
fn ask(found: &Serving, path: &str) -> String {
    let Some(address) = &found.address else { return unasked(&found.answers) };
    match http::get(&format!("{address}{path}"), ANSWER_LIMIT) {
        Ok(answer) => {
            let body: serde_json::Value = serde_json::from_str(&answer.body).unwrap_or_default();
            body["status"].as_str().unwrap_or("no status").to_owned()
        }
        Err(_) => "no answer".to_owned(),
    }
}

/// Without an address of its own, others may tell of it.
fn unasked(answers: &Answers) -> String {
    match answers {
        Answers::Release(_) => "running".to_owned(),
        Answers::Untold => "nothing tells".to_owned(),
        Answers::Crashing(times) => {
            format!(
                "crashing, started again {}",
                Count(usize::try_from(*times).unwrap_or(usize::MAX), "time")
            )
        }
        Answers::Stopped => "stopped".to_owned(),
    }
}

fn shown(site: &Site<'_>, lines: &[Line], remarks: &[String]) -> String {
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
    let remarks: String = remarks.iter().map(|it| format!("\nnote: {it}")).collect();
    format!("{}\nurl: {}{remarks}", table(&rows), site.environment.url)
}

/// `3 min`, `2 h 5 min`, `4 d 1 h`: the two units that matter.
pub(super) fn age(seconds: u64) -> String {
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, minutes) => format!("{minutes} min"),
        (0, hours, minutes) => format!("{hours} h {} min", minutes % 60),
        (days, hours, _) => format!("{days} d {} h", hours % 24),
    }
}
