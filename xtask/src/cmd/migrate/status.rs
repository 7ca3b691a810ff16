//! `migrate status`: what each migration is. It only looks.

use crate::edge::postgres::Database;
use crate::error::{Failure, Result};
use crate::exit::Exit;
use crate::report::table;
use crate::ship::migrate;
use crate::ship::site::Site;
use crate::world::World;
use serde_json::json;
use xtask_core::database::migration::{History, compare};

pub(super) fn run(environment: &str, world: &World<'_>) -> Result<Exit> {
    let site = Site::look_at_records(world, environment)?;
    let files = migrate::files(world)?;
    let database = Database::connect(&site.database()?)?;
    let history = compare(&files, &database.migration_rows()?);
    let obstacles = migrate::obstacles::obstacles(&site, &files)?;
    let refused: Vec<&str> = obstacles.iter().map(Failure::first_line).collect();
    let is_up_to_date = history.is_up_to_date() && refused.is_empty();
    let value = json!({
        "up_to_date": is_up_to_date, "history": history, "refused": refused,
    });
    let lines = refused.iter().map(|line| format!("{line}; `migrate doctor` tells what to do"));
    let lines: Vec<String> = std::iter::once(shown(&history)).chain(lines).collect();
    world.report.data(&value, &lines.join("\n"));
    Ok(if is_up_to_date { Exit::Done } else { Exit::Planned })
}

fn shown(history: &History) -> String {
    let is_in = |list: &[String], name: &String| list.contains(name);
    let mut rows: Vec<[String; 2]> = Vec::new();
    let mut add = |names: &[String], state: &dyn Fn(&String) -> &'static str| {
        rows.extend(names.iter().map(|name| [name.clone(), state(name).to_owned()]));
    };
    add(&history.applied, &|name| match is_in(&history.missing, name) {
        true => "applied, and not in this checkout",
        false => "applied",
    });
    add(&history.edited, &|_| "EDITED after it was applied");
    add(&history.failed, &|_| "FAILED: `migrate doctor` tells what stands");
    add(&history.pending, &|name| match () {
        () if history.renamed.iter().any(|[now, _]| now == name) => {
            "RENAMED after it was applied under another name"
        }
        () if is_in(&history.late, name) => "LATE: comes before the last applied one",
        () if is_in(&history.rolled_back, name) => "pending again: it was rolled back",
        () => "pending",
    });
    rows.sort();
    if rows.is_empty() {
        return "no migrations".to_owned();
    }
    table(&rows.into_iter().map(Vec::from).collect::<Vec<_>>())
}
