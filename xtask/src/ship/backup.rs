//! back up: the database as it was before its schema is changed.

use super::site::Site;
use crate::backup::{Home, Purpose, run};
use crate::edge::postgres::{Database, is_unreached};
use crate::error::Result;
use xtask_core::ship::machine::BackUp;

/// Whether the database is backed up before these migrations, and why or why not. Nothing is
/// stored yet.
pub fn planned(site: &Site<'_>, pending: &[String]) -> Result<BackUp> {
    let left = |why: &str| Ok(BackUp::Left(why.to_owned()));
    if pending.is_empty() {
        return left("no migration is pending, so the database is not changed");
    }
    let Some(home) = Home::find(site.world, site.name, Purpose::Add)? else {
        let why = format!("`deploy.toml` has no `[environments.{}.backup]`", site.name);
        site.world.report.warning(&format!("the schema is changed without a back-up: {why}"));
        return Ok(BackUp::Left(why));
    };
    if home.is_own && site.world.shell.find("restic").is_none() {
        return left("restic is not on this machine, and nobody else uses this environment");
    }
    match Database::connect(&site.database()?)
        .and_then(|it| it.object_count(Some(&home.policy.schemas)))
    {
        Ok(0) => left("the database is empty"),
        Ok(_) => Ok(BackUp::Taken(format!("before {}", pending.join(", ")))),
        Err(failure) if is_unreached(&failure) => left("the database cannot be reached"),
        Err(failure) => Err(failure),
    }
}

/// Does what was planned.
pub fn carry_out(site: &Site<'_>, planned: &BackUp) -> Result<()> {
    match planned {
        BackUp::Left(_) => Ok(()),
        BackUp::Taken(_) => take(site, "migrate").map(drop),
    }
}

/// Takes one, as `backup run` does.
pub fn take(site: &Site<'_>, why: &str) -> Result<run::Taken> {
    let home = Home::open(site.world, site.name, Purpose::Add)?;
    home.ready(false)?;
    run::run(&home, &site.database()?, why)
}
