//! The wait for a new container's health.

use super::failure::{Failure, command_failed};
use super::run::{End, Run};
use super::{Health, Stream, compose};

/// Whether the new version may take over.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Healthy,
    NotHealthy,
}

/// Waits as long as the check says. A check that is off lets every container pass.
pub(super) fn wait(run: &Run<'_>) -> Result<Verdict, End> {
    let health = &run.job.app.health;
    if !health.enabled {
        return Ok(Verdict::Healthy);
    }
    run.say("Waiting for healthcheck to pass on the new container.");
    if let Some(source) = compose::check_source(&run.job.app) {
        run.say(&source.said);
    }
    let period = health.start_period;
    run.say(&format!(
        "Waiting for the start period ({period} seconds) before starting healthcheck."
    ));
    run.delays.pass(period);
    looks(run)
}

fn looks(run: &Run<'_>) -> Result<Verdict, End> {
    let health = &run.job.app.health;
    for attempt in 1..=health.retries {
        match look(run, attempt)? {
            Health::Healthy => {
                run.say("New container is healthy.");
                return Ok(Verdict::Healthy);
            }
            Health::Unhealthy => {
                run.say_error("New container is unhealthy.");
                return not_healthy(run);
            }
            Health::Starting => run.delays.pass(health.interval),
        }
    }
    if health.retries > 0 { not_healthy(run) } else { Ok(Verdict::NotHealthy) }
}

fn look(run: &Run<'_>, attempt: i64) -> Result<Health, End> {
    let command = inspect(run, "Status");
    run.remote(400)?;
    let Some(health) = run.containers.health(&run.name) else {
        let output = "template parsing error: template: :1:13: executing \"\" at \
                      <.State.Health.Status>: map has no entry for key \"Health\"";
        run.wrote(&command, output, Stream::Stderr);
        return Err(Failure::check(&command_failed(1, &command, output)).into());
    };
    run.wrote(&command, &format!("\"{}\"", health.word()), Stream::Stdout);
    let retries = run.job.app.health.retries;
    let log = run.containers.health_log(&run.name);
    run.remote(400)?;
    run.say(&format!("Attempt {attempt} of {retries} | Healthcheck status: \"{}\"", health.word()));
    if let Some((status, output)) = log {
        run.say(&format!("Healthcheck logs: {output} | Return code: {status}"));
    }
    Ok(health)
}

fn inspect(run: &Run<'_>, field: &str) -> String {
    format!("docker inspect --format='{{{{json .State.Health.{field}}}}}' {}", run.name)
}

/// Shows what the container wrote.
fn not_healthy(run: &Run<'_>) -> Result<Verdict, End> {
    run.divide();
    run.say("Container logs:");
    run.remote(500)?;
    let logs = run.containers.logs(&run.name, 100);
    if !logs.trim().is_empty() {
        let command = format!("docker logs -n 100 {}", run.name);
        run.showed(&command, logs.trim_end(), Stream::Stderr);
    }
    run.divide();
    Ok(Verdict::NotHealthy)
}
