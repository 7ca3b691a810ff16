//! Plans from an empty project to one that is as wanted, and what they leave alone.

use super::super::cost::cost;
use super::super::desired::{Desired, Key, Labels, of};
use super::super::lint::lint;
use super::super::money::Money;
use super::super::observed::{self, Firewall, Image, Observed, Offer, Prices, Server, Stock};
use super::super::rule::Opening;
use super::*;
use crate::deploy::Deploy;

const FIRST: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgME anna";
const OTHER: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPPPPPPP ben";

fn desired() -> Desired {
    let tables = format!(
        r#"
[environments.production.server]
host = "203.0.113.7"
keys = ["{FIRST}"]

[environments.production.hetzner]
types = ["cx33", "cpx32"]
location = "fsn1"
image = "debian-12"
open = ["tcp/22 from 203.0.113.0/24", "tcp/443"]
backups = true
budget_eur_per_month = 15
"#
    );
    let whole = include_str!("../../../../../deploy.toml");
    let deploy = Deploy::parse(&format!("{whole}{tables}")).unwrap();
    of(&deploy, "production").unwrap()
}

fn money(text: &str) -> Money {
    text.parse().unwrap()
}

fn offer(name: &str, architecture: &str, memory_gb: u64, price: &str) -> Offer {
    Offer {
        name: name.to_owned(),
        architecture: architecture.to_owned(),
        cores: 4,
        memory_gb,
        disk_gb: 80,
        stock: Stock::InStock,
        price: Some(money(price)),
    }
}

fn nothing() -> Observed {
    let image = |id, architecture: &str| Image {
        id,
        name: "debian-12".to_owned(),
        architecture: architecture.to_owned(),
    };
    Observed {
        offers: vec![
            offer("cx23", "x86", 4, "5"),
            offer("cx33", "x86", 8, "10"),
            offer("cpx32", "x86", 8, "16"),
            offer("cax21", "arm", 8, "12"),
        ],
        prices: Prices {
            ipv4: Some(money("0.6")),
            backup_percent: Some(money("20")),
            snapshot_gb: Some(money("0.0131")),
        },
        images: vec![image(1, "x86"), image(2, "arm")],
        ..Observed::default()
    }
}

/// One where all is as wanted.
fn all(desired: &Desired) -> Observed {
    let key = &desired.keys[0];
    let mut found = nothing();
    found.keys.push(observed::Key {
        id: 11,
        name: key.name.clone(),
        public_key: key.public_key.clone(),
        labels: desired.labels.clone(),
    });
    found.firewalls.push(Firewall {
        id: 12,
        name: desired.name.clone(),
        labels: desired.labels.clone(),
        openings: desired.openings.clone(),
    });
    found.servers.push(Server {
        id: 13,
        name: desired.name.clone(),
        labels: desired.labels.clone(),
        status: "running".to_owned(),
        kind: "cx33".to_owned(),
        location: "fsn1".to_owned(),
        image: Some("debian-12".to_owned()),
        firewalls: [12].into(),
        has_backups: true,
        is_protected: true,
        ipv4: None,
    });
    found
}

fn lines(plan: &Plan) -> Vec<String> {
    let steps = plan.steps.iter().map(ToString::to_string);
    let remarks = [("unknown", &plan.unknown), ("refused", &plan.refused), ("left", &plan.left)];
    let remarks = remarks
        .into_iter()
        .flat_map(|(word, all)| all.iter().map(move |it| format!("{word} {it}")));
    steps.chain(remarks).collect()
}

/// A plan that the linter has nothing against.
fn planned(desired: &Desired, found: &Observed) -> Plan {
    let plan = plan(desired, found);
    assert_eq!(lint(desired, found, &plan), [""; 0], "{:?}", lines(&plan));
    plan
}

