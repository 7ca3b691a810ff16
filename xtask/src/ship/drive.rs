//! A run under way: the machine says the next step, and this takes it.

use super::course::Planned;
use super::lease::Lease;
use super::ledger;
use super::proof::{Seen, Watch};
use super::record::{self, Change};
use super::rollout::{Done, Rolled};
use super::site::Site;
use super::{back, backup, foreign, journal, migrate, notify, report, seed};
use crate::edge::tested;
use crate::error::{Failure, Result};
use crate::report::Phase;
use std::path::PathBuf;
use xtask_core::ship::ledger::{Action, Outcome, Record};
use xtask_core::ship::machine::{End, Journal, Next, Step, next};
use xtask_core::ship::proof::Proof;
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
    /// What asks from outside, until the end is recorded.
    watch: Option<Watch<'r>>,
    ended: Option<Ended>,
    /// The phase in which services move, over all its steps, and what was done in it.
    moving: Option<Phase<'r>>,
    moved: Vec<String>,
    /// What failed first.
    failure: Option<Failure>,
}

/// How a run ended, as it is told to people.
struct Ended {
    proof: Proof,
    record: Record,
    report: Option<PathBuf>,
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
        let (change, watch, ended, moving, failure) = Default::default();
        let moved = Vec::new();
        Self {
            site,
            lease,
            release,
            planned,
            journal,
            change,
            watch,
            ended,
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
                Next::End(End::LeaseLost) => {
                    // A half-moved environment is nobody's secret, and telling needs no lease.
                    let why = held.as_ref().err().map_or("", |it| it.innermost_line());
                    self.tell_open((Step::Lease.phase(), why));
                    return Err(lost(held, self.failure));
                }
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
            Step::Preflight | Step::Lease => Ok(()),
            Step::BackUp => backup::carry_out(self.site, &self.journal.course.backup),
            Step::Begin => self.begin(),
            Step::Migrate => {
                let (files, consent) = (&self.planned.schema.files, &self.planned.consent);
                let users = migrate::users(self.site);
                let order = migrate::Order { reviewed: None, consent, users, before: &|_| Ok(()) };
                migrate::apply(self.site, self.lease, files, order).map(drop)
            }
            Step::Fetch => self.fetch(),
            Step::Deploy(_) | Step::Start(_) | Step::Switch | Step::Smoke => self.move_on(step),
            Step::Verify => self.watch.as_mut().expect("it has begun").hold(),
            Step::Retire => {
                self.watch.iter().for_each(Watch::drains);
                self.planned.rollout.retire()
            }
            Step::Return => self.bring_back(),
            Step::Record => self.record(),
            Step::Notify => self.notify(),
        }
    }

    /// Seeded before anything serves: a run that fails here has changed no service, and the next
    /// one, which moves the same services, seeds again.
    fn fetch(&mut self) -> Result<()> {
        self.planned.rollout.fetch()?;
        let Some(wanted) = self.planned.seed else { return Ok(()) };
        let image = seed::image(wanted, self.release)?;
        seed::run(self.site, wanted, &image).map(drop)
    }

    fn begin(&mut self) -> Result<()> {
        ledger::hold_to_anchors(self.site, &self.release.version);
        foreign::note_all(self.site, self.lease);
        let course = &self.journal.course;
        if let Some(reason) = &course.forced {
            ledger::note(self.site, self.lease, Action::Skew, reason)?;
        }
        let unbacked = self.planned.unbacked.as_deref();
        backup::note(self.site, self.lease, &course.migrations, unbacked)?;
        let change = Change::begin(self.site, self.lease, course, self.release)?;
        change.run().clone_into(&mut self.journal.run);
        self.change = Some(change);
        let watch = Watch::begin(self.site, self.release, &self.journal.course)?;
        self.watch = Some(watch.of_known(self.planned.is_known));
        Ok(())
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
        let steps = self.journal.course.steps();
        let last = steps.iter().rfind(|it| it.moves_services());
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
        let mishap = self.journal.mishap.as_ref().filter(|_| !self.journal.is_served());
        let outcome = mishap.map_or(Outcome::Done, |it| record::failed(it.step.phase(), &it.error));
        let seen = self.watch.take().map(Watch::finish);
        let proof = seen.as_ref().map(|it| it.proof.clone()).unwrap_or_default();
        let change = self.change.take().expect("it has begun");
        let (record, kept) = change.end(outcome.clone(), proof.clone());
        let page = |seen: &Seen| report::write(self.site, self.release, seen, &outcome);
        self.ended = Some(Ended { proof, record, report: seen.as_ref().and_then(page) });
        kept
    }

    /// Whoever is named hears how it ended; that fails nothing.
    fn notify(&self) -> Result<()> {
        if let Some(ended) = &self.ended {
            notify::tell(self.site, &notify::told(self.site, &ended.record));
        }
        Ok(())
    }

    /// That a run stays open is told as well: with what would be recorded, if nothing was.
    fn tell_open(&mut self, otherwise: (&str, &str)) {
        if let (Some(change), Some(watch)) = (self.change.take(), self.watch.take()) {
            let mishap = self.journal.stranded.as_ref().or(self.journal.mishap.as_ref());
            let (phase, error) =
                mishap.map_or(otherwise, |it| (it.step.phase(), it.error.as_str()));
            let record = change.unrecorded(record::failed(phase, error), watch.finish().proof);
            notify::tell(self.site, &notify::told(self.site, &record));
        } else if let Some(ended) = &self.ended {
            notify::tell(self.site, &notify::told(self.site, &ended.record));
        }
    }

    fn end(mut self, end: End) -> Result<Rolled> {
        if matches!(end, End::Done | End::Failed | End::Returned | End::Serves) {
            self.forget_journal();
        }
        let Some(failure) = self.failure.take() else {
            self.remove_old_images();
            let Ended { proof, report, .. } = self.ended.expect("what was done is recorded");
            return Ok(Rolled::Done(Done { proof, report }));
        };
        if end == End::Open {
            self.tell_open(("end", "it stays open"));
        }
        let name = self.site.name;
        Err(match end {
            End::Returned | End::Failed => failure.reason(self.as_before()),
            End::Serves => failure.reason(format!(
                "release `{}` serves and is verified; the next rollout stops what was left",
                self.journal.course.to
            )),
            End::Open => failure.hint(format!(
                "`cargo xtask status {name}` tells what serves; then `cargo xtask resume {name}`"
            )),
            _ => failure,
        })
    }

    /// A journal that stays is of a run that the ledger saw end: the next run writes over it.
    fn forget_journal(&self) {
        if let Err(failure) = journal::remove(self.site) {
            self.site.world.report.warning(failure.first_line());
        }
    }

    fn as_before(&self) -> String {
        let course = &self.journal.course;
        let before = if course.takes_over { &course.back } else { &self.planned.served };
        match before {
            Some(version) => format!("requests go to release `{version}`, as before"),
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
}

/// Nothing is taken back: somebody else changes the environment now.
fn lost(held: Result<()>, failure: Option<Failure>) -> Failure {
    let lost = held.expect_err("the machine ends for this only if it is lost").partly();
    match failure {
        Some(failure) => lost.reason(failure.first_line().to_owned()),
        None => lost,
    }
}
