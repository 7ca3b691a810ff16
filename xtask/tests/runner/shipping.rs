//! From a commit to both services verified on two servers: `build.yml` and `deploy.yml` as committed,
//! with the real program, images and signatures, a registry that wants a login, two Coolifys, a
//! Postgres, Trivy, and the secrets of each environment as GitHub keeps them.
//!
//! How long it took is printed and held against nothing: on a busy machine it would tell of that.

use super::github::{GitHub, WRITING_TOKEN, run};
use super::job::Run;
use super::postgres;
use super::server::Server;
use super::{registry, stand_in, with_key_and};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;
use xtask_fakes::github::{FakeGitHub, TOKEN};
use xtask_fakes::registry::FakeRegistry;
use xtask_fakes::required;
use xtask_fakes::trivy_database::{Advisory, TrivyDatabase};

/// The order in which a release reaches them.
const PLACES: [&str; 2] = ["staging", "production"];
const NAMES: [&str; 5] = ["COOLIFY_TOKEN", "DATABASE_URL", "DIRECT_URL", "REDIS_URL", "JWT_SECRET"];

/// Everything that a team has, and one laptop.
struct Team<'a> {
    github: GitHub,
    api: FakeGitHub,
    registry: FakeRegistry,
    servers: BTreeMap<&'static str, Server>,
    database: postgres::Server<'a>,
    key: String,
}

impl<'a> Team<'a> {
    fn new(cluster: &'a postgres::Cluster) -> Self {
        Self::with(cluster, |_| {})
    }

    /// The same, after `edit` had its way with the repository.
    fn with(cluster: &'a postgres::Cluster, edit: impl FnOnce(&Path)) -> Self {
        let (registry, database) = (registry(), cluster.serve_plainly());
        database.ask("CREATE DATABASE staging");
        let servers: BTreeMap<_, _> = PLACES.map(|it| (it, Server::start())).into();
        let api = PLACES.iter().fold(FakeGitHub::start("c0"), |it, name| it.with_environment(name));
        let (mut github, key) = with_key_and(|origin| {
            let file = origin.join("deploy.toml");
            let text = std::fs::read_to_string(&file).unwrap();
            // The servers of the tests have no bucket.
            let text = xtask_fakes::deploy::without_backup(&text);
            std::fs::write(&file, deploy(&text, &registry, &servers, &api)).unwrap();
            edit(origin);
            let mut workflows = Command::new(env!("CARGO_BIN_EXE_xtask"));
            let made = made_in(workflows.arg("workflows"), origin);
            assert!(made.status.success(), "{made:?}");
        });
        stand_in::for_verbs(&mut github);
        github.vars.insert("REGISTRY".into(), json!(format!("{}/acme/nutri", registry.host())));
        github.vars.insert("SHIP_AFTER_BUILD".into(), json!("true"));
        for (name, folder) in
            [("XTASK_CACHE", cache(&github)), ("XTASK_STATE", github.path("state"))]
        {
            github.machine.push((name.to_owned(), folder.display().to_string()));
        }
        for (name, value) in [("XTASK_COOLIFY_POLL_MS", "40"), ("XTASK_TESTS_VERIFY_MS", "200")] {
            github.machine.push((name.to_owned(), value.to_owned()));
        }
        Self { github, api, registry, servers, database, key }
    }

    /// What the laptop gives a program: the secrets of `place`, none of them a file.
    fn secrets(&self, place: &str) -> Vec<(String, String)> {
        let database = self.database.url("sslmode=disable");
        let database = match place {
            "staging" => database.replace("/postgres?", "/staging?"),
            _ => database,
        };
        NAMES
            .iter()
            .map(|name| {
                let value = match *name {
                    "COOLIFY_TOKEN" => self.servers[place].double.token("ci"),
                    "REDIS_URL" => {
                        format!("rediss://default:{place}-xq7Zt0bUuB1m7yQe@cache.example.org")
                    }
                    "JWT_SECRET" => format!("{place}-4Yw2kHcVxPzL5sJfaXq7Zt0bUuB1m7yQe"),
                    _ => database.clone(),
                };
                (format!("{}_{name}", place.to_uppercase()), value)
            })
            .collect()
    }

