//! Those who are told of rollouts: they hear it, who does not is named, and nobody sees an address.
#![expect(clippy::unwrap_used, reason = "a test ends where its world does not stand")]

use super::world::World;
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;
use xtask_core::ship::notify::sentry;
use xtask_fakes::discord::FakeDiscord;
use xtask_fakes::faults::Fault;
use xtask_fakes::github::{FakeGitHub, TOKEN as GITHUB_TOKEN};
use xtask_fakes::sentry::{FakeSentry, TOKEN as SENTRY_TOKEN};
use xtask_fakes::slack::FakeSlack;

/// Everybody who can be told, each a double.
pub(crate) struct Everybody {
    pub(crate) discord: FakeDiscord,
    pub(crate) slack: FakeSlack,
    pub(crate) github: FakeGitHub,
    pub(crate) sentry: FakeSentry,
}

impl Everybody {
    pub(crate) fn start(commit: &str) -> Self {
        Self {
            discord: FakeDiscord::start(),
            slack: FakeSlack::start(),
            github: FakeGitHub::start(commit),
            sentry: FakeSentry::start("acme", &["backend"]),
        }
    }

    /// What production says of them in `deploy.toml`.
    pub(crate) fn table(&self) -> String {
        let (github, sentry) = (self.github.url(), self.sentry.url());
        format!(
            "\n[environments.production.notify]\ndiscord = \"env:DISCORD\"\nslack = \"env:SLACK\"\n\
             [environments.production.notify.github]\nurl = \"{github}\"\n\
             repository = \"acme/nutri\"\ntoken = \"env:DEPLOYMENTS_TOKEN\"\n\
             [environments.production.notify.sentry]\nurl = \"{sentry}\"\norganisation = \"acme\"\n\
             projects = [\"backend\"]\ntoken = \"env:SENTRY_TOKEN\"\n"
        )
    }

    /// A world that knows where they are.
    pub(crate) fn known_to(&self, world: World) -> World {
        let deploy = std::fs::read_to_string(world.path("deploy.toml")).unwrap();
        world.write("deploy.toml", &(deploy + &self.table()));
        world
            .with("DISCORD", self.discord.webhook())
            .with("SLACK", self.slack.webhook())
            .with("DEPLOYMENTS_TOKEN", GITHUB_TOKEN.to_owned())
            .with("SENTRY_TOKEN", SENTRY_TOKEN.to_owned())
    }
}

/// What lets in whoever knows it.
pub(crate) const SECRETS: [&str; 4] =
    ["fake-discord-token", "fakeSlackToken", GITHUB_TOKEN, SENTRY_TOKEN];

/// No file below `folder` holds a secret.
pub(crate) fn assert_no_secret_below(folder: &Path) {
    for entry in std::fs::read_dir(folder).unwrap().map(|it| it.unwrap()) {
        let path = entry.path();
        if path.is_dir() {
            assert_no_secret_below(&path);
            continue;
        }
        let text = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
        for secret in SECRETS {
            assert!(!text.contains(secret), "`{secret}` in {}", path.display());
        }
    }
}

#[test]
fn a_test_message_reaches_each_channel_and_nobody_sees_an_address() {
    let all = Everybody::start("c0");
    let world = all.known_to(World::new());
    let run = world.run(&["-vv", "notify", "test", "production"]);
    assert_eq!(run.code, Some(0), "{run:?}");
    insta::assert_snapshot!(run.stdout.trim_end(), @"
    Discord  was told
    Slack    was told
    ");
    let title = "nutri: a test message for production";
    assert_eq!(all.discord.messages()[0]["embeds"][0]["title"], title);
    assert!(all.slack.messages()[0]["text"].as_str().unwrap().ends_with(title));
    assert!(run.stderr.contains("POST"), "the trace tells of both: {}", run.stderr);
    assert!(SECRETS.iter().all(|it| !format!("{run:?}").contains(it)), "{run:?}");
    assert_no_secret_below(&world.path("target"));
    let run = world.run(&["--json", "notify", "test", "production"]);
    let value: Value = serde_json::from_str(&run.stdout).unwrap();
    let told = json!([{ "place": "Discord", "error": null }, { "place": "Slack", "error": null }]);
    assert_eq!(value["told"], told, "{run:?}");
    assert!(all.github.state().deployments.all.is_empty(), "nothing was rolled out");
}

#[test]
fn who_cannot_be_told_is_named_with_why() {
    let all = Everybody::start("c0");
    let world = all.known_to(World::new());
    all.slack.fail([Fault::answer(404, "no_service")]);
    let run = world.run_with(&["notify", "test", "production"], &[("DISCORD", "")]);
    insta::assert_snapshot!(run.stdout.trim_end(), @"
    Discord  cannot read secret `notify.discord`: `DISCORD` is empty
    Slack    failed to tell Slack (POST its webhook answered 404): there is no such thing, or not for us: Slack said: no_service
    ");
    insta::assert_snapshot!(run.ends(5), @"
    error: failed to tell Discord and Slack
      code: E-not-told
    ");
}

#[test]
fn where_nobody_is_named_there_is_nobody_to_test() {
    insta::assert_snapshot!(World::new().run(&["notify", "test", "staging"]).ends(2), @"
    error: cannot test whom `staging` tells: nobody is named
      hint: name `discord` or `slack` below `[environments.staging.notify]`
      code: E-usage
    ");
}

#[test]
fn the_commits_between_two_releases_are_those_that_git_knows() {
    let world = World::new();
    world.init();
    let git = |words: &[&str]| {
        let own = ["-c", "user.name=Ada L", "-c", "user.email=ada@example.org"];
        let mut command = Command::new("git");
        let output = command.args(own).args(words).current_dir(world.path("")).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    let commit = |message: &str| {
        git(&["commit", "--quiet", "--allow-empty", "-m", message]);
        git(&["rev-parse", "HEAD"])
    };
    let hashes = ["one", "two: @everyone\n\nbody", "three"].map(commit);
    let cancel = xtask::cancel::Cancel::new();
    let shell =
        xtask::edge::shell::Shell::new(&world.path(""), &world.path("none"), &cancel).unwrap();
    let ask = |from: &str, to: &str| xtask::edge::git::subjects(&shell, from, to, 500);
    let found = sentry::commits(&ask(&hashes[0][..12], &hashes[2]).unwrap());
    let found: Vec<_> =
        found.iter().map(|it| (&it.id, it.author.as_str(), it.subject.as_str())).collect();
    assert_eq!(found, [(&hashes[2], "Ada L", "three"), (&hashes[1], "Ada L", "two: @everyone")]);
    assert_eq!(ask(&hashes[2], &hashes[0]).unwrap(), "", "going back brings no commit");
    for odd in ["--output=x", "0123456789ab", ""] {
        assert!(ask(odd, &"1".repeat(40)).is_err(), "{odd}");
    }
    assert!(!world.path("x..1").exists());
}
