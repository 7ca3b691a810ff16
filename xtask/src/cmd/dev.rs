//! `dev`: the whole stack on this machine, by Compose.

use crate::dev::{self, Dev, PLACE, SERVICES};
use crate::edge::docker;
use crate::edge::lease::{self, Lease};
use crate::edge::{confirm, shell};
use crate::error::{Failure, Result};
use crate::exit::Exit;
use crate::flags::{self, DevDown, DevLogs, DevOf, DevUp};
use crate::world::World;
use serde_json::json;
use xtask_core::dev::{Kind, Stack};

pub(super) fn run(verb: &flags::Dev, world: &World<'_>) -> Result<Exit> {
    match verb {
        flags::Dev::Up(flags) => up(flags, world),
        flags::Dev::Down(flags) => down(flags, world),
        flags::Dev::Logs(flags) => logs(flags, world),
        flags::Dev::Seed(flags) => seed(flags, world),
    }
}

fn open<'a>(world: &'a World<'a>, of: &DevOf, chosen: &[(&str, String)]) -> Result<Dev<'a>> {
    let kind = if of.production { Kind::Production } else { Kind::Development };
    Dev::open(world, Stack::new(&world.deploy.project, kind), chosen)
}

fn up(flags: &DevUp, world: &World<'_>) -> Result<Exit> {
    let _lease = Lease::take(&world.state(PLACE), "dev up", &lease::who())?;
    docker::ensure(&world.shell, &world.state(PLACE))?;
    let images = if flags.official { Vec::new() } else { dev::bases(world)? };
    let stack = open(world, &flags.of, &images)?;
    stack.bring_up(true)?;
    let url = stack.url()?;
    world.report.data(&json!({ "stack": stack.stack.name, "url": url }), &format!("url  {url}"));
    Ok(Exit::Done)
}

fn down(flags: &DevDown, world: &World<'_>) -> Result<Exit> {
    let _lease = Lease::take(&world.state(PLACE), "dev down", &lease::who())?;
    let stack = open(world, &flags.of, &[])?;
    let name = &stack.stack.name;
    if flags.erase && !flags.yes {
        confirm::ask(&format!("erase the data of `{name}`"), name)?;
    }
    stack.end(flags.erase)?;
    let note = if flags.erase { "its data is gone" } else { "its data stays" };
    let value = json!({ "stack": name, "erased": flags.erase });
    world.report.data(&value, &format!("ended `{name}`; {note}"));
    Ok(Exit::Done)
}

fn logs(flags: &DevLogs, world: &World<'_>) -> Result<Exit> {
    let stack = open(world, &flags.of, &[])?;
    let docker = docker::Docker::new(&world.shell);
    let members = match &flags.service {
        Some(service) => vec![known(service).and_then(|it| stack.member(it))?],
        None => stack.there()?,
    };
    let mut shown = Vec::new();
    for member in &members {
        let text = docker.logs(&member.id, flags.lines)?;
        let lines: Vec<String> = shell::last_lines(&text, flags.lines)
            .lines()
            .map(|line| format!("{} | {line}", member.service))
            .collect();
        shown.extend(lines);
    }
    world.report.data(&json!({ "lines": shown }), &shown.join("\n"));
    Ok(Exit::Done)
}

fn known(service: &str) -> Result<&str> {
    if SERVICES.contains(&service) {
        return Ok(service);
    }
    Err(Failure::usage(format!("unknown service `{service}`; known: `{}`", SERVICES.join("`, `"))))
}

fn seed(flags: &DevOf, world: &World<'_>) -> Result<Exit> {
    let stack = open(world, flags, &[])?;
    dev::seed(&stack)?;
    let name = &stack.stack.name;
    world.report.data(&json!({ "stack": name, "seeded": true }), &format!("seeded `{name}`"));
    Ok(Exit::Done)
}