    /// What a person does once, from her laptop: applications at Coolify, secrets to where they are
    /// read.
    fn sets_up(&mut self) {
        let key = json!({ "SIGNING_KEY": self.key });
        self.github.secrets = Map::from_iter([("registry".to_owned(), key)]);
        for place in PLACES {
            self.laptop(place, &["infra", "apply", place, "--apply"]);
            self.laptop(place, &["secrets", "sync", place, "--apply"]);
            let kept = self.api.state().environments[place].secrets.clone();
            let kept = kept.into_iter().map(|(name, it)| (name, json!(it.value)));
            let kept: Map<String, Value> = kept.collect();
            assert_eq!(kept.len(), NAMES.len(), "{:?}", kept.keys());
            self.github.secrets.insert(place.to_owned(), Value::Object(kept));
        }
    }

    fn laptop(&self, place: &str, words: &[&str]) {
        let ended = self.laptop_with(place, words, "");
        assert!(ended.status.success(), "{words:?}: {ended:?}");
    }

    /// The same with a key to sign with.
    fn laptop_with(&self, place: &str, words: &[&str], key: &str) -> std::process::Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
        command.args(words).envs(self.github.machine.iter().cloned());
        command.envs(self.secrets(place)).env("GITHUB_SYNC", TOKEN).env("SIGNING_KEY", key);
        let home = format!("{}/acme/nutri", self.registry.host());
        let login = [("REGISTRY", home.as_str()), ("REGISTRY_USER", "octo")];
        command.envs(login).env("REGISTRY_TOKEN", WRITING_TOKEN);
        made_in(&mut command, &self.github.path("origin"))
    }

    /// A push to `main`.
    fn pushed(&self) -> Run {
        Run::of(&self.github, &super::after_checks(self.github.workflow("build.yml")))
    }

    /// Both services of `place` run the release of `commit`, and nothing else does.
    fn serves(&self, place: &str, commit: &str) {
        for service in ["backend", "ml-service"] {
            assert_eq!(
                self.servers[place].releases(service),
                [&commit[..12]],
                "{place}: {service}"
            );
        }
    }

    /// The last record of production: what was done, to what, and how it ended.
    fn last_record(&self) -> String {
        self.database.ask(
            "SELECT concat_ws(' ', it ->> 'action', it ->> 'to', it -> 'outcome' ->> 'kind')
             FROM (SELECT body::json AS it, number FROM xtask.ledger) AS ledger
             WHERE it -> 'outcome' ->> 'kind' <> 'noted' ORDER BY number DESC LIMIT 1",
        )
    }

    /// Nothing that lets anybody in stands in a log, on a page or in an artifact.
    fn tells_no_secret(&self, run: &Run) {
        let mut all: Vec<String> = vec![self.key.trim().to_owned(), WRITING_TOKEN.to_owned()];
        for place in PLACES {
            let own = self.secrets(place).into_iter().filter(|(name, _)| !name.ends_with("_URL"));
            all.extend(own.map(|(_, value)| value));
        }
        all.extend([postgres::PASSWORD.to_owned(), "xq7Zt0bUuB1m7yQe@".to_owned()]);
        let pages = self.reports().into_iter().map(|it| std::fs::read_to_string(it).unwrap());
        let said: Vec<String> = pages.chain([run.log.clone(), run.page.clone()]).collect();
        for secret in all {
            assert!(!said.iter().any(|it| it.contains(&secret)), "a secret was said");
        }
    }

    /// Every report that was kept.
    fn reports(&self) -> Vec<PathBuf> {
        let artifacts = std::fs::read_dir(self.github.path("artifacts")).unwrap();
        let folders =
            artifacts.map(|it| it.unwrap().path().join("reports")).filter(|it| it.is_dir());
        folders.flat_map(|it| std::fs::read_dir(it).unwrap()).map(|it| it.unwrap().path()).collect()
    }
}

fn made_in(command: &mut Command, folder: &Path) -> std::process::Output {
    command.current_dir(folder).env_remove("GITHUB_ACTIONS").output().unwrap()
}

