//! What a rollout does to each application, decided from what is there.

use super::super::Wanted;
use super::{CoolifyTarget, answers, fetch, foreign, marked, not_there};
use crate::error::{Failure, Result, code};
use crate::infra::apply::variables;
use crate::infra::observe::observe;
use crate::runtime;
use xtask_core::coolify::desired::{Desired, Marked};
use xtask_core::coolify::observed::{self, Observed, named};
use xtask_core::coolify::plan::{Action, Part, Plan, Remark, Step, Twin, plan};
use xtask_core::coolify::rollout::{self, Found};
use xtask_core::deploy::Service;
use xtask_core::reference::Reference;
use xtask_core::ship::ledger::Versions;
use xtask_providers::coolify::{NewVariable, Status};

/// One application, and what is done to it.
pub(super) struct Planned {
    pub(super) service: Service,
    pub(super) uuid: String,
    pub(super) release: String,
    /// What it answers as then: that release, or the one that it stays at.
    pub(super) version: String,
    pub(super) image: Reference,
    /// The tag that names its image by digest.
    pub(super) tag: String,
    /// Why it is deployed; nothing if it is left alone.
    pub(super) reasons: Vec<String>,
    /// What others did to it.
    pub(super) drift: Vec<String>,
    /// The variables that are set, and a line for each.
    pub(super) writes: Vec<NewVariable>,
    pub(super) lines: Vec<String>,
    pub(super) before: Before,
}

/// How it was found, to go back to.
#[derive(Clone)]
pub(super) struct Before {
    pub(super) tag: Option<String>,
    pub(super) description: Option<String>,
    /// The release that answered, else the one that it was configured for.
    pub(super) release: Option<String>,
    /// Whether its release was told when it was asked.
    pub(super) is_told: bool,
    pub(super) variables: Vec<observed::Variable>,
}

impl Before {
    fn of(found: &observed::Application, answered: Option<String>, marked: &Marked) -> Self {
        Self {
            tag: field(found, TAG),
            description: found.description.clone(),
            is_told: answered.is_some(),
            release: answered.or(marked.release().map(ToOwned::to_owned)),
            variables: found.variables.clone().unwrap_or_default(),
        }
    }
}

/// The field that holds the tag of its image.
const TAG: &str = "docker_registry_image_tag";

/// Looks at everything, and refuses what cannot be rolled out.
pub(super) fn all(target: &CoolifyTarget<'_>, wanted: Vec<Wanted>) -> Result<Vec<Planned>> {
    let versions = wanted.iter().map(|it| (it.service.name.clone(), it.release.clone()));
    let desired = target.desired_at(&versions.collect());
    let observed = {
        let _whole = target.world.cancel.whole();
        runtime::wait(observe(target.coolify()?, target.place, &desired))?
    };
    let moving = Aim::at(desired, &observed);
    refuse(target, &moving.plan)?;
    let staying = Aim::at(target.desired_at(&deployed(target, &observed)), &observed);
    let one = |wanted| one(target, &moving, &staying, &observed, wanted);
    let all = wanted.into_iter().map(one).collect::<Result<Vec<_>>>()?;
    // What Coolify could never pull is refused before the ledger or the schema hears of it.
    let moved = all.iter().filter(|it| !it.reasons.is_empty());
    moved.map(|it| &it.image).try_for_each(fetch::check)?;
    Ok(all)
}

/// What is wanted of everything, and what is to be done for it.
struct Aim {
    desired: Desired,
    plan: Plan,
}

impl Aim {
    fn at(desired: Desired, observed: &Observed) -> Self {
        let plan = plan(&desired, observed);
        Self { desired, plan }
    }
}

/// The releases that the applications were deployed for, as they say. One that needs no change
/// stays at its own.
fn deployed(target: &CoolifyTarget<'_>, observed: &Observed) -> Versions {
    let of = |it: &observed::Application| {
        let marked = marked(target, it.description.as_deref())?;
        Some((it.name.clone(), marked.release()?.to_owned()))
    };
    observed.applications.iter().filter_map(of).collect()
}

