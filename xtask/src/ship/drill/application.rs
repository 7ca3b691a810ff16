//! The services of the release that the back-up's own ledger names, started on the restored
//! database and asked for a real answer.

use super::{Ended, broken, unable};
use crate::edge::http;
use crate::edge::postgres::Database;
use crate::error::{Context as _, Failure, Result, code};
use crate::ship::site::Site;
use crate::ship::{course, release};
use std::time::Duration;
use xtask_core::backup::verify::check;
use xtask_core::ship::database::Address;
use xtask_core::ship::ledger::{self, Action, Outcome, Record};
use xtask_core::ship::release::Release;
use xtask_core::trust::attestation::record::DrillCheck;

const ANSWER_LIMIT: Duration = Duration::from_secs(10);

/// Starts them and asks.
pub(super) fn boot(
    site: &Site<'_>,
    address: &Address,
    asks: Option<&str>,
) -> Result<DrillCheck, Ended> {
    let release = released(site, address).map_err(|it| unable(&it))?;
    rolled_out(site, &release).map_err(|it| of_start(&it))?;
    let said = answered(site, &release, asks).map_err(|it| broken(&it))?;
    Ok(check("application", true, said))
}

/// The newest release that served, as the restored ledger tells.
fn released(site: &Site<'_>, address: &Address) -> Result<Release> {
    let links = Database::connect(address)?.ledger()?;
    let records =
        ledger::walk(&links).or_outside(|| "failed to read the restored ledger".to_owned())?;
    let served = |it: &&Record| {
        it.outcome == Outcome::Done && matches!(it.action, Action::Rollout | Action::Rollback)
    };
    let newest = records.iter().rev().find(served).ok_or_else(|| {
        Failure::refused("cannot boot the services: the restored ledger names no release")
            .code(&code::RELEASE_UNKNOWN)
    })?;
    release::get(site, &newest.to)
}

/// Only that a service came up and was not ready says something of the back-up. That an image could
/// not be fetched, or that the engine did not answer, says nothing of it.
fn of_start(failure: &Failure) -> Ended {
    match failure.name() {
        name if name == code::ROLLOUT_NOT_READY.name => broken(failure),
        _ => unable(failure),
    }
}

fn rolled_out(site: &Site<'_>, release: &Release) -> Result<()> {
    let phase = site.world.report.phase("application");
    let mut rollout = site.target.plan(course::wanted(site, release, true)?)?;
    rollout.fetch()?;
    let started =
        rollout.moves().iter().try_for_each(|it| rollout.start(&it.service, &phase).map(drop));
    started.and_then(|()| rollout.smoke(&phase)).and_then(|_| rollout.switch(&phase))?;
    phase.done(&format!("release {} runs on it", release.version));
    Ok(())
}

/// The status of the public service tells who answers and whether it reaches its database; what
/// `deploy.toml` names beside it must be answered as well.
fn answered(site: &Site<'_>, release: &Release, asks: Option<&str>) -> Result<String> {
    let public = site.public()?;
    let wrong = |path: &str, why: String| {
        Failure::outside(format!("failed to ask `{path}` on the restored database"))
            .code(&code::RESTORE_FAILED)
            .reason(why)
    };
    let paths = [Some(public.health.ready.as_str()), Some(public.health.status.as_str()), asks];
    let mut said = Vec::new();
    for path in paths.into_iter().flatten() {
        let url = format!("{}{path}", site.environment.url);
        let answer = http::get(&url, ANSWER_LIMIT).map_err(|it| wrong(path, it.in_one_line()))?;
        if answer.status != 200 {
            return Err(wrong(path, format!("it answered {}", answer.status)));
        }
        let by = answer.release();
        if by.as_ref().is_some_and(|by| *by != release.version) {
            return Err(wrong(path, format!("release {} answered", by.unwrap_or_default())));
        }
        said.push(format!("{path} in {} ms", answer.took.as_millis()));
    }
    Ok(format!("release {} answered {}", release.version, said.join(", ")))
}
