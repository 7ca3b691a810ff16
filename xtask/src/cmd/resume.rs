//! `resume`: an interrupted run is continued, or its way back is finished.

use super::rollout::{self, Way};
use crate::error::{Failure, Result, code};
use crate::exit::Exit;
use crate::flags::{Moving, Resume};
use crate::ship::site::Site;
use crate::ship::{journal, record};
use crate::target;
use crate::world::World;
use serde_json::json;
use xtask_core::ship::ledger::{Action, Outcome, Record};
use xtask_core::ship::machine::{Past, Refused, Taken, interrupted, take_up};

pub(super) fn run(flags: &Resume, world: &World<'_>) -> Result<Exit> {
    target::check(world, &flags.environment)?;
    let machine = rollout::of_machine(world, &flags.environment, "resume", &flags.reviewed)?;
    let site = rollout::reach(world, &flags.environment, &flags.reviewed)?;
    let lease = rollout::lease(&site, machine.as_ref(), &flags.reviewed)?;
    let records = record::all(&site)?;
    let (taken, all) = taken(&site, &records)?;
    let (action, release) = match taken {
        Ok(Taken::Forward(action, release)) => (action, release),
        Ok(Taken::Back(release)) => (Action::Rollback, release),
        Err(Refused::NothingOpen) => {
            let value = json!({ "changed": false });
            world.report.data(&value, "nothing to resume: no run was interrupted");
            return Ok(Exit::Done);
        }
        Err(why) => return Err(refused(site.name, &why)),
    };
    // What was to be moved is to be moved still.
    let moving = Moving { all: flags.moving.all || all, ..flags.moving.clone() };
    let way = Way { reviewed: &flags.reviewed, moving: &moving };
    rollout::go(&site, lease.as_ref(), &release, action, way)
}

/// What is gone on with, and whether every service was to move.
fn taken(site: &Site<'_>, records: &[Record]) -> Result<(Result<Taken, Refused>, bool)> {
    let past = Past::of(records);
    let journal = journal::read(site)?;
    // Behind its beginning stand the takeover of its lease, and what else was noted since.
    let open = interrupted(&past).last().map(|it| it.run.clone());
    let begun = records.iter().rfind(|it| it.outcome == Outcome::Begun && it.run == open);
    let all = open.is_some() && begun.is_some_and(|it| it.all);
    Ok((take_up(&past, journal.as_ref(), &site.answers()?), all))
}

/// Nobody guesses whether what a person did is to stay, or whether to try again what failed.
fn refused(environment: &str, why: &Refused) -> Failure {
    let failure = match why {
        Refused::NothingBefore(_) => {
            return Failure::refused(format!("cannot resume the way back of `{environment}`"))
                .code(&code::NO_ROLLBACK_TARGET)
                .because(why)
                .hint(format!(
                    "say what is to serve: `cargo xtask rollout {environment} RELEASE`"
                ));
        }
        _ => Failure::refused(format!("cannot resume: somebody else has changed `{environment}`")),
    };
    failure.code(&code::STRANGE_RELEASE).because(why).hint(format!(
        "say what is to serve: `cargo xtask rollback {environment}` or \
         `cargo xtask rollout {environment} RELEASE`"
    ))
}
