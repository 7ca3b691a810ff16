//! `secrets`: encrypted files in the repository, from the first key to the last recipient. Every run
//! is searched for the secrets that it handled.
#![expect(clippy::unwrap_used, reason = "a test ends where its world does not stand")]

mod checked;
mod edited;
mod refused;
mod rotated;
mod synced;

use super::canary::{Canary, noting, own};
use super::world::{Run, World};
use age::secrecy::ExposeSecret as _;
use age::x25519;
use std::io::Write as _;
use std::process::{Command, Stdio};
use xtask_fakes::required;
use xtask_fakes::requirement::required_program;

/// Somebody with a key of their own.
pub(crate) struct Person {
    pub(crate) private: String,
    pub(crate) public: String,
}

impl Person {
    pub(crate) fn new() -> Self {
        let key = x25519::Identity::generate();
        let private = key.to_string().expose_secret().to_owned();
        Self { private, public: key.to_public().to_string() }
    }

    /// The file that holds the key.
    pub(crate) fn file(&self, world: &World, canary: &mut Canary) -> String {
        canary.watch(&self.private);
        own(world, &self.public[..12], &format!("{}\n", self.private)).display().to_string()
    }

    /// Puts the key where it is looked for.
    pub(crate) fn enters(&self, world: World, canary: &mut Canary) -> World {
        let path = self.file(&world, canary);
        world.with("XTASK_AGE_IDENTITY", path)
    }
}

/// A world whose production keeps its secrets in `secrets/production.age`.
pub(crate) fn world(canary: &mut Canary) -> (World, Person) {
    let person = Person::new();
    let world = person.enters(noting(World::new(), &["sh", "git", "docker"]), canary);
    world.write("deploy.toml", &deploy());
    (world, person)
}

pub(crate) fn deploy() -> String {
    let text = crate::world::deploy();
    [
        ("DATABASE_URL", "database_url"),
        ("DIRECT_URL", "direct_url"),
        ("REDIS_URL", "redis_url"),
        ("JWT_SECRET_PREVIOUS", "jwt_previous"),
        ("JWT_SECRET", "jwt"),
        ("COOLIFY_TOKEN", "coolify_token"),
    ]
    .iter()
    .fold(text.to_owned(), |text, (variable, name)| {
        text.replace(&format!("env:PRODUCTION_{variable}\""), &format!("age:production/{name}\""))
    })
}

/// Runs with `input` on standard input, and looks everywhere.
pub(crate) fn feed(canary: &Canary, world: &World, args: &[&str], input: &str) -> Run {
    feed_to(canary, world, args, input, None)
}

/// The same with the identity in this file.
pub(crate) fn feed_with(
    canary: &Canary,
    world: &World,
    args: &[&str],
    input: &str,
    identity: &str,
) -> Run {
    feed_to(canary, world, args, input, Some(identity))
}

fn feed_to(
    canary: &Canary,
    world: &World,
    args: &[&str],
    input: &str,
    identity: Option<&str>,
) -> Run {
    let args = [&["-vv"], args].concat();
    let mut command = world.command(&args);
    command.envs(identity.map(|path| ("XTASK_AGE_IDENTITY", path)));
    command.env("XTASK_LOG", "trace").stdin(Stdio::piped());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // A run that refuses early does not read.
    child.stdin.take().unwrap().write_all(input.as_bytes()).ok();
    let output = child.wait_with_output().unwrap();
    canary.looked(world, &args, Run::of(output))
}

pub(crate) fn set(canary: &Canary, world: &World, name: &str, value: &str) -> Run {
    feed(canary, world, &["secrets", "set", "production", name], &format!("{value}\n"))
}

