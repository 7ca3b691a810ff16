//! The command line itself: what a wrong word or a wrong file gets.

use super::world::World;
use xtask_fakes::registry::{FakeRegistry, Fault, on};

#[test]
fn every_mistake_of_deploy_toml_is_said_at_once_and_nothing_is_done() {
    let world = World::new();
    let text = crate::world::deploy()
        .replace("access = \"public\"", "access = \"open\"")
        .replace("drain_seconds = 8", "drain = 3");
    world.write("deploy.toml", &text);
    let output = world.run(&["up"]).ends(2);
    insta::assert_snapshot!(output, @r"
    error: cannot use `deploy.toml`
      caused by: deploy.toml:7: `services.ml-service.drain_seconds`: missing; it is required
        deploy.toml:12: `services.ml-service.drain`: unknown key; known here: `access`, `drain_seconds`, `health`, `image`, `limits`, `needs`, `path`, `port`, `probe`, `settings`, `trial`
        deploy.toml:34: `services.backend.drain_seconds`: missing; it is required
        deploy.toml:38: `services.backend.access`: unknown access `open`; known: `public`, `internal`
        deploy.toml:40: `services.backend.drain`: unknown key; known here: `access`, `drain_seconds`, `health`, `image`, `limits`, `needs`, `path`, `port`, `probe`, `settings`, `trial`
      code: E-config
    ");
}

#[test]
fn a_drain_that_ends_before_a_proxy_knows_of_it_is_refused_before_anything_is_built() {
    let world = World::new();
    let short = crate::world::deploy()
        .replace("drain_seconds = 8", "drain_seconds = 6")
        .replace("DRAIN_SECONDS = \"8\"", "DRAIN_SECONDS = \"6\"");
    world.write("deploy.toml", &short);
    world.write("images/backend.toml", include_str!("../../../images/backend.toml"));
    let output = world.run(&["image", "build", "backend"]).ends(2);
    assert!(output.starts_with("error: cannot use `images/backend.toml`\n"), "{output}");
    assert!(output.contains("`services.backend` drains for 6 s only"), "{output}");
    assert!(output.contains("code: E-definition"), "{output}");
}

#[test]
fn outside_a_checkout_it_says_where_to_go() {
    let world = World::new();
    std::fs::remove_file(world.path("deploy.toml")).unwrap();
    let output = world.run(&["status"]).ends(2);
    assert!(output.contains("cannot find `deploy.toml`"), "{output}");
    assert!(output.contains("hint: run it inside a checkout of the repository"), "{output}");
}

#[test]
fn an_environment_that_is_not_there_or_not_reached_is_named_with_the_known() {
    let world = World::new();
    let output = world.run(&["rollback", "prod"]).ends(2);
    assert!(
        output.contains("unknown environment `prod`; known: `local`, `production`, `staging`"),
        "{output}"
    );
    // What runs elsewhere is reached with a token, which nobody has given.
    for verb in ["rollback", "status", "verify"] {
        let said = world.run(&[verb, "production"]).ends(4);
        assert!(said.contains("PRODUCTION_COOLIFY_TOKEN"), "{verb}: {said}");
    }
    // The ledger is in the database, and needs no more.
    for verb in [&["audit", "list"][..], &["audit", "verify"], &["audit", "show", "1"]] {
        let said = world.run(&[verb, &["production"]].concat()).ends(4);
        assert!(said.contains("PRODUCTION_DIRECT_URL"), "{verb:?}: {said}");
        assert!(!said.contains("COOLIFY_TOKEN"), "{verb:?}: {said}");
    }
}

#[test]
fn a_variable_of_the_network_that_is_wrong_is_named_at_once_and_not_tried() {
    let world = World::new();
    let keygen = ["image", "keygen", "--plain", "--private", "../it.key", "--public", "it.pub"];
    assert_eq!(world.run(&keygen).code, Some(0));
    let ask = ["image", "verify-attestation", "registry.invalid/a/b:1", "--key", "it.pub"];
    let values = ["::::", "http://user:hunter2@:80", "http://hunter2:port"];
    let proxies = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"];
    for (variable, value) in proxies.into_iter().zip(values) {
        let said = world.run_with(&ask, &[(variable, value)]).ends(2);
        let line = format!("caused by: cannot use the proxy in the variable `{variable}`");
        assert!(said.contains(&line) && !said.contains("gave up"), "{said}");
        assert!(said.contains(&format!("hint: unset `{variable}`, or give it the form")), "{said}");
        assert!(said.contains("E-network-setting"), "{said}");
        assert!(!said.contains("hunter2") && !said.contains(value), "{said}");
    }
    let said = world.run_with(&ask, &[("XTASK_CA_FILE", "it.pub")]).ends(2);
    assert!(said.contains("cannot use the certificate authorities in `it.pub`"), "{said}");
    assert!(said.contains("hint: unset `XTASK_CA_FILE`"), "{said}");
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
    let output = world.run(&["explain", "E-nothing"]).ends(2);
    assert!(
        output.contains("unknown code `E-nothing`") && output.ends_with("code: E-usage\n"),
        "{output}"
    );
    assert!(world.run(&["explain"]).stdout.contains("E-port-taken"));
}

#[test]
fn a_command_line_that_is_refused_has_its_code_and_is_data_where_that_is_asked_for() {
    let world = World::new();
    let output = world.run(&["rollout"]).ends(2);
    assert!(output.ends_with("try '--help'.\n  code: E-usage\n"), "{output}");
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
        let printed = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(5), "{printed}");
        assert!(printed.starts_with("error: failed to write the result to stdout\n"), "{printed}");
        assert!(printed.contains("code: E-disk\n"), "{printed}");
    }
}

