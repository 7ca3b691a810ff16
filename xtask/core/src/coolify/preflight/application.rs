//! Each application: whether an update of it is waited for, and whether it rolls.

use super::{Active, Facts, Lines, Verdict};
use crate::coolify::observed::{Application, Known};
use crate::moment::Moment;

/// Coolify's own default for how long a deployment may last, in seconds.
const TIME_LIMIT: u64 = 3600;

pub(super) fn judge(lines: &mut Lines, service: &str, found: &Known<Option<Application>>) {
    let what = format!("application `{service}`");
    match lines.known(&what, found) {
        None => {}
        Some(None) => {
            lines.say(&what, Verdict::Fail, "it is not there");
            lines.hint("`cargo xtask infra apply ENVIRONMENT --apply` makes it");
        }
        Some(Some(application)) => {
            let before = lines.0.len();
            health(lines, &what, application);
            rolling(lines, &what, application);
            traps(lines, &what, application);
            if lines.0.len() == before {
                let why = "an update rolls, and waits for the image's own health check";
                lines.say(&what, Verdict::Pass, why);
            }
        }
    }
}

fn text(application: &Application, field: &str) -> String {
    application.fields.get(field).map(crate::coolify::plan::text).unwrap_or_default()
}

fn health(lines: &mut Lines, what: &str, application: &Application) {
    if text(application, "health_check_enabled") == "false" {
        let why = "its health check is off: the old container ends as soon as a new one has \
                   started, however it is";
        lines.say(what, Verdict::Fail, why);
    }
    let ports = text(application, "ports_exposes");
    if !ports.is_empty() {
        let why = format!(
            "its `ports_exposes` is `{ports}`: Coolify writes a check with `curl` or `wget`, which \
             the image has not, so every update fails"
        );
        lines.say(what, Verdict::Fail, why);
        lines
            .hint("remove it in the panel; `cargo xtask infra apply ENVIRONMENT --apply` makes it");
    }
    if !text(application, "health_check_port").is_empty() {
        let why = "its `health_check_port` is set: Coolify writes a check of its own";
        lines.say(what, Verdict::Fail, why);
    }
    if text(application, "health_check_retries").parse().is_ok_and(|it: i64| it < 1) {
        lines.say(what, Verdict::Fail, "its `health_check_retries` is 0: every update fails");
    }
}

/// What makes Coolify stop the old container first, or leave both.
fn rolling(lines: &mut Lines, what: &str, application: &Application) {
    let causes = [
        ("ports_mappings", "the old container ends before the new one is even pulled"),
        ("custom_internal_name", "the container's name is fixed, so no update rolls"),
    ];
    for (field, follows) in causes {
        let value = text(application, field);
        if !value.is_empty() {
            lines.say(what, Verdict::Fail, format!("its `{field}` is `{value}`: {follows}"));
        }
    }
    if text(application, "is_consistent_container_name_enabled") == "true" {
        let why = "its container has one name: nothing is waited for, and the old one stays beside";
        lines.say(what, Verdict::Fail, why);
    }
}

/// What fails an update, or ships what nobody asked for.
fn traps(lines: &mut Lines, what: &str, application: &Application) {
    if text(application, "docker_registry_image_tag").is_empty()
        && application.fields.contains_key("docker_registry_image_tag")
    {
        let why = "it has no tag: a deployment by hand would ship `latest`";
        lines.say(what, Verdict::Warn, why);
    }
    let options = text(application, "custom_docker_run_options");
    if options.contains("--security-opt") {
        let why = "its run options hold `--security-opt`, which Coolify cuts: every update fails";
        lines.say(what, Verdict::Fail, why);
    }
    if !text(application, "pre_deployment_command").is_empty() {
        let why = "its `pre_deployment_command` runs in the old container, and fails every update \
                   while two of them run";
        lines.say(what, Verdict::Warn, why);
    }
}

/// Whether a deployment would get its turn.
pub(super) fn queue(lines: &mut Lines, facts: &Facts) {
    let Some(active) = lines.known("queue", &facts.active) else { return };
    let before = lines.0.len();
    let server = facts.server.as_ref().ok();
    let limit = server.and_then(|it| it.time_limit).unwrap_or(TIME_LIMIT);
    for it in active.iter().filter(|it| facts.applications.contains_key(&it.application)) {
        own(lines, it, facts.now, limit);
    }
    let queued = active.iter().filter(|it| it.is_queued).count();
    let most = server.and_then(|it| it.queue_limit);
    if most.is_some_and(|most| u64::try_from(queued).unwrap_or(u64::MAX) >= most) {
        lines.say("queue", Verdict::Fail, format!("it is full: {queued} deployments wait"));
    }
    if lines.0.len() == before {
        lines.say("queue", Verdict::Pass, format!("{queued} deployments wait, none of ours"));
    }
}

/// One of an application of ours. Past its limit nobody works on it any more.
fn own(lines: &mut Lines, active: &Active, now: Moment, limit: u64) {
    let Active { application, uuid, is_queued, since } = active;
    let what = format!("application `{application}`");
    let age = since.map(|since| now.seconds_since(since));
    if age.is_some_and(|age| age > limit) {
        let why =
            format!("deployment `{uuid}` is under way for longer than {limit} s and blocks it");
        lines.say(what, Verdict::Fail, why);
        lines.hint("cancel it in the panel: the worker that had it is gone");
        return;
    }
    let how = if *is_queued { "waits" } else { "is under way" };
    let age = age.map(|age| format!(" since {age} s")).unwrap_or_default();
    lines.say(
        what,
        Verdict::Fail,
        format!(
            "deployment `{uuid}` {how}{age}; it reads tag and \
        variables when it begins"
        ),
    );
    lines.hint("wait until it has ended");
}
