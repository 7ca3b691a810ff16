//! The checks and tests of the repository, as a table: what `ci` runs.
//!
//! To add one, add a row. Its name is what people type, its claim is what holds when it passes.

use crate::command::Command;
use std::time::Duration;

/// One check or test.
#[derive(Clone, Debug)]
pub struct Task {
    /// What people call it.
    pub name: &'static str,
    /// What holds when it passes.
    pub claim: &'static str,
    /// Files that decide its outcome, as globs from the root.
    pub inputs: &'static [&'static str],
    /// Tasks that must have passed before.
    pub needs: &'static [&'static str],
    /// Whether nothing else may run beside it.
    pub alone: bool,
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
            Self::Nextest => line.trim_start().starts_with("Summary ["),
            Self::Jest => line.starts_with("Tests:"),
            Self::Pytest => line.starts_with('=') && line.ends_with('=') && line.contains(" in "),
        };
        log.lines().rev().map(str::trim_end).find(closes)
    }
}

const RUST: &[&str] = &[
    "Cargo.*",
    "clippy.toml",
    "rustfmt.toml",
    ".cargo/**",
    "xtask/**",
    "images/**",
    "deploy.toml",
];
const BACKEND: &[&str] = &["services/backend/**"];
const ML: &[&str] = &["services/ml-service/**"];
const SCRIPTS: &[&str] = &["x", ".ci/run", "scripts/**", "services/*/tools/*"];
const EVERYTHING: &[&str] = &["**"];

/// Every task, in the order in which people should hear of them.
pub fn all() -> Vec<Task> {
    [rust(), backend(), ml_service(), whole()].concat()
}

fn rust() -> Vec<Task> {
    let clippy = cargo("clippy --workspace --all-targets -- -D warnings");
    let nextest = cargo("nextest run --workspace --no-fail-fast -E").arg("not binary(e2e)");
    vec![
        task("rustfmt", "Rust has one form", RUST).runs(cargo("fmt --all --check")),
        // One cargo builds at a time: a second one would only wait for its lock.
        task("clippy", "Rust compiles without a warning", RUST).runs(clippy).minutes(20),
        task("rust-test", "Rust tests pass, the rules of the tree among them", EVERYTHING)
            .needs(&["clippy"])
            .runs(nextest)
            .minutes(30)
            .runner(Runner::Nextest),
    ]
}

fn backend() -> Vec<Task> {
    // The hooks before a script all build; built once, they would race with each other.
    let script = |name: &str| npm(&format!("run --ignore-scripts {name}"));
    let row = |name, claim| task(name, claim, BACKEND).needs(&["backend-build"]);
    vec![
        task("backend-build", "The backend installs from its lock and compiles", BACKEND)
            .runs(npm("ci --ignore-scripts --no-audit --no-fund --prefer-offline"))
            .runs(npm("run build")),
        row("eslint", "TypeScript has no finding").runs(script("lint")),
        row("prettier", "TypeScript has one form").runs(script("format:check")),
        row("tsc", "TypeScript types hold, in tests too").runs(script("typecheck")),
        row("jest", "Backend tests pass and cover enough")
            .runs(script("test"))
            .minutes(15)
            .runner(Runner::Jest),
    ]
}

fn ml_service() -> Vec<Task> {
    // A Python is never downloaded: the machine has the one that is wanted.
    let uv = |words: &str| {
        words_of("uv", words).folder("services/ml-service").env("UV_PYTHON_DOWNLOADS", "never")
    };
    let lists = "requirements.txt requirements-model.txt requirements-dev.txt";
    let tool = |name: &str, words: &str| {
        words_of(&format!("services/ml-service/.venv/bin/{name}"), words)
            .folder("services/ml-service")
    };
    let row = |name, claim| task(name, claim, ML).needs(&["ml-install"]);
    vec![
        task("ml-install", "The ML service installs from its locks", ML)
            .runs(uv("venv --quiet --allow-existing --python 3.11 .venv"))
            .runs(uv(&format!("pip sync --quiet --require-hashes {lists}"))),
        row("black", "Python has one form").runs(tool("black", "--check --quiet .")),
        row("ruff", "Python has no finding").runs(tool("ruff", "check .")),
        row("mypy", "Python types hold, strictly").runs(tool("mypy", "")),
        row("pytest", "ML service tests pass and cover enough")
            .runs(tool("pytest", ""))
            .minutes(15)
            .runner(Runner::Pytest),
    ]
}

fn whole() -> Vec<Task> {
    let scripts = "git ls-files -z x .ci/run '*.sh' 'services/*/tools/lock' | xargs -0 shellcheck";
    vec![
        task("shellcheck", "Scripts have no finding", SCRIPTS)
            .runs(Command::new("bash").args(["-c", scripts])),
        // It changes what the machine's Docker engine runs, and measures time.
        task("e2e", "The whole road holds on this machine", EVERYTHING)
            .needs(&["rust-test"])
            .alone()
            .runs(cargo("nextest run --package xtask --test e2e"))
            .minutes(40)
            .runner(Runner::Nextest),
    ]
}

fn task(name: &'static str, claim: &'static str, inputs: &'static [&'static str]) -> Task {
    let limit = Duration::from_secs(10 * 60);
    Task {
        name,
        claim,
        inputs,
        needs: &[],
        alone: false,
        commands: Vec::new(),
        limit,
        runner: None,
    }
}

impl Task {
    fn needs(mut self, needs: &'static [&'static str]) -> Self {
        self.needs = needs;
        self
    }

    fn alone(mut self) -> Self {
        self.alone = true;
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

fn cargo(words: &str) -> Command {
    words_of("cargo", words)
}

fn npm(words: &str) -> Command {
    words_of("npm", words).folder("services/backend")
}

fn words_of(program: &str, words: &str) -> Command {
    Command::new(program).args(words.split_whitespace())
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A task that runs nothing, for tests of order and time.
    pub(crate) fn stub(name: &'static str, needs: &'static [&'static str]) -> Task {
        task(name, "a claim", EVERYTHING).needs(needs)
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
