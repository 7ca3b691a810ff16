//! ledger: what was done to an environment, in its database; while that cannot be reached, in a
//! file of this machine, from which it is merged later.

use super::anchor;
use super::lease::Lease;
use super::site::Site;
use crate::edge::postgres::{Database, is_unreached};
use crate::edge::{clock, offline, run};
use crate::error::{Coded as _, Context as _, Failure, Result, code};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use xtask_core::plan::Count;
use xtask_core::ship::lease::{Holder, Standing, takeover};
use xtask_core::ship::ledger::{
    self, Accepted, Action, Anchored, Link, Record, readable, unmerged,
};

/// How many releases are asked for, at most, to put a head about.
const ANCHORED_AT: usize = 3;

/// The ledger of an environment, for as long as it is looked at.
pub struct Ledger<'s, 'a> {
    site: &'s Site<'a>,
    /// `None` while it cannot be reached.
    database: Option<Database>,
}

impl<'s, 'a> Ledger<'s, 'a> {
    /// Opens it. That the database cannot be reached is said, and then the file stands for it; that
    /// it refuses is a failure.
    pub fn open(site: &'s Site<'a>) -> Result<Self> {
        if away().contains(site.name) {
            return Ok(Self { site, database: None });
        }
        match Database::connect(&site.database()?) {
            Ok(database) => Ok(Self { site, database: Some(database) }),
            Err(failure) if is_unreached(&failure) => {
                goes_away(site, &failure);
                Ok(Self { site, database: None })
            }
            Err(failure) => Err(failure),
        }
    }

    /// Whether its database is there.
    pub fn is_reached(&self) -> bool {
        self.database.is_some()
    }

    /// Every link of the chain, as it is in the database; none while that cannot be reached.
    pub fn links(&self) -> Result<Vec<Link>> {
        self.database.as_ref().map_or(Ok(Vec::new()), Database::ledger)
    }

    /// Every record, the chain checked, and after them those that are not merged yet. While the
    /// database cannot be reached: what this machine knew of it when it last changed something.
    pub fn records(&self) -> Result<Vec<Record>> {
        self.with_waiting(whole)
    }

    /// The same where somebody has changed the table: that is told, and what can be read is gone by.
    /// Whoever could edit a table could else forbid every rollback.
    pub fn records_as_they_stand(&self) -> Result<Vec<Record>> {
        self.with_waiting(|links| Ok(self.as_it_stands(links)))
    }

    fn as_it_stands(&self, links: &[Link]) -> Vec<Record> {
        whole(links).unwrap_or_else(|failure| {
            if tells_of_broken(self.site.name) {
                let line = format!(
                    "{}: {}; it is read as it stands, and `cargo xtask audit verify {}` tells more",
                    failure.first_line(),
                    failure.innermost_line(),
                    self.site.name
                );
                self.site.world.report.warning(&line);
            }
            readable(links)
        })
    }

    fn with_waiting(&self, read: impl Fn(&[Link]) -> Result<Vec<Record>>) -> Result<Vec<Record>> {
        let mut records = match self.database {
            Some(_) => read(&self.links()?)?,
            None => offline::read(&known(self.site))?.records,
        };
        let waiting = unmerged(&offline::read(&file(self.site))?.records, &records, "");
        if self.is_reached() && !waiting.is_empty() {
            let count = Count(waiting.len(), "record");
            let line = format!("{count} of this machine not yet merged: the next change does it");
            self.site.world.report.warning(&line);
        }
        records.extend(waiting.into_iter().map(|record| Record { merged: None, ..record }));
        Ok(records)
    }

    /// Adds a record for whoever holds `lease`. Without the database it goes into the file, and
    /// this is said.
    pub fn append(&mut self, record: &Record, lease: &Lease<'_>) -> Result<()> {
        let record = Record { fence: lease.fence(), ..record.clone() };
        let (Some(database), Some(fence)) = (&mut self.database, lease.fence()) else {
            return self.keep(&record);
        };
        match database.append(std::slice::from_ref(&record), fence) {
            Ok(links) => self.added(&links),
            Err(failure) if is_unreached(&failure) => {
                goes_away(self.site, &failure);
                // Whether it was added nobody knows now; merging finds that out.
                self.database = None;
                self.keep(&record)
            }
            Err(failure) => Err(failure),
        }
    }

