use super::*;
use xtask_core::check::task;

fn ended(name: &str, outcome: Outcome, log: &str) -> Ended {
    let tasks = task::all();
    let task = tasks.iter().find(|task| task.name == name).unwrap();
    let last = task.commands.last().map(|command| (command.clone(), log.to_owned()));
    let message = TaskOutput { whole: log.to_owned(), last };
    Ended::new(task, outcome, Duration::from_millis(1500), &message)
}

#[test]
fn a_failure_is_named_when_it_ends_with_where_its_log_is() {
    insta::assert_snapshot!(ended("clippy", Outcome::Failed, "error: no\n").line(), @r"
    FAILED      clippy         1.5 s
        cargo clippy --workspace --all-targets -- -D warnings
        the whole log: target/ci/clippy.log
    ");
    assert_eq!(ended("clippy", Outcome::Skipped, "").line(), "skipped     clippy");
}

/// A run of one task whose log is `log`.
fn summary(name: &str, outcome: Outcome, log: &str, not_run: &[(&str, &str)]) -> Summary {
    let mut ended = ended(name, outcome, log);
    let owned = |(test, needs): &(&str, &str)| NotRun {
        test: (*test).to_owned(),
        needs: (*needs).to_owned(),
    };
    ended.not_run = not_run.iter().map(owned).collect();
    Summary::new(&task::all(), vec![ended], Vec::new(), Duration::from_secs(4))
}

#[test]
fn what_failed_is_shown_last_and_whole_with_the_command_that_repeats_it() {
    let log = "        FAIL [   0.1s] (1/9) xtask::it ci::a\n  stderr ───\n    left: `1`\n\n\
               \x20       PASS [   0.1s] (2/9) xtask::it ci::b\n────────────\n\
               \x20    Summary [   0.4s] 2 tests run: 1 passed, 1 failed, 0 skipped\n\
               \x20       FAIL [   0.1s] (1/9) xtask::it ci::a\n";
    let summary = summary("rust-test", Outcome::Failed, log, &[]);
    insta::assert_snapshot!(summary.to_string(), @"
    rust-test:
         Summary [   0.4s] 2 tests run: 1 passed, 1 failed, 0 skipped

    FAILED  rust-test  1.5 s  Rust tests pass, the rules of the tree among them

    critical path: rust-test (1.5 s of 4.0 s)

    FAILED: rust-test: xtask::it ci::a
        stderr ───
          left: `1`
      again: cargo nextest run -p xtask --test it -E 'test(=ci::a)'

    0 passed, 1 failed
    ");
    let page = summary.markdown();
    let part = "### FAILED: rust-test: xtask::it ci::a\n\n```text\nstderr ───\n  left: `1`\n\
                ```\n\n```sh\ncargo nextest run -p xtask --test it -E 'test(=ci::a)'\n```\n";
    assert!(page.contains(part), "{page}");
    assert_eq!(summary.json()["tasks"][0]["failures"][0]["title"], "xtask::it ci::a");
}

#[test]
fn tests_that_did_not_run_are_named_with_what_they_miss_and_bad_when_strict() {
    let not_run = [
        ("it oracles::podman", "podman"),
        ("it oracles::other", "podman"),
        ("it completions::zsh", "zsh"),
    ];
    let summary = summary("rust-test", Outcome::Cached, "", &not_run);
    assert!(summary.is_good(false) && !summary.is_good(true));
    insta::assert_snapshot!(summary.to_string(), @"

    cached  rust-test  -  Rust tests pass, the rules of the tree among them

    1 cached: nothing they depend on changed; `--fresh` runs them
    nothing had to run (4.0 s)

    NOT PROVED: `podman` is missing (apt: podman), so 2 tests did not run:
        rust-test: it oracles::podman
        rust-test: it oracles::other

    NOT PROVED: `zsh` is missing (apt: zsh), so 1 test did not run:
        rust-test: it completions::zsh

    1 passed, 0 failed
    ");
    assert!(summary.markdown().contains("**NOT PROVED: `podman` is missing (apt: podman)"));
    assert_eq!(summary.json()["tasks"][0]["not_run"][2]["needs"], "zsh");
}

#[test]
fn the_summary_closes_with_the_runners_lines_the_critical_path_and_the_count() {
    let names = ["clippy", "rust-test", "mypy"];
    let tasks: Vec<Task> = task::all().into_iter().filter(|it| names.contains(&it.name)).collect();
    let log = "     Summary [   0.4s] 3 tests run: 3 passed, 0 skipped\n";
    let ended = vec![
        ended("clippy", Outcome::Passed, ""),
        ended("rust-test", Outcome::Passed, log),
        ended("mypy", Outcome::TimedOut, "src/a.py:1: no\nended by us after 600 s\n"),
    ];
    let summary = Summary::new(&tasks, ended, Vec::new(), Duration::from_secs(4));
    assert!(!summary.is_good(false));
    insta::assert_snapshot!(summary.to_string(), @"
    rust-test:
         Summary [   0.4s] 3 tests run: 3 passed, 0 skipped

    passed     clippy     1.5 s  Rust compiles without a warning
    passed     rust-test  1.5 s  Rust tests pass, the rules of the tree among them
    TIMED OUT  mypy       1.5 s  Python types hold, strictly

    critical path: clippy > rust-test (3.0 s of 4.0 s)

    FAILED: mypy: (cd services/ml-service && .venv/bin/mypy)
        src/a.py:1: no
        ended by us after 600 s
      again: (cd services/ml-service && .venv/bin/mypy)

    2 passed, 1 failed
    ");
}

#[test]
fn what_was_not_checked_is_loud_no_pass_and_bad_only_when_strict() {
    let tasks: Vec<Task> =
        task::all().into_iter().filter(|it| ["clippy", "mypy"].contains(&it.name)).collect();
    let log = "$ look\nnot checked: the list of advisories cannot be reached\n";
    let ended = vec![ended("clippy", Outcome::Passed, ""), ended("mypy", Outcome::NotChecked, log)];
    let summary = Summary::new(&tasks, ended, Vec::new(), Duration::from_secs(4));
    assert!(summary.is_good(false) && !summary.is_good(true));
    insta::assert_snapshot!(summary.to_string(), @"

    passed       clippy  1.5 s  Rust compiles without a warning
    NOT CHECKED  mypy    1.5 s  Python types hold, strictly

    critical path: mypy (1.5 s of 4.0 s)

    NOT CHECKED: mypy: the list of advisories cannot be reached

    1 passed, 0 failed, 1 skipped
    ");
    assert!(summary.markdown().contains("**NOT CHECKED: mypy: the list"));
}
