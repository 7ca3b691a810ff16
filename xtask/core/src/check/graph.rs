//! Which tasks run, and in which order: what is needed comes before what needs it.

use crate::check::task::Task;
use thiserror::Error;

/// Why tasks cannot be put in order.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum GraphError {
    /// A task needs one that is not in the table.
    #[error("task `{by}` needs `{name}`, which is unknown; known: `{}`", known.join("`, `"))]
    NeedsUnknown {
        /// What is needed.
        name: String,
        /// What needs it.
        by: String,
        /// What there is.
        known: Vec<String>,
    },
    /// Somebody asked for one that is not in the table.
    #[error("unknown task `{name}`; known: `{}`", known.join("`, `"))]
    Unknown {
        /// What was asked for.
        name: String,
        /// What there is.
        known: Vec<String>,
    },
    /// Somebody asked for it, and asked to leave it out.
    #[error("task `{name}` is named by `--only` and by `--skip`")]
    Both { name: String },
    /// Tasks need each other in a circle.
    #[error("tasks need each other in a circle: `{}`", path.join("` needs `"))]
    Cycle {
        /// The circle, from one task back to itself.
        path: Vec<String>,
    },
}

/// Tasks in an order that holds: each after all that it needs.
#[derive(Clone, Debug)]
pub struct Graph {
    tasks: Vec<Task>,
}

impl Graph {
    /// Puts `tasks` in order; those that could stand anywhere keep their place in the table.
    pub fn new(tasks: &[Task]) -> Result<Self, GraphError> {
        for task in tasks {
            for need in task.needs {
                position(tasks, need).ok_or_else(|| GraphError::NeedsUnknown {
                    name: (*need).to_owned(),
                    by: task.name.to_owned(),
                    known: names(tasks),
                })?;
            }
        }
        let mut order = Vec::new();
        for at in 0..tasks.len() {
            visit(tasks, at, &mut Vec::new(), &mut order)?;
        }
        Ok(Self { tasks: order.into_iter().map(|at| tasks[at].clone()).collect() })
    }

    /// Keeps what `only` names and all it needs, without what `skip` names: what needs a skipped task
    /// runs all the same, as if it had passed. If `only` is empty, everything is kept but what runs
    /// on request.
    pub fn choose(self, only: &[String], skip: &[String]) -> Result<Self, GraphError> {
        for name in only.iter().chain(skip) {
            position(&self.tasks, name).ok_or_else(|| GraphError::Unknown {
                name: name.clone(),
                known: names(&self.tasks),
            })?;
        }
        if let Some(name) = only.iter().find(|it| skip.contains(it)) {
            return Err(GraphError::Both { name: name.clone() });
        }
        let mut kept: Vec<&str> = only.iter().map(String::as_str).collect();
        let skipped = |name: &str| skip.iter().any(|it| it == name);
        // Needs come earlier in the order, so one walk from the end finds them all.
        for task in self.tasks.iter().rev() {
            if kept.contains(&task.name) && !skipped(task.name) {
                kept.extend(task.needs);
            }
        }
        let wanted = |task: &Task| match only {
            [] => !task.on_request,
            _ => kept.contains(&task.name),
        };
        let stays = |task: &Task| wanted(task) && !skipped(task.name);
        Ok(Self { tasks: self.tasks.iter().filter(|task| stays(task)).cloned().collect() })
    }

    /// The tasks, in order.
    pub fn tasks(&self) -> &[Task] {
        &self.tasks
    }
}

/// Where the task called `name` stands.
pub(crate) fn position(tasks: &[Task], name: &str) -> Option<usize> {
    tasks.iter().position(|task| task.name == name)
}

fn names(tasks: &[Task]) -> Vec<String> {
    tasks.iter().map(|task| task.name.to_owned()).collect()
}

/// Depth first; `path` is how we came here, `order` what is placed already.
fn visit(
    tasks: &[Task],
    at: usize,
    path: &mut Vec<usize>,
    order: &mut Vec<usize>,
) -> Result<(), GraphError> {
    if order.contains(&at) {
        return Ok(());
    }
    let came_by = path.iter().position(|&it| it == at);
    path.push(at);
    if let Some(start) = came_by {
        let path = path[start..].iter().map(|&it| tasks[it].name.to_owned()).collect();
        return Err(GraphError::Cycle { path });
    }
    for need in tasks[at].needs.iter().filter_map(|need| position(tasks, need)) {
        visit(tasks, need, path, order)?;
    }
    path.pop();
    order.push(at);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::task::{self, tests::stub};

    fn chosen(only: &[&str], skip: &[&str]) -> Vec<&'static str> {
        let tasks = vec![
            stub("test", &["lint"]),
            stub("lint", &["install"]),
            stub("install", &[]),
            stub("form", &[]),
        ];
        let owned = |words: &[&str]| words.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>();
        let graph = Graph::new(&tasks).unwrap().choose(&owned(only), &owned(skip)).unwrap();
        graph.tasks().iter().map(|task| task.name).collect()
    }

    #[test]
    fn what_is_needed_comes_first() {
        assert_eq!(chosen(&[], &[]), ["install", "lint", "test", "form"]);
    }

    #[test]
    fn only_brings_what_it_needs_and_nothing_else() {
        assert_eq!(chosen(&["lint"], &[]), ["install", "lint"]);
    }

    #[test]
    fn skip_leaves_out_a_task_and_what_only_it_needed() {
        assert_eq!(chosen(&[], &["install"]), ["lint", "test", "form"]);
        assert_eq!(chosen(&["test"], &["lint"]), ["test"]);
    }

    #[test]
    fn what_runs_on_request_is_left_out_until_it_is_named() {
        let tasks = vec![stub("a", &[]), Task { on_request: true, ..stub("b", &["a"]) }];
        let chosen = |only: &[String]| {
            let graph = Graph::new(&tasks).unwrap().choose(only, &[]).unwrap();
            graph.tasks().iter().map(|task| task.name).collect::<Vec<_>>()
        };
        assert_eq!(chosen(&[]), ["a"]);
        assert_eq!(chosen(&["b".to_owned()]), ["a", "b"]);
    }

    #[test]
    fn a_task_that_is_wanted_and_not_wanted_is_a_mistake() {
        let graph = Graph::new(&[stub("a", &[])]).unwrap();
        let error = graph.choose(&["a".into()], &["a".into()]).unwrap_err();
        insta::assert_snapshot!(error, @"task `a` is named by `--only` and by `--skip`");
    }

    #[test]
    fn a_circle_is_refused_with_the_path() {
        let tasks = vec![stub("a", &["b"]), stub("b", &["c"]), stub("c", &["b"])];
        let error = Graph::new(&tasks).unwrap_err();
        insta::assert_snapshot!(error, @"tasks need each other in a circle: `b` needs `c` needs `b`");
    }

    #[test]
    fn an_unknown_need_is_refused_with_what_is_known() {
        let error = Graph::new(&[stub("a", &["z"])]).unwrap_err();
        insta::assert_snapshot!(error, @"task `a` needs `z`, which is unknown; known: `a`");
        let error = Graph::new(&[stub("a", &[])]).unwrap().choose(&["b".into()], &[]).unwrap_err();
        insta::assert_snapshot!(error, @"unknown task `b`; known: `a`");
    }

    #[test]
    fn the_table_can_be_put_in_order() {
        assert_eq!(Graph::new(&task::all()).unwrap().tasks().len(), task::all().len());
    }
}
