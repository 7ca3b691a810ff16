//! A drill: the newest back-up, restored beside everything that is real, looked at, and served to
//! the services of its release. What came of it is evidence, also where it could not run.

mod application;
mod evidence;

pub use evidence::Written;

use crate::backup::restore::{self, Restored, Roles, Whose};
use crate::backup::{Home, heartbeat};
use crate::database::scratch::Scratch;
use crate::edge::clock;
use crate::edge::pg_dump::Owners;
use crate::edge::postgres::{Database, is_unreached};
use crate::error::code::Code;
use crate::error::{Failure, Result, code};
use crate::ship::site::Site;
use crate::target::Stage;
use crate::world::World;
use std::time::Instant;
use xtask_core::backup::drill::{Place, Stopped, Unfit, age, fits, judge};
use xtask_core::backup::manifest::Manifest;
use xtask_core::backup::snapshot::Contents;
use xtask_core::ship::database::Address;
use xtask_core::trust::attestation::record::{
    DrillCheck, DrillClusters, DrillOutcome, DrillRecord, DrillStep,
};

/// What somebody wants drilled, and where.
pub struct Wish {
    /// Which back-up: `latest`, or the beginning of its name.
    pub backup: String,
    /// A cluster to make the scratch database in; one of our own in a container if none is named.
    pub cluster: Option<Address>,
    /// Why the services are not booted, if they are not to be. Such a drill never passes.
    pub without_application: Option<String>,
}

/// How far a drill came.
struct Course<'a> {
    home: &'a Home<'a>,
    began: Instant,
    started_on: String,
    contents: Contents,
    /// The back-up, once it is found.
    backup: Option<(String, Manifest)>,
    restored: Option<Restored>,
    restored_into: String,
    checks: Vec<DrillCheck>,
    timeline: Vec<DrillStep>,
    /// When what was restored was usable.
    usable: Option<u64>,
    tools: Vec<String>,
}

/// Carries it out, writes its evidence, and tells whoever watches if it passed.
pub fn run(home: &Home<'_>, wish: &Wish) -> Result<(DrillRecord, Written)> {
    let mut course = Course::begin(home);
    let stopped = match course.walk(wish) {
        Ok(()) => None,
        Err(Ended::Refused(failure)) => return Err(failure),
        Err(Ended::Stopped(stopped)) => Some(stopped),
    };
    let record = course.record(stopped.as_ref());
    let written = evidence::write(home, &record)?;
    if record.outcome == DrillOutcome::Passed {
        let source = home.policy.drill_heartbeat.as_ref();
        heartbeat::beat(home.world, "backup.drill_heartbeat", source);
    }
    Ok((record, written))
}

/// What hinders a restore and is no fault of the back-up: the programs, where it is restored into, and
/// a repository that is away or locked.
const ELSEWHERE: [&Code; 7] = [
    &code::BACKUP_TOOL,
    &code::TOOL_MISSING,
    &code::DATABASE_UNREACHED,
    &code::DATABASE_FORBIDDEN,
    &code::RESTORE_REFUSED,
    &code::BACKUP_REPOSITORY,
    &code::BACKUP_LOCKED,
];

/// Why a walk ended before its end.
enum Ended {
    /// Nothing was done, because of what was asked for.
    Refused(Failure),
    Stopped(Stopped),
}

fn unable(failure: &Failure) -> Ended {
    Ended::Stopped(Stopped::Unable(in_a_line(failure)))
}

fn broken(failure: &Failure) -> Ended {
    Ended::Stopped(Stopped::Broken(in_a_line(failure)))
}

fn in_a_line(failure: &Failure) -> String {
    format!("{}: {}", failure.first_line(), failure.innermost_line()).replace('\n', " ")
}

impl<'a> Course<'a> {
    fn begin(home: &'a Home<'a>) -> Self {
        Self {
            home,
            began: Instant::now(),
            started_on: clock::now(),
            contents: Contents::default(),
            backup: None,
            restored: None,
            restored_into: String::new(),
            checks: Vec::new(),
            timeline: Vec::new(),
            usable: None,
            tools: Vec::new(),
        }
    }

    fn world(&self) -> &'a World<'a> {
        self.home.world
    }

