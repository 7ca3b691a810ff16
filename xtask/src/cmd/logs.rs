//! `logs`: the last lines that a service wrote.

use crate::error::{Failure, Result};
use crate::exit::Exit;
use crate::flags::Logs;
use crate::road::site::Site;
use crate::world::World;
use serde_json::json;
use xtask_core::proxy;

pub(super) fn run(flags: &Logs, world: &World<'_>) -> Result<Exit> {
    let service = world.service(&flags.service)?;
    let site = Site::look(world, "local")?;
    let serving = proxy::serving(&site.proxy().config()?);
    let container = serving.get(&service.name).ok_or_else(|| {
        Failure::refused(format!("cannot show logs: `{}` is not rolled out", service.name))
            .hint("./x up")
    })?;
    let logs = site.docker().logs(container, flags.lines)?;
    world
        .report
        .data(&json!({ "container": container, "lines": logs.lines().collect::<Vec<_>>() }), &logs);
    Ok(Exit::Done)
}
