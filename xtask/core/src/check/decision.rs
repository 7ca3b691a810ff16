//! Whether a task runs in this run, and why: what passed is cached by all it depends on.

use crate::check::graph::position;
use crate::check::requirement::NotRun;
use crate::check::task::{Globs, Task};
use crate::digest::Digest;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// All that the outcome of a task depends on, in four digests, so that a change has a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key {
    /// Its files, by path and content.
    pub inputs: Digest,
    /// The keys of what it needs.
    pub needs: Digest,
    /// The programs it uses, by version.
    pub tools: Digest,
    /// Its row in the table.
    pub row: Digest,
}

impl Key {
    /// The digest of the whole, for what needs it.
    pub fn digest(&self) -> Digest {
        let parts = [self.inputs, self.needs, self.tools, self.row];
        Digest::of(parts.map(|it| it.to_string()).join("\n").as_bytes())
    }

    /// What is not the same in `now`.
    fn changed(&self, now: &Self) -> Option<&'static str> {
        let parts = [
            (self.row, now.row, "its row in the table changed"),
            (self.inputs, now.inputs, "its inputs changed"),
            (self.tools, now.tools, "a tool it uses changed"),
            (self.needs, now.needs, "what it needs changed"),
        ];
        parts.into_iter().find(|(before, now, _)| before != now).map(|(_, _, what)| what)
    }
}

/// How a task ended the last time, and what it was when it last passed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Past {
    /// How it ended, in a word.
    pub outcome: String,
    /// When, RFC 3339.
    pub at: String,
    /// How long it took when it last passed, in milliseconds.
    pub took_ms: Option<u64>,
    /// All that it depended on when it passed; nothing if it did not, or was not ended.
    pub passed: Option<Key>,
    /// Its tests that did not run, as something was missing.
    #[serde(default)]
    pub not_run: Vec<NotRun>,
}

/// What became of each task in earlier runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Memory {
    /// By the name of the task.
    pub tasks: BTreeMap<String, Past>,
}

/// Which earlier passes a run believes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Belief {
    /// Those whose every condition is the same.
    Same,
    /// None: continuous integration looks for itself.
    NoneInCi,
    /// None: somebody asked for a fresh run.
    NoneFresh,
}

/// What is known of one task before a run.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// All that it depends on now.
    pub key: Option<Key>,
    /// What it depended on when it last passed.
    pub passed: Option<Key>,
    /// Something it makes that is not there.
    pub gone: Option<String>,
    /// Where only what changed is looked at: the first changed files among its inputs.
    pub selected_by: Option<Vec<String>>,
}

/// Whether a task runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It runs, because of this.
    Runs(Why),
    /// It passed, and nothing it depends on changed since.
    Cached,
    /// None of its inputs changed.
    Unaffected,
}

/// Why a task runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// Continuous integration remembers nothing.
    Ci,
    /// Somebody asked for a fresh run.
    Fresh,
    /// Its outcome depends on what lies outside.
    Outside(&'static str),
    /// No pass of it is cached.
    NeverPassed,
    /// Something it depends on changed.
    Changed(&'static str),
    /// Something it makes is gone.
    Gone(String),
    /// These changed files are among its inputs.
    Affected(Vec<String>),
    /// What it makes is needed by this task.
    NeededBy(&'static str),
}

/// Says for each of `tasks`, which stand in order, whether it has its turn.
pub fn decisions(tasks: &[Task], known: &[Known], belief: Belief) -> Vec<Decision> {
    let own = |(task, known)| own_decision(task, known, belief);
    let mut decisions: Vec<Decision> = tasks.iter().zip(known).map(own).collect();
    // Needs come earlier in the order, so one walk from the end reaches them all.
    for at in (0..tasks.len()).rev() {
        if !matches!(decisions[at], Decision::Runs(_)) {
            continue;
        }
        for need in tasks[at].needs.iter().filter_map(|need| position(tasks, need)) {
            let lacking = !tasks[need].makes.is_empty()
                && distrust(&tasks[need], &known[need], belief).is_some();
            if lacking && !matches!(decisions[need], Decision::Runs(_)) {
                decisions[need] = Decision::Runs(Why::NeededBy(tasks[at].name));
            }
        }
    }
    decisions
}

fn own_decision(task: &Task, known: &Known, belief: Belief) -> Decision {
    if known.selected_by.as_ref().is_some_and(Vec::is_empty) {
        return Decision::Unaffected;
    }
    match (distrust(task, known, belief), &known.selected_by) {
        (None, _) => Decision::Cached,
        (Some(_), Some(files)) => Decision::Runs(Why::Affected(files.clone())),
        (Some(why), None) => Decision::Runs(why),
    }
}

/// Why the last pass of a task does not stand, if so.
fn distrust(task: &Task, known: &Known, belief: Belief) -> Option<Why> {
    match belief {
        Belief::NoneInCi => return Some(Why::Ci),
        Belief::NoneFresh => return Some(Why::Fresh),
        Belief::Same => {}
    }
    if let Some(outside) = task.never_cached {
        return Some(Why::Outside(outside));
    }
    let (Some(before), Some(now)) = (&known.passed, &known.key) else {
        return Some(Why::NeverPassed);
    };
    before.changed(now).map(Why::Changed).or_else(|| known.gone.clone().map(Why::Gone))
}

/// The first of the `changed` files that are inputs of `task`; what every task depends on counts.
pub fn selecting(task: &Task, changed: &[String]) -> Vec<String> {
    let inputs: Vec<&'static str> = task.inputs.iter().copied().chain(["@all-tasks"]).collect();
    let globs = Globs::of(&inputs);
    changed.iter().filter(|path| globs.hold(path)).take(3).cloned().collect()
}

impl Decision {
    /// Whether it runs.
    pub fn runs(&self) -> bool {
        matches!(self, Self::Runs(_))
    }
}

impl fmt::Display for Decision {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Runs(why) => write!(formatter, "runs: {why}"),
            Self::Cached => {
                formatter.write_str("cached: it passed, and nothing it depends on changed")
            }
            Self::Unaffected => formatter.write_str("unaffected: none of its inputs changed"),
        }
    }
}

impl fmt::Display for Why {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ci => formatter.write_str("`CI` is set, so nothing is cached"),
            Self::Fresh => formatter.write_str("a fresh run was asked for"),
            Self::Outside(why) => write!(formatter, "never cached: {why}"),
            Self::NeverPassed => formatter.write_str("no pass of it is cached"),
            Self::Changed(what) => formatter.write_str(what),
            Self::Gone(path) => write!(formatter, "`{path}`, which it makes, is gone"),
            Self::Affected(files) => write!(formatter, "changed: {}", files.join(", ")),
            Self::NeededBy(task) => write!(formatter, "`{task}` needs what it makes"),
        }
    }
}

#[cfg(test)]
mod tests;