#[test]
fn a_registry_that_cannot_be_asked_has_its_code() {
    let world = World::new();
    let registry = FakeRegistry::start();
    registry.fault(Fault::refusal(on("*", "/v2/"), 403, "DENIED", "not you", 99));
    let key = "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=";
    world.write(
        "key.pub",
        &format!("-----BEGIN PUBLIC KEY-----\n{key}\n-----END PUBLIC KEY-----\n"),
    );
    let from = format!("{}/x", registry.host());
    let args = ["image", "newest", "--from", &from, "--key", "key.pub"];
    let output = world.run(&args).ends(5);
    assert!(output.contains("answered 403 Forbidden"), "{output}");
    assert!(output.ends_with("code: E-registry-refused\n"), "{output}");
}

#[test]
fn an_engine_that_is_elsewhere_and_silent_is_not_started_here() {
    let world = World::new().with("DOCKER_HOST", "tcp://127.0.0.1:9".into());
    let output = world.run(&["rollback", "local"]).ends(5);
    assert!(
        output.contains("failed to reach the Docker engine at `tcp://127.0.0.1:9`"),
        "{output}"
    );
    assert!(output.contains("hint: start that engine, or unset DOCKER_HOST"), "{output}");
    assert!(output.ends_with("code: E-engine-silent\n"), "{output}");
}

#[test]
fn looking_starts_nothing_and_makes_nothing() {
    let world = World::new().without_engine();
    let run = world.run(&["status"]);
    assert_eq!((run.code, run.stdout.trim()), (Some(3), "no Docker engine answers: nothing runs"));
    let output = world.run(&["audit", "list"]).ends(4);
    assert!(output.contains("cannot look at `local`: no Docker engine answers"), "{output}");
    assert!(output.contains("hint: ./x up"), "{output}");
}

#[test]
fn without_an_engine_there_is_nothing_to_stop_and_nothing_can_be_erased() {
    let world = World::new().without_engine();
    let run = world.run(&["down"]);
    assert_eq!((run.code, run.stdout.trim()), (Some(0), "no Docker engine answers: nothing runs"));
    let output = world.run(&["down", "--erase"]).ends(4);
    assert!(output.contains("cannot erase anything: no Docker engine answers"), "{output}");
}

#[test]
fn an_engine_that_is_elsewhere_and_silent_may_run_what_is_ours() {
    let world = World::new().with("DOCKER_HOST", "tcp://127.0.0.1:9".into());
    for verb in [&["down"][..], &["down", "--erase"], &["status"], &["audit", "list"]] {
        let output = world.run(verb).ends(5);
        assert!(
            output.contains("failed to reach the Docker engine at `tcp://127.0.0.1:9`"),
            "{output}"
        );
    }
}

#[test]
fn an_address_that_stands_where_a_name_is_wanted_is_not_repeated() {
    let world = World::new();
    let address = "postgres://own:hunter2@127.0.0.1:1/app";
    let behind = format!("env:{address}");
    for words in [
        &["db", "diff", "migrations", address][..],
        &["image", "attest", "--key", address],
        &["image", "attest", "--key", "hunter2"],
        &["state", "backup", "local", "--to", "x.age", "--database", &behind],
    ] {
        let run = world.run(words);
        assert_eq!(run.code, Some(2), "{run:?}");
        assert!(!run.stderr.contains("hunter2"), "{run:?}");
    }
}

#[test]
fn a_limit_that_is_no_number_is_refused() {
    let world = World::new().with("XTASK_COMMAND_LIMIT", "soon".into());
    let output = world.run(&["status"]).ends(2);
    assert!(output.contains("cannot use `XTASK_COMMAND_LIMIT`: `soon` is no number"), "{output}");
}

#[test]
fn a_service_with_a_name_of_ours_is_refused_before_anything_is_done() {
    let world = World::new();
    let text = crate::world::deploy().replace("ml-service", "releases");
    world.write("deploy.toml", &text);
    let output = world.run(&["up"]).ends(2);
    let why = "deploy.toml:7: `services.releases`: the name `releases` is reserved for what runs \
               beside the services; reserved: `postgres`, `redis`, `registry`, `proxy`, `releases`";
    assert!(output.contains(why), "{output}");
}