/// What could never arrive as it is, or never become what is wanted.
fn refuse(target: &CoolifyTarget<'_>, plan: &Plan) -> Result<()> {
    let is_about =
        |it: &&Remark| matches!(it.part, Part::Application { .. } | Part::Variable { .. });
    let wrong: Vec<&Remark> = plan.refused.iter().chain(&plan.unknown).filter(is_about).collect();
    if wrong.is_empty() {
        return Ok(());
    }
    let name = &target.name;
    let failure = Failure::refused(format!("cannot roll out to `{name}`"))
        .code(&code::INFRA_REFUSED)
        .hint(format!("cargo xtask infra plan {name}"));
    let reason = |failure: Failure, it: &&Remark| failure.reason(it.to_string());
    Err(wrong.iter().fold(failure, reason))
}

fn one(
    target: &CoolifyTarget<'_>,
    moving: &Aim,
    staying: &Aim,
    observed: &Observed,
    wanted: Wanted,
) -> Result<Planned> {
    let name = wanted.service.name.clone();
    let application = application(target, observed, &name)?;
    let steps = variable_steps(&moving.plan, &name);
    let writes: Vec<_> =
        steps.iter().map(|step| write(&moving.desired, &name, step)).collect::<Result<_>>()?;
    let differ = variable_steps(&staying.plan, &name);
    let marked = marked(target, application.description.as_deref()).unwrap_or(Marked::Nothing);
    let answered = answers::release(target, &wanted.service);
    let rows = foreign::rows(target, &name, &application.uuid)?;
    let found_tag = field(application, TAG);
    let tag = format!("sha256-{}", wanted.digest.hex());
    let found = Found {
        tag: found_tag.as_deref(),
        marked: &marked,
        answers: answered.as_deref(),
        variables: differ.iter().filter(|step| step.twin != Twin::Only).count(),
        is_cancelled: rows.first().is_some_and(|it| it.status == Status::Cancelled),
        is_under_way: rows.iter().any(|it| it.status.is_active()),
        is_foreign: foreign::of(&name, &rows).iter().any(|it| it.is_newest),
    };
    let anew = wanted.anew.as_deref();
    let mut reasons = rollout::reasons(rollout::Wanted { tag: &tag, anew }, &found);
    if reasons.is_empty() {
        reasons.extend(answers::why_unready(target, &wanted.service));
    }
    let by_others = foreign::of(&name, &rows).into_iter().filter(|it| it.is_newest);
    let answers = rollout::configured(&name, &marked, found.answers);
    let drift = answers.into_iter().chain(by_others.map(|it| it.to_string())).collect();
    let before = Before::of(application, answered, &marked);
    let lines = steps.iter().map(ToString::to_string).collect();
    let (uuid, release, image) = (application.uuid.clone(), wanted.release, wanted.image);
    let (service, writes) = (wanted.service, writes.concat());
    let kept = before.release.clone().filter(|_| reasons.is_empty());
    let version = kept.unwrap_or_else(|| release.clone());
    Ok(Planned {
        service,
        uuid,
        release,
        version,
        image,
        tag,
        reasons,
        drift,
        writes,
        lines,
        before,
    })
}

/// The application of a service, if it is there and ours.
fn application<'o>(
    target: &CoolifyTarget<'_>,
    observed: &'o Observed,
    name: &str,
) -> Result<&'o observed::Application> {
    let is_ours = |it: &observed::Application| marked(target, it.description.as_deref()).is_some();
    let found = named(&observed.applications, |it| it.name == name, is_ours);
    let found = found.map_err(|error| not_there(target, name).because(&error))?;
    let found = found.ok_or_else(|| not_there(target, name))?;
    if is_ours(found) {
        return Ok(found);
    }
    Err(not_there(target, name).reason("one has the name and is not ours"))
}

fn field(application: &observed::Application, name: &str) -> Option<String> {
    application.fields.get(name)?.as_str().filter(|it| !it.is_empty()).map(ToOwned::to_owned)
}

/// What is to be set of its variables. Those that nobody wants any more are not a rollout's.
fn variable_steps<'p>(plan: &'p Plan, name: &str) -> Vec<&'p Step> {
    let is_own = |step: &&Step| {
        let of = matches!(&step.part, Part::Variable { application, .. } if application == name);
        of && step.action != Action::Delete
    };
    plan.steps.iter().filter(is_own).collect()
}

fn write(desired: &Desired, application: &str, step: &Step) -> Result<Vec<NewVariable>> {
    let Part::Variable { name, .. } = &step.part else { unreachable!("only variables are taken") };
    variables(desired, application, name, step.twin)
}
