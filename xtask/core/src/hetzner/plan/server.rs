//! The server: bought if there is none, kept as wanted if there is one, never replaced.

use super::super::desired::Desired;
use super::super::money::Money;
use super::super::observed::{Observed, Offer, Server, Stock};
use super::{Action, Deed, Part, Plan, not_ours};

pub(super) fn plan(plan: &mut Plan, desired: &Desired, observed: &Observed) {
    let part = Part::Server { name: desired.name.clone() };
    let mut others = observed.servers.iter();
    let other = others.find(|it| desired.owns(&it.labels) && it.name != desired.name);
    if let Some(other) = other {
        let said = format!(
            "`{}` is ours and is paid for; another one would be paid for as well: set `name` to \
             that, or delete it in the console",
            other.name
        );
        return plan.refuse(part, said);
    }
    let same: Vec<&Server> = observed.servers.iter().filter(|it| it.name == desired.name).collect();
    match same.as_slice() {
        [] => buy(plan, desired, observed, part),
        [found] if !desired.owns(&found.labels) => plan.refuse(part, not_ours(desired)),
        [found] => keep(plan, desired, observed, found, &part),
        _ => plan.refuse(part, "there are several of that name; delete all but one in the console"),
    }
}

/// The first type that can be had, or why none can.
fn choose<'a>(desired: &Desired, observed: &'a Observed) -> Result<(&'a Offer, u64), String> {
    let mut why = Vec::new();
    for name in &desired.types {
        let Some(offer) = observed.offer(name) else {
            why.push(format!("`{name}` is no type that Hetzner has"));
            continue;
        };
        if let Some(not) = offer.stock.why_not() {
            why.push(format!("`{name}` is {not}"));
            continue;
        }
        match observed.image(&desired.image, &offer.architecture) {
            Some(image) => return Ok((offer, image.id)),
            None => why.push(format!("`{name}` has no image `{}`", desired.image)),
        }
    }
    Err(format!("none can be had in `{}`: {}", desired.location, why.join(", ")))
}

fn buy(plan: &mut Plan, desired: &Desired, observed: &Observed, part: Part) {
    if plan.refused.iter().any(|it| matches!(it.part, Part::Firewall { .. })) {
        return plan.refuse(part, "it is not bought without its firewall");
    }
    let (offer, image) = match choose(desired, observed) {
        Ok(chosen) => chosen,
        Err(why) => return plan.refuse(part, why),
    };
    let Some(price) = offer.price.zip(observed.prices.ipv4).map(|(one, ipv4)| one + ipv4) else {
        let why = format!("Hetzner tells no price in euros of a `{}`", offer.name);
        return plan.refuse(part, why);
    };
    let firewall = Some(desired.name.clone());
    let deed = Deed::CreateServer { kind: offer.name.clone(), image, firewall };
    let (kind, location, image) = (&offer.name, &desired.location, &desired.image);
    let why = format!("it is not there; a `{kind}` in `{location}` with `{image}`");
    plan.step(Action::Create, part, why, deed).price = Some(price);
    let extra = extras(plan, desired, observed, offer, (false, false));
    plan.price = extra.map(|extra| price + extra);
}

/// Back-ups and protection; what the former cost, if that is known.
fn extras(
    plan: &mut Plan,
    desired: &Desired,
    observed: &Observed,
    offer: &Offer,
    (has_backups, is_protected): (bool, bool),
) -> Option<Money> {
    let server = desired.name.clone();
    let share = observed.prices.backup_percent.zip(offer.price);
    let cost = share.map(|(percent, price)| price.percent(percent));
    let part = Part::Backups { server: server.clone() };
    match (desired.backups, has_backups, cost) {
        (true, false, None) => plan.refuse(part, "Hetzner tells no price in euros"),
        (true, false, Some(cost)) => {
            let why = "they are off; Hetzner keeps seven, one a day";
            plan.step(Action::Change, part, why, Deed::EnableBackups).price = Some(cost);
        }
        (false, true, _) => plan.left(
            part,
            "they are on; switching them off deletes them, so that is done in the console",
        ),
        _ => {}
    }
    if !is_protected {
        let part = Part::Protection { server };
        let why = "it could be deleted or rebuilt by mistake";
        plan.step(Action::Change, part, why, Deed::Protect);
    }
    if desired.backups || has_backups { cost } else { Some(Money::default()) }
}

/// What can be changed without switching it off or losing its disk is changed.
fn keep(plan: &mut Plan, desired: &Desired, observed: &Observed, found: &Server, part: &Part) {
    if found.location != desired.location {
        let said = format!("it is in `{}`, and no server moves", found.location);
        plan.refuse(part.clone(), said);
    }
    if !desired.types.contains(&found.kind) {
        let said = format!(
            "it is a `{}`; another type needs it switched off and may not be in stock, so that is \
             done in the console",
            found.kind
        );
        plan.left(part.clone(), said);
    }
    if let Some(image) = found.image.as_ref().filter(|it| **it != desired.image) {
        let said = format!("it was made from `{image}`; a rebuild would destroy its disk");
        plan.left(part.clone(), said);
    }
    match found.status.as_str() {
        "running" => {}
        "off" => plan.left(part.clone(), "it is switched off, and paid for all the same"),
        other => plan.unknown(part.clone(), format!("it is `{other}`")),
    }
    let firewall = observed.firewalls.iter().find(|it| it.name == desired.name);
    if firewall.is_none_or(|it| !found.firewalls.contains(&it.id)) {
        let why = "our firewall is not in force there";
        plan.step(Action::Change, part.clone(), why, Deed::ApplyFirewall { server: found.id });
    }
    let unknown = || Offer {
        name: found.kind.clone(),
        architecture: String::new(),
        cores: 0,
        memory_gb: 0,
        disk_gb: 0,
        stock: Stock::Ended,
        price: None,
    };
    let offer = observed.offer(&found.kind).cloned().unwrap_or_else(unknown);
    let has = (found.has_backups, found.is_protected);
    let extra = extras(plan, desired, observed, &offer, has);
    let parts = [offer.price, observed.prices.ipv4, extra];
    plan.price = parts.into_iter().sum();
}
