//! roll out: the new release comes up and is sent requests, is verified from outside, and what
//! served before ends.
//!
//! What served before is kept until the new release is verified, so going back loses nothing.

use super::probe::Probe;
use super::record::{self, Change as Recorded};
use super::site::Site;
use super::{review, scan, settings, verify};
use crate::error::{Failure, Result};
use crate::target::{Rollout, Wanted};
use xtask_core::digest::Digest;
use xtask_core::ship::ledger::{self, Action, Outcome, ProbeCount};
use xtask_core::ship::probe::Tally;
use xtask_core::ship::release::Release;
use xtask_core::ship::retention;
use xtask_core::ship::review::{Review, ReviewStep};
use xtask_core::ship::rollout::Stage;

/// What a rollout did.
pub enum Rolled {
    /// It was only shown: what would be done, and the digest of that.
    Shown(Review, Digest),
    /// Everything ran as the release says already.
    AlreadySo,
    /// The release serves and is verified.
    Done(Option<ProbeCount>),
}

/// How a rollout is reviewed before it is made.
#[derive(Clone, Copy, Debug)]
pub enum Mode<'a> {
    /// It is only shown.
    Show,
    /// It is made; if a plan was reviewed, only if this is it.
    Apply(Option<&'a Digest>),
}

/// A rollout that is under way.
struct Underway<'a> {
    site: &'a Site<'a>,
    release: &'a Release,
    rollout: Box<dyn Rollout + 'a>,
    /// The release that served when it was planned.
    served: Option<String>,
    /// Whether it is gone back to, and was verified when it came.
    is_known: bool,
}

/// Moves the environment to `release`. On failure what served before serves.
pub fn to(site: &Site<'_>, release: &Release, action: Action, mode: Mode<'_>) -> Result<Rolled> {
    scan::may_enter(site, release, action)?;
    let rollout = site.target.plan(wanted(site, release)?)?;
    // A run that was killed after the switch left a release that serves and that nobody verified.
    let done = rollout.is_idle() && ledger::is_verified(&record::all(site)?, &release.version);
    let steps = if done { Vec::new() } else { steps(release, rollout.as_ref()) };
    let (verb, environment) = (action.to_string(), site.name.to_owned());
    let plan = Review { verb, environment, steps };
    match mode {
        Mode::Show => {
            let digest = review::show(site.world, &plan)?;
            return Ok(Rolled::Shown(plan, digest));
        }
        Mode::Apply(reviewed) => review::hold(site.world, reviewed, &plan)?,
    }
    if done {
        return Ok(Rolled::AlreadySo);
    }
    let served = rollout.release_before().map(ToOwned::to_owned);
    let records = record::all(site)?;
    let from = ledger::origin(&records, served.as_deref(), &release.version);
    let recorded = Recorded::begin(action, from.map(ToOwned::to_owned));
    let is_known = action == Action::Rollback && ledger::is_verified(&records, &release.version);
    let mut underway = Underway { site, release, rollout, served, is_known };
    let probe = underway.served.as_ref().map(|_| underway.probe()).transpose()?;
    let forward = underway.forward().map_err(|failure| (Stage::RollOut, failure));
    // From here to the record nothing is cut off: what was begun is finished, or taken back.
    let _whole = site.world.cancel.whole();
    let outcome = forward.and_then(|()| underway.settle());
    let tally = probe.map(Probe::finish);
    underway.conclude(recorded, outcome, tally.as_ref())
}

