//! `backup restore`: brings a back-up into an empty database.

use crate::backup::restore::{self, Roles, Whose};
use crate::backup::{Home, Purpose};
use crate::edge::lease::{self, Lease, Wait};
use crate::edge::pg_dump::Owners;
use crate::error::Result;
use crate::exit::Exit;
use crate::flags::BackupRestore;
use crate::ship::place;
use crate::world::World;
use serde_json::json;
use xtask_core::backup::evidence::size;

pub(super) fn run(flags: &BackupRestore, world: &World<'_>) -> Result<Exit> {
    let name = &flags.environment;
    let home = Home::open(world, name, Purpose::Add)?;
    home.ready(false)?;
    let (backup, manifest) = home.backup(&flags.backup)?;
    let address = place::named(world, &flags.into)?;
    restore::refuse_unfit(&home, &manifest, &address, flags.same_database.as_deref())?;
    let what = format!(
        "back-up {} of {} ({} rows, {})",
        &backup.id[..8],
        manifest.taken_at,
        manifest.facts.rows(),
        size(manifest.dump_bytes)
    );
    let value = json!({ "backup": backup, "into": address.place(), "applied": flags.apply });
    if !flags.apply {
        world.report.data(&value, &format!("would restore {what} into {}", address.place()));
        return Ok(Exit::Planned);
    }
    // Where it is an environment's database, nobody on this machine changes that meanwhile.
    let wait = Wait { limit: flags.wait.limit(), cancel: &world.cancel };
    let folder =
        world.state(if world.environment(&flags.into).is_ok() { &flags.into } else { name });
    let _lease = Lease::wait(&folder, "backup restore", &lease::who(), &wait)?;
    let phase = world.report.phase("restore");
    let roles = if flags.make_roles { Roles::Made } else { Roles::Wanted };
    let owners = if flags.without_owners { Owners::Loader } else { Owners::Same };
    let whose = Whose { roles, owners };
    let restored = restore::restore(&home, &manifest, &address, whose, &phase)?;
    restore::hold(&restored, &address)?;
    phase.done(&what);
    let lines = restored.checks.iter().map(|it| format!("  {}: {}", it.name, it.said));
    let lines: Vec<String> = lines.collect();
    let text = format!("restored {what} into {}\n{}", address.place(), lines.join("\n"));
    world.report.data(&value, &text);
    Ok(Exit::Done)
}
