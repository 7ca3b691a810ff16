//! `infra`: what stands around the services, against a Coolify with state.
#![expect(clippy::unwrap_used, reason = "a test ends where its world does not stand")]

use super::world::World;
use serde_json::Value;
use std::sync::Arc;
use xtask::edge::coolify::with;
use xtask::runtime;
use xtask_core::coolify::value::sent;
use xtask_core::secret::Secret;
use xtask_fakes::coolify::api::{Coolify as Double, Options, Version};
use xtask_fakes::coolify::update::Simulated;
use xtask_fakes::coolify::update::simulated::Image;
use xtask_providers::coolify::{
    Application, ApplicationChange, Coolify, NewApplication, NewProject, NewVariable, Settings,
    Status,
};

const SECRETS: [(&str, &str); 4] = [
    ("PRODUCTION_DATABASE_URL", "postgres://nutri:p4ss-of-the-database@db.example.org:6543/nutri"),
    ("PRODUCTION_DIRECT_URL", "postgres://nutri:p4ss-of-the-database@db.example.org:5432/nutri"),
    ("PRODUCTION_REDIS_URL", "rediss://default:p4ss-of-redis@cache.example.org:6379"),
    ("PRODUCTION_JWT_SECRET", "it's-a-secret-of-48-characters"),
];

pub(crate) fn start(options: Options) -> Double {
    Double::start(options, Arc::new(Simulated::new()))
}

/// A world whose production is on `double`, asked with the token of that label.
pub(crate) fn world(double: &Double, label: &str) -> World {
    let world = bare(double, label);
    SECRETS.into_iter().fold(world, |world, (name, value)| world.with(name, value.to_owned()))
}

/// The same, without any secret but the token.
pub(crate) fn bare(double: &Double, label: &str) -> World {
    let world = World::new().with("PRODUCTION_COOLIFY_TOKEN", double.token(label));
    world.write("deploy.toml", &deploy(double));
    world
}

fn deploy(double: &Double) -> String {
    include_str!("../../../deploy.toml").replace("https://coolify.nutri.app", &double.url())
}

/// A person at the panel.
pub(crate) fn person(double: &Double) -> Coolify {
    with(&double.url(), Secret::new(double.token("root")), Settings::default())
}

fn applications(double: &Double) -> Vec<Application> {
    runtime::wait(person(double).applications()).unwrap()
}

pub(crate) fn named(double: &Double, name: &str) -> Application {
    let all = applications(double);
    let found = all.into_iter().find(|it| it.name.as_deref() == Some(name)).unwrap();
    runtime::wait(person(double).application(&found.uuid)).unwrap().unwrap()
}

fn json(run: &str) -> Value {
    serde_json::from_str(run).unwrap()
}

const APPLY: [&str; 4] = ["infra", "apply", "production", "--apply"];
const PLAN: [&str; 5] = ["infra", "plan", "production", "--only", "coolify"];

pub(crate) fn apply(world: &World) {
    world.run(&APPLY).ends(0);
}

#[test]
fn after_apply_the_second_plan_is_empty_and_nothing_was_deployed() {
    let double = start(Options::default());
    for label in ["ci", "root"] {
        let world = world(&double, label);
        let shown = world.run(&PLAN);
        let is_first = label == "ci";
        assert_eq!(shown.code, Some(if is_first { 3 } else { 0 }), "{shown:?}");
        for (_, secret) in SECRETS {
            assert!(!format!("{shown:?}").contains(secret), "a secret is shown");
        }
        let done = world.run(&APPLY);
        assert_eq!(done.code, Some(0), "{done:?}");
        let again = world.run(&["--json", "infra", "plan", "production"]);
        let plan = json(&again.stdout);
        for list in ["steps", "unknown", "refused", "foreign"] {
            assert_eq!(plan[list].as_array().unwrap().len(), 0, "{list}: {again:?}");
        }
        world.run(&["infra", "drift", "production"]).ends(0);
    }
    let backend = named(&double, "backend");
    assert_eq!(backend.image_tag.as_deref(), Some("not-rolled-out"));
    assert_eq!(backend.domains.as_deref(), Some("https://api.nutri.app:3000"));
    assert_eq!((backend.ports_exposes, backend.health_check_enabled), (None, true));
    assert_eq!(
        (backend.limits_cpus.as_deref(), backend.limits_memory.as_deref()),
        (Some("1"), Some("1536m"))
    );
    let ml = named(&double, "ml-service");
    assert_eq!(
        (ml.domains, ml.custom_network_aliases.as_deref()),
        (None, Some("nutri-production-ml-service"))
    );
    let running = runtime::wait(person(&double).deployments()).unwrap();
    assert!(running.is_empty(), "{running:?}");
}

