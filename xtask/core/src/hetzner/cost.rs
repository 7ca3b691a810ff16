//! What a server costs a month, what else could be had for which price, and what is left of the
//! budget. All of it with tax, at today's prices: what runs may still have an older one.

use super::desired::Desired;
use super::money::Money;
use super::observed::{Observed, Stock};
use serde::Serialize;

/// What it comes to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Cost {
    /// The type that runs, or would be bought.
    pub kind: Option<String>,
    /// Whether it runs already.
    pub is_there: bool,
    /// What is paid for.
    pub lines: Vec<Line>,
    /// All of them, if each is known.
    pub sum: Option<Money>,
    pub budget: Option<Money>,
    /// What could be had instead, the cheapest first.
    pub alternatives: Vec<Alternative>,
    /// What is not paid for, and could be added.
    pub extras: Vec<Line>,
}

/// Something with a price; none if Hetzner does not tell it in euros.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Line {
    pub what: String,
    pub price: Option<Money>,
}

/// A type that is in stock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Alternative {
    pub name: String,
    pub architecture: String,
    pub cores: u64,
    pub memory_gb: u64,
    pub disk_gb: u64,
    /// Of all that would be paid for then.
    pub price: Option<Money>,
    /// Whether `deploy.toml` names it.
    pub is_wanted: bool,
}

/// Counts together what runs, or what the first type costs that can be had.
pub fn cost(desired: &Desired, observed: &Observed) -> Cost {
    let server = observed.servers.iter().find(|it| desired.owns(&it.labels));
    let in_stock =
        |name: &&String| observed.offer(name).is_some_and(|it| it.stock == Stock::InStock);
    let kind = match server {
        Some(server) => Some(server.kind.clone()),
        None => desired.types.iter().find(in_stock).cloned(),
    };
    let backups = server.is_some_and(|it| it.has_backups) || desired.backups;
    let lines = kind.iter().flat_map(|kind| lines(observed, kind, backups)).collect::<Vec<_>>();
    let prices: Option<Vec<Money>> = lines.iter().map(|it| it.price).collect();
    Cost {
        is_there: server.is_some(),
        sum: prices.filter(|_| kind.is_some()).map(|all| all.into_iter().sum()),
        lines,
        budget: desired.budget,
        alternatives: alternatives(desired, observed, kind.as_deref(), backups),
        extras: extras(observed, kind.as_deref(), backups),
        kind,
    }
}

fn lines(observed: &Observed, kind: &str, backups: bool) -> Vec<Line> {
    let price = observed.offer(kind).and_then(|it| it.price);
    let mut lines = vec![
        Line { what: format!("server `{kind}`"), price },
        Line { what: "IPv4 address".to_owned(), price: observed.prices.ipv4 },
    ];
    if backups {
        lines.push(Line { what: "back-ups".to_owned(), price: share(observed, kind) });
    }
    lines
}

/// What back-ups of such a server cost.
fn share(observed: &Observed, kind: &str) -> Option<Money> {
    let price = observed.offer(kind)?.price?;
    observed.prices.backup_percent.map(|percent| price.percent(percent))
}

fn extras(observed: &Observed, kind: Option<&str>, backups: bool) -> Vec<Line> {
    let mut extras = Vec::new();
    if let Some(kind) = kind.filter(|_| !backups) {
        extras.push(Line { what: "back-ups".to_owned(), price: share(observed, kind) });
    }
    let price = observed.prices.snapshot_gb;
    extras.push(Line { what: "a gigabyte of a snapshot".to_owned(), price });
    extras
}

/// All that can be had and has as much memory as the least that `deploy.toml` names.
fn alternatives(
    desired: &Desired,
    observed: &Observed,
    kind: Option<&str>,
    backups: bool,
) -> Vec<Alternative> {
    let wanted = desired.types.iter().filter_map(|it| observed.offer(it));
    let least = wanted.map(|it| it.memory_gb).min().unwrap_or(0);
    let fits = observed.offers.iter().filter(|it| {
        it.stock == Stock::InStock && it.memory_gb >= least && Some(it.name.as_str()) != kind
    });
    let all = fits.map(|it| {
        let prices: Option<Vec<Money>> =
            lines(observed, &it.name, backups).iter().map(|it| it.price).collect();
        Alternative {
            name: it.name.clone(),
            architecture: it.architecture.clone(),
            cores: it.cores,
            memory_gb: it.memory_gb,
            disk_gb: it.disk_gb,
            price: prices.map(|all| all.into_iter().sum()),
            is_wanted: desired.types.contains(&it.name),
        }
    });
    let mut all: Vec<Alternative> = all.collect();
    all.sort_by(|one, other| {
        let key = |it: &Alternative| (it.price.is_none(), it.price, it.name.clone());
        key(one).cmp(&key(other))
    });
    all
}
