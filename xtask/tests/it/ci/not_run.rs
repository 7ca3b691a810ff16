//! Tests that a machine cannot run, and what a task that failed shows.

use super::*;

#[test]
fn tests_are_told_what_is_missing_and_those_that_did_not_run_are_named_also_when_remembered() {
    let fakes = Fakes::new();
    let not_run = "{\"test\":\"it completions::zsh\",\"needs\":\"zsh\"}\n";
    fakes.fake("not-run-npm", not_run);
    let only = ["--only", "jest"];
    for again in [false, true] {
        let (output, asked) = fakes.passes(&only);
        assert_eq!(asked.is_empty(), again, "{asked}");
        let loud = "NOT PROVED: `zsh` is missing (apt: zsh), so 1 test did not run:\n    jest: it ";
        assert!(output.contains(loud), "{output}");
        assert_eq!(closing(&output), "2 passed, 0 failed");
        if !again {
            let line = asked.lines().find(|line| line.starts_with("npm goes without")).unwrap();
            assert!(line.contains(",zsh") && line.contains("podman,"), "{line}");
            assert!(
                !line.contains("postgres") && !line.contains("skopeo"),
                "they are here: {line}"
            );
        }
    }
    let (run, _) = fakes.ci(&[only.as_slice(), &["--strict"]].concat());
    assert_eq!(run.code, Some(3), "{run:?}");
    std::fs::remove_file(fakes.world.path("../fakes/not-run-npm")).unwrap();
    std::fs::write(fakes.world.path("../bin/zsh"), "").unwrap();
    let (output, asked) = fakes.passes(&only);
    assert!(asked.contains("npm run --ignore-scripts test"), "what is here now is a change");
    assert_eq!(closing(&output), "2 passed, 0 failed");
}

#[test]
fn a_caller_that_excuses_what_no_test_asks_for_is_refused() {
    let mut fakes = Fakes::new();
    fakes.variables.push(("XTASK_TESTS_WITHOUT", "podmann"));
    let output = fakes.ci(&["--only", "jest"]).0.ends(2);
    assert!(output.contains("XTASK_TESTS_WITHOUT names `podmann`, which no test asks"), "{output}");
}
