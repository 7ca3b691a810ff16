//! The secrets of an environment of GitHub. Nobody reads them there again, so what was put is noted
//! in a variable beside them.

use super::key_secret;
use crate::edge::github::{failed, open};
use crate::edge::secrets;
use crate::error::{Failure, Result, code};
use crate::runtime;
use crate::world::World;
use std::collections::BTreeMap;
use xtask_core::coolify::desired::Secrets;
use xtask_core::coolify::fingerprint::Key;
use xtask_core::deploy;
use xtask_core::plan::Count;
use xtask_core::secret::Secret;
use xtask_core::secrets::github::{Found, Plan, Put, VARIABLE, noted, plan};
use xtask_core::ship::review::ReviewStep;
use xtask_providers::github::{Error, GitHub, SealingKey};

pub(super) struct InGitHub {
    github: GitHub,
    environment: String,
    place: String,
    wanted: BTreeMap<String, Secret>,
    found: Found,
    has_variable: bool,
    plan: Plan,
}

impl InGitHub {
    pub(super) fn look(
        world: &World<'_>,
        name: &str,
        of: &deploy::GitHub,
        secrets: &Secrets,
    ) -> Result<Self> {
        let wanted = secrets::given(&of.secrets)?;
        let github = open(of)?;
        let phase = world.report.phase("look at GitHub");
        let (place, environment) = (place(of), of.environment.clone());
        let listed = runtime::wait(github.secrets(&environment));
        let listed = listed.map_err(|error| failed(&format!("look at {place}"), &error))?;
        let variable = runtime::wait(github.variable(&environment, VARIABLE));
        let variable = variable.map_err(|error| failed(&format!("look at {place}"), &error))?;
        phase.done(&Count(listed.len(), "secret").to_string());
        let listed = listed.into_iter().map(|it| (it.name, it.updated_at)).collect();
        let found = Found { listed, noted: noted(variable.as_deref()) };
        let owner = format!("github {}/{name}", world.deploy.project);
        let key = Key::of(key_secret(secrets)?, &owner);
        let plan = plan(&wanted, &found, &key);
        let has_variable = variable.is_some();
        Ok(Self { github, environment, place, wanted, found, has_variable, plan })
    }

    pub(super) fn review(&self) -> Vec<ReviewStep> {
        self.plan.steps.iter().map(|step| step.review(&self.place)).collect()
    }

    pub(super) fn remarks(&self) -> Vec<(&'static str, String)> {
        let line =
            |name: &String| ("left", format!("secret `{name}` of {}: it is not ours", self.place));
        self.plan.foreign.iter().map(line).collect()
    }

    pub(super) fn apply(&self, world: &World<'_>) -> Result<usize> {
        if self.plan.steps.is_empty() {
            return Ok(0);
        }
        let phase = world.report.phase("GitHub");
        let mut key = self.key()?;
        for (done, step) in self.plan.steps.iter().enumerate() {
            phase.doing(&step.name);
            world.cancel.check()?;
            let put = self.put(&step.name, &mut key);
            put.map_err(|failure| if done > 0 { failure.partly() } else { failure })?;
            phase.note(&format!("put `{}`", step.name));
        }
        self.note()?;
        phase.done(&Count(self.plan.steps.len(), "secret").to_string());
        Ok(self.plan.steps.len())
    }

    fn key(&self) -> Result<SealingKey> {
        let key = runtime::wait(self.github.sealing_key(&self.environment));
        key.map_err(|error| failed(&format!("read the key of {}", self.place), &error))
    }

    /// A key that was changed in between is read again, once.
    fn put(&self, name: &str, key: &mut SealingKey) -> Result<()> {
        let value = &self.wanted[name];
        let put = |key: &SealingKey| {
            runtime::wait(self.github.put_secret(&self.environment, name, value, key))
        };
        let doing =
            |error: Error| failed(&format!("put secret `{name}` into {}", self.place), &error);
        match put(key) {
            Err(Error::Refused { status, .. }) if status.as_u16() == 422 => {
                *key = self.key()?;
                put(key).map_err(doing)
            }
            done => done.map_err(doing),
        }
    }

    /// Only now it is known when GitHub says that each was written.
    fn note(&self) -> Result<()> {
        let doing =
            |error: Error| failed(&format!("note what was put into {}", self.place), &error);
        let listed = runtime::wait(self.github.secrets(&self.environment)).map_err(doing)?;
        let mut noted = self.found.noted.clone();
        for step in &self.plan.steps {
            let found = listed.iter().find(|it| it.name == step.name).ok_or_else(|| {
                Failure::outside(format!(
                    "failed to put secret `{}`: GitHub did not keep it",
                    step.name
                ))
                .code(&code::GITHUB_ANSWER)
            })?;
            let put =
                Put { fingerprint: step.fingerprint.clone(), updated_at: found.updated_at.clone() };
            noted.insert(step.name.clone(), put);
        }
        noted.retain(|name, _| self.wanted.contains_key(name));
        let text = serde_json::to_string(&noted).expect("texts only");
        let set = self.github.set_variable(&self.environment, VARIABLE, &text, !self.has_variable);
        runtime::wait(set).map_err(doing)
    }
}

fn place(of: &deploy::GitHub) -> String {
    format!("`{}` of `{}`", of.environment, of.repository)
}
