//! Takes a back-up: rows and dump are of one moment, and the manifest is written last.

use super::home::Home;
use super::{heartbeat, pipe};
use crate::edge::postgres::{Database, refuse_pooled};
use crate::edge::{clock, pg_dump, secrets};
use crate::error::{Failure, Result, code};
use serde::Serialize;
use std::time::Instant;
use xtask_core::backup::evidence::size;
use xtask_core::backup::manifest::{self, DUMP, FORMAT, Manifest};
use xtask_core::backup::retention::CLOCKS_DIFFER_SECONDS;
use xtask_core::backup::snapshot::{Kind, tags};
use xtask_core::moment::Moment;
use xtask_core::ship::database::Address;

/// Our own schema: the ledger and the canary are in it.
const OURS: &str = "xtask";

/// A back-up that was taken.
#[derive(Clone, Debug, Serialize)]
pub struct Taken {
    /// What it is called.
    pub id: String,
    pub manifest: Manifest,
}

/// Takes one into a repository that was just found to have so many locks. `why` stands in its tags:
/// `daily`, `migrate`, `asked`.
pub fn run(home: &Home<'_>, address: &Address, locks: usize, why: &str) -> Result<Taken> {
    let phase = home.world.report.phase("back up");
    let run = name()?;
    // Its canary and its snapshot would be of other sessions than its dump.
    refuse_pooled(address, "back up")?;
    let mut database = Database::connect(address)?;
    let server = database.server_version()?;
    let tools =
        vec![home.restic.version()?, pg_dump::fitting(&home.world.shell, "pg_dump", server)?];
    let schemas = schemas(home, address, &database)?;
    refuse_foreign(home, &database, &schemas)?;
    let left_out = left_out(home, &database)?;
    if locks > 0 {
        free_of_the_dead(home);
    }
    database.write_canary(&run)?;
    let exported = database.export()?;
    same_time(&exported.taken_at)?;
    let began = Instant::now();
    phase.doing("dumping");
    let dump_tags = tags(home.name, Kind::Dump, &run, &[("why", why.to_owned())]);
    let wanted = pipe::Wanted { file: DUMP, tags: &dump_tags };
    let (shell, snapshot) = (&home.world.shell, exported.name.clone());
    let start = Box::new(|stdout| pg_dump::start_dump(shell, address, &schemas, &snapshot, stdout));
    let stored = pipe::store(&home.restic, shell, &wanted, start, || {
        exported.facts(&schemas, &home.world.cancel)
    });
    let taken_at = exported.taken_at.clone();
    let (stored, facts) = stored.inspect_err(|_| {
        // One that is told to end while it locks leaves its lock, and would hinder `prune`. That is
        // undone also where a person ends the run.
        let _whole = home.world.cancel.whole();
        free_of_the_dead(home);
    })?;
    phase.doing("writing what is in it");
    let dump = whole_name(home, &run, &stored.snapshot)?;
    let manifest = Manifest {
        format: FORMAT,
        project: home.world.deploy.project.clone(),
        environment: home.name.to_owned(),
        run,
        dump,
        taken_at,
        took_ms: clock::milliseconds(began),
        dump_bytes: stored.bytes,
        schemas: schemas.clone(),
        left_out: Some(left_out),
        tools,
        facts,
    };
    let id = keep(home, &manifest, why)?;
    phase.done(&line(&id, &manifest));
    heartbeat::beat(home.world, "backup.heartbeat", home.policy.heartbeat.as_ref());
    Ok(Taken { id, manifest })
}

/// A back-up in a line.
pub fn line(id: &str, manifest: &Manifest) -> String {
    let short = &id[..id.len().min(8)];
    format!(
        "{short}: {} tables, {} rows, {}",
        manifest.facts.tables.len(),
        manifest.facts.rows(),
        size(manifest.dump_bytes)
    )
}

/// Unlike the name of any other run.
fn name() -> Result<String> {
    let random = secrets::generate()?;
    Ok(format!("{}-{}", clock::stamp(), &random[..8]))
}

