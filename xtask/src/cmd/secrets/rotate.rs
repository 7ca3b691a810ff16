//! `secrets rotate`: a key is exchanged in three steps, any other secret is swapped.

mod by_hand;

use super::{sync, vault};
use crate::edge::vault::Vault;
use crate::edge::{clock, secrets};
use crate::error::{Failure, Result, code};
use crate::exit::Exit;
use crate::flags::SecretsRotate;
use crate::ship::record;
use crate::ship::site::Site;
use crate::world::World;
use serde_json::json;
use std::collections::BTreeSet;
use xtask_core::deploy::{AgeName, KeyRotation};
use xtask_core::secret::Secret;
use xtask_core::secrets::document::Document;
use xtask_core::secrets::rotation::{NotDue, Rolled, Step, due};
use xtask_core::ship::ledger::{Outcome, Record};

pub(super) fn run(flags: &SecretsRotate, world: &World<'_>) -> Result<Exit> {
    let name = flags.name.strip_prefix("secrets.").unwrap_or(&flags.name);
    match world.deploy.rotations.get(name) {
        Some(rotation) => Key::of(world, &flags.environment, name, rotation)?.rotate(flags.apply),
        None => by_hand::run(flags, world),
    }
}

/// A key of an environment that is exchanged, and the place of the other one.
struct Key<'a> {
    world: &'a World<'a>,
    environment: &'a str,
    name: &'a str,
    rotation: &'a KeyRotation,
    vault: Vault,
    own: AgeName,
    other: AgeName,
}

impl<'a> Key<'a> {
    fn of(
        world: &'a World<'_>,
        environment: &'a str,
        name: &'a str,
        rotation: &'a KeyRotation,
    ) -> Result<Self> {
        let sources = &world.environment(environment)?.secrets;
        let age = |name: &str| sources.get(name).and_then(|source| source.age()).cloned();
        let pair = age(name).zip(age(&rotation.previous)).filter(|(own, it)| own.file == it.file);
        let Some((own, other)) = pair else {
            return Err(elsewhere(environment, name, rotation));
        };
        let vault = vault(world, &own.file)?;
        Ok(Self { world, environment, name, rotation, vault, own, other })
    }

    fn rotate(&self, apply: bool) -> Result<Exit> {
        let mut opened = self.vault.open()?;
        let step = self.due(&opened.document)?;
        let says = step.says(self.name, &self.rotation.previous);
        let value = json!({ "step": step, "applied": apply });
        if !apply {
            self.world.report.data(&value, &format!("next: {says}"));
            return Ok(Exit::Planned);
        }
        self.change(&mut opened.document, step)?;
        self.vault.write(&opened)?;
        let after = self.after(step);
        self.world.report.data(&value, &format!("done: {says}\nthen: {after}"));
        Ok(Exit::Done)
    }

    /// What follows from where the exchange is, if its time has come.
    fn due(&self, document: &Document) -> Result<Step> {
        let current = document.rotation(self.name);
        if document.get(&self.own.name).is_none() {
            return Err(self
                .refused()
                .reason(format!("there is no `{}` to exchange", self.own.name)));
        }
        if current.is_none() && document.get(&self.other.name).is_some() {
            let why = format!("`{}` is there, and no exchange was begun", self.other.name);
            let hint = format!("remove it: `cargo xtask secrets edit {}`", self.own.file);
            return Err(self.refused().reason(why).hint(hint));
        }
        let rolled = current.map(|_| self.rolled()).transpose()?.flatten();
        let lifetime = self.rotation.lifetime_seconds;
        due(current, rolled, lifetime, clock::moment()).map_err(|why| self.not_due(&why))
    }

    fn refused(&self) -> Failure {
        let (name, environment) = (self.name, self.environment);
        Failure::refused(format!("cannot take the next step with `{name}` of `{environment}`"))
            .code(&code::ROTATION)
    }

    fn not_due(&self, why: &NotDue) -> Failure {
        let failure = self.refused().because(why);
        match why {
            NotDue::NotRolledOut(..) => failure.hint(self.rollout()),
            NotDue::NotEnded { .. } => failure.hint("the same command again, later"),
        }
    }

