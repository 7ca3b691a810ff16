//! `audit accept`: a ledger that was changed or restored goes on from where it stands, because a
//! person has found out why. Nothing of it is changed or removed.

use crate::cmd::hold::held;
use crate::error::{Failure, Result, code};
use crate::exit::Exit;
use crate::flags::AuditAccept;
use crate::ship::lease::Lease;
use crate::ship::ledger::{Ledger, whole};
use crate::ship::site::Site;
use crate::ship::{anchor, release};
use crate::world::World;
use serde_json::json;
use xtask_core::plan::Count;
use xtask_core::ship::ledger::{Accepted, Anchor, Link, readable};

/// What stands, and what is wrong with it.
struct Found {
    links: Vec<Link>,
    anchors: Vec<Anchor>,
    wrong: Failure,
}

pub(super) fn run(flags: &AuditAccept, world: &World<'_>) -> Result<Exit> {
    let name = &flags.environment;
    if !flags.apply {
        let told = look(&Site::look_at_records(world, name)?)?;
        return Ok(said(world, name, told.as_ref(), false));
    }
    // What runs the services is not asked.
    let reach = || Site::look_at_records(world, name);
    let told = held((world, name), "audit accept", &flags.wait, reach, |site, lease| {
        let found = look(site)?;
        if let Some(found) = &found {
            accept(site, lease, found, &flags.reason)?;
        }
        Ok(found)
    })?;
    Ok(said(world, name, told.as_ref(), true))
}

/// `None` where nothing is wrong.
fn look(site: &Site<'_>) -> Result<Option<Found>> {
    let (links, anchors) = (super::verify::links(site)?, anchor::all(site)?);
    let judged = whole(&links).and_then(|_| super::verify::judge(site, &links, &anchors));
    match judged {
        Ok(_) => Ok(None),
        Err(wrong) if wrong.name() == code::LEDGER_BROKEN.name => {
            Ok(Some(Found { links, anchors, wrong }))
        }
        Err(failure) => Err(failure),
    }
}

fn accept(site: &Site<'_>, lease: &Lease<'_>, found: &Found, reason: &str) -> Result<()> {
    let accepted = Accepted::of(&found.links, site.name, &found.anchors);
    Ledger::open(site)?.accept(accepted, reason, lease)?;
    let links = super::verify::links(site)?;
    let Some(head) = links.last() else { return Ok(()) };
    // A table that was emptied names no release that a head could stand beside.
    let listed = release::listed(site)?;
    anchor::put(site, head, &listed.iter().map(String::as_str).collect::<Vec<_>>())
}

fn said(world: &World<'_>, name: &str, found: Option<&Found>, done: bool) -> Exit {
    let Some(Found { links, wrong, .. }) = found else {
        let text = "the ledger is whole: there is nothing to accept";
        world.report.data(&json!({ "wrong": null, "applied": false }), text);
        return Exit::Done;
    };
    let why = wrong.innermost_line();
    let rows = Count(links.len(), "record");
    let unread = links.len() - readable(links).len();
    let left =
        if unread == 0 { String::new() } else { format!(", of which {unread} cannot be read") };
    let text = match done {
        true => format!("accepted {rows}{left}, as they stand; what comes is proved from here on"),
        false => format!(
            "would accept {rows}{left}, as they stand; nothing is changed or removed (--apply)\n  \
             because: {why}\n  look first: `cargo xtask audit list {name}`"
        ),
    };
    world.report.data(&json!({ "wrong": why, "records": links.len(), "applied": done }), &text);
    if done { Exit::Done } else { Exit::Planned }
}
