//! `infra`: what stands around the services, against a Coolify with state.
#![expect(clippy::unwrap_used, reason = "a test ends where its world does not stand")]

pub(crate) mod panel;
mod refused;

use panel::{
    APPLY, PLAN, SECRETS, applications, apply, bare, deploy, json, named, person, start, world,
};
use std::sync::Arc;
use xtask::runtime;
use xtask_core::coolify::value::sent;
use xtask_core::moment::Moment;
use xtask_fakes::coolify::api::{Coolify as Double, Options};
use xtask_fakes::coolify::update::Simulated;
use xtask_fakes::coolify::update::simulated::Image;
use xtask_providers::coolify::{ApplicationChange, NewVariable, Status};

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

/// A token that is shown no value; somebody changes one and leaves our comment as it is.
#[test]
fn a_value_that_is_changed_in_the_panel_is_noticed_without_being_read() {
    let double = start(Options::default());
    let world = world(&double, "ci");
    apply(&world);
    let (person, uuid) = (person(&double), named(&double, "backend").uuid);
    let row = |is_preview: bool| {
        let rows = runtime::wait(person.variables(&uuid)).unwrap();
        rows.into_iter().find(|it| it.key == "JWT_SECRET" && it.is_preview == is_preview).unwrap()
    };
    // As if we had written it an hour ago.
    let comment = row(false).comment.unwrap();
    let (print, at) = comment.rsplit_once(" at=").unwrap();
    assert!(at.parse::<Moment>().is_ok(), "{comment}");
    let earlier = format!("{print} at=2026-01-01T00:00:00Z");
    let by_hand = NewVariable::new("JWT_SECRET", &sent("by-hand").unwrap(), &earlier);
    runtime::wait(person.update_variables(&uuid, &[by_hand])).unwrap();
    let run = world.run(&["infra", "drift", "production"]);
    assert_eq!(run.code, Some(3), "{run:?}");
    assert!(run.stdout.contains("somebody changed it after it was written"), "{run:?}");
    apply(&world);
    world.run(&["infra", "drift", "production"]).ends(0);
    assert_eq!(row(false).value, Some(sent(SECRETS[3].1).unwrap().text));
}

#[test]
fn a_new_secret_reaches_the_twin_for_previews_as_well() {
    let double = start(Options::default());
    apply(&world(&double, "ci"));
    let other = world(&double, "ci").with("PRODUCTION_JWT_SECRET", "another-secret".to_owned());
    apply(&other);
    other.run(&["infra", "drift", "production"]).ends(0);
    let uuid = named(&double, "backend").uuid;
    let rows = runtime::wait(person(&double).variables(&uuid)).unwrap();
    let values: Vec<_> = rows
        .iter()
        .filter(|it| it.key == "JWT_SECRET")
        .map(|it| it.value.as_ref().unwrap().expose().to_owned())
        .collect();
    assert_eq!(values, ["another-secret", "another-secret"]);
}