#[test]
fn what_the_service_is_told_is_what_coolify_was_sent_with_every_flag() {
    let double = start(Options::default());
    apply(&world(&double, "ci"));
    let rows = runtime::wait(person(&double).variables(&named(&double, "backend").uuid)).unwrap();
    let of_production = rows.iter().filter(|it| !it.is_preview);
    let names: Vec<&str> = of_production.clone().map(|it| it.key.as_str()).collect();
    assert_eq!(names.len(), 7, "{names:?}");
    for row in of_production {
        assert!(row.is_literal && row.is_runtime && !row.is_buildtime, "{}", row.key);
        let comment = row.comment.as_deref().unwrap();
        assert!(comment.starts_with("xtask sha256:") || comment.starts_with("xtask hmac-sha256:"));
    }
    let value = |name: &str| {
        let row = rows.iter().find(|it| it.key == name && !it.is_preview).unwrap();
        row.value.as_ref().unwrap().expose().to_owned()
    };
    assert_eq!(value("ML_SERVICE_URL"), "http://nutri-production-ml-service:8000");
    assert_eq!(value("JWT_SECRET"), sent(SECRETS[3].1).unwrap().text.expose());
    assert!(!names.contains(&"APP_VERSION"), "a release is a rollout's to say");
}

#[test]
fn a_plan_needs_no_secret_and_says_what_it_does_not_know() {
    let double = start(Options::default());
    apply(&world(&double, "ci"));
    let world = bare(&double, "ci");
    let run = world.run(&["infra", "drift", "production"]);
    assert_eq!(run.code, Some(75), "{run:?}");
    assert!(run.stdout.contains("variable `JWT_SECRET` of `backend`"), "{run:?}");
    assert!(run.stdout.contains("not at hand: `secrets.jwt`"), "{run:?}");
    assert!(!run.stdout.contains("`NODE_ENV`"), "what stands in the file is known: {run:?}");
    let said = world.run(&APPLY).ends(4);
    for name in ["PRODUCTION_DATABASE_URL", "PRODUCTION_REDIS_URL", "PRODUCTION_JWT_SECRET"] {
        assert!(said.contains(&format!("set `{name}` for this command only")), "{said}");
    }
}

#[test]
fn what_a_person_changed_in_the_panel_is_drift_and_is_set_again() {
    let double = start(Options::default());
    let world = world(&double, "root");
    apply(&world);
    let person = person(&double);
    let uuid = named(&double, "backend").uuid;
    let change = ApplicationChange {
        domains: Some("https://elsewhere.example.org".into()),
        ports_mappings: Some(xtask_providers::coolify::Clearable::Set("80:3000".into())),
        health_check_port: Some(Some(3000)),
        limits_memory: Some("0".into()),
        ..ApplicationChange::default()
    };
    let jwt = NewVariable::new("JWT_SECRET", &sent("changed-by-hand").unwrap(), "xtask");
    let own = NewVariable::new("THEIRS", &sent("theirs").unwrap(), "by a person");
    let old = NewVariable::new("OLD", &sent("old").unwrap(), "xtask sha256:00");
    runtime::wait(async {
        person.update_application(&uuid, &change).await.unwrap();
        person.update_variables(&uuid, &[jwt, own, old]).await.unwrap();
    });
    let run = world.run(&["infra", "drift", "production"]);
    assert_eq!(run.code, Some(3), "{run:?}");
    for wanted in [
        "domains: https://elsewhere.example.org → https://api.nutri.app:3000",
        "ports_mappings: 80:3000 → nothing",
        "health_check_port: 3000 → nothing",
        "limits_memory: 0 → 1536m",
        "variable `JWT_SECRET` of `backend`",
        "variable `OLD` of `backend`",
        "variable `THEIRS` of `backend`",
    ] {
        assert!(run.stdout.contains(wanted), "{wanted}: {}", run.stdout);
    }
    assert!(!run.stdout.contains("changed-by-hand"), "{}", run.stdout);
    apply(&world);
    world.run(&PLAN).ends(0);
    let rows = runtime::wait(person.variables(&uuid)).unwrap();
    assert!(rows.iter().any(|it| it.key == "THEIRS") && !rows.iter().any(|it| it.key == "OLD"));
}

