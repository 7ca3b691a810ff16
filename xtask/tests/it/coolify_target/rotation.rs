//! A key is exchanged over three rollouts, and nobody is logged out: what was signed before each step
//! is accepted after it, and while old and new containers run side by side, each accepts what the
//! other one signs.
#![expect(clippy::unwrap_used, reason = "a test ends where its world does not stand")]

use super::town::{Backend, Town};
use crate::canary::Canary;
use crate::postgres::server::Cluster;
use crate::secrets::{Person, feed_with};
use crate::world::Run;
use ring::hmac::{HMAC_SHA256, Key, sign, verify};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use xtask_core::deploy::Deploy;
use xtask_fakes::coolify::update::Containers as _;
use xtask_fakes::required;

/// What a backend's container was told: it signs with its key, names it by the first eight digits
/// of its SHA-256, and accepts the second key as well.
#[derive(Clone, Debug)]
struct Told(BTreeMap<String, String>);

impl Told {
    fn keys(&self) -> Vec<&String> {
        ["JWT_SECRET", "JWT_SECRET_PREVIOUS"].into_iter().filter_map(|it| self.0.get(it)).collect()
    }

    fn signs(&self) -> (String, Vec<u8>) {
        let key = &self.0["JWT_SECRET"];
        (kid(key), sign(&Key::new(HMAC_SHA256, key.as_bytes()), b"ada").as_ref().to_vec())
    }

    fn accepts(&self, (name, tag): &(String, Vec<u8>)) -> bool {
        let fits = |key: &&String| {
            kid(key) == *name && verify(&Key::new(HMAC_SHA256, key.as_bytes()), b"ada", tag).is_ok()
        };
        self.keys().iter().any(fits)
    }
}

fn kid(key: &str) -> String {
    hex::encode(Sha256::digest(key))[..8].to_owned()
}

struct Exchange<'a> {
    town: Town<'a>,
    canary: Canary,
    identity: String,
    releases: usize,
}

impl<'a> Exchange<'a> {
    fn new(cluster: &'a Cluster) -> Self {
        let (mut town, mut canary) = (Town::new(cluster, "root"), Canary::default());
        (1..=4).for_each(|at| town.release(&format!("r{at}"), Backend::Good));
        let person = Person::new();
        let identity = person.file(&town.world, &mut canary);
        let exchange = Self { town, canary, identity, releases: 0 };
        exchange.configure(|text| text.to_owned());
        exchange.town.world.write("secrets/production.recipients", &person.public);
        exchange
    }

    /// With a key in the encrypted file, and everything at Coolify but a release.
    fn begun(cluster: &'a Cluster) -> (Self, String) {
        let mut it = Self::new(cluster);
        let jwt = it.canary.plant("jwt");
        let set = ["secrets", "set", "production", "jwt"];
        feed_with(&it.canary, &it.town.world, &set, &jwt, &it.identity).ends(0);
        it.infra();
        (it, jwt)
    }

    fn configure(&self, change: impl Fn(&str) -> String) {
        let text = std::fs::read_to_string(self.town.world.path("deploy.toml")).unwrap();
        let text = text
            .replace("env:PRODUCTION_JWT_SECRET_PREVIOUS\"", "age:production/jwt_previous\"")
            .replace("env:PRODUCTION_JWT_SECRET\"", "age:production/jwt\"");
        self.town.world.write("deploy.toml", &change(&text));
    }

    fn run(&self, args: &[&str]) -> Run {
        let identity = [("XTASK_AGE_IDENTITY", self.identity.as_str())];
        self.canary.run_with(&self.town.world, args, &identity)
    }

    fn rotate(&self) -> Run {
        self.run(&["secrets", "rotate", "production", "jwt", "--apply"])
    }

    fn infra(&self) {
        self.run(&["infra", "apply", "production", "--apply"]).ends(0);
    }

    /// The next release, with whatever is in the file now; what the new container was told.
    fn rollout(&mut self) -> Told {
        self.releases += 1;
        let version = format!("r{}", self.releases);
        self.again(&version)
    }

