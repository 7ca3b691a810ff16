//! What a person should know of an environment beside what serves: deployments that others made,
//! those that wait or run, and what was begun and never seen to end.

use super::super::{By, Foreign};
use super::{CoolifyTarget, answers, applications, marked};
use crate::error::Result;
use xtask_core::coolify::desired::Marked;
use xtask_core::coolify::rollout::configured;
use xtask_core::deploy::Service;
use xtask_providers::coolify::{Application, Deployment};

/// So many of the newest deployments of an application are looked at.
const ROWS: u32 = 20;

/// Deployments that nobody asked for over the API, the newest of each service first.
pub(super) fn all(target: &CoolifyTarget<'_>) -> Result<Vec<Foreign>> {
    let applications = applications::ours(target)?;
    let mut all = Vec::new();
    for service in &target.world.deploy.services {
        let Some(found) = applications.get(&service.name) else { continue };
        let rows = rows(target, &service.name, &found.uuid)?;
        all.extend(of(&service.name, &rows));
    }
    Ok(all)
}

pub(super) fn rows(target: &CoolifyTarget<'_>, name: &str, uuid: &str) -> Result<Vec<Deployment>> {
    let doing = format!("look at the deployments of `{name}`");
    Ok(target.ask(&doing, target.coolify()?.deployments_of(uuid, 0, ROWS))?.deployments)
}

/// Of rows, the newest first. One over the API may be another program's: Coolify does not tell.
pub(super) fn of(service: &str, rows: &[Deployment]) -> Vec<Foreign> {
    let own = |row: &&Deployment| row.is_api && !row.is_webhook;
    let after_ours = rows.iter().position(|row| own(&row)).unwrap_or(rows.len());
    let foreign = rows.iter().enumerate().filter(|(_, row)| !own(row));
    let tell = |(place, row): (usize, &Deployment)| Foreign {
        service: service.to_owned(),
        deployment: row.uuid.as_str().to_owned(),
        by: if row.is_webhook { By::Webhook } else { By::Panel },
        at: row.created_at.clone(),
        // For an image Coolify writes `HEAD`, which names nothing.
        commit: row.commit.clone().filter(|it| it != "HEAD"),
        status: row.status.as_str().to_owned(),
        is_newest: place < after_ours,
    };
    foreign.map(tell).collect()
}

/// A line for each thing.
pub(super) fn remarks(target: &CoolifyTarget<'_>) -> Result<Vec<String>> {
    let applications = applications::ours(target)?;
    let mut lines = Vec::new();
    for service in &target.world.deploy.services {
        if let Some(found) = applications.get(&service.name) {
            lines.extend(of_service(target, service, found)?);
        }
    }
    Ok(lines)
}

fn of_service(
    target: &CoolifyTarget<'_>,
    service: &Service,
    found: &Application,
) -> Result<Vec<String>> {
    let name = &service.name;
    let marked = marked(target, found.description.as_deref()).unwrap_or(Marked::Nothing);
    let mut lines: Vec<String> = marked.remark(name).into_iter().collect();
    let answered = answers::release(target, service);
    lines.extend(configured(name, &marked, answered.as_deref()));
    let rows = rows(target, name, &found.uuid)?;
    let active = rows.iter().filter(|row| row.status.is_active());
    lines.extend(active.map(|row| {
        let since = row.created_at.as_deref().unwrap_or("some time ago");
        let (uuid, status) = (row.uuid.as_str(), row.status.as_str());
        format!("deployment `{uuid}` of `{name}` is `{status}`, asked for at {since}")
    }));
    let newest = of(name, &rows).into_iter().filter(|it| it.is_newest);
    lines.extend(newest.map(|it| it.to_string()));
    Ok(lines)
}
