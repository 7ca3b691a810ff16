//! What `infra` refuses, and what it does after it broke or was told something else meanwhile.

use super::panel::{APPLY, PLAN, applications, apply, deploy, json, named, person, start, world};
use xtask::runtime;
use xtask_core::coolify::value::sent;
use xtask_fakes::coolify::api::{Coolify as Double, Options, Version};
use xtask_providers::coolify::{ApplicationChange, NewApplication, NewProject, NewVariable};

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
    let world = world(&double, "ci")
        .with("S3_KEY", "key-of-s3".into())
        .with("S3_SECRET", "secret-of-s3".into());
    // At the end of the plan Coolify turns out not to let this address be asked.
    let storage = format!(
        "[environments.production.coolify.storage]\nname = \"backups\"\nbucket = \"nutri\"\n\
         endpoint = \"{}\"\nregion = \"eu\"\nkey = \"env:S3_KEY\"\nsecret = \"env:S3_SECRET\"\n",
        double.url()
    );
    world.write("deploy.toml", &format!("{}{storage}", deploy(&double)));
    let broken = world.run(&APPLY);
    assert_eq!(broken.code, Some(6), "{broken:?}");
    for wanted in ["failed to create storage `backups`", "the same command again goes on"] {
        assert!(broken.stderr.contains(wanted), "{broken:?}");
    }
    double.allow_internal_targets(true);
    apply(&world);
    world.run(&PLAN).ends(0);
    assert_eq!(applications(&double).len(), 2);
    assert_eq!(runtime::wait(person(&double).projects()).unwrap().len(), 1);
}

#[test]
fn a_domain_that_somebody_has_and_an_environment_under_another_name_are_told_first() {
    let double = start(Options::default());
    let world = world(&double, "ci");
    let theirs = take_domain(&double, "https://api.nutri.app:3000");
    let said = world.run(&APPLY).ends(4);
    assert!(said.contains("has the domain `https://api.nutri.app:3000` already"), "{said}");
    let clear = ApplicationChange { domains: Some(String::new()), ..ApplicationChange::default() };
    runtime::wait(person(&double).update_application(&theirs, &clear)).unwrap();
    apply(&world);
    let renamed =
        deploy(&double).replace("project = \"nutri\"\nserver", "project = \"neu\"\nserver");
    world.write("deploy.toml", &renamed);
    let said = world.run(&APPLY).ends(4);
    let wanted = "it is in environment `production` of project `nutri` already";
    assert!(said.contains(wanted), "{said}");
    assert_eq!(applications(&double).len(), 3, "nothing was made");
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
fn a_local_environment_has_no_such_parts() {
    let double = start(Options::default());
    let said = world(&double, "ci").run(&["infra", "plan", "local"]).ends(2);
    assert!(said.contains("nothing of it is outside this machine"), "{said}");
}

#[test]
fn each_known_version_is_made_as_wanted_once() {
    for known in ["4.1.2", "4.2.0", "4.6.0", "4.7.5"] {
        let version = Version::parse(known).unwrap();
        let double = start(Options { version, ..Options::default() });
        let world = world(&double, "ci");
        let done = world.run(&APPLY);
        assert_eq!(done.code, Some(0), "{known}: {done:?}");
        let again = json(&world.run(&["--json", "infra", "plan", "production"]).stdout);
        for list in ["steps", "refused"] {
            assert_eq!(again[list].as_array().unwrap().len(), 0, "{known}: {again}");
        }
    }
}

#[test]
fn removing_wants_an_ability_of_its_own_from_4_6_on() {
    let version = Version::parse("4.6.0").unwrap();
    let double = start(Options { version, ..Options::default() });
    apply(&world(&double, "ci"));
    let old = NewVariable::new("OLD", &sent("old").unwrap(), "xtask sha256:00");
    let uuid = named(&double, "backend").uuid;
    runtime::wait(person(&double).update_variables(&uuid, &[old])).unwrap();
    let said = world(&double, "ci").run(&APPLY).ends(4);
    assert!(said.contains("the token lacks the ability `delete`"), "{said}");
    assert!(said.contains("E-coolify-ability"), "{said}");
    apply(&world(&double, "ci+delete"));
    world(&double, "ci").run(&PLAN).ends(0);
}
