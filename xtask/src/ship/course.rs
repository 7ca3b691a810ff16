//! What a run is about: planned from the release, the ledger, the schema and what serves.

use super::migrate::{self, Schema};
use super::site::Site;
use super::{backup, record, release as releases, scan, seed, settings};
use crate::database::connections;
use crate::edge::postgres::{Database, is_unreached};
use crate::error::{Failure, Result, code};
use crate::target::{Rollout, Wanted};
use std::collections::BTreeSet;
use xtask_core::database::assess::Consent;
use xtask_core::deploy::{Access, Seed, Service};
use xtask_core::ship::ledger::{self, Action};
use xtask_core::ship::machine::{self, Course, Manner, Move, Past, interrupted};
use xtask_core::ship::release::Release;
use xtask_core::ship::review::{Review, ReviewStep};

/// What somebody wants.
#[derive(Clone, Copy)]
pub struct Wish<'w> {
    /// The release that is to serve.
    pub release: &'w Release,
    /// What the ledger calls it.
    pub action: Action,
    /// Why a schema that some release does not know is taken all the same.
    pub forced: Option<&'w str>,
    /// Whether services move that the release leaves as they are.
    pub all: bool,
    /// Whether it is said why each service moves.
    pub explains: bool,
    /// What pending migrations may destroy, each object by its name.
    pub drops: &'w [String],
    /// Why no back-up is taken before them, if somebody wants none.
    pub unbacked: Option<&'w str>,
}

/// A run as it is planned; nothing is changed yet.
pub struct Planned<'p> {
    pub(super) course: Course,
    pub(super) rollout: Box<dyn Rollout + 'p>,
    pub(super) schema: Schema,
    /// What may be destroyed on the way.
    pub(super) consent: Consent,
    /// Why somebody wants no back-up.
    pub(super) unbacked: Option<String>,
    /// What is put into the database on the way.
    pub(super) seed: Option<&'p Seed>,
    /// The release that served when it was planned.
    pub(super) served: Option<String>,
    /// Whether the release is gone back to, and was verified when it came.
    pub(super) is_known: bool,
    /// Whether there is nothing to do.
    pub(super) is_done: bool,
}

/// Plans it, or refuses what must not be.
pub fn plan<'p>(site: &'p Site<'_>, wish: Wish<'_>) -> Result<Planned<'p>> {
    let Wish { release, action, forced, .. } = wish;
    scan::may_enter(site, release, action)?;
    releases::may_enter(site, release, action)?;
    let records = record::known(site)?;
    let past = Past::of(&records);
    let rollout = site.target.plan(wanted(site, release, wish.all)?)?;
    let (before, versions, moves) = (rollout.before(), rollout.versions(), rollout.moves());
    let served = machine::release_of(&past, &before, &site.public()?.name);
    let schema = schema(site, wish, &past, &moves)?;
    if !rollout.is_idle() {
        room(site, action)?;
    }
    let seed = seed::due(site, action, &moves);
    let from = ledger::origin(&records, served.as_deref(), &release.version);
    let takes_over = !interrupted(&past).is_empty();
    let course = Course {
        action,
        from: from.map(ToOwned::to_owned),
        back: machine::return_to(&past, served.as_deref(), &release.version),
        takes_over,
        to: release.version.clone(),
        moves,
        versions,
        before,
        all: wish.all,
        manner: site.target.manner(),
        migrations: schema.pending.clone(),
        forced: forced.filter(|_| !schema.skews.is_empty()).map(ToOwned::to_owned),
        backup: backup::planned(site, &schema.pending, wish.unbacked)?,
    };
    // A run that was killed after the switch left a release that serves and that nobody verified.
    let is_verified = ledger::is_verified(&records, &release.version);
    let is_done = rollout.is_idle() && is_verified && !takes_over && schema.pending.is_empty();
    let is_known = action == Action::Rollback && ledger::was_verified(&records, &release.version);
    let consent = consent(&schema, wish);
    let unbacked = wish.unbacked.map(ToOwned::to_owned);
    Ok(Planned { course, rollout, schema, consent, unbacked, seed, served, is_known, is_done })
}

