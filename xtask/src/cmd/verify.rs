//! `verify`: asks from outside which release answers.

use crate::error::{Failure, Result, code};
use crate::exit::Exit;
use crate::flags::Environment;
use crate::ship::site::Site;
use crate::ship::{serving, verify};
use crate::world::World;
use serde_json::json;

pub(super) fn run(flags: &Environment, world: &World<'_>) -> Result<Exit> {
    let site = Site::look(world, &flags.environment)?;
    let (release, versions) = serving::expected(&site)?.ok_or_else(|| {
        Failure::refused("cannot verify: nothing is rolled out")
            .code(&code::NOT_ROLLED_OUT)
            .hint("./x up")
    })?;
    verify::release(&site, &versions)?;
    let value = json!({ "release": release, "services": versions, "url": site.environment.url });
    world.report.data(&value, &format!("{} serves {}", site.environment.url, release));
    Ok(Exit::Done)
}
