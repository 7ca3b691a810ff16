//! Which container runs when, and what the row is told meanwhile.

use super::*;

#[test]
fn the_old_one_goes_after_the_new_one_is_healthy_and_before_finished() {
    let host = host();
    ran(&host, 1, app("1"));
    let row = ran(&host, 2, app("2"));
    assert_eq!(row.statuses(), [Status::Finished]);
    assert_eq!(row.ran_then(), [container(2)]);
    assert_eq!(*row.finished.lock().expect("nobody panicked"), 1);
    let said = [
        "Docker 20.10.24+dfsg1 on deployment server (localhost) does not support BuildKit. Build \
         output progress will be limited.",
        "Starting deployment of registry.test/app:2 to localhost.",
        "Preparing container with helper image: docker.io/coollabsio/coolify-helper:1.0.15",
        "----------------------------------------",
        "Rolling update started.",
        "Pulling latest images from the registry.",
        "New container started.",
        "Waiting for healthcheck to pass on the new container.",
        "Healthcheck URL (inside the container): GET: http://localhost:3000/health",
        "Waiting for the start period (3 seconds) before starting healthcheck.",
        "Attempt 1 of 4 | Healthcheck status: \"healthy\"",
        "Healthcheck logs:  | Return code: 0",
        "New container is healthy.",
        "Removing old containers.",
        "Rolling update completed.",
        "Gracefully shutting down build container: deployment2",
    ];
    assert_eq!(row.visible(), said);
}

#[test]
fn failed_is_written_while_the_bad_container_still_runs() {
    for tag in ["bad", "crash", "noshell"] {
        let host = host();
        ran(&host, 1, app("1"));
        let row = ran(&host, 2, app(tag));
        assert_eq!(row.statuses(), [Status::Failed], "{tag}");
        assert_eq!(row.ran_then(), [container(2), container(1)], "{tag}");
        assert_eq!(running(&host), [container(1)], "{tag}");
        let said = row.visible();
        let back = "New container is not healthy, rolling back to the old container.";
        let back = said.iter().position(|it| it == back).expect(back);
        assert_eq!(said[back + 1], "Rolling update completed.");
    }
}

#[test]
fn without_a_check_a_crashing_image_finishes_and_the_old_one_is_gone() {
    let host = host();
    ran(&host, 1, app("1"));
    let mut unchecked = app("crash");
    unchecked.health.enabled = false;
    let row = ran(&host, 2, unchecked);
    assert_eq!(row.statuses(), [Status::Finished]);
    assert_eq!(running(&host), [container(2)]);
    assert_eq!(host.list("app")[0].state, "restarting");
}

#[test]
fn no_retries_never_pass() {
    let host = host();
    let mut none = app("1");
    none.health.retries = 0;
    let row = ran(&host, 1, none);
    assert_eq!((row.statuses(), running(&host)), (vec![Status::Failed], Vec::new()));
    assert!(!row.visible().contains(&"Container logs:".to_owned()));
}

/// Enabled, no exposed port, no port of the check: Coolify writes no check and waits.
#[test]
fn the_images_own_check_is_waited_for_where_coolify_knows_no_port() {
    let own = |tag| AppSpec { ports_exposes: None, ..app(tag) };
    for (tag, status) in
        [("hc", Status::Finished), ("hcbad", Status::Failed), ("1", Status::Failed)]
    {
        let host = host();
        let row = ran(&host, 1, own(tag));
        assert_eq!(row.statuses(), [status], "{tag}");
        assert_eq!(running(&host).is_empty(), status == Status::Failed, "{tag}");
        assert!(!row.visible().iter().any(|it| it.starts_with("Healthcheck URL")), "{tag}");
    }
    let host = host();
    let said = ran(&host, 1, own("1")).said();
    let reason = "Deployment failed: Rolling update failed \
                  (App\\Exceptions\\DeploymentException): Health check failed";
    assert!(said.iter().any(|it| it.starts_with(reason)), "{said:?}");
    let mut off = own("hcbad");
    off.health.enabled = false;
    assert_eq!(ran(&host, 2, off).statuses(), [Status::Finished]);
}

#[test]
fn mapped_ports_stop_the_old_one_first_and_have_no_gate() {
    let mapped = |tag| AppSpec { ports_mappings: Some("8080:3000".to_owned()), ..app(tag) };
    let host = host();
    ran(&host, 1, mapped("1"));
    let row = ran(&host, 2, mapped("bad"));
    assert_eq!((row.statuses(), running(&host)), (vec![Status::Finished], vec![container(2)]));
    assert!(
        row.visible().contains(
            &"Application has ports mapped to the host system, rolling update is not supported."
                .to_owned()
        )
    );
    let row = ran(&host, 3, mapped("missing"));
    assert_eq!((row.statuses(), running(&host)), (vec![Status::Failed], Vec::new()));
}