    /// Adds that it goes on from here, whatever is wrong with what stands before. A file of this
    /// machine cannot say that.
    pub fn accept(&mut self, accepted: Accepted, why: &str, lease: &Lease<'_>) -> Result<()> {
        let (Some(database), Some(fence)) = (&mut self.database, lease.fence()) else {
            let line = "cannot accept the ledger: its database is not reached";
            return Err(Failure::outside(line).code(&code::DATABASE_UNREACHED));
        };
        let noted = Record::noted(Action::Accept, lease.who(), &clock::now(), why);
        let record = Record { accepted: Some(accepted), fence: Some(fence), ..noted };
        let links = database.append(&[record], fence)?;
        self.added(&links)
    }

    fn keep(&self, record: &Record) -> Result<()> {
        let path = file(self.site);
        offline::add(&path, record)?;
        let line = format!("recorded in `{}`, to be merged later", path.display());
        self.site.world.report.warning(&line);
        if run::url().is_some() {
            self.hand_on(record)?;
        }
        Ok(())
    }

    /// A machine that runs one job is thrown away, and what it wrote down with it: its reports are
    /// kept, and whoever has them merges it.
    fn hand_on(&self, record: &Record) -> Result<()> {
        let name = self.site.name;
        let file = format!("{name}-ledger.offline");
        offline::add(&self.site.world.places.file(format!("target/reports/{file}")), record)?;
        let hint = format!(
            "this machine's reports hold `{file}`: `cargo xtask audit merge {name} {file} --apply` \
             adds it once the database is back"
        );
        self.site.world.report.warning(&hint);
        Ok(())
    }

    /// What follows when records were added: the head is anchored, and this machine knows them.
    /// Neither is a reason to fail: the next record does it again.
    fn added(&self, links: &[Link]) -> Result<()> {
        let links_now = match self.links() {
            Err(failure) if is_unreached(&failure) => {
                let line = format!("recorded; then the ledger went away: {}", failure.first_line());
                self.site.world.report.warning(&line);
                return Ok(());
            }
            found => found?,
        };
        let records = self.as_it_stands(&links_now);
        if let Err(failure) = offline::replace(&known(self.site), &records) {
            self.site.world.report.warning(failure.first_line());
        }
        let Some(head) = links.last() else { return Ok(()) };
        let releases = newest_releases(&records);
        // Before the first release there is none to anchor it at.
        if releases.is_empty() {
            return Ok(());
        }
        let put = anchor::put(self.site, head, &releases);
        if let Err(failure) = put {
            let why = failure.innermost_line();
            let line = format!("the head of the ledger is not in the registry: {why}");
            self.site.world.report.warning(&line);
        }
        Ok(())
    }
}

/// Tells before anything is added where the table is not the one whose heads are beside `release` and
/// the releases before it: an older database that was restored, or a table that somebody has cut.
/// That the registry does not tell is no reason to wait: it is asked again by `audit verify`.
pub(super) fn hold_to_anchors(site: &Site<'_>, release: &str) {
    let Ok(ledger) = Ledger::open(site) else { return };
    let Ok(links) = ledger.links() else { return };
    if !ledger.is_reached() {
        return;
    }
    let records = readable(&links);
    let mut versions = vec![release];
    versions.extend(newest_releases(&records).into_iter().filter(|it| *it != release));
    let Ok(anchors) = anchor::of(site, &versions) else { return };
    let what = match ledger::against(&links, site.name, &anchors) {
        Anchored::Cut { length, anchored } => {
            format!("it ends with record {length}, and the registry has head {anchored}")
        }
        Anchored::Rewritten(number) => {
            format!("record {number} is not the one whose head is in the registry")
        }
        Anchored::Unproven(number) => {
            format!(
                "record {number} accepts what stands before it, and has no head in the registry"
            )
        }
        Anchored::Until(_) | Anchored::Never => return,
    };
    let line = format!(
        "the ledger is not the one that was written: {what}; the database was restored, or \
         somebody has cut the table"
    );
    site.world.report.warning(&line);
}

/// Notes that something of `site` was done by others, or against what forbids it, and why.
pub fn note(site: &Site<'_>, lease: &Lease<'_>, action: Action, reason: &str) -> Result<()> {
    let record = Record::noted(action, lease.who(), &clock::now(), reason);
    Ledger::open(site)?.append(&record, lease)
}

