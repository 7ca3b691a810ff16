//! What is known before a run: what each task depends on now, what it was when it last passed,
//! and what changed since a revision.

use super::stat_cache::StatCache;
use super::unproved;
use crate::edge::{files, git, tools as tools_here};
use crate::error::{Context as _, Result};
use crate::flags::Ci;
use crate::world::World;
use std::collections::BTreeMap;
use xtask_core::check::decision::{Belief, Key, Known, Memory, selecting};
use xtask_core::check::graph::Graph;
use xtask_core::check::task::{self, Task};
use xtask_core::check::tools;
use xtask_core::digest::Digest;

/// Where digests of files and versions of tools are cached, from the root.
const STAT_CACHE: &str = "target/ci/stat-cache.json";

/// All that is known before a run.
pub(super) struct Gathered {
    pub(super) belief: Belief,
    /// The keys of all tasks of the table, by name.
    keys: BTreeMap<&'static str, Key>,
    /// What tests may go without.
    pub(super) without: String,
    /// What changed, if somebody asked for what is affected only.
    changed: Option<Vec<String>>,
}

impl Gathered {
    /// Looks at files and tools; in continuous integration only if somebody asks for reasons.
    pub(super) fn look(flags: &Ci, world: &World<'_>) -> Result<Self> {
        let belief = belief(flags);
        let revision = flags.affected_by.as_deref();
        let changed = revision.map(|it| git::changed_since(&world.shell, it)).transpose()?;
        let wanted = belief != Belief::NoneInCi || flags.explain.is_some();
        let without = unproved::without(world)?;
        let keys = if wanted { keys(&without, world)? } else { BTreeMap::new() };
        Ok(Self { belief, keys, without, changed })
    }

    /// What is known of `task`.
    pub(super) fn known(&self, task: &Task, memory: &Memory, world: &World<'_>) -> Result<Known> {
        let mut gone = None;
        for path in task.makes.iter() {
            if gone.is_none() && !files::is_there(&world.places.file(path))? {
                gone = Some(path);
            }
        }
        Ok(Known {
            key: self.key(task),
            passed: memory.tasks.get(task.name).and_then(|past| past.passed),
            gone: gone.map(|&path| path.to_owned()),
            selected_by: self.changed.as_ref().map(|changed| selecting(task, changed)),
        })
    }

    /// All that `task` depends on now.
    pub(super) fn key(&self, task: &Task) -> Option<Key> {
        self.keys.get(task.name).copied()
    }
}

/// Whom to believe: in continuous integration nobody. The one place that reads `CI`.
fn belief(flags: &Ci) -> Belief {
    let in_ci = std::env::var_os("CI").is_some_and(|value| !value.is_empty() && value != "false");
    match (in_ci, flags.fresh || flags.audit_inputs) {
        (true, _) => Belief::NoneInCi,
        (false, true) => Belief::NoneFresh,
        (false, false) => Belief::Same,
    }
}

/// The keys of all tasks of the table.
fn keys(without: &str, world: &World<'_>) -> Result<BTreeMap<&'static str, Key>> {
    let graph = Graph::new(&task::all()).or_usage(|| "cannot put the tasks in order".to_owned())?;
    let mut stat_cache = StatCache::open(&world.places.file(STAT_CACHE));
    let files = git::files(&world.shell, ".")?;
    let digests = digests(&files, &mut stat_cache, world)?;
    let versions = versions(graph.tasks(), &mut stat_cache, world);
    stat_cache.save()?;
    let mut keys: BTreeMap<&'static str, Key> = BTreeMap::new();
    for task in graph.tasks() {
        let needed = task.needs.iter().map(|need| format!("{need} {}", keys[need].digest()));
        let tools = task.programs().into_iter().chain(task.notices.iter().copied());
        let tools = tools.map(|name| format!("{name} {}", versions.get(name).map_or("", |it| it)));
        // What is missing decides which of its tests run.
        let without = task.runner.map(|_| format!("without {without}"));
        let key = Key {
            inputs: inputs(task, &files, &digests),
            needs: digest(needed),
            tools: digest(tools.chain(without)),
            row: Digest::of(task.row().as_bytes()),
        };
        keys.insert(task.name, key);
    }
    Ok(keys)
}

/// The digest of the inputs of `task` as they are at this moment.
pub(super) fn inputs_now(task: &Task, world: &World<'_>) -> Result<Digest> {
    let mut stat_cache = StatCache::open(&world.places.file(STAT_CACHE));
    let all = git::files(&world.shell, ".")?;
    let files: Vec<String> = task::files(task, &all).into_iter().map(str::to_owned).collect();
    let digests = digests(&files, &mut stat_cache, world)?;
    Ok(inputs(task, &files, &digests))
}

fn inputs(task: &Task, files: &[String], digests: &BTreeMap<String, String>) -> Digest {
    let inputs = task::files(task, files).into_iter();
    digest(inputs.filter_map(|file| Some(format!("{file}\0{}", digests.get(file)?))))
}

/// What each file is, without those that are tracked and not there.
fn digests(
    files: &[String],
    stat_cache: &mut StatCache,
    world: &World<'_>,
) -> Result<BTreeMap<String, String>> {
    let mut digests = BTreeMap::new();
    for file in files {
        if let Some(digest) = stat_cache.digest(&world.places.root, file)? {
            digests.insert(file.clone(), digest);
        }
    }
    Ok(digests)
}

/// What each program that `tasks` use says of its version; those that need time are asked at once.
fn versions(
    tasks: &[Task],
    stat_cache: &mut StatCache,
    world: &World<'_>,
) -> BTreeMap<&'static str, String> {
    let used = |tool: &tools::Tool| {
        let is = |name: &&str| tool.names.contains(name);
        tasks.iter().any(|it| it.programs().iter().any(is) || it.notices.iter().any(is))
    };
    let tools: Vec<_> = tools::all().into_iter().filter(used).collect();
    let ask = |tool: &tools::Tool| {
        let path = tool.names.iter().find_map(|name| world.shell.find(name))?;
        let path = path.canonicalize().unwrap_or(path);
        let name = format!("{} at {}", tool.names[0], path.display());
        // rustup's one program answers for many, and a setting of its own decides which.
        let lasting = path.file_name().is_some_and(|it| it != "rustup");
        let known = if lasting { stat_cache.known(&name, &path) } else { None };
        let answer =
            known.clone().or_else(|| tools_here::answer(&world.shell, tool)).unwrap_or_default();
        Some((answer, (lasting && known.is_none()).then_some((name, path))))
    };
    let answers: Vec<_> = std::thread::scope(|scope| {
        let asked: Vec<_> = tools.iter().map(|tool| scope.spawn(|| ask(tool))).collect();
        asked.into_iter().map(|it| it.join().expect("asking a tool does not panic")).collect()
    });
    let mut versions = BTreeMap::new();
    for (tool, answer) in tools.iter().zip(answers) {
        let (answer, new) = answer.unwrap_or_else(|| ("missing".to_owned(), None));
        if let Some((name, path)) = new {
            stat_cache.learn(&name, &path, &answer);
        }
        tool.names.iter().for_each(|name| drop(versions.insert(*name, answer.clone())));
    }
    versions
}

fn digest(lines: impl Iterator<Item = String>) -> Digest {
    Digest::of(lines.collect::<Vec<_>>().join("\n").as_bytes())
}
