//! `audit list`: every record in a line.

use super::{fates_of, outcome, word};
use crate::error::Result;
use crate::exit::Exit;
use crate::flags::Environment;
use crate::report::table;
use crate::ship::record;
use crate::ship::site::Site;
use crate::world::World;
use serde_json::json;
use xtask_core::plan::Count;
use xtask_core::ship::ledger::{Fate, Record};

pub(super) fn run(flags: &Environment, world: &World<'_>) -> Result<Exit> {
    let site = Site::look(world, &flags.environment)?;
    let records = record::all(&site)?;
    let fates = fates_of(&site, &records)?;
    let head = ["#", "AT", "WHO", "ACTION", "FROM", "TO", "LOST", "OUTCOME"];
    let mut rows = vec![head.map(ToOwned::to_owned).to_vec()];
    let told = records.iter().zip(&fates).zip(1..);
    rows.extend(told.map(|((record, fate), number)| row(number, record, *fate)));
    let proof = format!("{}, each following from the one before", Count(records.len(), "record"));
    let fates: Vec<_> = fates.into_iter().map(word).collect();
    let value = json!({ "records": records, "fates": fates });
    world.report.data(&value, &format!("{}\n{proof}", table(&rows)));
    Ok(Exit::Done)
}

fn row(number: usize, record: &Record, fate: Fate) -> Vec<String> {
    let lost = record.probe.map_or_else(|| "-".to_owned(), |it| format!("{}/{}", it.lost, it.sent));
    let to = if record.to.is_empty() { "-" } else { &record.to };
    vec![
        number.to_string(),
        record.at.clone(),
        record.who.clone(),
        record.action.to_string(),
        record.from.clone().unwrap_or_else(|| "-".to_owned()),
        to.to_owned(),
        lost,
        outcome(record, fate),
    ]
}