    fn again(&self, version: &str) -> Told {
        self.run(&["rollout", "production", version, "--apply"]).ends(0);
        self.told()
    }

    fn told(&self) -> Told {
        let uuid = self.town.application("backend").uuid;
        let containers = self.town.host.list(&uuid);
        let [one] = containers.as_slice() else { panic!("{containers:?}") };
        Told(self.town.host.environment(&one.name).unwrap())
    }
}

/// Each accepts what the other one signs, as it must while both run.
fn side_by_side(before: &Told, after: &Told) {
    assert!(after.accepts(&before.signs()), "who was logged in is logged out");
    assert!(before.accepts(&after.signs()), "an old container refuses what a new one signed");
}

#[test]
fn a_key_is_exchanged_over_three_rollouts_and_nobody_is_logged_out() {
    let cluster = required!(Cluster::new());
    let (mut it, jwt) = Exchange::begun(&cluster);
    let first = it.rollout();
    assert_eq!(first.keys(), [&jwt]);
    let old_token = first.signs();

    it.rotate().ends(0);
    let said = it.rotate().ends(4);
    assert!(said.contains("the next step with `jwt` of `production`"), "{said}");
    assert!(said.contains("variable `JWT_SECRET_PREVIOUS` of `backend`"), "{said}");
    assert!(said.contains("code: E-rotation"), "{said}");
    // The same release again is enough: what it is told differs.
    let accepting = it.again("r1");
    side_by_side(&first, &accepting);
    assert_eq!(accepting.signs().0, kid(&jwt), "the old key signs");

    it.rotate().ends(0);
    let signing = it.again("r1");
    side_by_side(&accepting, &signing);
    assert!(signing.accepts(&old_token) && signing.signs().0 != kid(&jwt));

    let said = it.rotate().ends(4);
    assert!(said.contains("what the old key signed is good for"), "{said}");
    it.configure(|text| text.replace("lifetime_seconds = 900", "lifetime_seconds = 0"));
    it.rotate().ends(0);
    it.run(&["secrets", "sync", "production", "--apply"]).ends(0);
    let last = it.rollout();
    assert_eq!(last.keys().len(), 1);
    assert!(last.accepts(&signing.signs()) && signing.accepts(&last.signs()));
    assert!(!last.accepts(&old_token), "the old key is gone");

    // A second exchange begins like the first.
    let said = it.run(&["secrets", "rotate", "production", "jwt"]);
    assert!(said.stdout.contains("next: make a new key `jwt_previous`"), "{said:?}");
}

/// Who rolls out from an older checkout hands over older keys: the next step waits.
#[test]
fn no_step_is_taken_on_the_word_of_a_rollout_with_other_keys() {
    let cluster = required!(Cluster::new());
    let (mut it, _jwt) = Exchange::begun(&cluster);
    it.rollout();
    let file = it.town.world.path("secrets/production.age");
    let older = std::fs::read(&file).unwrap();
    it.rotate().ends(0);
    let newer = std::fs::read(&file).unwrap();
    std::fs::write(&file, older).unwrap();
    it.rollout();
    std::fs::write(&file, newer).unwrap();
    let said = it.rotate().ends(4);
    assert!(said.contains("variable `JWT_SECRET_PREVIOUS` of `backend`"), "{said}");
}

/// What the backend signs with its key, and for how long that is good, stands in the backend; that
/// it signs nothing else, its own test shows.
#[test]
fn a_key_is_kept_for_as_long_as_what_it_signed_is_good_and_not_much_longer() {
    let sessions = include_str!("../../../../services/backend/src/domain/sessions.ts");
    let stated = sessions.lines().find_map(|it| it.strip_prefix("export const accessSeconds = "));
    let factors = stated.unwrap().trim_end_matches(';').split(" * ");
    let signed: u64 = factors.map(|it| it.parse::<u64>().unwrap()).product();
    let deploy = Deploy::parse(include_str!("../../../../deploy.toml")).unwrap();
    let kept = deploy.rotations["jwt"].lifetime_seconds;
    assert!((signed + 60..=signed + 600).contains(&kept), "{signed} s, kept for {kept} s");
}