#[test]
fn an_application_of_our_name_is_adopted_and_one_with_exposed_ports_is_refused() {
    let double = start(Options::default());
    let person = person(&double);
    let (project, server) = runtime::wait(async {
        let new = NewProject { name: "nutri".into(), description: None };
        let project = person.create_project(&new).await.unwrap();
        (project, person.servers().await.unwrap()[0].uuid.clone())
    });
    let make = |name: &str, ports: Option<&str>| {
        let mut new = NewApplication::new(&project, "production", &server);
        new.fields.name = Some(name.into());
        new.fields.image_name = Some("ghcr.io/somebody/else".into());
        new.fields.ports_exposes = ports.map(Into::into);
        runtime::wait(person.create_docker_image(&new)).unwrap().uuid
    };
    let backend = make("backend", None);
    let ml = make("ml-service", Some("8000"));
    let world = world(&double, "ci");
    let shown = world.run(&PLAN);
    assert!(shown.stdout.contains("adopt"), "{shown:?}");
    let said = world.run(&APPLY).ends(4);
    assert!(
        said.contains("its `ports_exposes` is `8000`") && said.contains("E-infra-refused"),
        "{said}"
    );
    assert_eq!(named(&double, "backend").image_name.as_deref(), Some("ghcr.io/somebody/else"));
    runtime::wait(person.delete_application(&ml)).unwrap();
    while applications(&double).iter().any(|it| it.uuid == ml) {
        std::thread::yield_now();
    }
    apply(&world);
    world.run(&PLAN).ends(0);
    assert_eq!(named(&double, "backend").uuid, backend);
    assert_eq!(applications(&double).len(), 2);
}

#[test]
fn exactly_the_reviewed_plan_is_applied_or_nothing() {
    let double = start(Options::default());
    let world = world(&double, "ci");
    let plan = json(&world.run(&["--json", "infra", "plan", "production"]).stdout);
    let digest = plan["plan"].as_str().unwrap().to_owned();
    let new = NewProject { name: "nutri".into(), description: None };
    runtime::wait(person(&double).create_project(&new)).unwrap();
    let said = world.run(&["infra", "apply", "production", "--apply", "--plan", &digest]).ends(4);
    assert!(said.contains("no longer: create project `nutri`"), "{said}");
    assert!(said.contains("cargo xtask infra plan production"), "{said}");
    assert!(applications(&double).is_empty());
    let plan = json(&world.run(&["--json", "infra", "plan", "production"]).stdout);
    let digest = plan["plan"].as_str().unwrap().to_owned();
    world.run(&["infra", "apply", "production", "--apply", "--plan", &digest]).ends(0);
}

#[test]
fn a_run_that_broke_is_run_again_and_makes_nothing_twice() {
    let double = start(Options::default());
    let world = world(&double, "ci");
    // In the middle of the plan a domain turns out to be somebody's.
    let theirs = take_domain(&double, "https://api.nutri.app:3000");
    let broken = world.run(&APPLY);
    assert_eq!(broken.code, Some(6), "{broken:?}");
    for wanted in ["failed to create application `backend`", "the same command again goes on"] {
        assert!(broken.stderr.contains(wanted), "{broken:?}");
    }
    let clear = ApplicationChange { domains: Some(String::new()), ..ApplicationChange::default() };
    runtime::wait(person(&double).update_application(&theirs, &clear)).unwrap();
    apply(&world);
    world.run(&PLAN).ends(0);
    assert_eq!(applications(&double).len(), 3);
    assert_eq!(runtime::wait(person(&double).projects()).unwrap().len(), 2);
}

/// Another application, in a project of its own, has this domain.
fn take_domain(double: &Double, domain: &str) -> String {
    let person = person(double);
    runtime::wait(async {
        let new = NewProject { name: "theirs".into(), description: None };
        let project = person.create_project(&new).await.unwrap();
        let server = person.servers().await.unwrap()[0].uuid.clone();
        let mut new = NewApplication::new(&project, "production", &server);
        new.fields.image_name = Some("ghcr.io/somebody/else".into());
        new.fields.domains = Some(domain.into());
        person.create_docker_image(&new).await.unwrap().uuid
    })
}

