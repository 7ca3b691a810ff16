//! `db seed`: what every database begins with, by a program of the release that serves.

use crate::edge::lease::{self, Lease as OfMachine};
use crate::error::{Failure, Result, code};
use crate::exit::Exit;
use crate::flags::DbSeed;
use crate::ship::lease::Lease;
use crate::ship::site::Site;
use crate::ship::{release, seed as seeding};
use crate::target;
use crate::world::World;
use serde_json::json;
use std::time::Duration;
use xtask_core::deploy::Seed;

pub(super) fn run(flags: &DbSeed, world: &World<'_>) -> Result<Exit> {
    let name = &flags.environment;
    let seed = wanted(world)?;
    target::check(world, name)?;
    let shared = world.environment(name)?.has_users();
    if shared && !flags.apply {
        return shown(seed, name, world);
    }
    let machine = OfMachine::take(&world.state(name), "db seed", &lease::who())?;
    let site = Site::look(world, name)?;
    let lease = Lease::take(&site, &machine, Duration::ZERO)?;
    let image = image(&site, seed)?;
    lease.phase("seed")?;
    let said = seeding::run(&site, seed, &image)?;
    let value = json!({ "environment": name, "image": image, "said": said.trim() });
    world.report.data(&value, said.trim());
    Ok(Exit::Done)
}

fn wanted<'a>(world: &'a World<'_>) -> Result<&'a Seed> {
    world.deploy.seed.as_ref().ok_or_else(|| {
        Failure::usage("cannot seed: `deploy.toml` names nothing that does it")
            .hint("`[seed]` with `service` and `command`")
    })
}

fn shown(seed: &Seed, name: &str, world: &World<'_>) -> Result<Exit> {
    let what = format!("run `{}` of `{}`", seed.command.join(" "), seed.service);
    let value = json!({ "environment": name, "service": seed.service, "command": seed.command });
    world.report.data(&value, &format!("would {what} on the database of `{name}`; `--apply` does"));
    Ok(Exit::Planned)
}

/// Of the release that serves: its schema is the one that is there.
fn image(site: &Site<'_>, seed: &Seed) -> Result<String> {
    let Some(serving) = site.target.serving()?.remove(&seed.service) else {
        return Err(Failure::refused(format!(
            "cannot seed `{}`: nothing is rolled out",
            site.name
        ))
        .code(&code::NOT_ROLLED_OUT)
        .hint("./x up"));
    };
    let release = release::get(site, &serving.release)?;
    seeding::image(seed, &release)
}
