//! One deployment: asked for when none of the application waits or runs, and watched to its end.

use super::planned::Planned;
use super::rollout::not_deployed;
use super::{CoolifyTarget, answers};
use crate::edge::coolify::failed;
use crate::edge::tested;
use crate::error::{Failure, Result, code};
use crate::report::Phase;
use std::time::Instant;
use xtask_core::coolify::watch::{Answer, Next, Proof, Row, Watch};
use xtask_providers::coolify::{Coolify, Deployment, DeploymentId, Error, Status};

/// How it ended.
pub(super) enum Ended {
    /// What was wanted serves.
    Serves(Proof),
    /// What served before serves alone.
    Back(Failure),
    /// What serves is not what is wanted, or not all of it.
    Repair(Failure),
}

/// Waits until no deployment of it waits or runs: one that waits would take what is written now.
pub(super) fn wait_until_free(
    target: &CoolifyTarget<'_>,
    it: &Planned,
    phase: &Phase<'_>,
) -> Result<()> {
    let name = &it.service.name;
    let limits = target.pace.limits(&it.service);
    let began = Instant::now();
    loop {
        let doing = format!("look at the deployments of `{name}`");
        let page = target.ask(&doing, target.coolify()?.deployments_of(&it.uuid, 0, 20))?;
        let active = page.deployments.iter().find(|row| row.status.is_active());
        let Some(row) = active else { return Ok(()) };
        let limit = if row.status == Status::Queued { limits.queue } else { limits.run };
        if began.elapsed() > limit {
            return Err(blocked(target, name, row));
        }
        phase.doing(&format!("`{name}`: waiting for deployment `{}`", row.uuid.as_str()));
        tested::kill_at(&format!("in-free-{name}"));
        target.world.cancel.sleep(target.pace.poll)?;
    }
}

fn blocked(target: &CoolifyTarget<'_>, name: &str, row: &Deployment) -> Failure {
    let failure = Failure::refused(format!("cannot deploy `{name}`: another deployment blocks it"))
        .code(&code::DEPLOYMENT)
        .reason(format!("deployment `{}` does not end", row.uuid.as_str()));
    failure.hint(match look(target, row) {
        Some(url) => format!("cancel it at {url}, then run the same again"),
        None => "cancel it in the panel, then run the same again".to_owned(),
    })
}

fn look(target: &CoolifyTarget<'_>, row: &Deployment) -> Option<String> {
    let path = row.deployment_url.as_deref()?;
    Some(format!("{}{path}", target.place.url))
}

/// Asks for a deployment, and watches until `wanted` serves or it is known that it does not.
pub(super) fn run(
    target: &CoolifyTarget<'_>,
    it: &Planned,
    wanted: &str,
    before: Option<&str>,
    is_told: bool,
    phase: &Phase<'_>,
) -> Result<Ended> {
    let name = &it.service.name;
    phase.doing(&format!("`{name}`: asking for its deployment"));
    let id = match start(target, it)? {
        Ok(id) => id,
        Err(failure) => return Ok(Ended::Back(failure)),
    };
    let mut watched = Watched { target, coolify: target.coolify()?, it, id, look: None, is_told };
    let next =
        watched.follow(Watch::new(wanted, before, target.pace.limits(&it.service)), phase)?;
    let failure = |why: &str| not_deployed(target, name, why, watched.look.as_deref());
    Ok(match next {
        Next::Serves(proof) => Ended::Serves(proof),
        Next::Back(why) => Ended::Back(failure(&why)),
        Next::Repair(why) => Ended::Repair(failure(&why)),
        Next::Stuck(why) => Ended::Repair(watched.cancelled(failure(&why))),
        Next::Wait(_) => unreachable!("it was waited for"),
    })
}