#[test]
fn each_refusal_of_the_token_has_its_code_and_nothing_is_changed() {
    let double = start(Options::default());
    let refused = [
        ("expired", "E-coolify-token"),
        ("write", "E-coolify-ability"),
        ("member-ci", "E-coolify-ability"),
    ];
    for (label, code) in refused {
        let said = world(&double, label).run(&APPLY).ends(4);
        assert!(said.contains(code), "{label}: {said}");
        assert!(!said.contains(&double.token(label)), "{said}");
    }
    let said = world(&double, "read").run(&APPLY).ends(4);
    assert!(said.contains("the token lacks the ability `write`"), "{said}");
    assert!(applications(&double).is_empty());
    let said = world(&double, "other-ci").run(&APPLY).ends(4);
    assert!(said.contains("cannot use server `localhost`"), "{said}");
    let unknown = world(&double, "ci");
    let text = deploy(&double).replace("server = \"localhost\"", "server = \"hetzner-1\"");
    unknown.write("deploy.toml", &text);
    let said = unknown.run(&APPLY).ends(4);
    assert!(
        said.contains("Coolify has none of that name") && said.contains("`localhost`"),
        "{said}"
    );
    let off = start(Options { api_enabled: false, ..Options::default() });
    let said = world(&off, "ci").run(&PLAN).ends(4);
    assert!(said.contains("E-coolify-off"), "{said}");
}

#[test]
fn an_older_coolify_is_planned_as_far_as_it_can_tell() {
    let version = Version::parse("4.1.2").unwrap();
    let double = start(Options { version, ..Options::default() });
    let run = world(&double, "ci").run(&PLAN);
    assert_eq!(run.code, Some(3), "{run:?}");
    assert!(run.stdout.contains("it takes 4.3.0 or later"), "{}", run.stdout);
}

#[test]
fn nothing_is_planned_for_a_version_that_nobody_has_looked_at() {
    let version = Version::parse("4.9.0").unwrap();
    let double = start(Options { version, ..Options::default() });
    for words in [PLAN.as_slice(), APPLY.as_slice()] {
        let said = world(&double, "ci").run(words).ends(4);
        assert!(said.contains("E-coolify-version"), "{said}");
    }
    assert!(applications(&double).is_empty());
}

#[test]
fn two_environments_of_one_project_do_not_see_each_other() {
    let double = start(Options::default());
    let staging = SECRETS.map(|(name, value)| (name.replace("PRODUCTION", "STAGING"), value));
    let own: Vec<(&str, &str)> =
        staging.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    let token = double.token("ci");
    let own = [own, vec![("STAGING_COOLIFY_TOKEN", token.as_str())]].concat();
    let world = world(&double, "ci");
    apply(&world);
    world.run_with(&["infra", "apply", "staging", "--apply"], &own).ends(0);
    world.run(&["infra", "drift", "production"]).ends(0);
    world.run_with(&["infra", "drift", "staging"], &own).ends(0);
    assert_eq!(applications(&double).len(), 4);
    assert_eq!(runtime::wait(person(&double).projects()).unwrap().len(), 1);
}

#[test]
fn a_local_environment_has_no_such_parts() {
    let double = start(Options::default());
    let said = world(&double, "ci").run(&["infra", "plan", "local"]).ends(2);
    assert!(said.contains("nothing of it is outside this machine"), "{said}");
}

#[test]
fn what_a_running_instance_has_is_shown_and_then_written_into_the_file() {
    let double = start(Options::default());
    let world = world(&double, "root");
    apply(&world);
    let text = deploy(&double).replace("threshold = 80", "threshold = 70");
    world.write("deploy.toml", &text);
    let shown = world.run(&["infra", "import", "production"]);
    assert_eq!(shown.code, Some(3), "{shown:?}");
    assert!(shown.stdout.contains("-threshold = 70\n+threshold = 80"), "{}", shown.stdout);
    assert_eq!(std::fs::read_to_string(world.path("deploy.toml")).unwrap(), text);
    world.run(&["infra", "import", "production", "--apply"]).ends(0);
    world.run(&["infra", "drift", "production"]).ends(0);
    let again = world.run(&["infra", "import", "production"]);
    assert_eq!(again.code, Some(0), "{again:?}");
}

