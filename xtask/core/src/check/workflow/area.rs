//! How the tasks of `ci` are shared out over machines that work side by side.

use crate::check::task::Task;
use crate::command::Command;

/// What runs on one machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Area {
    /// What cargo builds and tests.
    Rust,
    /// What looks at the services only.
    Services,
    /// One task that takes minutes, and that nothing else needs.
    Apart(&'static str),
    /// Everything else; a new task is here until it says otherwise by what it is.
    Rest,
}

impl Area {
    /// All that `tasks` are shared out over.
    pub fn all(tasks: &[Task]) -> Vec<Self> {
        let apart = tasks.iter().map(|task| Self::of(task, tasks));
        let apart = apart.filter(|area| matches!(area, Self::Apart(_)));
        [Self::Rust, Self::Services].into_iter().chain(apart).chain([Self::Rest]).collect()
    }

    /// Where `task` belongs: with what it needs, because it uses what that made.
    pub fn of(task: &Task, tasks: &[Task]) -> Self {
        if task.apart || task.on_request {
            return Self::Apart(task.name);
        }
        let needed = tasks.iter().find(|other| task.needs.contains(&other.name));
        if let Some(needed) = needed {
            return Self::of(needed, tasks);
        }
        let is_service = |command: &Command| {
            command.folder.as_ref().is_some_and(|folder| folder.starts_with("services/"))
        };
        let is_cargo = |command: &Command| {
            command.program == "cargo" && command.args.first().is_none_or(|word| word != "xtask")
        };
        match &task.commands {
            commands if commands.iter().any(is_service) => Self::Services,
            commands if commands.iter().any(is_cargo) => Self::Rust,
            _ => Self::Rest,
        }
    }

    /// The words that make `./x` run the tasks of this area, and none of another.
    pub fn words(self, tasks: &[Task]) -> Option<String> {
        let own: Vec<&Task> = tasks.iter().filter(|task| Self::of(task, tasks) == self).collect();
        let is_own = |name: &str| own.iter().any(|task| task.name == name);
        let mut foreign: Vec<&str> =
            own.iter().flat_map(|task| task.needs).copied().filter(|it| !is_own(it)).collect();
        foreign.sort_unstable();
        foreign.dedup();
        let only = own.iter().map(|task| format!(" --only {}", task.name));
        // Another machine runs those, and the gate waits for it.
        let skip = foreign.iter().map(|name| format!(" --skip {name}"));
        let words: String =
            std::iter::once("ci --keep-going".to_owned()).chain(only).chain(skip).collect();
        (!own.is_empty()).then_some(words)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::graph::Graph;
    use crate::check::task;

    /// The tasks that `ci` runs for `words`.
    fn chosen(words: &str, tasks: &[Task]) -> Vec<&'static str> {
        let of = |flag: &str| -> Vec<String> {
            let words: Vec<&str> = words.split(' ').collect();
            let pairs = words.windows(2).filter(|pair| pair[0] == flag);
            pairs.map(|pair| pair[1].to_owned()).collect()
        };
        let graph = Graph::new(tasks).unwrap().choose(&of("--only"), &of("--skip")).unwrap();
        graph.tasks().iter().map(|task| task.name).collect()
    }

    #[test]
    fn every_task_runs_on_exactly_one_machine() {
        let tasks = task::all();
        let words = Area::all(&tasks).into_iter().filter_map(|area| area.words(&tasks));
        let mut run: Vec<_> = words.flat_map(|words| chosen(&words, &tasks)).collect();
        let mut all: Vec<_> = tasks.iter().map(|task| task.name).collect();
        run.sort_unstable();
        all.sort_unstable();
        assert_eq!(run, all);
    }
}