impl Underway<'_> {
    /// A probe of what serves; before the first rollout there is nothing to lose.
    fn probe(&self) -> Result<Probe> {
        let service = self.site.public()?;
        // An instance that drains says that it is not ready, and answers what it is sent.
        Ok(Probe::start(&format!("{}{}", self.site.environment.url, service.health.live)))
    }

    /// Verify, retire. The error says at which stage it failed.
    fn settle(&mut self) -> Result<(), (Stage, Failure)> {
        let verify = if self.is_known { verify::again } else { verify::release };
        verify(self.site, &self.release.version).map_err(|failure| (Stage::Verify, failure))?;
        self.rollout.retire().map_err(|failure| (Stage::Drain, failure))
    }

    fn forward(&mut self) -> Result<()> {
        self.rollout.fetch()?;
        let phase = self.site.world.report.phase("roll out");
        let mut done = Vec::new();
        for service in self.site.world.deploy.rollout_order() {
            done.extend(self.rollout.deploy(&service.name, &phase)?);
        }
        phase.done(&if done.is_empty() { "serves already".to_owned() } else { done.join(", ") });
        Ok(())
    }

    /// Records how it ended. After a failure what served before is brought back first.
    fn conclude(
        &mut self,
        recorded: Recorded,
        outcome: Result<(), (Stage, Failure)>,
        tally: Option<&Tally>,
    ) -> Result<Rolled> {
        let count = tally.map(Tally::count);
        let Err((stage, failure)) = outcome else {
            let done = recorded.end(self.site, self.release, Outcome::Done, count);
            // The new release serves, whatever became of its record.
            done.map_err(Failure::partly)?;
            self.remove_old_images();
            self.say_lost(tally);
            return Ok(Rolled::Done(count));
        };
        let failure = self.go_back(stage, failure);
        let failed = record::failed(stage, &failure);
        if let Err(unrecorded) = recorded.end(self.site, self.release, failed, count) {
            self.site.world.report.warning(&format!("not recorded: {}", unrecorded.first_line()));
        }
        self.say_lost(tally);
        Err(failure)
    }

    /// Images that no kept release needs are removed. It is no reason to fail: the next one tries
    /// again.
    fn remove_old_images(&self) {
        let remove = || -> Result<()> {
            let kept = retention::images_kept(&record::all(self.site)?, retention::RELEASES_KEPT);
            self.site.target.remove_images(&kept)
        };
        if let Err(failure) = remove() {
            let line = format!("old images stay: {}", failure.first_line());
            self.site.world.report.warning(&line);
        }
    }

    fn say_lost(&self, tally: Option<&Tally>) {
        let Some(tally) = tally.filter(|tally| tally.count().lost > 0) else { return };
        let count = tally.count();
        let reasons = tally.reasons().join("; ");
        let line = format!("lost {} of {} requests: {reasons}", count.lost, count.sent);
        self.site.world.report.warning(&line);
    }

    /// Sends requests where they went before. Once what served before drains there is nothing to
    /// go back to, and nothing to go back for: the new release serves.
    fn go_back(&mut self, stage: Stage, failure: Failure) -> Failure {
        if stage == Stage::Drain {
            return failure.partly();
        }
        if let Err(worse) = self.rollout.go_back() {
            return failure
                .reason(format!("going back failed as well: {}", worse.first_line()))
                .partly();
        }
        match &self.served {
            Some(version) => failure.reason(format!("release `{version}` serves, as before")),
            None => failure.reason("nothing was served before, and nothing is now"),
        }
    }
}

/// What a rollout would do, for review. The images stand in it by digest; that it is verified is
/// a step of its own, because that may be all that is left to do.
fn steps(release: &Release, rollout: &dyn Rollout) -> Vec<ReviewStep> {
    let release_step = ReviewStep::new(format!("move to release `{}`", release.version));
    let images = release.services.values().map(|image| image.index.to_string());
    let first = images.fold(release_step, ReviewStep::with);
    let steps = rollout.steps().into_iter().map(ReviewStep::new);
    let verify = ReviewStep::new("verify it from outside");
    [first].into_iter().chain(steps).chain([verify]).collect()
}

/// Every service as `release` wants it, in the order in which they are rolled out.
fn wanted(site: &Site<'_>, release: &Release) -> Result<Vec<Wanted>> {
    let mut wanted = Vec::new();
    for service in site.world.deploy.rollout_order() {
        let image = release.services.get(&service.name).ok_or_else(|| {
            let (version, name) = (&release.version, &service.name);
            Failure::refused(format!(
                "cannot roll out release `{version}`: it has no image of `{name}`"
            ))
        })?;
        let settings = settings::fill(site, service, &release.version)?;
        let (service, release) = (service.clone(), release.version.clone());
        wanted.push(Wanted { service, release, image: image.pin(), digest: image.index, settings });
    }
    Ok(wanted)
}
