//! Against what the runners really said: recorded from tests that fail on purpose.

use super::*;

const NEXTEST: &str = include_str!("recorded/nextest.txt");
const NEXTEST_KILLED: &str = include_str!("recorded/nextest-killed.txt");
const NEXTEST_BUILD: &str = include_str!("recorded/nextest-build.txt");
const CLIPPY: &str = include_str!("recorded/clippy.txt");
const JEST: &str = include_str!("recorded/jest.txt");
const PYTEST: &str = include_str!("recorded/pytest.txt");
const PYTEST_COLLECT: &str = include_str!("recorded/pytest-collect.txt");
const PYTEST_COVERAGE: &str = include_str!("recorded/pytest-coverage.txt");

fn excerpts(runner: Option<Runner>, log: &str) -> Vec<Excerpt> {
    let tasks = crate::check::task::all();
    let command = match runner {
        Some(runner) => {
            let task = tasks.iter().find(|it| it.runner == Some(runner)).unwrap();
            task.commands.iter().find(|it| it.program != "rm").unwrap().clone()
        }
        None => Command::new("cargo").arg("clippy"),
    };
    Failed { command: &command, runner, log }.excerpts()
}

fn titles(excerpts: &[Excerpt]) -> Vec<&str> {
    excerpts.iter().map(|it| it.title.as_str()).collect()
}

fn repeats(excerpts: &[Excerpt]) -> Vec<&str> {
    excerpts.iter().map(|it| it.repeat.as_deref().unwrap_or("-")).collect()
}

#[test]
fn every_rust_test_that_failed_is_shown_with_what_it_said_and_no_passing_one() {
    let found = excerpts(Some(Runner::Nextest), NEXTEST);
    assert_eq!(
        titles(&found),
        [
            "scratch tests::two_and_two_are_five",
            "scratch::it aborts",
            "scratch::it returns_an_error",
            "scratch::it room::is_not_text",
            "scratch::it room::prints_a_fake_heading",
            "scratch::it room::says_a_lot_and_fails",
            "scratch::it hangs",
        ]
    );
    insta::assert_snapshot!(found[0].text);
    assert!(found[1].text.contains("going down") && found[1].text.contains("SIGABRT"));
    assert!(found[2].text.ends_with("Error: \"no luck\""), "{}", found[2].text);
    assert!(found[3].text.contains("bytes: \u{fffd}\u{fffd} red"), "{}", found[3].text);
    assert!(
        found[6].text.ends_with("waiting for godot\n\n  (test timed out)"),
        "{}",
        found[6].text
    );
    assert!(found.iter().all(|it| !it.text.contains("PASS")));
}

#[test]
fn a_heading_that_a_test_prints_is_what_the_test_said() {
    let found = excerpts(Some(Runner::Nextest), NEXTEST);
    let text = &found[4].text;
    assert!(text.contains("FAIL [   0.005s] (1/2) other::it no_such_test"), "{text}");
    assert!(text.contains("     Summary [   0.1s] 1 test run") && text.contains("the real one"));
}

#[test]
fn each_rust_test_is_repeated_alone() {
    let found = excerpts(Some(Runner::Nextest), NEXTEST);
    assert_eq!(
        repeats(&found)[..2],
        [
            "cargo nextest run -p scratch --lib -E 'test(=tests::two_and_two_are_five)'",
            "cargo nextest run -p scratch --test it -E 'test(=aborts)'",
        ]
    );
    let log = "     SIGSEGV [   0.1s] xtask::bin/xtask a::b\n";
    let command = "cargo nextest run -p xtask --bin xtask -E 'test(=a::b)'";
    assert_eq!(repeats(&excerpts(Some(Runner::Nextest), log))[0], command);
}

#[test]
fn a_runner_that_was_killed_shows_what_failed_what_still_ran_and_its_last_lines() {
    let found = excerpts(Some(Runner::Nextest), NEXTEST_KILLED);
    let titles = titles(&found);
    assert_eq!(titles[..2], ["scratch tests::two_and_two_are_five", "scratch::it hangs"]);
    assert!(found[0].text.contains("assertion `left == right` failed: arithmetic"));
    assert_eq!(found[1].text, "it still ran at the end");
    let whole = "cargo nextest run --workspace --no-fail-fast \
                 -E 'not (binary(e2e) or binary(stack) or binary(server))'";
    assert_eq!((titles[2], &found[2].repeat), (whole, &None));
    assert!(found[2].text.ends_with("SLOW [>  5.000s] (─────) scratch::it hangs"));
    assert!(found[2].text.lines().count() <= LINES_LAST);
}

#[test]
fn a_build_that_fails_before_any_test_shows_the_compilers_words_only() {
    let found = excerpts(Some(Runner::Nextest), NEXTEST_BUILD);
    assert_eq!(found.len(), 1);
    assert!(found[0].text.starts_with("error[E0308]: mismatched types\n"), "{}", found[0].text);
    assert!(!found[0].text.contains("Compiling"));
}

#[test]
fn a_plain_command_shows_all_it_said_but_how_far_it_was() {
    let found = excerpts(None, CLIPPY);
    assert_eq!((titles(&found), repeats(&found)), (vec!["cargo clippy"], vec!["cargo clippy"]));
    assert!(found[0].text.starts_with("error: unused variable: `x`\n"), "{}", found[0].text);
    assert!(found[0].text.contains("error: useless use of `vec!`"));
    let tsc = "src/a.ts(1,7): error TS2322: Type 'string' is not assignable to type 'number'.\n";
    assert_eq!(excerpts(None, tsc)[0].text, tsc.trim_end());
}

