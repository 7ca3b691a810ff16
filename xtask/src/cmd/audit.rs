//! `audit`: every change of an environment, with the proof that none was altered since.

use crate::error::Result;
use crate::exit::Exit;
use crate::flags::Environment;
use crate::report::table;
use crate::ship::record;
use crate::ship::site::Site;
use crate::world::World;
use serde_json::json;
use xtask_core::plan::Count;
use xtask_core::ship::ledger::{Outcome, Record};

pub(super) fn run(flags: &Environment, world: &World<'_>) -> Result<Exit> {
    let site = Site::look(world, &flags.environment)?;
    let records = record::all(&site)?;
    let head = ["AT", "WHO", "ACTION", "FROM", "TO", "LOST", "OUTCOME"];
    let mut rows = vec![head.map(ToOwned::to_owned).to_vec()];
    rows.extend(records.iter().map(row));
    let proof = format!("{}, each following from the one before", Count(records.len(), "record"));
    world.report.data(&json!({ "records": records }), &format!("{}\n{proof}", table(&rows)));
    Ok(Exit::Done)
}

fn row(record: &Record) -> Vec<String> {
    let outcome = match &record.outcome {
        Outcome::Done => "done".to_owned(),
        Outcome::Failed { phase, error } => format!("failed to {phase}: {error}"),
    };
    vec![
        record.at.clone(),
        record.who.clone(),
        record.action.to_string(),
        record.from.clone().unwrap_or_else(|| "-".to_owned()),
        record.to.clone(),
        record.lost(),
        outcome,
    ]
}