/// The committed file with the addresses of the doubles.
fn deploy(
    text: &str,
    registry: &FakeRegistry,
    servers: &BTreeMap<&'static str, Server>,
    api: &FakeGitHub,
) -> String {
    let (staging, production) = text.split_once("[environments.production]").unwrap();
    let of = |text: &str, place: &str, url: &str| {
        let server = &servers[place];
        text.replace("https://coolify.nutri.app", &server.double.url())
            .replace(url, &server.proxy.url())
            .replace("ghcr.io/nutri-app/nutri", &format!("{}/acme/nutri", registry.host()))
    };
    let staging = of(staging, "staging", "https://api.staging.nutri.app");
    let production = of(production, "production", "https://api.nutri.app");
    let github = PLACES.map(|place| {
        let url = api.url();
        let secrets = NAMES.map(|name| {
            let name = format!("{}_{name}", place.to_uppercase());
            format!("{name} = \"env:{name}\"\n")
        });
        format!(
            "\n[environments.{place}.github]\nurl = \"{url}\"\nrepository = \"acme/nutri\"\n\
             token = \"env:GITHUB_SYNC\"\n[environments.{place}.github.secrets]\n{}",
            secrets.concat()
        )
    });
    format!("{staging}[environments.production]{production}{}", github.concat())
}

/// The cache of this machine but for what the scanner keeps there: its database is a small one of
/// the test, in which nothing of ours is weak.
fn cache(github: &GitHub) -> PathBuf {
    let own = github.path("cache");
    std::fs::create_dir_all(&own).unwrap();
    let home = || PathBuf::from(std::env::var_os("HOME").unwrap()).join(".cache/nutri");
    let real = std::env::var_os("XTASK_CACHE").map_or_else(home, PathBuf::from);
    let shared = [
        "apt", "blobs", "builds", "contents", "debs", "layers", "npm", "tools", "unpacked",
        "wheels",
    ];
    for name in shared {
        std::fs::create_dir_all(real.join(name)).unwrap();
        std::os::unix::fs::symlink(real.join(name), own.join(name)).unwrap();
    }
    let mut database = TrivyDatabase::default();
    let (vulnerable, fixed) = ("< 0.0.1", Some("0.0.1"));
    let advisory =
        |package| Advisory { package, id: "CVE-2099-1", vulnerable, fixed, severity: "HIGH" };
    database.debian(&Advisory { package: "nothing-of-ours", id: "CVE-2099-2", ..advisory("") });
    database.npm(&advisory("express"));
    database.pip(&advisory("fastapi"));
    database.program(&advisory("node"));
    database.write(&own.join("trivy"), &xtask::edge::clock::now()).unwrap();
    let metadata = own.join("trivy/db/metadata.json");
    let mut text: Value =
        serde_json::from_str(&std::fs::read_to_string(&metadata).unwrap()).unwrap();
    text["NextUpdate"] = json!("2999-01-01T00:00:00Z");
    std::fs::write(&metadata, text.to_string()).unwrap();
    own
}

/// A commit that changes the image of each service.
fn edits_both_services(origin: &Path) {
    for (file, line) in [
        ("services/backend/src/main.ts", "\nexport const edited = 1;\n"),
        ("services/ml-service/src/nutri_ml/app.py", "\nEDITED = 1\n"),
    ] {
        let path = origin.join(file);
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, text + line).unwrap();
    }
    run("git", "-c user.name=a -c user.email=a@b commit --quiet --all -m two", origin);
}

