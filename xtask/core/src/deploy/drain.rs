//! Whether a service drains for long enough to lose no request behind a proxy that asks the engine.
//!
//! Traefik, as Coolify sets it up, sends requests to a container until its process ended or its
//! image's check failed. A service that drains fails its check, and must go on serving until that
//! has been noticed.

use super::{FILE, Service};
use crate::finding::Findings;
use crate::image::definition::Definition;
use crate::reader::Table;
use crate::template::Template;

/// The variable by which a service is told for how long it drains.
pub const VARIABLE: &str = "DRAIN_SECONDS";
/// How long Traefik may take to act on what the engine told it: its own default.
const PROXY_SECONDS: u64 = 2;

/// How long a service has between SIGTERM and SIGKILL, in seconds: only one that did not keep its
/// drain time is killed.
pub const fn stop_grace(drain_seconds: u64) -> u64 {
    drain_seconds + 10
}

/// The service must drain for exactly as long as everybody else reckons with. Silence is refused
/// too: then the service's own default would hold.
pub(super) fn refuse_another_time(
    table: &Table<'_>,
    drain_seconds: u64,
    settings: &[(String, Template)],
) {
    let told = settings.iter().find(|(name, _)| name == VARIABLE).map(|(_, told)| told.to_string());
    let wanted = drain_seconds.to_string();
    if told.as_ref() == Some(&wanted) {
        return;
    }
    let found = told.map_or_else(|| "missing".to_owned(), |told| format!("`{told}`"));
    let said = format!("{found}; wanted `\"{wanted}\"`, as `drain_seconds` says");
    match table.optional_table("settings") {
        Some(settings) => settings.refuse(VARIABLE, said),
        None => table.refuse(&format!("settings.{VARIABLE}"), said),
    }
}

/// Refuses the image of `service` if its check fails too late for the drain. An image without a
/// check has nothing that could be late.
pub fn check(service: &Service, image: &Definition) -> Result<(), Findings> {
    let Some(health) = &image.config.health else { return Ok(()) };
    let needed = health.interval_seconds * health.retries + PROXY_SECONDS;
    if service.drain_seconds > needed {
        return Ok(());
    }
    let said = format!(
        "{} s × {} retries, and {PROXY_SECONDS} s until a proxy acts, are {needed} s, but `services.{}` \
         drains for {} s only, so requests would be lost; wanted a quicker check here, or \
         `drain_seconds` and `{VARIABLE}` of {} or more in `{FILE}`",
        health.interval_seconds,
        health.retries,
        service.name,
        service.drain_seconds,
        needed + 1,
    );
    Err(Findings(vec![image.finding("config.health.interval_seconds", said)]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deploy::Deploy;

    const DEPLOY: &str = include_str!("../../../../deploy.toml");
    const BACKEND: &str = include_str!("../../../../images/backend.toml");
    const ML_SERVICE: &str = include_str!("../../../../images/ml-service.toml");

    fn judged(deploy: &str, name: &str, image: &str) -> String {
        let deploy = Deploy::parse(deploy).unwrap();
        let image = Definition::parse(name, &format!("images/{name}.toml"), image).unwrap();
        let judged = check(deploy.service(name).unwrap(), &image);
        judged.err().map(|it| it.to_string()).unwrap_or_default()
    }

    fn draining(seconds: u64) -> String {
        DEPLOY
            .replace("drain_seconds = 8", &format!("drain_seconds = {seconds}"))
            .replace("DRAIN_SECONDS = \"8\"", &format!("DRAIN_SECONDS = \"{seconds}\""))
    }

    #[test]
    fn the_committed_services_drain_for_long_enough() {
        assert_eq!(judged(DEPLOY, "backend", BACKEND), "");
        assert_eq!(judged(DEPLOY, "ml-service", ML_SERVICE), "");
    }

    #[test]
    fn a_drain_that_ends_before_the_proxy_knows_is_refused() {
        assert_eq!(judged(&draining(7), "backend", BACKEND), "");
        let line = 1 + BACKEND.lines().position(|it| it == "interval_seconds = 2").unwrap();
        assert_eq!(
            judged(&draining(6), "backend", BACKEND),
            format!(
                "images/backend.toml:{line}: `config.health.interval_seconds`: 2 s × 2 retries, and \
                 2 s until a proxy acts, are 6 s, but `services.backend` drains for 6 s only, so \
                 requests would be lost; wanted a quicker check here, or `drain_seconds` and \
                 `DRAIN_SECONDS` of 7 or more in `deploy.toml`"
            )
        );
    }

    #[test]
    fn each_of_the_checks_two_numbers_counts() {
        let slow = BACKEND.replace("interval_seconds = 2", "interval_seconds = 3");
        assert!(judged(DEPLOY, "backend", &slow).contains("are 8 s"));
        let patient = BACKEND.replace("retries = 2", "retries = 3");
        assert!(judged(DEPLOY, "backend", &patient).contains("are 8 s"));
    }

    #[test]
    fn an_image_without_a_check_is_not_judged() {
        let start = BACKEND.find("[config.health]").unwrap();
        let end = BACKEND.find("[budget]").unwrap();
        let without = format!("{}{}", &BACKEND[..start], &BACKEND[end..]);
        assert_eq!(judged(&draining(0), "backend", &without), "");
    }

    #[test]
    fn a_service_that_is_told_another_time_is_refused() {
        let mistakes = |text: &str| Deploy::parse(text).unwrap_err().to_string();
        let other = DEPLOY.replacen("DRAIN_SECONDS = \"8\"", "DRAIN_SECONDS = \"5\"", 1);
        let line = 1 + other.lines().position(|it| it == "DRAIN_SECONDS = \"5\"").unwrap();
        let key = "`services.ml-service.settings.DRAIN_SECONDS`";
        assert_eq!(
            mistakes(&other),
            format!("deploy.toml:{line}: {key}: `5`; wanted `\"8\"`, as `drain_seconds` says")
        );
        let silent = DEPLOY.replacen("DRAIN_SECONDS = \"8\"\n", "", 1);
        let said = format!("{key}: missing; wanted `\"8\"`, as `drain_seconds` says");
        assert!(mistakes(&silent).ends_with(&said), "{}", mistakes(&silent));
    }

    #[test]
    fn a_service_that_is_told_nothing_at_all_is_refused() {
        let start = DEPLOY.find("[services.backend.settings]").unwrap();
        let end = DEPLOY.find("[migrations]").unwrap();
        let without = format!("{}{}", &DEPLOY[..start], &DEPLOY[end..]);
        let found = Deploy::parse(&without).unwrap_err().to_string();
        assert!(found.contains("`services.backend.settings.DRAIN_SECONDS`: missing"), "{found}");
    }
}
