//! lease: who may change an environment, told in its database to every machine.
//!
//! The second of two: the first is the kernel's, of this machine (`edge/lease.rs`). A holder renews
//! its lease beside its work; one that cannot ends between two steps.

use super::ledger;
use super::site::Site;
use crate::cancel::Cancel;
use crate::edge::lease::{self, Lease as OfMachine, Wait};
use crate::edge::postgres::{Asked, Database, is_unreached};
use crate::edge::{clock, run};
use crate::error::{Failure, Result, code};
use crate::report::Report;
use crate::world::World;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use xtask_core::ship::database::Address;
use xtask_core::ship::lease::{Claim, Holder, Pace, Standing};

/// The lease of an environment. Dropping it gives it back.
pub struct Lease<'a> {
    report: &'a Report,
    who: String,
    /// `None` where the database could not be reached: then the kernel's lease is the only one.
    held: Option<Arc<Held>>,
    renewal: Option<Renewal>,
}

/// A lease that the database knows.
struct Held {
    address: Address,
    fence: u64,
    pace: Pace,
    cancel: Cancel,
    phase: Mutex<String>,
    line: Mutex<Line>,
    lost: OnceLock<String>,
}

/// How long it may still be waited for, of how long in all.
#[derive(Clone, Copy)]
struct Limits {
    left: Duration,
    whole: Duration,
}

/// The connection over which a lease is renewed, and since when the machine was up when it was.
struct Line {
    database: Option<Database>,
    renewed: Duration,
}

