//! `infra import`: what a running Coolify has, written into `deploy.toml`.

use super::look;
use crate::edge::files;
use crate::error::{Coded as _, Context as _, Failure, Result, code};
use crate::exit::Exit;
use crate::flags::{InfraImport, InfraPart};
use crate::world::World;
use serde_json::json;
use similar::TextDiff;
use xtask_core::coolify::import;
use xtask_core::deploy;

/// Writes what a running instance has into `deploy.toml`, and nothing that is secret.
pub(super) fn run(flags: &InfraImport, world: &World<'_>) -> Result<Exit> {
    let name = &flags.of.environment;
    if flags.of.only.contains(&InfraPart::Server) {
        return Err(Failure::usage("cannot import a server: it is described by hand")
            .hint("docs/deployment/HETZNER.md says how"));
    }
    let looked = look(world, name)?;
    let path = world.places.file(deploy::FILE);
    let before = files::read(&path)?;
    let cannot = || format!("cannot write `{name}` into `{}`", deploy::FILE);
    let storage = looked.desired.storage.as_ref().map(|it| it.name.as_str());
    let found = import::found(&looked.observed, storage);
    let after = import::edited(&before, name, &found).or_usage(cannot)?;
    deploy::Deploy::parse(&after).or_refused(cannot).coded(&code::CONFIG)?;
    let is_same = before == after;
    let difference = TextDiff::from_lines(&before, &after);
    let difference = difference.unified_diff().context_radius(2).to_string();
    if flags.apply && !is_same {
        files::write(&path, after.as_bytes())?;
    }
    let said = if is_same { "`deploy.toml` says so already".to_owned() } else { difference };
    let value = json!({ "difference": said, "changed": !is_same, "written": flags.apply });
    world.report.data(&value, said.trim_end());
    Ok(if is_same || flags.apply { Exit::Done } else { Exit::Planned })
}
