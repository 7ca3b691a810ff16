//! The rows: every check and test of the repository, in the order in which people hear of them.
//!
//! To add one, write its row in the function of its room, or a function beside them.

use super::{InputSet, Runner, Task, task};
use crate::command::Command;

const RUST: &[&str] = &["@rust"];
const BACKEND: &[&str] = &["@backend"];
const ML: &[&str] = &["@ml-service"];
// It passes over what git ignores.
const RUFF: &[&str] = &["@ml-service", ".gitignore"];
// Tests run the check of the service's image as it is written there.
const JEST: &[&str] = &["@backend", "@contract", "images/backend.toml"];
const JEST_ON_NEWER: &[&str] =
    &["@backend", "@contract", "images/backend.toml", "images/node-*/**"];
const PYTEST: &[&str] = &["@ml-service", "images/ml-service.toml"];
// Both services are asked as they run.
const BOTH: &[&str] = &["@backend", "@ml-service", "services/contract/**", ".gitignore"];
const ORACLE: &[&str] = &["xtask/tests/oracle/package*.json", "xtask/tests/oracle/.npmrc"];
const IMAGES: &[&str] = &["@rust", "@backend", "@ml-service"];
const SCRIPTS: &[&str] = &["x", ".ci/run", "scripts/**", "services/*/tools/*", "**/*.sh"];
const DENY: &[&str] = &["Cargo.*", ".cargo/**", "deny.toml", "xtask/**/Cargo.toml"];
const RUST_AND_DOCS: &[&str] = &[
    "Cargo.*",
    ".cargo/**",
    "xtask/**",
    "docs/*.md",
    "docs/deployment/ENVIRONMENT.md",
    ".env.example",
    "@settings",
];
const DOCKERFILES: &[&str] = &["services/*/Dockerfile", "images/compose/*/Dockerfile"];
const WORKFLOWS: &[&str] = &[".github/**", ".gitignore"];
const SERVER: &[&str] = &["@rust", "scripts/deploy/**"];
const EVERYTHING: &[&str] = &["**"];
const ADVISORIES: &str = "what is known of dependencies changes by the hour";
const CRATES: &str = "crates lie in cargo's own cache, outside of the checkout";

/// Some tests are skipped where one of these is missing.
const TOOLS_OF_RUST_TESTS: &[&str] = &[
    "cc",
    "docker",
    "docker-registry",
    "git",
    "gpg",
    "node",
    "npm",
    "openssl",
    "pgbouncer",
    "postgres",
    "python3.11",
    "redis-server",
    "skopeo",
    "strace",
    "trivy",
    "uv",
];

/// Files that several rows share, and the edges between them.
pub fn sets() -> &'static [InputSet] {
    const fn set(name: &'static str, inputs: &'static [&'static str]) -> InputSet {
        InputSet { name, inputs }
    }
    const {
        &[
            set(
                "rust",
                &[
                    "Cargo.*",
                    "clippy.toml",
                    "rustfmt.toml",
                    ".cargo/**",
                    "xtask/**",
                    "@images",
                    "@settings",
                ],
            ),
            set("images", &["images/**", "deploy.toml"]),
            set("backend", &["services/backend/**"]),
            set("ml-service", &["services/ml-service/**"]),
            // What both services declare, which generated pages are made of.
            set("settings", &["services/*/settings.json"]),
            // What the backend asks of the ML service: who changes it tests both.
            set("contract", &["services/ml-service/src/nutri_ml/http/**"]),
            // What every task depends on, beside its own inputs: the rows, and which tools there are.
            set(
                "all-tasks",
                &["xtask/core/src/check/task.rs", "xtask/core/src/check/task/**", "@toolchain"],
            ),
            set("toolchain", &["x", "scripts/**", "flake.*", "nix/**"]),
        ]
    }
}

/// Every task, in the order in which people should hear of them.
pub fn all() -> Vec<Task> {
    [rust(), backend(), ml_service(), whole(), containers()].concat()
}

