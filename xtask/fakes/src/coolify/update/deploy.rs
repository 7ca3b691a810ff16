//! Coolify's own update order, from the job's start to the end of its helper container.

use super::failure::{Failure, command_failed};
use super::gate::{self, Verdict};
use super::run::{End, Run};
use super::{Containers, Delays, Job, Journal, PullError, Status, Stream, compose, render};

/// Runs a deployment to its end; the row's status is written on the way. It returns when the
/// helper container is gone, which is later.
pub fn deploy(job: &Job, containers: &dyn Containers, journal: &dyn Journal, delays: &Delays) {
    let run = Run::new(job, containers, journal, delays);
    if !job.server_usable {
        run.say_error("Server is not functional.");
        // This row never gets the time of its end.
        return run.end(Status::Failed);
    }
    let outcome = match whole(&run) {
        Err(End::Failed(failure)) => failure.conclude(&run),
        outcome => outcome,
    };
    if matches!(outcome, Err(End::Cancelled)) {
        abandoned(&run);
    }
    journal.finished_at();
    shut_helper(&run);
}

fn whole(run: &Run<'_>) -> Result<(), End> {
    prepare(run)?;
    before(run)?;
    run.remote(4000)?;
    run.hide("Creating .env file with runtime variables for container.", Stream::Stdout);
    run.remote(1200)?;
    run.divide();
    match compose::not_rolling(&run.job.app) {
        Some(reason) => {
            run.say(reason);
            retire_old(run)?;
            start(run)?;
            run.end(Status::Finished);
        }
        None => rolling(run)?,
    }
    after(run);
    Ok(())
}

/// The helper container; what it would do is done by us.
fn prepare(run: &Run<'_>) -> Result<(), End> {
    let Job { deployment, server, app, .. } = run.job;
    run.delays.work(2000);
    run.say(&format!(
        "Docker 20.10.24+dfsg1 on deployment server ({server}) does not support BuildKit. Build \
         output progress will be limited."
    ));
    run.say(&format!("Starting deployment of {} to {server}.", compose::image(app)));
    run.delays.work(1500);
    run.say(&format!("Preparing container with helper image: {HELPER}"));
    run.remote(600)?;
    let gone = format!("Error response from daemon: No such container: {deployment}");
    run.wrote(&stop_helper(run), &gone, Stream::Stderr);
    run.remote(600)?;
    run.wrote(
        &format!("docker run -d --network '{}' --name {deployment} --rm {HELPER}", app.network),
        deployment,
        Stream::Stdout,
    );
    Ok(())
}

const HELPER: &str = "docker.io/coollabsio/coolify-helper:1.0.15";

fn stop_helper(run: &Run<'_>) -> String {
    format!("docker stop --time={} {}", run.grace_seconds(), run.job.deployment)
}

/// The command before, in an old container.
fn before(run: &Run<'_>) -> Result<(), End> {
    let Some(command) = given(run.job.app.pre_command.as_ref()) else { return Ok(()) };
    run.remote(2000)?;
    let Some(old) = newest(run) else {
        run.say("Pre-deployment command: No running containers found. Skipping.");
        return Ok(());
    };
    run.say("Executing pre-deployment command (see debug log for output/errors).");
    run.remote(700)?;
    let (executed, done) = execute(run, &old, command);
    if done.status == 0 {
        return Ok(());
    }
    Err(Failure::plain(command_failed(done.status, &executed, done.output.trim_end())).into())
}

fn given(command: Option<&String>) -> Option<&str> {
    command.map(String::as_str).filter(|it| !it.is_empty())
}

fn newest(run: &Run<'_>) -> Option<String> {
    let listed = run.containers.list(&run.job.app.uuid);
    listed.into_iter().find(|it| it.state == "running").map(|it| it.name)
}

fn execute(run: &Run<'_>, container: &str, command: &str) -> (String, super::Exec) {
    let executed = format!("docker exec {container} sh -c '{command}'");
    let done = run.containers.exec(container, command);
    if !done.output.trim().is_empty() {
        run.wrote(&executed, done.output.trim_end(), Stream::Stdout);
    }
    (executed, done)
}

/// The new one beside the old one, the gate, and only then the old one's end.
fn rolling(run: &Run<'_>) -> Result<(), End> {
    run.say("Rolling update started.");
    start(run)?;
    match gate::wait(run)? {
        Verdict::Healthy => {
            retire_old(run)?;
            run.say("Rolling update completed.");
            run.end(Status::Finished);
        }
        Verdict::NotHealthy => roll_back(run)?,
    }
    Ok(())
}

/// The status is written first: whoever reads it may still see the bad container serve.
fn roll_back(run: &Run<'_>) -> Result<(), End> {
    run.say("Removing old containers.");
    run.divide();
    run.say(
        "WARNING: Dockerfile or Docker Image based deployment detected. The healthcheck needs a \
         curl or wget command to check the health of the application. Please make sure that it is \
         available in the image or turn off healthcheck on Coolify's UI.",
    );
    run.divide();
    run.say("New container is not healthy, rolling back to the old container.");
    run.end(Status::Failed);
    run.retire(&run.name)?;
    run.say("Rolling update completed.");
    Ok(())
}

