//! `db sync-schema`: the schema of an environment, without its rows, in the local database.

use crate::edge::lease::{self, Lease as OfMachine};
use crate::edge::pg_dump::Owners;
use crate::edge::postgres::Database;
use crate::edge::schema_dump;
use crate::error::{Failure, Result};
use crate::exit::Exit;
use crate::flags::DbSyncSchema;
use crate::ship::lease::Lease;
use crate::ship::site::Site;
use crate::target;
use crate::world::World;
use serde_json::json;
use std::collections::BTreeMap;
use std::time::Duration;
use xtask_core::database::catalogue::compare;
use xtask_core::plan::Count;
use xtask_core::ship::database::Address;

pub(super) fn run(flags: &DbSyncSchema, world: &World<'_>) -> Result<Exit> {
    let from = &flags.environment;
    target::check(world, from)?;
    if !world.environment(from)?.has_users() {
        return Err(Failure::usage(format!("cannot bring the schema of `{from}` to this machine"))
            .reason("it is this machine's")
            .hint("name an environment elsewhere; `cargo xtask db reset` applies the migrations"));
    }
    let source = Site::look_at_records(world, from)?.database()?;
    let dump = dump(world, &source)?;
    let machine = OfMachine::take(&world.state(super::LOCAL), "db sync-schema", &lease::who())?;
    let site = Site::open(world, super::LOCAL)?;
    site.target.preflight()?;
    site.target.prepare()?;
    let lease = Lease::take(&site, &machine, Duration::ZERO)?;
    let mut local = Database::connect(&site.database()?)?;
    let what = format!("the schema of `{from}` replaces {}", Count(local.tables()?.len(), "table"));
    super::ask(&what, flags.yes, world)?;
    lease.phase("sync-schema")?;
    {
        let _whole = world.cancel.whole();
        local.replace(&dump.roles, &dump.extensions, &dump.sql)?;
    }
    finish(&source, &mut local, from, world)
}

/// A schema as it was read, before anything local is touched.
struct Dump {
    /// Grants and policies name them.
    roles: Vec<String>,
    /// Each with its schema.
    extensions: BTreeMap<String, String>,
    sql: String,
}

fn dump(world: &World<'_>, source: &Address) -> Result<Dump> {
    let phase = world.report.phase("dump");
    let database = Database::connect(source)?;
    let extensions = database.extensions()?;
    let schemas = database.schemas()?;
    let server = (source, database.server_version()?);
    let mut sql = schema_dump::of(&world.shell, server, &schemas, Owners::Loader)?;
    sql.push_str(&database.migrations_as_sql()?);
    phase.done(&format!("{} of {}", Count(schemas.len(), "schema"), source.place()));
    let named =
        |role: &String| sql.contains(&format!(" {role}")) || sql.contains(&format!("\"{role}\""));
    let roles = database.roles()?.into_iter().filter(named).collect();
    Ok(Dump { roles, extensions, sql })
}

/// What could not be brought along is said: owners, and what belongs to extensions.
fn finish(source: &Address, local: &mut Database, from: &str, world: &World<'_>) -> Result<Exit> {
    let left = compare(&Database::connect(source)?.catalogue()?, &local.catalogue()?);
    let lines: Vec<String> = left.iter().map(ToString::to_string).collect();
    let value = json!({ "environment": from, "differences": left });
    let count = Count(lines.len(), "difference");
    let message = format!("the local database has the schema of `{from}`; {count} left");
    world.report.data(&value, &[vec![message], lines].concat().join("\n"));
    Ok(Exit::Done)
}