#[test]
fn what_is_set_is_listed_by_its_name_and_reaches_who_asks_for_it() {
    let mut canary = Canary::default();
    let (world, person) = world(&mut canary);
    let jwt = canary.plant("jwt");
    let said = set(&canary, &world, "jwt", &jwt).ends(4);
    assert!(said.contains("cannot encrypt for nobody"), "{said}");
    let add = ["secrets", "recipients", "production", "--add", &person.public];
    canary.run(&world, &add).ends(0);
    set(&canary, &world, "jwt", &jwt).ends(0);
    let before = std::fs::read(world.path("secrets/production.age")).unwrap();
    let again = set(&canary, &world, "jwt", &jwt);
    assert!(again.stdout.contains("nothing was written"), "{again:?}");
    assert_eq!(std::fs::read(world.path("secrets/production.age")).unwrap(), before);
    canary.run(&world, &["secrets", "set", "production", "redis_url", "--generate"]).ends(0);

    let listed = canary.run(&world, &["--json", "secrets", "list", "production"]);
    let rows: serde_json::Value = serde_json::from_str(&listed.stdout).unwrap();
    let row = |name: &str| {
        let all = rows.as_array().unwrap();
        all.iter().find(|it| it["secret"] == name).unwrap_or_else(|| panic!("{name}: {rows}"))
    };
    assert_eq!(row("secrets.jwt")["state"], "there");
    assert!(row("secrets.jwt")["changed"].as_str().unwrap().ends_with('Z'), "{rows}");
    assert_eq!(row("database.url")["state"], "not there");
    assert_eq!(row("secrets.jwt_previous")["state"], "left out");
    let shown = canary.run(&world, &["secrets", "list", "production"]);
    assert!(shown.stdout.contains("age:production/jwt"), "{shown:?}");
    assert!(shown.stdout.contains("0 days old"), "{shown:?}");
}