fn rust() -> Vec<Task> {
    let clippy = cargo("clippy --workspace --all-targets -- -D warnings");
    vec![
        task("rustfmt", "Rust has one form", RUST).runs(cargo("fmt --all --check")),
        // Building fetches the crates of this platform only; what reads all of them, such as
        // cargo-deny, would find the others by chance.
        task("cargo-fetch", "Every crate of the lock, for every platform, is here", DENY)
            .never_cached(CRATES)
            .runs(cargo("fetch --quiet --locked")),
        // One cargo builds at a time: a second one would only wait for its lock.
        task("clippy", "Rust compiles without a warning", RUST)
            .needs(&["cargo-fetch"])
            .notices(&["cc"])
            .cores(2)
            .runs(clippy)
            .minutes(20),
        // Of the same machine as the tests that ask it, so it comes after what cargo fetches.
        task("prisma-oracle", "Prisma's own engine is here, for tests to ask", ORACLE)
            .needs(&["cargo-fetch"])
            .makes(&["xtask/tests/oracle/node_modules"])
            .runs(prisma_engine()),
        task("rust-test", "Rust tests pass, the rules of the tree among them", EVERYTHING)
            .needs(&["clippy", "prisma-oracle"])
            .notices(TOOLS_OF_RUST_TESTS)
            .cores(2)
            .runs(rust_tests())
            .minutes(60)
            .runner(Runner::Nextest),
        rust_coverage(),
        task("fuzz", "No bytes from outside bring a parser down", RUST)
            .needs(&["clippy"])
            .uses(&["c++"])
            .apart()
            .minutes(20)
            .runs(cargo("run --quiet --package xtask-fuzz -- --runs 4000")),
    ]
}

fn prisma_engine() -> Command {
    words_of("npm", "ci --ignore-scripts --no-audit --no-fund --prefer-offline")
        .folder("xtask/tests/oracle")
}

/// All but those that need the engine for minutes. Half of their time they wait: for a server that
/// starts, for a rollout that looks again.
fn rust_tests() -> Command {
    cargo("nextest run --workspace --no-fail-fast -E")
        .arg("not (binary(e2e) or binary(stack) or binary(server))")
        .env("NEXTEST_TEST_THREADS", "{twice-the-cores}")
}

/// The tests of `rust-test` once more, in a build that says what they reach. Our own crates are built
/// with counters in them, and end in a folder of their own: what others start from `target/debug`
/// counts nothing. The crates that they use are built only once.
fn rust_coverage() -> Task {
    let counting = |command: Command| {
        command
            .env("CARGO_TARGET_DIR", "{root}/target/counting")
            .env("CARGO_BUILD_BUILD_DIR", "{root}/target")
            .env("RUSTC_WORKSPACE_WRAPPER", "{root}/scripts/rustc-counting.sh")
            .env("LLVM_PROFILE_FILE", "{root}/target/ci/coverage/rust/counts/%4m.profraw")
    };
    let list = "cargo nextest list --workspace --list-type binaries-only --message-format json \
                > target/ci/coverage/rust/programs.json";
    task("rust-coverage", "What Rust tests cover is on record", EVERYTHING)
        .needs(&["cargo-fetch"])
        .on_request()
        .never_cached("who asks for it by name wants it counted now")
        .cores(2)
        .coverage("rust")
        // It has a machine of its own on GitHub.
        .runs(prisma_engine())
        .runs(Command::new("rm").args(["-rf", "target/ci/coverage/rust"]))
        .runs(counting(rust_tests()))
        .runs(counting(Command::new("bash").args(["-c", list])))
        .runs(cargo("xtask coverage"))
        .minutes(90)
        .runner(Runner::Nextest)
}

fn backend() -> Vec<Task> {
    // The hooks before a script all build; built once, they would race with each other.
    let script = |name: &str| npm(&format!("run --ignore-scripts {name}"));
    let row = |name, claim| task(name, claim, BACKEND).needs(&["backend-build"]);
    vec![
        task("backend-build", "The backend installs from its lock and compiles", BACKEND)
            .makes(&["services/backend/node_modules", "services/backend/dist"])
            .notices(&["node"])
            .runs(npm("ci --ignore-scripts --no-audit --no-fund --prefer-offline"))
            .runs(npm("run build")),
        row("eslint", "TypeScript has no finding").runs(script("lint")),
        row("prettier", "TypeScript has one form").runs(script("format:check")),
        row("tsc", "TypeScript types hold, in tests too").runs(script("typecheck")),
        task("jest", "Backend tests pass and cover enough", JEST)
            .needs(&["backend-build"])
            .notices(&["node", "pgbouncer", "postgres", "redis-server"])
            .coverage("backend")
            .runs(script("test").args(["--", "--coverageDirectory"]).arg(folder("backend")))
            .minutes(15)
            .runner(Runner::Jest),
        on_node("jest-node-22", "Backend tests pass on Node.js 22", "images/node-22"),
        on_node("jest-node-24", "Backend tests pass on Node.js 24", "images/node-24"),
    ]
}

