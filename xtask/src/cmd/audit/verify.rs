//! `audit verify`: the chain, held against its heads in the registry.

use crate::error::{Failure, Result, code};
use crate::exit::Exit;
use crate::flags::Environment;
use crate::ship::anchor;
use crate::ship::ledger::{Ledger, whole};
use crate::ship::site::Site;
use crate::world::World;
use serde_json::json;
use xtask_core::plan::Count;
use xtask_core::ship::ledger::{Anchor, Anchored, Link, Record, acceptance, against};

pub(super) fn run(flags: &Environment, world: &World<'_>) -> Result<Exit> {
    let site = Site::look_at_records(world, &flags.environment)?;
    let links = links(&site)?;
    whole(&links)?;
    let anchors = anchor::all(&site).map_err(|failure| {
        failure.during("could not find out whether the ledger is whole: the registry did not tell")
    })?;
    let until = judge(&site, &links, &anchors)?;
    if links.is_empty() {
        world.report.data(&json!({ "records": 0, "anchored": 0 }), "no record yet");
        return Ok(Exit::Done);
    }
    let records = Count(links.len(), "record");
    let mut said = format!("{records}, each as it was written; the registry has head {until}");
    let later = links.iter().filter(|link| link.number > until).count();
    if later > 0 {
        said.push_str(&format!(", so the last {later} could be cut off unseen"));
    }
    said.extend(acceptance(&links).map(|(number, record)| accepted(number, &record)));
    world.report.data(&json!({ "records": links.len(), "anchored": until }), &said);
    Ok(Exit::Done)
}

fn accepted(number: u64, record: &Record) -> String {
    let Record { who, at, .. } = record;
    let why = record.reason.as_deref().unwrap_or_default();
    format!("\nwhat stands before record {number} is as {who} accepted it at {at}: {why}")
}

/// The chain itself: a file of this machine proves nothing.
pub(super) fn links(site: &Site<'_>) -> Result<Vec<Link>> {
    let ledger = Ledger::open(site)?;
    if ledger.is_reached() {
        return ledger.links();
    }
    let line = "could not find out whether the ledger is whole: its database is not reached";
    Err(Failure::outside(line).code(&code::LEDGER_UNPROVEN).hint("run it again when it is there"))
}

/// The number of the last anchored head that the chain holds; 0 for a ledger without any record.
pub(super) fn judge(site: &Site<'_>, links: &[Link], anchors: &[Anchor]) -> Result<u64> {
    let broken = |why: String| {
        Failure::refused("the ledger is not whole").code(&code::LEDGER_BROKEN).reason(why).hint(
            "somebody has changed the database, or restored it; once it is known why, \
             `cargo xtask audit accept ENVIRONMENT` goes on from where it stands",
        )
    };
    match against(links, site.name, anchors) {
        Anchored::Until(number) => Ok(number),
        Anchored::Never if links.is_empty() => Ok(0),
        Anchored::Never => {
            let line = format!("cannot prove that no record of `{}` is missing", site.name);
            Err(Failure::refused(line)
                .code(&code::LEDGER_UNPROVEN)
                .reason("the chain is whole, and no head of it is in the registry")
                .hint("the next rollout puts one there"))
        }
        Anchored::Cut { length, anchored } => {
            let why = format!("it ends with record {length}; the registry has head {anchored}");
            Err(broken(why))
        }
        Anchored::Unproven(number) => Err(broken(format!(
            "record {number} accepts what stands before it, and the registry has no head of it"
        ))),
        Anchored::Rewritten(number) => {
            Err(broken(format!("record {number} is not the one whose head is in the registry")))
        }
    }
}