/// All but one were lost, and each was told to be set.
#[test]
fn of_those_who_set_at_the_same_time_none_is_told_to_be_kept_and_is_lost() {
    let mut canary = Canary::default();
    let (world, person) = world(&mut canary);
    let add = ["secrets", "recipients", "production", "--add", &person.public];
    canary.run(&world, &add).ends(0);
    let names: Vec<String> = (1..=8).map(|number| format!("parallel_{number}")).collect();
    let set = |name: &String| {
        let mut command = world.command(&["secrets", "set", "production", name, "--generate"]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let children: Vec<_> = names.iter().map(|name| (name, set(name))).collect();
    let ended = children.into_iter().map(|(name, it)| (name, it.wait_with_output().unwrap()));
    let (kept, refused): (Vec<_>, Vec<_>) = ended.partition(|(_, it)| it.status.success());
    assert!(!kept.is_empty());
    for (name, output) in refused {
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains("it changed meanwhile"), "{name}: {said}");
    }
    let identity = world.path("../own-to-the-test").join(&person.public[..12]);
    let mut age = Command::new(required!(required_program("age")));
    age.args(["--decrypt", "--identity"]).arg(&identity);
    age.arg(world.path("secrets/production.age"));
    let text = opened_of(&mut age, None);
    for (name, _) in kept {
        assert!(text.contains(name.as_str()), "`{name}` is lost");
    }
}

/// The other implementation of the format: what we write it opens, and what it writes we open.
#[test]
fn the_age_program_reads_our_files_and_we_read_its() {
    let age = required!(required_program("age"));
    let mut canary = Canary::default();
    let (world, person) = world(&mut canary);
    let (jwt, redis) = (canary.plant("jwt"), canary.plant("redis"));
    world.write("secrets/production.recipients", &format!("# ada\n{} # laptop\n", person.public));
    set(&canary, &world, "jwt", &jwt).ends(0);

    let identity = world.path("../own-to-the-test").join(&person.public[..12]);
    let mut opened = Command::new(&age);
    opened.arg("-d").arg("-i").arg(&identity).arg(world.path("secrets/production.age"));
    let opened = opened_of(&mut opened, None);
    assert!(opened.contains(&format!("jwt = \"{jwt}\"")), "{opened}");

    let text = opened.replace("[changed]", &format!("redis_url = '''{redis}'''\n[changed]"));
    let mut written = Command::new(&age);
    written.args(["-o"]).arg(world.path("secrets/production.age"));
    // It takes comments in lines of their own only.
    let recipients = own(&world, "recipients", &format!("{}\n", person.public));
    opened_of(written.arg("-R").arg(recipients), Some(&text));
    let listed = canary.run(&world, &["secrets", "list", "production"]);
    let row = listed.stdout.lines().find(|it| it.starts_with("redis.url ")).unwrap();
    assert!(row.contains("there") && row.contains("age unknown"), "{row}");
}

fn opened_of(command: &mut Command, input: Option<&str>) -> String {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.unwrap_or_default().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn who_is_added_reads_it_and_who_is_removed_does_not() {
    let mut canary = Canary::default();
    let (world, ada) = world(&mut canary);
    let bob = Person::new();
    let bobs = own(&world, "bob", &bob.private).display().to_string();
    canary.watch(&bob.private);
    let jwt = canary.plant("jwt");
    let recipients = |words: &[&str]| {
        canary.run(&world, &[&["secrets", "recipients", "production"], words].concat())
    };
    recipients(&["--add", &ada.public]).ends(0);
    set(&canary, &world, "jwt", &jwt).ends(0);
    let list = ["secrets", "list", "production"];
    let as_bob = || canary.run_with(&world, &list, &[("XTASK_AGE_IDENTITY", &bobs)]);
    let said = as_bob().ends(4);
    assert!(said.contains("it is not encrypted for you") && said.contains(&bob.public), "{said}");

    recipients(&["--add", &bob.public]).ends(0);
    as_bob().ends(0);
    assert_eq!(recipients(&[]).stdout, format!("{}\n{}\n", ada.public, bob.public));
    let run = recipients(&["--remove", &bob.public]);
    assert!(run.stderr.contains("give every secret in it a new value"), "{run:?}");
    as_bob().ends(4);

    let said = recipients(&["--add", &bob.public, "--remove", &ada.public]).ends(4);
    assert!(said.contains("you could not open it again"), "{said}");
    let said = recipients(&["--remove", &ada.public]).ends(4);
    assert!(said.contains("cannot remove the last recipient"), "{said}");
    let said = recipients(&["--remove", &bob.public]).ends(2);
    assert!(said.contains("it is no recipient"), "{said}");
    let said = recipients(&["--add", &bob.private]).ends(2);
    assert!(said.contains("it is a private key"), "{said}");
    canary.run(&world, &list).ends(0);
}

#[test]
fn a_key_under_a_passphrase_is_opened_with_it_and_with_no_other() {
    let mut canary = Canary::default();
    let (world, person) = world(&mut canary);
    let (jwt, passphrase) = (canary.plant("jwt"), canary.plant("passphrase"));
    world.write("secrets/production.recipients", &person.public);
    set(&canary, &world, "jwt", &jwt).ends(0);
    let private = xtask_core::secret::Secret::new(&person.private);
    let word = xtask_core::secret::Secret::new(&passphrase);
    let locked = xtask::edge::encrypted::encrypt(&private, &word, 8).unwrap();
    let locked = own(&world, "locked", &locked).display().to_string();
    let list = |word: &str| {
        let variables = [("XTASK_AGE_IDENTITY", locked.as_str()), ("XTASK_KEY_PASSPHRASE", word)];
        canary.run_with(&world, &["secrets", "list", "production"], &variables)
    };
    assert!(list(&passphrase).stdout.contains("age:production/jwt"));
    let said = list("another").ends(4);
    assert!(said.contains("another passphrase encrypted it"), "{said}");
    // A value on standard input is never taken for the passphrase.
    let said = list("").ends(4);
    assert!(said.contains("nobody can be asked for its passphrase"), "{said}");
}
