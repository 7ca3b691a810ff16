//! `doctor`: which tools are wanted, which were found, and how to get the rest.

use crate::edge::{docker, tools as tools_here};
use crate::error::Result;
use crate::exit::Exit;
use crate::flags::{Doctor, Readiness};
use crate::report::table;
use crate::world::World;
use serde_json::{Value, json};
use xtask_core::check::task;
use xtask_core::check::tools::{self, Tool, Verb, Verdict};

/// A tool, and what was found of it.
struct Finding {
    tool: Tool,
    verdict: Verdict,
    tasks: Vec<&'static str>,
}

pub(super) fn run(flags: &Doctor, world: &World<'_>) -> Result<Exit> {
    let findings = look(world);
    let in_nix = std::env::var_os("NUTRI_IN_NIX").is_some();
    let engine = docker::answers(&world.shell).map_err(|failure| failure.first_line().to_owned());
    let ready = findings.iter().all(|it| !it.is_wanted(flags.ready_for) || it.verdict.is_good());
    world
        .report
        .data(&as_json(&findings, in_nix, &engine, ready), &shown(&findings, in_nix, &engine));
    if !ready {
        world.report.status(&format!("hint: {}", how_to_fix(flags.ready_for, in_nix)));
    }
    Ok(if ready { Exit::Done } else { Exit::Planned })
}

impl Finding {
    fn is_wanted(&self, ready_for: Readiness) -> bool {
        ready_for == Readiness::Ci || self.tool.verb == Verb::Up
    }

    /// Who does not work without it.
    fn needed_by(&self) -> String {
        match self.tool.verb {
            Verb::Up => "up, ci".to_owned(),
            Verb::Ci if self.tasks.is_empty() => "ci".to_owned(),
            Verb::Ci => format!("ci: {}", self.tasks.join(", ")),
        }
    }
}

fn how_to_fix(ready_for: Readiness, in_nix: bool) -> &'static str {
    match ready_for {
        _ if in_nix => "add what is missing to `nix/tools.nix`, or enter the shell anew",
        Readiness::Up => "scripts/bootstrap.sh up",
        Readiness::Ci => "scripts/bootstrap.sh ci",
    }
}

/// Asks all tools at once: some take a quarter of a second to say their version.
fn look(world: &World<'_>) -> Vec<Finding> {
    let all = task::all();
    let ask = |tool: Tool| {
        let (verdict, tasks) =
            (tool.judge(tools_here::answer(&world.shell, &tool).as_deref()), tool.named_by(&all));
        Finding { tool, verdict, tasks }
    };
    std::thread::scope(|scope| {
        let asked: Vec<_> =
            tools::all().into_iter().map(|tool| scope.spawn(|| ask(tool))).collect();
        asked.into_iter().map(|it| it.join().expect("asking a tool does not panic")).collect()
    })
}

/// Whether an engine answers, or why nobody knows.
type Engine = std::result::Result<bool, String>;

fn as_json(findings: &[Finding], in_nix: bool, engine: &Engine, ready: bool) -> Value {
    let tools = findings.iter().map(|Finding { tool, verdict, tasks }| {
        json!({
            "program": tool.names[0], "wanted": tool.wanted.to_string(), "found": verdict,
            "purpose": tool.purpose, "verb": tool.verb, "tasks": tasks,
            "debian": tool.debian, "nix": tool.nix,
        })
    });
    let tools = tools.collect::<Vec<_>>();
    json!({ "ready": ready, "nix_shell": in_nix, "docker_engine": engine.as_ref().ok(), "tools": tools })
}

/// Debian's Nix runs the tests of the flake, and cannot read the packages that it pins.
fn outside(findings: &[Finding]) -> &'static str {
    let nix = findings.iter().find(|it| it.tool.names[0] == "nix").map(|it| &it.verdict);
    match nix {
        Some(Verdict::Good(version)) if tools::is_too_old_for_the_shell(version) => {
            "not inside the Nix shell, which wants Nix 2.18 or newer; `NUTRI_NO_NIX=1` leaves Nix \
             alone"
        }
        _ => "not inside the Nix shell",
    }
}

fn shown(findings: &[Finding], in_nix: bool, engine: &Engine) -> String {
    let head = ["", "TOOL", "WANTED", "FOUND", "WHAT FOR", "NEEDED BY", "DEBIAN", "NIX"]
        .map(str::to_owned);
    let rows = findings.iter().map(|finding| {
        let Finding { tool, verdict, .. } = finding;
        let (mark, found) = match verdict {
            Verdict::Good(version) => ("✓", version.as_str()),
            Verdict::Other(version) => ("✗", version.as_str()),
            Verdict::Missing => ("✗", "missing"),
        };
        let (wanted, needed) = (tool.wanted.to_string(), finding.needed_by());
        [mark, tool.names[0], &wanted, found, tool.purpose, &needed, tool.debian, tool.nix]
            .map(str::to_owned)
    });
    let rows: Vec<Vec<String>> = [head].into_iter().chain(rows).map(Vec::from).collect();
    let nix = if in_nix { "inside the Nix shell" } else { outside(findings) };
    let engine = match engine {
        Ok(true) => "answers".to_owned(),
        Ok(false) => "does not answer; `./x up` starts it where it may".to_owned(),
        Err(why) => format!("could not be asked: {why}"),
    };
    format!("{}\n\n{nix}; the Docker engine {engine}", table(&rows))
}
