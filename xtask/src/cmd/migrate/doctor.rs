//! `migrate doctor`: what stands against migrating, and the exact next command. It only looks.

use crate::edge::postgres::Database;
use crate::error::{Failure, Result};
use crate::exit::Exit;
use crate::ship::migrate;
use crate::ship::site::Site;
use crate::world::World;
use serde_json::json;
use xtask_core::database::doctor::{self, Case};
use xtask_core::database::migration::compare;
use xtask_core::database::sql::Trace;

pub(super) fn run(environment: &str, world: &World<'_>) -> Result<Exit> {
    let site = Site::look_at_records(world, environment)?;
    let database = Database::connect(&site.database()?)?;
    let obstacles = migrate::obstacles::obstacles(&site, &migrate::files(world)?)?;
    let mut found: Vec<Case> = obstacles.iter().map(case).collect();
    found.extend(cases(environment, &database, world)?);
    let cases = found;
    let text = match cases.as_slice() {
        [] => "nothing stands against migrating".to_owned(),
        cases => cases.iter().map(shown).collect::<Vec<_>>().join("\n\n"),
    };
    world.report.data(&json!({ "cases": cases }), &text);
    Ok(if cases.is_empty() { Exit::Done } else { Exit::Planned })
}

/// What `migrate apply` would refuse, as it would say it.
fn case(refused: &Failure) -> Case {
    Case {
        about: "the database".to_owned(),
        what: refused.first_line().to_owned(),
        found: Some(refused.innermost_line())
            .filter(|it| *it != refused.first_line())
            .map(ToOwned::to_owned)
            .into_iter()
            .collect(),
        next: refused.advice().map(ToOwned::to_owned).into_iter().collect(),
    }
}

fn cases(environment: &str, database: &Database, world: &World<'_>) -> Result<Vec<Case>> {
    let files = migrate::files(world)?;
    let rows = database.migration_rows()?;
    let mut there: Vec<Trace> = Vec::new();
    for trace in doctor::traces(&files, &compare(&files, &rows)) {
        if database.has_trace(&trace)? {
            there.push(trace);
        }
    }
    let folder = &world.deploy.migrations.path;
    let is_there = |trace: &Trace| there.contains(trace);
    let mut cases = doctor::cases(environment, folder, &files, &rows, &is_there);
    let invalid = database.invalid_indexes()?;
    cases.extend(invalid.iter().map(|it| doctor::invalid_index(&it.name, &it.table)));
    if let Some((pid, who, since)) = database.migration_lock_holder()? {
        cases.push(doctor::locked(pid, &who, &since));
    }
    Ok(cases)
}

fn shown(case: &Case) -> String {
    let mut lines = vec![format!("{}: {}", case.about, case.what)];
    lines.extend(case.found.iter().map(|line| format!("  {line}")));
    lines.extend(case.next.iter().map(|line| format!("  next: {line}")));
    lines.join("\n")
}
