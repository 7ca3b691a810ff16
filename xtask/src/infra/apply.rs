//! Carries a plan out, write by write. Before something is made it is looked for by mark and name,
//! because an answer that was lost may have been a yes; so the same run again goes on.

use super::{change, observe};
use crate::edge::coolify::failed;
use crate::error::{Failure, Result};
use std::collections::BTreeMap;
use xtask_core::coolify::desired::{Desired, Given, Marked, Storage, TRAP_TAG, Variable};
use xtask_core::coolify::fingerprint::{self, MARK};
use xtask_core::coolify::observed::{Observed, named};
use xtask_core::coolify::plan::{Action, Part, Step, Twin};
use xtask_providers::coolify::{
    ApplicationChange, Coolify, Error, NewApplication, NewProject, NewS3, NewVariable,
};

/// What writes, and by which names the things are addressed that were found or made so far.
pub struct Writer<'a> {
    coolify: &'a Coolify,
    desired: &'a Desired,
    server: String,
    project: Option<String>,
    destination: Option<String>,
    applications: BTreeMap<String, String>,
    /// Of those that serve a release, by name: what runs there does not know of any change yet.
    serving: BTreeMap<String, String>,
}

impl<'a> Writer<'a> {
    /// Begins from what was found.
    pub fn new(coolify: &'a Coolify, desired: &'a Desired, observed: &Observed) -> Self {
        let networks = observed.destinations.iter().flatten();
        let network = networks.into_iter().find(|it| it.network == desired.destination);
        let is_marked =
            |description: &Option<String>| Marked::is(description.as_deref(), &desired.mark);
        let meant = |name: &str| {
            let all = &observed.applications;
            let found = named(all, |it| it.name == name, |it| is_marked(&it.description));
            found.ok()?
        };
        let names = || desired.applications.iter().map(|it| it.name.clone());
        let uuid = |name: String| Some((name.clone(), meant(&name)?.uuid.clone()));
        let serving =
            |name: String| match Marked::read(meant(&name)?.description.as_deref(), &desired.mark)?
            {
                Marked::Served(release) => Some((name, release)),
                _ => None,
            };
        Self {
            coolify,
            desired,
            server: observed.server.uuid.clone(),
            project: observed.project.as_ref().map(|it| it.uuid.clone()),
            destination: network.map(|it| it.uuid.clone()),
            applications: names().filter_map(uuid).collect(),
            serving: names().filter_map(serving).collect(),
        }
    }

    /// Does one step.
    pub async fn apply(&mut self, step: &Step) -> Result<()> {
        match &step.part {
            Part::Project { name } => self.make_project(name).await,
            Part::Environment { name } => self.make_environment(name).await,
            Part::Destination { name } => self.make_destination(name).await,
            Part::Application { name } => self.write_application(step, name).await,
            Part::Variable { application, name } => {
                self.write_variable(step, application, name).await
            }
            Part::Cleanup => {
                let change = change::cleanup(&step.differences);
                let done = self.coolify.patch_docker_cleanup(&self.server, &change).await;
                done.map(drop).map_err(|error| Self::failed(step, &error))
            }
            Part::Storage { .. } => self.write_storage(step).await,
            Part::Notifications => self.write_webhook(step).await,
        }
    }

    fn failed(step: &Step, error: &Error) -> Failure {
        failed(&format!("{} {}", step.action.word(), step.part), error)
    }

    async fn make_project(&mut self, name: &str) -> Result<()> {
        let found = observe::project(self.coolify, name).await?;
        let uuid = match found {
            Some(project) => project.uuid,
            None => {
                let project = self.desired.mark.split('/').next().unwrap_or(MARK).to_owned();
                let new = NewProject { name: name.to_owned(), description: Some(project) };
                let made = self.coolify.create_project(&new).await;
                made.map_err(|error| failed(&format!("create project `{name}`"), &error))?
            }
        };
        self.project = Some(uuid);
        Ok(())
    }

