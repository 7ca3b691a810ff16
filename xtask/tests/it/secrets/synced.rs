//! `secrets sync`: into a Coolify and a GitHub with state.
#![expect(clippy::unwrap_used, reason = "a test ends where its world does not stand")]

use crate::canary::Canary;
use crate::infra::panel::{APPLY, deploy, named, person, start};
use crate::world::World;
use std::cell::RefCell;
use xtask::runtime;
use xtask_core::coolify::value::sent;
use xtask_fakes::coolify::api::{Coolify as Double, Options};
use xtask_fakes::github::{FakeGitHub, TOKEN};
use xtask_providers::coolify::NewVariable;

const SHOW: [&str; 3] = ["secrets", "sync", "production"];
const SYNC: [&str; 4] = ["secrets", "sync", "production", "--apply"];

struct Place {
    double: Double,
    github: FakeGitHub,
    world: World,
    canary: Canary,
    jwt: RefCell<String>,
    urls: [String; 2],
}

impl Place {
    fn new(label: &str) -> Self {
        let (double, mut canary) = (start(Options::default()), Canary::default());
        let github = FakeGitHub::start("c0").with_environment("live");
        let password = canary.plant("password");
        let jwt = RefCell::new(canary.plant("jwt"));
        let urls = [
            format!("postgres://nutri:{password}@db.example.org:6543/nutri"),
            format!("rediss://default:{password}@cache.example.org:6379"),
        ];
        let token = double.token(label);
        canary.watch(&token);
        canary.watch(TOKEN);
        let world = World::new().with("PRODUCTION_COOLIFY_TOKEN", token);
        let github_of = format!(
            "\n[environments.production.github]\nurl = \"{}\"\nrepository = \"acme/nutri\"\n\
             environment = \"live\"\ntoken = \"env:GITHUB_SYNC\"\n\
             [environments.production.github.secrets]\nJWT_SECRET = \"env:PRODUCTION_JWT_SECRET\"\n\
             DATABASE = \"env:PRODUCTION_DATABASE_URL\"\n",
            github.url()
        );
        world.write("deploy.toml", &format!("{}{github_of}", deploy(&double)));
        Self { double, github, world, canary, jwt, urls }
    }

    fn run(&self, args: &[&str]) -> crate::world::Run {
        self.run_as(args, TOKEN)
    }

    fn run_as(&self, args: &[&str], token: &str) -> crate::world::Run {
        let jwt = self.jwt.borrow();
        let variables = [
            ("PRODUCTION_DATABASE_URL", self.urls[0].as_str()),
            ("PRODUCTION_DIRECT_URL", self.urls[0].as_str()),
            ("PRODUCTION_REDIS_URL", self.urls[1].as_str()),
            ("PRODUCTION_JWT_SECRET", jwt.as_str()),
            ("GITHUB_SYNC", token),
        ];
        self.canary.run_with(&self.world, args, &variables)
    }

    fn in_github(&self, name: &str) -> Option<String> {
        let state = self.github.state();
        state.environments["live"].secrets.get(name).map(|it| it.value.clone())
    }

    fn in_coolify(&self, name: &str) -> String {
        let uuid = named(&self.double, "backend").uuid;
        let rows = runtime::wait(person(&self.double).variables(&uuid)).unwrap();
        let row = rows.iter().find(|it| it.key == name && !it.is_preview).unwrap();
        row.value.as_ref().unwrap().expose().to_owned()
    }
}

#[test]
fn what_is_synced_is_where_it_is_wanted_and_the_second_time_there_is_nothing_to_do() {
    for label in ["ci", "root"] {
        let mut place = Place::new(label);
        place.run(&APPLY).ends(0);
        let shown = place.run(&SHOW);
        assert_eq!(shown.code, Some(3), "{shown:?}");
        assert!(shown.stdout.contains("put secret `JWT_SECRET` into `live` of `acme/nutri`"));
        assert!(place.in_github("JWT_SECRET").is_none(), "it is only shown");
        place.run(&SYNC).ends(0);
        assert_eq!(place.in_github("JWT_SECRET"), Some(place.jwt.borrow().clone()));
        assert_eq!(place.in_github("DATABASE"), Some(place.urls[0].clone()));
        let again = place.run(&SHOW);
        assert_eq!(again.code, Some(0), "{again:?}");
        assert!(again.stdout.contains("nothing to do"), "{again:?}");

        let fresh = place.canary.plant("fresh");
        place.jwt.replace(fresh.clone());
        let run = place.run(&SYNC);
        assert!(run.stdout.contains("2 steps done"), "{run:?}");
        assert_eq!(place.in_github("JWT_SECRET"), Some(fresh.clone()));
        assert_eq!(place.in_coolify("JWT_SECRET"), fresh);
        place.run(&SHOW).ends(0);
    }
}