/// What renews a lease, until its end is dropped.
struct Renewal {
    end: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl<'a> Lease<'a> {
    /// Takes the lease of `site` for the verb that has `of_machine`. One that is held is waited for
    /// until `limit` is over. Whoever held it last and did not give it back stands in the ledger
    /// then; and so do the records that were written while the database could not be reached.
    pub fn take(site: &Site<'a>, of_machine: &OfMachine, limit: Duration) -> Result<Self> {
        let (report, who) = (site.world.report, of_machine.who().to_owned());
        let began = Instant::now();
        // What the lease of this machine was waited for counts as well.
        let left = || limit.saturating_sub(of_machine.waited() + began.elapsed());
        let limits = |left: Duration| Limits { left, whole: limit };
        let taken = Held::take(site, of_machine, limits(left())).or_else(|failure| {
            // A connection that broke once is no database that is away: somebody may hold it.
            let again = is_unreached(&failure) && site.world.cancel.check().is_ok();
            if again { Held::take(site, of_machine, limits(left())) } else { Err(failure) }
        });
        let (held, from) = match taken {
            Ok(taken) => taken,
            Err(failure) if is_unreached(&failure) => {
                report.warning(&format!(
                    "no lease in the database, so other machines are not kept out: {}",
                    failure.first_line()
                ));
                return Ok(Self { report, who, held: None, renewal: None });
            }
            Err(failure) => return Err(failure),
        };
        let held = Arc::new(held);
        let renewal = Some(Renewal::begin(held.clone()));
        let lease = Self { report, who, held: Some(held), renewal };
        ledger::settle(site, &lease, from)?;
        Ok(lease)
    }

    /// The same for what changes things around the services of the environment called `name`: one
    /// that has no database has no lease there either.
    pub fn around(
        world: &'a World<'a>,
        name: &'a str,
        of_machine: &OfMachine,
        limit: Duration,
    ) -> Result<Option<Self>> {
        if world.environment(name)?.database.is_none() {
            return Ok(None);
        }
        let site = Site::look(world, name)?;
        Self::take(&site, of_machine, limit).map(Some)
    }

    /// The same for what ends the database itself: without one there is nothing to take.
    pub fn take_if_there(site: &Site<'a>, of_machine: &OfMachine) -> Result<Option<Self>> {
        match Database::connect(&site.database()?) {
            Ok(_) => Self::take(site, of_machine, Duration::ZERO).map(Some),
            Err(failure) if is_unreached(&failure) => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    /// Its number, by which every write shows that it is still ours; `None` without a database.
    pub fn fence(&self) -> Option<u64> {
        self.held.as_ref().map(|held| held.fence)
    }

    /// Who holds it.
    pub fn who(&self) -> &str {
        &self.who
    }

    /// Says what is done now. Others are told at the next renewal, which is at once.
    pub fn phase(&self, name: &str) -> Result<()> {
        if let Some(held) = &self.held {
            name.clone_into(&mut lock(&held.phase));
        }
        self.check()
    }

    /// Renews it. Refuses to go on when it is lost; to be asked between two steps.
    pub fn check(&self) -> Result<()> {
        let Some(held) = &self.held else { return Ok(()) };
        held.renew();
        held.lost.get().map_or(Ok(()), |why| Err(lost(why)))
    }
}

/// Who holds the lease of `site`, as its database tells; nobody if that was never changed by us, or
/// if a process of this machine held it and has ended.
pub fn holder(site: &Site<'_>) -> Result<Option<Holder>> {
    let seat = lease::vacant_seat(&site.world.state(site.name))?.unwrap_or_default();
    match Database::connect(&site.database()?).and_then(|database| database.lease(&seat)) {
        Ok(found) => Ok(found.filter(|it| it.1 == Standing::Held).map(|(holder, _)| holder)),
        // Whoever reads the ledger is told; nobody can hold what is not there.
        Err(failure) if is_unreached(&failure) => Ok(None),
        Err(failure) => Err(failure),
    }
}

/// Refuses at once what could only be begun after long work, if nobody wants to wait until then.
pub fn refuse_early(site: &Site<'_>, limit: Duration) -> Result<()> {
    if !limit.is_zero() {
        return Ok(());
    }
    let held = holder(site)?;
    held.map_or(Ok(()), |holder| Err(held_by(site.name, &holder, limit)))
}

/// Refuses while somebody holds the lease of `site`, for what stops the database itself and could
/// not give a lease back. Who cannot enter the database any more has only the lease of this
/// machine, and that is said.
pub fn refuse_held(site: &Site<'_>) -> Result<()> {
    match holder(site) {
        Ok(None) => Ok(()),
        Ok(Some(holder)) => Err(held_by(site.name, &holder, Duration::ZERO)),
        Err(failure) => {
            let line = failure.first_line();
            site.world.report.warning(&format!("nobody tells who else changes it: {line}"));
            Ok(())
        }
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        drop(self.renewal.take());
        let Some(held) = self.held.take().filter(|held| held.lost.get().is_none()) else { return };
        if let Err(failure) = held.release() {
            let lasts = held.pace.lasts.as_secs();
            let line = format!("the lease goes by itself in {lasts} s: {}", failure.first_line());
            self.report.warning(&line);
        }
    }
}

impl Held {
    fn take(
        site: &Site<'_>,
        of_machine: &OfMachine,
        limits: Limits,
    ) -> Result<(Self, Option<(Holder, Standing)>)> {
        let (address, pace) = (site.database()?, Pace::default());
        let mut database = Database::connect(&address)?;
        let claim = Claim {
            verb: of_machine.verb().to_owned(),
            who: of_machine.who().to_owned(),
            run_url: run::url(),
            seat: of_machine.seat()?,
        };
        let wait = Wait { limit: limits.left, cancel: &site.world.cancel };
        let mut said = false;
        let (fence, from, renewed) = wait.until(|| {
            let renewed = clock::since_boot();
            match database.take_lease(&claim, pace)? {
                Asked::Taken { fence, from } => Ok((fence, from, renewed)),
                Asked::Held(holder) => {
                    if !limits.left.is_zero() && !std::mem::replace(&mut said, true) {
                        site.world.report.status(&format!("waits for {holder}"));
                    }
                    Err(held_by(site.name, &holder, limits.whole))
                }
            }
        })?;
        let line = Mutex::new(Line { database: Some(database), renewed });
        let (cancel, lost) = (site.world.cancel.clone(), OnceLock::new());
        let phase = Mutex::new("begin".to_owned());
        Ok((Self { address, fence, pace, cancel, phase, line, lost }, from))
    }

    /// Renews it; what cannot be renewed until it expires is lost, and so is what others have taken.
    fn renew(&self) {
        if self.lost.get().is_some() {
            return;
        }
        let mut line = lock(&self.line);
        let asked = clock::since_boot();
        match line.renew(self) {
            Ok(true) => line.renewed = asked,
            Ok(false) => self.lose("it was not renewed in time, and somebody else has taken it"),
            Err(failure) => {
                line.database = None;
                if clock::since_boot().saturating_sub(line.renewed) >= self.pace.lasts {
                    let lasts = self.pace.lasts.as_secs();
                    let line = failure.first_line();
                    self.lose(&format!("it could not be renewed for {lasts} s: {line}"));
                }
            }
        }
    }

    fn lose(&self, why: &str) {
        // Whatever was found first is what is told.
        let _known = self.lost.set(why.to_owned());
        self.cancel.lose(why);
    }

    fn release(&self) -> Result<()> {
        let mut line = lock(&self.line);
        line.database(&self.address)?.release_lease(self.fence)
    }
}

impl Line {
    fn database(&mut self, address: &Address) -> Result<&Database> {
        let database = match self.database.take() {
            Some(database) => database,
            None => Database::connect(address)?,
        };
        Ok(self.database.insert(database))
    }

    fn renew(&mut self, held: &Held) -> Result<bool> {
        let phase = lock(&held.phase).clone();
        self.database(&held.address)?.renew_lease(held.fence, &phase, held.pace)
    }
}

impl Renewal {
    fn begin(held: Arc<Held>) -> Self {
        let (end, ended) = channel();
        let thread = std::thread::spawn(move || {
            while ended.recv_timeout(held.pace.every) == Err(RecvTimeoutError::Timeout) {
                held.renew();
            }
        });
        Self { end: Some(end), thread: Some(thread) }
    }
}

impl Drop for Renewal {
    fn drop(&mut self) {
        drop(self.end.take());
        if let Some(thread) = self.thread.take() {
            // It does nothing but renew; that it panicked was said where it did.
            let _ended = thread.join();
        }
    }
}

fn held_by(environment: &str, holder: &Holder, limit: Duration) -> Failure {
    let failure = Failure::refused(format!("cannot change `{environment}`: it is being changed"))
        .code(&code::LEASE_HELD)
        .reason(format!("by {holder}"));
    match limit.is_zero() {
        true => failure.hint("`--wait` waits for it"),
        false => failure.hint(format!("after {} s it was still held", limit.as_secs())),
    }
}

/// The failure of a step that is not begun because the lease is lost.
fn lost(why: &str) -> Failure {
    Failure::refused("cannot go on: the lease of the environment is lost")
        .code(&code::LEASE_LOST)
        .reason(why)
        .hint("`cargo xtask status` tells what serves; then the same command goes on")
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A lease whose database nobody reaches any more.
    fn out_of_reach(lasts: Duration) -> Held {
        let address = "postgresql://ann:x@127.0.0.1:9/app?connect_timeout=1".parse().unwrap();
        let pace = Pace { lasts, every: Duration::from_secs(3600) };
        let (cancel, phase) = (Cancel::new(), Mutex::new("verify".to_owned()));
        let line = Mutex::new(Line { database: None, renewed: clock::since_boot() });
        Held { address, fence: 7, pace, cancel, phase, line, lost: OnceLock::new() }
    }

    #[test]
    fn a_lease_that_cannot_be_renewed_is_lost_when_it_expires_and_not_before() {
        let held = out_of_reach(Duration::from_secs(3600));
        held.renew();
        assert_eq!(held.lost.get(), None);
        held.cancel.check().unwrap();

        let held = out_of_reach(Duration::ZERO);
        held.renew();
        let failure = held.cancel.check().unwrap_err();
        assert_eq!(failure.name(), "E-lease-lost");
        let why = held.lost.get().unwrap();
        assert!(why.starts_with("it could not be renewed for 0 s: failed to connect"), "{why}");
    }

    #[test]
    fn a_renewal_ends_with_its_lease() {
        let held = Arc::new(out_of_reach(Duration::from_secs(3600)));
        drop(Renewal::begin(held.clone()));
        assert_eq!(Arc::strong_count(&held), 1, "its thread is gone");
    }
}