    fn walk(&mut self, wish: &Wish) -> Result<(), Ended> {
        self.step("find the back-up", |course| course.find(&wish.backup))?;
        let (_, manifest) = self.backup.clone().expect("it was found");
        match &wish.cluster {
            Some(cluster) => self.in_cluster(cluster, &manifest, wish),
            None => self.on_stage(&manifest, wish),
        }
    }

    /// Does one step and remembers how long it took.
    fn step<T>(
        &mut self,
        name: &str,
        take: impl FnOnce(&mut Self) -> Result<T, Ended>,
    ) -> Result<T, Ended> {
        self.world().cancel.check().map_err(Ended::Refused)?;
        let from_ms = clock::milliseconds(self.began);
        let taken = take(self);
        let took_ms = clock::milliseconds(self.began) - from_ms;
        let (name, done) = (name.to_owned(), taken.is_ok());
        self.timeline.push(DrillStep { name, from_ms, took_ms, done });
        taken
    }

    fn find(&mut self, name: &str) -> Result<(), Ended> {
        self.tools.push(self.home.restic.version().map_err(|it| unable(&it))?);
        self.contents = self.home.contents().map_err(|it| unable(&it))?;
        let found = self.home.backup(name).map_err(|it| match it.name() {
            // That there is none to restore is what a drill is to find out.
            name if name == code::BACKUP_NONE.name => broken(&it),
            _ => unable(&it),
        })?;
        let (backup, manifest) = found;
        let max = self.home.policy.alarm.max_age_hours;
        self.checks.push(age(backup.at, clock::moment(), max));
        self.tools.extend(manifest.tools.iter().cloned());
        self.backup = Some((backup.id, manifest));
        Ok(())
    }

    /// In a cluster that somebody named. Nothing is made there before it is known to be another one
    /// than the source.
    fn in_cluster(
        &mut self,
        cluster: &Address,
        manifest: &Manifest,
        wish: &Wish,
    ) -> Result<(), Ended> {
        let scratch = self.step("scratch database", |course| {
            let found = Database::connect(cluster).and_then(|it| it.system_identifier());
            let found = found.map_err(|it| unable(&it))?;
            course.refuse_source(&found, manifest)?;
            Scratch::make(cluster, "drill").map_err(|it| unable(&it))
        })?;
        let mark = scratch.name().to_string();
        // What a killed drill has left is gone with its database, and would look like the cluster's.
        let swept = Database::connect(cluster).and_then(|it| it.drop_scratch_roles());
        swept.map_err(|it| unable(&it))?;
        let walked = self.restore(&scratch.address(), manifest, Roles::Scratch(&mark));
        let removed =
            scratch.remove().and_then(|()| Database::connect(cluster)?.drop_scratch_roles());
        walked?;
        removed.map_err(|it| unable(&it))?;
        let why = wish.without_application.clone().unwrap_or_else(|| {
            "the services were not booted: they run beside a scratch database of our own only"
                .to_owned()
        });
        Err(Ended::Stopped(Stopped::Unable(format!("not looked at: application: {why}"))))
    }

    fn refuse_source(&self, found: &str, manifest: &Manifest) -> Result<(), Ended> {
        let backed_up = &manifest.facts.system_identifier;
        if found != backed_up {
            return Ok(());
        }
        let failure = Failure::refused(format!("cannot drill `{}` there", self.home.name))
            .code(&code::RESTORE_REFUSED)
            .reason(Unfit::Source(backed_up.clone()).to_string())
            .hint(
                "name a cluster that holds nothing real, or none: then one is made in a container",
            );
        Err(Ended::Refused(failure))
    }

    /// In a cluster of our own, in containers that go when it is over.
    fn on_stage(&mut self, manifest: &Manifest, wish: &Wish) -> Result<(), Ended> {
        let (world, name) = (self.world(), self.home.name);
        let stage =
            self.step("scratch cluster", |_| Stage::set(world, name).map_err(|it| unable(&it)))?;
        let walked = self.played(&stage, manifest, wish);
        let struck = stage.strike();
        walked?;
        struck.map_err(|it| unable(&it))
    }

    fn played(&mut self, stage: &Stage<'_>, manifest: &Manifest, wish: &Wish) -> Result<(), Ended> {
        let site = self.step("scratch database", |_| site(stage).map_err(|it| unable(&it)))?;
        let address = site.database().map_err(|it| unable(&it))?;
        self.restore(&address, manifest, Roles::Made)?;
        if let Some(why) = &wish.without_application {
            return Err(Ended::Stopped(Stopped::Unable(format!(
                "not looked at: application: {why}"
            ))));
        }
        let asks = self.home.policy.drill_asks.clone();
        self.step("application", |course| {
            let check = application::boot(&site, &address, asks.as_deref())?;
            course.usable = Some(clock::milliseconds(course.began));
            course.checks.push(check);
            Ok(())
        })
    }

