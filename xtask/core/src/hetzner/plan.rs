//! From what is wanted and what was found to what is to be done, in order of dependency, each with
//! its reason and its price a month. What was made by others is neither changed nor taken over.

mod server;
#[cfg(test)]
mod tests;

use super::desired::{Desired, Key};
use super::money::Money;
use super::observed::Observed;
use super::rule::Opening;
use crate::plan::Action;
use crate::ship::review::ReviewStep;
use serde::Serialize;
use std::collections::BTreeSet;
use std::fmt;

/// What is to be done.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Plan {
    /// What is to be done, in order.
    pub steps: Vec<Step>,
    /// What could not be found out.
    pub unknown: Vec<Remark>,
    /// What stands against it: while there is any, nothing is done.
    pub refused: Vec<Remark>,
    /// What differs and stays as it is.
    pub left: Vec<Remark>,
    /// What all of it costs a month afterwards, with tax, if that is known.
    pub price: Option<Money>,
    /// The most that it may cost.
    pub budget: Option<Money>,
}

/// One thing to be done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    pub action: Action,
    pub part: Part,
    pub why: String,
    /// What changes, a line each.
    pub differences: Vec<String>,
    /// What it costs a month, with tax.
    pub price: Option<Money>,
    #[serde(skip)]
    pub deed: Deed,
}

/// Something at Hetzner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase", tag = "kind")]
pub enum Part {
    SshKey { name: String },
    Firewall { name: String },
    Server { name: String },
    Backups { server: String },
    Protection { server: String },
}

/// What a step does, for whoever applies it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deed {
    CreateKey {
        public_key: String,
    },
    DeleteKey {
        id: u64,
    },
    CreateFirewall {
        openings: BTreeSet<Opening>,
    },
    SetRules {
        firewall: u64,
        openings: BTreeSet<Opening>,
    },
    /// The firewall is the one of that name, in force before the server first answers.
    CreateServer {
        kind: String,
        image: u64,
        firewall: Option<String>,
    },
    ApplyFirewall {
        server: u64,
    },
    /// Of the server of our name, which may be made by a step before.
    EnableBackups,
    Protect,
}

/// A word on something at Hetzner.
pub type Remark = crate::plan::Remark<Part>;

/// Plans how what was found comes to be as wanted.
pub fn plan(desired: &Desired, observed: &Observed) -> Plan {
    let mut plan = Plan { budget: desired.budget, ..Plan::default() };
    keys(&mut plan, desired, observed);
    firewall(&mut plan, desired, observed);
    server::plan(&mut plan, desired, observed);
    obsolete_keys(&mut plan, desired, observed);
    plan
}

/// A key is used under whatever name it is there: Hetzner takes none twice.
fn keys(plan: &mut Plan, desired: &Desired, observed: &Observed) {
    for key in &desired.keys {
        let body = Key::body(&key.public_key);
        if observed.keys.iter().any(|it| Key::body(&it.public_key) == body) {
            continue;
        }
        let part = Part::SshKey { name: key.name.clone() };
        if observed.keys.iter().any(|it| it.name == key.name) {
            plan.refuse(
                part,
                "another key has its name; give that one another name in the console",
            );
            continue;
        }
        let deed = Deed::CreateKey { public_key: key.public_key.clone() };
        plan.step(Action::Create, part, "it is not there", deed);
    }
}

/// Keys that we put there and nobody names any more. A server that was made with one keeps it.
fn obsolete_keys(plan: &mut Plan, desired: &Desired, observed: &Observed) {
    let wanted: Vec<String> = desired.keys.iter().map(|it| Key::body(&it.public_key)).collect();
    for key in observed.keys.iter().filter(|it| desired.owns(&it.labels)) {
        if !wanted.contains(&Key::body(&key.public_key)) {
            let part = Part::SshKey { name: key.name.clone() };
            let why = "it is ours, and `deploy.toml` names it no more";
            plan.step(Action::Delete, part, why, Deed::DeleteKey { id: key.id });
        }
    }
}

fn firewall(plan: &mut Plan, desired: &Desired, observed: &Observed) {
    let part = Part::Firewall { name: desired.name.clone() };
    let openings = desired.openings.clone();
    let Some(found) = observed.firewalls.iter().find(|it| it.name == desired.name) else {
        let deed = Deed::CreateFirewall { openings: openings.clone() };
        let step = plan.step(Action::Create, part, "it is not there", deed);
        step.differences = openings.iter().map(|it| format!("opens {it}")).collect();
        return;
    };
    if !desired.owns(&found.labels) {
        return plan.refuse(part, not_ours(desired));
    }
    if found.openings != openings {
        let deed = Deed::SetRules { firewall: found.id, openings: openings.clone() };
        let step = plan.step(Action::Change, part, "its rules differ", deed);
        let closes = found.openings.difference(&openings).map(|it| format!("closes {it}"));
        let opens = openings.difference(&found.openings).map(|it| format!("opens {it}"));
        step.differences = closes.chain(opens).collect();
    }
}

/// That something has our name and not our labels.
fn not_ours(desired: &Desired) -> String {
    let labels: Vec<String> =
        desired.labels.iter().map(|(key, it)| format!("`{key}={it}`")).collect();
    format!(
        "it was not made by us; give it the labels {} in the console to have it taken over, or \
         set another `name`",
        labels.join(", ")
    )
}

impl Plan {
    /// Whether everything is known to be as wanted.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty() && self.unknown.is_empty() && self.refused.is_empty()
    }

    /// Whether a server is to be made.
    pub fn buys_a_server(&self) -> bool {
        self.steps.iter().any(|it| matches!(it.deed, Deed::CreateServer { .. }))
    }

    /// What it would cost and what it may cost, where something is to be paid for and that is more.
    pub fn over_budget(&self) -> Option<(Money, Money)> {
        let is_paid = self.steps.iter().any(|it| it.price.is_some());
        self.price.zip(self.budget).filter(|(price, budget)| is_paid && price > budget)
    }

    /// The steps as they are reviewed: another price is another plan.
    pub fn review(&self) -> Vec<ReviewStep> {
        self.steps.iter().map(|step| ReviewStep::new(step.to_string())).collect()
    }

    fn step(
        &mut self,
        action: Action,
        part: Part,
        why: impl Into<String>,
        deed: Deed,
    ) -> &mut Step {
        let (why, differences, price) = (why.into(), Vec::new(), None);
        self.steps.push(Step { action, part, why, differences, price, deed });
        self.steps.last_mut().expect("it was just put there")
    }

    fn unknown(&mut self, part: Part, why: impl Into<String>) {
        self.unknown.push(Remark::new(part, why));
    }

    fn refuse(&mut self, part: Part, why: impl Into<String>) {
        self.refused.push(Remark::new(part, why));
    }

    fn left(&mut self, part: Part, why: impl Into<String>) {
        self.left.push(Remark::new(part, why));
    }
}

impl fmt::Display for Part {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SshKey { name } => write!(formatter, "SSH key `{name}`"),
            Self::Firewall { name } => write!(formatter, "firewall `{name}`"),
            Self::Server { name } => write!(formatter, "server `{name}`"),
            Self::Backups { server } => write!(formatter, "back-ups of `{server}`"),
            Self::Protection { server } => write!(formatter, "protection of `{server}`"),
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {} ({})", self.action.word(), self.part, self.why)?;
        if let Some(price) = self.price {
            write!(formatter, ", {price} EUR a month")?;
        }
        self.differences.iter().try_for_each(|it| write!(formatter, "\n    {it}"))
    }
}
