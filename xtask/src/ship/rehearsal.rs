//! rehearse: pending migrations, applied to a copy of the schema that nobody uses: how long each
//! statement takes, which locks it holds, what comes out, and whether what serves still works on it.

use super::site::Site;
use super::{record, release, serving, trial};
use crate::database::replay;
use crate::database::scratch::Scratch;
use crate::edge::clock;
use crate::edge::pg_dump::Owners;
use crate::edge::postgres::{Database, Watched};
use crate::edge::schema_dump;
use crate::error::{Failure, Result, code};
use serde::Serialize;
use std::time::Instant;
use xtask_core::database::catalogue::{Catalogue, Difference, Kind, compare};
use xtask_core::database::migration::MigrationFile;
use xtask_core::database::rehearsal::{FileRun, Lock, Run, compare as compare_locks};
use xtask_core::database::sql::{self, Reach};
use xtask_core::plan::Count;
use xtask_core::ship::database::Address;
use xtask_core::ship::trial::{Shown, TrialRecord};

/// What a rehearsal has seen.
#[derive(Debug, Serialize)]
pub struct Rehearsal {
    pub files: Vec<FileRun>,
    /// Where the result is not what the checkout's migrations make of an empty database.
    pub differences: Vec<Difference>,
    /// Whether what serves works on the result.
    pub previous: Previous,
}

/// What became of trying the release that serves.
#[derive(Debug, Serialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum Previous {
    /// It reads and writes there.
    Works { shown: Vec<Shown> },
    /// It does not, and why.
    Fails { why: String },
    /// Nobody could try it, and why: neither good nor bad.
    NotTried { why: String },
}

/// Rehearses `pending` on a copy of the schema of `site`; `all` are the files of the checkout.
pub fn run(site: &Site<'_>, all: &[MigrationFile], pending: &[MigrationFile]) -> Result<Rehearsal> {
    let own = site.database()?;
    let phase = site.world.report.phase("rehearse");
    phase.doing("copying the schema");
    let scratch = copied(site, &own)?;
    let mut files = Vec::new();
    for file in pending {
        site.world.cancel.check()?;
        phase.doing(&file.name);
        files.push(rehearse(&scratch.address(), file, site)?);
    }
    phase.doing("comparing");
    let differences = compared(site, &own, &scratch, all)?;
    phase.doing("trying what serves");
    let previous = previous(site, &scratch, pending.last().map_or("", |it| it.name.as_str()));
    scratch.remove()?;
    phase.done(&format!("{} on a copy of the schema", Count(files.len(), "migration")));
    Ok(Rehearsal { files, differences, previous })
}

/// Refuses what would reach people: a scratch database is of their server, on which roles, settings
/// and other databases are everybody's. A role that is there is not made again.
pub fn refuse_reach(site: &Site<'_>, database: &Database, files: &[MigrationFile]) -> Result<()> {
    if !site.environment.has_users() {
        return Ok(());
    }
    let roles = database.roles()?;
    let is_there = |reach: &Reach| reach.role.as_ref().is_some_and(|it| roles.contains(it));
    let mut lines = Vec::new();
    for file in files {
        for statement in sql::Script::parse(&file.sql).statements {
            let reaches = statement.reaches.iter().filter(|it| !is_there(it));
            lines.extend(reaches.map(|it| {
                format!(
                    "`{}` line {}: `{}` is of the whole server",
                    file.name, statement.line, it.what
                )
            }));
        }
    }
    if lines.is_empty() {
        return Ok(());
    }
    let refused = Failure::refused(format!("cannot rehearse on the server of `{}`", site.name))
        .code(&code::MIGRATION_REFUSED)
        .hint("rehearse it where nobody is: `cargo xtask migrate plan local --rehearse`");
    Err(lines.into_iter().fold(refused, Failure::reason))
}

/// A scratch database with the schema of `own`, its grants, and its table of migrations.
fn copied(site: &Site<'_>, own: &Address) -> Result<Scratch> {
    let source = Database::connect(own)?;
    let extensions = source.extensions()?;
    let schemas = source.schemas()?;
    let server = (own, source.server_version()?);
    let mut sql = schema_dump::of(&site.world.shell, server, &schemas, Owners::Same)?;
    sql.push_str(&source.migrations_as_sql()?);
    let scratch = Scratch::make(own, "rehearse")?;
    let mut copy = Database::connect(&scratch.address())?;
    copy.ensure_extensions(&extensions)?;
    copy.load(&sql)?;
    Ok(scratch)
}

