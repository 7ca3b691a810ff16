//! `rollback`: a rollout of an earlier release.

use super::rollout::{self, Way};
use crate::error::{Failure, Result, code};
use crate::exit::Exit;
use crate::flags::Rollback;
use crate::ship::ledger::Ledger;
use crate::ship::serving;
use crate::ship::site::Site;
use crate::target;
use crate::world::World;
use xtask_core::ship::ledger::Action;
use xtask_core::ship::machine::{self, Past};

pub(super) fn run(flags: &Rollback, world: &World<'_>) -> Result<Exit> {
    target::check(world, &flags.environment)?;
    flags.release.iter().try_for_each(|release| rollout::refuse_no_name(release))?;
    let machine = rollout::of_machine(world, &flags.environment, "rollback", &flags.reviewed)?;
    let site = rollout::reach(world, &flags.environment, &flags.reviewed)?;
    let lease = rollout::lease(&site, machine.as_ref(), &flags.reviewed)?;
    let release = match &flags.release {
        Some(release) => release.clone(),
        None => release_before(&site)?,
    };
    let way = Way { reviewed: &flags.reviewed, moving: &flags.moving };
    rollout::go(&site, lease.as_ref(), &release, Action::Rollback, way)
}

/// The newest verified release that is not the one that serves; after an interrupted run, what the
/// ledger says of it. One that somebody has changed says nothing of that.
fn release_before(site: &Site<'_>) -> Result<String> {
    let ledger = Ledger::open(site)?;
    let records = ledger.records()?;
    let current = serving::release(site, &records)?;
    let past = Past::of(&records);
    machine::roll_back(&past, current.as_deref()).ok_or_else(|| {
        let why = match ledger.is_reached() {
            true => "the ledger knows no other release that was verified",
            false => {
                "the ledger's database is not reached, and this machine knows of no other release"
            }
        };
        Failure::refused(format!("cannot roll back: {why}")).code(&code::NO_ROLLBACK_TARGET).hint(
            "`cargo xtask release list ENVIRONMENT` shows what the registry has; name one of them",
        )
    })
}