/// Has the backend deployed at `tag`, as a rollout does, and waits for the end.
fn deploy_backend(double: &Double, tag: &str) -> Status {
    let (person, uuid) = (person(double), named(double, "backend").uuid);
    let change =
        ApplicationChange { image_tag: Some(tag.to_owned()), ..ApplicationChange::default() };
    runtime::wait(async {
        person.update_application(&uuid, &change).await.unwrap();
        let claimed = person.deploy(&uuid, true).await.unwrap().claimed.unwrap();
        loop {
            let row = person.deployment_named(claimed.as_str()).await.unwrap().unwrap();
            if row.status.is_terminal() {
                return row.status;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    })
}

/// Decision 0013, with images that have what ours have: a check of their own, and no curl.
#[test]
fn an_application_of_ours_is_updated_by_the_images_own_check_and_told_its_settings_whole() {
    let host = Arc::new(Simulated::new());
    let image = |tag: &str| format!("ghcr.io/nutri-app/nutri/backend:{tag}");
    host.publish(&image("good"), Image::without_shell().with_own_check());
    host.publish(&image("bad"), Image { shell: false, ..Image::bad().with_own_check() });
    host.publish(&image("latest"), Image::good());
    let double = Double::start(Options { limit: 100_000, ..Options::default() }, host.clone());
    apply(&world(&double, "ci"));
    let app = named(&double, "backend").uuid;
    assert_eq!(deploy_backend(&double, "not-rolled-out"), Status::Failed, "there is no such image");
    assert_eq!(deploy_backend(&double, "good"), Status::Finished);
    let running = double.containers().list(&app);
    let [first] = running.as_slice() else { panic!("{running:?}") };
    let made = host.created(&first.name).unwrap();
    assert_eq!(made.check, None, "Coolify would write a check of its own");
    for (name, value) in
        [("JWT_SECRET", SECRETS[3].1), ("DATABASE_URL", SECRETS[0].1), ("PORT", "3000")]
    {
        assert_eq!(made.env.get(name).map(String::as_str), Some(value), "{name}");
    }
    assert!(made.aliases.iter().any(|it| it == "nutri-production-backend"), "{made:?}");
    assert_eq!(deploy_backend(&double, "bad"), Status::Failed);
    assert!(
        double.containers().list(&app).iter().any(|it| it.name == first.name),
        "the old one stays"
    );
    world(&double, "ci").run(&PLAN).ends(0);
}

#[test]
fn storage_and_notifications_are_made_once_and_their_secrets_are_never_shown() {
    let double = start(Options::default());
    double.allow_internal_targets(true);
    let more = format!(
        "[environments.production.coolify.storage]\nname = \"backups\"\nbucket = \"nutri\"\n\
         endpoint = \"{0}\"\nregion = \"eu\"\nkey = \"env:S3_KEY\"\nsecret = \"env:S3_SECRET\"\n\
         [environments.production.coolify.notifications]\nwebhook = \"env:HOOK\"\n",
        double.url()
    );
    let with_secrets = |label: &str, secret: &str| {
        let world = world(&double, label)
            .with("S3_KEY", "key-of-s3".into())
            .with("S3_SECRET", secret.into())
            .with("HOOK", format!("{}/hook-nobody-knows", double.url()));
        world.write("deploy.toml", &format!("{}{more}", deploy(&double)));
        world
    };
    let first = with_secrets("ci", "secret-of-s3");
    let done = first.run(&APPLY);
    assert_eq!(done.code, Some(0), "{done:?}");
    for secret in ["key-of-s3", "secret-of-s3", "hook-nobody-knows"] {
        assert!(!format!("{done:?}").contains(secret), "{done:?}");
    }
    // A token that may not read the webhook's address does not know it; one that may, does.
    let run = first.run(&["infra", "drift", "production"]);
    assert_eq!(run.code, Some(75), "{run:?}");
    with_secrets("root", "secret-of-s3").run(&["infra", "drift", "production"]).ends(0);
    let other = with_secrets("ci", "another").run(&PLAN);
    assert!(other.stdout.contains("storage `backups`"), "{other:?}");
    assert_eq!(other.code, Some(3), "{other:?}");
    with_secrets("ci", "another").run(&APPLY).ends(0);
    with_secrets("root", "another").run(&["infra", "drift", "production"]).ends(0);
    assert_eq!(runtime::wait(person(&double).s3_storages()).unwrap().len(), 1);
}
