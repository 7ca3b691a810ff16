//! `db diff`: two databases, object by object.

use crate::database::replay;
use crate::database::scratch::Scratch;
use crate::edge::postgres::Database;
use crate::error::Result;
use crate::exit::Exit;
use crate::flags::DbDiff;
use crate::ship::migrate;
use crate::ship::site::Site;
use crate::world::World;
use serde_json::json;
use xtask_core::database::catalogue::{Catalogue, Difference, compare};
use xtask_core::plan::Count;

/// What the checkout's migrations make of an empty database.
const MIGRATIONS: &str = "migrations";

pub(super) fn run(flags: &DbDiff, world: &World<'_>) -> Result<Exit> {
    let DbDiff { wanted, found } = flags;
    // A name that is none is said before anything is made for the other one.
    for name in [wanted, found].into_iter().filter(|it| *it != MIGRATIONS) {
        world.environment(name)?;
    }
    let sides = [read(wanted, world)?, read(found, world)?];
    let differences = compare(&sides[0], &sides[1]);
    let value = json!({
        "wanted": wanted,
        "found": found,
        "objects": sides[1].len(),
        "differences": differences,
    });
    world.report.data(&value, &said(&differences, wanted, found, sides[1].len()));
    Ok(if differences.is_empty() { Exit::Done } else { Exit::Planned })
}

fn said(differences: &[Difference], wanted: &str, found: &str, objects: usize) -> String {
    if differences.is_empty() {
        let objects = Count(objects, "object");
        return format!("`{found}` is as `{wanted}`: {objects} compared");
    }
    let lines: Vec<String> = differences.iter().map(ToString::to_string).collect();
    let count = Count(differences.len(), "difference");
    format!("{}\n{count}: wanted `{wanted}`, found `{found}`", lines.join("\n"))
}

/// Who migrates has another name on each server, and the same part.
fn owned(database: &mut Database) -> Result<Catalogue> {
    let user = database.user()?;
    Ok(database.catalogue()?.owned_by(&user))
}

/// A scratch database is made on this machine only: the server of others is looked at, and nothing
/// is made there.
fn read(side: &str, world: &World<'_>) -> Result<Catalogue> {
    if side != MIGRATIONS {
        return owned(&mut Database::connect(&Site::look_at_records(world, side)?.database()?)?);
    }
    let phase = world.report.phase("migrations");
    let site = Site::look(world, super::LOCAL)?;
    let scratch = Scratch::make(&site.database()?, "diff")?;
    let files = migrate::files(world)?;
    let mut database = Database::connect(&scratch.address())?;
    replay::apply(&mut database, &files, &world.deploy.migrations, &world.cancel, |_| ())?;
    let catalogue = owned(&mut database)?;
    drop(database);
    scratch.remove()?;
    phase.done(&format!("{} in a scratch database", Count(files.len(), "migration")));
    Ok(catalogue)
}
