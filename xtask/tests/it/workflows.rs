//! `.github`: what is committed is what the tables say, and every line in it is a verb of ours.

#![expect(clippy::unwrap_used, reason = "a test ends where its world does not stand")]

use super::world::World;
use clap::Parser as _;
use std::path::PathBuf;
use xtask::flags::Flags;

fn committed() -> Vec<(String, String)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../.github/workflows");
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = entries
        .map(|path| (path.display().to_string(), std::fs::read_to_string(&path).unwrap()))
        .collect();
    files.sort_unstable();
    assert!(files.len() >= 6, "the workflows are committed");
    files
}

/// The lines that a workflow runs.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter_map(|line| line.trim_start().trim_start_matches("- ").strip_prefix("run: "))
}

#[test]
fn every_line_that_github_runs_is_a_verb_of_ours() {
    for (file, text) in committed() {
        for line in lines(&text) {
            if line == "exit 1" {
                assert!(text.contains("if: contains(needs.*.result"), "{file} fails for no reason");
                continue;
            }
            // The name of such a step is what it tells.
            if line == "exit 0" {
                assert!(text.contains("name: 'Not checked by "), "{file} does nothing");
                continue;
            }
            let words = line.strip_prefix("./x ").expect(line);
            assert!(!words.contains("${{"), "{file}: values come by variables: {line}");
            let words = words
                .replace("\"$REGISTRY", "ghcr.io/acme/nutri")
                .replace("$VERSION", "0123456789ab")
                .replace("$RELEASE", "0123456789ab")
                .replace('"', "");
            let parsed = Flags::try_parse_from(["x"].into_iter().chain(words.split(' ')));
            assert!(parsed.is_ok(), "{file}: {line}: {}", parsed.unwrap_err());
        }
    }
}

#[test]
fn rights_are_given_one_by_one_and_secrets_live_in_environments() {
    for (file, text) in committed() {
        assert!(text.contains("\npermissions: {}\n"), "{file}");
        assert!(!text.contains("workflow_run") && !text.contains("pull_request_target"), "{file}");
        for job in text.split("    runs-on:").skip(1) {
            assert!(job.contains("    timeout-minutes:"), "{file}: {job}");
            let reads_secrets = job.contains("secrets.");
            assert!(!reads_secrets || job.contains("\n    environment:"), "{file}: {job}");
        }
        // What a person says stands in variables and conditions only.
        for said in text.lines().filter(|line| line.contains("${{ inputs.")) {
            let is_group = said.trim() == "group: deploy-${{ inputs.environment }}";
            assert!(is_group || said.trim().starts_with("RELEASE: "), "{file}: {said}");
        }
        assert!(!text.contains("cancel-in-progress") || file.ends_with("test.yml"), "{file}");
        let checkouts = text.matches("uses: actions/checkout@").count();
        assert_eq!(checkouts, text.matches("persist-credentials: false").count(), "{file}");
    }
}

#[test]
fn an_edited_a_missing_and_a_foreign_workflow_are_shown_with_what_fixes_them() {
    let world = World::new();
    world.run(&["workflows"]).ends(0);
    world.run(&["workflows", "--check"]).ends(0);
    let test = std::fs::read_to_string(world.path(".github/workflows/test.yml")).unwrap();
    world.write(".github/workflows/test.yml", &test.replace("ubuntu-24.04", "ubuntu-latest"));
    world.write(".github/workflows/mine.yml", "name: Mine\n");
    std::fs::remove_file(world.path(".github/dependabot.yml")).unwrap();
    let run = world.run(&["workflows", "--check"]);
    assert_eq!(run.code, Some(3), "{run:?}");
    for wanted in [
        "-    runs-on: ubuntu-latest\n+    runs-on: ubuntu-24.04",
        "-name: Mine",
        "--- /dev/null\n+++ .github/dependabot.yml",
        "3 files not as the tables say; to fix it: cargo xtask workflows",
    ] {
        assert!(run.stdout.contains(wanted), "{wanted}\n{}", run.stdout);
    }
    world.run(&["workflows"]).ends(0);
    world.run(&["workflows", "--check"]).ends(0);
    assert!(!world.path(".github/workflows/mine.yml").exists());
}
