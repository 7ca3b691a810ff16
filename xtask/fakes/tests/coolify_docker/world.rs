//! An engine with a network, a registry and tiny images of our own.

use std::io::Write as _;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use xtask_fakes::coolify::update::proxy::{Proxy, THROTTLE};
use xtask_fakes::coolify::update::{
    AppSpec, Containers as _, Delays, Docker, HealthCheck, Job, Journal, LogLine, Status, deploy,
};
use xtask_fakes::docker_registry::{DockerRegistry, Lock};
use xtask_fakes::requirement::{Required, required_engine, required_program};

const LIMIT: Duration = Duration::from_secs(120);
const DELAYS: Delays = Delays::of_coolify(0.02);

pub(crate) struct World {
    pub(crate) docker: Arc<Docker>,
    pub(crate) registry: DockerRegistry,
    client: PathBuf,
    busybox: PathBuf,
}

/// A tiny service: the shell's own web server.
pub(crate) struct Image {
    pub(crate) version: &'static str,
    pub(crate) stop: Stop,
    /// Whether `/health` is there.
    pub(crate) healthy: bool,
    /// Whether it ends as soon as it starts.
    pub(crate) crashes: bool,
    /// Whether it has a HEALTHCHECK.
    pub(crate) own_check: bool,
}

/// What TERM does.
#[derive(Clone, Copy)]
pub(crate) enum Stop {
    /// Its health fails, and it serves on for some time.
    Drains,
    /// It ends in the middle of whatever it does.
    Abruptly,
    Deaf,
}

impl Image {
    pub(crate) fn good(version: &'static str) -> Self {
        Self { version, stop: Stop::Abruptly, healthy: true, crashes: false, own_check: false }
    }

    fn script(&self) -> String {
        let on_term = match self.stop {
            // Long enough on a slow machine: two failed checks, and a proxy that waits.
            Stop::Drains => "trap 'rm /w/health; sleep 15; exit 0' TERM",
            Stop::Abruptly => "trap 'exit 0' TERM",
            Stop::Deaf => "",
        };
        let health = if self.healthy { "echo ok > /w/health" } else { "" };
        let crash = if self.crashes { "echo crashing; exit 1" } else { "" };
        let version = self.version;
        format!(
            "#!/bin/sh\necho start {version}\n{crash}\nmkdir -p /w\nprintf %s {version} > \
             /w/index.html\n{health}\n{on_term}\nhttpd -f -p \"${{PORT:-3000}}\" -h /w &\nwhile :; do wait; \
             sleep 1; done\n"
        )
    }

    fn recipe(&self) -> String {
        let check = "HEALTHCHECK --interval=300ms --timeout=10s --retries=2 CMD [\"/bin/wget\", \
                     \"-q\", \"-O-\", \"http://127.0.0.1:3000/health\"]\n";
        let check = if self.own_check { check } else { "" };
        format!(
            "FROM scratch\nCOPY bin /bin/\nCOPY serve /serve\n{check}CMD [\"/bin/sh\", \"/serve\"]\n"
        )
    }
}

impl World {
    pub(crate) fn start() -> Required<Self> {
        let programs = required_engine().and(|| required_program("busybox"));
        let all = programs.and(|| DockerRegistry::start(Lock::Open));
        all.map(|((client, busybox), registry)| {
            let docker = Arc::new(Docker::new(client.clone()).expect("the client runs"));
            Self { docker, registry, client, busybox }
        })
    }

    pub(crate) fn proxy(&self) -> Proxy {
        Proxy::start(self.docker.clone(), 0, THROTTLE).expect("a free port on loopback")
    }

    pub(crate) fn repository(&self) -> String {
        format!("{}/double/app", self.registry.host)
    }

    /// Other tests use the same engine at the same time: names have their run in them.
    fn run_name(&self) -> String {
        self.docker.label().rsplit('=').next().unwrap_or_default().to_owned()
    }

    pub(crate) fn uuid(&self) -> String {
        format!("app-{}", self.run_name())
    }

    pub(crate) fn container(&self, number: u32) -> String {
        format!("{}-{number:012}", self.uuid())
    }

