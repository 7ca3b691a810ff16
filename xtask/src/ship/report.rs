//! report: a rollout as a page for people, written beside what else was built.

use super::proof::Seen;
use super::release;
use super::site::Site;
use crate::edge::{actions, clock, files, git, run};
use crate::error::Result;
use crate::report::PhaseTime;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use xtask_core::ship::ledger::Outcome;
use xtask_core::ship::release::Release;
use xtask_core::ship::report::{
    Commit, Commits, Links, Phase, Service, Told, page, summary, unchanged,
};

/// So many reports are kept.
const KEPT: usize = 50;

/// Writes the report of a change to `release`, and says where it is; where GitHub runs us, a summary
/// goes to the run's page. That it cannot be written is told, and changes nothing about the rollout.
pub fn write(
    site: &Site<'_>,
    release: &Release,
    seen: &Seen,
    outcome: &Outcome,
) -> Option<PathBuf> {
    let before = before(site, seen.from.as_deref());
    let told = told(site, release, seen, outcome, &before);
    let written = match written(site, &told) {
        Ok(path) => {
            site.world.report.status(&format!("report: `{}`", path.display()));
            Some(path)
        }
        Err(failure) => {
            let line = format!("no report: {}", failure.innermost_line());
            site.world.report.warning(&line);
            None
        }
    };
    let links = Links {
        repository: run::repository(),
        run: run::url(),
        before: before.ok().map(|it| it.commit),
        after: release.commit.clone(),
        report: written.as_ref().map(|path| path.display().to_string()),
    };
    on_page(site, &summary(&told, &links));
    written
}

/// Says on the run's page that there was nothing to do.
pub fn nothing(site: &Site<'_>, release: &str) {
    on_page(site, &unchanged(site.name, release));
}

fn on_page(site: &Site<'_>, text: &str) {
    if let Err(failure) = actions::page(text) {
        let line = format!("no summary: {}", failure.innermost_line());
        site.world.report.warning(&line);
    }
}

fn written(site: &Site<'_>, told: &Told<'_>) -> Result<PathBuf> {
    let text = page(told);
    if let Some(path) = &site.world.page {
        files::write(path, text.as_bytes())?;
        return Ok(path.clone());
    }
    let folder = site.world.places.reports();
    files::make_folder(&folder)?;
    let path = folder.join(format!("{}-{}-{}.html", clock::stamp(), site.name, told.to));
    files::write(&path, text.as_bytes())?;
    files::keep_newest(&folder, KEPT)?;
    Ok(relative(&site.world.places.root, path))
}

/// As a person in the repository would type it.
fn relative(root: &Path, path: PathBuf) -> PathBuf {
    path.strip_prefix(root).map(Path::to_owned).unwrap_or(path)
}

fn told<'t>(
    site: &'t Site<'_>,
    release: &'t Release,
    seen: &'t Seen,
    outcome: &'t Outcome,
    before: &Result<Release, String>,
) -> Told<'t> {
    let times = site.world.report.times();
    let probe = seen.log.as_ref();
    let began = times.first().map(|it| it.began).or(probe.map(|it| it.began));
    let began = began.unwrap_or_else(Instant::now);
    Told {
        project: &site.world.deploy.project,
        environment: site.name,
        url: &site.environment.url,
        action: seen.action,
        outcome,
        at: &seen.at,
        from: seen.from.as_deref(),
        to: &release.version,
        services: services(release, before.as_ref().ok()),
        commits: match before {
            Ok(before) => commits(site, &before.commit, &release.commit),
            Err(why) => Commits::Unknown(why.clone()),
        },
        phases: times.iter().map(|it| phase(it, began)).collect(),
        proof: &seen.proof,
        probe_from: probe.map_or(Duration::ZERO, |it| it.began.saturating_duration_since(began)),
        samples: probe.map_or(&[], |it| &it.samples),
    }
}

/// The release that served, or why it cannot be told.
fn before(site: &Site<'_>, version: Option<&str>) -> Result<Release, String> {
    let version = version.ok_or_else(|| "no release served before".to_owned())?;
    match release::find(site, version) {
        Ok(Some(release)) => Ok(release),
        Ok(None) => Err(format!("release {version} is not in the registry")),
        Err(failure) => Err(failure.innermost_line().to_owned()),
    }
}

fn services(release: &Release, before: Option<&Release>) -> Vec<Service> {
    let service = |(name, image): (&String, &xtask_core::ship::release::ReleasedImage)| Service {
        name: name.clone(),
        before: before.and_then(|it| it.services.get(name)).map(|it| it.index),
        after: image.index,
    };
    release.services.iter().map(service).collect()
}

fn commits(site: &Site<'_>, before: &str, after: &str) -> Commits {
    let between = |from, to| {
        let found = git::commits_between(&site.world.shell, from, to);
        let found = found.map_err(|failure| failure.innermost_line().to_owned())?;
        let found = found.ok_or_else(|| "they are not in this checkout".to_owned())?;
        Ok(found.into_iter().map(|(id, subject)| Commit { id, subject }).collect())
    };
    match (between(before, after), between(after, before)) {
        (Ok(added), Ok(removed)) => Commits::Known { added, removed },
        (Err(why), _) | (_, Err(why)) => Commits::Unknown(why),
    }
}

fn phase(time: &PhaseTime, began: Instant) -> Phase {
    let from = time.began.saturating_duration_since(began);
    Phase { name: time.name.clone(), from, took: time.took, is_done: time.is_done }
}