/// Those of the services, all of which must be there, and ours.
fn schemas(home: &Home<'_>, address: &Address, database: &Database) -> Result<Vec<String>> {
    let wanted = home.schemas(address, database)?;
    let there = database.schemas_among(&wanted)?;
    if let Some(missing) = wanted.iter().find(|it| !there.contains(it)) {
        return Err(Failure::refused(format!("cannot back up `{}`", home.name))
            .code(&code::BACKUP_DATABASE)
            .reason(format!("its database has no schema `{missing}`"))
            .hint("name its schemas in `schemas` of its table `backup` in `deploy.toml`"));
    }
    Ok(there.into_iter().chain([OURS.to_owned()]).collect())
}

/// A foreign table is restored only where its server is, and no dump by schema holds that one.
fn refuse_foreign(home: &Home<'_>, database: &Database, schemas: &[String]) -> Result<()> {
    let tables = database.foreign_tables(schemas)?;
    if tables.is_empty() {
        return Ok(());
    }
    Err(Failure::refused(format!("cannot back up `{}`: it could not be restored", home.name))
        .code(&code::BACKUP_DATABASE)
        .reason(format!("foreign tables, whose servers no dump holds: `{}`", tables.join("`, `")))
        .hint(
            "move them into a schema of their own, and name that in `without_schemas` of its table \
             `backup` in `deploy.toml`",
        ))
}

/// What the database holds and the back-up does not.
fn left_out(home: &Home<'_>, database: &Database) -> Result<Vec<String>> {
    let beside = database.beside_schemas()?;
    if !beside.is_empty() {
        let line = format!("not in the back-up, as no schema holds it: {}", beside.join(", "));
        home.world.report.warning(&line);
    }
    let without = home.policy.without_schemas.iter().map(|it| format!("schema {it}"));
    Ok(without.chain(beside).collect())
}

/// What was locked by a process that is gone would hinder this one. A key that may delete nothing
/// cannot do that, and whoever is at work keeps its lock.
pub(super) fn free_of_the_dead(home: &Home<'_>) {
    if home.restic.locks().is_ok_and(|locks| locks > 0)
        && let Err(failure) = home.restic.unlock()
    {
        home.world.report.warning(&format!("old locks stay: {}", failure.first_line()));
    }
}

/// What is judged by age wants one time.
fn same_time(server: &str) -> Result<()> {
    let (Ok(server), here) = (server.parse::<Moment>(), clock::moment()) else { return Ok(()) };
    let seconds = here.seconds_since(server).max(server.seconds_since(here));
    if seconds <= CLOCKS_DIFFER_SECONDS {
        return Ok(());
    }
    Err(Failure::refused("cannot back up: two clocks do not agree")
        .code(&code::BACKUP_CLOCK)
        .reason(format!("the database says {server}, this machine {here}"))
        .hint("set the clock of this machine; retention and alarms judge by it"))
}

/// How long a whole name of restic's is.
const WHOLE: usize = 64;

/// Older versions of restic shorten what they have just stored. To ask costs an opening.
fn whole_name(home: &Home<'_>, run: &str, short: &str) -> Result<String> {
    if short.len() == WHOLE && short.bytes().all(|it| it.is_ascii_hexdigit()) {
        return Ok(short.to_owned());
    }
    let found = home.restic.snapshots(&format!("kind:{},run:{run}", Kind::Dump.name()))?;
    let found = found.into_iter().find(|it| it.id.starts_with(short));
    found.map(|it| it.id).ok_or_else(|| {
        Failure::outside(format!("failed to find snapshot `{short}` that was just stored"))
            .code(&code::BACKUP_FAILED)
    })
}

/// Writes the manifest: from here on it is a back-up.
fn keep(home: &Home<'_>, manifest: &Manifest, why: &str) -> Result<String> {
    let more = [
        ("dump", manifest.dump.clone()),
        ("at", manifest.taken_at.clone()),
        ("bytes", manifest.dump_bytes.to_string()),
        ("rows", manifest.facts.rows().to_string()),
        ("head", manifest.facts.migration_head.clone().unwrap_or_default()),
        ("why", why.to_owned()),
    ];
    let tags = tags(home.name, Kind::Manifest, &manifest.run, &more);
    let stored = home.restic.store(manifest::FILE, &manifest.text(), &tags)?;
    let contents = home.contents()?;
    let kept = contents.backups.iter().find(|it| it.id.starts_with(&stored.snapshot));
    kept.map(|it| it.id.clone()).ok_or_else(|| {
        Failure::outside("failed to read back the back-up that was just stored")
            .code(&code::BACKUP_FAILED)
    })
}
