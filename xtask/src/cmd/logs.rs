//! `logs`: the last lines that a service wrote.

use crate::error::{Failure, Result, code};
use crate::exit::Exit;
use crate::flags::Logs;
use crate::ship::site::Site;
use crate::world::World;
use serde_json::json;
use xtask_core::deploy::TargetKind;

pub(super) fn run(flags: &Logs, world: &World<'_>) -> Result<Exit> {
    let service = world.service(&flags.service)?;
    let name = &flags.environment.environment;
    let site = Site::look(world, name)?;
    let logs = site.target.logs(&service.name, flags.lines)?.ok_or_else(|| {
        Failure::refused(format!("cannot show logs: `{}` is not rolled out", service.name))
            .code(&code::NOT_ROLLED_OUT)
            .hint(match world.environment(name) {
                Ok(it) if it.target == TargetKind::Coolify => format!("cargo xtask status {name}"),
                _ => "./x up".to_owned(),
            })
    })?;
    let lines: Vec<&str> = logs.text.lines().collect();
    world.report.data(&json!({ "container": logs.instance, "lines": lines }), &logs.text);
    Ok(Exit::Done)
}
