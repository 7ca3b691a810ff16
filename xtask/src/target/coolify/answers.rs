//! What a service answers where it is asked for its release. An internal one is not asked from
//! outside: the public one may tell of it.

use super::CoolifyTarget;
use crate::edge::http;
use std::time::Duration;
use xtask_core::coolify::watch::Answer;
use xtask_core::deploy::{Access, Service};

const ANSWER_LIMIT: Duration = Duration::from_secs(5);

pub(super) fn ask(target: &CoolifyTarget<'_>, service: &Service) -> Answer {
    let (of, pointer) = match (service.access, &service.health.reported) {
        (Access::Public, _) => (service, None),
        (Access::Internal, None) => return Answer::Unasked,
        (Access::Internal, Some(reported)) => match target.world.deploy.service(&reported.by) {
            Some(by) => (by, Some(reported.at.as_str())),
            None => return Answer::Unasked,
        },
    };
    let url = format!("{}{}", target.environment.url, of.health.status);
    let answer = {
        let _whole = target.world.cancel.whole();
        http::get(&url, ANSWER_LIMIT)
    };
    let answer = match answer {
        Ok(answer) => answer,
        Err(error) => return Answer::Nothing(error.in_one_line()),
    };
    let release = match pointer {
        None => answer.release(),
        Some(at) => answer.text_at(at),
    };
    let status = answer.status;
    release.map_or_else(
        || Answer::Nothing(format!("`{url}` answered {status} and told no release")),
        Answer::Release,
    )
}

/// Why an application is not left as it is, whatever the release says of it: everybody may ask a
/// public service, and it does not answer, or not that it is ready.
pub(super) fn why_unready(target: &CoolifyTarget<'_>, service: &Service) -> Option<String> {
    if service.access != Access::Public {
        return None;
    }
    let url = format!("{}{}", target.environment.url, service.health.ready);
    let _whole = target.world.cancel.whole();
    http::is_well(&url, ANSWER_LIMIT).err()
}

/// The release that it answers as, if it tells one.
pub(super) fn release(target: &CoolifyTarget<'_>, service: &Service) -> Option<String> {
    match ask(target, service) {
        Answer::Release(release) => Some(release),
        Answer::Nothing(_) | Answer::Unasked => None,
    }
}
