//! What settings, commands and values make of a deployment.

use super::*;

#[test]
fn the_command_before_runs_in_the_old_one_and_can_end_the_deployment() {
    let pre = |command: &str| AppSpec { pre_command: Some(command.to_owned()), ..app("2") };
    let host = host();
    let row = ran(&host, 1, pre("echo no; exit 3"));
    let skipped = "Pre-deployment command: No running containers found. Skipping.";
    assert!(row.visible().contains(&skipped.to_owned()));
    assert_eq!(row.statuses(), [Status::Finished]);
    let row = ran(&host, 2, pre("echo no; exit 3"));
    assert_eq!((row.statuses(), running(&host)), (vec![Status::Failed], vec![container(1)]));
    let reason = format!(
        "Deployment failed: Command execution failed (exit code 3): docker exec {} sh -c \
         'echo no; exit 3'\nError: no",
        container(1)
    );
    assert!(row.visible().contains(&reason), "{:?}", row.visible());
}

#[test]
fn the_command_after_changes_nothing_and_runs_in_the_old_one_after_a_failure() {
    let post = |tag| AppSpec { post_command: Some("echo no; exit 3".to_owned()), ..app(tag) };
    let host = host();
    let row = ran(&host, 1, post("1"));
    assert_eq!(row.statuses(), [Status::Finished]);
    let row = ran(&host, 2, post("bad"));
    assert_eq!(row.statuses(), [Status::Failed]);
    let executed = format!("docker exec {} sh -c 'echo no; exit 3'", container(1));
    let lines = row.lines.lock().expect("nobody panicked");
    assert!(lines.iter().any(|it| it.command.as_ref() == Some(&executed)));
}

#[test]
fn a_value_or_a_limit_that_compose_cannot_read_fails_at_pull() {
    let host = host();
    ran(&host, 1, app("1"));
    let mut broken = job(2, app("2"));
    broken.env = vec![EnvRow {
        key: "BAD".to_owned(),
        value: Some("a'b".to_owned()),
        literal: true,
        runtime: true,
        ..EnvRow::default()
    }];
    let row = Row::of(&host);
    deploy(&broken, &host, &row, &NOTHING);
    assert_eq!((row.statuses(), running(&host)), (vec![Status::Failed], vec![container(1)]));
    let fault = "failed to read /artifacts/deployment2/.env: line 7: unexpected character";
    assert!(row.said().iter().any(|it| it.starts_with(fault)), "{:?}", row.said());
    let mut limited = app("2");
    limited.limits.memory = "abc".to_owned();
    let row = ran(&host, 3, limited);
    assert_eq!(row.statuses(), [Status::Failed]);
    assert!(row.said().iter().any(|it| it.ends_with("mem_limit': invalid size: 'abc'")));
    let mut limited = app("2");
    limited.limits.cpus = "abc".to_owned();
    limited.limits.memory = "1.5g".to_owned();
    assert_eq!(ran(&host, 4, limited).statuses(), [Status::Finished]);
    let made = host.created(&container(4)).expect("it runs");
    assert_eq!(made.limits, ["--memory=1.5g"]);
}

#[test]
fn an_option_that_was_cut_fails_at_up() {
    let host = host();
    let options = Some("--security-opt no-new-privileges".to_owned());
    let row = ran(&host, 1, AppSpec { run_options: options, ..app("1") });
    assert_eq!((row.statuses(), running(&host)), (vec![Status::Failed], Vec::new()));
    assert!(row.said().contains(&"Invalid security-opt: \"no\"".to_owned()));
}

#[test]
fn a_container_has_coolifys_labels_and_not_those_that_pretend_to_be() {
    let host = host();
    let labels =
        "traefik.enable=false\ncoolify.h1=test\nwith.comma=a,b\nwith.dollar=a$b".to_owned();
    let aliases = Some("h1-backend,h1-b2".to_owned());
    ran(&host, 1, AppSpec { labels, aliases, id: 132, ..app("1") });
    let made = host.created(&container(1)).expect("it runs");
    let label = |key: &str| made.labels.get(key).map(String::as_str);
    assert_eq!(label("coolify.resourceName"), Some("back-end"));
    assert_eq!(label("coolify.applicationId"), Some("132"));
    assert_eq!((label("coolify.h1"), label("with.comma")), (None, Some("a,b")));
    assert_eq!((label("with.dollar"), label("traefik.enable")), (Some("a$b"), Some("false")));
    assert_eq!(made.aliases, ["h1-backend", "h1-b2"]);
    assert_eq!(made.env["COOLIFY_CONTAINER_NAME"], container(1));
}

#[test]
fn a_stop_at_its_default_would_prune_the_whole_host() {
    let host = host();
    ran(&host, 1, app("1"));
    stop("app", 30, Cleanup::None, &host, &NOTHING);
    assert_eq!((running(&host), host.events()), (Vec::new(), Vec::new()));
    stop("app", 30, Cleanup::WholeHost, &host, &NOTHING);
    assert_eq!(host.events(), [Event::HostPruned]);
}

#[test]
fn one_that_ignores_term_is_stopped_all_the_same() {
    let host = host();
    host.publish(
        "registry.test/app:deaf",
        Image { process: Process::IgnoresTerm, ..Image::good() },
    );
    ran(&host, 1, app("deaf"));
    ran(&host, 2, app("1"));
    assert_eq!(running(&host), [container(2)]);
}
