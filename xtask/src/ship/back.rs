//! Back to a release that served before an interrupted run: it is planned from what is there now,
//! whatever that is, and every service is brought to it.

use super::course::wanted;
use super::release;
use super::site::Site;
use crate::error::Result;
use crate::report::Phase;
use crate::target::Rollout;
use xtask_core::ship::machine::Manner;

/// Has every service serve the release called `version`.
pub(super) fn to(site: &Site<'_>, version: &str) -> Result<()> {
    let release = release::get(site, version)?;
    let mut rollout = site.target.plan(wanted(site, &release, false)?)?;
    rollout.fetch()?;
    let phase = site.world.report.phase("go back");
    moves(site, rollout.as_mut(), &phase)?;
    phase.done(&format!("release {version}"));
    rollout.retire()
}

fn moves(site: &Site<'_>, rollout: &mut dyn Rollout, phase: &Phase<'_>) -> Result<()> {
    let services: Vec<String> = rollout.moves().into_iter().map(|it| it.service).collect();
    match site.target.manner() {
        Manner::InTurn => {
            for service in &services {
                rollout.deploy(service, phase)?;
            }
        }
        Manner::Together => {
            for service in &services {
                rollout.start(service, phase)?;
            }
            rollout.switch(phase)?;
        }
    }
    Ok(())
}
