//! `ci`: every check and test of the repository, as many at once as there are cores.

mod github;
mod running;
mod said;

use crate::edge::files;
use crate::error::{Context as _, Result};
use crate::exit::Exit;
use crate::flags::Ci;
use crate::world::World;
use github::Github;
use running::Running;
use said::{Ended, Summary};
use std::path::PathBuf;
use std::time::{Duration, Instant};
use xtask_core::graph::Graph;
use xtask_core::schedule::{AfterFailure, Outcome, Schedule};
use xtask_core::task::{self, Task};

/// How often what runs is looked at: far below the shortest task.
const LOOK: Duration = Duration::from_millis(10);

/// One run of the chosen tasks.
struct Run<'a> {
    world: &'a World<'a>,
    github: Github,
    tasks: &'a [Task],
    ended: Vec<Option<Ended>>,
}

pub(super) fn run(flags: &Ci, world: &World<'_>) -> Result<Exit> {
    let graph = Graph::new(&task::all()).and_then(|graph| graph.choose(&flags.only, &flags.skip));
    let graph = graph.or_usage(|| "cannot choose tasks".to_owned())?;
    if flags.list {
        world.report.data(&said::list_json(graph.tasks()), &said::list(graph.tasks()));
        return Ok(Exit::Done);
    }
    files::make_folder(&world.places.file("target/ci"))?;
    let began = Instant::now();
    let after = if flags.keep_going { AfterFailure::KeepGoing } else { AfterFailure::Stop };
    let mut run = Run::new(world, graph.tasks());
    run.all(after)?;
    let ended = run.ended.into_iter().flatten().collect();
    let summary = Summary::new(graph.tasks(), ended, began.elapsed());
    run.github.summary(&summary.markdown())?;
    world.report.data(&summary.json(), &summary.to_string());
    Ok(if summary.is_good(flags.strict) { Exit::Done } else { Exit::Planned })
}

impl<'a> Run<'a> {
    fn new(world: &'a World<'a>, tasks: &'a [Task]) -> Self {
        let ended = tasks.iter().map(|_| None).collect();
        Self { world, github: Github::find(), tasks, ended }
    }

    fn all(&mut self, after: AfterFailure) -> Result<()> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let mut schedule = Schedule::new(self.tasks, cores, after);
        let mut running: Vec<Running> = Vec::new();
        while !schedule.is_over() {
            while let Some(at) = schedule.start() {
                running.push(self.start(at)?);
            }
            let Some((at, outcome)) = take_ended(&mut running)? else {
                std::thread::sleep(LOOK);
                continue;
            };
            self.settle(at.at(), outcome, at.took())?;
            for skipped in schedule.end(at.at(), outcome) {
                self.settle(skipped, Outcome::Skipped, Duration::ZERO)?;
            }
        }
        Ok(())
    }

    fn start(&self, at: usize) -> Result<Running> {
        let task = &self.tasks[at];
        Running::start(at, task, &self.world.shell, &self.world.places.root, &self.log(task))
    }

    /// Remembers how a task ended, and says it.
    fn settle(&mut self, at: usize, outcome: Outcome, took: Duration) -> Result<()> {
        let task = &self.tasks[at];
        let log = match outcome {
            Outcome::Skipped => String::new(),
            _ => running::read_log(&self.log(task))?,
        };
        let ended = Ended::new(task, outcome, took, &log);
        self.world.report.status(&ended.line());
        if outcome != Outcome::Skipped {
            self.github.task(self.world.report, &ended, &log);
        }
        self.ended[at] = Some(ended);
        Ok(())
    }

    fn log(&self, task: &Task) -> PathBuf {
        self.world.places.file(said::log_file(task.name))
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