/// The tests of the backend, run by the Node.js that the lock in `folder` names. Coverage is counted
/// once, by the one that is shipped.
fn on_node(name: &'static str, claim: &'static str, folder: &'static str) -> Task {
    let script = "exec ../../$0/node_modules/node-linux-*/bin/node --experimental-vm-modules \
                  --disable-warning=ExperimentalWarning node_modules/jest/bin/jest.js";
    task(name, claim, JEST_ON_NEWER)
        .needs(&["jest"])
        .notices(&["node", "postgres", "redis-server"])
        .runs(
            words_of("npm", "ci --ignore-scripts --no-audit --no-fund --prefer-offline")
                .folder(folder),
        )
        .runs(Command::new("bash").args(["-c", script, folder]).folder("services/backend"))
        .minutes(15)
        .runner(Runner::Jest)
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
            .makes(&["services/ml-service/.venv"])
            .notices(&["python3.11"])
            .runs(uv("venv --quiet --allow-existing --python 3.11 .venv"))
            .runs(uv(&format!("pip sync --quiet --require-hashes {lists}"))),
        row("black", "Python has one form").runs(tool("black", "--check --quiet .")),
        task("ruff", "Python has no finding", RUFF)
            .needs(&["ml-install"])
            .runs(tool("ruff", "check .")),
        row("mypy", "Python types hold, strictly").runs(tool("mypy", "")),
        task("pytest", "ML service tests pass and cover enough", PYTEST)
            .needs(&["ml-install"])
            .notices(&["python3.11", "postgres", "redis-server"])
            .coverage("ml-service")
            .runs(
                tool("pytest", "")
                    .arg(format!("--cov-report=lcov:{}/lcov.info", folder("ml-service"))),
            )
            .minutes(15)
            .runner(Runner::Pytest),
        task("schemathesis", "Both services keep to their documents and to their contract", BOTH)
            .needs(&["backend-build", "ml-install"])
            .notices(&["node", "python3.11", "postgres", "redis-server"])
            .runs(on_contract("ruff", "check"))
            .runs(on_contract("black", "--check --quiet --line-length 100"))
            .runs(
                on_contract("mypy", "--config-file ../ml-service/pyproject.toml")
                    .env("MYPYPATH", ".:../ml-service:../ml-service/src"),
            )
            .runs(on_contract("pytest", "--quiet"))
            .minutes(15)
            .runner(Runner::Pytest),
        task("pytest-3.13", "ML service tests pass on Python 3.13, where it is", PYTEST)
            .needs(&["pytest"])
            .uses(&["uv"])
            .notices(&["postgres", "redis-server"])
            .runs(Command::new("bash").args(["-c", ON_PYTHON_3_13]).folder("services/ml-service"))
            .minutes(15)
            .runner(Runner::Pytest),
    ]
}

/// A tool of the ML service's environment, for the tests that ask both services.
fn on_contract(tool: &str, words: &str) -> Command {
    words_of(&format!("services/ml-service/.venv/bin/{tool}"), words)
        .arg(".")
        .folder("services/contract")
}

/// The Python is the machine's: none is downloaded. Without one it says that it did not look.
const ON_PYTHON_3_13: &str = r#"
set -eu
export UV_PYTHON_DOWNLOADS=never
uv python find --quiet 3.13 >/dev/null 2>&1 ||
  { echo 'not checked: this machine has no Python 3.13'; exit 75; }
venv=../../target/ci/python-3.13
uv venv --quiet --allow-existing --python 3.13 "$venv"
uv pip sync --quiet --python "$venv/bin/python" --require-hashes \
  requirements.txt requirements-model.txt requirements-dev.txt
