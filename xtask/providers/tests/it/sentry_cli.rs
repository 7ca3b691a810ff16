//! Sentry's own program drives our double through what we do with releases.

use super::clients::clients;
use std::path::Path;
use std::process::{Command, Output};
use xtask_fakes::sentry::{FakeSentry, ORGANISATION, TOKEN};

fn sentry_cli(fake: &FakeSentry, token: &str, folder: &Path, words: &str) -> Output {
    let mut command = Command::new("node");
    command.arg(clients().join("node_modules/@sentry/cli/bin/sentry-cli"));
    command.args(words.split(' ')).current_dir(folder);
    let own = [("SENTRY_URL", fake.url()), ("SENTRY_AUTH_TOKEN", token.to_owned())];
    let place = [("SENTRY_ORG", ORGANISATION), ("SENTRY_PROJECT", "backend")];
    command.envs(own).envs(place).env("HOME", folder).output().unwrap()
}

#[test]
fn sentrys_own_program_makes_a_release_with_its_commits_and_its_deploy() {
    let fake = FakeSentry::start(ORGANISATION, &["backend"]);
    let folder = tempfile::tempdir().unwrap();
    for words in ["init --quiet -b main", "commit --quiet --allow-empty -m one"] {
        let own = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"];
        let words = own.into_iter().chain(words.split(' '));
        let done = Command::new("git").args(words).current_dir(folder.path()).status().unwrap();
        assert!(done.success());
    }
    for words in [
        "releases new backend@1",
        "releases set-commits backend@1 --local --initial-depth 1",
        "releases finalize backend@1",
        "deploys new --release backend@1 --env production",
    ] {
        let ended = sentry_cli(&fake, TOKEN, folder.path(), words);
        assert!(ended.status.success(), "{words}: {ended:?}");
    }
    let releases = fake.releases();
    let release = &releases["backend@1"];
    assert_eq!(release["commits"].as_array().unwrap().len(), 1, "{release}");
    assert_eq!(release["commits"][0]["message"].as_str().unwrap().trim(), "one");
    assert!(release["dateReleased"].is_string(), "{release}");
    assert_eq!(release["deploys"][0]["environment"], "production");
    let refused = sentry_cli(&fake, "hunter2-hunter2", folder.path(), "releases new backend@2");
    assert!(!refused.status.success(), "a wrong token: {refused:?}");
    assert!(!fake.releases().contains_key("backend@2"));
}
