//! Inputs that are proved: what a task opens is written down while it runs, and looked through when
//! it has passed. A Docker engine and other servers that ran before it are not seen.

use super::messages::log_file;
use crate::edge::{files, git};
use crate::error::{Context as _, Result};
use crate::world::World;
use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use xtask_core::check::schedule::Outcome;
use xtask_core::check::task::{Task, audit};
use xtask_core::command::Command;

/// Where traces are, from the root.
const FOLDER: &str = "target/ci/audit";
/// How many files a log names.
const NAMED_MAX: usize = 20;

/// Forgets what an earlier run of `task` read.
pub(super) fn begins(task: &Task, world: &World<'_>) -> Result<()> {
    files::make_folder(&world.places.file(FOLDER))?;
    (0..task.commands.len()).try_for_each(|it| files::remove_file(&trace(task, it, world)))
}

/// A command of `task` as it is run: under a trace, unless the row says that it reads everything.
pub(super) fn traced(task: &Task, number: usize, command: &Command, world: &World<'_>) -> Command {
    match audit::may_read_all(task) {
        true => command.clone(),
        false => audit::traced(command, &trace(task, number, world).display().to_string()),
    }
}

/// How `task` ended after all: one that passed and read what its row does not name has failed.
pub(super) fn judge(task: &Task, outcome: Outcome, world: &World<'_>) -> Result<Outcome> {
    if outcome != Outcome::Passed || audit::may_read_all(task) {
        return Ok(outcome);
    }
    let found = undeclared(task, world)?;
    if found.is_empty() {
        return Ok(outcome);
    }
    write_down(task, &found, world)?;
    Ok(Outcome::Failed)
}

fn undeclared(task: &Task, world: &World<'_>) -> Result<BTreeSet<String>> {
    let all = git::files(&world.shell, ".")?;
    let root = world.places.root.canonicalize();
    let root = root.or_outside(|| "failed to look at the checkout".to_owned())?;
    let mut found = BTreeSet::new();
    for number in 0..task.commands.len() {
        let path = trace(task, number, world);
        let file = File::open(&path);
        let file = file.or_outside(|| format!("failed to read `{}`", path.display()))?;
        // Half a line at the end is of a program that was ended.
        let lines = BufReader::new(file).lines().map_while(std::result::Result::ok);
        found.extend(audit::undeclared(task, lines, &root.display().to_string(), &all));
    }
    Ok(found)
}

fn write_down(task: &Task, found: &BTreeSet<String>, world: &World<'_>) -> Result<()> {
    let mut lines: Vec<String> = found
        .iter()
        .take(NAMED_MAX)
        .map(|file| format!("{} read `{file}`, which is none of its inputs", task.name))
        .collect();
    if found.len() > NAMED_MAX {
        lines.push(format!("and {} more", found.len() - NAMED_MAX));
    }
    lines.push(
        "a pass would be remembered although such a file changed: name it in the row".to_owned(),
    );
    let path = world.places.file(log_file(task.name));
    let log = OpenOptions::new().append(true).open(&path);
    let written = log.and_then(|mut log| writeln!(log, "{}", lines.join("\n")));
    written.or_outside(|| format!("failed to write `{}`", path.display()))
}

fn trace(task: &Task, number: usize, world: &World<'_>) -> PathBuf {
    world.places.file(format!("{FOLDER}/{}-{number}.trace", task.name))
}
