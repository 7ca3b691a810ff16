//! What a run is about: planned from the release, the ledger, the schema and what serves.

use super::migrate::{self, Schema};
use super::site::Site;
use super::{record, release as releases, scan, settings};
use crate::database::connections;
use crate::edge::postgres::{Database, is_unreached};
use crate::error::{Failure, Result, code};
use crate::target::{Rollout, Wanted};
use std::collections::BTreeSet;
use xtask_core::database::assess::Consent;
use xtask_core::ship::ledger::{self, Action};
use xtask_core::ship::machine::{self, Course, Manner, Past, Skew, interrupted};
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
    /// Whether it is said why each service moves.
    pub explains: bool,
    /// What pending migrations may destroy, each object by its name.
    pub drops: &'w [String],
}

/// A run as it is planned; nothing is changed yet.
pub struct Planned<'p> {
    pub(super) course: Course,
    pub(super) rollout: Box<dyn Rollout + 'p>,
    pub(super) schema: Schema,
    /// What may be destroyed on the way.
    pub(super) consent: Consent,
    /// The release of the public service when it was planned.
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
    let rollout = site.target.plan(wanted(site, release)?)?;
    let served = rollout.release_before().map(ToOwned::to_owned);
    let schema = schema(site, wish, &past)?;
    if !rollout.is_idle() {
        room(site, action)?;
    }
    let from = ledger::origin(&records, served.as_deref(), &release.version);
    let takes_over = !interrupted(&past).is_empty();
    let course = Course {
        action,
        from: from.map(ToOwned::to_owned),
        back: machine::return_to(&past, served.as_deref(), &release.version),
        takes_over,
        to: release.version.clone(),
        moves: rollout.moves(),
        manner: site.target.manner(),
        migrations: schema.pending.clone(),
        forced: forced.filter(|_| !schema.skews.is_empty()).map(ToOwned::to_owned),
    };
    // A run that was killed after the switch left a release that serves and that nobody verified.
    let is_verified = ledger::is_verified(&records, &release.version);
    let is_done = rollout.is_idle() && is_verified && !takes_over && schema.pending.is_empty();
    let is_known = action == Action::Rollback && ledger::was_verified(&records, &release.version);
    let consent = Consent(wish.drops.iter().cloned().collect());
    Ok(Planned { course, rollout, schema, consent, served, is_known, is_done })
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
fn schema(site: &Site<'_>, wish: Wish<'_>, past: &[Past]) -> Result<Schema> {
    let begun = interrupted(past).iter().map(|it| it.to.clone());
    let serving = site.target.serving()?.into_values().map(|it| it.release);
    let serving: BTreeSet<String> =
        serving.chain(begun).filter(|it| *it != wish.release.version && !it.is_empty()).collect();
    let serving: Vec<String> = serving.into_iter().collect();
    let mut schema = migrate::toward(site, wish.release, wish.action, &serving)?;
    let consent = Consent(wish.drops.iter().cloned().collect());
    migrate::permit(site.name, &schema.assessed, migrate::users(site), &consent)?;
    let is_ahead = |it: &Skew| matches!(it, Skew::Ahead { .. });
    if !schema.skews.is_empty()
        && schema.skews.iter().all(is_ahead)
        && let Some(said) = releases::works(site, &wish.release.version)
    {
        site.world.report.status(&said);
        schema.skews.clear();
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
        steps.push(ReviewStep::new("back up (not built: no back-up is taken)"));
        let pending = self.schema.files.iter().filter(|it| course.migrations.contains(&it.name));
        steps.extend(
            pending.map(|file| {
                ReviewStep::new(format!("apply `{}`", file.name)).with(file.checksum())
            }),
        );
        if course.moves.len() > 1 {
            steps.push(ReviewStep::new(course.order()));
        }
        steps.extend(self.rollout.steps().into_iter().map(ReviewStep::new));
        if course.manner == Manner::Together && !course.moves.is_empty() {
            steps.push(ReviewStep::new("test the new releases with each other before the switch"));
        }
        steps.push(ReviewStep::new("verify it from outside"));
        steps
    }

    /// Why each service is moved, or stays.
    pub(super) fn explained(&self, site: &Site<'_>) -> String {
        let line = |name: &String| {
            let found = self.course.moves.iter().find(|it| it.service == *name);
            let why = found.map_or("stays: it serves this release as it is wanted", |it| &it.why);
            format!("  `{name}`: {why}")
        };
        let names = site.world.deploy.rollout_order().into_iter().map(|it| line(&it.name));
        names.collect::<Vec<_>>().join("\n")
    }
}

/// Every service as `release` wants it, in the order in which they are rolled out.
pub(super) fn wanted(site: &Site<'_>, release: &Release) -> Result<Vec<Wanted>> {
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
