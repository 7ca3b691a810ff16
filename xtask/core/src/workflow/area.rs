//! How the tasks of `ci` are shared out over machines that work side by side.

use crate::task::Task;

/// What runs on one machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Area {
    /// What cargo builds and tests.
    Rust,
    /// What looks at the services only.
    Services,
    /// What wants the whole machine: the road, walked for real.
    Road,
    /// Everything else; a new task is here until it says otherwise by what it is.
    Rest,
}

impl Area {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Rust, Self::Services, Self::Road, Self::Rest];

    /// Where `task` belongs.
    pub fn of(task: &Task) -> Self {
        if task.alone {
            return Self::Road;
        }
        if task.inputs.iter().all(|glob| glob.starts_with("services/")) {
            return Self::Services;
        }
        let cargo = task.commands.iter().any(|command| command.program == "cargo");
        if cargo { Self::Rust } else { Self::Rest }
    }

    /// The words that make `./x` run the tasks of this area, and none of another.
    pub fn words(self, tasks: &[Task]) -> Option<String> {
        let own: Vec<&Task> = tasks.iter().filter(|task| Self::of(task) == self).collect();
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
    use crate::graph::Graph;
    use crate::task;

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
        let words = Area::ALL.into_iter().filter_map(|area| area.words(&tasks));
        let mut run: Vec<_> = words.flat_map(|words| chosen(&words, &tasks)).collect();
        let mut all: Vec<_> = tasks.iter().map(|task| task.name).collect();
        run.sort_unstable();
        all.sort_unstable();
        assert_eq!(run, all);
    }
}
