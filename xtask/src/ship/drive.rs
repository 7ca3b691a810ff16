//! A run under way: the machine says the next step, and this takes it.

use super::course::Planned;
use super::lease::Lease;
use super::ledger;
use super::probe::Probe;
use super::record::{self, Change};
use super::rollout::Rolled;
use super::site::Site;
use super::{back, journal, migrate, verify};
use crate::edge::tested;
use crate::error::{Failure, Result};
use crate::report::Phase;
use xtask_core::ship::ledger::{Action, Outcome, ProbeCount};
use xtask_core::ship::machine::{End, Journal, Next, Step, next};
use xtask_core::ship::probe::Tally;
use xtask_core::ship::release::Release;
use xtask_core::ship::retention;

/// A run that holds the lease.
pub(super) struct Run<'r, 'a> {
    site: &'r Site<'a>,
    lease: &'r Lease<'a>,
    release: &'r Release,
    planned: Planned<'r>,
    journal: Journal,
    /// Its beginning in the ledger, until its end is there too.
    change: Option<Change<'r, 'a>>,
    probe: Option<Probe>,
    tally: Option<Tally>,
    /// The phase in which services move, over all its steps, and what was done in it.
    moving: Option<Phase<'r>>,
    moved: Vec<String>,
    /// What failed first.
    failure: Option<Failure>,
}

impl<'r, 'a> Run<'r, 'a> {
    pub(super) fn new(
        site: &'r Site<'a>,
        lease: &'r Lease<'a>,
        release: &'r Release,
        planned: Planned<'r>,
    ) -> Self {
        let mut journal = Journal::new("", planned.course.clone());
        // Whoever planned it has asked the target, and holds the lease.
        [Step::Preflight, Step::Lease].into_iter().for_each(|step| journal.passed(step));
        let (change, probe, tally, moving, failure) = Default::default();
        let moved = Vec::new();
        Self {
            site,
            lease,
            release,
            planned,
            journal,
            change,
            probe,
            tally,
            moving,
            moved,
            failure,
        }
    }

    /// Takes step after step until the machine says that it has ended.
    pub(super) fn drive(mut self) -> Result<Rolled> {
        let mut whole = None;
        loop {
            let held = self.lease.check();
            let step = match next(&self.journal, held.is_ok()) {
                Next::Do(step, _) => step,
                Next::End(End::LeaseLost) => return Err(lost(held, self.failure)),
                Next::End(end) => return self.end(end),
            };
            // From the last switch to the record nothing is cut off, and no way back is.
            if step == Step::Verify || self.journal.mishap.is_some() {
                whole.get_or_insert_with(|| self.site.world.cancel.whole());
            }
            self.take(step);
        }
    }

    fn take(&mut self, step: Step) {
        tested::kill_at(&format!("before-{}", step.name()));
        let goes_on = self.site.world.cancel.check().and_then(|()| self.lease.phase(step.phase()));
        let taken = goes_on.and_then(|()| self.carry_out(&step));
        tested::kill_at(&format!("after-{}", step.name()));
        match taken {
            Ok(()) => self.journal.passed(step),
            Err(failure) => {
                self.journal.failed(step.clone(), failure.first_line());
                self.remember(&step, failure);
            }
        }
        if let Err(failure) = journal::keep(self.site, &self.journal) {
            let line = format!("no journal of this run: {}", failure.first_line());
            self.site.world.report.warning(&line);
        }
    }

    /// The first failure is told; what fails on the way back is a reason more.
    fn remember(&mut self, step: &Step, failure: Failure) {
        self.moving = None;
        self.failure = Some(match (self.failure.take(), step) {
            (None, Step::Record | Step::Retire) => failure.partly(),
            (None, _) => failure,
            (Some(first), Step::Record) => {
                first.reason(format!("and it is not recorded: {}", failure.first_line()))
            }
            (Some(first), Step::Notify) => first,
            (Some(first), _) => first
                .reason(format!("going back failed as well: {}", failure.first_line()))
                .partly(),
        });
    }

    fn carry_out(&mut self, step: &Step) -> Result<()> {
        match step {
            Step::Preflight | Step::Lease | Step::BackUp => Ok(()),
            Step::Begin => self.begin(),
            Step::Migrate => {
                let files = &self.planned.schema.files;
                migrate::apply(self.site, self.lease, files, None).map(drop)
            }
            Step::Fetch => self.planned.rollout.fetch(),
            Step::Deploy(_) | Step::Start(_) | Step::Switch | Step::Smoke => self.move_on(step),
            Step::Verify => verify::release(self.site, &self.release.version),
            Step::Retire => self.planned.rollout.retire(),
            Step::Return => self.bring_back(),
            Step::Record => self.record(),
            Step::Notify => self.notify(),
        }
    }