/// With a name of its own only the container of that name goes, else all but the new one.
fn retire_old(run: &Run<'_>) -> Result<(), End> {
    run.say("Removing old containers.");
    let app = &run.job.app;
    let named = app.consistent_name || given(app.internal_name.as_ref()).is_some();
    if named {
        return run.retire(&run.name);
    }
    run.remote(300)?;
    let old = run.containers.list(&app.uuid).into_iter().map(|it| it.name);
    old.filter(|name| *name != run.name).try_for_each(|name| run.retire(&name))
}

/// Pulls, always, and starts.
fn start(run: &Run<'_>) -> Result<(), End> {
    run.remote(400)?;
    run.say("Pulling latest images from the registry.");
    run.remote(1000)?;
    let container = readable(run)?;
    pull(run)?;
    run.remote(1000)?;
    up(run, container)?;
    run.say("New container started.");
    Ok(())
}

/// Compose reads both files before it does anything; a fault ends even `pull`.
fn readable(run: &Run<'_>) -> Result<Result<super::NewContainer, String>, End> {
    let file = render::env_file(run.job, &run.name);
    let path = format!("/artifacts/{}/.env", run.job.deployment);
    let env = render::seen(&file)
        .map_err(|fault| (1, format!("failed to read {path}: {fault}")))
        .and_then(|env| compose::unreadable(run.job).map_or(Ok(env), |fault| Err((15, fault))));
    match env {
        Ok(env) => Ok(compose::container(run.job, run.delays, env)),
        Err((status, fault)) => {
            let command = run.compose_command("COMPOSE pull");
            run.wrote(&command, &fault, Stream::Stderr);
            Err(Failure::start(&command_failed(status, &command, &fault)).into())
        }
    }
}

/// Three tries when nothing answers: Coolify takes that for a fault of its own connection.
fn pull(run: &Run<'_>) -> Result<(), End> {
    for (attempt, wait) in [(1, 2), (2, 4)] {
        match pull_once(run) {
            Err((PullError::ConnectionRefused(_), reason)) => {
                run.showed(
                    &run.compose_command("COMPOSE pull"),
                    &format!(
                        "SSH connection failed. Retrying... (Attempt {attempt}/3, waiting \
                         {wait}s)\nError: {reason}"
                    ),
                    Stream::Stdout,
                );
                run.remote(wait * 1000)?;
            }
            Err((PullError::Denied(_), reason)) => return Err(Failure::start(&reason).into()),
            Ok(()) => return Ok(()),
        }
    }
    pull_once(run).map_err(|(_, reason)| Failure::start(&reason).into())
}

fn pull_once(run: &Run<'_>) -> Result<(), (PullError, String)> {
    let command = run.compose_command("COMPOSE pull");
    let name = &run.name;
    run.wrote(&command, &format!("{name} Pulling"), Stream::Stderr);
    let Err(error) = run.containers.pull(&compose::image(&run.job.app)) else {
        run.wrote(&command, &format!("{name} Pulled"), Stream::Stderr);
        return Ok(());
    };
    let (PullError::Denied(cause) | PullError::ConnectionRefused(cause)) = &error;
    let output = format!("{name} Error {cause}\nError response from daemon: {cause}");
    run.wrote(&command, &output, Stream::Stderr);
    let whole = format!(" {name} Pulling \n {output}");
    Err((error, command_failed(18, &command, &whole)))
}

fn up(run: &Run<'_>, container: Result<super::NewContainer, String>) -> Result<(), End> {
    let command = run.compose_command(" COMPOSE up --build -d");
    let name = &run.name;
    run.wrote(&command, &format!("Container {name}  Creating"), Stream::Stderr);
    let started = container.and_then(|container| run.containers.start(&container));
    if let Err(fault) = started {
        run.wrote(&command, &fault, Stream::Stderr);
        return Err(Failure::start(&command_failed(1, &command, &fault)).into());
    }
    let output = format!("Container {name}  Created\n Container {name}  Starting");
    run.wrote(&command, &output, Stream::Stderr);
    run.wrote(&command, &format!("Container {name}  Started"), Stream::Stderr);
    Ok(())
}

/// The command after, in what runs now; whatever becomes of it changes nothing.
fn after(run: &Run<'_>) {
    let Some(command) = given(run.job.app.post_command.as_ref()) else { return };
    run.divide();
    run.say("Executing post-deployment command (see debug log for output).");
    run.delays.work(2000);
    if let Some(container) = newest(run) {
        drop(execute(run, &container, command));
    }
}

/// What was started already runs on.
fn abandoned(run: &Run<'_>) {
    run.say("Deployment cancelled by user, stopping execution.");
}

fn shut_helper(run: &Run<'_>) {
    let deployment = &run.job.deployment;
    run.delays.work(1500);
    run.say(&format!("Gracefully shutting down build container: {deployment}"));
    if run.journal.is_cancelled() {
        return run.say_error(&format!(
            "Error stopping container {deployment}: Deployment cancelled by user"
        ));
    }
    run.delays.work(700);
    run.wrote(&stop_helper(run), deployment, Stream::Stdout);
}

#[cfg(test)]
mod tests;