    /// A new project has one called `production` from the start.
    async fn make_environment(&mut self, name: &str) -> Result<()> {
        let doing = |error: Error| failed(&format!("create environment `{name}`"), &error);
        let project = self.project.as_deref().unwrap_or_default();
        let there = self.coolify.environments(project).await.map_err(doing)?;
        if there.iter().any(|it| it.name == name) {
            return Ok(());
        }
        self.coolify.create_environment(project, name).await.map(drop).map_err(doing)
    }

    async fn make_destination(&mut self, name: &str) -> Result<()> {
        let doing = |error: Error| failed(&format!("create network `{name}`"), &error);
        let there = self.coolify.destinations(&self.server).await.map_err(doing)?;
        let found = there.into_iter().find(|it| it.network == name).map(|it| it.uuid);
        let uuid = match found {
            Some(uuid) => uuid,
            None => {
                self.coolify.create_destination(&self.server, name, name).await.map_err(doing)?.uuid
            }
        };
        self.destination = Some(uuid);
        Ok(())
    }

    async fn write_application(&mut self, step: &Step, name: &str) -> Result<()> {
        let doing = |error: Error| Self::failed(step, &error);
        match step.action {
            Action::Create => self.make_application(step, name).await,
            Action::Delete => {
                for uuid in &step.uuids {
                    self.coolify.delete_application(uuid).await.map_err(doing)?;
                }
                Ok(())
            }
            Action::Change | Action::Adopt => {
                let mut change = change::application(&step.differences);
                if change::is_for_containers(&step.differences)
                    && let Some(release) = self.serving.remove(name)
                {
                    let changed = Marked::Changed(release).description(&self.desired.mark);
                    change.description = Some(changed);
                }
                // Labels of the proxy are made anew only where domains are sent.
                if change.is_force_https_enabled.is_some() && change.domains.is_none() {
                    change.domains = self.domains(name);
                }
                let uuid = self.address(name)?;
                self.coolify.update_application(uuid, &change).await.map_err(doing)
            }
        }
    }

    /// Notes at an application that its containers do not know yet what is written now. That is
    /// done first, so that a run that is killed has said it as well.
    async fn note_changed(&mut self, step: &Step, name: &str) -> Result<()> {
        let Some(release) = self.serving.get(name) else { return Ok(()) };
        let changed = Marked::Changed(release.clone()).description(&self.desired.mark);
        let change = ApplicationChange { description: Some(changed), ..Default::default() };
        let done = self.coolify.update_application(self.address(name)?, &change).await;
        done.map_err(|error| Self::failed(step, &error))?;
        self.serving.remove(name);
        Ok(())
    }

    fn domains(&self, name: &str) -> Option<String> {
        let application = self.desired.applications.iter().find(|it| it.name == name)?;
        application.settings.get("domains")?.as_str().map(ToOwned::to_owned)
    }

    fn address(&self, name: &str) -> Result<&str> {
        self.applications.get(name).map(String::as_str).ok_or_else(|| {
            Failure::outside(format!("failed to find application `{name}`, which was there before"))
        })
    }

    /// It is made with a tag of no image, and never deployed: which release runs is a rollout's.
    async fn make_application(&mut self, step: &Step, name: &str) -> Result<()> {
        let doing = |error: Error| Self::failed(step, &error);
        let project = self.project.clone().unwrap_or_default();
        let environment = &self.desired.environment;
        let there = self.coolify.environment(&project, environment).await.map_err(doing)?;
        let there = there.map(|it| it.applications).unwrap_or_default();
        let is_ours = |it: &&xtask_providers::coolify::Application| {
            it.name.as_deref() == Some(name)
                && Marked::is(it.description.as_deref(), &self.desired.mark)
        };
        let uuid = match there.iter().find(is_ours) {
            Some(found) => found.uuid.clone(),
            None => {
                let mut new = NewApplication::new(&project, environment, &self.server);
                new.destination_uuid.clone_from(&self.destination);
                new.fields = change::application(&step.differences);
                new.fields.name = Some(name.to_owned());
                new.fields.image_tag = Some(TRAP_TAG.to_owned());
                self.coolify.create_docker_image(&new).await.map_err(doing)?.uuid
            }
        };
        self.applications.insert(name.to_owned(), uuid);
        Ok(())
    }

