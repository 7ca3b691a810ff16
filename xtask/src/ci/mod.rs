//! `ci`: every check and test of the repository, as many at once as there are cores.

mod audited;
mod covered;
mod engine;
mod explain;
mod failed;
mod gather;
mod github;
mod messages;
mod passes;
mod running;
mod stat_cache;
mod unproved;

use crate::edge::{actions, files};
use crate::error::{Context as _, Failure, Result, code};
use crate::exit::Exit;
use crate::flags::Ci;
use crate::world::World;
use covered::Covered;
use gather::Gathered;
use github::Github;
use messages::{Ended, Summary};
use running::Running;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use xtask_core::check::decision::{Decision, Known, Memory, decisions};
use xtask_core::check::graph::Graph;
use xtask_core::check::requirement::NotRun;
use xtask_core::check::schedule::{AfterFailure, Outcome, Schedule};
use xtask_core::check::task::{self, Task};
use xtask_core::check::tools;
use xtask_core::command::Command;

/// How often what runs is looked at: far below the shortest task.
const LOOK: Duration = Duration::from_millis(3);

/// The tasks that were asked for, in order, and for each whether it has its turn.
struct Choice {
    tasks: Vec<Task>,
    known: Vec<Known>,
    decisions: Vec<Decision>,
    memory: Memory,
    /// What tests may go without.
    without: String,
    /// Whether what tasks read is compared with what their rows say.
    audits: bool,
}

/// One run of the tasks that have their turn.
struct Run<'a> {
    world: &'a World<'a>,
    github: Github,
    choice: &'a Choice,
    tasks: &'a [Task],
    ended: Vec<Ended>,
    covered: Vec<Covered>,
}

/// Runs the tasks that were asked for, or says of them what was asked.
pub fn run(flags: &Ci, world: &World<'_>) -> Result<Exit> {
    let lists_all = flags.list && flags.only.is_empty() && flags.skip.is_empty();
    let choose = |all: Graph| match lists_all {
        true => Ok(all),
        false => all.choose(&flags.only, &flags.skip),
    };
    let graph = Graph::new(&task::all()).and_then(choose);
    let graph = graph.or_usage(|| "cannot choose tasks".to_owned())?;
    if flags.list {
        world.report.data(&messages::list_json(graph.tasks()), &messages::list(graph.tasks()));
        return Ok(Exit::Done);
    }
    files::make_folder(&world.places.file("target/ci"))?;
    let began = Instant::now();
    let choice = Choice::make(graph.tasks().to_vec(), flags, world)?;
    match flags.explain.as_deref() {
        Some("") => explain::all(&choice, world),
        Some(name) => explain::one(name, &choice, world)?,
        None => return carry_out(&choice, flags, began, world),
    }
    Ok(Exit::Done)
}

fn carry_out(choice: &Choice, flags: &Ci, began: Instant, world: &World<'_>) -> Result<Exit> {
    let tasks = choice.running();
    refuse_without_tools(&tasks, choice.audits, world)?;
    let after = if flags.keep_going { AfterFailure::KeepGoing } else { AfterFailure::Stop };
    keep_ourselves(&tasks, world)?;
    let mut run = Run::new(world, choice, &tasks);
    run.tell_what_does_not_run()?;
    run.all(after)?;
    let summary = Summary::new(&choice.tasks, run.ended, run.covered, began.elapsed());
    run.github.summary(&summary.markdown())?;
    actions::output("not_checked", &summary.left_out())?;
    world.report.data(&summary.json(), &summary.to_string());
    Ok(if summary.is_good(flags.strict) { Exit::Done } else { Exit::Planned })
}

impl Choice {
    fn make(tasks: Vec<Task>, flags: &Ci, world: &World<'_>) -> Result<Self> {
        if flags.explain.is_none() {
            engine::bring_up(&tasks, world)?;
        }
        let gathered = Gathered::look(flags, world)?;
        let memory = passes::read(world)?;
        let known = tasks.iter().map(|task| gathered.known(task, &memory, world));
        let known = known.collect::<Result<Vec<Known>>>()?;
        let decisions = decisions(&tasks, &known, gathered.belief);
        let (without, audits) = (gathered.without, flags.audit_inputs);
        Ok(Self { tasks, known, decisions, memory, without, audits })
    }

