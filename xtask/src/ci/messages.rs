//! What `ci` says: a line when a task ends, and the summary that closes the run.

use super::covered::Covered;
use super::running::TaskOutput;
use super::{failed, unproved};
use crate::report::{seconds, table};
use serde_json::{Value, json};
use std::fmt;
use std::time::Duration;
use xtask_core::check::excerpt::{self, Excerpt};
use xtask_core::check::requirement::NotRun;
use xtask_core::check::schedule::{Outcome, critical_path};
use xtask_core::check::task::Task;

/// A task that ended, or was left out.
#[derive(Clone, Debug)]
pub(super) struct Ended {
    pub(super) name: &'static str,
    /// What failed, if it did.
    pub(super) failures: Vec<Excerpt>,
    /// Its tests that did not run.
    pub(super) not_run: Vec<NotRun>,
    claim: &'static str,
    pub(super) outcome: Outcome,
    took: Duration,
    /// The line with which its test runner closed.
    closing: Option<String>,
    /// Why it was not checked, if so.
    reason: String,
}

impl Ended {
    pub(super) fn new(task: &Task, outcome: Outcome, took: Duration, output: &TaskOutput) -> Self {
        let mut ended = Self::without_run(task, outcome);
        ended.took = took;
        let closing = task.runner.and_then(|runner| runner.closing_line(&output.whole));
        ended.closing = closing.map(str::to_owned);
        if let (true, Some((command, log))) = (ended.failed(), &output.last) {
            ended.failures = excerpt::Failed { command, runner: task.runner, log }.excerpts();
        }
        if ended.not_checked() {
            reason(&output.whole).clone_into(&mut ended.reason);
        }
        ended
    }

    /// A task that was left out.
    pub(super) fn without_run(task: &Task, outcome: Outcome) -> Self {
        Self {
            name: task.name,
            claim: task.claim,
            outcome,
            took: Duration::ZERO,
            closing: None,
            reason: String::new(),
            failures: Vec::new(),
            not_run: Vec::new(),
        }
    }

    /// The one line said when it ends; a failure brings what failed by name. What it said closes
    /// the run, where no other task talks over it.
    pub(super) fn line(&self) -> String {
        let (word, name) = (word(self.outcome), self.name);
        if self.did_not_run() {
            return format!("{word:<11} {name}");
        }
        let line = format!("{word:<11} {name:<14} {}", seconds(self.took));
        match self.failed() {
            true => format!("{line}\n{}", failed::names(self)),
            false if self.not_checked() => format!("{line}\n    {}", self.reason),
            false => line,
        }
    }

    /// Why it was not checked.
    pub(super) fn reason(&self) -> &str {
        &self.reason
    }

    fn failed(&self) -> bool {
        matches!(self.outcome, Outcome::Failed | Outcome::TimedOut)
    }

    fn not_checked(&self) -> bool {
        self.outcome == Outcome::NotChecked
    }

    fn did_not_run(&self) -> bool {
        let outcomes = [Outcome::Skipped, Outcome::Cached, Outcome::Unaffected];
        outcomes.contains(&self.outcome)
    }

    fn time(&self) -> String {
        if self.did_not_run() { "-".to_owned() } else { seconds(self.took) }
    }
}

/// Why a task was not checked: the last line it said.
fn reason(log: &str) -> &str {
    let last = log.trim_end().lines().last().unwrap_or_default().trim();
    last.strip_prefix("not checked: ").unwrap_or(last)
}

/// All that a run of `ci` came to.
pub(super) struct Summary {
    ended: Vec<Ended>,
    covered: Vec<Covered>,
    took: Duration,
    critical: (Vec<&'static str>, Duration),
}

impl Summary {
    /// `ended` has one entry for each of `tasks`, which stand in order.
    pub(super) fn new(
        tasks: &[Task],
        mut ended: Vec<Ended>,
        mut covered: Vec<Covered>,
        took: Duration,
    ) -> Self {
        let place = |name: &str| tasks.iter().position(|task| task.name == name);
        ended.sort_by_key(|it| place(it.name));
        covered.sort_by_key(|it| it.name);
        let ran = |task: &&Task| ended.iter().any(|it| it.name == task.name && !it.did_not_run());
        let ran: Vec<Task> = tasks.iter().filter(ran).cloned().collect();
        let times: Vec<Duration> =
            ended.iter().filter(|it| !it.did_not_run()).map(|it| it.took).collect();
        let critical = critical_path(&ran, &times);
        Self { ended, covered, took, critical }
    }

    /// Nothing failed; if `strict`, everything was looked at too.
    pub(super) fn is_good(&self, strict: bool) -> bool {
        let not_all = |it: &Ended| it.not_checked() || !it.not_run.is_empty();
        !self.ended.iter().any(|it| it.failed() || (strict && not_all(it)))
    }

    /// One loud line for each task that could not look.
    fn not_checked(&self) -> Vec<String> {
        let unchecked = self.ended.iter().filter(|it| it.not_checked());
        unchecked.map(|it| format!("NOT CHECKED: {}: {}", it.name, it.reason)).collect()
    }

    fn count(&self, of: impl Fn(&Ended) -> bool) -> usize {
        self.ended.iter().filter(|it| of(it)).count()
    }

    /// `3 passed, 0 failed`, and what was left out or could not be checked.
    fn closing(&self) -> String {
        let good = [Outcome::Passed, Outcome::Cached];
        let passed = self.count(|it| good.contains(&it.outcome));
        let skipped = self.count(|it| !good.contains(&it.outcome) && !it.failed());
        let left_out = if skipped > 0 { format!(", {skipped} skipped") } else { String::new() };
        format!("{passed} passed, {} failed{left_out}", self.count(Ended::failed))
    }

