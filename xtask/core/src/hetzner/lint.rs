//! What no plan may do, judged apart from whoever made it: every plan is, before it is shown.

use super::desired::{Desired, Key};
use super::observed::{Firewall, Observed};
use super::plan::{Deed, Part, Plan, Step};
use super::rule::Opening;
use std::collections::BTreeSet;

/// Everything that is wrong with a plan; nothing for a good one.
pub fn lint(desired: &Desired, observed: &Observed, plan: &Plan) -> Vec<String> {
    let mut wrong = paid_twice(desired, observed, plan);
    for (at, step) in plan.steps.iter().enumerate() {
        wrong.extend(judge(desired, observed, step, &plan.steps[..at]));
    }
    wrong
}

fn paid_twice(desired: &Desired, observed: &Observed, plan: &Plan) -> Vec<String> {
    let bought = plan.steps.iter().filter(|it| matches!(it.deed, Deed::CreateServer { .. }));
    let (bought, owned) = (bought.count(), observed.servers.iter());
    let owned = owned.filter(|it| desired.owns(&it.labels) || it.name == desired.name).count();
    match bought > 0 && bought + owned > 1 {
        true => vec![format!("it buys {bought} servers, and {owned} of ours is there already")],
        false => Vec::new(),
    }
}

fn judge(desired: &Desired, observed: &Observed, step: &Step, before: &[Step]) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut say = |said: String| wrong.push(format!("{}: {said}", step.part));
    match &step.deed {
        Deed::CreateFirewall { openings } | Deed::SetRules { openings, .. } => {
            for opening in undeclared(openings, desired) {
                say(format!("it opens {opening}, which `deploy.toml` does not"));
            }
        }
        Deed::CreateServer { firewall, .. } => {
            let is_behind =
                firewall.as_ref().is_some_and(|name| stands(name, desired, observed, before));
            if !is_behind {
                say("the server would be without a firewall for a moment".to_owned());
            }
        }
        Deed::DeleteKey { id } => {
            let wanted =
                |body: &str| desired.keys.iter().any(|it| Key::body(&it.public_key) == body);
            let key = observed.keys.iter().find(|it| it.id == *id);
            if key.is_none_or(|it| !desired.owns(&it.labels)) {
                say("it deletes what is not ours".to_owned());
            }
            if key.is_some_and(|it| wanted(&Key::body(&it.public_key))) {
                say("it deletes a key that is wanted".to_owned());
            }
        }
        Deed::ApplyFirewall { .. }
        | Deed::CreateKey { .. }
        | Deed::EnableBackups
        | Deed::Protect => {}
    }
    if let Deed::SetRules { firewall, .. } = &step.deed {
        let mut all = observed.firewalls.iter();
        if !all.any(|it| it.id == *firewall && desired.owns(&it.labels)) {
            say("it changes what is not ours".to_owned());
        }
    }
    if let Deed::ApplyFirewall { server } = &step.deed {
        let mut all = observed.servers.iter();
        if !all.any(|it| it.id == *server && desired.owns(&it.labels)) {
            say("it changes what is not ours".to_owned());
        }
    }
    let is_paid = matches!(step.deed, Deed::CreateServer { .. } | Deed::EnableBackups);
    if is_paid && step.price.is_none() {
        say("it is paid for, and nobody knows how much".to_owned());
    }
    wrong
}

fn undeclared<'a>(
    openings: &'a BTreeSet<Opening>,
    desired: &'a Desired,
) -> impl Iterator<Item = &'a Opening> {
    openings.difference(&desired.openings)
}

/// Whether the firewall is there and ours, or made before.
fn stands(name: &str, desired: &Desired, observed: &Observed, before: &[Step]) -> bool {
    let is_made = |it: &Step| {
        let own = Part::Firewall { name: name.to_owned() };
        matches!(it.deed, Deed::CreateFirewall { .. }) && it.part == own
    };
    let is_ours = |it: &Firewall| it.name == name && desired.owns(&it.labels);
    observed.firewalls.iter().any(is_ours) || before.iter().any(is_made)
}
