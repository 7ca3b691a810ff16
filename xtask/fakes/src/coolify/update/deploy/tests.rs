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

mod cases;
mod order;