    /// The tasks that have their turn.
    fn running(&self) -> Vec<Task> {
        let tasks = self.tasks.iter().zip(&self.decisions);
        tasks.filter(|(_, decision)| decision.runs()).map(|(task, _)| task.clone()).collect()
    }

    /// Where `task` stands.
    fn place(&self, task: &Task) -> usize {
        let found = self.tasks.iter().position(|it| it.name == task.name);
        found.expect("what runs was chosen")
    }

    /// How long `task` took when it last passed.
    fn took(&self, task: &Task) -> Option<Duration> {
        self.memory.tasks.get(task.name)?.took_ms.map(Duration::from_millis)
    }
}

/// Refuses before anything runs, with every program that is missing.
fn refuse_without_tools(tasks: &[Task], audits: bool, world: &World<'_>) -> Result<()> {
    let mut missing = Vec::new();
    for task in tasks {
        let looks_on = audits.then_some("strace");
        let programs = task.programs().into_iter().chain(looks_on);
        for name in programs.filter(|name| !is_here(name, world)) {
            let get =
                tools::named(name).map_or(String::new(), |it| format!("; {}", it.how_to_get()));
            missing.push(format!("`{}` needs `{name}`, which is not here{get}", task.name));
        }
    }
    if missing.is_empty() {
        return Ok(());
    }
    let failure =
        Failure::refused("cannot run all tasks: programs are missing").code(&code::TOOL_MISSING);
    let failure = missing.into_iter().fold(failure, Failure::reason);
    Err(failure.hint("`./x doctor` lists every tool; `--skip TASK` leaves a task out"))
}

/// Copies this program aside, if a task runs it: builds replace the one that cargo made.
fn keep_ourselves(tasks: &[Task], world: &World<'_>) -> Result<()> {
    let is_ours = |arg: Option<&String>| arg.is_some_and(|arg| arg == "xtask");
    if !tasks.iter().flat_map(|task| &task.commands).any(|it| is_ours(it.args.first())) {
        return Ok(());
    }
    let place = world.places.file(running::OURSELVES);
    let aside = place.with_extension(format!("{}.aside", std::process::id()));
    let copied = std::env::current_exe().and_then(|program| {
        std::fs::copy(program, &aside)?;
        std::fs::rename(&aside, &place)
    });
    copied.or_outside(|| format!("failed to copy this program to `{}`", place.display()))
}

/// Whether a program is on this machine, under any of its names.
fn is_here(name: &str, world: &World<'_>) -> bool {
    let names = tools::named(name).map_or(vec![name.to_owned()], |tool| {
        tool.names.iter().map(|&name| name.to_owned()).collect()
    });
    names.iter().any(|name| world.shell.find(name).is_some())
}

impl<'a> Run<'a> {
    fn new(world: &'a World<'a>, choice: &'a Choice, tasks: &'a [Task]) -> Self {
        let (ended, covered) = (Vec::new(), Vec::new());
        Self { world, github: Github::find(), choice, tasks, ended, covered }
    }

    /// What is cached or unaffected is said in a line each, and not run.
    fn tell_what_does_not_run(&mut self) -> Result<()> {
        for (task, decision) in self.choice.tasks.iter().zip(&self.choice.decisions) {
            let outcome = match decision {
                Decision::Runs(_) => continue,
                Decision::Cached => Outcome::Cached,
                Decision::Unaffected => Outcome::Unaffected,
            };
            let mut ended = Ended::without_run(task, outcome);
            if outcome == Outcome::Cached {
                let past = self.choice.memory.tasks.get(task.name);
                ended.not_run = past.map(|past| past.not_run.clone()).unwrap_or_default();
                self.covered.extend(covered::read(task, self.world)?);
            }
            self.settle(ended);
        }
        Ok(())
    }

