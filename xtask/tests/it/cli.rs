//! The command line itself: what a wrong word or a wrong file gets.

use super::world::World;

#[test]
fn every_mistake_of_deploy_toml_is_said_at_once_and_nothing_is_done() {
    let world = World::new();
    let text = include_str!("../../../deploy.toml")
        .replace("access = \"public\"", "access = \"open\"")
        .replace("drain_seconds = 3", "drain = 3");
    world.write("deploy.toml", &text);
    let said = world.run(&["up"]).ends(2);
    insta::assert_snapshot!(said, @r"
    error: cannot use `deploy.toml`
      caused by: deploy.toml:7: `services.ml-service.drain_seconds`: missing; it is required
        deploy.toml:12: `services.ml-service.drain`: unknown key; known here: `access`, `drain_seconds`, `health`, `image`, `limits`, `needs`, `path`, `port`, `settings`
        deploy.toml:33: `services.backend.drain_seconds`: missing; it is required
        deploy.toml:37: `services.backend.access`: unknown access `open`; known: `public`, `internal`
        deploy.toml:39: `services.backend.drain`: unknown key; known here: `access`, `drain_seconds`, `health`, `image`, `limits`, `needs`, `path`, `port`, `settings`
      code: E-config
    ");
}

#[test]
fn outside_a_checkout_it_says_where_to_go() {
    let world = World::new();
    std::fs::remove_file(world.path("deploy.toml")).unwrap();
    let said = world.run(&["status"]).ends(2);
    assert!(said.contains("cannot find `deploy.toml`"), "{said}");
    assert!(said.contains("hint: run it inside a checkout of the repository"), "{said}");
}

#[test]
fn an_environment_that_is_not_there_or_not_reached_is_named_with_the_known() {
    let world = World::new();
    let said = world.run(&["rollback", "prod"]).ends(2);
    assert!(
        said.contains("unknown environment `prod`; known: `local`, `production`, `staging`"),
        "{said}"
    );
    // What runs elsewhere is reached with a token, which nobody has given.
    for verb in ["rollback", "status", "releases", "audit", "verify"] {
        let said = world.run(&[verb, "production"]).ends(4);
        assert!(said.contains("PRODUCTION_COOLIFY_TOKEN"), "{verb}: {said}");
    }
}

#[test]
fn a_failure_is_json_too_when_json_was_asked_for() {
    let world = World::new();
    let run = world.run(&["--json", "rollback", "prod"]);
    let value: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!((run.code, &value["exit"]), (Some(2), &serde_json::json!(2)));
}

#[test]
fn every_failure_has_a_code_that_can_be_explained() {
    let world = World::new();
    let run = world.run(&["--json", "status", "production"]);
    let value: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(value["code"], "E-secret-missing", "{value}");
    let explained = world.run(&["explain", "E-secret-missing"]);
    assert!(explained.stdout.starts_with("E-secret-missing: "), "{explained:?}");
    assert!(explained.stdout.contains("## A secret is missing"), "{explained:?}");
    let said = world.run(&["explain", "E-nothing"]).ends(2);
    assert!(
        said.contains("unknown code `E-nothing`") && said.ends_with("code: E-usage\n"),
        "{said}"
    );
    assert!(world.run(&["explain"]).stdout.contains("E-port-taken"));
}

#[test]
fn a_command_line_that_is_refused_has_its_code_and_is_data_where_that_is_asked_for() {
    let world = World::new();
    let said = world.run(&["rollout"]).ends(2);
    assert!(said.ends_with("try '--help'.\n  code: E-usage\n"), "{said}");
    let run = world.run(&["rollout", "--json"]);
    let value: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    let line = "the following required arguments were not provided: <ENVIRONMENT> <RELEASE>";
    assert_eq!(value["error"], line);
    assert_eq!((&value["exit"], &value["code"]), (&2.into(), &"E-usage".into()));
    assert_eq!(world.run(&["--help", "--json"]).code, Some(0));
}

#[test]
fn a_result_that_cannot_be_written_is_a_failure() {
    for args in [&["explain"][..], &["--json", "explain"]] {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let output = World::new().command(args).stdout(full).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(5), "{said}");
        assert!(said.starts_with("error: failed to write the result to stdout\n"), "{said}");
        assert!(said.contains("code: E-disk\n"), "{said}");
    }
}