#[test]
fn a_command_of_a_folder_can_be_pasted_at_the_root() {
    let command = Command::new("services/a/.venv/bin/mypy").folder("services/a").env("A", "b c");
    let found = Failed { command: &command, runner: None, log: "no\n" }.excerpts();
    assert_eq!(titles(&found), ["(cd services/a && .venv/bin/mypy)"]);
    assert_eq!(repeats(&found), ["(cd services/a && A='b c' .venv/bin/mypy)"]);
}

#[test]
fn every_jest_failure_is_shown_with_its_file_and_what_it_expected() {
    let found = excerpts(Some(Runner::Jest), JEST);
    assert_eq!(
        titles(&found),
        [
            "test/scratch/broken.test.ts › Test suite failed to run",
            "test/scratch/scratch.test.ts › a meal (lunch) › weighs 3.5 * 2 [g]",
            "test/scratch/scratch.test.ts › a meal (lunch) › throws",
            "test/scratch/scratch.test.ts › a meal (lunch) › never ends",
            "coverage",
        ]
    );
    assert_eq!(
        repeats(&found)[..2],
        [
            "(cd services/backend && npm test -- --coverage=false test/scratch/broken.test.ts)",
            "(cd services/backend && npm test -- --coverage=false test/scratch/scratch.test.ts \
             -t '^a meal \\(lunch\\) weighs 3\\.5 \\* 2 \\[g\\]$')",
        ]
    );
    insta::assert_snapshot!(found[1].text);
    assert!(found[3].text.starts_with("thrown: \"Exceeded timeout of 300 ms"));
    assert!(found[4].text.contains("Coverage for lines (0%) does not meet \"global\" threshold"));
    let twice = format!("{JEST}Summary of all failing tests\n{JEST}");
    assert_eq!(excerpts(Some(Runner::Jest), &twice).len(), found.len(), "each is shown once");
}

#[test]
fn every_pytest_failure_is_shown_by_the_name_that_repeats_it() {
    let found = excerpts(Some(Runner::Pytest), PYTEST);
    assert_eq!(
        titles(&found),
        [
            "tests/store/test_add.py::test_with_a_server",
            "tests/store/test_add.py::test_adds_in_any_order[2-2]",
            "tests/store/test_add.py::TestMeal::test_is_eaten",
            "coverage",
        ]
    );
    assert_eq!(
        repeats(&found)[1],
        "(cd services/ml-service && .venv/bin/pytest --no-cov \
         'tests/store/test_add.py::test_adds_in_any_order[2-2]')"
    );
    insta::assert_snapshot!(found[1].text);
    assert!(found[0].text.contains("nothing listens on 4711"));
    assert!(found[2].text.ends_with("WARNING  meal:test_add.py:21 cold"), "{}", found[2].text);
}

#[test]
fn what_pytest_cannot_collect_and_what_it_does_not_cover_are_failures_too() {
    let found = excerpts(Some(Runner::Pytest), PYTEST_COLLECT);
    assert_eq!(titles(&found), ["tests/test_broken.py"]);
    assert!(found[0].text.contains("cannot import name 'nothing'"), "{}", found[0].text);
    let found = excerpts(Some(Runner::Pytest), PYTEST_COVERAGE);
    let message = "Required test coverage of 85% not reached. Total coverage: 60.00%";
    assert_eq!((titles(&found), found[0].text.as_str()), (vec!["coverage"], message));
}

#[test]
fn names_of_tests_with_dashes_in_their_parameters_are_whole() {
    let log = "== FAILURES ==\n___ a[x - y] ___\nE  no\n== short test summary info ==\n\
               FAILED t.py::a[x - y] - assert 1 == 2\n== 1 failed in 0.1s ==\n";
    assert_eq!(titles(&excerpts(Some(Runner::Pytest), log)), ["t.py::a[x - y]"]);
}

#[test]
fn of_a_long_failure_the_beginning_and_the_end_are_shown_and_of_many_the_names() {
    let long: String = (0..1000).map(|line| format!("line {line}\n")).collect();
    let text = &excerpts(None, &long)[0].text;
    assert_eq!(text.lines().count(), LINES_MAX);
    assert!(text.starts_with("line 0\n") && text.ends_with("\nline 999"));
    assert!(text.contains("\nline 79\n… 801 lines left out\nline 881\n"), "{text}");
    let wide = "é".repeat(WIDTH_MAX + 7);
    assert_eq!(excerpts(None, &wide)[0].text.chars().count(), WIDTH_MAX + 1);
    let fail = |at| format!("        FAIL [   0.1s] (1/9) a::it t{at}\n  stderr ───\n    no\n");
    let many: String = (0..30).map(fail).collect();
    let found = excerpts(Some(Runner::Nextest), &many);
    assert_eq!(found.iter().filter(|it| !it.text.is_empty()).count(), WHOLE_MAX);
    assert!(found.iter().take(30).all(|it| it.repeat.is_some()));
}

#[test]
fn whatever_a_command_said_there_is_an_excerpt() {
    for runner in [None, Some(Runner::Nextest), Some(Runner::Jest), Some(Runner::Pytest)] {
        for log in ["", "\n\n", "        FAIL [", "  ● ", "== FAILURES ==\n", "____\n", "= =\n"] {
            assert!(!excerpts(runner, log).is_empty(), "{runner:?} {log:?}");
        }
    }
}
