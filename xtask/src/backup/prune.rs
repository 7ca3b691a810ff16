//! What is let go, and letting it go.

use super::home::Home;
use super::run::free_of_the_dead;
use crate::edge::clock;
use crate::edge::lease::Wait;
use crate::error::{Failure, Result, code};
use serde::Serialize;
use std::time::{Duration, Instant};
use xtask_core::backup::alarm::{self, Alarm};
use xtask_core::backup::retention::{self, Verdict};
use xtask_core::backup::snapshot::Contents;
use xtask_core::moment::Moment;

/// How often a lock is looked at again.
const ASKED_EVERY: Duration = Duration::from_secs(5);
/// What is not whole may be under way for so long.
const UNDER_WAY_HOURS: u64 = 24;
/// So many drills are kept for their trend.
const DRILLS: usize = 52;

/// What stays and what goes.
#[derive(Debug, Serialize)]
pub struct Plan {
    pub verdicts: Vec<Verdict>,
    /// Snapshots that are no back-up and go as well, each with its reason.
    pub remains: Vec<(String, String)>,
    pub alarms: Vec<Alarm>,
    /// Every snapshot that goes: of a back-up both.
    pub snapshots: Vec<String>,
}

/// Judges everything that is there.
pub fn plan(home: &Home<'_>, contents: &Contents, now: Moment) -> Plan {
    let verdicts = retention::judge(&contents.dated(), home.policy.keep, now);
    let alarms = alarm::judge(&contents.sized(), home.policy.alarm, now);
    let old = contents.unfinished.iter().filter(|it| now.hours_since(it.at) >= UNDER_WAY_HOURS);
    let drills = contents.drills.iter().skip(DRILLS);
    let remains: Vec<(String, String)> = old
        .map(|it| (it.id.clone(), it.what.to_owned()))
        .chain(drills.map(|it| (it.id.clone(), format!("older than {DRILLS} drills"))))
        .collect();
    let snapshots = contents.forgotten(&verdicts).into_iter();
    let snapshots = snapshots.chain(remains.iter().map(|it| it.0.clone())).collect();
    Plan { verdicts, remains, alarms, snapshots }
}

/// Refuses to delete while something is to worry about: what is old may be what is needed.
pub fn refuse_alarmed(plan: &Plan, despite: Option<&str>) -> Result<()> {
    if plan.alarms.is_empty() || despite.is_some() {
        return Ok(());
    }
    let failure = Failure::refused("cannot prune: something is to worry about first")
        .code(&code::BACKUP_ALARM);
    let failure = plan.alarms.iter().fold(failure, |it, alarm| it.reason(alarm.to_string()));
    Err(failure.hint("look at it; `--despite REASON` prunes all the same"))
}

/// Forgets what goes and frees its space. A lock is waited for: a job whose key deletes nothing leaves
/// its own behind, and nobody but time tells that it is dead.
pub fn apply(home: &Home<'_>, plan: &Plan, wait: &Wait<'_>) -> Result<()> {
    let phase = home.world.report.phase("prune");
    if !plan.snapshots.is_empty() {
        phase.doing("forgetting");
        unlocked(home, wait, || home.restic.forget(&plan.snapshots))?;
    }
    phase.doing("freeing space");
    unlocked(home, wait, || home.restic.prune())?;
    phase.done(&format!("{} snapshots are gone", plan.snapshots.len()));
    Ok(())
}

/// Does it as soon as nobody has locked the repository.
fn unlocked(home: &Home<'_>, wait: &Wait<'_>, act: impl Fn() -> Result<()>) -> Result<()> {
    let began = Instant::now();
    loop {
        free_of_the_dead(home);
        match act() {
            Err(locked)
                if locked.name() == code::BACKUP_LOCKED.name && began.elapsed() < wait.limit =>
            {
                wait.cancel.sleep(ASKED_EVERY)?;
            }
            done => return done,
        }
    }
}

/// The plan as of now.
pub fn now(home: &Home<'_>) -> Result<Plan> {
    Ok(plan(home, &home.contents()?, clock::moment()))
}
