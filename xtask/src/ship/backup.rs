//! back up: the database as it was before its schema is changed.

use super::lease::Lease;
use super::ledger;
use super::site::Site;
use crate::backup::{Home, Purpose, run};
use crate::edge::pg_dump;
use crate::edge::postgres::Database;
use crate::edge::shell::Shell;
use crate::error::{Failure, Result, code};
use xtask_core::backup::snapshot::BEFORE_MIGRATION;
use xtask_core::ship::ledger::Action;
use xtask_core::ship::machine::BackUp;

/// Whether the database is backed up before these migrations, and why or why not. `without` is why
/// somebody wants none. Nothing is stored yet.
pub fn planned(site: &Site<'_>, pending: &[String], without: Option<&str>) -> Result<BackUp> {
    let left = |why: &str| Ok(BackUp::Left(why.to_owned()));
    if pending.is_empty() {
        return left("no migration is pending, so the database is not changed");
    }
    if let Some(reason) = without {
        return left(reason);
    }
    let home = Home::find(site.world, site.name, Purpose::Add)?;
    let address = site.database()?;
    let counted = Database::connect(&address).and_then(|it| {
        let schemas = match &home {
            Some(home) => home.schemas(&address, &it)?,
            None => {
                let mut all = it.schemas_of_people()?;
                all.push(address.schema.clone());
                all
            }
        };
        Ok((it.object_count(Some(&schemas))?, it))
    });
    // That migrations are pending was just read there: one that cannot be asked now is no reason to
    // change it without a back-up.
    let database = match counted {
        Ok((0, _)) => return left("the database is empty"),
        Ok((_, database)) => database,
        Err(failure) => return Err(failure),
    };
    let Some(home) = home else {
        let why = site.environment.without_backup.as_deref();
        return why.map_or_else(|| Err(unkept(site)), left);
    };
    // Nobody else uses this machine's, and nobody asked for back-ups of it.
    if home.is_own
        && let Some(why) = lacking(&home.world.shell, database.server_version()?)
            .or_else(|| home.restic.version().err().map(|it| it.first_line().to_owned()))
    {
        site.world.report.warning(&format!("the schema is changed without a back-up: {why}"));
        return left(&why);
    }
    Ok(BackUp::Taken(format!("before {}", pending.join(", "))))
}

/// Data of others is not changed where nothing can bring it back, unless somebody says so.
fn unkept(site: &Site<'_>) -> Failure {
    let name = site.name;
    Failure::refused(format!("cannot change the schema of `{name}`: nothing of it is backed up"))
        .code(&code::BACKUP_NONE)
        .reason(format!("`deploy.toml` has no `[environments.{name}.backup]`"))
        .hint(
            "write that table; or say why it may be changed all the same: `--without-backup REASON`, \
             or for good `without_backup = \"REASON\"` in `deploy.toml`",
        )
}

/// Why this machine cannot back up a server of this version: a program is missing or too old.
fn lacking(shell: &Shell, server: u32) -> Option<String> {
    let missing = [("restic", "restic"), ("pg_dump", "postgresql-client")];
    let missing = missing.into_iter().find(|(program, _)| shell.find(program).is_none());
    if let Some((program, package)) = missing {
        return Some(format!("`{program}` is not on this machine (apt: {package})"));
    }
    let fitting = pg_dump::fitting(shell, "pg_dump", server);
    fitting.err().map(|failure| failure.first_line().to_owned())
}

/// That somebody wants none stands in the ledger.
pub fn note(
    site: &Site<'_>,
    lease: &Lease<'_>,
    pending: &[String],
    without: Option<&str>,
) -> Result<()> {
    let Some(reason) = without.filter(|_| !pending.is_empty()) else { return Ok(()) };
    let line = format!("the schema is changed without a back-up: {reason}");
    site.world.report.warning(&line);
    ledger::note(site, lease, Action::Migrate, &line)
}

/// Plans it and does it, before these migrations are run.
pub fn before(
    site: &Site<'_>,
    lease: &Lease<'_>,
    pending: &[String],
    without: Option<&str>,
) -> Result<()> {
    let planned = planned(site, pending, without)?;
    note(site, lease, pending, without)?;
    carry_out(site, &planned)
}

/// Does what was planned.
pub fn carry_out(site: &Site<'_>, planned: &BackUp) -> Result<()> {
    match planned {
        BackUp::Left(_) => Ok(()),
        BackUp::Taken(_) => take(site, BEFORE_MIGRATION).map(drop),
    }
}

/// Takes one, as `backup run` does.
pub fn take(site: &Site<'_>, why: &str) -> Result<run::Taken> {
    let home = Home::open(site.world, site.name, Purpose::Add)?;
    let locks = home.ready(false)?;
    run::run(&home, &site.database()?, locks, why)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cancel::Cancel;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn a_dump_tool_that_is_older_than_the_server_is_named_and_a_fitting_one_is_used() {
        let folder = tempfile::tempdir().expect("a folder");
        for (program, says) in
            [("restic", "restic 0.14.0"), ("pg_dump", "pg_dump (PostgreSQL) 15.4")]
        {
            let path = folder.path().join(program);
            std::fs::write(&path, format!("#!/bin/sh\necho '{says}'\n")).expect("it is written");
            let mode = std::fs::Permissions::from_mode(0o755);
            std::fs::set_permissions(&path, mode).expect("it is made a program");
        }
        let shell = Shell::new(folder.path(), folder.path(), &Cancel::default()).expect("a shell");
        assert_eq!(lacking(&shell, 150_014), None);
        let said = lacking(&shell, 180_001).expect("15 dumps no 18");
        assert!(said.contains("pg_dump (PostgreSQL) 15.4") && said.contains("18"), "{said}");
    }
}