    fn all(&mut self, after: AfterFailure) -> Result<()> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let took: Vec<_> = self.tasks.iter().map(|task| self.choice.took(task)).collect();
        let mut schedule = Schedule::new(self.tasks, cores, after).timed(&took);
        let mut running: Vec<Running> = Vec::new();
        while !schedule.is_over() {
            self.world.cancel.check()?;
            while let Some(at) = schedule.start() {
                running.push(self.start(at)?);
            }
            let Some((ended, outcome)) = take_ended(&mut running)? else {
                std::thread::sleep(LOOK);
                continue;
            };
            let at = ended.at();
            let outcome = self.judged(&self.tasks[at], outcome)?;
            self.end(&ended, outcome)?;
            for skipped in schedule.end(at, outcome) {
                self.settle(Ended::without_run(&self.tasks[skipped], Outcome::Skipped));
            }
        }
        Ok(())
    }

    fn start(&self, at: usize) -> Result<Running> {
        let task = &self.tasks[at];
        passes::begins(task, self.world)?;
        covered::forget(task, self.world)?;
        unproved::forget(task, self.world)?;
        let task_to_run = unproved::with_variables(task, &self.choice.without, self.world);
        if self.choice.audits {
            audited::begins(task, self.world)?;
        }
        let as_run = |number: usize, command: &Command| {
            let placed = running::placed(command, &self.world.places.root);
            let audits = self.choice.audits;
            if audits { audited::traced(task, number, &placed, self.world) } else { placed }
        };
        Running::start(at, &task_to_run, &self.world.shell, as_run, &self.log(task))
    }

    fn judged(&self, task: &Task, outcome: Outcome) -> Result<Outcome> {
        if self.choice.audits { audited::judge(task, outcome, self.world) } else { Ok(outcome) }
    }

    /// Remembers how a task ended. A pass whose inputs changed while it ran says nothing.
    fn remember(
        &self,
        task: &Task,
        outcome: Outcome,
        took: Duration,
        not_run: &[NotRun],
    ) -> Result<()> {
        let key = self.choice.known[self.choice.place(task)].key;
        let passed = match key {
            Some(key) if outcome == Outcome::Passed => {
                Some(key).filter(|_| task.never_cached.is_none())
            }
            _ => None,
        };
        let same = match passed {
            Some(key) => gather::inputs_now(task, self.world)? == key.inputs,
            None => false,
        };
        passes::ended(task, self.world, (outcome, took), passed.filter(|_| same), not_run)
    }

    /// Reads what a task that ran left behind, remembers it, and says it.
    fn end(&mut self, running: &Running, outcome: Outcome) -> Result<()> {
        let (task, took) = (&self.tasks[running.at()], running.took());
        let not_run = unproved::read(task, self.world)?;
        self.remember(task, outcome, took, &not_run)?;
        let output = running.output(&self.log(task))?;
        let mut ended = Ended::new(task, outcome, took, &output);
        ended.not_run = not_run;
        if outcome == Outcome::Passed {
            self.covered.extend(covered::read(task, self.world)?);
        }
        self.github.task(self.world.report, &ended, &output.whole);
        self.settle(ended);
        Ok(())
    }

    /// Keeps how a task ended, and says it.
    fn settle(&mut self, ended: Ended) {
        self.world.report.status(&ended.line());
        self.ended.push(ended);
    }

    fn log(&self, task: &Task) -> PathBuf {
        self.world.places.file(messages::log_file(task.name))
    }
}

/// Takes out the first that ended, if one did.
fn take_ended(running: &mut Vec<Running>) -> Result<Option<(Running, Outcome)>> {
    for place in 0..running.len() {
        if let Some(outcome) = running[place].look()? {
            return Ok(Some((running.swap_remove(place), outcome)));
        }
    }
    Ok(None)
}
