//! What this machine cannot prove. Tests are told beforehand what is missing here, and write down
//! which of them did not run because of it; that is read afterwards.

use super::messages::Ended;
use crate::edge::{files, requirements};
use crate::error::{Context as _, Failure, Result};
use crate::world::World;
use std::collections::BTreeMap;
use std::path::PathBuf;
use xtask_core::check::requirement::{self, NOT_RUN, NotRun, WITHOUT};
use xtask_core::check::task::Task;

/// What tests may go without, separated by commas: what is missing, and what the caller names.
pub(super) fn without(world: &World<'_>) -> Result<String> {
    let named = std::env::var(WITHOUT).unwrap_or_default();
    let named = requirement::excused(&named);
    let named = named.map_err(|unknown| Failure::usage("cannot tell tests").because(&unknown))?;
    let missing = requirements::missing(&world.shell).into_iter();
    let mut names: Vec<&str> = missing.chain(named).map(|it| it.name).collect();
    names.sort_unstable();
    names.dedup();
    Ok(names.join(","))
}

/// `task` as it is run: its tests know what they may go without, and where to write it down.
pub(super) fn with_variables(task: &Task, without: &str, world: &World<'_>) -> Task {
    let mut task = task.clone();
    if task.runner.is_some() {
        let record = record(&task, world).display().to_string();
        for command in &mut task.commands {
            command.env.push((WITHOUT.to_owned(), without.to_owned()));
            command.env.push((NOT_RUN.to_owned(), record.clone()));
        }
    }
    task
}

/// Forgets what an earlier run of `task` wrote down.
pub(super) fn forget(task: &Task, world: &World<'_>) -> Result<()> {
    files::remove_file(&record(task, world))
}

/// The tests of `task` that did not run.
pub(super) fn read(task: &Task, world: &World<'_>) -> Result<Vec<NotRun>> {
    let record = record(task, world);
    let text = files::read_if_there(&record)?.unwrap_or_default();
    NotRun::read(&text).or_outside(|| format!("failed to read `{}`", record.display()))
}

fn record(task: &Task, world: &World<'_>) -> PathBuf {
    world.places.file(format!("target/ci/{}.not-run", task.name))
}

/// A loud paragraph for each thing that was missing: how to get it, and every test without it.
pub(super) fn paragraphs(ended: &[Ended]) -> Vec<String> {
    let mut tests: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for task in ended {
        for NotRun { test, needs } in &task.not_run {
            tests.entry(needs).or_default().push(format!("    {}: {test}", task.name));
        }
    }
    let paragraph = |(needs, tests): (&str, Vec<String>)| {
        let get = requirement::named(needs).map_or(String::new(), |it| format!(" ({})", it.get));
        let count =
            if tests.len() == 1 { "1 test".to_owned() } else { format!("{} tests", tests.len()) };
        format!(
            "NOT PROVED: `{needs}` is missing{get}, so {count} did not run:\n{}",
            tests.join("\n")
        )
    };
    tests.into_iter().map(paragraph).collect()
}