    /// `coverage: rust 81.2 % of 9000 lines`, a line for each language.
    fn coverage(&self) -> Vec<String> {
        self.covered.iter().map(|it| format!("coverage: {}: {}", it.name, it.coverage)).collect()
    }

    /// The tasks that could not be run, and those that left tests out, in a line.
    pub(super) fn left_out(&self) -> String {
        let left_out = self.ended.iter().filter(|it| it.not_checked() || !it.not_run.is_empty());
        left_out.map(|it| it.name).collect::<Vec<_>>().join(", ")
    }

    /// How many were not run because they had passed, and how to run them.
    fn cached(&self) -> Option<String> {
        let cached = self.count(|it| it.outcome == Outcome::Cached);
        let say =
            || format!("{cached} cached: nothing they depend on changed; `--fresh` runs them");
        (cached > 0).then(say)
    }

    fn critical(&self) -> String {
        let (path, took) = &self.critical;
        if path.is_empty() {
            return format!("nothing had to run ({})", seconds(self.took));
        }
        format!(
            "critical path: {} ({} of {})",
            path.join(" > "),
            seconds(*took),
            seconds(self.took)
        )
    }

    pub(super) fn json(&self) -> Value {
        let tasks = self.ended.iter().map(|it| {
            json!({
                "name": it.name, "claim": it.claim, "outcome": it.outcome,
                "seconds": it.took.as_secs_f64(), "tests": it.closing,
                "reason": it.not_checked().then_some(&it.reason), "log": log_file(it.name),
                "failures": it.failures, "not_run": it.not_run,
            })
        });
        json!({
            "tasks": tasks.collect::<Vec<_>>(), "seconds": self.took.as_secs_f64(),
            "critical_path": { "tasks": self.critical.0, "seconds": self.critical.1.as_secs_f64() },
            "coverage": self.covered.iter().map(|it| (it.name.to_owned(), json!(it.coverage)))
                .collect::<serde_json::Map<_, _>>(),
            "closing": self.closing(),
        })
    }

    /// The page that GitHub shows of a run.
    pub(super) fn markdown(&self) -> String {
        let row = |it: &Ended| {
            format!("| {} | {} | {} | {} |\n", word(it.outcome), it.name, it.time(), it.claim)
        };
        let rows: String = self.ended.iter().map(row).collect();
        let head = "| outcome | task | time | claim |\n|---|---|---:|---|\n";
        let unchecked: String =
            self.not_checked().iter().map(|line| format!("**{line}**\n\n")).collect();
        let unproved = unproved::paragraphs(&self.ended).into_iter().map(|it| {
            let (first, tests) = it.split_once('\n').unwrap_or((&it, ""));
            format!("**{first}**\n\n```text\n{tests}\n```\n\n")
        });
        let unproved: String = unproved.collect();
        let failures = failed::markdown(&self.ended);
        let coverage: String = self.coverage().iter().map(|line| format!("{line}\n\n")).collect();
        let critical = self.critical();
        format!(
            "## {}\n\n{unchecked}{unproved}{failures}{head}{rows}\n{coverage}{critical}\n",
            self.closing()
        )
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for it in &self.ended {
            if let Some(closing) = &it.closing {
                writeln!(formatter, "{}:\n{closing}", it.name)?;
            }
        }
        let row = |it: &Ended| {
            [word(it.outcome), it.name, &it.time(), it.claim].map(str::to_owned).to_vec()
        };
        let rows: Vec<Vec<String>> = self.ended.iter().map(row).collect();
        writeln!(formatter, "\n{}\n", table(&rows))?;
        let lines = self.coverage().into_iter().chain(self.cached()).chain([self.critical()]);
        writeln!(formatter, "{}\n", lines.collect::<Vec<_>>().join("\n"))?;
        let failures = self.ended.iter().flat_map(failed::paragraphs);
        let unproved = unproved::paragraphs(&self.ended);
        for paragraph in self.not_checked().into_iter().chain(unproved).chain(failures) {
            writeln!(formatter, "{paragraph}\n")?;
        }
        formatter.write_str(&self.closing())
    }
}

/// Where the log of a task is, from the root of the repository.
pub(super) fn log_file(name: &str) -> String {
    format!("target/ci/{name}.log")
}

/// The tasks as `--list` shows them.
pub(super) fn list(tasks: &[Task]) -> String {
    let head = ["TASK", "NEEDS", "CLAIM"].map(str::to_owned).to_vec();
    let row = |task: &Task| {
        let needs = if task.needs.is_empty() { "-".to_owned() } else { task.needs.join(", ") };
        let claim = if task.on_request {
            format!("{} (runs only where it is named)", task.claim)
        } else {
            task.claim.to_owned()
        };
        vec![task.name.to_owned(), needs, claim]
    };
    table(&[head].into_iter().chain(tasks.iter().map(row)).collect::<Vec<_>>())
}

/// The tasks as data.
pub(super) fn list_json(tasks: &[Task]) -> Value {
    let row = |task: &Task| {
        json!({
            "name": task.name, "claim": task.claim, "needs": task.needs, "inputs": task.inputs,
            "on_request": task.on_request, "limit_seconds": task.limit.as_secs(),
            "commands": task.commands.iter().map(ToString::to_string).collect::<Vec<_>>(),
        })
    };
    json!({ "tasks": tasks.iter().map(row).collect::<Vec<_>>() })
}

pub(super) fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Passed => "passed",
        Outcome::Failed => "FAILED",
        Outcome::TimedOut => "TIMED OUT",
        Outcome::NotChecked => "NOT CHECKED",
        Outcome::Cached => "cached",
        Outcome::Unaffected => "unaffected",
        Outcome::Skipped => "skipped",
    }
}

#[cfg(test)]
mod tests;
