//! The rows: every check and test of the repository, in the order in which people hear of them.
//!
//! To add one, write its row in the function of its room, or a function beside them.

use super::{Runner, Task, task};
use crate::command::Command;

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
const DENY: &[&str] = &["Cargo.*", "deny.toml", "xtask/**/Cargo.toml"];
const RUST_AND_DOCS: &[&str] = &["Cargo.*", ".cargo/**", "xtask/**", "docs/*.md"];
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
        task("cargo-deny", "Rust dependencies are licensed, and from crates.io", DENY).runs(
            words_of("cargo-deny", "--offline --log-level error check licenses sources bans"),
        ),
        // What others publish changes by the hour, and history is in no file: never remembered.
        task("cargo-advisories", "Nothing blocking is known of Rust dependencies", EVERYTHING)
            .runs(cargo("xtask advisories rust")),
        task("npm-audit", "Nothing blocking is known of the backend's packages", EVERYTHING)
            .runs(cargo("xtask advisories npm")),
        task("pip-audit", "Nothing blocking is known of the ML service's wheels", EVERYTHING)
            .needs(&["ml-install"])
            .runs(cargo("xtask advisories python")),
        task("gitleaks", "No commit holds a secret", EVERYTHING).runs(cargo("xtask leaks")),
        task("docs-in-step", "Generated documents say what the program does", RUST_AND_DOCS)
            .needs(&["clippy"])
            .runs(cargo("xtask docs --check")),
        // It changes what the machine's Docker engine runs, and measures time.
        task("e2e", "The whole road holds on this machine", EVERYTHING)
            .needs(&["rust-test"])
            .alone()
            .runs(cargo("nextest run --package xtask --test e2e"))
            .minutes(40)
            .runner(Runner::Nextest),
    ]
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