/// What a new holder of the lease puts in order: from whom it was taken stands in the ledger, and so
/// does what was recorded while the database could not be reached.
pub(super) fn settle(
    site: &Site<'_>,
    lease: &Lease<'_>,
    from: Option<(Holder, Standing)>,
) -> Result<()> {
    if let Some(said) = from.and_then(|(holder, standing)| takeover(&holder, standing)) {
        site.world.report.warning(&format!("took over: {said}"));
        note(site, lease, Action::Takeover, &said)?;
    }
    merge(site, lease)
}

/// Adds what the file holds and the ledger does not, each record once, and then removes the file.
fn merge(site: &Site<'_>, lease: &Lease<'_>) -> Result<()> {
    let path = file(site);
    let Some(fence) = lease.fence() else { return Ok(()) };
    let merged = offline::hand_over(&path, |written| add_new(site, fence, written));
    match merged {
        Ok(Some(count)) => {
            let line = format!("merged {} from `{}`", Count(count, "record"), path.display());
            site.world.report.status(&line);
            Ok(())
        }
        Ok(None) => Ok(()),
        // The file stays, and with it what it holds.
        Err(failure) if is_unreached(&failure) => Ok(()),
        Err(failure) => Err(failure),
    }
}

/// The same for records that another machine has left.
pub fn merge_records(site: &Site<'_>, lease: &Lease<'_>, written: &[Record]) -> Result<()> {
    match lease.fence() {
        Some(fence) => add_new(site, fence, written).map(drop),
        None => Err(gone()),
    }
}

/// Adds what the ledger does not have, and tells how many that were.
fn add_new(site: &Site<'_>, fence: u64, written: &[Record]) -> Result<usize> {
    let mut ledger = Ledger::open(site)?;
    let links = ledger.database.as_ref().ok_or_else(gone)?.ledger()?;
    let new = unmerged(written, &ledger.as_it_stands(&links), &clock::now());
    if let Some(database) = ledger.database.as_mut().filter(|_| !new.is_empty()) {
        let links = database.append(&new, fence)?;
        ledger.added(&links)?;
    }
    Ok(new.len())
}

fn gone() -> Failure {
    Failure::outside("the database went away").code(&code::DATABASE_UNREACHED)
}

/// The records of a chain, if it is whole.
pub fn whole(links: &[Link]) -> Result<Vec<Record>> {
    ledger::walk(links)
        .or_refused(|| "the ledger is not whole".to_owned())
        .coded(&code::LEDGER_BROKEN)
        .map_err(|failure| {
            failure.hint(
                "somebody has changed its table: `rollout` and `rollback` with a release go on; \
                 once it is known why, `cargo xtask audit accept ENVIRONMENT` goes on from where it \
                 stands",
            )
        })
}

/// The releases that records name, newest first: a head stands about the first that is there.
fn newest_releases(records: &[Record]) -> Vec<&str> {
    let mut releases: Vec<&str> = Vec::new();
    for record in records.iter().rev().filter(|record| !record.to.is_empty()) {
        if !releases.contains(&record.to.as_str()) {
            releases.push(&record.to);
        }
    }
    releases.truncate(ANCHORED_AT);
    releases
}

/// Where records are written while the database cannot be reached.
fn file(site: &Site<'_>) -> PathBuf {
    site.world.state(site.name).join("ledger.offline")
}

/// What this machine knew of the ledger when it last changed something.
fn known(site: &Site<'_>) -> PathBuf {
    site.world.state(site.name).join("ledger.known")
}

/// The environments whose database was found away in this run. It is asked no second time: that
/// may take as long as connecting may, and half of a run here and half there is told by nobody.
fn away() -> MutexGuard<'static, BTreeSet<String>> {
    static AWAY: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
    AWAY.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether it is time to tell that the ledger of `environment` is broken: once in a run.
fn tells_of_broken(environment: &str) -> bool {
    static TOLD: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
    TOLD.lock().unwrap_or_else(PoisonError::into_inner).insert(environment.to_owned())
}

fn goes_away(site: &Site<'_>, failure: &Failure) {
    away().insert(site.name.to_owned());
    site.world.report.warning(&format!(
        "the ledger in the database is not reached; a file of this machine stands for it: {}",
        failure.first_line()
    ));
}