fn consent(schema: &Schema, wish: Wish<'_>) -> Consent {
    Consent::new(wish.drops.iter().cloned(), &schema.known)
}

/// Whether the database lets in what served before and what is to serve, both at once. A rollback
/// is not kept from happening; a database that cannot be reached is told of elsewhere.
fn room(site: &Site<'_>, action: Action) -> Result<()> {
    let services = site.target.services_database()?;
    let lines = Database::connect(&site.database()?).and_then(|database| {
        connections::judge(&database, &services, &site.world.deploy, site.environment)
    });
    match (lines, action) {
        (Ok(lines), Action::Rollback) => {
            let refused = connections::refuse(site.name, &lines).err();
            refused.iter().for_each(|it| site.world.report.warning(it.innermost_line()));
            Ok(())
        }
        (Ok(lines), _) => connections::refuse(site.name, &lines),
        (Err(failure), _) if is_unreached(&failure) => Ok(()),
        (Err(failure), _) => Err(failure),
    }
}

/// What is done to the schema. One that a release does not know is refused, unless somebody says
/// why it is taken.
fn schema(site: &Site<'_>, wish: Wish<'_>, past: &[Past], moves: &[Move]) -> Result<Schema> {
    let begun = interrupted(past).iter().map(|it| it.to.clone());
    // What stays has the image that the wanted release has: it is no older one.
    let answers = site.answers()?.into_iter();
    let moved = answers.filter(|(name, _)| moves.iter().any(|it| it.service == *name));
    let serving = moved.map(|(_, release)| release).chain(begun);
    let serving: BTreeSet<String> = serving.filter(|it| *it != wish.release.version).collect();
    let serving: Vec<String> = serving.into_iter().collect();
    let mut schema = migrate::toward(site, wish.release, wish.action, &serving)?;
    let consent = consent(&schema, wish);
    migrate::permit(site.name, &schema.assessed, migrate::users(site), &consent)?;
    match releases::forgiven(site, &wish.release.version, &schema.skews) {
        Ok(None) => {}
        Ok(Some(said)) => {
            site.world.report.status(&said);
            schema.skews.clear();
        }
        // What cannot be found out shows nothing, and is told.
        Err(failure) => {
            let (version, why) = (&wish.release.version, failure.innermost_line());
            site.world.report.warning(&format!("no trial of `{version}` could be read: {why}"));
        }
    }
    if schema.skews.is_empty() {
        return Ok(schema);
    }
    let lines: Vec<String> = schema.skews.iter().map(ToString::to_string).collect();
    if let Some(reason) = wish.forced {
        let line = format!("over a schema that forbids it ({reason}): {}", lines.join("; "));
        site.world.report.warning(&line);
        return Ok(schema);
    }
    let version = &wish.release.version;
    let refused =
        Failure::refused(format!("cannot roll out release `{version}`: the schema forbids it"))
            .code(&code::SCHEMA_AHEAD)
            .hint(
                "roll forward instead: fix the code, commit, `./x up`; \
                 or say why it may be: `--force-schema-skew REASON`",
            );
    Err(lines.into_iter().fold(refused, Failure::reason))
}

