//! The health gate: a candidate is sent requests only after it said by itself that it is ready.

use super::DockerTarget;
use crate::edge::shell::last_lines;
use crate::edge::{clock, http, machine, tested};
use crate::error::{Failure, Result, code};
use std::time::{Duration, Instant};
use xtask_core::deploy::Service;
use xtask_core::ship::gate::{Row, SPAN};
use xtask_core::ship::instance::Observed;

const EVERY: Duration = Duration::from_millis(100);
const ANSWER_LIMIT: Duration = Duration::from_secs(2);
/// How often what serves is asked before it counts as not ready.
const ASKED_MOST: u32 = 3;

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
    let (mut row, began) = (Row::default(), Instant::now());
    let asked = || match target.world.cancel.check() {
        Ok(()) => ask(target, service, container),
        Err(ended) => Err(Unready::Unknown(ended)),
    };
    tested::kill_at(&format!("in-start-{}", service.name));
    let outcome = clock::wait_for(limit + SPAN, EVERY, || match asked() {
        Ok(restarts) if row.good(began.elapsed(), restarts) => Ok(Ok(())),
        Ok(_) => {
            "it was ready, and not for long enough yet".clone_into(&mut last);
            Err(())
        }
        Err(Unready::NotYet(reason)) => {
            row.bad();
            last = reason;
            Err(())
        }
        Err(ended) => Ok(Err(ended)),
    });
    let why = match outcome {
        Ok(Ok(())) => return Ok(()),
        Ok(Err(Unready::Ended(code))) => format!("it ended by itself with {code}"),
        Ok(Err(Unready::Unknown(failure))) => return Err(failure),
        _ => {
            let why = format!("it was not ready after {} s: {last}", limit.as_secs());
            let hint = machine::busy().map(|busy| {
                let name = &service.name;
                format!("{busy}: wait for a quieter moment, or raise `start_seconds` of `{name}`")
            });
            return Err(not_ready(target, service, container, &why, hint));
        }
    };
    Err(not_ready(target, service, container, &why, None))
}

/// Why a container that serves is not left as it is, whatever the release says of it.
pub(super) fn why_unready(service: &Service, found: &Observed) -> Option<String> {
    let url = format!("http://127.0.0.1:{}{}", found.port?, service.health.ready);
    // One slow answer is no reason to replace what serves, and a plan must not change by it.
    let is_ready = (0..ASKED_MOST).any(|asked| {
        std::thread::sleep(if asked == 0 { Duration::ZERO } else { EVERY });
        http::is_well(&url, ANSWER_LIMIT).is_ok()
    });
    (!is_ready).then(|| "it serves and does not say that it is ready".to_owned())
}

/// How often it was started again, if it is ready.
fn ask(target: &DockerTarget<'_>, service: &Service, container: &str) -> Result<u64, Unready> {
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
        Ok(answer) if answer.status == 200 => Ok(found.restarts),
        Ok(answer) => Err(Unready::NotYet(format!(
            "`{}` answered {}: {}",
            service.health.ready,
            answer.status,
            first_part(&answer.body)
        ))),
        Err(_) => Err(Unready::NotYet(format!("nothing answers on port {}", service.port))),
    }
}

/// The hint is to mend the service, unless something else is known to be the reason.
fn not_ready(
    target: &DockerTarget<'_>,
    service: &Service,
    container: &str,
    why: &str,
    hint: Option<String>,
) -> Failure {
    let logs = target.docker().logs_or_why(container, 15);
    Failure::outside(format!("failed to start `{}`: {why}", service.name))
        .code(&code::ROLLOUT_NOT_READY)
        .reason(format!("it wrote last:\n{}", last_lines(&logs, 15)))
        .hint(hint.unwrap_or_else(|| format!("fix `{}`, then `./x up` again", service.path)))
}

fn first_part(text: &str) -> String {
    text.chars().take(300).collect()
}