#[test]
fn a_registry_that_cannot_be_asked_has_its_code() {
    let world = World::new().with("XTASK_CA_FILE", "/nowhere.pem".into());
    let key = "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=";
    world.write(
        "key.pub",
        &format!("-----BEGIN PUBLIC KEY-----\n{key}\n-----END PUBLIC KEY-----\n"),
    );
    let args = ["image", "newest", "--from", "registry.invalid/x", "--key", "key.pub"];
    let said = world.run(&args).ends(5);
    assert!(said.contains("cannot use the certificate authorities in `/nowhere.pem`"), "{said}");
    assert!(said.ends_with("code: E-registry-refused\n"), "{said}");
}

#[test]
fn an_engine_that_is_elsewhere_and_silent_is_not_started_here() {
    let world = World::new().with("DOCKER_HOST", "tcp://127.0.0.1:9".into());
    let said = world.run(&["rollback", "local"]).ends(5);
    assert!(said.contains("failed to reach the Docker engine at `tcp://127.0.0.1:9`"), "{said}");
    assert!(said.contains("hint: start that engine, or unset DOCKER_HOST"), "{said}");
    assert!(said.ends_with("code: E-engine-silent\n"), "{said}");
}

#[test]
fn looking_starts_nothing_and_makes_nothing() {
    let world = World::new().with("DOCKER_HOST", "unix:///nowhere/docker.sock".into());
    let run = world.run(&["status"]);
    assert_eq!((run.code, run.stdout.trim()), (Some(3), "no Docker engine answers: nothing runs"));
    let said = world.run(&["audit"]).ends(4);
    assert!(said.contains("cannot look at `local`: no Docker engine answers"), "{said}");
    assert!(said.contains("hint: ./x up"), "{said}");
}

#[test]
fn without_an_engine_there_is_nothing_to_stop_and_nothing_can_be_erased() {
    let world = World::new().with("DOCKER_HOST", "unix:///nowhere/docker.sock".into());
    let run = world.run(&["down"]);
    assert_eq!((run.code, run.stdout.trim()), (Some(0), "no Docker engine answers: nothing runs"));
    let said = world.run(&["down", "--erase"]).ends(4);
    assert!(said.contains("cannot erase anything: no Docker engine answers"), "{said}");
}

#[test]
fn an_engine_that_is_elsewhere_and_silent_may_run_what_is_ours() {
    let world = World::new().with("DOCKER_HOST", "tcp://127.0.0.1:9".into());
    for verb in [&["down"][..], &["down", "--erase"], &["status"], &["audit"]] {
        let said = world.run(verb).ends(5);
        assert!(
            said.contains("failed to reach the Docker engine at `tcp://127.0.0.1:9`"),
            "{said}"
        );
    }
}

#[test]
fn a_limit_that_is_no_number_is_refused() {
    let world = World::new().with("XTASK_COMMAND_LIMIT", "soon".into());
    let said = world.run(&["status"]).ends(2);
    assert!(said.contains("cannot use `XTASK_COMMAND_LIMIT`: `soon` is no number"), "{said}");
}

#[test]
fn a_service_with_a_name_of_ours_is_refused_before_anything_is_done() {
    let world = World::new();
    let text = include_str!("../../../deploy.toml").replace("ml-service", "releases");
    world.write("deploy.toml", &text);
    let said = world.run(&["up"]).ends(2);
    let why = "deploy.toml:7: `services.releases`: the name `releases` is reserved for what runs \
               beside the services; reserved: `postgres`, `redis`, `registry`, `proxy`, `releases`";
    assert!(said.contains(why), "{said}");
}
