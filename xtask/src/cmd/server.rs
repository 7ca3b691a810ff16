//! `server`: the machine below a Coolify, made ready by one script and kept as it says.

use crate::edge::knock;
use crate::edge::lease::{self, Lease};
use crate::error::{Failure, Result, code};
use crate::exit::Exit;
use crate::flags::{Server, ServerApply, ServerEnvironment, ServerOf};
use crate::report::table;
use crate::runtime;
use crate::server::{Place, first_start};
use crate::ship::review;
use crate::world::World;
use serde_json::json;
use xtask_core::deploy;
use xtask_core::plan::Count;
use xtask_core::server::{Answer, Exposure, Finding, State};
use xtask_core::ship::review::{Review, ReviewStep};

const VERB: &str = "server";

pub(super) fn run(flags: &Server, world: &World<'_>) -> Result<Exit> {
    match flags {
        Server::Plan(of) => show(of, world),
        Server::Apply(flags) if flags.apply => apply(flags, world),
        Server::Apply(flags) => show(&flags.of, world),
        Server::Check(of) => check(of, world),
        Server::Probe(flags) => probe(flags, world),
        Server::UserData(flags) => print_user_data(flags, world),
    }
}

fn server<'a>(world: &'a World<'_>, name: &str) -> Result<&'a deploy::Server> {
    world.environment(name)?.server.as_ref().ok_or_else(|| {
        Failure::usage(format!("`{name}` has no server of ours"))
            .hint(format!("`[environments.{name}.server]` in `deploy.toml` describes one"))
    })
}

/// Who logs in: root only where nobody else can yet.
fn user<'a>(server: &'a deploy::Server, of: &ServerOf) -> &'a str {
    if of.as_root { "root" } else { &server.user }
}

fn look(of: &ServerOf, world: &World<'_>) -> Result<Answer> {
    let server = server(world, &of.environment)?;
    let phase = world.report.phase("look");
    let answer = Place::new(world, server, user(server, of))?.look()?;
    phase.done(&server.host);
    Ok(answer)
}

fn show(of: &ServerOf, world: &World<'_>) -> Result<Exit> {
    let answer = look(of, world)?;
    let review = review_of(&of.environment, &answer);
    let digest = match review.steps.is_empty() {
        true => None,
        false => Some(review::show(world, &review)?),
    };
    let mut text = text_of(&answer);
    text.extend(digest.iter().map(|digest| format!("plan {digest}")));
    world.report.data(&json!({ "findings": answer.findings, "plan": digest }), &text.join("\n"));
    Ok(if review.steps.is_empty() { Exit::Done } else { Exit::Planned })
}

fn check(of: &ServerOf, world: &World<'_>) -> Result<Exit> {
    let answer = look(of, world)?;
    world.report.data(&json!({ "findings": answer.findings }), &text_of(&answer).join("\n"));
    let differs = answer.of(State::Differs).next().is_some();
    Ok(if differs { Exit::Planned } else { Exit::Done })
}

fn review_of(environment: &str, answer: &Answer) -> Review {
    let step = |it: &Finding| ReviewStep::new(format!("{}: {}", it.step, it.what));
    let steps = answer.of(State::Differs).map(step).collect();
    Review { verb: VERB.to_owned(), environment: environment.to_owned(), steps }
}

/// What differs, and what is worth knowing; steps that are as wanted are not listed.
fn text_of(answer: &Answer) -> Vec<String> {
    let row = |it: &Finding| vec![it.step.clone(), it.state.to_string(), it.what.clone()];
    let rows: Vec<_> = answer.findings.iter().filter(|it| it.state != State::Ok).map(row).collect();
    let mut lines: Vec<String> = Vec::new();
    if answer.of(State::Differs).next().is_none() {
        lines.push("as wanted".to_owned());
    }
    if !rows.is_empty() {
        lines.extend(table(&rows).lines().map(str::to_owned));
    }
    lines
}

fn apply(flags: &ServerApply, world: &World<'_>) -> Result<Exit> {
    let name = &flags.of.environment;
    let server = server(world, name)?;
    let _lease = Lease::take(&world.state(name), "server apply", &lease::who())?;
    let place = Place::new(world, server, user(server, &flags.of))?;
    let found = place.look()?;
    review::hold(world, flags.plan.as_ref(), &review_of(name, &found))?;
    let done = if found.of(State::Differs).next().is_some() || found.waits_for_confirmation() {
        mend(world, server, &place)?
    } else {
        0
    };
    let said = match done {
        0 => "nothing to do".to_owned(),
        _ => format!("{} made as wanted", Count(done, "thing")),
    };
    world.report.data(&json!({ "changed": done }), &said);
    Ok(Exit::Done)
}

/// Mends, gets in anew as the person's account, confirms, and looks again.
fn mend(world: &World<'_>, server: &deploy::Server, place: &Place<'_>) -> Result<usize> {
    let phase = world.report.phase("apply");
    let answer = place.mend(&|line| phase.doing(&line.replace('\t', " ")))?;
    for finding in answer.of(State::Changed) {
        phase.note(&format!("{}: {}", finding.step, finding.what));
    }
    let again = Place::new(world, server, &server.user)?;
    if answer.waits_for_confirmation() {
        again.confirm().map_err(|failure| {
            failure.partly().hint(
                "SSH and firewall go back by themselves three minutes after the change; \
                 nobody is locked out",
            )
        })?;
    }
    let left = again.look()?;
    let done = answer.of(State::Changed).count();
    phase.done(&Count(done, "thing").to_string());
    let differing: Vec<_> = left.of(State::Differs).collect();
    if differing.is_empty() {
        return Ok(done);
    }
    let failure = Failure::outside(format!("`{}` did not keep everything", server.host))
        .code(&code::SERVER_SCRIPT)
        .partly();
    Err(differing.iter().fold(failure, |it, finding| it.reason(finding.what.clone())))
}

/// From this machine, which is outside: what the server's own firewall says of itself is no proof.
fn probe(flags: &ServerEnvironment, world: &World<'_>) -> Result<Exit> {
    let server = server(world, &flags.environment)?;
    let phase = world.report.phase("probe");
    let found = runtime::wait(async {
        let mut found = Vec::new();
        for address in knock::addresses(&server.host).await? {
            found.extend(knock::knock_at(address, server.port).await);
        }
        Ok(found)
    })?;
    phase.done(&Count(found.len(), "port").to_string());
    let lines: Vec<String> = found.iter().filter_map(Exposure::finding).collect();
    let text =
        if lines.is_empty() { "the world sees what it should".into() } else { lines.join("\n") };
    world.report.data(&json!({ "ports": found }), &text);
    let outcome = |wanted| found.iter().any(|it| it.is_as_wanted() == wanted);
    Ok(match (outcome(Some(false)), outcome(None)) {
        (true, _) => Exit::Planned,
        (false, true) => Exit::NotChecked,
        (false, false) => Exit::Done,
    })
}

fn print_user_data(flags: &ServerEnvironment, world: &World<'_>) -> Result<Exit> {
    let server = server(world, &flags.environment)?;
    let data = first_start(world, server)?;
    world.report.data(&json!({ "user_data": data }), data.trim_end());
    Ok(Exit::Done)
}