    fn begin(&mut self) -> Result<()> {
        let course = &self.journal.course;
        let (action, from) = (course.action, course.from.clone());
        if let Some(reason) = &course.forced {
            ledger::note(self.site, self.lease, Action::Skew, reason)?;
        }
        let change = Change::begin(self.site, self.lease, action, from, self.release)?;
        change.run().clone_into(&mut self.journal.run);
        self.change = Some(change);
        self.probe = self.planned.served.as_ref().map(|_| self.start_probe()).transpose()?;
        Ok(())
    }

    /// A probe of what serves; before the first rollout there is nothing to lose.
    fn start_probe(&self) -> Result<Probe> {
        let service = self.site.public()?;
        // An instance that drains says that it is not ready, and answers what it is sent.
        Ok(Probe::start(&format!("{}{}", self.site.environment.url, service.health.live)))
    }

    fn move_on(&mut self, step: &Step) -> Result<()> {
        let report = self.site.world.report;
        let phase = self.moving.get_or_insert_with(|| report.phase("roll out"));
        let rollout = &mut self.planned.rollout;
        self.moved.extend(match step {
            Step::Deploy(service) => rollout.deploy(service, phase)?,
            Step::Start(service) => rollout.start(service, phase)?,
            Step::Smoke => rollout.smoke(phase)?,
            _ => rollout.switch(phase)?,
        });
        let road = self.journal.course.road();
        let last = road.iter().rfind(|it| it.moves_services());
        if last == Some(step)
            && let Some(phase) = self.moving.take()
        {
            phase.done(&self.moved.join(", "));
        }
        Ok(())
    }

    /// What an interrupted run found is not what was verified last: then the release before it is
    /// rolled out anew.
    fn bring_back(&mut self) -> Result<()> {
        match &self.journal.course {
            course if course.takes_over => match &course.back {
                Some(release) => back::to(self.site, release),
                None => self.planned.rollout.go_back(),
            },
            _ => self.planned.rollout.go_back(),
        }
    }

    fn record(&mut self) -> Result<()> {
        self.tally = self.probe.take().map(Probe::finish);
        let count = self.count();
        let outcome = match &self.journal.mishap {
            None => Outcome::Done,
            Some(mishap) => record::failed(mishap.step.phase(), &mishap.error),
        };
        self.change.take().expect("it has begun").end(outcome, count)
    }

    /// What is told to people and kept of a run, each one line that fails nothing: here.
    fn notify(&self) -> Result<()> {
        self.say_lost();
        Ok(())
    }

    fn count(&self) -> Option<ProbeCount> {
        self.tally.as_ref().map(Tally::count)
    }

    fn end(mut self, end: End) -> Result<Rolled> {
        if matches!(end, End::Done | End::Failed | End::Returned | End::Serves) {
            journal::remove(self.site)?;
        }
        let Some(failure) = self.failure.take() else {
            self.remove_old_images();
            return Ok(Rolled::Done(self.count()));
        };
        let name = self.site.name;
        Err(match end {
            End::Returned | End::Failed => failure.reason(self.as_before()),
            End::Open => failure.hint(format!(
                "`cargo xtask status {name}` tells what serves; then `cargo xtask resume {name}`"
            )),
            _ => failure,
        })
    }

    fn as_before(&self) -> String {
        let course = &self.journal.course;
        let before = if course.takes_over { &course.back } else { &self.planned.served };
        match before {
            Some(version) => format!("release `{version}` serves, as before"),
            None => "nothing was served before, and nothing is now".to_owned(),
        }
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

    fn say_lost(&self) {
        let Some(tally) = self.tally.as_ref().filter(|tally| tally.count().lost > 0) else {
            return;
        };
        let count = tally.count();
        let reasons = tally.reasons().join("; ");
        let line = format!("lost {} of {} requests: {reasons}", count.lost, count.sent);
        self.site.world.report.warning(&line);
    }
}

/// Nothing is taken back: somebody else changes the environment now.
fn lost(held: Result<()>, failure: Option<Failure>) -> Failure {
    let lost = held.expect_err("the machine ends for this only if it is lost").partly();
    match failure {
        Some(failure) => lost.reason(failure.first_line().to_owned()),
        None => lost,
    }
}
