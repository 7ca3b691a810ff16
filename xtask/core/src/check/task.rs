//! A check or a test of the repository, as data; `task/table.rs` holds all that `ci` runs.
//!
//! To add one, add a row there. Its name is what people type, its claim is what holds when it
//! passes.

pub mod audit;
mod inputs;
mod table;

use crate::command::Command;
use std::time::Duration;

pub use inputs::{Globs, InputSet, files};
pub use table::{all, sets};

/// The exit code by which a command says that it could not look: `EX_TEMPFAIL` of `sysexits.h`.
pub const NOT_CHECKED: i32 = 75;

/// One check or test.
///
/// A command passes with 0 and fails with anything else, but for [`NOT_CHECKED`]: with it the task
/// is `not checked`, and the last line that the command said, without a leading `not checked: `, is
/// the reason. It is for a check whose data cannot be reached, so that nobody takes silence for
/// success: it is said loudly, never counts as passed, and fails the run under `--strict`.
#[derive(Clone, Debug)]
pub struct Task {
    /// What people call it.
    pub name: &'static str,
    /// What holds when it passes.
    pub claim: &'static str,
    /// Files that decide its outcome, as globs from the root; `@name` stands for an [`InputSet`].
    pub inputs: &'static [&'static str],
    /// Tasks that must have passed before.
    pub needs: &'static [&'static str],
    /// Paths that it makes and what needs it uses: if one is gone, it runs again.
    pub makes: &'static [&'static str],
    /// Programs that it cannot do without beside those it runs itself, as `doctor` calls them.
    pub uses: &'static [&'static str],
    /// Programs that decide how much it looks at: it notices whether they are there, and which.
    pub notices: &'static [&'static str],
    /// Why a pass says nothing about the next run, if so: it is then never cached.
    pub never_cached: Option<&'static str>,
    /// How many cores it keeps busy; at most what there is counts.
    pub cores: usize,
    /// Under which name it writes `target/ci/coverage/<name>/lcov.info`, if it does.
    pub coverage: Option<&'static str>,
    /// Whether it runs only where it is named: it asks nothing that another task does not.
    pub on_request: bool,
    /// Whether it has a machine of its own on GitHub: it takes minutes, and nothing needs it.
    pub apart: bool,
    /// What is run, in order, until one fails.
    pub commands: Vec<Command>,
    /// How long it may take in all.
    pub limit: Duration,
    /// Which runner's closing line tells how many tests it ran.
    pub runner: Option<Runner>,
}

/// A test runner, known by the line it closes with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Runner {
    /// `Summary [ 1.2s] 3 tests run: 3 passed, 0 skipped`
    Nextest,
    /// `Tests:       3 passed, 3 total`
    Jest,
    /// `===== 3 passed in 0.12s =====`
    Pytest,
}

impl Runner {
    /// The last line of `log` in which the runner says how many tests passed.
    pub fn closing_line(self, log: &str) -> Option<&str> {
        let closes = |line: &&str| match self {
            // What a test prints is indented by more.
            Self::Nextest => line.starts_with("     Summary ["),
            Self::Jest => line.starts_with("Tests:"),
            Self::Pytest => line.starts_with('=') && line.ends_with('=') && line.contains(" in "),
        };
        log.lines().rev().map(str::trim_end).find(closes)
    }
}

fn task(name: &'static str, claim: &'static str, inputs: &'static [&'static str]) -> Task {
    let limit = Duration::from_secs(10 * 60);
    Task {
        name,
        claim,
        inputs,
        needs: &[],
        makes: &[],
        uses: &[],
        notices: &[],
        never_cached: None,
        cores: 1,
        coverage: None,
        on_request: false,
        apart: false,
        commands: Vec::new(),
        limit,
        runner: None,
    }
}

impl Task {
    /// The programs that it cannot do without, but for those that lie in the repository.
    pub fn programs(&self) -> Vec<&str> {
        let named = self.commands.iter().flat_map(|command| {
            let part = match command.args.first().map(String::as_str) {
                Some("nextest") => Some("cargo-nextest"),
                Some("clippy") => Some("clippy-driver"),
                Some("fmt") => Some("rustfmt"),
                _ => None,
            };
            [Some(command.program.as_str()), part.filter(|_| command.program == "cargo")]
        });
        let named = named.flatten().filter(|program| !program.contains('/'));
        let mut programs: Vec<&str> = named.chain(self.uses.iter().copied()).collect();
        programs.sort_unstable();
        programs.dedup();
        programs
    }

    /// The row itself as text: all of it that can change what a pass means.
    pub fn row(&self) -> String {
        let (inputs, makes) = (self.inputs.join(" "), self.makes.join(" "));
        let mut row = format!("{}\n{inputs}\n{makes}\n", self.name);
        for command in &self.commands {
            row += &format!("{}: {command}\n", command.folder.as_deref().unwrap_or("."));
        }
        row
    }

