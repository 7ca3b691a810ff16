//! The applications themselves.

use super::fields::{self, compare, text};
use super::team::NOT_THERE;
use super::{Action, Part, Pending, Plan, variables};
use crate::coolify::desired::{self, Desired, Marked};
use crate::coolify::fingerprint::is_ours;
use crate::coolify::observed::{Application, Observed, named};

/// What cannot be changed once it is set: Coolify would write its own check over the image's.
const FIXED: &str = "ports_exposes";

pub(super) fn plan(
    plan: &mut Plan,
    desired: &Desired,
    observed: &Observed,
    wanted: &desired::Application,
) {
    let part = Part::Application { name: wanted.name.clone() };
    let is_marked = |it: &Application| Marked::is(it.description.as_deref(), &desired.mark);
    refuse_conflicts(plan, desired, observed, wanted, &part);
    match named(&observed.applications, |it| it.name == wanted.name, is_marked) {
        Err(error) => plan.refuse(part, error.to_string()),
        Ok(None) => {
            plan.step(Action::Create, part, NOT_THERE).differences =
                fields::of_new(&wanted.settings);
            variables::of_new(plan, wanted);
        }
        Ok(Some(found)) => {
            refuse_what_cannot_be_changed(plan, desired, observed, found, &part);
            say_pending(plan, desired, found, &part);
            change(plan, desired, wanted, found, part);
            variables::plan(plan, wanted, found);
        }
    }
}

/// One of ours that stands in another place would go on beside the new one, and Coolify takes no
/// domain twice.
fn refuse_conflicts(
    plan: &mut Plan,
    desired: &Desired,
    observed: &Observed,
    wanted: &desired::Application,
    part: &Part,
) {
    let domain = wanted.settings.get("domains").and_then(|it| it.as_str()).unwrap_or_default();
    for other in &observed.elsewhere {
        let is_ours = Marked::is(other.description.as_deref(), &desired.mark);
        if is_ours && other.name == wanted.name {
            let place = other.place.as_deref().unwrap_or("another project or environment");
            let why = format!(
                "it is in {place} already: name those in `deploy.toml`, or rename or remove it there"
            );
            plan.refuse(part.clone(), why);
        } else if !domain.is_empty() && other.domains.iter().any(|it| it == domain) {
            let name = &other.name;
            let why = format!("application `{name}` has the domain `{domain}` already");
            plan.refuse(part.clone(), why);
        }
    }
}

fn say_pending(plan: &mut Plan, desired: &Desired, found: &Application, part: &Part) {
    let marked = Marked::read(found.description.as_deref(), &desired.mark);
    if let Some(Marked::Changed(release)) = marked {
        plan.pending.push(Pending { part: part.clone(), release });
    }
}

fn change(
    plan: &mut Plan,
    desired: &Desired,
    wanted: &desired::Application,
    found: &Application,
    part: Part,
) {
    let mut settings = wanted.settings.clone();
    settings.remove(FIXED);
    let is_marked = Marked::is(found.description.as_deref(), &desired.mark);
    if is_marked {
        // What follows the mark is a rollout's.
        settings.remove("description");
    }
    let (differences, missing) = compare(&settings, &found.fields);
    if !missing.is_empty() {
        let why = format!("this Coolify does not tell `{}`", missing.join("`, `"));
        plan.unknown(part.clone(), why);
    }
    let (action, why) = match is_marked {
        true if differences.is_empty() => return,
        true => (Action::Change, "it is not as wanted"),
        false => (Action::Adopt, "it has the name and is not ours"),
    };
    let step = plan.step(action, part, why);
    (step.differences, step.uuids) = (differences, vec![found.uuid.clone()]);
}

/// Reasons for which an application that is there can never become the wanted one.
fn refuse_what_cannot_be_changed(
    plan: &mut Plan,
    desired: &Desired,
    observed: &Observed,
    found: &Application,
    part: &Part,
) {
    let description = found.description.as_deref();
    if is_ours(description) && !Marked::is(description, &desired.mark) {
        let whose = description.unwrap_or_default();
        plan.refuse(part.clone(), format!("it belongs to another environment of ours: `{whose}`"));
    }
    let kind = found.fields.get("build_pack").map(text).unwrap_or_default();
    if !kind.is_empty() && kind != "dockerimage" {
        plan.refuse(part.clone(), format!("it is made of `{kind}` and not of an image"));
    }
    let ports = found.fields.get(FIXED).map(text).unwrap_or_default();
    if !ports.is_empty() {
        let why = format!(
            "its `{FIXED}` is `{ports}`, which Coolify cannot take back, and with which it would \
             not wait for the image's own health check; remove the application in the panel"
        );
        plan.refuse(part.clone(), why);
    }
    refuse_elsewhere(plan, desired, observed, found, part);
}

/// No application moves from one server or network to another.
fn refuse_elsewhere(
    plan: &mut Plan,
    desired: &Desired,
    observed: &Observed,
    found: &Application,
    part: &Part,
) {
    if let Some(server) = found.server.as_ref().filter(|it| **it != observed.server.uuid) {
        let wanted = &observed.server.name;
        plan.refuse(part.clone(), format!("it is on server `{server}` and not on `{wanted}`"));
    }
    if let Some(network) = found.network.as_ref().filter(|it| **it != desired.destination) {
        let wanted = &desired.destination;
        plan.refuse(part.clone(), format!("it is in network `{network}` and not in `{wanted}`"));
    }
}

/// What we made for a service that is no more.
pub(super) fn obsolete(plan: &mut Plan, desired: &Desired, observed: &Observed) {
    let is_wanted = |name: &str| desired.applications.iter().any(|it| it.name == name);
    for found in observed.applications.iter().filter(|it| !is_wanted(&it.name)) {
        let part = Part::Application { name: found.name.clone() };
        if Marked::is(found.description.as_deref(), &desired.mark) {
            let why = "no service has that name any more; its containers end with it";
            plan.step(Action::Delete, part, why).uuids = vec![found.uuid.clone()];
        } else {
            plan.foreign(part, "it is not ours");
        }
    }
}
