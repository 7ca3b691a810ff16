//! What is around the applications: project, environment, network, and what the whole team shares.

use super::fields::{self, compare};
use super::{Action, Part, Plan};
use crate::coolify::desired::{Desired, Given, Settings, Storage};
use crate::coolify::fingerprint::is_ours;
use crate::coolify::observed::{self, Fields, Observed};
use serde_json::json;

/// Where the applications are to be.
pub(super) fn place(plan: &mut Plan, desired: &Desired, observed: &Observed) {
    if observed.project.is_none() {
        plan.step(Action::Create, Part::Project { name: desired.project.clone() }, NOT_THERE);
    }
    if observed.environment.is_none() {
        let part = Part::Environment { name: desired.environment.clone() };
        plan.step(Action::Create, part, NOT_THERE);
    }
    let part = || Part::Destination { name: desired.destination.clone() };
    match &observed.destinations {
        Err(why) => plan.unknown(part(), why.clone()),
        Ok(networks) if networks.iter().any(|it| it.network == desired.destination) => {}
        Ok(_) => {
            plan.step(Action::Create, part(), "the server has no network of that name");
        }
    }
}

pub(super) const NOT_THERE: &str = "it is not there";

pub(super) fn cleanup(plan: &mut Plan, desired: &Desired, observed: &Observed) {
    let Some(wanted) = &desired.cleanup else { return };
    match &observed.cleanup {
        Err(why) => plan.unknown(Part::Cleanup, why.clone()),
        Ok(found) => change(plan, &Part::Cleanup, wanted, found, Vec::new()),
    }
}

/// Adds a step if a field is not as wanted, and a word on those that nobody can see.
fn change(plan: &mut Plan, part: &Part, wanted: &Settings, found: &Fields, uuids: Vec<String>) {
    let (differences, missing) = compare(wanted, found);
    if !missing.is_empty() {
        plan.unknown(
            part.clone(),
            format!("this Coolify does not tell `{}`", missing.join("`, `")),
        );
    }
    if !differences.is_empty() {
        let step = plan.step(Action::Change, part.clone(), "it is not as wanted");
        (step.differences, step.uuids) = (differences, uuids);
    }
}

pub(super) fn storage(plan: &mut Plan, desired: &Desired, observed: &Observed) {
    let Some(wanted) = &desired.storage else { return };
    let part = Part::Storage { name: wanted.name.clone() };
    let storages = match &observed.storages {
        Ok(storages) => storages,
        Err(why) => return plan.unknown(part, why.clone()),
    };
    let named = observed::named(
        storages,
        |it| it.name == wanted.name,
        |it| it.description.as_deref().is_some_and(|it| it.starts_with(&desired.mark)),
    );
    match named {
        Err(error) => plan.refuse(part, error.to_string()),
        Ok(None) => {
            let step = plan.step(Action::Create, part, NOT_THERE);
            step.differences = fields::of_new(&described(wanted, &desired.mark));
            step.fingerprint = wanted.fingerprint.as_ref().map(|it| it.text().to_owned());
        }
        Ok(Some(found)) => compare_storage(plan, &part, wanted, found, &desired.mark),
    }
}

fn compare_storage(
    plan: &mut Plan,
    part: &Part,
    wanted: &Storage,
    found: &observed::Storage,
    mark: &str,
) {
    let before = plan.steps.len();
    match &wanted.fingerprint {
        Some(_) => {
            change(plan, part, &described(wanted, mark), &found.fields, vec![found.uuid.clone()]);
        }
        None => {
            plan.unknown(part.clone(), "its keys are not at hand, so nothing tells them apart");
            let mut settings = wanted.settings.clone();
            settings.remove("description");
            change(plan, part, &settings, &found.fields, vec![found.uuid.clone()]);
        }
    }
    if let Some(step) = plan.steps.get_mut(before) {
        if !is_ours(found.description.as_deref()) {
            (step.action, step.why) = (Action::Adopt, "it has the name and is not ours".into());
        }
        step.fingerprint = wanted.fingerprint.as_ref().map(|it| it.text().to_owned());
    }
}

/// Its fields with a description that tells its keys from others.
pub(super) fn described(storage: &Storage, mark: &str) -> Settings {
    let mut settings = storage.settings.clone();
    if let Some(fingerprint) = &storage.fingerprint {
        settings.insert("description", json!(format!("{mark} {}", fingerprint.text())));
    }
    settings
}

/// The team has one webhook: what others have set of it is changed only as `deploy.toml` says.
pub(super) fn notifications(plan: &mut Plan, desired: &Desired, observed: &Observed) {
    let Some(wanted) = &desired.notifications else { return };
    let part = Part::Notifications;
    let found = match &observed.notifications {
        Ok(found) => found,
        Err(why) => return plan.unknown(part, why.clone()),
    };
    let before = plan.steps.len();
    change(plan, &part, &wanted.settings, &found.fields, Vec::new());
    let has_step = plan.steps.len() > before;
    match (&wanted.webhook, &found.webhook) {
        (Given::Absent(names), _) => plan.unknown(part, not_at_hand(names)),
        (Given::Value(wanted), Some(found)) if wanted != found && !has_step => {
            plan.step(Action::Change, part, "it posts elsewhere");
        }
        (Given::Value(_), None) if !has_step => {
            let why = "where it posts to is shown only to a token with `read:sensitive`";
            plan.unknown(part, why);
        }
        _ => {}
    }
}

/// That secrets are not at hand.
pub(super) fn not_at_hand(names: &[String]) -> String {
    format!("not at hand: `{}`", names.join("`, `"))
}
