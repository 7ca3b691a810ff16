//! The health gate: a candidate is sent requests only after it said by itself that it is ready.

use super::DockerTarget;
use crate::edge::shell::last_lines;
use crate::edge::{clock, http, tested};
use crate::error::{Failure, Result, code};
use std::time::Duration;
use xtask_core::deploy::Service;
use xtask_core::ship::instance::Observed;

const EVERY: Duration = Duration::from_millis(100);
const ANSWER_LIMIT: Duration = Duration::from_secs(2);

/// Why a candidate is not ready.
enum Unready {
    /// It may still become ready.
    NotYet(String),
    /// It never will.
    Ended(i64),
    /// The engine could not be asked, or the run ends.
    Unknown(Failure),
}

/// Waits until `container` says that it is ready; its last lines are in the error.
pub(super) fn wait(target: &DockerTarget<'_>, service: &Service, container: &str) -> Result<()> {
    let limit = Duration::from_secs(service.health.start_seconds);
    let mut last = String::from("it was never asked");
    let asked = || match target.world.cancel.check() {
        Ok(()) => ask(target, service, container),
        Err(ended) => Err(Unready::Unknown(ended)),
    };
    tested::kill_at(&format!("in-start-{}", service.name));
    let outcome = clock::wait_for(limit, EVERY, || match asked() {
        Ok(()) => Ok(Ok(())),
        Err(Unready::NotYet(reason)) => {
            last = reason;
            Err(())
        }
        Err(ended) => Ok(Err(ended)),
    });
    let why = match outcome {
        Ok(Ok(())) => return Ok(()),
        Ok(Err(Unready::Ended(code))) => format!("it ended by itself with {code}"),
        Ok(Err(Unready::Unknown(failure))) => return Err(failure),
        _ => format!("it was not ready after {} s: {last}", limit.as_secs()),
    };
    Err(not_ready(target, service, container, &why))
}

/// Why a container that serves is not left as it is, whatever the release says of it.
pub(super) fn why_unready(service: &Service, found: &Observed) -> Option<String> {
    let url = format!("http://127.0.0.1:{}{}", found.port?, service.health.ready);
    let is_ready = http::get(&url, ANSWER_LIMIT).is_ok_and(|answer| answer.status == 200);
    (!is_ready).then(|| "it serves and does not say that it is ready".to_owned())
}

fn ask(target: &DockerTarget<'_>, service: &Service, container: &str) -> Result<(), Unready> {
    let found = target.docker().container(container).map_err(Unready::Unknown)?;
    let Some(found) = found else {
        return Err(Unready::NotYet("there is no such container".into()));
    };
    if !found.running {
        let state = target.docker().state(container).map_err(Unready::Unknown)?;
        return Err(Unready::Ended(state.map_or(-1, |state| state.exit_code)));
    }
    let port = found.port.ok_or_else(|| Unready::NotYet("it has no port yet".into()))?;
    let url = format!("http://127.0.0.1:{port}{}", service.health.ready);
    match http::get(&url, ANSWER_LIMIT) {
        Ok(answer) if answer.status == 200 => Ok(()),
        Ok(answer) => Err(Unready::NotYet(format!(
            "`{}` answered {}: {}",
            service.health.ready,
            answer.status,
            first_part(&answer.body)
        ))),
        Err(_) => Err(Unready::NotYet(format!("nothing answers on port {}", service.port))),
    }
}

fn not_ready(target: &DockerTarget<'_>, service: &Service, container: &str, why: &str) -> Failure {
    let logs = target.docker().logs_or_why(container, 15);
    Failure::outside(format!("failed to start `{}`: {why}", service.name))
        .code(&code::ROLLOUT_NOT_READY)
        .reason(format!("it wrote last:\n{}", last_lines(&logs, 15)))
        .hint(format!("fix `{}`, then `./x up` again", service.path))
}

fn first_part(text: &str) -> String {
    text.chars().take(300).collect()
}