    fn makes(mut self, makes: &'static [&'static str]) -> Self {
        self.makes = makes;
        self
    }

    fn uses(mut self, uses: &'static [&'static str]) -> Self {
        self.uses = uses;
        self
    }

    fn notices(mut self, notices: &'static [&'static str]) -> Self {
        self.notices = notices;
        self
    }

    fn cores(mut self, cores: usize) -> Self {
        self.cores = cores;
        self
    }

    fn coverage(mut self, name: &'static str) -> Self {
        self.coverage = Some(name);
        self
    }

    /// For a task whose outcome depends on what lies outside the repository: says what.
    fn never_cached(mut self, why: &'static str) -> Self {
        self.never_cached = Some(why);
        self
    }

    fn needs(mut self, needs: &'static [&'static str]) -> Self {
        self.needs = needs;
        self
    }

    fn on_request(mut self) -> Self {
        self.on_request = true;
        self
    }

    fn apart(mut self) -> Self {
        self.apart = true;
        self
    }

    fn runs(mut self, command: Command) -> Self {
        self.commands.push(command);
        self
    }

    fn minutes(mut self, minutes: u64) -> Self {
        self.limit = Duration::from_secs(minutes * 60);
        self
    }

    fn runner(mut self, runner: Runner) -> Self {
        self.runner = Some(runner);
        self
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A task that runs nothing, for tests of order and time.
    pub(crate) fn stub(name: &'static str, needs: &'static [&'static str]) -> Task {
        task(name, "a claim", &["**"]).needs(needs)
    }

    #[test]
    fn names_are_unique_and_every_task_claims_something_and_runs_something() {
        let tasks = all();
        for (at, task) in tasks.iter().enumerate() {
            assert!(tasks[..at].iter().all(|other| other.name != task.name), "{} twice", task.name);
            assert!(!task.claim.is_empty() && !task.inputs.is_empty() && !task.commands.is_empty());
        }
    }

    #[test]
    fn every_program_of_the_table_is_one_that_doctor_knows_or_every_system_has() {
        let everywhere = ["bash", "rm"];
        let known =
            |name: &str| crate::check::tools::named(name).is_some() || everywhere.contains(&name);
        for task in all() {
            let programs = task.programs().into_iter().chain(task.notices.iter().copied());
            let unknown: Vec<_> = programs.filter(|program| !known(program)).collect();
            assert!(unknown.is_empty(), "task `{}` runs {unknown:?}", task.name);
        }
    }

    #[test]
    fn what_reads_crates_needs_the_task_that_fetches_them() {
        let tasks = all();
        let needs = |task: &Task| {
            let only = [task.name.to_owned()];
            let graph =
                crate::check::graph::Graph::new(&tasks).and_then(|it| it.choose(&only, &[]));
            graph.unwrap().tasks().iter().any(|it| it.name == "cargo-fetch")
        };
        let reads = |command: &Command| match command.program.as_str() {
            "cargo" => !matches!(command.args[0].as_str(), "fmt" | "xtask"),
            program => program == "cargo-deny",
        };
        for task in tasks.iter().filter(|task| task.commands.iter().any(reads)) {
            assert!(needs(task), "`{}` finds crates by chance", task.name);
        }
    }

    #[test]
    fn a_part_of_cargo_that_a_task_runs_is_a_program_of_its_own() {
        let tasks = all();
        let programs = |name: &str| tasks.iter().find(|it| it.name == name).unwrap().programs();
        assert_eq!(programs("rustfmt"), ["cargo", "rustfmt"]);
        assert_eq!(programs("shellcheck"), ["bash", "git", "shellcheck"]);
        assert_eq!(programs("black"), [""; 0], "what lies in the repository is made by a task");
    }

    #[test]
    fn the_closing_line_of_each_runner_is_found() {
        let nextest = "noise\n     Summary [   0.4s] 3 tests run: 3 passed, 0 skipped\n";
        assert_eq!(
            Runner::Nextest.closing_line(nextest),
            Some("     Summary [   0.4s] 3 tests run: 3 passed, 0 skipped")
        );
        let jest = "Test Suites: 1 passed, 1 total\nTests:       3 passed, 3 total\nTime: 2 s\n";
        assert_eq!(Runner::Jest.closing_line(jest), Some("Tests:       3 passed, 3 total"));
        let pytest =
            "==== short test summary info ====\nFAILED a\n=== 1 failed, 2 passed in 0.12s ===\n";
        assert_eq!(
            Runner::Pytest.closing_line(pytest),
            Some("=== 1 failed, 2 passed in 0.12s ===")
        );
        assert_eq!(Runner::Pytest.closing_line("no tests"), None);
    }
}
