//! `audit merge`: records that another machine wrote down while the database was away are added to
//! the ledger, each once.

use crate::cmd::hold::held;
use crate::edge::{clock, files, offline};
use crate::error::{Failure, Result, code};
use crate::exit::Exit;
use crate::flags::AuditMerge;
use crate::report::table;
use crate::ship::ledger::{self, Ledger};
use crate::ship::site::Site;
use crate::world::World;
use serde_json::json;
use std::path::Path;
use xtask_core::plan::Count;
use xtask_core::ship::ledger::{Record, unmerged};

pub(super) fn run(flags: &AuditMerge, world: &World<'_>) -> Result<Exit> {
    let name = &flags.environment;
    let written = read(Path::new(&flags.file))?;
    if !flags.apply {
        let new = new(&Site::look_at_records(world, name)?, &written)?;
        return Ok(said(world, &new, false));
    }
    let reach = || Site::look_at_records(world, name);
    let new = held((world, name), "audit merge", &flags.wait, reach, |site, lease| {
        let new = new(site, &written)?;
        ledger::merge_records(site, lease, &written)?;
        Ok(new)
    })?;
    Ok(said(world, &new, true))
}

fn read(path: &Path) -> Result<Vec<Record>> {
    let shown = path.display();
    if !files::is_file(path)? {
        return Err(Failure::usage(format!("there is no file `{shown}`")));
    }
    let records = offline::read(path)?.records;
    match records.is_empty() {
        true => Err(Failure::usage(format!("`{shown}` holds no record"))),
        false => Ok(records),
    }
}

/// Those that the ledger does not have.
fn new(site: &Site<'_>, written: &[Record]) -> Result<Vec<Record>> {
    let ledger = Ledger::open(site)?;
    if !ledger.is_reached() {
        let line = "cannot merge: the ledger's database is not reached";
        return Err(Failure::outside(line).code(&code::DATABASE_UNREACHED));
    }
    Ok(unmerged(written, &ledger.records_as_they_stand()?, &clock::now()))
}

fn said(world: &World<'_>, new: &[Record], done: bool) -> Exit {
    let count = Count(new.len(), "record");
    let line = match (new.is_empty(), done) {
        (true, _) => "nothing to merge: the ledger has every record of the file".to_owned(),
        (false, true) => format!("merged {count}"),
        (false, false) => format!("would merge {count} (--apply)"),
    };
    let row =
        |it: &Record| vec![it.at.clone(), it.action.to_string(), it.to.clone(), it.who.clone()];
    let rows: Vec<Vec<String>> = new.iter().map(row).collect();
    let text = if rows.is_empty() { line } else { format!("{line}\n{}", table(&rows)) };
    world.report.data(&json!({ "records": new, "applied": done }), &text);
    if done || new.is_empty() { Exit::Done } else { Exit::Planned }
}