#[test]
fn from_nothing_everything_is_made_in_order_and_with_its_price() {
    let plan = planned(&desired(), &nothing());
    insta::assert_snapshot!(lines(&plan).join("\n"), @r"
    create SSH key `nutri-production-c224cdf7` (it is not there)
    create firewall `nutri-production` (it is not there)
        opens tcp/22 from 203.0.113.0/24
        opens tcp/443 from 0.0.0.0/0
        opens tcp/443 from ::/0
    create server `nutri-production` (it is not there; a `cx33` in `fsn1` with `debian-12`), 10.60 EUR a month
    change back-ups of `nutri-production` (they are off; Hetzner keeps seven, one a day), 2.00 EUR a month
    change protection of `nutri-production` (it could be deleted or rebuilt by mistake)
    ");
    assert_eq!(plan.price, Some(money("12.6")));
    assert_eq!(plan.over_budget(), None);
}

#[test]
fn what_is_as_wanted_is_left_alone() {
    let desired = desired();
    let plan = planned(&desired, &all(&desired));
    assert!(plan.is_empty() && plan.left.is_empty(), "{:?}", lines(&plan));
    assert_eq!(plan.price, Some(money("12.6")));
}

#[test]
fn the_first_type_in_stock_is_bought_and_none_is_refused_with_every_reason() {
    let desired = desired();
    let mut found = nothing();
    found.offers[1].stock = Stock::OutOfStock;
    let plan_ = planned(&desired, &found);
    assert!(lines(&plan_)[2].contains("a `cpx32` in `fsn1`"), "{:?}", lines(&plan_));
    assert_eq!(plan_.over_budget(), Some((money("19.8"), Money::whole(15))));
    found.offers[2].stock = Stock::Ended;
    let none = planned(&desired, &found);
    assert!(!none.buys_a_server());
    let said = "refused server `nutri-production`: none can be had in `fsn1`: `cx33` is out of \
                stock, `cpx32` is no longer sold";
    assert!(lines(&none).contains(&said.to_owned()), "{:?}", lines(&none));
    found.offers[1].stock = Stock::InStock;
    found.images.clear();
    assert!(lines(&planned(&desired, &found)).join("").contains("`cx33` has no image `debian-12`"));
}

#[test]
fn nothing_is_bought_whose_price_nobody_knows() {
    let desired = desired();
    for forget in [
        |it: &mut Observed| it.offers[1].price = None,
        |it: &mut Observed| it.prices.ipv4 = None,
        |it: &mut Observed| it.prices.backup_percent = None,
    ] {
        let mut found = nothing();
        forget(&mut found);
        let plan = planned(&desired, &found);
        assert!(!plan.refused.is_empty(), "{:?}", lines(&plan));
    }
}

#[test]
fn what_others_made_is_neither_changed_nor_taken_over() {
    let desired = desired();
    let foreign = Labels::from([("managed-by".to_owned(), "xtask".to_owned())]);
    let mut found = all(&desired);
    found.firewalls[0].labels = foreign.clone();
    found.firewalls[0].openings.clear();
    found.servers[0].labels = foreign.clone();
    found.servers[0].has_backups = false;
    let plan = planned(&desired, &found);
    assert!(plan.steps.is_empty(), "{:?}", lines(&plan));
    assert_eq!(plan.refused.len(), 2);
    assert!(plan.refused[1].why.contains("`environment=production`"), "{:?}", lines(&plan));
    // A key is a key, whoever put it there; one of others is not deleted.
    found = all(&desired);
    found.keys[0] =
        observed::Key { name: "laptop".to_owned(), labels: foreign, ..found.keys[0].clone() };
    found.keys.push(observed::Key {
        id: 20,
        public_key: OTHER.to_owned(),
        ..found.keys[0].clone()
    });
    assert!(planned(&desired, &found).is_empty());
}

#[test]
fn a_second_server_of_ours_is_never_bought() {
    let desired = desired();
    let mut found = all(&desired);
    found.servers[0].name = "old-name".to_owned();
    let plan = planned(&desired, &found);
    assert!(!plan.buys_a_server() && plan.refused[0].why.contains("`old-name` is ours"));
    let same = found.servers[0].clone();
    found.servers = vec![Server { name: desired.name.clone(), ..same.clone() }; 2];
    assert!(!planned(&desired, &found).buys_a_server());
}

#[test]
fn what_differs_is_changed_where_nothing_is_lost_and_told_where_something_would_be() {
    let mut desired = desired();
    let mut found = all(&desired);
    let open =
        Opening { network: "0.0.0.0/0".to_owned(), ..desired.openings.first().unwrap().clone() };
    found.firewalls[0].openings.insert(Opening { port: Some("8000".to_owned()), ..open });
    found.servers[0].firewalls.clear();
    found.servers[0].has_backups = false;
    found.servers[0].is_protected = false;
    let obsolete = observed::Key { id: 20, public_key: OTHER.to_owned(), ..found.keys[0].clone() };
    found.keys.push(obsolete);
    insta::assert_snapshot!(lines(&planned(&desired, &found)).join("\n"), @r"
    change firewall `nutri-production` (its rules differ)
        closes tcp/8000 from 0.0.0.0/0
    change server `nutri-production` (our firewall is not in force there)
    change back-ups of `nutri-production` (they are off; Hetzner keeps seven, one a day), 2.00 EUR a month
    change protection of `nutri-production` (it could be deleted or rebuilt by mistake)
    delete SSH key `nutri-production-c224cdf7` (it is ours, and `deploy.toml` names it no more)
    ");
    let mut found = all(&desired);
    found.servers[0] = Server {
        kind: "cx23".to_owned(),
        image: Some("ubuntu-24.04".to_owned()),
        status: "off".to_owned(),
        ..found.servers[0].clone()
    };
    desired.backups = false;
    insta::assert_snapshot!(lines(&planned(&desired, &found)).join("\n"), @r"
    left server `nutri-production`: it is a `cx23`; another type needs it switched off and may not be in stock, so that is done in the console
    left server `nutri-production`: it was made from `ubuntu-24.04`; a rebuild would destroy its disk
    left server `nutri-production`: it is switched off, and paid for all the same
    left back-ups of `nutri-production`: they are on; switching them off deletes them, so that is done in the console
    ");
    found.servers[0].location = "hel1".to_owned();
    found.servers[0].status = "initializing".to_owned();
    let plan = planned(&desired, &found);
    assert_eq!((plan.refused.len(), plan.unknown.len()), (1, 1));
}

#[test]
fn the_linter_finds_each_thing_that_no_plan_may_do() {
    let desired = desired();
    let found = all(&desired);
    let step = |deed: Deed| Step {
        action: Action::Create,
        part: Part::Server { name: desired.name.clone() },
        why: String::new(),
        differences: Vec::new(),
        price: Some(money("1")),
        deed,
    };
    let buy = |firewall: Option<&str>| Deed::CreateServer {
        kind: "cx33".to_owned(),
        image: 1,
        firewall: firewall.map(ToOwned::to_owned),
    };
    let judged = |found: &Observed, steps: Vec<Step>| {
        lint(&desired, found, &Plan { steps, ..Plan::default() }).join("; ")
    };
    let name = Some(desired.name.as_str());
    assert!(judged(&found, vec![step(buy(name))]).contains("1 of ours is there already"));
    let mut none = nothing();
    none.firewalls.clone_from(&found.firewalls);
    assert_eq!(judged(&none, vec![step(buy(name))]), "");
    assert!(judged(&none, vec![step(buy(name)), step(buy(name))]).contains("it buys 2"));
    assert!(judged(&none, vec![step(buy(None))]).contains("without a firewall for a moment"));
    assert!(judged(&nothing(), vec![step(buy(name))]).contains("without a firewall for a moment"));
    let unpriced = Step { price: None, ..step(buy(name)) };
    assert!(judged(&none, vec![unpriced]).contains("nobody knows how much"));
    let mut openings = desired.openings.clone();
    let first = openings.first().unwrap().clone();
    openings.insert(Opening { port: Some("8000".to_owned()), ..first });
    let open = Deed::SetRules { firewall: 12, openings };
    assert!(judged(&found, vec![step(open)]).contains("opens tcp/8000"));
    let openings = desired.openings.clone();
    let other = Deed::SetRules { firewall: 99, openings };
    assert!(judged(&found, vec![step(other)]).contains("not ours"));
    assert!(judged(&found, vec![step(Deed::ApplyFirewall { server: 99 })]).contains("not ours"));
    assert!(judged(&found, vec![step(Deed::DeleteKey { id: 99 })]).contains("not ours"));
    assert!(judged(&found, vec![step(Deed::DeleteKey { id: 11 })]).contains("is wanted"));
}

/// Whatever is there, the linter has nothing against the plan, and no plan buys beside a server.
#[test]
fn every_plan_of_every_state_passes_the_linter() {
    let desired = desired();
    let whole = all(&desired);
    for state in 0..64_u32 {
        let has = |bit: u32| state >> bit & 1 == 1;
        let mut found = nothing();
        if has(0) {
            found.keys.clone_from(&whole.keys);
        }
        if has(1) {
            found.firewalls.clone_from(&whole.firewalls);
        }
        if has(2) {
            found.servers.clone_from(&whole.servers);
            found.servers[0].has_backups = has(3);
            found.servers[0].is_protected = has(4);
        }
        if has(5) {
            found.firewalls.iter_mut().for_each(|it| it.labels.clear());
            found.servers.iter_mut().for_each(|it| it.labels.clear());
        }
        let plan = planned(&desired, &found);
        assert!(!(plan.buys_a_server() && has(2)), "{state}");
    }
}

#[test]
fn the_cost_names_what_is_paid_for_what_could_be_had_and_what_could_be_added() {
    let desired = desired();
    let counted = cost(&desired, &nothing());
    assert_eq!((counted.sum, counted.is_there), (Some(money("12.6")), false));
    let names: Vec<&str> = counted.alternatives.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(names, ["cax21", "cpx32"], "those with less memory are none");
    assert_eq!(counted.alternatives[0].price, Some(money("15")));
    let mut found = all(&desired);
    found.servers[0].kind = "gone".to_owned();
    let unknown = cost(&desired, &found);
    assert_eq!((unknown.sum, unknown.is_there), (None, true));
}

#[test]
fn keys_are_told_apart_by_what_they_are_and_not_by_their_comments() {
    assert_eq!(Key::body(FIRST), Key::body("ssh-ed25519  AAAAC3NzaC1lZDI1NTE5AAAAIAABAgME else"));
    assert_ne!(Key::body(FIRST), Key::body(OTHER));
}