/// One file, statement by statement, with the locks of each beside those that were expected.
fn rehearse(address: &Address, file: &MigrationFile, site: &Site<'_>) -> Result<FileRun> {
    let mut database = Database::connect(address)?;
    let before = database.catalogue()?;
    database.limit(&site.world.deploy.migrations)?;
    let script = statements(file, database.schema());
    let texts: Vec<&str> = script.statements.iter().map(|it| it.text.as_str()).collect();
    let began = Instant::now();
    let watched = match script.is_alone {
        true if texts.len() == 1 => {
            vec![database.watch_alone(&Database::connect(address)?, texts[0])?]
        }
        _ => database.watch_together(&texts)?,
    };
    let ms = clock::milliseconds(began);
    let run = |(statement, watched): (&Expected, Watched)| Run {
        line: statement.line,
        what: statement.what.clone(),
        ms: watched.ms,
        locks: compare_locks(
            &with_tables(&statement.locks, &before),
            &watched.locks,
            &watched.held,
        ),
    };
    let statements = script.statements.iter().zip(watched).map(run).collect();
    database.note(&file.name, &file.checksum())?;
    Ok(FileRun { name: file.name.clone(), ms, statements })
}

/// What is expected of a file.
struct Script {
    is_alone: bool,
    statements: Vec<Expected>,
}

/// What is expected of a statement.
struct Expected {
    line: usize,
    what: String,
    text: String,
    /// With whether it is of an index, and of its table as well.
    locks: Vec<(Lock, bool)>,
}

/// As `migrate plan` reads it.
fn statements(file: &MigrationFile, schema: &str) -> Script {
    let parsed = sql::Script::parse(&file.sql);
    let lock = |it: &sql::Lock| {
        let lock = Lock { relation: it.on.within(schema), mode: it.mode.name().to_owned() };
        (lock, it.of_index)
    };
    let expected = |it: &sql::Statement| Expected {
        line: it.line,
        what: it.what.clone(),
        text: it.text.clone(),
        locks: it.effects.locks.iter().map(lock).collect(),
    };
    let is_alone = parsed.alone().is_some();
    Script { is_alone, statements: parsed.statements.iter().map(expected).collect() }
}

/// A lock on an index is one on its table as well.
fn with_tables(locks: &[(Lock, bool)], before: &Catalogue) -> Vec<Lock> {
    let table = |(lock, is_index): &(Lock, bool)| {
        let of = before.get(Kind::Index, &lock.relation).and_then(|it| it.get("of"));
        let table = of.filter(|_| *is_index).cloned();
        table.map(|relation| Lock { relation, mode: lock.mode.clone() })
    };
    locks.iter().flat_map(|it| std::iter::once(it.0.clone()).chain(table(it))).collect()
}

fn compared(
    site: &Site<'_>,
    own: &Address,
    copy: &Scratch,
    all: &[MigrationFile],
) -> Result<Vec<Difference>> {
    let fresh = Scratch::make(own, "fresh")?;
    let mut database = Database::connect(&fresh.address())?;
    let (limits, cancel) = (&site.world.deploy.migrations, &site.world.cancel);
    replay::apply(&mut database, all, limits, cancel, |_| ())?;
    let wanted = database.catalogue()?;
    drop(database);
    fresh.remove()?;
    Ok(compare(&wanted, &Database::connect(&copy.address())?.catalogue()?))
}

/// Signs what was shown, beside the release that was tried: a way back to it relies on that.
fn stated(site: &Site<'_>, version: &str, copy: &Scratch, shown: &[Shown]) -> Result<()> {
    if shown.is_empty() {
        return Ok(());
    }
    let rows = Database::connect(&copy.address())?.migration_rows()?;
    let record = TrialRecord {
        environment: site.name.to_owned(),
        finished_on: clock::now(),
        migrations: rows
            .into_iter()
            .filter(|row| row.finished && !row.rolled_back)
            .map(|row| (row.name, row.checksum))
            .collect(),
        services: shown.to_vec(),
    };
    if !release::attest_trial(site, version, &record)? {
        site.world.report.warning("what was shown is not signed: this machine has no key");
    }
    Ok(())
}

/// The release that serves, on the copy. That nobody could try it is not that it fails.
fn previous(site: &Site<'_>, copy: &Scratch, schema: &str) -> Previous {
    let tried = || -> Result<Option<Vec<Shown>>> {
        let Some(version) = serving::release(site, &record::known(site)?)? else { return Ok(None) };
        let release = release::get(site, &version)?;
        let address = site.target.services_database()?.with_database(copy.name().as_str());
        let shown = trial::run(site, &release, &address, schema)?;
        stated(site, &version, copy, &shown)?;
        Ok(Some(shown))
    };
    match tried() {
        Ok(Some(shown)) if shown.is_empty() => {
            Previous::NotTried { why: "no service has a `trial` in `deploy.toml`".to_owned() }
        }
        Ok(Some(shown)) => Previous::Works { shown },
        Ok(None) => Previous::NotTried { why: "nothing is rolled out".to_owned() },
        Err(failure) if failure.name() == code::TRIAL_FAILED.name => {
            Previous::Fails { why: failure.first_line().to_owned() }
        }
        Err(failure) => Previous::NotTried { why: failure.innermost_line().to_owned() },
    }
}
