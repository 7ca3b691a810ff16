//! verify: the public URL itself must say, again and again, that the new release answers.

use super::site::Site;
use crate::edge::http;
use crate::error::{Failure, Result, code};
use crate::report::Phase;
use std::time::{Duration, Instant};
use xtask_core::deploy::{Access, Service};

/// Asked this often, each time on a fresh connection …
const TIMES: u32 = 5;
/// … over at least this long.
const SPAN: Duration = Duration::from_secs(10);
const ANSWER_LIMIT: Duration = Duration::from_secs(5);

/// Asks for `version` from outside. The first wrong answer ends it.
pub fn release(site: &Site<'_>, version: &str) -> Result<()> {
    let phase = site.world.report.phase("verify");
    let began = Instant::now();
    let public = site.public()?;
    for round in 0..TIMES {
        let due = began + SPAN * round / (TIMES - 1);
        site.world.cancel.sleep(due.saturating_duration_since(Instant::now()))?;
        phase.doing(&format!("{} of {TIMES}", round + 1));
        ask_public(site, public, version)?;
        ask_internal(site, version)?;
    }
    done(phase, site, version);
    Ok(())
}

fn done(phase: Phase<'_>, site: &Site<'_>, version: &str) {
    let seconds = SPAN.as_secs();
    let url = &site.environment.url;
    phase.done(&format!("{url} answered as {version} {TIMES} times over {seconds} s"));
}

fn ask_public(site: &Site<'_>, service: &Service, version: &str) -> Result<()> {
    let url = format!("{}{}", site.environment.url, service.health.status);
    judge(&service.name, &url, version)
}

/// Internal services are not reachable from outside; they are asked where the target says.
fn ask_internal(site: &Site<'_>, version: &str) -> Result<()> {
    let serving = site.target.serving()?;
    let internal = site.world.deploy.services.iter().filter(|it| it.access == Access::Internal);
    for service in internal {
        let address = serving.get(&service.name).and_then(|it| it.address.as_ref());
        let address = address.ok_or_else(|| not_running(&service.name))?;
        judge(&service.name, &format!("{address}{}", service.health.status), version)?;
    }
    Ok(())
}

fn not_running(service: &str) -> Failure {
    Failure::outside(format!("failed to verify `{service}`: it does not run"))
        .code(&code::VERIFY_FAILED)
}

fn judge(service: &str, url: &str, version: &str) -> Result<()> {
    let failed = || {
        Failure::outside(format!("failed to verify `{service}` at `{url}`"))
            .code(&code::VERIFY_FAILED)
    };
    let answer = http::get(url, ANSWER_LIMIT).map_err(|error| failed().because(&error))?;
    if answer.status != 200 {
        return Err(failed().reason(format!(
            "it answered {}: {}",
            answer.status,
            answer.body.trim()
        )));
    }
    let found = version_of(&answer).unwrap_or_default();
    if found != version {
        return Err(failed().reason(format!("wanted version `{version}`, found `{found}`")));
    }
    Ok(())
}

/// The version in the header, or in the body of a status answer.
fn version_of(answer: &http::Answer) -> Option<String> {
    let in_body = || {
        let body: serde_json::Value = serde_json::from_str(&answer.body).ok()?;
        Some(body["version"].as_str()?.to_owned())
    };
    answer.version.clone().or_else(in_body)
}
