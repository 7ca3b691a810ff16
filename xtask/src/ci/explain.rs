//! `--explain`: why a task would run or not, and all that it is.

use super::Choice;
use super::messages::log_file;
use crate::edge::git;
use crate::error::{Failure, Result};
use crate::report::table;
use crate::world::World;
use serde_json::{Value, json};
use xtask_core::check::decision::Decision;
use xtask_core::check::graph::GraphError;
use xtask_core::check::task::{self, Globs, Task};

/// Every task of the choice, and whether it has its turn.
pub(super) fn all(choice: &Choice, world: &World<'_>) {
    let rows = choice.tasks.iter().zip(&choice.decisions);
    let shown: Vec<Vec<String>> = rows
        .clone()
        .map(|(task, decision)| vec![task.name.to_owned(), decision.to_string()])
        .collect();
    let tasks = rows.map(|(task, decision)| brief(task, decision)).collect::<Vec<_>>();
    world.report.data(&json!({ "tasks": tasks }), &table(&shown));
}

fn brief(task: &Task, decision: &Decision) -> Value {
    json!({ "name": task.name, "runs": decision.runs(), "why": decision.to_string() })
}

/// One task, whole.
pub(super) fn one(name: &str, choice: &Choice, world: &World<'_>) -> Result<()> {
    let found = choice.tasks.iter().position(|task| task.name == name);
    let at = found.ok_or_else(|| {
        let known = choice.tasks.iter().map(|task| task.name.to_owned()).collect();
        let unknown = GraphError::Unknown { name: name.to_owned(), known };
        Failure::usage("cannot explain a task").because(&unknown)
    })?;
    let (task, decision) = (&choice.tasks[at], &choice.decisions[at]);
    let all = git::files(&world.shell, ".")?;
    let files = task::files(task, &all).len();
    let facts = facts(task, files, choice, world);
    let mut value = brief(task, decision);
    facts.iter().for_each(|(name, fact)| value[name.replace(' ', "_")] = json!(fact));
    value["files"] = json!(files);
    let mut rows = vec![vec![task.name.to_owned(), task.claim.to_owned()]];
    rows.push(vec!["decision".to_owned(), decision.to_string()]);
    for (name, fact) in facts {
        let each = fact.into_iter().enumerate();
        rows.extend(
            each.map(|(at, line)| {
                vec![if at == 0 { name.to_owned() } else { String::new() }, line]
            }),
        );
    }
    world.report.data(&value, &table(&rows));
    Ok(())
}

/// Everything else that a person might ask, one name for some lines.
fn facts(
    task: &Task,
    files: usize,
    choice: &Choice,
    world: &World<'_>,
) -> Vec<(&'static str, Vec<String>)> {
    let known = &choice.known[choice.place(task)];
    let owned = |words: &[&str]| words.iter().map(|&it| it.to_owned()).collect::<Vec<_>>();
    let digest = known.key.map(|key| format!("{files} files, {}", key.inputs));
    let missing = |name: &&str| !super::is_here(name, world);
    let programs: Vec<&str> = [task.programs(), task.notices.to_vec()].concat();
    let command = |it: &xtask_core::command::Command| match &it.folder {
        Some(folder) => format!("(cd {folder} && {it})"),
        None => it.to_string(),
    };
    let facts = vec![
        ("inputs", [owned(Globs::of(task.inputs).words()), digest.into_iter().collect()].concat()),
        ("needs", owned(task.needs)),
        ("commands", task.commands.iter().map(command).collect()),
        ("makes", owned(task.makes)),
        ("tools", owned(&programs)),
        ("missing tools", owned(&programs.iter().copied().filter(missing).collect::<Vec<_>>())),
        ("limit", vec![format!("{} min, {} cores", task.limit.as_secs() / 60, task.cores)]),
        ("cached", vec![format!("{}", task.never_cached.map_or("off CI", |_| "never"))]),
        ("last", vec![last(task, choice)]),
        ("log", vec![log_file(task.name)]),
    ];
    facts.into_iter().filter(|(_, lines)| !lines.is_empty()).collect()
}

fn last(task: &Task, choice: &Choice) -> String {
    let Some(past) = choice.memory.tasks.get(task.name).filter(|it| !it.at.is_empty()) else {
        return "it has not run here".to_owned();
    };
    let took = past
        .took_ms
        .map(|took| format!(", {}.{} s when it last passed", took / 1000, took % 1000 / 100));
    format!("{} at {}{}", past.outcome, past.at, took.unwrap_or_default())
}
