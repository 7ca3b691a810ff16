//! Tests that a machine cannot run, and what a task that failed shows.

use super::*;

#[test]
fn tests_are_told_what_is_missing_and_those_that_did_not_run_are_named_also_when_cached() {
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

/// Docker's client on a machine whose engine does not run until somebody starts it.
const CLIENT: &str = r#"#!/bin/sh
case $1 in --version) echo "docker 20.99.0"; exit 0 ;; esac
if [ -n "${DOCKER_HOST-}" ]; then echo "Cannot connect to the Docker daemon at $DOCKER_HOST" >&2; exit 1; fi
if [ -e "$FAKES/engine" ]; then echo 20.99.0; exit 0; fi
echo "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?" >&2
exit 1
"#;
/// What starts an engine, with systemd and without; it ends with its world.
const ENGINE: &str = r#"#!/bin/sh
echo started >> "$FAKES/engine"
case $0 in *systemctl) exit 0 ;; esac
while [ -e "$FAKES/engine" ]; do sleep 0.1; done
"#;

fn with_an_engine_at_rest(programs: &[(&str, &str)]) -> Fakes {
    let fakes = Fakes::new();
    for (name, text) in programs {
        let file = fakes.world.path("../bin").join(name);
        std::fs::write(&file, text).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    fakes
}

fn goes_without_an_engine(asked: &str) -> bool {
    let told = asked.lines().find(|line| line.starts_with("cargo goes without")).expect(asked);
    told.contains("docker-engine")
}

#[test]
fn the_engine_is_started_before_it_is_counted_as_missing_and_only_for_tests_that_ask_it() {
    let both = [("docker", CLIENT), ("dockerd", ENGINE), ("systemctl", ENGINE)];
    let fakes = with_an_engine_at_rest(&both);
    let engine = fakes.world.path("../fakes/engine");
    fakes.passes(&["--only", "jest"]);
    fakes.passes(&["--only", "rust-test", "--explain"]);
    assert!(!engine.exists(), "nothing asks it");
    let (run, asked) = fakes.ci(&["--only", "rust-test"]);
    assert_eq!(run.code, Some(0), "{run:?}");
    assert!(run.stderr.contains("started Docker 20.99.0"), "{run:?}");
    assert_eq!(std::fs::read_to_string(&engine).unwrap(), "started\n");
    assert!(!goes_without_an_engine(&asked), "{asked}");
}

#[test]
fn an_engine_that_cannot_be_started_is_missing_and_one_that_cannot_be_asked_is_not() {
    let broken = "#!/bin/sh\necho 'no bridge' >&2\nexit 1\n";
    let all = [("docker", CLIENT), ("dockerd", broken), ("systemctl", broken)];
    let mut fakes = with_an_engine_at_rest(&all);
    let (run, asked) = fakes.ci(&["--only", "rust-test"]);
    assert_eq!(run.code, Some(0), "{run:?}");
    assert!(run.stderr.contains("warning: no test can ask a Docker engine: no bridge"), "{run:?}");
    assert!(goes_without_an_engine(&asked), "{asked}");
    fakes.variables.push(("DOCKER_HOST", "unix:///typo"));
    let (run, asked) = fakes.ci(&["--only", "rust-test", "--fresh"]);
    let said = run.ends(5);
    assert!(said.contains("the Docker engine at `unix:///typo`, which DOCKER_HOST"), "{said}");
    assert_eq!(asked, "");
}
