//! Tests that miss something fail, or are on record as not run: this very program once more, on
//! machines that lack things.
#![expect(clippy::unwrap_used, reason = "a test ends where its world does not stand")]

use super::world::rustup_home;
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;
use xtask_core::check::requirement::{self, Kind, NOT_RUN, NotRun, WITHOUT};
use xtask_fakes::required;
use xtask_fakes::requirement::required_program;

/// What exists on every system, and git, without which no world stands.
const BASICS: [&str; 8] = ["bash", "cat", "env", "git", "mkdir", "sh", "cp", "xargs"];

/// For each program that this binary's tests ask for, one test that does.
const ASKS: [(&str, &str); 19] = [
    ("age", "secrets::the_age_program_reads_our_files_and_we_read_its"),
    ("apt-get", "indexes::a_keyring_that_is_not_there_trusts_nobody"),
    ("buildah", "oracles::buildah_pulls_it_by_digest"),
    ("caddy", "streams::one_address_may_be_shown_another_release_and_everybody_else_is_not"),
    ("cargo-deny", "advisories::the_real_cargo_deny_without_its_database_was_not_a_check"),
    ("docker", "oracles::docker_pulls_and_runs_it"),
    ("docker-registry", "attest::dockers_registry_keeps_what_is_said_about_an_image"),
    ("fish", "completions::fish_completes_x_and_cargo_xtask"),
    ("gitleaks", "leaks::the_staged_form_counts_not_the_one_in_the_work_tree"),
    ("gpg", "indexes::a_well_signed_archive_is_locked_with_its_time"),
    ("nix", "nix::every_app_runs_a_verb_that_there_is"),
    ("openssl", "attest_keys::other_keys_of_openssl_are_called_what_they_are"),
    ("pg_dump", "backup::a_backup_comes_back_whole_and_only_into_an_empty_database"),
    ("podman", "oracles::podman_pulls_and_runs_it"),
    ("restic", "backup::faults::a_full_disk_is_no_backup"),
    ("skopeo", "oracles::skopeo_inspects_and_copies_it_and_umoci_unpacks_the_copy"),
    ("strace", "ci::audit::a_task_that_fails_is_told_as_without_an_audit"),
    (
        "trivy",
        "scan::what_is_planted_is_found_once_in_its_layer_on_both_platforms_and_nothing_else_is",
    ),
    ("zsh", "completions::zsh_takes_its_script_and_knows_both_names"),
];

/// A machine that has the basics, and a home where nothing of ours is.
struct Bare(TempDir);

/// How the tests ended.
struct Ended {
    output: String,
    record: Vec<NotRun>,
}

impl Bare {
    fn new() -> Self {
        let bare = Self(tempfile::tempdir().unwrap());
        std::fs::create_dir_all(bare.0.path().join("bin")).unwrap();
        for name in BASICS {
            let found = ["/usr/bin", "/bin"].map(|folder| Path::new(folder).join(name));
            let found = found.iter().find(|it| it.exists()).expect("every system has the basics");
            symlink(found, bare.0.path().join("bin").join(name)).unwrap();
        }
        bare
    }

    fn runs(&self, tests: &[&str], without: &str) -> Ended {
        let path = self.0.path().join("bin").into_os_string();
        self.runs_with(tests, &[("PATH", path), (WITHOUT, without.into())])
    }

    fn runs_with(&self, tests: &[&str], variables: &[(&str, OsString)]) -> Ended {
        let record = self.0.path().join("record");
        let output = Command::new(std::env::current_exe().unwrap())
            .arg("--exact")
            .args(tests)
            .env("HOME", self.0.path())
            .env_remove("XTASK_CACHE")
            .env_remove("XDG_CACHE_HOME")
            .env(NOT_RUN, &record)
            .envs(variables.iter().map(|(name, value)| (name, value)))
            .output()
            .unwrap();
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        let record = std::fs::read_to_string(record).unwrap_or_default();
        Ended { output: printed, record: NotRun::read(&record).unwrap() }
    }
}

fn tests() -> Vec<&'static str> {
    ASKS.iter().map(|(_, test)| *test).collect()
}