    fn restore(
        &mut self,
        address: &Address,
        manifest: &Manifest,
        roles: Roles<'_>,
    ) -> Result<(), Ended> {
        let place = place(address).map_err(|it| unable(&it))?;
        self.restored_into.clone_from(&place.system_identifier);
        fits(&place, &manifest.facts.system_identifier).map_err(|unfit| {
            let line = format!("cannot drill `{}` there", self.home.name);
            Ended::Refused(Failure::refused(line).code(&code::RESTORE_REFUSED).because(&unfit))
        })?;
        self.step("restore and compare", |course| {
            let phase = course.world().report.phase("drill");
            let whose = Whose { roles, owners: Owners::Same };
            let restored = restore::restore(course.home, manifest, address, whose, &phase);
            let restored = restored.map_err(|it| course.judged(address, it))?;
            phase.done(&format!("{} rows restored", restored.facts.rows()));
            course.checks.extend(restored.checks.iter().cloned());
            course.usable = Some(clock::milliseconds(course.began));
            course.restored = Some(restored);
            Ok(())
        })
    }

    /// Whether a restore that failed says something of the back-up.
    fn judged(&self, address: &Address, failure: Failure) -> Ended {
        let is_elsewhere = ELSEWHERE.iter().any(|it| it.name == failure.name());
        match Database::connect(address) {
            // Who ended it learned nothing.
            _ if self.world().cancel.is_cancelled() => Ended::Refused(failure),
            _ if is_elsewhere => unable(&failure),
            // Whatever it was doing, it lost where it was doing it.
            Err(lost) if is_unreached(&lost) => unable(&lost),
            _ => broken(&failure),
        }
    }

    fn record(self, stopped: Option<&Stopped>) -> DrillRecord {
        let (outcome, reason) = judge(&self.checks, stopped);
        let manifest = self.backup.as_ref().map(|it| &it.1);
        let backup = self.backup.as_ref().map(|it| it.0.clone()).unwrap_or_default();
        let facts = self.restored.as_ref().map(|it| &it.facts);
        let taken_at = manifest.map(|it| it.taken_at.clone()).unwrap_or_default();
        let usable = self.usable.unwrap_or_else(|| clock::milliseconds(self.began));
        let mut tools = self.tools;
        tools.push(concat!("xtask ", env!("CARGO_PKG_VERSION")).to_owned());
        tools.dedup();
        DrillRecord {
            environment: self.home.name.to_owned(),
            backup,
            rpo_seconds: age_at(&taken_at, &self.started_on),
            taken_at,
            started_on: self.started_on,
            finished_on: clock::now(),
            rto_seconds: usable.div_ceil(1000),
            checks: self.checks,
            outcome,
            reason,
            tables: manifest.map(|it| evidence::tables(it, facts)).unwrap_or_default(),
            timeline: self.timeline,
            before: evidence::before(&self.contents),
            tools,
            dump_bytes: manifest.map(|it| it.dump_bytes).unwrap_or_default(),
            clusters: DrillClusters {
                backed_up: manifest
                    .map(|it| it.facts.system_identifier.clone())
                    .unwrap_or_default(),
                restored_into: self.restored_into,
            },
        }
    }
}

/// The environment of the drill, with its cluster up and an empty database in it.
fn site<'s>(stage: &'s Stage<'_>) -> Result<Site<'s>> {
    let site = Site::open(stage.world(), stage.name())?;
    site.target.prepare()?;
    Ok(site)
}

fn place(address: &Address) -> Result<Place> {
    let database = Database::connect(address)?;
    Ok(Place {
        system_identifier: database.system_identifier()?,
        database: address.database.clone(),
        objects: database.object_count(None)?,
    })
}

/// What would be lost now: everything since then.
fn age_at(taken_at: &str, started_on: &str) -> u64 {
    let moment = |text: &str| text.parse::<xtask_core::moment::Moment>().ok();
    moment(taken_at).zip(moment(started_on)).map_or(0, |(taken, now)| now.seconds_since(taken))
}
