//! `verify`: asks from outside which release answers.

use crate::error::{Failure, Result};
use crate::exit::Exit;
use crate::flags::Environment;
use crate::road::site::Site;
use crate::road::verify;
use crate::world::World;
use serde_json::json;
use xtask_core::proxy;

pub(super) fn run(flags: &Environment, world: &World<'_>) -> Result<Exit> {
    let site = Site::look(world, &flags.environment)?;
    let serving = proxy::serving(&site.proxy().config()?);
    let observed = site.docker().containers(&site.owner)?;
    let serves = |container: &String| serving.values().any(|it| it == container);
    let found = observed
        .iter()
        .find(|it| serves(&it.container))
        .ok_or_else(|| Failure::refused("cannot verify: nothing is rolled out").hint("./x up"))?;
    verify::release(&site, &found.release)?;
    let value = json!({ "release": found.release, "url": site.environment.url });
    world.report.data(&value, &format!("{} answers as {}", site.environment.url, found.release));
    Ok(Exit::Done)
}