impl Planned<'_> {
    /// What would be done, for review. The images stand in it by digest; that it is verified is a
    /// step of its own, because that may be all that is left to do.
    pub(super) fn review(&self, site: &Site<'_>, wish: Wish<'_>) -> Review {
        let steps = if self.is_done { Vec::new() } else { self.steps(wish.release) };
        let (verb, environment) = (wish.action.to_string(), site.name.to_owned());
        Review { verb, environment, steps }
    }

    fn steps(&self, release: &Release) -> Vec<ReviewStep> {
        let course = &self.course;
        let to = format!("move to release `{}`", release.version);
        let images = release.services.values().map(|image| image.index.to_string());
        let mut steps = vec![images.fold(ReviewStep::new(to), ReviewStep::with)];
        if course.takes_over {
            steps.push(ReviewStep::new("take over an interrupted run: what serves is not trusted"));
        }
        if let Some(reason) = &course.forced {
            steps.push(ReviewStep::new(format!("over a schema that forbids it: {reason}")));
        }
        steps.push(ReviewStep::new(course.backup.line()));
        let pending = self.schema.files.iter().filter(|it| course.migrations.contains(&it.name));
        steps.extend(
            pending.map(|file| {
                ReviewStep::new(format!("apply `{}`", file.name)).with(file.checksum())
            }),
        );
        steps.extend(self.seed.map(|it| {
            ReviewStep::new(format!("seed: run `{}` of `{}`", it.command.join(" "), it.service))
        }));
        if course.moves.len() > 1 {
            steps.push(ReviewStep::new(course.order()));
        }
        steps.extend(self.rollout.steps().into_iter().map(ReviewStep::new));
        if course.manner == Manner::Together && !course.moves.is_empty() {
            steps.push(ReviewStep::new("test the new releases with each other before the switch"));
        }
        let stays = course.versions.iter().filter(|(service, _)| course.stays(service));
        steps.extend(stays.map(|(service, version)| {
            ReviewStep::new(format!("leave `{service}` as it is: it answers as `{version}`"))
        }));
        steps.push(ReviewStep::new("verify it from outside"));
        steps
    }

    /// Why each service is moved, or stays.
    pub(super) fn explained(&self, site: &Site<'_>) -> String {
        let line = |name: &String| {
            let found = self.course.moves.iter().find(|it| it.service == *name);
            match (found, self.course.versions.get(name)) {
                (Some(moved), _) => format!("  `{name}` moves: {}", moved.why),
                (None, Some(version)) => format!(
                    "  `{name}` stays: image and settings are those of `{version}`, which it answers as"
                ),
                (None, None) => format!("  `{name}` stays"),
            }
        };
        let names = site.world.deploy.rollout_order().into_iter().map(|it| line(&it.name));
        names.collect::<Vec<_>>().join("\n")
    }
}

/// Every service as `release` wants it, in the order in which they are rolled out.
pub(super) fn wanted(site: &Site<'_>, release: &Release, all: bool) -> Result<Vec<Wanted>> {
    let mut wanted = Vec::new();
    for service in site.world.deploy.rollout_order() {
        let image = release.services.get(&service.name).ok_or_else(|| {
            let (version, name) = (&release.version, &service.name);
            Failure::refused(format!(
                "cannot roll out release `{version}`: it has no image of `{name}`"
            ))
        })?;
        let settings = settings::fill(site, service, &release.version)?;
        let lasting = settings::lasting(site, service)?;
        let anew = match all {
            true => Some("all are to move".to_owned()),
            false => other_schema(site, service, release)?,
        };
        let (service, release) = (service.clone(), release.version.clone());
        let (image, digest) = (image.pin(), image.index);
        wanted.push(Wanted { service, release, image, digest, settings, lasting, anew });
    }
    Ok(wanted)
}

/// Why the public service moves although nothing of it changes: the release that it answers as
/// tells which schema its code knows, also where nobody can ask the database.
fn other_schema(site: &Site<'_>, service: &Service, release: &Release) -> Result<Option<String>> {
    if service.access != Access::Public {
        return Ok(None);
    }
    let answers = site.answers()?.remove(&service.name);
    let Some(version) = answers.filter(|it| *it != release.version) else { return Ok(None) };
    let known = releases::find(site, &version)?;
    let is_same = known.as_ref().map(|it| it.migrations == release.migrations);
    Ok(match is_same {
        Some(true) => None,
        Some(false) => Some(format!("it expects another schema than `{version}`")),
        None => Some(format!("nothing tells which schema `{version}` expects")),
    })
}