exec "$venv/bin/pytest" --no-cov
"#;

fn whole() -> Vec<Task> {
    let dockerfiles = "git ls-files -z '*Dockerfile' | xargs -0 hadolint";
    let scripts = "git ls-files -z x .ci/run '*.sh' 'services/*/tools/lock' | xargs -0 shellcheck";
    vec![
        task("shellcheck", "Scripts have no finding", SCRIPTS)
            .uses(&["shellcheck", "git"])
            .runs(Command::new("bash").args(["-c", scripts])),
        task("hadolint", "Dockerfiles have no finding", DOCKERFILES)
            .uses(&["hadolint", "git"])
            .runs(Command::new("bash").args(["-c", dockerfiles])),
        task("cargo-deny", "Rust dependencies are licensed, and from crates.io", DENY)
            .needs(&["cargo-fetch"])
            .runs(words_of(
                "cargo-deny",
                "--offline --log-level error check licenses sources bans",
            )),
        task("cargo-advisories", "Nothing blocking is known of Rust dependencies", EVERYTHING)
            .needs(&["cargo-fetch"])
            .never_cached(ADVISORIES)
            .runs(cargo("xtask advisories rust")),
        task("npm-audit", "Nothing blocking is known of the backend's packages", EVERYTHING)
            .never_cached(ADVISORIES)
            .runs(cargo("xtask advisories npm")),
        task("pip-audit", "Nothing blocking is known of the ML service's wheels", EVERYTHING)
            .needs(&["ml-install"])
            .never_cached(ADVISORIES)
            .runs(cargo("xtask advisories python")),
        task("gitleaks", "No commit holds a secret", EVERYTHING)
            .never_cached("commits are in no file")
            .runs(cargo("xtask leaks")),
        task("docs-in-step", "Generated documents say what the program does", RUST_AND_DOCS)
            .needs(&["clippy"])
            .runs(cargo("xtask docs --check")),
        task("image-verify", "Images come out the same under other conditions", IMAGES)
            .needs(&["clippy"])
            .notices(&["docker", "node", "npm", "uv"])
            // What was built before an edit may lie in the layout, and is no fault of the sources.
            .apart()
            .runs(cargo("xtask image verify --without-layout"))
            .minutes(15),
        // It waits for clippy, because two cargos do not build at once.
        task("workflows-in-step", "The workflows are as the tables say", EVERYTHING)
            .needs(&["clippy"])
            .runs(cargo("xtask workflows --check")),
        task("actionlint", "Workflows are what GitHub understands", WORKFLOWS)
            // The original does not know that key yet; the fork of `scripts/tools.txt` does.
            .runs(words_of("actionlint", "-oneline -ignore").arg("unexpected key \"queue\"")),
        task("zizmor", "Workflows have no known hole", WORKFLOWS)
            .runs(words_of("zizmor", "--offline --persona pedantic --no-progress --quiet .github")),
    ]
}

/// What runs containers.
fn containers() -> Vec<Task> {
    vec![
        // It builds, and waits for containers; nothing of it is timed.
        task(
            "stack",
            "The stack of Compose comes up, and the README leads to an estimate",
            EVERYTHING,
        )
        .needs(&["clippy"])
        .notices(&["docker", "docker-compose", "node", "npm", "skopeo", "uv"])
        .apart()
        .runs(cargo("nextest run --package xtask --test stack"))
        .minutes(25)
        .runner(Runner::Nextest),
        task("e2e", "The whole pipeline works on this machine", EVERYTHING)
            .needs(&["rust-test"])
            .apart()
            .notices(TOOLS_OF_RUST_TESTS)
            .runs(cargo("nextest run --package xtask --test e2e"))
            .minutes(40)
            .runner(Runner::Nextest),
        task("server", "The script makes a real Debian ready, and then changes nothing", SERVER)
            .needs(&["rust-test"])
            .notices(&["docker", "debootstrap", "ssh"])
            .apart()
            .runs(cargo("nextest run --package xtask --test server"))
            .minutes(40)
            .runner(Runner::Nextest),
    ]
}

/// Where what a service covers is written, from the folder of that service.
fn folder(service: &str) -> String {
    format!("../../target/ci/coverage/{service}")
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
