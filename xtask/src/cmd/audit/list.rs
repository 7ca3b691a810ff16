//! `audit list`: every record in a line.

use super::{fates_of, outcome, word};
use crate::error::Result;
use crate::exit::Exit;
use crate::flags::Environment;
use crate::report::table;
use crate::ship::ledger::{Ledger, whole};
use crate::ship::site::Site;
use crate::world::World;
use serde_json::json;
use xtask_core::plan::Count;
use xtask_core::ship::ledger::{Fate, Record, numbers};

pub(super) fn run(flags: &Environment, world: &World<'_>) -> Result<Exit> {
    let site = Site::look_at_records(world, &flags.environment)?;
    let ledger = Ledger::open(&site)?;
    let links = ledger.links()?;
    let is_whole = whole(&links).is_ok();
    let records = ledger.records_as_they_stand()?;
    let numbers = numbers(&links, records.len());
    let fates = fates_of(&site, &records)?;
    let head = ["#", "AT", "WHO", "ACTION", "FROM", "TO", "LOST", "OUTCOME"];
    let mut rows = vec![head.map(ToOwned::to_owned).to_vec()];
    let told = records.iter().zip(&fates).zip(&numbers);
    rows.extend(told.map(|((record, fate), number)| row(*number, record, *fate)));
    let count = Count(records.len(), "record");
    let (proof, exit) = match (ledger.is_reached(), is_whole) {
        (true, true) => (format!("{count}, each following from the one before"), Exit::Done),
        (true, false) => (format!("{count}, as they stand"), Exit::Planned),
        (false, _) => (format!("{count}, as this machine knows them"), Exit::Planned),
    };
    let fates: Vec<_> = fates.into_iter().map(word).collect();
    let value = json!({
        "records": records, "numbers": numbers, "fates": fates,
        "reached": ledger.is_reached(), "whole": is_whole,
    });
    world.report.data(&value, &format!("{}\n{proof}", table(&rows)));
    Ok(exit)
}

fn row(number: u64, record: &Record, fate: Fate) -> Vec<String> {
    let to = if record.to.is_empty() { "-" } else { &record.to };
    vec![
        number.to_string(),
        record.at.clone(),
        record.who.clone(),
        record.action.to_string(),
        record.from.clone().unwrap_or_else(|| "-".to_owned()),
        to.to_owned(),
        record.lost(),
        outcome(record, fate),
    ]
}
