//! `db seed`: what every database begins with, by a program of the release that serves.

use crate::edge::docker::Docker;
use crate::edge::lease::{self, Lease as OfMachine};
use crate::error::{Failure, Result, code};
use crate::exit::Exit;
use crate::flags::DbSeed;
use crate::ship::lease::Lease;
use crate::ship::release;
use crate::ship::site::Site;
use crate::target;
use crate::world::World;
use serde_json::json;
use std::time::Duration;
use xtask_core::deploy::Seed;
use xtask_core::secret::Secret;

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
    let phase = world.report.phase("seed");
    let command = seed.run(&image).input(settings(&site)?);
    let said = Docker::new(&world.shell).run(&command);
    let said = said.map_err(|failure| failure.during(format!("failed to seed `{name}`")))?;
    phase.done(&format!("`{}` ran", seed.command.join(" ")));
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
    let image = release.services.get(&seed.service).ok_or_else(|| {
        let (version, service) = (&release.version, &seed.service);
        Failure::refused(format!("cannot seed: release `{version}` has no image of `{service}`"))
    })?;
    Ok(image.pin().to_string())
}

/// The owner's address, as it is reached from this machine. The two settings that a person may give
/// a seed are handed on.
fn settings(site: &Site<'_>) -> Result<Secret> {
    let given = ["database.direct_url", "database.url"].iter().find_map(|it| site.secrets.get(*it));
    let url = match given {
        Some(url) => url.expose().trim().to_owned(),
        None => site.database()?.url().expose().to_owned(),
    };
    if url.contains('\n') {
        return Err(Failure::usage("cannot hand over the database's address: it has a newline"));
    }
    let mut lines = format!("DATABASE_URL={url}\n");
    if let Some(password) = site.secrets.get("seed_demo_password") {
        lines.push_str(&format!("SEED_DEMO_PASSWORD={}\n", password.expose()));
    }
    Ok(Secret::new(lines))
}
