//! The applications of an environment that are ours, and what serves there.

use super::super::{Answers, Serving};
use super::{CoolifyTarget, answers, marked};
use crate::error::{Failure, Result, code};
use std::collections::BTreeMap;
use xtask_core::coolify::fingerprint::is_ours;
use xtask_core::coolify::observed::named;
use xtask_core::deploy::Access;
use xtask_providers::coolify::Application;

/// Those of ours, by the service's name. Where project or environment is not there, there is none.
pub(super) fn ours(target: &CoolifyTarget<'_>) -> Result<BTreeMap<String, Application>> {
    let place = target.place;
    let projects = target.ask("look for the project", target.coolify()?.projects())?;
    let is_ours = |it: &xtask_providers::coolify::Project| is_ours(it.description.as_deref());
    let found = named(&projects, |it| it.name == place.project, is_ours);
    let found = found.map_err(|error| {
        Failure::refused(format!("cannot tell which project `{}` is meant", place.project))
            .code(&code::INFRA_REFUSED)
            .because(&error)
            .hint("give them different names in the panel")
    })?;
    let Some(project) = found else { return Ok(BTreeMap::new()) };
    let question = target.coolify()?.environment(&project.uuid, &place.environment);
    let environment = target.ask("look for the applications", question)?;
    let all = environment.map(|it| it.applications).unwrap_or_default();
    let is_marked = |it: &Application| marked(target, it.description.as_deref()).is_some();
    let mut ours = BTreeMap::new();
    for it in all.into_iter().filter(is_marked) {
        let Some(name) = it.name.clone() else { continue };
        if ours.insert(name.clone(), it).is_some() {
            return Err(twice(&name));
        }
    }
    Ok(ours)
}

fn twice(name: &str) -> Failure {
    Failure::refused(format!("cannot tell which application `{name}` is meant"))
        .code(&code::INFRA_REFUSED)
        .reason("two of that name are marked as ours")
        .hint("in the panel, remove `xtask …` from the description of the one that is not meant")
}

/// What was rolled out, and what it answers as.
pub(super) fn serving(target: &CoolifyTarget<'_>) -> Result<BTreeMap<String, Serving>> {
    let all = ours(target)?;
    let mut serving = BTreeMap::new();
    for service in &target.world.deploy.services {
        let Some(found) = all.get(&service.name) else { continue };
        let marked = marked(target, found.description.as_deref());
        let configured = marked.as_ref().and_then(|it| it.release());
        let answers = answers::release(target, service);
        let Some(release) = answers.clone().or(configured.map(ToOwned::to_owned)) else {
            continue;
        };
        let is_public = service.access == Access::Public;
        let address = is_public.then(|| target.environment.url.clone());
        let answers = answers.map_or(Answers::Untold, Answers::Release);
        serving.insert(
            service.name.clone(),
            Serving { release, since: None, address, answers, restarts: 0 },
        );
    }
    Ok(serving)
}
