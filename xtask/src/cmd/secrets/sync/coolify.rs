//! The variables of a Coolify that hold secrets; all else of it is `infra`'s.

use crate::edge::coolify as edge;
use crate::error::Result;
use crate::infra::apply::Writer;
use crate::infra::observe::observe;
use crate::runtime;
use crate::world::World;
use std::collections::BTreeSet;
use xtask_core::coolify::desired::{self, Desired, Secrets};
use xtask_core::coolify::observed::Observed;
use xtask_core::coolify::plan::{Part, Plan, Remark, Step, plan};
use xtask_core::deploy;
use xtask_core::secrets::check::needs;
use xtask_core::ship::review::ReviewStep;
use xtask_providers::coolify::Coolify;

pub(super) struct InCoolify {
    coolify: Coolify,
    desired: Desired,
    observed: Observed,
    plan: Plan,
    /// Application and variable of each that holds a secret.
    held: BTreeSet<(String, String)>,
}

impl InCoolify {
    pub(super) fn look(
        world: &World<'_>,
        name: &str,
        place: &deploy::Coolify,
        found: &Secrets,
    ) -> Result<Self> {
        let desired = desired::of(&world.deploy, name, found).expect("it is on a Coolify");
        let coolify = edge::open(place)?;
        let phase = world.report.phase("look at Coolify");
        let observed = runtime::wait(observe(&coolify, place, &desired))?;
        phase.done(&format!("{} of `{}`", place.url, observed.server.name));
        let plan = plan(&desired, &observed);
        let held = needs(&world.deploy).into_iter().map(|it| (it.service, it.setting)).collect();
        Ok(Self { coolify, desired, observed, plan, held })
    }

    fn holds(&self, part: &Part) -> bool {
        match part {
            Part::Variable { application, name } => {
                self.held.contains(&(application.clone(), name.clone()))
            }
            _ => false,
        }
    }

    fn steps(&self) -> impl Iterator<Item = &Step> {
        let is_there = |part: &Part| match part {
            Part::Variable { application, .. } => self.is_there(application),
            _ => false,
        };
        self.plan.steps.iter().filter(move |it| self.holds(&it.part) && is_there(&it.part))
    }

    fn is_there(&self, application: &str) -> bool {
        self.observed.applications.iter().any(|it| it.name == application)
    }

    pub(super) fn review(&self) -> Vec<ReviewStep> {
        let of = |step: &Step| {
            let review = ReviewStep::new(step.to_string());
            step.fingerprint.iter().fold(review, |review, print| review.with(print.clone()))
        };
        self.steps().map(of).collect()
    }

    pub(super) fn remarks(&self) -> Vec<(&'static str, String)> {
        let said = |word: &'static str, it: &Remark| (word, it.to_string());
        let about = |it: &&Remark| {
            let is_application = matches!(&it.part, Part::Application { .. });
            self.holds(&it.part) || is_application
        };
        let refused = self.plan.refused.iter().filter(about).map(|it| said("refused", it));
        let unknown = self.plan.unknown.iter().filter(|it| self.holds(&it.part));
        let absent = self.desired.applications.iter().filter(|it| !self.is_there(&it.name));
        let absent = absent.map(|it| {
            (
                "refused",
                format!("application `{}`: it is not there; `infra apply` makes it", it.name),
            )
        });
        refused.chain(unknown.map(|it| said("unknown", it))).chain(absent).collect()
    }

    pub(super) fn apply(&self, world: &World<'_>) -> Result<usize> {
        let mut writer = Writer::new(&self.coolify, &self.desired, &self.observed);
        let phase = world.report.phase("Coolify");
        let mut done = 0;
        for step in self.steps() {
            let what = format!("{} {}", step.action.word(), step.part);
            phase.doing(&what);
            let applied = world.cancel.check().and_then(|()| runtime::wait(writer.apply(step)));
            applied.map_err(|failure| if done > 0 { failure.partly() } else { failure })?;
            phase.note(&what);
            done += 1;
        }
        phase.done(&xtask_core::plan::Count(done, "variable").to_string());
        Ok(done)
    }
}

/// Of these settings, those that a Coolify was not told as they are wanted, or may not have been.
pub(in super::super) fn differing(
    world: &World<'_>,
    name: &str,
    settings: &BTreeSet<String>,
) -> Result<Vec<String>> {
    let environment = world.environment(name)?;
    let Some(place) = environment.coolify.as_ref() else { return Ok(Vec::new()) };
    let (found, _) = crate::edge::secrets::at_hand(&environment.sources());
    let looked = InCoolify::look(world, name, place, &found)?;
    let is_it =
        |part: &Part| matches!(part, Part::Variable { name, .. } if settings.contains(name));
    let steps = looked.plan.steps.iter().filter(|it| is_it(&it.part)).map(ToString::to_string);
    let unknown = looked.plan.unknown.iter().filter(|it| is_it(&it.part));
    Ok(steps.chain(unknown.map(ToString::to_string)).collect())
}