    async fn write_variable(&mut self, step: &Step, application: &str, name: &str) -> Result<()> {
        let doing = |error: Error| Self::failed(step, &error);
        if step.twin != Twin::Only {
            self.note_changed(step, application).await?;
        }
        let uuid = self.address(application)?;
        if step.action == Action::Delete {
            for row in &step.uuids {
                match self.coolify.delete_variable(uuid, row).await {
                    Err(error) if error.is_not_found() => {}
                    done => done.map_err(doing)?,
                }
            }
            return Ok(());
        }
        // Making and changing is one request, so that a lost answer does no harm.
        let new = variables(self.desired, application, name, step.twin)?;
        let new = stamped(self.coolify, &new);
        self.coolify.update_variables(uuid, &new).await.map_err(doing)
    }

    async fn write_storage(&self, step: &Step) -> Result<()> {
        let doing = |error: Error| Self::failed(step, &error);
        let Some(Storage { name, keys: Given::Value((key, secret)), .. }) = &self.desired.storage
        else {
            return Err(not_at_hand(&step.part.to_string()));
        };
        let mut change = change::storage(&step.differences);
        (change.key, change.secret) = (Some(key.clone()), Some(secret.clone()));
        if let [uuid] = step.uuids.as_slice() {
            return self.coolify.patch_s3(uuid, &change).await.map_err(doing);
        }
        // Names may repeat: one that a lost answer has made is found by its name.
        let there = self.coolify.s3_storages().await.map_err(doing)?;
        if let Some(found) = there.iter().find(|it| it.name == *name) {
            return self.coolify.patch_s3(&found.uuid, &change).await.map_err(doing);
        }
        let new = NewS3 {
            name: name.clone(),
            description: change.description,
            endpoint: change.endpoint.unwrap_or_default(),
            bucket: change.bucket.unwrap_or_default(),
            region: change.region.unwrap_or_default(),
            key: key.clone(),
            secret: secret.clone(),
        };
        self.coolify.create_s3(&new).await.map(drop).map_err(doing)
    }

    async fn write_webhook(&self, step: &Step) -> Result<()> {
        let notifications = self.desired.notifications.as_ref();
        let Some(Given::Value(url)) = notifications.map(|it| &it.webhook) else {
            return Err(not_at_hand(&step.part.to_string()));
        };
        let mut change = change::webhook(&step.differences);
        change.url = Some(url.clone());
        let done = self.coolify.patch_webhook(&change).await;
        done.map_err(|error| Self::failed(step, &error))
    }
}

/// A variable as Coolify is sent it, with all its flags and its fingerprint.
pub fn variable(desired: &Desired, application: &str, name: &str) -> Result<NewVariable> {
    let wanted = desired.applications.iter().find(|it| it.name == application);
    match wanted.and_then(|it| it.variables.get(name)) {
        Some(Variable { sent: Given::Value(Ok(sent)), fingerprint }) => {
            let comment = fingerprint.as_ref().map_or(MARK.to_owned(), |it| it.comment());
            Ok(NewVariable::new(name, sent, &comment))
        }
        _ => Err(not_at_hand(&format!("variable `{name}` of `{application}`"))),
    }
}

/// The same, and its twin for previews where that is written as well.
pub fn variables(
    desired: &Desired,
    application: &str,
    name: &str,
    twin: Twin,
) -> Result<Vec<NewVariable>> {
    let own = variable(desired, application, name)?;
    let of_previews = NewVariable { is_preview: true, ..own.clone() };
    Ok(match twin {
        Twin::None => vec![own],
        Twin::Too => vec![own, of_previews],
        Twin::Only => vec![of_previews],
    })
}

/// Variables as they are sent now: beside each of ours stands when that was.
pub fn stamped(coolify: &Coolify, all: &[NewVariable]) -> Vec<NewVariable> {
    let Some(now) = coolify.now() else { return all.to_vec() };
    let stamp = |it: &NewVariable| {
        let comment = fingerprint::stamped(&it.comment, now);
        NewVariable { comment, ..it.clone() }
    };
    all.iter().map(stamp).collect()
}

fn not_at_hand(what: &str) -> Failure {
    Failure::refused(format!("cannot write {what}: its secrets are not at hand"))
}
