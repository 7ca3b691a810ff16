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
use xtask_core::ship::ledger::{Anchored, Link, against};

pub(super) fn run(flags: &Environment, world: &World<'_>) -> Result<Exit> {
    let site = Site::look(world, &flags.environment)?;
    let links = links(&site)?;
    whole(&links)?;
    let anchors = anchor::all(&site).map_err(|failure| {
        failure.during("could not find out whether the ledger is whole: the registry did not tell")
    })?;
    let until = judge(&site, &links, against(&links, site.name, &anchors))?;
    if links.is_empty() {
        world.report.data(&json!({ "records": 0, "anchored": 0 }), "no record yet");
        return Ok(Exit::Done);
    }
    let records = Count(links.len(), "record");
    let later = links.len() as u64 - until;
    let mut said = format!("{records}, each as it was written; the registry has head {until}");
    if later > 0 {
        said.push_str(&format!(", so the last {later} could be cut off unseen"));
    }
    world.report.data(&json!({ "records": links.len(), "anchored": until }), &said);
    Ok(Exit::Done)
}

/// The chain itself: a file of this machine proves nothing.
fn links(site: &Site<'_>) -> Result<Vec<Link>> {
    let ledger = Ledger::open(site)?;
    if ledger.is_reached() {
        return ledger.links();
    }
    let line = "could not find out whether the ledger is whole: its database is not reached";
    Err(Failure::outside(line).code(&code::LEDGER_UNPROVEN).hint("run it again when it is there"))
}

/// The number of the last anchored head that the chain holds; 0 for a ledger without any record.
fn judge(site: &Site<'_>, links: &[Link], anchored: Anchored) -> Result<u64> {
    let broken = |why: String| {
        Failure::refused("the ledger is not whole").code(&code::LEDGER_BROKEN).reason(why).hint(
            "the registry tells what it was: somebody has changed the database, or restored it",
        )
    };
    match anchored {
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
        Anchored::Rewritten(number) => {
            Err(broken(format!("record {number} is not the one whose head is in the registry")))
        }
    }
}