    /// Builds an image, and leaves it only in the registry.
    pub(crate) fn publish(&self, image: &Image) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        self.fill(folder.path(), image);
        let name = format!("{}:{}", self.repository(), image.version);
        let context = folder.path().to_string_lossy().into_owned();
        // A layer of the cache may go with another test's image while it is used here.
        self.docker(&["build", "--quiet", "--no-cache", "--tag", &name, &context]);
        self.docker(&["push", "--quiet", &name]);
        self.docker(&["rmi", &name]);
    }

    fn fill(&self, folder: &Path, image: &Image) {
        let bin = folder.join("bin");
        std::fs::create_dir(&bin).expect("a temporary folder can be written to");
        std::fs::copy(&self.busybox, bin.join("busybox")).expect("the program was found");
        for name in ["sh", "wget", "httpd", "rm", "sleep", "mkdir", "cat", "env", "id"] {
            symlink("busybox", bin.join(name)).expect("a temporary folder can be written to");
        }
        for (name, text) in [("serve", image.script()), ("Dockerfile", image.recipe())] {
            let file = std::fs::File::create(folder.join(name));
            let written = file.and_then(|mut file| file.write_all(text.as_bytes()));
            written.expect("a temporary folder can be written to");
        }
    }

    /// Runs the client, and gives what it prints.
    pub(crate) fn docker(&self, arguments: &[&str]) -> String {
        let mut command = Command::new(&self.client);
        // The older builder needs no plugin.
        let output = command.args(arguments).env("DOCKER_BUILDKIT", "0").output();
        let output = output.expect("the client runs");
        let cause = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "docker {arguments:?}: {cause}");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    pub(crate) fn deploy(&self, number: u32, app: AppSpec) -> Row {
        self.deploy_with(number, app, Row::default())
    }

    pub(crate) fn finishes(&self, number: u32, app: AppSpec) {
        let row = self.deploy(number, app);
        assert_eq!(row.statuses(), [Status::Finished], "{:#?}", row.said());
    }

    pub(crate) fn deploy_with(&self, number: u32, app: AppSpec, row: Row) -> Row {
        deploy(&job(number, app), &*self.docker, &row, &DELAYS);
        row
    }

    pub(crate) fn run(&self, job: &Job) -> Row {
        let row = Row::default();
        deploy(job, &*self.docker, &row, &DELAYS);
        row
    }

    /// The names of the application's containers, newest first.
    pub(crate) fn running(&self) -> Vec<String> {
        self.docker.list(&self.uuid()).into_iter().map(|it| it.name).collect()
    }

    /// Asks until that version alone has answered for a while.
    pub(crate) fn until_only(&self, proxy: &Proxy, version: &str) {
        let end = Instant::now() + LIMIT;
        let mut in_a_row = 0;
        while in_a_row < 20 {
            let answer = crate::load::ask(proxy.address);
            in_a_row = if answer.as_deref() == Ok(version) { in_a_row + 1 } else { 0 };
            assert!(Instant::now() < end, "{version} does not answer alone: {answer:?}");
        }
    }
}

pub(crate) fn job(number: u32, app: AppSpec) -> Job {
    let (deployment, handed) = (format!("deployment{number}"), format!("{number:012}"));
    let server = "localhost".to_owned();
    Job { deployment, handed, server, server_usable: true, app, env: Vec::new() }
}

const LABELS: &str = "traefik.enable=true
traefik.http.routers.http-0-app.entryPoints=http
traefik.http.routers.http-0-app.rule=Host(`api.test`) && PathPrefix(`/`)
traefik.http.routers.http-0-app.service=http-0-app
traefik.http.services.http-0-app.loadbalancer.server.port=3000";

/// An application with Coolify's own check.
pub(crate) fn app(world: &World, tag: &str) -> AppSpec {
    AppSpec {
        uuid: world.uuid(),
        name: "app".to_owned(),
        image: world.repository(),
        tag: Some(tag.to_owned()),
        ports_exposes: Some("3000".to_owned()),
        labels: LABELS.to_owned(),
        network: format!("xtask-double-{}", world.run_name()),
        stop_grace: Some(60),
        health: HealthCheck {
            enabled: true,
            method: "GET".to_owned(),
            scheme: "http".to_owned(),
            host: "localhost".to_owned(),
            path: "/health".to_owned(),
            interval: 1,
            timeout: 10,
            retries: 5,
            start_period: 1,
            ..HealthCheck::default()
        },
        ..AppSpec::default()
    }
}

/// With the image's own check: Coolify knows no port, so it writes none and waits.
pub(crate) fn own_check(app: AppSpec) -> AppSpec {
    let health = HealthCheck { retries: 60, ..app.health };
    AppSpec { ports_exposes: None, health, ..app }
}

/// A row that keeps what it is told.
#[derive(Default)]
pub(crate) struct Row {
    lines: Mutex<Vec<LogLine>>,
    statuses: Mutex<Vec<Status>>,
    /// Cancelled when such a line has been said.
    cancel_after: Option<&'static str>,
}

impl Row {
    pub(crate) fn cancelled_after(text: &'static str) -> Self {
        Self { cancel_after: Some(text), ..Self::default() }
    }

    pub(crate) fn statuses(&self) -> Vec<Status> {
        self.statuses.lock().expect("nobody panicked").clone()
    }

    pub(crate) fn said(&self) -> Vec<String> {
        let lines = self.lines.lock().expect("nobody panicked");
        lines.iter().map(|line| line.output.clone()).collect()
    }

    pub(crate) fn has_said(&self, text: &str) -> bool {
        self.said().iter().any(|it| it.contains(text))
    }
}

impl Journal for Row {
    fn say(&self, line: LogLine) {
        self.lines.lock().expect("nobody panicked").push(line);
    }
    fn status(&self, status: Status) {
        self.statuses.lock().expect("nobody panicked").push(status);
    }
    fn is_cancelled(&self) -> bool {
        self.cancel_after.is_some_and(|after| self.has_said(after))
    }
    fn is_ended(&self) -> bool {
        false
    }
}
