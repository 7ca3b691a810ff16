use super::deploy;
use crate::coolify::update::simulated::{Image, Process};
use crate::coolify::update::{AppSpec, Containers as _, Delays, EnvRow, Exec, Job, Journal};
use crate::coolify::update::{Cleanup, Event, HealthCheck, LogLine, Simulated, Status, stop};
use std::collections::BTreeMap;
use std::sync::Mutex;

const NOTHING: Delays = Delays::scaled(0.0);

/// A row: what was said and done, in order, and a word after which it is cancelled.
struct Row<'a> {
    host: &'a Simulated,
    lines: Mutex<Vec<LogLine>>,
    /// Each status, with the containers that ran when it was written.
    statuses: Mutex<Vec<(Status, Vec<String>)>>,
    finished: Mutex<u32>,
    cancel_after: Option<&'static str>,
    ended: bool,
}

impl<'a> Row<'a> {
    fn of(host: &'a Simulated) -> Self {
        Self {
            host,
            lines: Mutex::default(),
            statuses: Mutex::default(),
            finished: Mutex::default(),
            cancel_after: None,
            ended: false,
        }
    }

    fn said(&self) -> Vec<String> {
        let lines = self.lines.lock().expect("nobody panicked");
        lines.iter().map(|line| line.output.clone()).collect()
    }

    fn visible(&self) -> Vec<String> {
        let lines = self.lines.lock().expect("nobody panicked");
        let seen = lines.iter().filter(|line| !line.hidden && line.command.is_none());
        seen.map(|line| line.output.clone()).collect()
    }

    fn statuses(&self) -> Vec<Status> {
        let statuses = self.statuses.lock().expect("nobody panicked");
        statuses.iter().map(|(status, _)| *status).collect()
    }

    /// The containers at the moment of the only status.
    fn ran_then(&self) -> Vec<String> {
        let statuses = self.statuses.lock().expect("nobody panicked");
        let [(_, names)] = statuses.as_slice() else { panic!("one status: {statuses:?}") };
        names.clone()
    }
}

impl Journal for Row<'_> {
    fn say(&self, line: LogLine) {
        self.lines.lock().expect("nobody panicked").push(line);
    }
    fn status(&self, status: Status) {
        self.statuses.lock().expect("nobody panicked").push((status, running(self.host)));
    }
    fn finished_at(&self) {
        *self.finished.lock().expect("nobody panicked") += 1;
    }
    fn is_cancelled(&self) -> bool {
        self.cancel_after.is_some_and(|after| self.said().iter().any(|it| it.starts_with(after)))
    }
    fn is_ended(&self) -> bool {
        self.ended
    }
}

fn running(host: &Simulated) -> Vec<String> {
    host.list("app").into_iter().map(|it| it.name).collect()
}

/// The images that the recorded deployments had.
fn host() -> Simulated {
    let host = Simulated::new();
    let command = "echo no; exit 3".to_owned();
    let failing = Exec { status: 3, output: "no\n".to_owned() };
    let good = || Image {
        commands: BTreeMap::from([(command.clone(), failing.clone())]),
        ..Image::good()
    };
    for tag in ["1", "2", "latest"] {
        host.publish(&format!("registry.test/app:{tag}"), good());
    }
    host.publish("registry.test/app@sha256:abc", good());
    host.publish("registry.test/app:bad", Image::bad());
    host.publish("registry.test/app:crash", Image::crashing());
    host.publish("registry.test/app:noshell", Image::without_shell());
    host.publish("registry.test/app:hc", Image::good().with_own_check());
    host.publish("registry.test/app:hcbad", Image::bad().with_own_check());
    host
}

fn check() -> HealthCheck {
    HealthCheck {
        enabled: true,
        method: "GET".to_owned(),
        scheme: "http".to_owned(),
        host: "localhost".to_owned(),
        path: "/health".to_owned(),
        interval: 2,
        timeout: 2,
        retries: 4,
        start_period: 3,
        ..HealthCheck::default()
    }
}

fn app(tag: &str) -> AppSpec {
    AppSpec {
        uuid: "app".to_owned(),
        name: "Back end".to_owned(),
        image: "registry.test/app".to_owned(),
        tag: Some(tag.to_owned()),
        ports_exposes: Some("3000".to_owned()),
        network: "coolify".to_owned(),
        health: check(),
        ..AppSpec::default()
    }
}

fn job(number: u32, app: AppSpec) -> Job {
    let (deployment, handed) = (format!("deployment{number}"), format!("{number:012}"));
    let (server, env) = ("localhost".to_owned(), Vec::new());
    Job { deployment, handed, server, server_usable: true, app, env }
}

fn container(number: u32) -> String {
    format!("app-{number:012}")
}

/// Deploys, and gives what the row was told.
fn ran(host: &Simulated, number: u32, app: AppSpec) -> Row<'_> {
    let row = Row::of(host);
    deploy(&job(number, app), host, &row, &NOTHING);
    row
}

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