    /// When the last rollout ended that was verified, if what it told the services still stands: a
    /// rollout from an older checkout hands over older keys.
    fn rolled(&self) -> Result<Option<Rolled>> {
        let settings = self.settings();
        let differing = sync::differing(self.world, self.environment, &settings)?;
        if !differing.is_empty() {
            let failure = self.refused().hint(self.rollout());
            return Err(differing.into_iter().fold(failure, Failure::reason));
        }
        let site = Site::look(self.world, self.environment)?;
        let records = record::all(&site)?;
        Ok(records.iter().rev().find(|it| it.outcome == Outcome::Done).and_then(rolled))
    }

    /// The variables that hold one of the two.
    fn settings(&self) -> BTreeSet<String> {
        let both = [self.name, &self.rotation.previous].map(|it| format!("secrets.{it}"));
        let settings = self.world.deploy.services.iter().flat_map(|it| &it.settings);
        let held =
            settings.filter(|(_, it)| it.references().any(|it| both.iter().any(|b| b == it)));
        held.map(|(name, _)| name.clone()).collect()
    }

    /// One write of the file is the whole step.
    fn change(&self, document: &mut Document, step: Step) -> Result<()> {
        let now = clock::moment();
        let (own, other) = (&self.own.name, &self.other.name);
        match step {
            Step::Accept => document.set(other, Secret::new(secrets::generate()?), now),
            Step::Sign => {
                let pair = document.get(own).cloned().zip(document.get(other).cloned());
                let Some((old, new)) = pair else {
                    let why = format!("`{other}` is gone, which was to sign next");
                    return Err(self.refused().reason(why));
                };
                document.set(own, new, now);
                document.set(other, old, now);
            }
            Step::Drop => drop(document.remove(other)),
        }
        document.set_rotation(self.name, step.leads_to(now));
        Ok(())
    }

    fn after(&self, step: Step) -> String {
        let (name, environment) = (self.name, self.environment);
        let (commit, rollout) = (format!("commit `{}`", self.vault.shown()), self.rollout());
        let again = format!("then `cargo xtask secrets rotate {environment} {name} --apply`");
        match step {
            Step::Accept => format!("{commit}; {rollout}; {again}"),
            Step::Sign => {
                let lifetime = self.rotation.lifetime_seconds;
                format!("{commit}; {rollout}; {again}, {lifetime} seconds later")
            }
            // What nobody asks for any more a rollout leaves where it is.
            Step::Drop => {
                format!("{commit}; `cargo xtask secrets sync {environment} --apply`; {rollout}")
            }
        }
    }

    fn rollout(&self) -> String {
        let environment = self.environment;
        format!("`cargo xtask rollout {environment} VERSION --apply` of the release that serves")
    }
}

/// When a rollout ended: it says when it began, and how long each phase took.
fn rolled(record: &Record) -> Option<Rolled> {
    let began: xtask_core::moment::Moment = record.at.parse().ok()?;
    let took: u64 = record.phases.iter().map(|(_, ms)| ms).sum();
    let at = began.after(took.div_ceil(1000))?;
    Some(Rolled { began, at })
}

/// Where somebody else keeps the keys, the same steps are theirs to take.
fn elsewhere(environment: &str, name: &str, rotation: &KeyRotation) -> Failure {
    let KeyRotation { previous, lifetime_seconds } = rotation;
    Failure::refused(format!(
        "cannot rotate `{name}` of `{environment}`: `{name}` and `{previous}` are not in one encrypted file"
    ))
    .code(&code::ROTATION)
    .reason(format!(
        "by hand: give `{previous}` a new key, and roll out; exchange both, and roll out; \
         {lifetime_seconds} seconds later take `{previous}` away, \
         `cargo xtask secrets sync {environment} --apply`, and roll out"
    ))
    .hint(format!("`age:{environment}/{name}` and `age:{environment}/{previous}` in `deploy.toml`"))
}
