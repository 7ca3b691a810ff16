//! `migrate plan`: what is pending and what it would do. Nothing of the environment is started.

use crate::edge::postgres::Database;
use crate::edge::{actions, clock, files, git};
use crate::error::{Failure, Result, code};
use crate::exit::Exit;
use crate::flags::MigratePlan;
use crate::ship::site::Site;
use crate::ship::{migrate, review};
use crate::world::World;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use xtask_core::database::assess::{self, Assessed, Consent, Users};
use xtask_core::database::migration::{self, MigrationFile, MigrationPlan, MigrationRow};
use xtask_core::database::statistics::{Statistics, Tables};
use xtask_core::plan::Count;

/// Older sizes say little about today.
const OLD_DAYS: u64 = 90;

pub(super) fn run(flags: &MigratePlan, world: &World<'_>) -> Result<Exit> {
    match (&flags.environment, &flags.since) {
        (Some(environment), _) if flags.rehearse => {
            super::rehearse::run(environment, &flags.drop, world)
        }
        (Some(environment), _) => of_environment(environment, &flags.drop, world),
        (None, since) => {
            let since = since.as_deref().expect("one of the two is wanted by the flags");
            of_checkout(since, world)
        }
    }
}

/// By its database.
pub(super) fn of_environment(name: &str, drops: &[String], world: &World<'_>) -> Result<Exit> {
    let site = Site::look_at_records(world, name)?;
    let files = migrate::files(world)?;
    let database = Database::connect(&site.database()?)?;
    let plan = migrate::plan(&database, &files)?;
    let pending: Vec<&MigrationFile> =
        files.iter().filter(|file| plan.pending.contains(&file.name)).collect();
    let assessed = migrate::assess(&site, &database, &pending)?;
    let refusals = assess::refusals(
        &assessed,
        migrate::users(&site),
        &Consent::new(drops.iter().cloned(), &files),
    );
    let digest = match plan.pending.is_empty() {
        true => None,
        false => Some(review::show(world, &migrate::review_of(&site, &plan, &files))?),
    };
    let notes = notes(&plan);
    let shown = Shown { title: &format!("Migrations of {name}"), plan, assessed, refusals, notes };
    shown.show(
        world,
        json!({ "applied": false, "digest": digest }),
        digest.map(|it| format!("plan {it}")),
    )
}

/// Without any database: what is new since `revision`, by the committed sizes of tables.
fn of_checkout(revision: &str, world: &World<'_>) -> Result<Exit> {
    let files = migrate::files(world)?;
    let before = before(revision, world)?;
    let plan = migration::plan(&files, &before).map_err(|refusal| {
        Failure::refused("cannot migrate")
            .code(&code::MIGRATION_REFUSED)
            .reason(refusal.to_string())
            .hint(format!("`{revision}` is taken for applied: what stands there must not change"))
    })?;
    let statistics = statistics(world)?;
    let pending: Vec<&MigrationFile> =
        files.iter().filter(|file| plan.pending.contains(&file.name)).collect();
    let assessed = assess::assess(&pending, Tables::new(statistics.as_ref(), "public"));
    // Consent is given when it is applied, and not when it is reviewed.
    let all: BTreeSet<String> = assessed.iter().flat_map(|it| it.destroys.clone()).collect();
    let consent = Consent::new(all, &files);
    let refusals = assess::refusals(&assessed, Users::Somebody, &consent);
    let mut notes = notes(&plan);
    notes.push(sizes(statistics.as_ref()));
    let title = format!("Migrations since {revision}");
    let refused = !refusals.is_empty();
    let shown = Shown { title: &title, plan, assessed, refusals, notes };
    shown.show(world, json!({ "applied": false, "since": revision }), None)?;
    Ok(if refused { Exit::Refused } else { Exit::Done })
}

/// What stood at the commit where this branch began, as rows: it is taken for applied.
fn before(revision: &str, world: &World<'_>) -> Result<Vec<MigrationRow>> {
    let commit = git::merge_base(&world.shell, revision)?;
    let path = &world.deploy.migrations.path;
    let committed: Option<BTreeMap<String, Vec<u8>>> = git::committed(&world.shell, &commit, path)?;
    let committed = committed.ok_or_else(|| {
        Failure::refused(format!("cannot plan: commit {commit} is not in this checkout"))
            .hint("fetch the whole history: `git fetch --unshallow`")
    })?;
    let row = |(path, bytes): (String, Vec<u8>)| {
        let name = path.strip_suffix("/migration.sql")?.to_owned();
        let sql = String::from_utf8_lossy(&bytes).into_owned();
        let checksum = MigrationFile::new(&name, sql).checksum();
        Some(MigrationRow::applied(name, checksum))
    };
    Ok(committed.into_iter().filter_map(row).collect())
}

/// The committed sizes, if there are any.
fn statistics(world: &World<'_>) -> Result<Option<Statistics>> {
    let Some(path) = &world.deploy.migrations.statistics else { return Ok(None) };
    let Some(text) = files::read_if_there(&world.places.file(path))? else { return Ok(None) };
    let statistics = Statistics::parse(&text);
    let statistics = statistics.map_err(|why| {
        Failure::usage(format!("`{path}` does not hold the sizes of tables"))
            .reason(why)
            .hint("write it anew: `cargo xtask migrate stats production`")
    })?;
    Ok(Some(statistics))
}

fn sizes(statistics: Option<&Statistics>) -> String {
    let Some(Statistics { environment, taken_at, .. }) = statistics else {
        return "no sizes of tables are known, so risk is not; \
                `cargo xtask migrate stats production` writes them"
            .to_owned();
    };
    let days = clock::seconds_since(taken_at).unwrap_or(u64::MAX) / 86_400;
    let old = if days > OLD_DAYS { ", which is long ago" } else { "" };
    format!("sizes of tables are those of `{environment}` at {taken_at}{old}")
}

/// What a person should know beside the plan.
fn notes(plan: &MigrationPlan) -> Vec<String> {
    let told = |what: &str, names: &[String]| {
        (!names.is_empty()).then(|| format!("{what}: `{}`", names.join("`, `")))
    };
    let missing = told("applied, and not in this checkout", &plan.missing);
    let again = told("rolled back earlier, and pending again", &plan.rolled_back);
    missing.into_iter().chain(again).collect()
}

/// A plan and what stands against it.
struct Shown<'s> {
    title: &'s str,
    plan: MigrationPlan,
    assessed: Vec<Assessed>,
    refusals: Vec<String>,
    notes: Vec<String>,
}

impl Shown<'_> {
    fn show(self, world: &World<'_>, mut value: Value, last: Option<String>) -> Result<Exit> {
        let Self { title, plan, assessed, refusals, notes } = self;
        actions::page(&assess::summary(title, &assessed, &refusals, &notes))?;
        notes.iter().for_each(|note| world.report.status(note));
        value["plan"] = json!(plan);
        value["files"] = json!(assessed);
        value["refusals"] = json!(refusals);
        let mut lines = vec![format!("{} pending", Count(plan.pending.len(), "migration"))];
        lines.extend(assess::lines(&assessed));
        lines.extend(refusals.iter().map(|line| format!("refused: {line}")));
        lines.extend(last);
        world.report.data(&value, &lines.join("\n"));
        Ok(match () {
            () if !refusals.is_empty() => Exit::Refused,
            () if !plan.pending.is_empty() => Exit::Planned,
            () => Exit::Done,
        })
    }
}
