//! `audit show`: one record with all that it holds.

use super::{fates_of, outcome, word};
use crate::error::{Failure, Result, code};
use crate::exit::Exit;
use crate::flags::AuditShow;
use crate::report::table;
use crate::ship::ledger::Ledger;
use crate::ship::site::Site;
use crate::world::World;
use serde_json::json;
use xtask_core::plan::Count;
use xtask_core::ship::ledger::{Fate, Record, numbers};

pub(super) fn run(flags: &AuditShow, world: &World<'_>) -> Result<Exit> {
    let site = Site::look_at_records(world, &flags.environment)?;
    let ledger = Ledger::open(&site)?;
    let records = ledger.records_as_they_stand()?;
    let numbers = numbers(&ledger.links()?, records.len());
    let position = numbers.iter().position(|number| *number == flags.number);
    let found = position.and_then(|position| records.get(position));
    let record = found.ok_or_else(|| none(&ledger, flags.number, records.len()))?;
    let fate = fates_of(&site, &records)?[position.unwrap_or_default()];
    let value = json!({ "number": flags.number, "record": record, "fate": word(fate) });
    world.report.data(&value, &table(&rows(record, fate)));
    Ok(Exit::Done)
}

/// Without the database there may be more than this machine knows of.
fn none(ledger: &Ledger<'_, '_>, number: u64, count: usize) -> Failure {
    let has = Count(count, "record");
    match ledger.is_reached() {
        true => Failure::usage(format!("there is no record {number}: the ledger has {has}")),
        false => Failure::outside(format!(
            "cannot show record {number}: the ledger's database is not reached"
        ))
        .code(&code::DATABASE_UNREACHED)
        .reason(format!("this machine knows of {has}")),
    }
}

fn rows(record: &Record, fate: Fate) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    let mut row = |name: &str, value: Option<String>| {
        rows.extend(value.map(|value| vec![name.to_owned(), value]));
    };
    row("action", Some(record.action.to_string()));
    row("outcome", Some(outcome(record, fate)));
    row("who", Some(record.who.clone()));
    row("at", Some(record.at.clone()));
    row("merged", record.merged.clone());
    row("from", record.from.clone());
    row("to", Some(record.to.clone()).filter(|it| !it.is_empty()));
    row("commit", record.commit.clone());
    record.services.iter().for_each(|(name, digest)| row(name, Some(digest.to_string())));
    row("schema", record.schema_head.clone());
    let took = |(name, ms): &(String, u64)| format!("{name} {:.1} s", *ms as f64 / 1000.0);
    let phases: Vec<_> = record.phases.iter().map(took).collect();
    row("phases", Some(phases.join(", ")).filter(|it| !it.is_empty()));
    match &record.proof {
        Some(proof) => proof.rows().into_iter().for_each(|(name, value)| row(name, Some(value))),
        // Versions before counted, and told nothing more.
        None => row("lost", record.probe.map(|it| format!("{} of {}", it.lost, it.sent))),
    }
    row("reason", record.reason.clone());
    row("run", record.run_url.clone().or_else(|| record.run.clone()));
    row("lease", record.fence.map(|fence| fence.to_string()));
    rows
}