#[test]
fn a_consistent_name_leaves_the_old_one_until_the_next_rolling_update() {
    let host = host();
    ran(&host, 1, app("1"));
    let row = ran(&host, 2, AppSpec { consistent_name: true, ..app("2") });
    assert_eq!(row.statuses(), [Status::Finished]);
    assert_eq!(running(&host), ["app".to_owned(), container(1)]);
    ran(&host, 3, app("1"));
    assert_eq!(running(&host), [container(3)]);
}

#[test]
fn other_settings_forbid_a_rolling_update_as_well() {
    let rolls = |app: AppSpec| {
        let host = host();
        ran(&host, 1, app).visible().contains(&"Rolling update started.".to_owned())
    };
    let options = |text: &str| AppSpec { run_options: Some(text.to_owned()), ..app("1") };
    assert!(rolls(options("--init")));
    assert!(!rolls(options("--ip 10.0.0.2")));
    assert!(!rolls(options("--ipc host")));
    assert!(!rolls(AppSpec { internal_name: Some("mine".to_owned()), ..app("1") }));
}

#[test]
fn a_missing_tag_fails_at_once_and_a_silent_registry_after_three_tries() {
    let host = host();
    ran(&host, 1, app("1"));
    let row = ran(&host, 2, app("missing"));
    assert_eq!((row.statuses(), running(&host)), (vec![Status::Failed], vec![container(1)]));
    assert!(!row.said().iter().any(|it| it.starts_with("SSH connection failed")));
    host.silence("registry.test");
    let row = ran(&host, 3, app("1"));
    assert_eq!((row.statuses(), running(&host)), (vec![Status::Failed], vec![container(1)]));
    let said = row.said();
    let tries: Vec<_> = said.iter().filter(|it| it.starts_with("SSH connection failed")).collect();
    let first = |it: &String| it.lines().next().unwrap_or_default().to_owned();
    assert_eq!(
        tries.into_iter().map(first).collect::<Vec<_>>(),
        [
            "SSH connection failed. Retrying... (Attempt 1/3, waiting 2s)",
            "SSH connection failed. Retrying... (Attempt 2/3, waiting 4s)",
        ]
    );
}

#[test]
fn a_tag_is_what_coolify_makes_of_it() {
    let host = host();
    let started = |app: AppSpec| ran(&host, 1, app).visible()[1].clone();
    let of = |image: &str| format!("Starting deployment of registry.test/app{image} to localhost.");
    assert_eq!(started(app("sha256-abc")), of("@sha256:abc"));
    assert_eq!(started(AppSpec { tag: None, ..app("") }), of(":latest"));
    let name = "registry.test/app@sha256".to_owned();
    assert_eq!(started(AppSpec { image: name, ..app("abc") }), of("@sha256:abc"));
    let name = "registry.test/app:1".to_owned();
    assert_eq!(started(AppSpec { image: name, ..app("2") }), of(":1:2"));
}

#[test]
fn a_cancel_before_the_start_changes_nothing() {
    let host = host();
    ran(&host, 1, app("1"));
    let row = Row { cancel_after: Some("Preparing"), ..Row::of(&host) };
    deploy(&job(2, app("2")), &host, &row, &NOTHING);
    assert_eq!((row.statuses(), running(&host)), (Vec::new(), vec![container(1)]));
    let said = row.visible();
    assert!(said.contains(&"Deployment cancelled by user, stopping execution.".to_owned()));
}

#[test]
fn a_cancel_while_the_check_is_waited_for_leaves_two_until_the_next_deployment() {
    let host = host();
    ran(&host, 1, app("1"));
    let row = Row { cancel_after: Some("Waiting for the start period"), ..Row::of(&host) };
    deploy(&job(2, app("2")), &host, &row, &NOTHING);
    assert_eq!((row.statuses(), running(&host)), (Vec::new(), vec![container(2), container(1)]));
    let row = ran(&host, 3, app("1"));
    assert_eq!(running(&host), [container(3)]);
    let stopped: Vec<_> = row.said().into_iter().filter(|it| it.starts_with("app-")).collect();
    // Each is said by its stop and by its removal.
    let gone = [container(2), container(2), container(1), container(1)];
    assert_eq!(stopped.into_iter().filter(|it| !it.contains(' ')).collect::<Vec<_>>(), gone);
}

#[test]
fn a_row_that_was_ended_from_outside_keeps_its_status_and_the_new_code_serves() {
    let host = host();
    ran(&host, 1, app("1"));
    let row = Row { ended: true, ..Row::of(&host) };
    deploy(&job(2, app("2")), &host, &row, &NOTHING);
    assert_eq!((row.statuses(), running(&host)), (Vec::new(), vec![container(2)]));
}

#[test]
fn an_unusable_server_fails_without_a_time_of_its_end() {
    let host = host();
    let row = Row::of(&host);
    let job = Job { server_usable: false, ..job(1, app("1")) };
    deploy(&job, &host, &row, &NOTHING);
    assert_eq!(
        (row.statuses(), row.visible()),
        (vec![Status::Failed], vec!["Server is not functional.".to_owned()])
    );
    assert_eq!(*row.finished.lock().expect("nobody panicked"), 0);
}
