//! `logs`: the last lines that a service wrote.

use crate::error::{Failure, Result, code};
use crate::exit::Exit;
use crate::flags::Logs;
use crate::ship::site::Site;
use crate::world::World;
use serde_json::json;
use xtask_core::deploy::TargetKind;
use xtask_core::ship::backing::Role;

pub(super) fn run(flags: &Logs, world: &World<'_>) -> Result<Exit> {
    let (service, name) = (&flags.service, &flags.environment.environment);
    check(world, name, service)?;
    let site = Site::look(world, name)?;
    let logs = site.target.logs(service, flags.lines)?.ok_or_else(|| {
        Failure::refused(format!("cannot show logs: `{service}` is not rolled out"))
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

/// Refuses what neither is a service nor runs beside them, and says what does.
fn check(world: &World<'_>, environment: &str, name: &str) -> Result<()> {
    let mut known: Vec<String> = world.deploy.services.iter().map(|it| it.name.clone()).collect();
    if world.environment(environment)?.backing.is_some() {
        known.extend(Role::ALL.map(|role| role.name().to_owned()));
    }
    if known.iter().any(|it| it == name) {
        return Ok(());
    }
    Err(Failure::usage(format!("unknown service `{name}`; known: `{}`", known.join("`, `"))))
}