#[test]
fn a_commit_becomes_verified_services_on_both_servers_and_a_person_goes_back() {
    let cluster = required!(postgres::Cluster::new());
    let mut team = Team::new(&cluster);
    team.sets_up();
    let first = team.github.commit();
    let began = Instant::now();
    let made = team.pushed();
    for job in ["build", "staging", "production"] {
        assert_eq!(made.result(job), "success", "{job}:\n{}", made.log);
    }
    println!("commit to verified, both environments: {:.0} s", began.elapsed().as_secs_f64());
    PLACES.iter().for_each(|place| team.serves(place, &first));
    assert!(made.log.contains(", as `keys/nutri.pub` says"), "the gate was asked: {}", made.log);
    assert_eq!(team.last_record(), format!("rollout {} done", &first[..12]));
    assert_eq!(team.reports().len(), 2, "one of each environment");
    let tag = team.registry.tag("acme/nutri/backend", &first[..12]).expect("it was pushed");
    for wanted in [
        "### rollout of production: done".to_owned(),
        format!("nothing → **{}**", &first[..12]),
        format!("| backend | unknown | `{tag}` |"),
        "not measured".to_owned(),
        "times from outside".to_owned(),
    ] {
        assert!(made.page.contains(&wanted), "{wanted}:\n{}", made.page);
    }
    team.tells_no_secret(&made);

    // The next commit moves both services, and a person goes back from it.
    edits_both_services(&team.github.path("origin"));
    let second = team.github.commit();
    let began = Instant::now();
    let made = team.pushed();
    assert_eq!(made.result("production"), "success", "{}", made.log);
    println!("the next commit: {:.0} s", began.elapsed().as_secs_f64());
    PLACES.iter().for_each(|place| team.serves(place, &second));
    for wanted in [
        format!("{} → **{}**", &first[..12], &second[..12]),
        format!("https://github.example/Acme/Nutri/compare/{first}...{second}"),
        "| requests lost | ".to_owned(),
        format!("| backend | `{tag}` | `"),
    ] {
        assert!(made.page.contains(&wanted), "{wanted}:\n{}", made.page);
    }
    let said = [("environment", "production"), ("action", "rollback"), ("release", "")];
    team.github.inputs =
        said.map(|(name, value)| (name.to_owned(), json!(value))).into_iter().collect();
    let back = Run::of(&team.github, &team.github.workflow("deploy.yml"));
    assert_eq!(back.result("production"), "success", "{}", back.log);
    team.serves("production", &first);
    team.serves("staging", &second);
    assert_eq!(team.last_record(), format!("rollback {} done", &first[..12]));
    assert!(back.page.contains("### rollback of production: done"), "{}", back.page);
    team.tells_no_secret(&back);
}

#[test]
fn two_builders_are_github_and_a_laptop_and_ship_is_enough_for_the_second() {
    let cluster = required!(postgres::Cluster::new());
    let keys = tempfile::tempdir().unwrap();
    let private = keys.path().join("second");
    let mut team = Team::with(&cluster, |origin| {
        let mut keygen = Command::new(env!("CARGO_BIN_EXE_xtask"));
        keygen.args(["image", "keygen", "--plain", "--public", "keys/second.pub", "--private"]);
        let made = made_in(keygen.arg(&private), origin);
        assert!(made.status.success(), "{made:?}");
        let file = origin.join("deploy.toml");
        let text = std::fs::read_to_string(&file).unwrap();
        let text = text
            .replace("[\"keys/nutri.pub\"]", "[\"keys/nutri.pub\", \"keys/second.pub\"]")
            .replace("[environments.production]\n", "[environments.production]\nbuilders = 2\n");
        std::fs::write(&file, text).unwrap();
    });
    team.sets_up();
    let made = team.pushed();
    assert_eq!(made.result("staging"), "success", "{}", made.log);
    assert!(!made.needs.contains_key("production"), "nobody could have attested it yet");
    let commit = team.github.commit();
    let ship = ["ship", "production", "--apply"];
    let said = |output: &std::process::Output| String::from_utf8_lossy(&output.stderr).into_owned();
    let foreign = keys.path().join("foreign");
    let mut keygen = Command::new(env!("CARGO_BIN_EXE_xtask"));
    keygen.args(["image", "keygen", "--plain", "--public"]).arg(keys.path().join("foreign.pub"));
    let made = made_in(keygen.arg("--private").arg(&foreign), &team.github.path("origin"));
    assert!(made.status.success(), "{made:?}");
    let foreign = std::fs::read_to_string(&foreign).unwrap();
    for (key, code, wanted) in [
        ("-----BEGIN NOTHING-----", 2, "cannot use key `env:SIGNING_KEY`"),
        (foreign.as_str(), 4, "which `signing.public_keys` does not name"),
        ("", 4, "is not verified for `production`"),
        (team.key.as_str(), 4, "wanted 2 different keys"),
    ] {
        let ended = team.laptop_with("production", &ship, key);
        assert_eq!(ended.status.code(), Some(code), "{}", said(&ended));
        assert!(said(&ended).contains(wanted), "{wanted}: {}", said(&ended));
        assert!(team.servers["production"].releases("backend").is_empty(), "nothing was changed");
    }
    let ended = team.laptop_with("production", &ship, &std::fs::read_to_string(&private).unwrap());
    assert_eq!(ended.status.code(), Some(0), "{}", said(&ended));
    team.serves("production", &commit);
    let again = team.laptop_with("production", &ship, "");
    assert_eq!(again.status.code(), Some(0), "who ships what is verified needs no key");
}