/// The id of the deployment that was asked for. An answer that was lost may have been a yes: then
/// a newer deployment than before is ours. Within: why Coolify made none; outside: it may have.
fn start(target: &CoolifyTarget<'_>, it: &Planned) -> Result<Result<String, Failure>> {
    let name = &it.service.name;
    let before = newest(target, it)?.map(|row| row.id);
    match target.ask_raw(target.coolify()?.deploy(&it.uuid, true)) {
        Ok(started) => Ok(match started.claimed {
            Some(claimed) => Ok(claimed.as_str().to_owned()),
            None => {
                let why = format!("Coolify made no deployment: {}", started.message);
                Err(not_deployed(target, name, &why, None))
            }
        }),
        Err(error) if error.is_outcome_unknown() => {
            let made = newest(target, it)?.filter(|row| Some(row.id) > before);
            made.map(|row| Ok(row.uuid.as_str().to_owned())).ok_or_else(|| refused(name, &error))
        }
        Err(error) => Ok(Err(refused(name, &error))),
    }
}

fn refused(name: &str, error: &Error) -> Failure {
    failed(&format!("ask for a deployment of `{name}`"), error)
}

fn newest(target: &CoolifyTarget<'_>, it: &Planned) -> Result<Option<Deployment>> {
    let doing = format!("look at the deployments of `{}`", it.service.name);
    let page = target.ask(&doing, target.coolify()?.deployments_of(&it.uuid, 0, 1))?;
    Ok(page.deployments.into_iter().next())
}

struct Watched<'a> {
    target: &'a CoolifyTarget<'a>,
    coolify: &'a Coolify,
    it: &'a Planned,
    id: String,
    /// Where a person looks at it.
    look: Option<String>,
    is_told: bool,
}

impl Watched<'_> {
    fn follow(&mut self, mut watch: Watch, phase: &Phase<'_>) -> Result<Next> {
        let (began, name) = (Instant::now(), self.it.service.name.clone());
        tested::kill_at(&format!("in-deploy-{name}"));
        loop {
            let row = self.row();
            let answer = self.answer();
            match watch.look(began.elapsed(), &row, &answer) {
                Next::Wait(what) => phase.doing(&format!("`{name}`: {what}")),
                next => return Ok(next),
            }
            self.target.world.cancel.sleep(self.target.pace.between(watch.is_over()))?;
        }
    }

    fn row(&mut self) -> Row {
        let question = self.coolify.deployment_named(&self.id);
        match self.target.ask_raw(question) {
            Err(error) => Row::Unknown(error.to_string()),
            Ok(None) => Row::Absent,
            Ok(Some(row)) => {
                self.look = look(self.target, &row);
                row_of(&row.status)
            }
        }
    }

    /// Whoever told nothing of it before the deployment is no witness against it.
    fn answer(&self) -> Answer {
        use xtask_core::deploy::Access;
        match answers::ask(self.target, &self.it.service) {
            Answer::Nothing(_) if !self.is_told && self.it.service.access == Access::Internal => {
                Answer::Unasked
            }
            answer => answer,
        }
    }

    /// Coolify would never begin another one of this application.
    fn cancelled(&self, failure: Failure) -> Failure {
        let question = self.coolify.deployment_named(&self.id);
        let cancel = |id: &DeploymentId| self.target.ask_raw(self.coolify.cancel(id));
        let done = self.target.ask_raw(question).and_then(|row| match row {
            Some(row) if row.status.is_active() => cancel(&row.uuid),
            _ => Ok(()),
        });
        match done {
            Ok(()) => failure.reason("so it was cancelled"),
            Err(error) => failure.reason(format!("and it could not be cancelled: {error}")),
        }
    }
}

fn row_of(status: &Status) -> Row {
    match status {
        Status::Queued => Row::Queued,
        Status::InProgress => Row::InProgress,
        Status::Finished => Row::Finished,
        Status::Failed => Row::Failed,
        Status::Cancelled => Row::Cancelled,
        other => Row::Other(other.as_str().to_owned()),
    }
}