#[test]
fn what_somebody_else_wrote_is_noticed_and_what_is_theirs_is_left() {
    let place = Place::new("root");
    place.run(&APPLY).ends(0);
    place.run(&SYNC).ends(0);
    place.github.change(|state| {
        let environment = state.environments.get_mut("live").unwrap();
        environment.write("JWT_SECRET", "by hand");
        environment.write("THEIRS", "theirs");
        environment.change_key();
    });
    let jwt = NewVariable::new("JWT_SECRET", &sent("changed-by-hand").unwrap(), "xtask");
    let uuid = named(&place.double, "backend").uuid;
    runtime::wait(person(&place.double).update_variables(&uuid, &[jwt])).unwrap();
    let shown = place.run(&SHOW);
    assert!(shown.stdout.contains("somebody else wrote it since"), "{shown:?}");
    assert!(shown.stdout.contains("secret `THEIRS` of `live` of `acme/nutri`: it is not ours"));
    assert!(shown.stdout.contains("variable `JWT_SECRET` of `backend`"), "{shown:?}");
    assert!(!shown.stdout.contains("DATABASE"), "{shown:?}");
    place.run(&SYNC).ends(0);
    assert_eq!(place.in_github("JWT_SECRET"), Some(place.jwt.borrow().clone()));
    assert_eq!(place.in_github("THEIRS").as_deref(), Some("theirs"));
    assert_eq!(place.in_coolify("JWT_SECRET"), *place.jwt.borrow());
    place.run(&SHOW).ends(0);
}

#[test]
fn exactly_the_plan_that_was_reviewed_is_done() {
    let mut place = Place::new("ci");
    place.run(&APPLY).ends(0);
    let shown = place.run(&["--json", "secrets", "sync", "production"]);
    let plan: serde_json::Value = serde_json::from_str(&shown.stdout).unwrap();
    let digest = plan["plan"].as_str().unwrap().to_owned();
    let fresh = place.canary.plant("fresh");
    let before = place.jwt.replace(fresh);
    let said = place.run(&[&SYNC[..], &["--plan", &digest]].concat()).ends(4);
    assert!(said.contains("with something else now: put secret `JWT_SECRET`"), "{said}");
    assert!(said.contains("review it again: `cargo xtask secrets sync production`"), "{said}");
    assert!(place.in_github("JWT_SECRET").is_none());
    place.jwt.replace(before);
    place.run(&[&SYNC[..], &["--plan", &digest]].concat()).ends(0);
}

#[test]
fn nothing_is_begun_that_cannot_be_finished() {
    let place = Place::new("ci");
    let said = place.run(&SYNC).ends(4);
    assert!(said.contains("application `backend`: it is not there; `infra apply` makes it"));
    place.run(&APPLY).ends(0);
    let said = place.run_as(&SYNC, "another-token-of-github").ends(4);
    assert!(said.contains("the token is not known"), "{said}");
    assert!(said.contains("code: E-github-token"), "{said}");
    place.github.change(|state| state.environments.clear());
    let said = place.run(&SYNC).ends(4);
    assert!(said.contains("environments/live/secrets answered 404"), "{said}");
    let said = place.canary.run(&place.world, &SYNC).ends(4);
    assert!(said.contains("set `PRODUCTION_JWT_SECRET` for this command only"), "{said}");
    let said = place.canary.run(&place.world, &["secrets", "sync", "local"]).ends(2);
    assert!(said.contains("to nobody"), "{said}");
}