#[test]
fn no_test_passes_on_a_machine_that_lacks_what_it_needs() {
    let ended = Bare::new().runs(&tests(), "");
    let closing = format!("test result: FAILED. 0 passed; {} failed", ASKS.len());
    assert!(ended.output.contains(&closing), "{}", ended.output);
    assert_eq!(ended.record, [], "nothing was excused");
    for words in [
        "`gitleaks` is missing, and this test needs it (scripts/bootstrap/tools.sh)",
        "hint: install it, or set XTASK_TESTS_WITHOUT=gitleaks",
    ] {
        assert!(ended.output.contains(words), "{words}: {}", ended.output);
    }
}

#[test]
fn what_is_excused_is_on_record_by_test_and_by_what_it_misses() {
    let names: Vec<&str> = ASKS.iter().map(|(name, _)| *name).collect();
    let ended = Bare::new().runs(&tests(), &names.join(","));
    let closing = format!("test result: ok. {} passed; 0 failed", ASKS.len());
    assert!(ended.output.contains(&closing), "{}", ended.output);
    let on_record: BTreeSet<&str> = ended.record.iter().map(|it| it.test.as_str()).collect();
    let wanted: Vec<String> = ASKS.iter().map(|(_, test)| format!("it {test}")).collect();
    assert_eq!(on_record, wanted.iter().map(String::as_str).collect());
    let needs = |name: &str| ended.record.iter().any(|it| it.needs == name);
    // Their tests ask for gpg, and for restic, before.
    let missed: Vec<_> = names.iter().filter(|name| !needs(name)).collect();
    assert_eq!(missed, [&"apt-get", &"pg_dump"]);
}

#[test]
fn leave_for_one_thing_is_no_leave_for_another_and_an_unknown_name_is_a_mistake() {
    let zsh = ["completions::zsh_takes_its_script_and_knows_both_names"];
    let ended = Bare::new().runs(&zsh, "fish");
    assert!(
        ended.output.contains("`zsh` is missing") && ended.record.is_empty(),
        "{}",
        ended.output
    );
    let ended = Bare::new().runs(&zsh, "zhs");
    assert!(ended.output.contains("names `zhs`, which no test asks for"), "{}", ended.output);
}

/// As in the official images of Rust, where rustup's home is not in anybody's home.
#[test]
fn a_world_finds_rust_where_the_machine_has_it_and_not_in_a_home() {
    let gitleaks = required!(required_program("gitleaks"));
    let bare = Bare::new();
    let elsewhere = bare.0.path().join("rustup");
    symlink(rustup_home().expect("rustup has a home"), &elsewhere).unwrap();
    let path = std::env::split_paths(&std::env::var_os("PATH").unwrap()).collect::<Vec<_>>();
    let path = path.into_iter().chain([gitleaks.parent().unwrap().to_owned()]);
    let variables = [
        ("PATH", std::env::join_paths(path).unwrap()),
        ("RUSTUP_HOME", elsewhere.into()),
        (WITHOUT, OsString::new()),
    ];
    let staged = ["leaks::the_staged_form_counts_not_the_one_in_the_work_tree"];
    let ended = bare.runs_with(&staged, &variables);
    assert!(ended.output.contains("test result: ok. 1 passed"), "{}", ended.output);
}

/// A row that nothing here asks for is asked for elsewhere; a new one is to stand somewhere.
#[test]
fn every_requirement_is_one_that_some_test_asks_for() {
    let elsewhere = [
        "busybox",
        "debootstrap",
        "docker-compose",
        "gzip",
        "node",
        "pgbouncer",
        "postgres",
        "python3",
        "redis-server",
        "ssh",
        "tar",
        "umoci",
        "uv",
        "x86_64-linux-gnu-gcc",
    ];
    let programs = requirement::all().iter().filter(|it| it.kind == Kind::Program);
    let asked: BTreeSet<&str> = ASKS.iter().map(|(name, _)| *name).chain(elsewhere).collect();
    assert_eq!(programs.map(|it| it.name).collect::<BTreeSet<_>>(), asked);
}
